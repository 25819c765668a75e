#!/bin/sh
# SPDX-License-Identifier: MIT
# onednn_cpu: judged at shapes whose layouts are padded, with partial batches and after a training.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
run "$CNNBENCH_BUILD/worker-onednn_cpu" --probe --events 1
is 'probe: exit code' "$status" 0
case $out in
*unavailable*)
	has 'it says what would help' "$out" libdnnl-dev
	skip 'the training' 'built without oneDNN: package libdnnl-dev is missing'
	tap_done
	;;
esac
has 'hello names the library' "$out" '"libraries":"oneDNN '

tiny_dataset data 70 20
while read -r filters1 filters2 hidden fsize batch; do
	run "$CNNBENCH" verify --dataset data --platform onednn_cpu --threads 1 --filters1 "$filters1" \
		--filters2 "$filters2" --hidden "$hidden" --fsize "$fsize" --batch-size "$batch"
	is "$filters1/$filters2/$hidden/$fsize, batch $batch" "$status" 0
done <<END
8 16 128 3 32
3 5 17 5 7
16 32 256 3 100
END

for log in first again; do
	run "$CNNBENCH" run --dataset data --batch-size 32 --threads 1 --epochs 2 --runs 1 --min-time 0 \
		--platform c_cpu,onednn_cpu --log-dir "$log"
	is "$log: exit code" "$status" 0
	is "$log: verified" "$(awk -F, 'END { print $NF }' "$log/metrics_onednn_cpu.csv")" verified
done
losses()
{
	awk -F, 'NR > 1 { printf "%.4f ", $4 }' "$1"
}
is 'the losses of c_cpu' "$(losses first/metrics_onednn_cpu.csv)" "$(losses first/metrics_c_cpu.csv)"
is 'again the same losses' "$(losses again/metrics_onednn_cpu.csv)" \
	"$(losses first/metrics_onednn_cpu.csv)"

refused 'no threads' 2 threads "$CNNBENCH" verify --dataset data --platform onednn_cpu:threads=0
tap_done
