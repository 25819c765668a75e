#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench compare, on the journal of an invented run.

. "$(dirname "$0")/tap.sh"
data=$(cd "$(dirname "$0")/../data" && pwd)
unset NO_COLOR
cd "$TMPDIR" || exit 1
mkdir run 'other run' unlike empty
cp "$data/journal.jsonl" run/
sed '1s/"shuffle":7/"shuffle":8/;1s/Example CPU 9000/Another CPU 300/' run/journal.jsonl >'other run/journal.jsonl'
sed '1s/"shuffle":7/"shuffle":9/;1s/"batch":512/"batch":64/' run/journal.jsonl >unlike/journal.jsonl
# The files first, of an old journal: where there is no gnuplot, making them says so.
touch -t 202001010000 run/journal.jsonl
"$CNNBENCH" compare run >/dev/null 2>&1

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
for name in summary.csv metrics_c_cpu-isa-avx2.csv; do
	rm "run/$name"
	"$CNNBENCH" compare run >/dev/null 2>&1
	ok "a missing $name is made anew" test -f "run/$name"
done

# ---- An interrupted run

mkdir cut
head -n 30 run/journal.jsonl >cut/journal.jsonl
printf '{"record":"event","proc' >>cut/journal.jsonl
run "$CNNBENCH" compare cut
is "a torn journal: exit code" "$status" 0
has "it says that the run was cut off" "$out" "cut off"
mkdir going
head -n 5 run/journal.jsonl >going/journal.jsonl
run "$CNNBENCH" compare going
has "a run that may be going on: its platform" "$out" "it has not ended yet, or the run was cut off"
has "a run that may be going on: the next one" "$out" "its turn has not come, or the run was cut off"
ok "its files are made" test -f cut/summary.csv

# ---- Options

run "$CNNBENCH" compare run --reference c_cpu:isa=avx2
has "--reference" "$out" "that of c_cpu:isa=avx2 (verified) in the"
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

# ---- Several runs

run "$CNNBENCH" compare run 'other run'
is "alike work: one table" "$(printf '%s\n' "$out" | grep -c '^platform')" 1
has "alike work: the machines are named" "$out" "@B other run: Another CPU 300, 8 cores"
has "alike work: rows have their run's letter" "$out" 'c_cpu:isa=avx2@B'
has "alike work: ratios across runs are not paired" "$out" "not paired"
run "$CNNBENCH" compare run 'other run' --reference c_cpu:isa=avx2@B
has "--reference of the second run" "$out" "that of c_cpu:isa=avx2@B (verified)"
run "$CNNBENCH" compare run 'other run' --json -
is "alike work: one group" "$(printf '%s\n' "$out" | grep -c '"work"')" 1
is "alike work: two runs" "$(printf '%s\n' "$out" | grep -c '"path"')" 2
run "$CNNBENCH" compare run unlike 'other run'
is "unlike work: exit code" "$status" 0
is "unlike work: two tables" "$(printf '%s\n' "$out" | grep -c '^platform')" 2
has "unlike work: what differs" "$out" "== 2. Unlike the first: batch 64 instead of 512"
run "$CNNBENCH" compare run unlike --json -
is "unlike work: two groups" "$(printf '%s\n' "$out" | grep -c '"work"')" 2
has "unlike work: what differs in JSON" "$out" '"difference": "batch 64 instead of 512"'
run "$CNNBENCH" compare run unlike --reference c_cpu:isa=avx2@B
is "--reference of a letter that no table has: exit code" "$status" 2
has "--reference of a letter that no table has: said" "$err" "letters (@B) are those of the runs"
run "$CNNBENCH" compare run 'other run' unlike --reference c_cpu:isa=avx2@B
is "--reference of a letter that one table has: exit code" "$status" 0
has "--reference of a letter that one table has" "$out" "that of c_cpu:isa=avx2@B (verified)"
run "$CNNBENCH" compare run unlike --reference nobody
is "--reference that no run has: exit code" "$status" 2
run "$CNNBENCH" compare run run/journal.jsonl run/run.json
is "the same run again: the table of one" "$out" "$table"
has "the same run again: said" "$err" "run/journal.jsonl: the same run as run; it is counted once"

