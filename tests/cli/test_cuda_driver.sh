#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench.cuda asks a libcuda.so.1 that says what the test wants.
. "$(dirname "$0")/tap.sh"
python_path=$(cd "$(dirname "$0")/../../src/worker" && pwd)
fake=$CNNBENCH_BUILD/tests/libcuda.so.1
[ -e "$fake" ] || skip_all 'macOS has no NVIDIA driver'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
	skip_all 'there is no python3 package of version 3.10 or later'

# asked CODE VARIABLE...: what the Python code prints with this library in this environment.
asked()
{
	asked_code=$1
	shift
	run env "$@" PYTHONPATH="$python_path" LD_LIBRARY_PATH="$CNNBENCH_BUILD/tests" python3 -B -c "
from cnnbench import cuda
from cnnbench.platform import Unavailable
try:
	print($asked_code)
except Unavailable as missing:
	print('unavailable:', missing, '|', missing.help)
"
}

asked 'cuda.find_driver()'
is 'all there: exit code' "$status" 0
has 'all there: the version' "$out" 'cuda=(13, 0)'
has 'all there: the first device' "$out" \
	"Gpu(name='Fake GPU 0', capability=(9, 0), memory=21474836480)"
has 'all there: the second' "$out" "name='Fake GPU 1', capability=(9, 1)"
asked 'cuda.find_driver()' FAKE_CUDA_VERSION=12040
has 'a version with a minor number' "$out" 'cuda=(12, 4)'

while IFS='|' read -r code variable wanted advice; do
	asked "$code" "${variable:-NOTHING=}"
	has "$code $variable" "$out" "unavailable: $wanted"
	has "$code $variable: what would help" "$out" "$advice"
done <<'END'
cuda.find_driver()|FAKE_CUDA_DEVICES=0|no CUDA device: the driver sees none|CUDA_VISIBLE_DEVICES
cuda.find_driver()|FAKE_CUDA_INIT=100|no CUDA device: the driver sees none|nvidia-smi
cuda.find_driver()|FAKE_CUDA_INIT=803|CUDA driver: cuInit fails: system has unsupported display driver / cuda driver combination (803)|nvidia-smi
cuda.find_driver()|FAKE_CUDA_INIT=999|CUDA driver: cuInit fails: unknown error (999)|nvidia-smi
cuda.require_driver(13, 0)|FAKE_CUDA_VERSION=12080|NVIDIA's driver is too old: it runs CUDA 12.8, the package is built for 13.0|NVIDIA's driver 580 or newer, or packages for CUDA 12
cuda.require_driver(99)|FAKE_CUDA_INIT=0|NVIDIA's driver is too old: it runs CUDA 13.0, the package is built for 99.0|a newer driver
cuda.require_driver(13)|FAKE_CUDA_INIT=100|no CUDA device|nvidia-smi
END

asked 'cuda.require_driver(12, 6).cuda'
is 'a driver that is newer than wanted' "$out" '(13, 0)'
asked 'cuda.require_driver(12, 6).cuda' FAKE_CUDA_VERSION=12020
is 'an older minor number is no hindrance' "$out" '(12, 2)'
asked 'setattr(cuda, "LIBRARY", "libcuda_missing.so.1") or cuda.find_driver()'
is 'no driver' "$out" \
	"unavailable: no CUDA driver: libcuda_missing.so.1 not found | install NVIDIA's driver"
tap_done
