#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench run on a tiny dataset: the folder, the table, progress, repeatability.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset data 70 30
small='--dataset data --batch-size 16 --epochs 3 --min-time 0 --filters1 2 --filters2 3 --hidden 8'

# losses FOLDER: run, epoch and losses of all metrics, to the last digit.
losses()
{
	cut -d, -f1,2,4-6 "$1"/metrics_*.csv
}

# shellcheck disable=SC2086 # words
{
	run "$CNNBENCH" run $small --platform c_cpu --runs 2 --log-dir 'a folder'
	is 'exit code' "$status" 0
	has 'a table on stdout' "$out" 'c_cpu'
	has 'it says where the results are' "$out" 'a folder'
	has 'and how to repeat them' "$out" \
		' run --platform c_cpu --dataset data --epochs 3 --batch-size 16'
	has 'with the seed' "$out" '--seed 1'
	has 'with the threads' "$out" '--threads '
	has 'an epoch a line on stderr' "$err" '[1/2] c_cpu  epoch 2/3  '
	has 'with all figures' "$err" '% '
	is 'no escape sequence and no rewriting' "$(printf '%s' "$err" | tr -d '\033\r')" "$err"
	for file in journal.jsonl run.json metrics_c_cpu.csv summary.csv job.json logs/c_cpu.log; do
		ok "there is $file" test -f "a folder/$file"
	done
	is 'a header and three epochs of two runs' "$(wc -l <'a folder/metrics_c_cpu.csv' | tr -d ' ')" 7

	# The printed command makes the same losses.
	command=$(printf '%s\n' "$out" | sed -n 's/^repeat: *//p')
	eval "run $command --log-dir again --quiet"
	is 'repeated: exit code' "$status" 0
	is 'repeated: identical losses' "$(losses again)" "$(losses 'a folder')"
	is '--quiet: nothing on stderr' "$err" ''

	run "$CNNBENCH" compare again
	is 'compare: exit code' "$status" 0
	has 'compare: the table' "$out" 'c_cpu'

	refused 'the folder holds a run' 2 again \
		"$CNNBENCH" run $small --quiet --platform c_cpu --runs 1 --log-dir again

	run "$CNNBENCH" $small --platform=c_cpu:threads=1 --runs=1 --log_dir other --quiet --json -
	is 'without the word run: exit code' "$status" 0
	has '--json -: an object' "$(printf '%s' "$out" | head -n 1)" '{'
	has '--json -: the schema' "$out" '"cnnbench-compare-1"'
	lacks '--json -: nothing else' "$out" 'repeat:'
	run "$CNNBENCH" $small --platform=c_cpu --runs=1 --log_dir third --json third.json
	is '--json FILE: exit code' "$status" 0
	has '--json FILE' "$(cat third.json)" '"cnnbench-compare-1"'
	is '--json FILE: as compare has it' "$("$CNNBENCH" compare third --json -)" "$(cat third.json)"
	has 'one epoch is no epochs' "$("$CNNBENCH" run --dataset data --batch-size 16 --epochs 1 \
		--min-time 0 --runs 1 --platform c_cpu --log-dir single 2>&1)" ' 1 epoch of 70 samples each'
	lacks 'one epoch is no epochs, at its end' "$("$CNNBENCH" run --dataset data --batch-size 16 \
		--epochs 1 --min-time 0 --runs 1 --platform c_cpu --log-dir single2 2>&1)" '1 epochs'

	lacks 'a short run is not foretold' "$err" 'will take'

	# Without --log-dir.
	mkdir here && cd here || exit 1
	run "$CNNBENCH" run $(printf '%s' "$small" | sed 's, data , ../data ,') --runs 1 --platform c_cpu
	is 'results/<time>: exit code' "$status" 0
	ok 'results/latest points to it' test -f results/latest/run.json
	cd ..

	mkdir first && cd first || exit 1
	run "$CNNBENCH" run $(printf '%s' "$small" | sed 's, data , ../data ,') --runs 1 --platform c_cpu \
		--json results/latest/x.json
	is '--json results/latest/FILE on the first run: exit code' "$status" 0
	ok '--json results/latest/FILE on the first run: written' test -s results/latest/x.json
	cd ..
	refused 'a start that fails' 2 no/such/x.json "$CNNBENCH" run $small --runs 1 --quiet \
		--platform c_cpu --log-dir a/b/c --json no/such/x.json
	ok 'a start that fails leaves no parents' test ! -e a

	# A long run is foretold: by earlier runs, and where these do not know a platform, by the others.
	sed 's/"wall_seconds": *[0-9.]*/"wall_seconds": 7200/' here/results/latest/run.json >earlier.json
	mkdir -p earlier/first && mv earlier.json earlier/first/run.json
	run "$CNNBENCH" run $small --runs 1 --platform c_cpu --log-dir earlier/foretold
	has 'foretold by an earlier run beside it' "$err" 'by earlier runs this will take about 2.0 h'
	has 'corrected after the first epoch' "$err" '[1/1] c_cpu  about '
	rm -r earlier/foretold
	hostile_workers workers honest
	CNNBENCH_PATH=$TMPDIR/workers run "$CNNBENCH" run $small --runs 1 --platform c_cpu,honest \
		--log-dir earlier/foretold
	has 'foretold by the other platform' "$err" 'about 4.0 h if the other platforms are as fast'
	rm -r earlier/foretold
	run "$CNNBENCH" run $small --runs 1 --platform c_cpu --log-dir earlier/foretold --quiet
	is 'foretold: --quiet' "$err" ''
	rm -r earlier

	# Folders whose names are no UTF-8: nothing is lost from the record, and the command repeats the run.
	strange=$(printf 'da\377ta')
	if cp -R data "$strange" 2>/dev/null; then
		run "$CNNBENCH" run --dataset "$strange" --batch-size 16 --epochs 1 --min-time 0 --runs 1 \
			--platform c_cpu --log-dir strange
		is 'a dataset that is no UTF-8: exit code' "$status" 0
		has 'a dataset that is no UTF-8: recorded as typed' "$(head -n 1 strange/journal.jsonl)" \
			'"run","--dataset","da\\xffta",'
		command=$(printf '%s\n' "$out" | LC_ALL=C sed -n 's/^repeat: *//p')
		eval "run $command --log-dir strange2 --quiet"
		is 'a dataset that is no UTF-8: repeated' "$status" 0
	else
		skip 'a dataset that is no UTF-8' 'this file system wants UTF-8'
	fi

	# A batch larger than the data is one batch of all.
	run "$CNNBENCH" run $small --batch_size 512 --runs 1 --platform c_cpu --log-dir large --quiet
	is 'one large batch: exit code' "$status" 0
	run "$CNNBENCH" run $small --fsize 7 --runs 1 --platform c_cpu --log-dir wide --quiet
	is 'the largest filter: exit code' "$status" 0

	# What would change the figures does not reach the worker, and that is said.
	run env OMP_NUM_THREADS=7 "$CNNBENCH" run $small --runs 1 --platform c_cpu --log-dir env
	has 'removed variables are said' "$err" OMP_NUM_THREADS
	has 'and recorded' "$(head -n 1 env/journal.jsonl)" '"removed_environment":["OMP_NUM_THREADS"]'

	# A terminal gets one line that is rewritten, without escape sequences.
	if script -qec true /dev/null >/dev/null 2>&1; then
		live="'$CNNBENCH' run $small --runs 1 --platform c_cpu"
		NO_COLOR=1 TERM=xterm script -qec "$live --log-dir live" typescript >/dev/null 2>&1
		has 'on a terminal: rewritten' "$(tr '\r' '@' <typescript)" '@[1/1] c_cpu  '
		is 'on a terminal: no escape sequence' "$(tr -d '\033' <typescript)" "$(cat typescript)"
		TERM=dumb script -qec "$live --log-dir dumb" typescript >/dev/null 2>&1
		lacks 'on a dumb terminal: lines' "$(tr '\r' '@' <typescript)" '@[1/1]'
	else
		skip 'on a terminal' 'no script(1) here'
	fi

	# The reader of the table has gone: the results are there all the same.
	{
		"$CNNBENCH" run $small --runs 1 --platform c_cpu --log-dir pipe --quiet 2>err
		echo $? >code
	} | true
	ok 'a closed pipe: the results are there' test -f pipe/summary.csv
	if [ -c /dev/full ]; then
		"$CNNBENCH" run $small --runs 1 --platform c_cpu --log-dir full --quiet 2>err >/dev/full
		is 'a full stdout: exit code' $? 2
		has 'a full stdout: said' "$(cat err)" 'standard output'
		ok 'a full stdout: the results are there' test -f full/summary.csv
	else
		skip 'a full stdout' 'no /dev/full here'
	fi
}