# ---- run.json alone

mkdir sent
cp run/run.json sent/theirs.json
cp run/run.json sent/run.json
run "$CNNBENCH" compare sent/theirs.json
is "run.json alone: the table" "$out" "$table"
is "run.json alone: nothing else is said" "$err" ""
run "$CNNBENCH" compare sent
is "a folder with run.json alone: the table" "$out" "$table"
is "nothing is written beside it" "$(echo sent/*)" "sent/run.json sent/theirs.json"
run "$CNNBENCH" compare run sent/theirs.json
has "the same run as its journal" "$err" "counted once"

# ---- The original's CSV files

run "$CNNBENCH" compare "$data/original"
is "a folder of CSV files: exit code" "$status" 0
is "a folder of CSV files: five platforms" "$(printf '%s\n' "$out" | grep -c ' unverified_csv$')" 5
has "a folder of CSV files: what the time holds" "$out" "the original's holds the"
is "a folder of CSV files: nothing is written" "$(find "$data/original" -type f | wc -l | tr -d ' ')" 5
run "$CNNBENCH" compare run "$data/original"
is "ours and CSV files: two tables" "$(printf '%s\n' "$out" | grep -c '^platform')" 2
has "ours and CSV files: what differs" "$out" "== 2. Unlike the first: the status: unverified_csv"
run "$CNNBENCH" compare "$data/original" --view original --csv -
has "the original's summary of the original's files" "$out" ",pytorch_cuda,"
run "$CNNBENCH" compare run "$data/original" --fail-on 1
is "--fail-on with CSV files: exit code" "$status" 5
mkdir csv
sed '3s/^\([^,]*,[^,]*\),[^,]*/\1,=cmd|1/' "$data/original/metrics_c_cpu.csv" >csv/metrics_a.csv
run "$CNNBENCH" compare csv
is "a damaged CSV file: exit code" "$status" 5
has "a damaged CSV file: where" "$err" "csv/metrics_a.csv: line 3: Epoch Time (s) is no number: '=cmd|1'"
mkdir latin
LC_ALL=C sed "2,\$s/^[^,]*/caf$(printf '\351')/" "$data/original/metrics_c_cpu.csv" >latin/metrics_a.csv
run "$CNNBENCH" compare latin --json -
has "a name in another encoding is in JSON" "$out" '"platform": "caf\\xe9"'

# ---- CSV, Markdown, the original's columns

run "$CNNBENCH" compare run --csv -
is "--csv -: a line each" "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 4
is "--csv -: the columns of summary.csv" "$(printf '%s\n' "$out" | sed 's/^[^,]*,[^,]*,[^,]*,//')" "$(cat run/summary.csv)"
run "$CNNBENCH" compare run unlike --csv rows.csv
is "--csv FILE: the table is printed too" "$(printf '%s\n' "$out" | grep -c '^platform')" 2
is "--csv FILE: all groups" "$(cut -d, -f1,2 rows.csv | tail -n 3 | sort -u)" "2,unlike"
run "$CNNBENCH" compare run 'other run' --md -
has "--md -: a table" "$out" '| platform | epoch ms |'
has "--md -: marks are taken for text" "$out" '| c\_cpu:isa=avx2@B | 812 |'
run "$CNNBENCH" compare run --csv - --md -
is "two things to standard output: exit code" "$status" 2
run "$CNNBENCH" compare run --view original
has "--view original" "$out" "avg epoch  training  samples   final    best  avg RAM  max VRAM   last"
run "$CNNBENCH" compare run --view original --csv -
has "--view original --csv" "$out" "Platform,Average Epoch Time (s),Total Training Time (s),Average Throughput (samples/s),Final Test Accuracy,Best Test Accuracy,Average Process RAM (MB),Max GPU VRAM (MB),Last Epoch,Status"

# ---- --fail-on

