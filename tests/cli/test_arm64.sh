#!/bin/sh
# SPDX-License-Identifier: MIT
#
# c_cpu's kernels for arm64, cross-built and run under qemu, where this machine is another one: NEON
# and the portable ones against the reference.  tests/check/test_c_cpu_net.c needs no library but libc: of
# jansson only the header is there, and what would call it is never linked (--gc-sections).

. "$(dirname "$0")/tap.sh"
CROSS=${CROSS:-aarch64-linux-gnu-gcc}
[ "$(uname -s)" = Linux ] || skip_all 'macOS runs the kernels for arm64 itself'
case $(uname -m) in
aarch64 | arm64) skip_all 'other tests run the instruction set of arm64 here' ;;
esac
command -v "$CROSS" >/dev/null 2>&1 || skip_all 'package gcc-aarch64-linux-gnu is missing'
for qemu in qemu-aarch64 qemu-aarch64-static ''; do
	command -v "$qemu" >/dev/null 2>&1 && break
done
[ -n "$qemu" ] || skip_all 'package qemu-user is missing'
printf '#include <stdio.h>\nint main(void) { return puts("fine") < 0; }\n' >"$TMPDIR/try.c"
"$CROSS" -static -o "$TMPDIR/try" "$TMPDIR/try.c" 2>/dev/null ||
	skip_all 'package libc6-dev-arm64-cross is missing'

cd "$(dirname "$0")/../.." || exit
mkdir "$TMPDIR/include" "$TMPDIR/objects" || exit
# Other headers of this system are of its own processor.
for header in jansson.h jansson_config.h; do
	found=$(printf '#include <%s>\n' "$header" | ${CC:-cc} -E -x c - 2>/dev/null |
		sed -n "s|^# 1 \"\(.*/$header\)\".*|\1|p" | head -n 1)
	[ -n "$found" ] || skip_all "package libjansson-dev is missing"
	ln -s "$found" "$TMPDIR/include/$header"
done

# Object by object: a fault stops it.  Flags as in the Makefile and platforms/c_cpu/platform.mk.
flags="-std=gnu11 -ffp-contract=off -pthread -O3 -ffunction-sections -fdata-sections -D_GNU_SOURCE
	-DHAVE_NEON -Isrc -I$TMPDIR/include"

# compile OBJECT SOURCE FLAGS...
compile()
{
	object=$TMPDIR/objects/$1.o source=$2
	shift 2
	# shellcheck disable=SC2086 # flags are words
	"$CROSS" $flags "$@" -c -o "$object" "$source" || built=no
}

build()
{
	built=yes
	for source in tests/check/test_c_cpu_net.c platforms/c_cpu/isa.c platforms/c_cpu/affinity*.c platforms/c_cpu/net.c \
		platforms/c_cpu/parameters.c platforms/c_cpu/step.c platforms/c_cpu/threads*.c \
		src/core/bound.c src/core/error.c src/core/files.c src/core/files_linux.c \
		src/core/memory.c src/core/memory_linux.c src/core/model.c src/core/npy.c \
		src/core/parallel.c src/core/parallel_linux.c src/core/proc_linux.c \
		src/core/processor_linux.c src/core/quota_linux.c src/core/random.c src/core/reference.c \
		src/core/reference_layers.c src/core/text.c src/worker/arrays.c; do
		case $source in *_macos.c) continue ;; esac
		compile "$(basename "$source" .c)" "$source"
	done
	kernels=platforms/c_cpu/kernels.c
	compile neon $kernels -DISA=neon '-DSIMD_HEADER="simd_neon.h"'
	compile generic $kernels -ffp-contract=fast -DISA=generic '-DSIMD_HEADER="simd_generic.h"'
	compile generic16 $kernels -O0 -Wno-psabi -DLANES=16 -DISA=generic16 \
		'-DSIMD_HEADER="simd_generic.h"'
	[ $built = yes ] && "$CROSS" -static -pthread -Wl,--gc-sections -o "$TMPDIR/c_cpu_net" \
		"$TMPDIR"/objects/*.o -lm
}

run build
[ "$status" -eq 0 ] || {
	ok "it builds for arm64: $err" false
	tap_done
}
# Its lines are TAP; tests/run sees where it ends badly.
exec "$qemu" "$TMPDIR/c_cpu_net" neon generic
