#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/setup on machines that lack this or that.  A machine is a folder: $machine/bin is all of
# its PATH, with programs that only pretend, $machine/headers is what its compiler finds, and
# $machine/log tells what was called.

. "$(dirname "$0")/tap.sh"
setup=$PWD/scripts/setup

# pretend NAME, text on stdin: a program of the machine.
pretend()
{
	{
		printf '#!/bin/sh\nmachine=%s\n' "'$machine'"
		cat
	} >"$machine/bin/$1"
	chmod +x "$machine/bin/$1"
}

# new_machine SYSTEM UID MANAGER: it lacks nothing.
new_machine()
{
	machine=$TMPDIR/machine
	rm -rf "$machine"
	mkdir -p "$machine/bin" "$machine/headers/openssl" "$machine/headers/oneapi/dnnl" "$machine/work"
	: >"$machine/log"
	for real in cat mkdir rm sh tr; do
		ln -s "$(command -v $real)" "$machine/bin/$real"
	done
	for header in stdio.h zlib.h jansson.h openssl/evp.h cmocka.h oneapi/dnnl/dnnl.h; do
		: >"$machine/headers/$header"
	done
	pretend uname <<-END
		echo $1
	END
	pretend id <<-END
		echo $2
	END
	for tool in make curl gnuplot git gcc clang clang-format python3 openssl valgrind shellcheck \
		aarch64-linux-gnu-gcc qemu-aarch64; do
		pretend $tool </dev/null
	done
	pretend cc <<-'END'
		read -r line
		case $line in
		'#include'*) line=${line#*<}; [ -e "$machine/headers/${line%>}" ] ;;
		esac
	END
	pretend "$3" <<-'END'
		echo "${0##*/} $*" >>"$machine/log"
		for package in "$@"; do
			case $package in
			"$(cat "$machine/unknown")") exit 100 ;;
			libjansson-dev | jansson | jansson-devel) : >"$machine/headers/jansson.h" ;;
			libcmocka-dev) : >"$machine/headers/cmocka.h" ;;
			gnuplot*) printf '#!/bin/sh\n' >"$machine/bin/gnuplot"; chmod +x "$machine/bin/gnuplot" ;;
			gcc) ln -s "$machine/cc" "$machine/bin/cc" ;;
			esac
		done
	END
	: >"$machine/unknown"
}

# add_sudo free|password|refused
add_sudo()
{
	echo "$1" >"$machine/sudo"
	pretend sudo <<-'END'
		echo "sudo $*" >>"$machine/log"
		how=$(cat "$machine/sudo")
		if [ "$1" = -n ]; then
			[ "$how" = free ] || exit 1
			shift
		fi
		[ "$how" != refused ] || exit 1
		[ "$1" = true ] || exec "$@"
	END
}

lack()
{
	for thing in "$@"; do
		rm -f "$machine/headers/$thing" "$machine/bin/$thing"
	done
}

# set_up ARGUMENT...: as `make` calls it, without a terminal; environment from $with.
with=
set_up()
{
	# shellcheck disable=SC2086 # words
	run env -i PATH="$machine/bin" $with "$machine/bin/sh" -c "cd '$machine/work' && exec '$setup' $*"
	log=$(cat "$machine/log")
}

# at_terminal COMMAND: runs it at a terminal that script(1) makes.
at_terminal()
{
	if [ "$(uname -s)" = Darwin ]; then
		run script -q /dev/null sh -c "$1"
	else
		run script -qec "$1" /dev/null
	fi
}

# As set_up, at a terminal; all output in $err.
set_up_at_terminal()
{
	at_terminal "cd '$machine/work' && PATH='$machine/bin' '$setup' $*"
	err=$out
	log=$(cat "$machine/log")
}

echo '# nothing is missing'
for mode in run test dev; do
	new_machine Linux 1000 apt-get
	set_up $mode
	is "$mode: nothing to do" "$status:$out:$err:$log" "0:::"
done

echo '# without a terminal'
new_machine Linux 0 apt-get
lack jansson.h
set_up run
is 'root installs' "$status:$log" '0:apt-get update
apt-get install -y libjansson-dev'
has 'the command is shown' "$err" 'apt-get install -y libjansson-dev'

new_machine Linux 0 dnf
lack jansson.h
set_up run
is 'root installs with dnf' "$status:$log" '0:dnf install -y jansson-devel'

new_machine Linux 1000 apt-get
lack jansson.h
set_up run
is 'a user without sudo: exit 2, nothing called' "$status:$log" '2:'
has 'the command to type' "$err" 'type: sudo apt-get update; sudo apt-get install -y libjansson-dev'
is 'one line' "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1

