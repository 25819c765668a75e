#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Makefile on a tiny tree of its own, in a path with a space: what is built, and what again.

. "$(dirname "$0")/tap.sh"
command -v make >/dev/null 2>&1 || skip_all 'make is not installed'

tree="$TMPDIR/a tree"
mkdir -p "$tree/src/core" "$tree/src/worker" "$tree/src/cli" "$tree/platforms/tiny"
cp -R Makefile mk scripts "$tree/"
cd "$tree" || exit
export SETUP=no

echo 'int core_answer(void);' >src/core/answer.h
cat >src/core/answer.c <<'END'
#include "core/answer.h"
int core_answer(void)
{
	return 42;
}
END
for system in linux macos; do
	echo "extern const char *system_name; const char *system_name = \"$system\";" >src/core/name_$system.c
done
cat >src/cli/main.c <<'END'
#include "core/answer.h"
#include "version.h"
#include <stdio.h>
extern const char *system_name;
int main(void)
{
	printf("%d %s %s\n", core_answer(), system_name, CNNBENCH_VERSION);
	return 0;
}
END
cat >src/worker/main.c <<'END'
int tiny(void);
int main(void)
{
	return tiny();
}
END
cat >platforms/tiny/tiny.c <<'END'
#include <stdio.h>
int tiny(void);
int kernel_one(void);
int kernel_two(void);
int tiny(void)
{
	printf("%s; %s; %d %d\n", PLATFORM_COMPILER, PLATFORM_FLAGS, kernel_one(), kernel_two());
	return 0;
}
END
mkdir platforms/tiny/kernels
cat >platforms/tiny/kernels/kernel.c <<'END'
int KERNEL(void);
int KERNEL(void)
{
	return VALUE;
}
END
cat >platforms/tiny/platform.mk <<'END'
kernel := platforms/tiny/kernels/kernel.c
$(eval $(call variant,tiny,one,$(kernel),-DKERNEL=kernel_one -DVALUE=1))
$(eval $(call variant,tiny,two,$(kernel),-DKERNEL=kernel_two -DVALUE=2))
$(eval $(call worker,tiny,$(call sources_in,platforms/tiny),-O3 -DTEXT=\"t\"))
$(eval $(call script_worker,script,platforms/tiny/script.sh))
END
printf '#!/bin/sh\necho script\n' >platforms/tiny/script.sh

# made WANTED ARGUMENT...: make, and the names that it compiled.
made()
{
	wanted=$1
	shift
	run make "$@"
	compiled=$(printf '%s\n' "$out" | sed -n 's/^ *CC .*\/\(.*\)\.o$/\1/p' | sort | tr '\n' ' ')
	is "make $*: compiles ${wanted:-nothing}" "$status:$compiled" "0:$wanted"
}

case $(uname -s) in Darwin) system=macos ;; *) system=linux ;; esac
everything="answer main main name_$system one tiny two "

made "$everything"
has 'says what it found' "$err" jansson
run ./cnnbench
is 'the program' "$out" "42 $system $(sed -n 's/^VERSION := //p' Makefile)"
build=$(dirname "$(readlink cnnbench)")
run "$build/worker-tiny"
has 'flags as a text' "$out" '-DTEXT=\"t\"; 1 2'
has 'contraction is off' "$out" -ffp-contract=off
run "$build/worker-script"
is 'a script' "$out" script

made ''
is 'the second make is silent' "$out$err" ''
sleep 1 # file times of one second, on some systems
touch src/core/answer.h
made 'answer main '
touch platforms/tiny/platform.mk
made 'one tiny two '
made "$everything" CFLAGS=-O1
made '' CFLAGS=-O1
made "$everything"
made "$everything" DEBUG=1
is 'the link shows the last build' "$(readlink cnnbench)" "$build-debug/cnnbench"
made ''
is 'and back' "$(readlink cnnbench)" "$build/cnnbench"
rm src/core/name_$system.c
sed 's/^extern.*/static const char *system_name = "gone";/' src/cli/main.c >main.new
mv main.new src/cli/main.c
made 'main '
run ./cnnbench
has 'a source that is gone is out of the library' "$out" 'gone'

run make help
has 'help names the targets' "$out" 'check-format '
run make -n test
ok 'a dry run of the tests installs nothing' [ ! -e build/setup-tried ]
run make clean
ok 'clean' [ ! -e build ]
ok 'clean takes the link' [ ! -L cnnbench ]

run make CC=no-such-compiler
is 'no such compiler: exit 2' "$status" 2
has 'no such compiler: what to do' "$err" 'CC=no-such-compiler: there is no such compiler; try CC=gcc'
ok 'no such compiler: nothing is left' [ ! -e build ]

# What "make run" and "make test" ask scripts/setup for, and that they stop where it says no.
mv scripts/setup scripts/setup.real
printf '#!/bin/sh\necho "$1" >>setup.log\nexit 2\n' >scripts/setup
chmod +x scripts/setup
asks()
{
	wanted=$1
	shift
	rm -f setup.log
	run make "$@"
	is "setup, by make $*" "$(cat setup.log 2>/dev/null)" "$wanted"
	[ -z "$wanted" ] || is "setup, by make $*: it can stop it" "$status" 2
}
asks run run
asks run -j2 run
asks run run CC=cc
asks run -s run ARGS='--no such thing'
asks test 'test'
asks test -k -j2 'test'
asks '' -n run
asks '' -j2 -n 'test'
# What "make run" and "make setup" ask scripts/peers for, after that; nothing else does.
printf '#!/bin/sh\n' >scripts/setup
mv scripts/peers scripts/peers.real
printf '#!/bin/sh\necho "$PEERS:$SETUP:$*" >>peers.log\n' >scripts/peers
chmod +x scripts/peers
peers_for()
{
	wanted=$1
	shift
	rm -f peers.log
	run make "$@"
	is "peers, by make $*" "$status:$(cat peers.log 2>/dev/null)" "0:$wanted"
}
peers_for ':no:' run
peers_for 'numba:no:' run PEERS=numba
peers_for ':yes:' run SETUP=yes ARGS='--epochs 1'
peers_for ':no:' run ARGS='--platform c_cpu,pytorch_cpu'
peers_for ':no:' run ARGS='--platform=all'
peers_for '' run ARGS='--platform c_cpu'
peers_for '' -n run
peers_for '' all
peers_for ':no:again' setup
mv scripts/peers.real scripts/peers
mv scripts/setup.real scripts/setup
# A checkout that cannot be written: what and what to do, in one line before make's own.
mkdir "$TMPDIR/other" && cp -R Makefile mk scripts "$TMPDIR/other/" && : >"$TMPDIR/other/build"
run make -C "$TMPDIR/other"
is 'a build folder that cannot be made: exit code' "$status" 2
has 'a build folder that cannot be made: says it' "$err" ': cannot be written: make a copy of the sources'
lacks 'a build folder that cannot be made: no noise' "$err" mkdir
tap_done
