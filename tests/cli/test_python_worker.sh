#!/bin/sh
# SPDX-License-Identifier: MIT
# A worker that was written from docs/PROTOCOL.md alone, in plain Python, runs beside c_cpu.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
worker=$(cd "$(dirname "$0")/../workers" && pwd)/worker-plain_python
cd "$TMPDIR" || exit 1
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null ||
	skip_all 'there is no python3 of version 3.9 or later'
tiny_dataset data 40 20
mkdir -p workers
chmod go-w workers
ln -s "$worker" workers/worker-plain_python
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH
small='--dataset data --batch-size 16 --filters1 2 --filters2 3 --hidden 5 --runs 1 --threads 1'

run "$CNNBENCH" list
has 'list: it is ready' "$(echo "$out" | tr -s ' ')" 'plain_python ready'

# mean_losses FILE: of all epochs, to four digits.
mean_losses()
{
	awk -F, 'NR > 1 { printf "%.4f ", $4 }' "$1"
}

# shellcheck disable=SC2086 # words
{
	run "$CNNBENCH" run $small --epochs 2 --min-time 0 --platform plain_python,c_cpu --log-dir both
	is 'beside c_cpu: exit code' "$status" 0
	is 'beside c_cpu: the same losses' "$(mean_losses both/metrics_plain_python.csv)" \
		"$(mean_losses both/metrics_c_cpu.csv)"
	is 'beside c_cpu: every epoch is of a verified platform' \
		"$(awk -F, 'NR > 1 { print $NF }' both/metrics_plain_python.csv | sort -u)" verified
	run "$CNNBENCH" compare --json - both
	# Slower, with a ratio of its own: it stands in the ranking.
	ranked=$(printf '%s' "$out" | tr -d ' \n' | sed 's/.*"platform":"plain_python"//')
	has 'beside c_cpu: it has a ratio' "$ranked" '"ratio":{"value":'
	lacks 'beside c_cpu: of a number' "$ranked" '"ratio":{"value":null'
	ok 'beside c_cpu: of two epochs' test "$(wc -l <both/metrics_plain_python.csv)" -eq 3

	run "$CNNBENCH" run $small --epochs 1 --min-time 3 --platform plain_python --log-dir more
	is 'for time only: exit code' "$status" 0
	has 'for time only: there were extra epochs' "$(cat more/metrics_plain_python.csv)" ',true,'
}

# The worker alone: what it cannot do, it says in an event.
while IFS='|' read -r arguments kind part; do
	# shellcheck disable=SC2086 # words
	run "$worker" --events 1 $arguments
	is "'$arguments': exit code" "$status" 1
	has "'$arguments': an error event" "$out" "\"event\": \"error\", \"kind\": \"$kind\""
	has "'$arguments': says why" "$out" "$part"
done <<END
--probe --option size=3|usage|size=3
--probe --colour|usage|--colour
--job nowhere|usage|--out
--job nowhere --out .|job|nowhere
END

job=$(dirname "$(find "${XDG_CACHE_HOME:-$HOME/.cache}/cnnbench/jobs" -name job.json | head -n 1)")
mkdir -p alone damaged
cp "$job"/* damaged
sed -i.bak "s|\.\./\.\./data|${job%/jobs/*}/data|" damaged/job.json
while IFS='|' read -r bytes part; do
	head -c "$bytes" "$job/init.npy" >damaged/init.npy
	run "$worker" --events 1 --job damaged --out alone
	is "$bytes bytes of init.npy: exit code" "$status" 1
	has "$bytes bytes of init.npy: says why" "$out" "$part"
done <<END
0|init.npy: no .npy file
40|init.npy: no .npy file
400|init.npy: the file has 68 elements, not 517
END

# Nobody reads its events: it ends, long before its work does.
"$worker" --events 1 --job "$job" --out alone --min-time 1000 | head -n 1 >first
has 'a reader that goes: it had begun' "$(cat first)" '"event": "hello"'
ok 'a reader that goes: the worker too' test ! -e alone/verify.npy
tap_done
