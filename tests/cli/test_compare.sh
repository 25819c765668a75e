#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench compare, on the journal of an invented run.

. "$(dirname "$0")/tap.sh"
data=$(cd "$(dirname "$0")/../data" && pwd)
unset NO_COLOR
cd "$TMPDIR" || exit 1
mkdir run 'other run' empty
cp "$data/journal.jsonl" run/
cp "$data/journal.jsonl" 'other run/'

# ---- The table, by every way to name a run

run "$CNNBENCH" compare run
is "compare: exit code" "$status" 0
is "nothing on standard error" "$err" ""
table=$out
has "the work is named" "$out" "mnist, images 60000 + 10000;"
has "the machine is named" "$out" "Example CPU 9000"
has "a reader is told what verified means" "$out" "10 steps from the initial weights agree with"
has "a reader is told of epoch 1" "$out" "epoch 1 checked: the mean losses of 2 platforms agree"
has "what is unavailable is told" "$out" "numba_cuda: unavailable: no CUDA driver"
for name in run/ run/journal.jsonl run/run.json; do
	run "$CNNBENCH" compare "$name"
	is "$name is the same run" "$out" "$table"
done
run sh -c 'cd run && "$CNNBENCH" compare run.json'
is "a file's name alone" "$out" "$table"
run env NO_COLOR=1 TERM=xterm "$CNNBENCH" compare run
is "NO_COLOR changes nothing" "$out" "$table"
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1; then
	run script -qec '"$CNNBENCH" compare run' /dev/null
	is "a terminal gets the same bytes" "$(printf %s "$out" | tr -d '\r')" "$table"
else
	skip "a terminal gets the same bytes" "no script(1) of util-linux"
fi

# ---- Files made anew

for name in run.json summary.csv metrics_c_cpu-isa-avx2.csv metrics_-c--cuda-.csv; do
	ok "$name is there" test -f "run/$name"
done
ok "summary.csv is as wanted" cmp run/summary.csv "$data/summary.csv"
touch -d '2020-01-01' run/journal.jsonl 2>/dev/null || touch -t 202001010000 run/journal.jsonl
echo mine >run/run.json
run "$CNNBENCH" compare run
is "a newer run.json is left alone" "$(cat run/run.json)" "mine"
touch -t 201901010000 run/run.json
run "$CNNBENCH" compare run
has "an older one is made anew" "$(head -n 3 run/run.json)" '"schema": "cnnbench-run-1"'

# ---- An interrupted run

mkdir cut
head -n 30 run/journal.jsonl >cut/journal.jsonl
printf '{"record":"event","proc' >>cut/journal.jsonl
run "$CNNBENCH" compare cut
is "a torn journal: exit code" "$status" 0
has "it says that the run was cut off" "$out" "cut off"
ok "its files are made" test -f cut/summary.csv

# ---- Options

run "$CNNBENCH" compare run --reference c_cpu:isa=avx2
has "--reference" "$out" "that of c_cpu:isa=avx2 in the same round"
run "$CNNBENCH" compare run --reference c_cpu
is "--reference of no platform: exit code" "$status" 2
has "--reference of no platform is named" "$err" "--reference c_cpu: run has no such platform"
run "$CNNBENCH" compare run --reference numba_cuda
is "--reference without a rank: exit code" "$status" 2
has "--reference without a rank: why" "$err" "unavailable"
first_of()
{
	"$CNNBENCH" compare run --sort "$1" | sed -n '7{s, .*,,;p;}'
}
is "--sort epoch" "$(first_of epoch)" '=c,"cuda"'
is "--sort memory" "$(first_of memory)" 'c_cpu:isa=avx2'
is "--sort accuracy" "$(first_of accuracy)" 'c_cpu:isa=avx2'
is "--sort total" "$(first_of total)" '=c,"cuda"'
is "--sort label" "$(first_of label)" '=c,"cuda"'
run "$CNNBENCH" compare --help
has "--sort: its keys are told" "$out" "(epoch, total, label, accuracy or memory; default epoch)"
run "$CNNBENCH" compare run --sort speed
is "--sort speed: exit code" "$status" 2

# ---- JSON

