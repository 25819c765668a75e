# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Small things that tests of the command line need; sourced after tap.sh.

# byte NUMBER: one byte of that value.
byte()
{
	# shellcheck disable=SC2059 # the format is what is made here
	printf "\\$(printf %03o "$1")"
}

# be32 NUMBER: four bytes, the highest first.
be32()
{
	byte $(($1 / 16777216))
	byte $(($1 / 65536 % 256))
	byte $(($1 / 256 % 256))
	byte $(($1 % 256))
}

# tiny_half FOLDER NAME COUNT: COUNT images and labels; the images differ, the labels go round.
tiny_half()
{
	{
		be32 2051
		be32 "$3"
		be32 28
		be32 28
		awk -v count="$3" 'BEGIN {
			for (i = 0; i < count; i++)
				for (p = 0; p < 784; p++)
					printf "%c", 33 + (p * (i % 10 + 3) + int(p / 28) * (i % 7)) % 90
		}'
	} >"$1/$2-images-idx3-ubyte"
	{
		be32 2049
		be32 "$3"
		tiny_label=0
		while [ $tiny_label -lt "$3" ]; do
			byte $((tiny_label % 10))
			tiny_label=$((tiny_label + 1))
		done
	} >"$1/$2-labels-idx1-ubyte"
}

# tiny_dataset FOLDER TRAIN TEST: a folder of four IDX files.
tiny_dataset()
{
	mkdir -p "$1"
	tiny_half "$1" train "$2"
	tiny_half "$1" t10k "$3"
}

# one_line NAME: $err, as run() left it, is exactly one line.
one_line()
{
	is "$1: one line" "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1
}

# refused NAME CODE PART COMMAND...: ends with CODE and one line on stderr with PART in it; nothing on stdout.
refused()
{
	refused_name=$1 refused_code=$2 refused_part=$3
	shift 3
	run "$@"
	is "$refused_name: exit code" "$status" "$refused_code"
	has "$refused_name: says it" "$err" "$refused_part"
	one_line "$refused_name"
	is "$refused_name: nothing on stdout" "$out" ''
}

# fake_worker FOLDER NAME: a worker from the script on standard input.
fake_worker()
{
	mkdir -p "$1"
	chmod go-w "$1"
	cat >"$1/worker-$2"
	chmod 755 "$1/worker-$2"
}

# hostile_workers FOLDER NAME...: tests/workers/hostile.c under these names.
hostile_workers()
{
	hostile_folder=$1
	shift
	mkdir -p "$hostile_folder"
	chmod go-w "$hostile_folder"
	for hostile_name in "$@"; do
		ln -sf "$CNNBENCH_BUILD/tests/workers/hostile" "$hostile_folder/worker-$hostile_name"
	done
}

# until_true SECONDS COMMAND...: waits until the command succeeds.
until_true()
{
	until_left=$(($1 * 10))
	shift
	until "$@"; do
		until_left=$((until_left - 1))
		[ $until_left -gt 0 ] || return 1
		sleep 0.1
	done
}
