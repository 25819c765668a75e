#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/peers on machines that have or lack this or that.  A machine is a folder: $machine/bin is all
# of its PATH, with programs that only pretend, $machine/root holds its /proc and /dev, $machine/log
# tells what was called.  A Python has the packages that lie as files in the folder modules beside its
# folder bin.

set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
tree=$PWD
machine=$TMPDIR/machine
venv=$machine/work/.venv

# pretend NAME, text on stdin: a program of the machine.
pretend()
{
	{
		printf '#!/bin/sh\nmachine=%s\n' "'$machine'"
		cat
	} >"$machine/bin/$1"
	chmod +x "$machine/bin/$1"
}

# A machine without a GPU, with Python 3.11, pip and a package index; PyTorch's CPU build is offered.
new_machine()
{
	rm -rf "$machine"
	mkdir -p "$machine/bin" "$machine/modules" "$machine/root/dev" "$machine/root/proc/driver/nvidia" \
		"$machine/work/scripts"
	for real in awk basename cat chmod cksum cp cut date dd dirname du env find grep head mkdir mv ps rm sed sh \
		sleep sort stty tail tr; do
		ln -s "$(command -v $real)" "$machine/bin/$real"
	done
	cp "$tree/scripts/peers" "$machine/work/scripts/"
	cp -R "$tree/requirements" "$machine/work/"
	echo Linux >"$machine/system"
	echo 11 >"$machine/minor"
	echo 90000000 >"$machine/free"
	: >"$machine/cpu"
	pretend uname <<-'END'
		cat "$machine/system"
	END
	pretend df <<-'END'
		echo Filesystem; echo "/dev/x 1 1 $(cat "$machine/free") 1% /"
	END
	add_python
}

