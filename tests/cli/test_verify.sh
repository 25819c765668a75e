#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench verify: a table per tensor, a worker of one's own, what a fault looks like, jobs that are odd.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset data 70 30
small='--dataset data --batch-size 16 --filters1 2 --filters2 3 --hidden 8 --threads 1'

# verify WORDS...: on the small job.
# shellcheck disable=SC2086 # words
verify()
{
	run "$CNNBENCH" verify $small "$@"
}

verify --platform c_cpu
is 'verified: exit code' "$status" 0
has 'verified: said' "$out" 'c_cpu: verified'
has 'verified: a row a tensor' "$out" '  conv1.weight  '
has 'verified: the verdict' "$out" ' holds'
lacks 'verified: nothing is off' "$out" OFF
is 'no results are left' "$(ls -d results "$TMPDIR"/cnnbench.* 2>/dev/null)" ''

verify --platform c_cpu --quiet --json -
is '--json: exit code' "$status" 0
has '--json: schema' "$out" '"schema": "cnnbench-verify-1"'
has '--json: status' "$out" '"status": "verified"'
has '--json: certificate' "$out" '"measured": '
is '--json --quiet: nothing else' "$err" ''

verify --log-dir kept
is 'all that is ready: exit code' "$status" 0
lacks 'the hidden one is not ready' "$out" selftest
ok '--log-dir: journal' test -s kept/journal.jsonl
ok '--log-dir: weights' test -s kept/out-1/verify.npy

# A worker of one's own.
mkdir -p own
ln -s "$CNNBENCH_BUILD/worker-selftest" own/worker-selftest
cp "$CNNBENCH_BUILD/worker-c_cpu" own/worker-c_cpu
verify own/worker-c_cpu
is 'own worker: exit code' "$status" 0
has 'own worker: verified' "$out" 'c_cpu: verified'
cd own && verify --dataset ../data ./worker-c_cpu:isa=generic && cd .. || exit 1
is 'own worker with options: exit code' "$status" 0
has 'own worker with options' "$out" 'c_cpu:isa=generic: verified'
cp own/worker-c_cpu own/c_cpu
: >own/worker-plain
while IFS='|' read -r words part; do
	# shellcheck disable=SC2086 # words
	refused "verify $words" 2 "$part" "$CNNBENCH" verify $small $words
done <<END
own/worker-none|No such file
own/c_cpu|worker-<name>
own/worker-plain|chmod +x
own|folder
own/worker-c_cpu own/worker-c_cpu|one worker at a time
own/worker-c_cpu --platform c_cpu|either
--self-test|leave out --dataset
--epochs 3|--epochs
--lr 1e9|--lr
--momentum 1.5|--momentum
--platform selftset|'cnnbench list' shows all
--platform c_cpu:fault=tf32|fault
END
refused '--self-test and a worker' 2 'leave out' "$CNNBENCH" verify --self-test own/worker-c_cpu

# Faults: what they look like, and the evidence of simpler jobs.
while IFS='|' read -r fault part; do
	verify --platform "selftest:fault=$fault"
	is "$fault: exit code" "$status" 4
	has "$fault: status" "$out" 'not_verified'
	has "$fault: the tensors" "$out" OFF
	has "$fault: diagnosis" "$(printf '%s\n' "$out" | tr -s ' \n' ' ')" "$part"
done <<END
nesterov|it passes without momentum
summed_gradients|, which fits: the gradient is the sum over the batch
learning_rate_off|all tensors move 1.001 times as far as they should: look at the learning rate
dropped_partial_batch| - it passes with batches of one sample: look at the mean over the batch, and at the last, partial batch - 
frozen_bias|conv2.bias still has the initial values
weight_decay|weight decay
END
verify --platform selftest:fault=frozen_bias
lacks 'a cause that is named: nothing general' "$out" 'it fails without'
verify --platform 'c_cpu,selftest:fault=nesterov' --json both.json
is 'one of two: exit code' "$status" 4
has 'one of two: the other is verified' "$out" 'c_cpu: verified'
has 'one of two: JSON' "$(cat both.json)" 'it passes without momentum'

# Where the job is as simple as an attempt, there is none of that kind.
for words in '--momentum 0' '--batch-size 1' '--momentum 0 --batch-size 1'; do
	# shellcheck disable=SC2086 # words
	verify --platform selftest:fault=frozen_bias $words
	is "attempts, $words: exit code" "$status" 4
	has "attempts, $words: diagnosis" "$out" 'conv2.bias still has the initial values'
	is "attempts, $words: nothing is left" "$(ls -d "$TMPDIR"/cnnbench.* 2>/dev/null)" ''
done

# A signal while attempts are made: the second time it is run, this worker sends it.
fake_worker sending selftest <<END
#!/bin/sh
case \$* in
*--job*)
	[ ! -e "$TMPDIR/once" ] || kill -s INT \$PPID
	: >"$TMPDIR/once"
	;;
esac
exec "$CNNBENCH_BUILD/worker-selftest" "\$@"
END
verify sending/worker-selftest:fault=frozen_bias
is 'interrupted attempts: exit code' "$status" 130
has 'interrupted attempts: the table' "$out" OFF
is 'interrupted attempts: nothing is left' "$(ls -d "$TMPDIR"/cnnbench.* 2>/dev/null)" ''

# Workers that fail.
hostile_workers workers status lost unavailable
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH
verify --platform status,lost,c_cpu
is 'failures: exit code' "$status" 3
has 'failures: status' "$out" 'status: failed: exit status 3'
has 'failures: protocol' "$out" 'lost: protocol_error: '
has 'failures: the other is verified' "$out" 'c_cpu: verified'
verify --platform unavailable
is 'unavailable, named: exit code' "$status" 3
has 'unavailable: said' "$out" 'unavailable: unavailable'
unset CNNBENCH_PATH

# Odd jobs, each with a sensible end.
tiny_dataset one 1 1
tiny_dataset black 40 20
for half in train t10k; do
	size=$(wc -c <black/$half-images-idx3-ubyte)
	head -c 16 black/$half-images-idx3-ubyte >x
	head -c $((size - 16)) /dev/zero >>x
	mv x black/$half-images-idx3-ubyte
done
tiny_dataset class 40 20
for half in train:40 t10k:20; do
	labels=class/${half%:*}-labels-idx1-ubyte
	head -c 8 "$labels" >x
	head -c "${half#*:}" /dev/zero >>x
	mv x "$labels"
done
while IFS='|' read -r words code part; do
	# shellcheck disable=SC2086 # words
	verify --platform c_cpu $words
	is "c_cpu $words: exit code" "$status" "$code"
	has "c_cpu $words: said" "$(printf '%s\n' "$out" | tr -s ' \n' ' ')" "$part"
done <<END
--lr 0|4|c_cpu: not_sharp: this job does not change
--lr 1e-9|4|c_cpu: not_sharp: this job changes
--lr 1000|3|c_cpu: diverged: so does the reference
--momentum 1|0|c_cpu: verified
--momentum 0|0|c_cpu: verified
--batch-size 1000|0|c_cpu: verified
--batch-size 1|0|c_cpu: verified
--dataset one|0|c_cpu: verified
--dataset one|0|two times 1 sample in 1 step each;
--dataset class|0|c_cpu: verified
--dataset black|0|c_cpu: verified
END
tap_done
