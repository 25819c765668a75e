# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# TAP for shell tests.  A test sources this file, calls the functions below and ends with tap_done:
#
#     . "$(dirname "$0")/tap.sh"
#     run "$CNNBENCH" run --epochs zero
#     is "exit code" "$status" 2
#     has "message names the option" "$err" "--epochs"
#     tap_done
#
# $CNNBENCH is the program, $CNNBENCH_BUILD the build folder, $TMPDIR a folder of the test's own.

tap_count=0

# ok NAME CONDITION...: the command CONDITION succeeds.
ok()
{
	tap_name=$1
	shift
	if "$@"; then tap_pass; else tap_fail "this failed: $*"; fi
}

# is NAME GOT WANTED: the same text.
is()
{
	tap_name=$1
	if [ "$2" = "$3" ]; then tap_pass; else tap_fail "got:    $2" "wanted: $3"; fi
}

# has NAME TEXT PART, lacks NAME TEXT PART: the text holds the part, or does not.
has()
{
	tap_name=$1
	case $2 in
	*"$3"*) tap_pass ;;
	*) tap_fail "got:           $2" "wanted in it: $3" ;;
	esac
}

lacks()
{
	tap_name=$1
	case $2 in
	*"$3"*) tap_fail "got:             $2" "unwanted in it: $3" ;;
	*) tap_pass ;;
	esac
}

# skip NAME WHY: a test that cannot run here.
skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all WHY: none of this file's tests can run here; ends the program.
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# run COMMAND...: runs it with empty input; sets $status, $out and $err.
run()
{
	"$@" >"$TMPDIR/tap.out" 2>"$TMPDIR/tap.err" </dev/null
	# shellcheck disable=SC2034 # these are for the test that sources this
	status=$?
	# shellcheck disable=SC2034
	out=$(cat "$TMPDIR/tap.out")
	# shellcheck disable=SC2034
	err=$(cat "$TMPDIR/tap.err")
	return 0
}

tap_done()
{
	echo "1..$tap_count"
	exit 0
}

tap_pass()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $tap_name"
}

tap_fail()
{
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $tap_name"
	for tap_line in "$@"; do
		printf '%s\n' "$tap_line" | sed 's/^/# /'
	done
}