add_sudo password
set_up run
is 'sudo that asks is not asked' "$status:$log" '2:sudo -n true'

add_sudo free
: >"$machine/log"
set_up run
is 'sudo that asks nothing is used' "$status:$log" '0:sudo -n true
sudo -n apt-get update
apt-get update
sudo -n apt-get install -y libjansson-dev
apt-get install -y libjansson-dev'

new_machine Linux 0 apt-get
lack jansson.h cmocka.h
set_up test
has 'cmocka for the tests' "$log" 'install -y libjansson-dev libcmocka-dev'
lack cmocka.h
set_up run
is 'cmocka is not for make run' "$status:$err" '0:'

echo '# installing fails'
new_machine Linux 0 apt-get
lack jansson.h
echo libjansson-dev >"$machine/unknown"
set_up run
is 'what must be there: exit 2' "$status" 2
has 'what is missing' "$err" 'error: this is missing: jansson.h'

new_machine Linux 0 apt-get
lack gnuplot
set_up run
is 'what may be there is installed' "$status:$log" '0:apt-get update
apt-get install -y gnuplot-nox'

new_machine Linux 0 apt-get
lack gnuplot
echo gnuplot-nox >"$machine/unknown"
set_up run
is 'what may be missing: goes on' "$status" 0
has 'says so' "$err" 'missing and not needed: gnuplot'
: >"$machine/log"
set_up run
is 'it is tried once only' "$status:$log" '0:'

new_machine Linux 1000 apt-get
lack gnuplot
add_sudo password
set_up run
is 'no password is asked for what may be missing' "$status:$log" '0:sudo -n true'

new_machine Linux 1000 zypper
lack jansson.h zlib.h
set_up run
is 'another package manager: exit 2' "$status" 2
has 'what to install' "$err" "type: install with your system's package manager: zlib.h jansson.h"

echo '# SETUP=no, sudo make'
with=SETUP=no
new_machine Linux 0 apt-get
lack jansson.h
set_up run
is 'SETUP=no installs nothing' "$status:$log" '2:'
has 'SETUP=no tells the command' "$err" 'type: apt-get update; apt-get install -y libjansson-dev'
new_machine Linux 0 apt-get
lack gnuplot
set_up run
is 'SETUP=no is silent on what may be missing' "$status:$err" '0:'

with=SUDO_USER=somebody
new_machine Linux 0 apt-get
lack jansson.h
set_up run
is 'sudo make: exit 2, nothing called' "$status:$log" '2:'
has 'sudo make: what to do' "$err" 'run make as yourself'
with=SUDO_USER=root
set_up run
is 'sudo by root itself is fine' "$status" 0
with=

echo '# macOS'
new_machine Darwin 501 brew
lack openssl/evp.h
set_up run
is 'CommonCrypto stands for libcrypto' "$status:$log" '0:'
lack jansson.h
set_up run
is 'brew needs no sudo' "$status:$log" '0:brew install jansson'
new_machine Darwin 0 brew
lack jansson.h
set_up run
is 'brew is not run as root' "$status:$log" '2:'
new_machine Darwin 501 brew
pretend cc <<-END
	exit 1
END
set_up run
is 'no compiler: exit 2' "$status" 2
has 'no compiler: what to type' "$err" 'type: xcode-select --install'

echo '# --hint'
new_machine Linux 1000 apt-get
lack jansson.h
set_up --hint core
is 'prints, does nothing' "$status:$out:$log" \
	'0:sudo apt-get update; sudo apt-get install -y libjansson-dev:'
set_up everything
is 'unknown purpose' "$status" 2

echo '# at a terminal'
at_terminal true
if [ "$status" -eq 0 ]; then
	new_machine Linux 1000 apt-get
	lack jansson.h
	add_sudo password
	set_up_at_terminal run
	is 'sudo may ask' "$status:$log" '0:sudo -n true
sudo apt-get update
apt-get update
sudo apt-get install -y libjansson-dev
apt-get install -y libjansson-dev'
	has 'the exact command stands there' "$err" \
		'running: sudo apt-get update; sudo apt-get install -y libjansson-dev'
	lack jansson.h
	add_sudo refused
	set_up_at_terminal run
	is 'a refused password: exit 2' "$status" 2
	has 'a refused password: the command' "$err" 'type: sudo apt-get update'
else
	skip 'at a terminal' 'script(1) makes no terminal here'
fi
tap_done
