#!/bin/sh
# SPDX-License-Identifier: MIT
# numba_cpu: its forms judged, and a copy of it that is wrong.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TMPDIR" || exit 1

probe=$("$CNNBENCH_BUILD/worker-numba_cpu" --probe --events 1)
case $probe in
*unavailable*) skip_all "a Python package is missing, or Python is too old: $probe" ;;
esac
has 'probe: what its figures depend on' "$probe" 'numba '
has 'probe: scipy brings the BLAS' "$probe" 'scipy '
has 'probe: the form worth measuring' "$probe" '"variants": ["simd"]'
has 'probe: how it keeps its images' "$probe" '"data": "uint8, resident"'

# ---- Every form, filters that fill no vector, and a last batch of 4 ----

tiny_dataset data 90 40
odd='--dataset data --batch-size 43 --filters1 3 --filters2 5 --hidden 17 --fsize 5 --threads 1'
# shellcheck disable=SC2086 # words
run "$CNNBENCH" run $odd --epochs 2 --runs 1 --min-time 0 --log-dir forms \
	--platform c_cpu,numba_cpu,numba_cpu:simd,numba_cpu:fastmath
is 'forms: exit code' "$status" 0
for label in numba_cpu numba_cpu-simd numba_cpu-fastmath; do
	is "forms: $label is verified" "$(awk -F, 'END { print $NF }' "forms/metrics_$label.csv")" verified
	is "forms: $label has the losses of c_cpu" \
		"$(awk -F, 'NR > 1 { printf "%.4f ", $4 }' "forms/metrics_$label.csv")" \
		"$(awk -F, 'NR > 1 { printf "%.4f ", $4 }' forms/metrics_c_cpu.csv)"
done
has 'forms: fastmath stands apart' "$out" 'fastmath'
has 'forms: fastmath is not ranked' "$out" 'numba_cpu:fastmath (verified)'

# ---- More workers than blocks of a batch, and than filters ----

few='--dataset data --batch-size 40 --filters1 1 --filters2 2 --hidden 2 --fsize 2 --threads 3'
# shellcheck disable=SC2086 # words
run "$CNNBENCH" verify $few --platform numba_cpu:simd
is 'three threads: exit code' "$status" 0
has 'three threads: verified' "$out" 'numba_cpu:simd: verified'

# ---- Faults of the original's ----

mkdir -p faults
chmod go-w faults
ln -s "$root/tests/workers/numba_faults/launch" faults/worker-faulty_numba
CNNBENCH_PATH=$TMPDIR/faults
export CNNBENCH_PATH
while IFS='|' read -r fault off; do
	# shellcheck disable=SC2086 # words
	run "$CNNBENCH" run $odd --epochs 1 --runs 1 --min-time 0 --platform "faulty_numba:fault=$fault" --log-dir "$fault"
	is "$fault: exit code" "$status" 4
	has "$fault: refused" "$out" 'not_verified'
	has "$fault: what is off" "$(echo "$out" | tr '\n' ' ' | tr -s ' ')" "$off"
done <<END
frozen|most conv1.
summed|8 of 8 tensors
dampened|8 of 8 tensors
END
tap_done