# It answers what scripts/peers asks.  Files of the machine say that the index is offline, or hangs.
add_python()
{
	pretend python3 <<-'END'
		modules=${0%/bin/*}/modules
		[ "$1" != -I ] || shift
		have() { for module; do [ -e "$modules/$module" ] || exit 1; done; exit 0; }
		case "$1 $2" in
		'--version ') echo "Python 3.$(cat "$machine/minor").0" ;;
		'-c '*ctypes*) cat "$machine/libcuda" ;;
		'-c '*'import venv'*) [ ! -e "$machine/no-venv" ] ;;
		'-c '*'(3, 10) or'*) shift 2; have "$@" ;;
		'-c '*'(3, 10)'*) [ "$(cat "$machine/minor")" -ge 10 ] ;;
		'-c '*RECORD*) [ ! -e "$modules/short" ] ;;
		'-c '*import_module*)
			shift 2
			for module; do
				[ "$(cat "$modules/$module")" != broken ] || { echo "ImportError: $module is broken"; exit 1; }
			done ;;
		'-m venv') mkdir -p "$3/bin" "$3/modules"; cp "$0" "$3/bin/python" ;;
		'-m ensurepip') echo ensurepip >>"$machine/log"; : >"${0%/*}/pip" ;;
		'-m pip')
			shift 2
			echo "pip $*" | sed 's/ --disable.*:all://' >>"$machine/log"
			case $* in
			--version) [ ! -e "$machine/uv-made" ] || [ -e "${0%/*}/pip" ] ;;
			*' numpy') [ ! -e "$machine/hangs" ] || exec sleep 60; [ ! -e "$machine/offline" ] ;;
			'index '*torch) [ ! -e "$machine/cpu" ] || echo '2.14.0, 2.13.0+cpu, 2.13.0+cu126, 2.12.0+cpu' ;;
			install*) . "$machine/install" ;;
			esac ;;
		esac
	END
	cat >"$machine/install" <<-'END'
		for word; do
			case $word in
			requirements/numba*) brings='numpy scipy numba' ;;
			requirements/pytorch.txt | torch==*) brings='numpy torch' ;;
			requirements/tensorflow.txt) brings='numpy tensorflow' ;;
			*) continue ;;
			esac
			for module in $brings; do
				[ ! -e "$machine/lacks-$module" ] || { echo "ERROR: No matching distribution found for $module"; exit 1; }
				[ ! -e "$machine/slow-$module" ] || sleep 60
				cp "$machine/$module-state" "$modules/$module" 2>/dev/null || : >"$modules/$module"
			done
		done
	END
}

add_uv()
{
	pretend uv <<-'END'
		for word; do last=$word; done
		echo "uv $*" >>"$machine/log"
		modules=$PWD/.venv/modules
		case $* in
		venv*) mkdir -p "$last/bin" "$last/modules"; cp "$machine/bin/python3" "$last/bin/python"; : >"$machine/uv-made" ;;
		*--dry-run*) [ ! -e "$machine/uv-offline" ] ;;
		*) . "$machine/install" ;;
		esac
	END
}

# peers [VARIABLE=VALUE]...: as make calls it, without a terminal; its argument is $again.
again=
peers()
{
	: >"$machine/log"
	# shellcheck disable=SC2086 # none, or a word
	run env -i PATH="$machine/bin" PEERS_ROOT="$machine/root" "$@" "$machine/work/scripts/peers" $again
	log=$(cat "$machine/log")
}

# has_line NAME TEXT LINE
has_line()
{
	has "$1" "
$2
" "
$3
"
}

# without NAME PART: exit 0, one line with PART in it, and nothing is left.
without()
{
	is "$1: exit code" "$status" 0
	has "$1: said" "$err" "$2"
	one_line "$1"
	ok "$1: no .venv is left" [ ! -e "$venv" ]
}

echo '# what is wanted'
new_machine
peers PEERS=none
is 'none: nothing' "$status:$out$err:$log" '0::'
peers PEERS=numba,pytroch
is 'a name that is none: exit code' "$status" 2
has 'a name that is none: the choice' "$err" 'choose from numba, pytorch and tensorflow'
one_line 'a name that is none'
peers SETUP=no
is 'SETUP=no: nothing' "$status:$out$err:$log" '0::'
peers
is 'by default: exit code' "$status" 0
has 'it says what comes' "$err" 'numba, pytorch: about 320 MB to download with pip, 1230 MB in .venv; '
has 'how much room there is' "$err" '92118 MB are free'
has 'how to leave it out' "$err" 'PEERS=none leaves them out'
has 'and that it is done' "$err" 'pytorch is installed, in '
has_line 'Numba' "$log" 'pip install -r requirements/numba.txt'
has_line 'PyTorch, its CPU build' "$log" \
	'pip install --index-url https://download.pytorch.org/whl/cpu --no-deps torch==2.13.0+cpu'
has_line 'what PyTorch needs, of the default index' "$log" 'pip install -r requirements/pytorch.txt'
ok 'Numba is there' [ -e "$venv/modules/numba" ]
ok 'PyTorch is there' [ -e "$venv/modules/torch" ]
peers
is 'again: nothing' "$status:$out$err:$log" '0::'
peers PEERS=all
has 'more: says what comes' "$err" ': tensorflow: about '
is 'more: that alone' "$(echo "$log" | grep install)" 'pip install -r requirements/tensorflow.txt'
peers PEERS=all
is 'more, again: nothing' "$status:$out$err:$log" '0::'

echo '# .venv is broken, half-made, of yesterday'
while IFS='|' read -r name damage; do
	(cd "$machine/work" && eval "$damage")
	peers
	is "$name: exit code" "$status" 0
	has "$name: Numba anew" "$log" 'pip install -r requirements/numba'
	has_line "$name: PyTorch anew" "$log" 'pip install -r requirements/pytorch.txt'
	peers
	is "$name: and then whole" "$status:$err:$log" '0::'
done <<'END'
a package is gone|rm .venv/modules/numpy
no Python|rm .venv/bin/python
another Python|printf '#!/bin/sh\nexit 127\n' >.venv/bin/python
an empty folder|rm -rf .venv; mkdir .venv
the stamp is empty|: >.venv/cnnbench-peers
an installation was cut off|rm .venv/modules/torch; sed 's/^pytorch.*/unfinished/' .venv/cnnbench-peers >s; mv s .venv/cnnbench-peers
other requirements|for file in requirements/*.txt; do echo '# more' >>$file; done
a driver was installed|: >../root/dev/nvidiactl; echo 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun' >../root/proc/driver/nvidia/version
END
again=again
peers
is 'make setup, all there: nothing' "$status:$err:$log" '0::'
: >"$venv/modules/short"
peers
has 'make setup, a file is cut short: Numba anew' "$log" 'pip install -r requirements/numba'
has_line 'make setup, a file is cut short: PyTorch anew' "$log" 'pip install -r requirements/pytorch.txt'
peers
is 'make setup, a file is cut short: and then whole' "$status:$err:$log" '0::'
again=
new_machine
mkdir -p "$venv/bin" "$venv/modules"
cp "$machine/bin/python3" "$venv/bin/python"
: >"$venv/mine"
peers
is 'a .venv of somebody else: exit code' "$status" 0
has 'a .venv of somebody else: said' "$err" 'was not made by cnnbench'
one_line 'a .venv of somebody else'
ok 'a .venv of somebody else: stays' [ -e "$venv/mine" ]
for module in numpy scipy numba torch; do : >"$venv/modules/$module"; done
peers
is 'a .venv of somebody else that has all: nothing' "$status:$err:$log" '0::'

echo '# an active environment'
for variable in CNNBENCH_PYTHON VIRTUAL_ENV CONDA_PREFIX; do
	new_machine
	mkdir -p "$machine/other/bin" "$machine/other/modules"
	cp "$machine/bin/python3" "$machine/other/bin/python"
	for module in numpy scipy numba torch; do : >"$machine/other/modules/$module"; done
	value=$machine/other
	[ $variable != CNNBENCH_PYTHON ] || value=$value/bin/python
	peers "$variable=$value"
	is "$variable has all: nothing" "$status:$err:$log" '0::'
	rm "$machine/other/modules/torch"
	peers "$variable=$value"
	has "$variable lacks one: says which" "$err" ': pytorch: about 200 MB to download'
	ok "$variable lacks one: as it was" [ ! -e "$machine/other/modules/torch" ]
	peers "$variable=$value"
	is "$variable lacks one: then nothing" "$status:$err:$log" '0::'
done

echo '# the builds'
# builds NAME TORCH NUMBA MB: what is downloaded.
builds()
{
	peers
	torch=$(echo "$log" | sed -n 's|.*install --index-url .*/||p')
	is "$1: PyTorch" "${torch:-default}" "$2"
	has_line "$1: Numba" "$log" "pip install -r requirements/$3.txt"
	has "$1: MB" "$err" " $4 MB in .venv"
}
new_machine
rm "$machine/cpu"
builds 'no driver, no CPU build to be had' default numba 5730
while IFS='|' read -r name proc smi libcuda torch numba megabytes; do
	new_machine
	[ -z "$proc" ] || echo "NVRM version: NVIDIA UNIX $proc" >"$machine/root/proc/driver/nvidia/version"
	[ -z "$proc" ] || : >"$machine/root/dev/nvidiactl"
	[ -z "$smi" ] || echo "echo $smi" | pretend nvidia-smi
	[ -z "$libcuda" ] || echo "$libcuda" >"$machine/libcuda"
	builds "$name" "$torch" "$numba" "$megabytes"
done <<'END'
driver 580, by /proc|x86_64 Kernel Module  580.65.06  Sun Aug  3 10:09:52 UTC 2025|||default|numba-cu13|5730
driver 595, open|Open Kernel Module for x86_64  595.1  Release Build|||default|numba-cu13|5730
driver 575, by /proc|x86_64 Kernel Module  575.57.08  Thu May|||cu126 --no-deps torch==2.13.0+cu126|numba-cu12|5730
driver 581, by nvidia-smi||581.15||default|numba-cu13|5730
driver 525, by nvidia-smi||525.60||cu126 --no-deps torch==2.13.0+cu126|numba-cu12|5730
driver 470, by nvidia-smi||470.1||cpu --no-deps torch==2.13.0+cpu|numba|1230
an nvidia-smi without a driver||NVIDIA-SMI has failed||cpu --no-deps torch==2.13.0+cpu|numba|1230
CUDA 13, by libcuda|||580|default|numba-cu13|5730
CUDA 12, by libcuda|||525|cu126 --no-deps torch==2.13.0+cu126|numba-cu12|5730
CUDA 11, by libcuda|||0|cpu --no-deps torch==2.13.0+cpu|numba|1230
END
new_machine
echo Darwin >"$machine/system"
builds 'macOS' default numba 930

echo '# what is missing'
while IFS='|' read -r name part lack; do
	new_machine
	(cd "$machine" && eval "$lack")
	peers
	without "$name" "$part"
	peers
	has "$name, soon after: the same" "$err" "as before: "
	has "$name, soon after: why" "$err" "$part"
	is "$name, soon after: nothing is tried" "$log" ''
done <<'END'
no Python|there is no Python 3; 3.10 or later is wanted|rm bin/python3
an old Python|python3 is Python 3.9.0; 3.10 or later is wanted|echo 9 >minor
no venv module|apt install python3-venv|: >no-venv
no index|no package index can be reached|: >offline
too little room|too little room|echo 1000000 >free
END
echo 90000000 >"$machine/free"
again=again
peers
again=
has 'make setup tries again' "$err" 'pytorch is installed'
new_machine
: >"$machine/hangs"
began=$(date +%s)
peers
without 'an index that hangs' 'no package index can be reached'
ok 'an index that hangs: within 15 s' [ $(($(date +%s) - began)) -le 15 ]
new_machine
mv "$machine/bin/python3" "$machine/bin/python3.12"
pretend python3 <<'END'
case $1 in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac
END
peers
has 'python3 is old, python3.12 is there' "$err" 'pytorch is installed'

echo '# one of them fails'
new_machine
: >"$machine/lacks-torch"
peers
is 'cannot be had: exit code' "$status" 0
has 'cannot be had: why' "$err" 'without pytorch: ERROR: No matching distribution found for torch; see build/peers-pytorch.log'
has 'cannot be had: the other one is there' "$err" 'numba is installed'
peers
has 'cannot be had, soon after: said' "$err" 'without pytorch, as before: ERROR'
one_line 'cannot be had, soon after'
new_machine
echo broken >"$machine/torch-state"
peers
has 'broken: why' "$err" 'without pytorch: ImportError: torch is broken; see build/peers-pytorch.log'
peers PEERS=numba
is 'broken: the other one is there' "$status:$err:$log" '0::'

echo '# uv'
new_machine
add_uv
peers
has 'uv goes first' "$err" 'to download with uv'
has 'uv: the CPU build' "$log" 'whl/cpu --no-deps torch==2.13.0+cpu'
lacks 'uv: pip is not called' "$log" 'pip install --disable'
: >"$machine/uv-offline"
peers PEERS=all
has 'uv reaches nothing: pip' "$err" 'to download with pip'
has_line 'into a .venv of uv: with pip' "$log" ensurepip
has_line 'into a .venv of uv: what was missing' "$log" 'pip install -r requirements/tensorflow.txt'
new_machine
add_uv
rm "$machine/bin/python3"
: >"$machine/uv-offline"
printf '#!/bin/sh\n[ "$2" != -c ]\n' >"$machine/bin/python3"
peers
without 'no Python, and uv reaches nothing' 'no package index can be reached'

echo '# Ctrl-C, at a terminal'
# at_terminal COMMAND: in a terminal that script(1) makes, with what comes on stdin typed there.
at_terminal()
{
	if [ "$(uname -s)" = Darwin ]; then
		script -q /dev/null sh -c "$1" >"$TMPDIR/screen" 2>&1
	else
		script -qec "$1" /dev/null >"$TMPDIR/screen" 2>&1
	fi
}
shown()
{
	grep -q "$1" "$TMPDIR/screen"
}
press_when_shown()
{
	until_true 60 shown "$1" && printf '\003'
	until_true 60 shown 'goes on with'
}
: >"$TMPDIR/screen"
if at_terminal true </dev/null; then
	while IFS='|' read -r name after slow; do
		new_machine
		[ -z "$slow" ] || : >"$machine/slow-$slow"
		: >"$TMPDIR/screen"
		press_when_shown "$after" | at_terminal "cd '$machine/work' && \
			env -i PATH='$machine/bin' PEERS_ROOT='$machine/root' scripts/peers; echo goes on with \$?; stty -a"
		screen=$(tr -d '\r' <"$TMPDIR/screen")
		has "$name: the exit code" "$screen" 'goes on with 0'
		has "$name: said" "$screen" "without numba, pytorch: Ctrl-C; 'make setup' asks again, PEERS=none does not ask"
		lacks "$name: the terminal is as it was" "$screen" '-isig'
		ok "$name: no .venv is left" [ ! -e "$venv" ]
		peers
		has "$name: is remembered" "$err" 'as before: Ctrl-C'
	done <<-'END'
		before the download|now or later, goes on without|
		in the download| MB in .venv .* MB in .venv .* MB in .venv .* MB in .venv .* MB in .venv .* MB in .venv|numpy
	END
else
	skip 'Ctrl-C' 'script(1) makes no terminal here'
fi
tap_done