# A device with a name of 300 characters does not fill the line.
fake_worker long wordy <<END
#!/bin/sh
name=\$(printf '%0300d' 0)
"$CNNBENCH_BUILD/worker-c_cpu" "\$@" 3>&1 >&2 |
	sed "s/\"platform\": *\"c_cpu\"/\"platform\":\"wordy\"/
		s/\"device\": *\"[^\"]*\"/\"device\":\"\$name\"/" >&3
END
CNNBENCH_PATH=$TMPDIR/long run "$CNNBENCH" run --dataset data --batch-size 16 --epochs 1 --runs 1 \
	--platform wordy --log-dir long-device
has 'a long device: shown' "$err" ' on 0000000000'
is 'a long device: cut' "$(printf '%s\n' "$err" | grep ' on 000' | awk 'length > 100')" ''
# More threads than processors: said, and done.
more=$(($(getconf _NPROCESSORS_ONLN) + 1))
# shellcheck disable=SC2086 # words
run "$CNNBENCH" $small --epochs 1 --runs 1 --min-time 0 --platform "c_cpu:threads=1,c_cpu:threads=$more" \
	--log-dir crowded
is 'more threads than processors: exit code' "$status" 0
has 'more threads than processors: said of whom' "$err" "so they take turns: c_cpu:threads=$more ($more)"
lacks 'more threads than processors: of nobody else' "$err" 'threads=1 (1)'
tap_done
