#!/bin/sh
# SPDX-License-Identifier: MIT
# What a user types wrongly: one line that says what is wrong and what to do, exit code 2.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1

run "$CNNBENCH"
is 'no arguments: exit code' "$status" 0
has 'no arguments: help' "$out" 'usage: cnnbench'
is 'no arguments: nothing on stderr' "$err" ''
help=$out
run "$CNNBENCH" --help
is '--help is the same' "$out" "$help"
has 'run --help tells the exit codes' "$("$CNNBENCH" run --help)" 'makes the exit code 3'
run "$CNNBENCH" help
is 'help is the same' "$out" "$help"
run "$CNNBENCH" --version
is '--version: exit code' "$status" 0
has '--version' "$out" 'cnnbench '

for command in list run compare data; do
	has "help names $command" "$help" "  $command "
	run "$CNNBENCH" help "$command"
	is "help $command: exit code" "$status" 0
	has "help $command" "$out" "usage: cnnbench $command"
	text=$out
	is "help $command: at most 100 columns" "$(printf '%s\n' "$out" | awk 'length > 100')" ''
	run "$CNNBENCH" "$command" --help
	is "$command --help is the same" "$out" "$text"
	has "$command has --json" "$out" '  --json'
done
run "$CNNBENCH" --epochs 1 --help
has 'options without a command mean run' "$out" 'usage: cnnbench run'
has 'help tells range and default' "$out" '(1 to 10000, default 10)'

refused 'unknown command' 2 "did you mean 'cnnbench run'" "$CNNBENCH" rnu
refused 'far command' 2 'cnnbench --help' "$CNNBENCH" xylophone
refused 'help of unknown command' 2 "did you mean 'cnnbench list'" "$CNNBENCH" help lst
refused 'unknown option' 2 'did you mean --epochs' "$CNNBENCH" run --epoch 3
refused 'unknown option without command' 2 'did you mean --epochs' "$CNNBENCH" --epoch 3
refused 'single dash' 2 'two dashes' "$CNNBENCH" -epochs 3
refused 'extra word' 2 "unexpected word 'extra'" "$CNNBENCH" run extra
refused 'extra word of list' 2 "unexpected word 'c_cpu'" "$CNNBENCH" list c_cpu
refused 'no value' 2 --epochs "$CNNBENCH" run --epochs
refused 'flag with a value' 2 --quiet "$CNNBENCH" run --quiet=perhaps
refused 'control characters' 2 --dataset "$CNNBENCH" run --dataset "$(printf 'a\033b')"
refused 'empty text' 2 --dataset "$CNNBENCH" run --dataset ''

# Values out of range; each message names the option.
while read -r option value; do
	refused "$option $value" 2 "$option $value" "$CNNBENCH" run "$option" "$value"
done <<END
--epochs 0
--epochs 10001
--epochs 1.5
--epochs ten
--epochs 1e3
--epochs 99999999999999999999
--batch-size 0
--batch-size 16777217
--lr -1
--lr nan
--lr inf
--momentum 1.1
--momentum -0.1
--filters1 0
--filters1 65
--filters2 65
--hidden 0
--hidden 1025
--fsize 0
--fsize 8
--seed -1
--threads 0
--runs 0
--min-time -1
--timeout -1
END
refused 'the original spelling' 2 '--batch-size 0' "$CNNBENCH" run --batch_size 0
refused 'the original spelling with =' 2 '--batch-size 0' "$CNNBENCH" --batch_size=0

refused 'unknown platform' 2 "did you mean 'c_cpu'" "$CNNBENCH" run --platform c_cpuu
refused 'far platform' 2 'cnnbench list' "$CNNBENCH" run --platform quantum
refused 'empty platform' 2 'empty name' "$CNNBENCH" run --platform c_cpu,
refused 'option of a platform' 2 threads "$CNNBENCH" run --platform c_cpu:thread=1
refused 'value of a platform' 2 threads "$CNNBENCH" run --platform c_cpu:threads=0
refused 'the same label twice' 2 'stands there twice' "$CNNBENCH" run --platform c_cpu,c_cpu
refused 'the same label twice in other words' 2 'stands there twice' \
	"$CNNBENCH" run --threads 1 --platform c_cpu,c_cpu:threads=1
is 'nothing was written' "$(ls)" "$(printf 'tap.err\ntap.out')"

# Standard output that takes nothing is an error, not silence.
if [ -c /dev/full ]; then
	"$CNNBENCH" --help >/dev/full 2>err
	is 'full output: exit code' $? 2
	has 'full output' "$(cat err)" 'standard output'
else
	skip 'full output' 'no /dev/full here'
fi
"$CNNBENCH" --help >&- 2>err
is 'closed output: exit code' $? 2
has 'closed output' "$(cat err)" 'standard output'
"$CNNBENCH" --help 2>&- >/dev/null
is 'closed error output' $? 0
"$CNNBENCH" --help 0<&- >/dev/null
is 'closed input' $? 0
{
	"$CNNBENCH" list --json 2>err
	echo $? >code
} | true
is 'output into a closed pipe: no noise' "$(cat err)" ''
case $(cat code) in
0 | 7 | 141) tap_name='output into a closed pipe: exit code' && tap_pass ;;
*) is 'output into a closed pipe: exit code' "$(cat code)" 141 ;;
esac
tap_done
