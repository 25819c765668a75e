#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/run: what counts as passed, failed and skipped.

. "$(dirname "$0")/tap.sh"
unset CNNBENCH CNNBENCH_BUILD

# judged NAME OUTPUT-AND-CODE TOTAL: a test program that runs the code; TOTAL is the last line.
judged()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$TMPDIR/test_it"
	chmod +x "$TMPDIR/test_it"
	# shellcheck disable=SC2086 # words
	run tests/run $flags "$TMPDIR/test_it"
	is "$1" "$(printf '%s\n' "$out" | tail -n 1)" "$3"
	case $3 in
	*', 0 failed,'*) is "$1: exit status" "$status" 0 ;;
	*) is "$1: exit status" "$status" 1 ;;
	esac
}

flags=
judged 'all pass' 'echo ok 1 - a; echo ok 2 - b; echo 1..2' '2 passed, 0 failed, 0 skipped'
judged 'one fails' 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; echo "# got 3"' \
	'1 passed, 1 failed, 0 skipped'
has 'its output is shown' "$out" '# got 3'
judged '300 fail' 'echo 1..300; i=0; while [ $((i += 1)) -le 300 ]; do echo "not ok $i"; done; exit 44' \
	'0 passed, 300 failed, 0 skipped'
judged 'a skip with its reason' 'echo 1..2; echo ok 1; echo "ok 2 - b # SKIP no such device"' \
	'1 passed, 0 failed, 1 skipped'
has 'the reason is told' "$out" 'skipped: b: no such device'
judged 'a skip in cmocka'\''s way' 'echo 1..1; echo "# no device"; echo "not ok 1 # SKIP b"' \
	'0 passed, 0 failed, 1 skipped'
has 'the line before is the reason' "$out" 'skipped: b: no device'
judged 'all of a program' 'echo "1..0 # SKIP no make"' '0 passed, 0 failed, 1 skipped'
judged 'two groups of cmocka' 'echo 1..1; echo ok 1; echo 1..1; echo ok 1' \
	'2 passed, 0 failed, 0 skipped'
judged 'a crash' 'echo 1..2; echo ok 1; kill -SEGV $$' '1 passed, 1 failed, 0 skipped'
has 'a crash is told' "$out" 'crashed: ended by signal 11'
judged 'fewer than planned' 'echo 1..2; echo ok 1' '1 passed, 1 failed, 0 skipped'
judged 'more than planned' 'echo 1..1; echo ok 1; echo ok 2' '2 passed, 1 failed, 0 skipped'
judged 'no plan' 'echo ok 1' '1 passed, 1 failed, 0 skipped'
judged 'nothing' ':' '0 passed, 1 failed, 0 skipped'
judged 'a plan of nothing' 'echo 1..0' '0 passed, 1 failed, 0 skipped'
judged 'exit status 1' 'echo 1..1; echo ok 1; exit 1' '1 passed, 1 failed, 0 skipped'
judged 'an environment of its own' \
	'case $XDG_CACHE_HOME-$TMPDIR-$HOME-${CNNBENCH_DATA-}-${CNNBENCH_PATH-} in
	*cnnbench-tests*-*cnnbench-tests*-*cnnbench-tests*--) echo ok 1 ;;
	*) env ;;
	esac
	echo 1..1' '1 passed, 0 failed, 0 skipped'
judged 'the temporary folder is there' 'echo 1..1; cd "$TMPDIR" && : >a && echo ok 1' \
	'1 passed, 0 failed, 0 skipped'

flags='--timeout 1'
judged 'one that hangs, with its child' \
	"echo 1..1; sleep 600 & echo \$! >'$TMPDIR/child'; wait; echo ok 1" '0 passed, 1 failed, 0 skipped'
has 'hanging is told' "$out" 'hung: ended after 1 s'
child=$(cat "$TMPDIR/child")
# A killed child that nobody waits for may stay as a zombie.
gone()
{
	! kill -0 "$child" 2>/dev/null || grep -q '^State:.Z' "/proc/$child/status" 2>/dev/null
}
ok 'its child is gone' gone

flags='--allow-skips GPU'
judged 'a skip that is allowed' 'echo 1..1; echo "ok 1 - b # SKIP no GPU"' \
	'0 passed, 0 failed, 1 skipped'
judged 'a skip that is not' 'echo 1..1; echo "ok 1 - b # SKIP no wish"' \
	'0 passed, 1 failed, 0 skipped'

run tests/run
is 'no program: usage' "$status" 2
run tests/run --nonsense x
is 'unknown option: usage' "$status" 2
tap_done
