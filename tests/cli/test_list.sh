#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench list: what each platform is, or why it cannot be.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1

# A cnnbench that has only these beside it, whatever else is built.
mkdir -p "$TMPDIR/few"
cp -p "$CNNBENCH" "$CNNBENCH_BUILD/worker-c_cpu" "$CNNBENCH_BUILD/worker-selftest" "$TMPDIR/few"
CNNBENCH=$TMPDIR/few/cnnbench

run "$CNNBENCH" list
is 'exit code' "$status" 0
has 'c_cpu is ready' "$out" 'c_cpu        ready  '
has 'its options' "$out" ':threads=N'
is 'nothing on stderr' "$err" ''
lacks 'the self-test stands in no list' "$out" selftest

workers="$TMPDIR/a folder of workers"
fake_worker "$workers" gone <<'END'
#!/bin/sh
echo '{"event":"unavailable","reason":"no CUDA driver: libcuda.so.1 not found","help":"install the driver"}' >&3
END
fake_worker "$workers" rude <<'END'
#!/bin/sh
printf '{"event":"unavailable","reason":"\\u001b[31mred\\nlines","help":""}\n' >&3
END
fake_worker "$workers" crash <<'END'
#!/bin/sh
kill -SEGV $$
END
fake_worker "$workers" locked <<'END'
#!/bin/sh
END
chmod a-x "$workers/worker-locked"
fake_worker "$workers" c_cpu <<'END'
#!/bin/sh
exit 1
END

CNNBENCH_PATH=$workers
export CNNBENCH_PATH
run "$CNNBENCH" list
is 'with others: exit code' "$status" 0
has 'unavailable, why' "$out" 'gone         unavailable  no CUDA driver: libcuda.so.1 not found'
has 'and what would help' "$out" '             install the driver'
has 'a crash is told' "$out" 'crash        unavailable  its probe was ended by signal 11'
has 'not executable' "$out" "chmod +x '$workers/worker-locked'"
has 'no escape sequences' "$out" 'rude         unavailable  \x1b[31mred\x0alines'
has 'the one beside cnnbench comes first' "$out" 'c_cpu        ready  '

run "$CNNBENCH" list --json
is '--json: exit code' "$status" 0
has '--json: schema' "$out" '"schema": "cnnbench-list-1"'
has '--json: reason' "$out" '"reason": "no CUDA driver: libcuda.so.1 not found"'
is '--json: nothing on stderr' "$err" ''

# A folder whose name is no UTF-8 hides nothing.
byte255=$(printf '\377')
if mkdir "$TMPDIR/w$byte255" 2>/dev/null; then
	cp -p "$workers/worker-gone" "$TMPDIR/w$byte255/worker-afar"
	chmod a-x "$TMPDIR/w$byte255/worker-afar"
	run env CNNBENCH_PATH="$TMPDIR/w$byte255" "$CNNBENCH" list --json
	is 'a path that is no UTF-8: exit code' "$status" 0
	has 'a path that is no UTF-8: made visible' "$out" 'w\\xff/worker-afar"'
	has 'a path that is no UTF-8: why' "$out" '"reason": '
else
	skip 'a path that is no UTF-8' 'this file system wants UTF-8'
fi
refused 'a platform that is no UTF-8' 2 'no UTF-8' "$CNNBENCH" run --quiet --platform "c_cpu:isa=$byte255"

# Variants: a worker with two, of which the second cannot be had; it can be probed, not run.
forms="$TMPDIR/forms"
fake_worker "$forms" varied <<'END'
#!/bin/sh
case $* in *'slow=true'*) echo '{"event":"unavailable","reason":"too slow","help":""}' >&3; exit ;; esac
echo '{"event":"hello","protocol":1,"platform":"varied","device":"d","device_kind":"cpu","simulated":false,
"precision":"float32","data":"uint8, resident","options":{},"specs":[{"name":"fast","type":"flag","help":"h"},
{"name":"slow","type":"flag","help":"h"}],"variants":["fast","fast+slow"]}' | tr -d '\n' >&3
printf '\n{"event":"done"}\n' >&3
END
CNNBENCH_PATH=$forms
run "$CNNBENCH" list
has 'variants: list tells them' "$out" 'variants, the best first: varied:fast varied:fast+slow'
run "$CNNBENCH" list --json
has 'variants: list --json, too' "$(printf '%s' "$out" | tr -d ' \n')" '"variants":["fast","fast+slow"]'

# labels FOLDER: what the run's journal says was ready.
labels()
{
	head -n 1 "$1/journal.jsonl" | tr -d ' ' | grep -o '"label":"[^"]*"' | sed 's/.*:"\(.*\)"/\1/' | tr '\n' ' ' |
		sed 's/ $//'
}
tiny_dataset data 40 20
small='--dataset data --batch-size 16 --filters1 2 --filters2 3 --hidden 5 --epochs 1 --runs 1 --min-time 0'
while IFS='|' read -r platforms code wanted; do
	# shellcheck disable=SC2086 # words
	run "$CNNBENCH" run $small $platforms --log-dir "run $platforms"
	is "run $platforms: exit code" "$status" "$code"
	is "run $platforms: what runs" "$(labels "run $platforms")" "$wanted"
done <<END
|3|c_cpu varied varied:fast
--platform all|3|c_cpu varied
--platform all+best|3|c_cpu varied varied:fast
--platform all+variants|3|c_cpu varied varied:fast varied:fast+slow
--platform c_cpu|0|c_cpu
--platform c_cpu --require varied|3|c_cpu
END
has '--require what is not asked for' "$err" '--require: varied is not in --platform; the others run'
# shellcheck disable=SC2086 # words
{
	run "$CNNBENCH" run $small --platform all+variants --log-dir variants
	has 'a variant that cannot run: why' "$err" 'varied:fast+slow is unavailable: too slow'
	run "$CNNBENCH" run $small --platform all+variants --require varied:fast+slow --quiet --log-dir quiet
	has '--require, with --quiet: why' "$err" '--require: varied:fast+slow is unavailable: too slow'
}

CNNBENCH_PATH=$workers
refused 'a platform that cannot run' 3 'nothing to run' "$CNNBENCH" run --quiet --platform gone

CNNBENCH_PATH=relative
refused 'a relative folder' 2 'not an absolute path' "$CNNBENCH" list
CNNBENCH_PATH=$TMPDIR/none
refused 'a missing folder' 2 'No such file' "$CNNBENCH" list
chmod go+w "$workers"
CNNBENCH_PATH=$workers
refused 'a folder that others may write' 2 'chmod go-w' "$CNNBENCH" list
tap_done
