#!/bin/sh
# SPDX-License-Identifier: MIT
# src/worker's main loop in Python, and how launch.sh finds an interpreter for it.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
launch=$(cd "$(dirname "$0")/../workers/python" && pwd)/launch
cd "$TMPDIR" || exit 1
command -v python3 >/dev/null 2>&1 || skip_all 'there is no python3'
mkdir -p workers
chmod go-w workers
ln -s "$launch" workers/worker-plain_numpy
worker=$TMPDIR/workers/worker-plain_numpy

# ---- Which Python ----

# A folder of programs without any Python.
mkdir -p bin
for program in sh dirname basename readlink sleep; do
	ln -s "$(command -v $program)" "bin/$program"
done

# python_of_kind NAME CODE: an interpreter that has the packages where CODE is 0, and says its name.
python_of_kind()
{
	mkdir -p "$1/bin"
	printf '#!/bin/sh\n[ "$3" != -c ] || exit %s\n[ "$2" != -c ] || exit %s\necho "%s: $*"\n' "$2" "$2" "$1" \
		>"$1/bin/python"
	chmod 755 "$1/bin/python"
}
python_of_kind full 0
python_of_kind other 0
python_of_kind poor 1

# launched VARIABLE...: the worker in this environment, with nothing else.
launched()
{
	run env -i PATH="$TMPDIR/bin" "$@" "$worker" --probe --events 1
}

launched
is 'no Python: exit code' "$status" 0
has 'no Python: the event' "$out" '{"event": "unavailable", "reason": "there is no Python 3"'
run env -i PATH="$TMPDIR/bin" "$worker" --probe --events 9 9>event
has 'no Python: to the descriptor that is named' "$(cat event)" '"unavailable"'

full=$TMPDIR/full other=$TMPDIR/other poor=$TMPDIR/poor
while IFS='|' read -r name wanted variables; do
	# shellcheck disable=SC2086 # words
	launched $variables
	has "$name" "$out" "$wanted: -I -B "
	has "$name: the platform's name" "$out" ' plain_numpy --probe --events 1'
done <<END
CNNBENCH_PYTHON goes first|full|CNNBENCH_PYTHON=$full/bin/python VIRTUAL_ENV=$other
then the active environment|other|VIRTUAL_ENV=$other CONDA_PREFIX=$full
then conda's|full|CONDA_PREFIX=$full
one that has the packages goes before one that has not|full|CNNBENCH_PYTHON=$poor/bin/python CONDA_PREFIX=$full
where none has them, the first says so|poor|CNNBENCH_PYTHON=$poor/bin/python
END
ln -sf "$full/bin/python" bin/python3
launched CNNBENCH_PYTHON=/nowhere/python
has 'a Python that is not there is passed over' "$out" 'full: -I -B '

# ---- Calls that make no sense ----

"$worker" --probe --events 1 >probe 2>probe.err
case $(cat probe) in
*'"hello"'*) ;;
*)
	has 'it says what is missing' "$(cat probe)" '"event": "unavailable"'
	skip 'the loop itself' 'the Python package numpy is missing, or Python is too old'
	tap_done
	;;
esac
has 'hello: forms worth measuring' "$(cat probe)" '"variants": ["threads=1"]'

while IFS='|' read -r arguments code kind part; do
	# shellcheck disable=SC2086 # words
	run "$worker" --events 1 $arguments
	is "'$arguments': exit code" "$status" "$code"
	has "'$arguments': an error event" "$out" "\"event\": \"error\", \"kind\": \"$kind\""
	has "'$arguments': says why" "$out" "$part"
done <<END
--probe --option size=3|2|usage|there are threads, fault
--probe --option threads|2|usage|--option threads
--probe --option threads=many|2|usage|not of type int
--probe --option threads=0|2|usage|from 1 to 1024
--probe --option fault=all|2|usage|choose from none
--job nowhere --out .|1|job|nowhere/job.json
END
run "$worker" --job nowhere
is 'no --out: exit code' "$status" 2
has 'no --out: says so' "$err" '--job and --out'
run "$worker" --events 1 --probe --option fault=probe
is 'unavailable: exit code' "$status" 0
has 'unavailable: reason and help' "$out" '{"event": "unavailable", "reason": "it was told so", "help": "nothing helps"}'

