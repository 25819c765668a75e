#!/bin/sh
# SPDX-License-Identifier: MIT
# The platform that docs/ADDING-A-PLATFORM.md prints in full is one that works.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
cd "$(dirname "$0")/../.." || exit 1

# The first block of C in the page.
awk '/^```$/ { inside = 0 } inside { print } /^```c$/ { inside = 1 }' docs/ADDING-A-PLATFORM.md \
	>"$TMPDIR/platform.c"
ok 'the page has a platform in C' test -s "$TMPDIR/platform.c"

# As the Makefile compiled all else: the first word of `flags` is the compiler, each word with a dash a flag.
flags='' libraries='' compiler=''
# shellcheck disable=SC2013 # words are wanted
for word in $(cat "$CNNBENCH_BUILD/flags"); do
	compiler=${compiler:-$word}
	case $word in
	-l* | -L*) libraries="$libraries $word" ;;
	-*) flags="$flags $word" ;;
	esac
done
mkdir -p "$TMPDIR/workers"
chmod go-w "$TMPDIR/workers"
# shellcheck disable=SC2086 # words
run "$compiler" $flags -DPLATFORM_COMPILER='""' -DPLATFORM_FLAGS='""' "$TMPDIR/platform.c" \
	"$CNNBENCH_BUILD/obj/src/worker/main.o" "$CNNBENCH_BUILD/libworker.a" "$CNNBENCH_BUILD/libcore.a" \
	$libraries -o "$TMPDIR/workers/worker-mine"
is 'it compiles' "$status" 0
is 'without a warning' "$err" ''

cd "$TMPDIR" || exit 1
CNNBENCH_PATH=$TMPDIR/workers
export CNNBENCH_PATH
tiny_dataset data 70 20
while read -r filters1 filters2 hidden fsize batch; do
	run "$CNNBENCH" run --dataset data --epochs 2 --runs 1 --min-time 0 --platform mine,c_cpu \
		--filters1 "$filters1" --filters2 "$filters2" --hidden "$hidden" --fsize "$fsize" \
		--batch-size "$batch" --log-dir "out-$filters1-$fsize-$batch"
	is "$filters1/$filters2/$hidden/$fsize, batch $batch: exit code" "$status" 0
	has "$filters1/$filters2/$hidden/$fsize, batch $batch: verified" \
		"$(tail -n 1 "out-$filters1-$fsize-$batch/metrics_mine.csv")" ,verified
done <<END
8 16 128 3 32
3 5 17 2 16
2 3 5 7 100
END
tap_done