run "$CNNBENCH" compare run 'other run' --fail-on 5
is "--fail-on, as fast: exit code" "$status" 0
has "--fail-on, as fast: said" "$err" "not shown to be slower by more than 5%"
# The end of a train span of the second platform, put off by a fifth of its seconds; what follows stays.
mkdir slow
awk -v FS='"ns":' '/"train"/ && /"begin"/ { split($3, a, /[,}]/); begin = a[1] }
	/"train"/ && /"end"/ {
		split($3, a, /[,}]/)
		if (a[1] - begin > 5e8)
			sub("\"ns\":" a[1], sprintf("\"ns\":%.0f", begin + 1.2 * (a[1] - begin)))
	}
	{ print }' 'other run/journal.jsonl' | sed '1s/"shuffle":8/"shuffle":10/' >slow/journal.jsonl
run "$CNNBENCH" compare run slow --fail-on 5
is "--fail-on, slower by a fifth: exit code" "$status" 6
has "--fail-on, slower by a fifth: said" "$err" "c_cpu:isa=avx2 in slow: 1.200 times the epoch time"
has "--fail-on: the table is there" "$out" "quartiles"
run "$CNNBENCH" compare run slow --fail-on 25
is "--fail-on 25: exit code" "$status" 0
run "$CNNBENCH" compare slow run --fail-on 5
is "--fail-on, faster: exit code" "$status" 0
run "$CNNBENCH" compare run --fail-on 5
is "--fail-on of one run: exit code" "$status" 2
run "$CNNBENCH" compare run unlike --fail-on 5
is "--fail-on of unlike work: exit code" "$status" 5
has "--fail-on of unlike work: why" "$err" "its work is not that of the first run"

# ---- Folders that cannot be written

mkdir locked
cp 'other run/journal.jsonl' locked/
chmod a-w locked
if [ -w locked ]; then
	skip "a folder that cannot be written" "as root every folder can be written"
else
	run "$CNNBENCH" compare locked
	is "a folder that cannot be written: exit code" "$status" 0
	has "a folder that cannot be written: the table" "$out" "quartiles"
	has "a folder that cannot be written: said" "$err" "locked: cannot be written, so run.json"
fi
chmod u+w locked

# ---- Hostile names

mkdir hostile
sed 's!"label": "c_cpu:isa=avx2"!"label": "=cmd|<img src=x>\\u001b[2J../../`x`"!' run/run.json >hostile/run.json
run "$CNNBENCH" compare hostile/run.json
is "a hostile label: exit code" "$status" 0
has "a hostile label: shown as text" "$out" '=cmd|<img src=x>\x1b[2J../../`x`'
run "$CNNBENCH" compare hostile/run.json --md -
has "a hostile label: in Markdown" "$out" '| =cmd\|&#60;img src=x&#62;\\x1b\[2J../../\`x\` |'
run "$CNNBENCH" compare hostile/run.json --csv -
has "a hostile label: in CSV" "$out" ",'=cmd|<img src=x>\x1b[2J../../"
sed -i.bak 's!=cmd!\\u202e\\u009b=cmd!' hostile/run.json
for output in --json --csv --md; do
	run "$CNNBENCH" compare hostile/run.json "$output" -
	is "a hostile label: $output - is ASCII" "$(printf %s "$out" | LC_ALL=C tr -d '\012\040-\176')" ""
done

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
has "not sharp: the reference's status" "$out" '"reference_status": "verified"'

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
refused nowhere "no such file or folder"
refused nowhere/run.json "no results here"
refused empty "no results here"
is "an empty folder stays empty" "$(ls empty)" ""
mkdir damaged other
sed '3s/^{/x/' run/journal.jsonl >damaged/journal.jsonl
refused damaged "line 3 is damaged"
is "a damaged one gets no files" "$(ls damaged)" "journal.jsonl"
echo '{"record":"run","schema":"cnnbench-journal-9"}' >other/journal.jsonl
refused other "another version"
echo '{"schema":"cnnbench-run-9"}' >later.json
refused later.json "written by another version (cnnbench-run-9"
head -c 5000 run/run.json >torn.json
refused torn.json "damaged, or no JSON: line"
head -c 4000 /dev/zero | tr '\0' '[' >deep.json
refused deep.json "damaged, or no JSON: line 1"
refused run/summary.csv "damaged, or no JSON"
run "$CNNBENCH" compare empty run
is "one of two is refused: exit code" "$status" 5
has "one of two is refused: the other is shown" "$out" "quartiles"

tap_done
