#!/bin/sh
# SPDX-License-Identifier: MIT
# Data and places that are not what they should be: one clear line, the designed exit code, no partial file.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$TMPDIR" || exit 1
tiny_dataset good 40 20
hostile_workers workers honest
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH
small='--batch-size 16 --epochs 2 --min-time 0 --runs 1 --quiet --platform honest'

# broken NAME PART SHELL-CODE: a dataset changed by the code is refused with exit code 5.
broken()
{
	rm -rf bad
	cp -R good bad
	(cd bad && eval "$3")
	# shellcheck disable=SC2086 # words
	refused "$1" 5 "$2" "$CNNBENCH" run $small --dataset bad --log-dir out
	ok "$1: no results" test ! -e out
}

images=train-images-idx3-ubyte labels=train-labels-idx1-ubyte
broken 'no folder' bad 'rm -rf "$PWD"'
broken 'a file for a folder' bad 'cd .. && rm -rf bad && echo >bad'
broken 'no labels' $labels "rm $labels"
broken 'a short file' $images "head -c 1000 $images >x && mv x $images"
broken 'a header alone' $images "head -c 16 $images >x && mv x $images"
broken 'an empty file' $images ": >$images"
broken 'one byte more' $images "echo >>$images"
broken 'labels for images' $images "cp $labels $images"
broken 'a label of 10' $labels "head -c 47 $labels >x && byte 10 >>x && mv x $labels"
broken 'more images than labels' labels "rm -f train-*; cp ../good/t10k-labels-idx1-ubyte $labels; cp ../good/$images ."
broken 'corrupt gzip' $images "gzip $images && head -c 500 $images.gz >x && mv x $images.gz"

# shellcheck disable=SC2086 # words
{
	refused 'no such dataset' 5 nowhere "$CNNBENCH" run $small --dataset nowhere
	refused 'a misspelt dataset' 5 'did you mean --dataset mnist' "$CNNBENCH" run $small --dataset mnits
	gzip -c good/$images >good/$images.gz && rm good/$images
	run "$CNNBENCH" run $small --dataset good --log-dir packed
	is 'a packed file is as good' "$status" 0

	# The cache: an altered job is found before anything runs.
	job=$(ls -d "$XDG_CACHE_HOME"/cnnbench/jobs/*)
	byte 7 | dd of="$job/order.npy" bs=1 seek=200 conv=notrunc 2>/dev/null
	refused 'an altered job' 5 order.npy "$CNNBENCH" run $small --dataset good --log-dir altered
	ok 'an altered job: no results' test ! -e altered
	rm -rf "$job"
	run "$CNNBENCH" run $small --dataset good --log-dir mended
	is 'made again: exit code' "$status" 0

	# A run whose journal nobody could read is not begun.
	refused 'too long a run' 2 --epochs "$CNNBENCH" run --dataset good --platform honest --quiet \
		--runs 1000 --epochs 10000 --log-dir long
	ok 'too long a run: no results' test ! -e long

	# No place for a cache matters only where something is to be put there.
	refused 'no place for the cache, by name' 2 'set XDG_CACHE_HOME' \
		env -u XDG_CACHE_HOME -u HOME "$CNNBENCH" run $small --dataset good --log-dir out
	refused 'no place for the cache, no mnist' 5 'MNIST is not found' \
		env -u XDG_CACHE_HOME -u HOME "$CNNBENCH" run $small --dataset mnist --log-dir out
	refused 'mnist is looked for' 5 'MNIST is not found' \
		env XDG_CACHE_HOME="$TMPDIR/none" "$CNNBENCH" run $small --dataset mnist --log-dir out
	ok 'mnist is looked for: no folder is made' test ! -e none

	# No room: extra epochs are reckoned with, and nothing is left.  ulimit counts 512 bytes, in bash 1,024.
	# limited WORDS...: the program, with files of 0.8 or 1.6 MB at most: between the
	# 0.7 MB that are tried without extra epochs and the 1.7 MB with them.
	limited()
	{
		(ulimit -f 1600 && "$CNNBENCH" run $small --dataset good "$@")
	}
	mkdir there
	run limited --log-dir there
	is 'no extra epochs: exit code' "$status" 0
	rm -rf there/* results
	run "$CNNBENCH" run $small --dataset good
	was=$(readlink results/latest)
	for where in '--log-dir there' ''; do
		refused "no room, '$where'" 2 'no room' limited --min-time 1 $where
	done
	is 'no room: the folder is left as it was' "$(ls -A there)" ''
	is 'no room: results/latest is left as it was' "$(readlink results/latest)" "$was"
	is 'no room: no other results' "$(ls results)" "$(printf '%s\n' "$was" latest)"

	# Places that cannot be written.
	echo >file
	refused 'a file where the folder should be' 2 file \
		"$CNNBENCH" run $small --dataset good --log-dir file/out
	has 'a file where the folder should be: what to do' "$err" 'choose another --log-dir'
	refused 'a file for the folder' 2 'choose another --log-dir' \
		"$CNNBENCH" run $small --dataset good --log-dir file
	refused 'a place for JSON that is none' 2 'nowhere/x.json: cannot write this file: No such' \
		"$CNNBENCH" run $small --dataset good --log-dir out --json nowhere/x.json
	ok 'a place for JSON that is none: nothing is left behind' test ! -e out
	run "$CNNBENCH" run $small --dataset good --log-dir with-json --json with-json/x.json
	is 'JSON in the new folder' "$status" 0
	mkfifo pipe
	cat pipe >piped &
	reader=$!
	ln -s /dev/null null # links: root could replace the devices themselves
	ln -s /dev/full full
	for place in pipe null; do
		run "$CNNBENCH" compare with-json --json $place
		is "JSON to the $place" "$status" 0
		ok "the $place stays what it is" test ! -f $place
		[ "$status" -eq 0 ] || kill "$reader" # it would wait for a writer for ever
	done
	wait
	is 'the pipe carried it' "$(cat piped)" "$(cat with-json/x.json)"
	if [ -c /dev/full ]; then
		run "$CNNBENCH" compare with-json --json full
		is 'JSON to a full device' "$status" 2
		ok 'the full device stays what it is' test -L full -a -c full
	fi
	refused 'the cache cannot be made' 2 XDG_CACHE_HOME \
		env XDG_CACHE_HOME="$TMPDIR/file" "$CNNBENCH" run $small --dataset good --log-dir out
	if [ "$(id -u)" != 0 ]; then
		mkdir locked && chmod a-w locked
		refused 'a folder without permission' 2 locked \
			"$CNNBENCH" run $small --dataset good --log-dir locked/out
	elif mkdir tight && mount -t tmpfs -o size=64k none tight 2>/dev/null; then
		refused 'a full disk' 2 tight "$CNNBENCH" run $small --dataset good --log-dir tight/out --epochs 100
		is 'a full disk: nothing is left behind' "$(find tight -type f)" ''
		umount tight
	else
		skip 'places that cannot be written' 'root writes anywhere, and cannot mount here'
	fi
}
tap_done
