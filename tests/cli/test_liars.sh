#!/bin/sh
# SPDX-License-Identifier: MIT
# Workers that train but lie (tests/workers/liar.c): each is refused, with the right status and words.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset data 40 20
mkdir -p workers
chmod go-w workers
for worker in $("$CNNBENCH_BUILD/tests/workers/liar"); do
	ln -s "$CNNBENCH_BUILD/tests/workers/liar" "workers/$worker"
done
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH

# train EPOCHS PLATFORMS FOLDER OPTION...
train()
{
	train_epochs=$1 train_platforms=$2 train_folder=$3
	shift 3
	run "$CNNBENCH" run --dataset data --batch-size 16 --filters1 4 --filters2 6 --hidden 16 --lr 0.02 \
		--runs 1 --min-time 0 --epochs "$train_epochs" --platform "$train_platforms" \
		--log-dir "$train_folder" "$@"
}

# Nothing below is refused for what this worker is but for the lie.
train 4 truthful truthful
is 'the truth: exit code' "$status" 0
has 'the truth: verified' "$err" verified

# Leaves former.npy behind, for the lies that hand over another run's weights: of one epoch.
train 1 keeper former
is 'a former run: exit code' "$status" 0
ok 'a former run: left its weights' test -s former.npy

while IFS='|' read -r lie code state part; do
	train 4 "$lie" "$lie"
	is "$lie: exit code" "$status" "$code"
	has "$lie: said" "$err" "$lie: $state: "
	has "$lie: why" "$err" "$part"
	has "$lie: in the table" "$out" "$state"
done <<END
half_told|3|failed|the runner's and the worker's durations of an epoch
starts_early|3|failed|passed outside of spans
idles_between|3|failed|passed outside of spans
flatters|4|not_verified|of 20 test images correct, the reference with its final weights
nan_final|4|not_verified|is not finite, though every loss was
former_verify|4|not_verified|8 of 8 tensors are off
nan_verify|4|not_verified|is not finite after the verification
untrained|4|not_verified|8 of 8 tensors are off
twice|4|not_verified|8 of 8 tensors are off
no_verify|3|protocol_error|"verify" is missing
short_final|3|protocol_error|"read.npy" holds float32
short_verify|3|protocol_error|"verify.npy" holds float32
long_final|3|protocol_error|"read.npy": its size is not what its header promises
long_verify|3|protocol_error|"verify.npy": its size is not what its header promises
missing_final|3|protocol_error|there is no file "read.npy"
missing_verify|3|protocol_error|there is no file "verify.npy"
symlink_final|3|protocol_error|there is no file "read.npy"
symlink_verify|3|protocol_error|there is no file "verify.npy"
fifo_final|3|protocol_error|there is no file "read.npy"
fifo_verify|3|protocol_error|there is no file "verify.npy"
END

# Changed when the runner has looked at it, or, on a busy machine, before: it is not judged, and a pipe
# without a writer holds nobody up.
for lie in late_fifo_final late_fifo_verify late_missing_verify late_short_verify; do
	train 4 "$lie" "$lie"
	is "$lie: exit code" "$status" 3
	lacks "$lie: not verified" "$out" verified
done

# It has learnt the images by then; the weights of one epoch have not.
train 30 former_final former_final
is 'former_final: exit code' "$status" 4
has 'former_final: why' "$err" 'test images correct, the reference with its final weights'
# Its verification is right, so is its accuracy; the loss of what was timed is another.
train 4 ninety_percent,truthful ninety
is 'ninety_percent: exit code' "$status" 4
has 'ninety_percent: why' "$err$out" 'what was timed is not this training'
has 'ninety_percent: in the table' "$out" not_verified
has 'ninety_percent: the other one is not blamed' "$(tail -n +2 ninety/metrics_truthful.csv)" ,verified
run "$CNNBENCH" compare --json - ninety
has 'ninety_percent: it is not ranked' "$(printf '%s' "$out" | tr -d ' \n' |
	sed 's/.*"platform":"ninety_percent"//')" '"ratio":{"value":null'
train 4 ninety_percent alone --check-epoch
is 'ninety_percent alone: exit code' "$status" 4
has 'ninety_percent alone: why' "$err$out" 'what was timed is not this training'
tap_done