# ---- Whole runs ----

tiny_dataset data 40 20
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH
small='--dataset data --batch-size 16 --filters1 2 --filters2 3 --hidden 5 --runs 1 --threads 1 --quiet'

# mean_losses FILE: of all epochs, to four digits.
mean_losses()
{
	awk -F, 'NR > 1 { printf "%.4f ", $4 }' "$1"
}

# shellcheck disable=SC2086 # words
run "$CNNBENCH" run $small --epochs 2 --min-time 0 --platform plain_numpy,c_cpu --log-dir both
is 'beside c_cpu: exit code' "$status" 0
is 'beside c_cpu: the same losses' "$(mean_losses both/metrics_plain_numpy.csv)" \
	"$(mean_losses both/metrics_c_cpu.csv)"
is 'beside c_cpu: every epoch is of a verified platform' \
	"$(awk -F, 'NR > 1 { print $NF }' both/metrics_plain_numpy.csv | sort -u)" verified
has 'the import is a span of its own' "$(cat both/journal.jsonl)" '"span":"import"'

# shellcheck disable=SC2086 # words
run "$CNNBENCH" run $small --epochs 1 --min-time 1 --platform plain_numpy --log-dir more
is 'for time only: exit code' "$status" 0
has 'for time only: there were extra epochs' "$(cat more/metrics_plain_numpy.csv)" ',true,'

while IFS='|' read -r fault code part; do
	# shellcheck disable=SC2086 # words
	run "$CNNBENCH" run $small --epochs 1 --min-time 0 --platform "plain_numpy:fault=$fault" --log-dir "$fault"
	is "fault $fault: exit code" "$status" "$code"
	has "fault $fault: told" "$out$err" "$part"
	lacks "fault $fault: the first line only" "$(grep '"event":"error"' "$fault/journal.jsonl")" 'not told'
done <<END
import|3|RuntimeError: it was told to fail at import
broken|3|NumPy is broken: libfoo.so: file too short; install it anew: make setup
open|3|RuntimeError: it was told to fail at open
train|3|RuntimeError: it was told to fail at train
nan|3|diverged
memory|0|verified
END
# shellcheck disable=SC2086 # words
run "$CNNBENCH" run $small --epochs 2 --min-time 0 --platform plain_numpy:fault=half,c_cpu --log-dir half
is 'less than float32, and says so: exit code' "$status" 0
has 'less than float32: stands apart' "$out" '-- apart: not_verified; float16'
has 'less than float32: why' "$out" 'not_verified as float32, but it says that it computes in float16'
has 'a counter of the framework is recorded' "$(cat memory/journal.jsonl)" '"name":"numpy.weights"'

job=$(dirname "$(find "${XDG_CACHE_HOME:-$HOME/.cache}/cnnbench/jobs" -name job.json | head -n 1)")
mkdir -p alone damaged
cp "$job"/* damaged
sed -i.bak "s|\.\./\.\./data|${job%/jobs/*}/data|" damaged/job.json

# damaged_job NAME PART: the job that was just spoilt is refused in words.
damaged_job()
{
	run "$worker" --events 1 --job damaged --out alone
	is "$1: exit code" "$status" 1
	has "$1: of kind job" "$out" '"kind": "job"'
	has "$1: says why" "$out" "$2"
}
for bytes in 0 40 400; do
	head -c "$bytes" "$job/init.npy" >damaged/init.npy
	damaged_job "$bytes bytes of init.npy" init.npy
done
cp "$job/order.npy" damaged/init.npy
damaged_job 'another type in init.npy' 'wanted <f4'
cp "$job/init.npy" damaged/init.npy
sed -i.bak 's/"version": *1/"version": 2/' damaged/job.json
damaged_job 'another version' 'version 2, wanted 1'

# Nobody reads its events: it ends, long before its work does.
"$worker" --events 1 --job "$job" --out alone --min-time 1000 | head -n 1 >first
has 'a reader that goes: it had begun' "$(cat first)" '"event": "hello"'
ok 'a reader that goes: the worker too' test ! -e alone/verify.npy
tap_done
