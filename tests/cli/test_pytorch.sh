#!/bin/sh
# SPDX-License-Identifier: MIT
# PyTorch's platforms: their parts, their forms judged, what they refuse, and peers that are wrong.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TMPDIR" || exit 1
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
	skip_all 'there is no Python 3.10 or later, nor its packages'

# unittests NAME PYTHON: of tests/peers/NAME.py.
unittests()
{
	run "$2" -I -B "$root/tests/peers/$1.py" "$root"
	[ "$status" -eq 0 ] || printf '%s\n' "$err" | sed 's/^/# /'
	is "$1: all hold" "$status $(printf '%s\n' "$err" | tail -n 1)" '0 OK'
}
unittests pytorch_alone python3

run "$CNNBENCH" list
has 'list: no GPU, or what it is' "$out" 'pytorch_cuda  '
probe=$("$CNNBENCH_BUILD/worker-pytorch_cpu" --probe --events 1)
case $probe in
*unavailable*)
	skip 'the training' "Python package torch is missing: $probe"
	tap_done
	;;
esac
ok 'a probe fits into a line' test "${#probe}" -lt 4096

# As launch.sh chooses.
for python in "${CNNBENCH_PYTHON:-}" "$root/.venv/bin/python" python3; do
	"$python" -I -c 'from importlib.util import find_spec; assert find_spec("torch")' 2>/dev/null && break
done
unittests pytorch_training "$python"

# Without a C++ compiler, as compiling takes long; with it further below.
mkdir -p bin faults
chmod go-w faults
for program in sh dirname basename readlink python3; do
	ln -s "$(command -v $program)" "bin/$program"
done

# cnnbench ARGUMENTS...: where no compiler is found.
cnnbench()
{
	run env PATH="$TMPDIR/bin" "$CNNBENCH" "$@"
}

tiny_dataset data 40 20
small='--dataset data --batch-size 16 --filters1 2 --filters2 3 --hidden 5 --threads 1'
once='--epochs 1 --runs 1 --min-time 0'
glibc=no
case $(getconf GNU_LIBC_VERSION 2>/dev/null) in glibc*) glibc=yes ;; esac

# ---- Forms ----

# shellcheck disable=SC2086 # words
if [ $glibc = yes ]; then
	cnnbench run $small $once --platform c_cpu,pytorch_cpu:dataloader,pytorch_cpu:best --log-dir forms
	is 'forms: exit code' "$status" 0
	for label in pytorch_cpu-best pytorch_cpu-dataloader; do
		is "forms: $label is verified" "$(awk -F, 'END { print $NF }' "forms/metrics_$label.csv")" verified
		is "forms: $label has the losses of c_cpu" \
			"$(awk -F, 'NR > 1 { printf "%.4f ", $4 }' "forms/metrics_$label.csv")" \
			"$(awk -F, 'NR > 1 { printf "%.4f ", $4 }' forms/metrics_c_cpu.csv)"
	done
	has 'forms: the data loader stands apart' "$out" 'float32, streaming'
	tuning=$(grep '"span": *"tune"' forms/journal.jsonl | grep '"trials"')
	has 'best: its choice is recorded' "$tuning" '"chosen"'
	has 'best: so are the trials, glibc as it is' "$tuning" '"channels_last+pool_first":'
	has 'best: and those with what freed memory is kept' "$tuning" '"malloc=tuned":'
	lacks 'best: nothing was compiled without a compiler' "$tuning" compile
	chosen=$(echo "$tuning" | sed -n 's/.*"chosen": *"\([^"]*\)".*/\1/p')
	job=$(sed -n 's/.*"--job","\([^"]*\)".*/\1/p' forms/journal.jsonl | head -n 1)
	"$CNNBENCH_BUILD/worker-pytorch_cpu" --events 1 --job "$job" --out . --option best=true \
		--chosen "$chosen" >trained 2>trained.err
	is 'best: what was chosen is trained without trials: exit code' "$?" 0
	lacks 'best: what was chosen is trained without trials' "$(cat trained)" '"span": "tune"'
	has 'best: to its end' "$(cat trained)" '"event": "done"'
else
	skip 'forms' 'malloc=tuned and what best tries need glibc'
fi

# ---- Refused ----

# shellcheck disable=SC2086 # words
while IFS='|' read -r form code part; do
	cnnbench verify $small --platform "pytorch_cpu:$form"
	is "$form: exit code" "$status" "$code"
	has "$form: says why" "$err" "$part"
done <<END
graph|2|pytorch_cpu:graph: unknown option
best+compile|3|best and compile exclude each other
best+malloc=tuned|3|best and malloc exclude each other
compile+dataloader|3|dataloader and compile exclude each other
compile|3|torch.compile needs a C++ compiler
END

# bfloat16 is verified nowhere, and does not claim to be float32; elsewhere it is not there.
# shellcheck disable=SC2086 # words
{
	cnnbench run $small $once --platform pytorch_cpu:bf16 --log-dir bf16
	case $out$err in
	*'no bfloat16'*) is 'bf16: unavailable' "$status" 3 ;;
	*) has 'bf16: stands apart' "$out" bfloat16 ;;
	esac
}

# ---- Faults of the original's ----

ln -s "$root/tests/workers/pytorch_faults/launch" faults/worker-faulty
CNNBENCH_PATH=$TMPDIR/faults
export CNNBENCH_PATH
# shellcheck disable=SC2086 # words
while IFS='|' read -r fault off; do
	cnnbench verify $small --platform "faulty:fault=$fault"
	is "$fault: exit code" "$status" 4
	has "$fault: refused" "$out" 'not_verified'
	has "$fault: what is off" "$out" "$off"
done <<END
frozen|conv1.weight
summed|8 of 8 tensors
dampened|8 of 8 tensors
END

# ---- Compiled ----

if [ -n "$(command -v g++)" ]; then
	# One size of batch, so one compilation of each direction.
	tiny_dataset few 16 10
	# shellcheck disable=SC2086 # words
	mkdir -p temporary
	run env TMPDIR="$TMPDIR/temporary" "$CNNBENCH" verify --dataset few ${small#* * } --platform pytorch_cpu:compile+pool_first
	is 'compile: exit code' "$status" 0
	has 'compile: verified' "$out" 'pytorch_cpu:compile+pool_first: verified'
	is 'compile: no cache is left' "$(ls temporary)" ''
else
	skip 'compile' 'there is no C++ compiler (package g++)'
fi
tap_done
