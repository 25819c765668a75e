#!/bin/sh
# SPDX-License-Identifier: MIT
# Signals: what was measured is kept, the exit code is 128 + n, no process is left.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset data 40 20
hostile_workers workers slow stubborn
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH

epochs_told()
{
	[ -f "$1/journal.jsonl" ] && [ "$(grep -c '"span":"eval"' "$1/journal.jsonl")" -ge 3 ]
}

train_begun()
{
	[ -f "$1/journal.jsonl" ] && grep -q '"span":"train"' "$1/journal.jsonl"
}

# Every process of these workers holds a lock on the file `alive` while it lives.
nothing_left()
{
	if command -v flock >/dev/null; then
		ok "$1: no process is left" until_true 20 flock -n -x "out-$1/alive" true
	else
		skip "$1: no process is left" 'no flock(1) here'
	fi
}

# watched NAME: the results folder out-NAME, with such a file in it.
watched()
{
	mkdir "out-$1"
	: >"out-$1/alive"
}

while read -r signal code; do
	watched "$signal"
	"$CNNBENCH" run --dataset data --batch-size 16 --epochs 1000 --platform slow \
		--log-dir "out-$signal" >out 2>err </dev/null &
	id=$!
	ok "$signal: epochs are being told" until_true 60 epochs_told "out-$signal"
	kill -s "$signal" $id
	wait $id
	is "$signal: exit code" $? "$code"
	has "$signal: said" "$(cat err)" "SIG$signal"
	has "$signal: a table all the same" "$(cat out)" interrupted
	has "$signal: the journal ends" "$(tail -n 1 "out-$signal/journal.jsonl")" '"record":"end"'
	ok "$signal: the CSV holds epochs" test "$(wc -l <"out-$signal/metrics_slow.csv")" -ge 2
	run "$CNNBENCH" compare "out-$signal"
	has "$signal: compare tells of it" "$out" interrupted
	nothing_left "$signal"
done <<END
INT 130
TERM 143
HUP 129
END

# A worker and its child that ignore SIGTERM are ended as well.
watched stubborn
"$CNNBENCH" run --dataset data --batch-size 16 --epochs 4 --platform stubborn --runs 1 --timeout 600 \
	--log-dir out-stubborn >out 2>err </dev/null &
id=$!
ok 'stubborn: it runs' until_true 60 train_begun out-stubborn
kill -s INT $id
wait $id
is 'stubborn: exit code' $? 130
nothing_left stubborn

# Killed hard: the journal is usable, and the worker ends by itself.
watched KILL
"$CNNBENCH" run --dataset data --batch-size 16 --epochs 1000 --platform slow --log-dir out-KILL \
	>out 2>err </dev/null &
id=$!
ok 'KILL: epochs are being told' until_true 60 epochs_told out-KILL
kill -s KILL $id
wait $id 2>/dev/null
nothing_left KILL
run "$CNNBENCH" compare out-KILL
has 'KILL: compare makes a table' "$out" slow
tap_done
