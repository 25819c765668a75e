#!/bin/sh
# SPDX-License-Identifier: MIT
# bench_c_cpu says what it promises for a shape, and leaves nothing behind, interrupted or not.  No time is
# looked at.
. "$(dirname "$0")/tap.sh"
bench=$CNNBENCH_BUILD/bench/bench_c_cpu
[ -x "$bench" ] || skip_all 'make bench-programs has not been called'

for conv in direct winograd; do
	run "$bench" --isa generic --conv $conv --shapes default --epochs 1 --json
	is "$conv: exit code" "$status" 0
	has "$conv: named" "$out" "\"conv\": \"$conv\""
	is "$conv: 16 parts and their sum" "$(printf '%s\n' "$out" | grep -c '"ns_a_sample"')" 17
	# All that computes, and no more: what is copied or updated alone has no counterpart.
	is "$conv: parts that the reference has" \
		"$(printf '%s\n' "$out" | grep -c '"times_the_reference"')" 13
	is "$conv: no part takes less than no time" \
		"$(printf '%s\n' "$out" | grep -c '"ns_a_sample": -')" 0
done
products() { printf '%s\n' "$out" | sed -n 's/.*"multiply_adds": \([0-9.]*\).*/\1/p' | sed -n 2p; }
is 'winograd: products of conv2 forward' "$(products)" 51200.0

run "$bench" --isa generic --shapes default --epochs 1
is 'table: exit code' "$status" 0
has 'table: a part' "$out" 'conv2  forward'
ok 'table: 100 columns at most' awk 'length > 100 { exit 1 }' <<END
$out
END

run "$bench" --conv sideways
is 'a way that there is not: exit code' "$status" 2
has 'a way that there is not: said' "$err" 'sideways'

"$bench" --isa generic --epochs 99 >/dev/null 2>&1 &
process=$!
waited=0
while ! ls -d "$TMPDIR"/cnnbench-bench-* >/dev/null 2>&1 && [ $waited -lt 300 ]; do
	sleep 0.1
	waited=$((waited + 1))
done
kill -TERM $process
wait $process
is 'interrupted: exit code' "$?" 143
ok 'nothing stays behind' sh -c '! ls -d "$TMPDIR"/cnnbench-bench-*'
tap_done
