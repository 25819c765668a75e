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

while read -r signal code; do
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
	worker=$(sed -n 's/.*"argv":\[\(.*\)\].*/\1/p' "out-$signal/journal.jsonl" | head -n 1)
	ok "$signal: the worker was started" test -n "$worker"
done <<END
INT 130
TERM 143
HUP 129
END

# A worker and its child that ignore SIGTERM are ended as well: both hold a lock on this file.
mkdir out-held
: >out-held/alive
"$CNNBENCH" run --dataset data --batch-size 16 --epochs 4 --platform stubborn --runs 1 --timeout 600 \
	--log-dir out-held >out 2>err </dev/null &
id=$!
ok 'stubborn: it runs' until_true 60 train_begun out-held
kill -s INT $id
wait $id
is 'stubborn: exit code' $? 130
if command -v flock >/dev/null; then
	ok 'stubborn: no process is left' until_true 20 flock -n -x out-held/alive true
else
	skip 'stubborn: no process is left' 'no flock(1) here'
fi

# Killed hard: the journal is usable, and the worker ends by itself.
"$CNNBENCH" run --dataset data --batch-size 16 --epochs 1000 --platform slow --log-dir out-KILL \
	>out 2>err </dev/null &
id=$!
mkdir -p out-KILL
ok 'KILL: epochs are being told' until_true 60 epochs_told out-KILL
kill -s KILL $id
wait $id 2>/dev/null
run "$CNNBENCH" compare out-KILL
has 'KILL: compare makes a table' "$out" slow
tap_done
