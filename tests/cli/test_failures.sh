#!/bin/sh
# SPDX-License-Identifier: MIT
# Workers that misbehave (tests/workers/hostile.c): each failure is its own, the others run on.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset data 40 20
hostile_workers workers honest crash fail leave silent flood torn babble foreign diverge unavailable slow
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH
small='--dataset data --batch-size 16 --epochs 4 --min-time 0'

# shellcheck disable=SC2086 # words
while read -r name state part; do
	run "$CNNBENCH" run $small --runs 1 --platform "$name,honest" --log-dir "out-$name"
	is "$name: exit code" "$status" 3
	has "$name: said" "$err" "$name: $state: "
	has "$name: why" "$err" "$part"
	has "$name: in the table" "$out" "$state"
	ok "$name: the other one ran" test -s "out-$name/metrics_honest.csv"
done <<END
crash failed signal 11
fail failed no room for the weights
leave failed 3
flood protocol_error line
torn protocol_error line
babble protocol_error line
foreign protocol_error tea
diverge diverged finite
END

# shellcheck disable=SC2086 # words
{
	# Alone: a busy machine may not let an honest worker end within 2 s.
	run "$CNNBENCH" run $small --runs 1 --platform silent --timeout 2 --log-dir out-silent
	is 'silent: exit code' "$status" 3
	has 'silent: said' "$err" 'silent: timeout: '
	has 'silent: why' "$err" '2 s'
	has 'silent: in the table' "$out" timeout

	run "$CNNBENCH" run $small --runs 1 --platform fail --log-dir log
	has 'the end of the log is shown' "$err" 'last line of the log'

	run "$CNNBENCH" run $small --runs 3 --platform crash,honest --log-dir rounds
	is 'it is not started again' "$(grep -c '"record":"start".*"label":"crash"' rounds/journal.jsonl)" 1
	is 'the other one is' "$(grep -c '"record":"start".*"label":"honest"' rounds/journal.jsonl)" 3

	run "$CNNBENCH" run $small --runs 1 --platform honest --require honest --log-dir r1
	is '--require what is there: exit code' "$status" 0
	run "$CNNBENCH" run $small --runs 1 --platform honest --require honest,silent --log-dir r2
	is '--require what is not: exit code' "$status" 3
	has '--require what is not: said' "$err" silent
	ok '--require what is not: the others ran' test -s r2/metrics_honest.csv
	# What can never be there is refused before anything is trained.
	while IFS='|' read -r list part; do
		refused "--require '$list'" 2 "$part" \
			"$CNNBENCH" run $small --runs 1 --platform honest --require "$list" --log-dir r8
		ok "--require '$list': nothing was trained" test ! -e r8
	done <<END
honest,hoenst|did you mean 'honest'
nothing_like_it|there is no platform 'nothing_like_it'
,|empty name
honest,|empty name
:threads=1|empty name
END
	run "$CNNBENCH" run $small --runs 1 --platform honest,unavailable --log-dir r3
	is 'named and unavailable: exit code' "$status" 3

	# Something that nobody asked for by name may be missing.
	rm -rf workers
	mkdir workers
	fake_worker workers gone <<'END'
#!/bin/sh
echo '{"event":"unavailable","reason":"no such device","help":"buy one"}' >&3
END
	run "$CNNBENCH" run $small --filters1 3 --filters2 5 --hidden 17 --runs 1 --platform all --log-dir r4
	is 'all, one unavailable: exit code' "$status" 0
	has 'all, one unavailable: said' "$err" 'gone is unavailable: no such device; buy one'
	run "$CNNBENCH" run $small --runs 1 --platform gone --log-dir r5
	is 'nothing to run: exit code' "$status" 3
	one_line 'nothing to run'
	fake_worker workers locked </dev/null
	chmod a-x workers/worker-locked
	refused 'not executable' 3 "chmod +x '$TMPDIR/workers/worker-locked'" \
		"$CNNBENCH" run $small --runs 1 --platform locked --log-dir r6
	run "$CNNBENCH" run $small --runs 1 --platform all --require gone --log-dir r7
	is '--require what is unavailable: exit code' "$status" 3
}
tap_done