run "$CNNBENCH" compare run --json -
is "--json -: exit code" "$status" 0
has "--json -: schema" "$out" '"schema": "cnnbench-compare-1"'
has "--json -: reference" "$out" '"reference": "=c,\"cuda\""'
lacks "--json -: no table" "$out" "quartiles "
json=$out
run "$CNNBENCH" compare run --json table.json
is "--json FILE: the table is printed too" "$out" "$table"
is "--json FILE: the same" "$(cat table.json)" "$json"
run "$CNNBENCH" compare run --json nowhere/table.json
is "--json to nowhere: exit code" "$status" 2
has "--json to nowhere: why" "$err" "nowhere/table.json"
run "$CNNBENCH" compare run 'other run' --json -
is "two runs: two groups" "$(printf '%s\n' "$out" | grep -c '"work"')" 2
run "$CNNBENCH" compare run 'other run'
is "two runs: two tables" "$(printf '%s\n' "$out" | grep -c '^platform')" 2
has "two runs: each is named" "$out" "== other run"

verification()
{
	printf '%s\n' "$out" | sed -n '/"verification": {/,/}/p' | tr -d ' \n'
}
run "$CNNBENCH" compare run --json -
has "--json -: how far the worst tensor was off" "$(verification)" '"worst_of_allowed":0.04'
has "--json -: in how many runs" "$(verification)" '"runs":2'
has "--json -: without one where nothing ran" "$out" '"verification": null'
has "--json -: what was found of epoch 1" "$out" '"why": "the mean losses of 2 platforms agree'

# ---- What is not verified

mkdir blunt older
sed '/"record":"exit".*"process":2,/{s/"status":"verified"/"status":"not_sharp"/;s/"why":null/"why":"too small"/;}' \
	run/journal.jsonl >blunt/journal.jsonl
run "$CNNBENCH" compare blunt
is "not sharp: exit code" "$status" 0
has "not sharp: why" "$out" 'not ranked: =c,"cuda" (not_sharp): too small'
lacks "not sharp: no ratio" "$out" "ratio: epoch time over"
is "not sharp: behind the slower one" "$(printf '%s\n' "$out" | sed -n '7{s, .*,,;p;}')" c_cpu:isa=avx2
run "$CNNBENCH" compare blunt --reference '=c,"cuda"'
is "not sharp: no reference: exit code" "$status" 2
has "not sharp: no reference: its status" "$err" "(not_sharp: too small)"
run "$CNNBENCH" compare blunt --json -
has "not sharp: the other is the reference" "$out" '"reference": "c_cpu:isa=avx2"'

sed '/"record":"epoch_check"/d
	/"record":"exit"/{s/"status":"verified"/"status":"unjudged"/;s/,"certificate":.*/}/;}' \
	run/journal.jsonl >older/journal.jsonl
run "$CNNBENCH" compare older
is "an older run: exit code" "$status" 0
has "an older run: it is not ranked" "$out" "not ranked: c_cpu:isa=avx2 (unjudged): nothing has checked"
lacks "an older run: no ratio" "$out" "ratio: epoch time over"
lacks "an older run: nothing is called verified" "$out" "verified"
lacks "an older run: no word of epoch 1" "$out" "cross-checked"
run "$CNNBENCH" compare older --json -
lacks "an older run: no proof" "$out" "worst_of_allowed"
has "an older run: nothing was found of epoch 1" "$out" '"epoch_check": null'

# ---- What cannot be compared

run "$CNNBENCH" compare
is "no folder: exit code" "$status" 2
has "no folder: what to do" "$err" "results/latest"
refused()
{
	run "$CNNBENCH" compare "$1"
	is "$1: exit code" "$status" 5
	has "$1: why" "$err" "$2"
	is "$1: one line" "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1
	is "$1: no table" "$out" ""
}
refused nowhere "no such folder"
refused nowhere/run.json "no results here"
refused empty "no results here"
is "an empty folder stays empty" "$(ls empty)" ""
mkdir damaged other
sed '3s/^{/x/' run/journal.jsonl >damaged/journal.jsonl
refused damaged "line 3 is damaged"
is "a damaged one gets no files" "$(ls damaged)" "journal.jsonl"
echo '{"record":"run","schema":"cnnbench-journal-9"}' >other/journal.jsonl
refused other "another version"
run "$CNNBENCH" compare empty run
is "one of two is refused: exit code" "$status" 5
has "one of two is refused: the other is shown" "$out" "quartiles"

tap_done
