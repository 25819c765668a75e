#!/bin/sh
# SPDX-License-Identifier: MIT
# tensorflow_cpu: both of its forms judged, at shapes that show a layout that is mixed up.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
run "$CNNBENCH_BUILD/worker-tensorflow_cpu" --probe --events 1
is 'probe: exit code' "$status" 0
case $out in
*unavailable*)
	skip 'the training' "Python package tensorflow is missing: $out"
	tap_done
	;;
esac

tiny_dataset data 40 20
small='--dataset data --batch-size 7 --filters1 3 --filters2 5 --hidden 17 --fsize 5 --threads 1'
# shellcheck disable=SC2086 # words
{
	run "$CNNBENCH" run $small --epochs 2 --runs 1 --min-time 0 --log-dir both \
		--platform c_cpu,tensorflow_cpu,tensorflow_cpu:pool_first
	is 'exit code' "$status" 0
	for label in tensorflow_cpu tensorflow_cpu-pool_first; do
		is "$label is verified" "$(awk -F, 'END { print $NF }' "both/metrics_$label.csv")" verified
		is "$label has the losses of c_cpu" \
			"$(awk -F, 'NR > 1 { printf "%.4f ", $4 }' "both/metrics_$label.csv")" \
			"$(awk -F, 'NR > 1 { printf "%.4f ", $4 }' both/metrics_c_cpu.csv)"
	done
	run "$CNNBENCH" verify $small --platform tensorflow_cpu:compile
	is 'an option that it has not: exit code' "$status" 2
}
tap_done
