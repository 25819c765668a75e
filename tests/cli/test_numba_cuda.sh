#!/bin/sh
# SPDX-License-Identifier: MIT
# Numba on a CUDA device: its kernels in Numba's simulator, and what it says where there is no device.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
worker=$CNNBENCH_BUILD/worker-numba_cuda

run env NUMBA_ENABLE_CUDASIM=1 "$worker" --probe --events 1
case $out in
*'"simulated": true'*) ;;
*)
	has 'it says what is missing' "$out" '"event": "unavailable"'
	skip 'the kernels' 'the Python package numba is missing, or Python is too old'
	tap_done
	;;
esac
has 'simulator: it is a GPU' "$out" '"device_kind": "gpu"'
has 'simulator: the name says so' "$out" "\"device\": \"Numba's simulator"

# ---- The driver ----

if [ -e "$CNNBENCH_BUILD/tests/libcuda.so.1" ]; then
	LD_LIBRARY_PATH=$CNNBENCH_BUILD/tests
	export LD_LIBRARY_PATH
	run "$worker" --probe --events 1
	has 'a device: its name' "$out" '"device": "Fake GPU 0"'
	has 'a device: not simulated' "$out" '"simulated": false'
	has 'a device: which of the two CUDA targets' "$out" 'umba'
	run env FAKE_CUDA_DEVICES=0 "$worker" --probe --events 1
	has 'no device' "$out" '"event": "unavailable", "reason": "no CUDA device'
	run env FAKE_CUDA_INIT=999 "$worker" --probe --events 1
	has 'a broken driver' "$out" '"reason": "CUDA driver: cuInit fails: unknown error (999)"'
	unset LD_LIBRARY_PATH
fi

# ---- The kernels: a whole batch and a partial one ----

tiny_dataset data 3 1
NUMBA_ENABLE_CUDASIM=1
export NUMBA_ENABLE_CUDASIM
small='--dataset data --batch-size 2 --filters1 3 --filters2 5 --hidden 17 --fsize 2'
# shellcheck disable=SC2086 # words
run "$CNNBENCH" run $small --platform numba_cuda,c_cpu --epochs 1 --runs 1 --min-time 0 --threads 1 \
	--quiet --log-dir log
is 'trained: exit code' "$status" 0
is 'trained: verified' "$(awk -F, 'NR > 1 { print $NF }' log/metrics_numba_cuda.csv)" verified
has 'trained: the same losses as c_cpu' "$out" 'mean losses of 2 platforms agree'
has 'trained: it stands apart' "$out" '-- apart: simulated device'
has 'trained: it is not ranked' "$out" 'numba_cuda (verified): its device is simulated'
tap_done
