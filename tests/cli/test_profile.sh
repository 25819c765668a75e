#!/bin/sh
# SPDX-License-Identifier: MIT
# --profile: the time of each layer, and the same training as without.  First c_cpu called by hand, then in a run.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset data 40 20
"$CNNBENCH" run --dataset data --batch-size 16 --epochs 2 --runs 1 --min-time 0 --quiet \
	--platform c_cpu --log-dir results >/dev/null 2>&1
job=$(dirname "$(find "${XDG_CACHE_HOME:-$HOME/.cache}/cnnbench/jobs" -name job.json | head -n 1)")
losses() { grep '"train"' "$1" | sed -n 's/.*"loss": *\([^,}]*\).*/\1/p'; }

for threads in 1 3; do
	for word in '' --profile; do
		"$CNNBENCH_BUILD/worker-c_cpu" --events 1 --job "$job" --out "out$threads$word" \
			--option "threads=$threads" $word >"events$threads$word" 2>log
		is "$threads threads, ${word:-no profile}: exit code" "$?" 0
	done
	plain=events$threads told=events$threads--profile
	is "$threads threads: the same losses" "$(losses "$told")" "$(losses "$plain")"
	is "$threads threads: there are two" "$(losses "$told" | wc -l | tr -d ' ')" 2
	ok "$threads threads: the same verified weights" \
		cmp "out$threads/verify.npy" "out$threads--profile/verify.npy"
	is "$threads threads: no profile unasked" "$(grep -c '"parts"' "$plain")" 0
	sed -n 's/.*"parts": *//p' "$told" | tr '{' '\n' | grep seconds >parts
	is "$threads threads: 16 parts" "$(wc -l <parts | tr -d ' ')" 16
	for layer in conv1 conv2 fc1; do
		seconds=$(grep "\"$layer\"" parts | grep forward | sed 's/.*"seconds": *//; s/[]},].*//')
		ok "$threads threads: $layer forward takes time" \
			awk -v s="$seconds" 'BEGIN { exit !(s > 0) }'
	done
	begin=$(sed -n '/"begin".*"profile"/s/.*"ns": *\([0-9]*\).*/\1/p' "$told")
	end=$(sed -n '/"end".*"profile"/s/.*"ns": *\([0-9]*\).*/\1/p' "$told")
	ok "$threads threads: the parts add up to the span at most" \
		awk -v span="$((end - begin))" -F'"seconds": *' \
		'{ sum += $2 } END { exit !(NR && sum > 0 && sum * 1e9 <= span) }' parts
done

run "$CNNBENCH" run --dataset data --batch-size 16 --epochs 2 --runs 2 --min-time 0 --profile \
	--platform c_cpu,selftest --log-dir profiled
is 'in a run: exit code' "$status" 0
has 'in a run: a table for who can' "$out" 'c_cpu by layer, ms of an epoch of'
for line in 'conv1    forward' 'conv2    gradient' 'fc1      update' 'the rest'; do
	has "in a run: $line" "$out" "$line"
done
has 'in a run: who cannot is named' "$out" 'cannot tell the time of layers: selftest'
is 'in a run: an event in every process of c_cpu' \
	"$(grep -c '"event":"profile"' profiled/journal.jsonl)" 2
is 'in a run: no epoch of it is in the metrics' \
	"$(grep -c . profiled/metrics_c_cpu.csv)" "$(grep -c . results/metrics_c_cpu.csv | awk '{ print 2 * $1 - 1 }')"
run "$CNNBENCH" compare profiled/run.json
has 'from run.json: the same table' "$out" 'c_cpu by layer, ms of an epoch of'
# c_cpu can, but was cut off before it did.
mkdir cut
grep -v '"event":"profile"' profiled/journal.jsonl >cut/journal.jsonl
run "$CNNBENCH" compare cut
has 'of a run that was cut off: who cannot is named' "$out" 'cannot tell the time of layers: selftest'
lacks 'of a run that was cut off: no table' "$out" 'c_cpu by layer'
run "$CNNBENCH" compare --json - profiled
is 'as JSON: 16 parts of one platform' "$(echo "$out" | grep -c '"direction":')" 16
has 'as JSON: the epoch' "$out" '"epoch_seconds":'
tap_done
