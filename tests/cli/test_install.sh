#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/install, as "make install" and "make uninstall" call it.

. "$(dirname "$0")/tap.sh"
[ -x "$CNNBENCH_BUILD/worker-c_cpu" ] || skip_all 'c_cpu is not built'

prefix="$TMPDIR/stage of it/usr"
umask 077
run scripts/install install "$prefix" "$CNNBENCH" "$CNNBENCH_BUILD"/worker-*
is 'installs' "$status:$err" '0:'
ok 'the program' [ -x "$prefix/bin/cnnbench" ]
ok 'a worker' [ -x "$prefix/libexec/cnnbench/worker-c_cpu" ]
ok 'documents' [ -r "$prefix/share/doc/cnnbench/docs/PROTOCOL.md" ]
doc=$prefix/share/doc/cnnbench
is 'links of README.md lead somewhere' "$(sed -n 's/.*](\(docs[^)#]*\).*/\1/p' "$doc/README.md" |
	while read -r link; do [ -r "$doc/$link" ] || echo "$link"; done)" ''
is 'folders are open to all' "$(find "$TMPDIR/stage of it/usr" -type d ! -perm -755)" ''
is 'and so is all in them' "$(find "$TMPDIR/stage of it/usr" -type f ! -perm -644)" ''
is 'workers in Python are relative links' "$(readlink "$prefix/libexec/cnnbench/worker-numba_cpu")" platforms/numba/launch
run scripts/install install "$prefix" "$CNNBENCH" "$CNNBENCH_BUILD"/worker-*
is 'installs over itself' "$status:$err" '0:'

mv "$TMPDIR/stage of it" "$TMPDIR/moved"
cd / || exit
run "$TMPDIR/moved/usr/bin/cnnbench" list
has 'runs from anywhere and finds its workers' "$out" c_cpu
run "$TMPDIR/moved/usr/libexec/cnnbench/worker-numba_cpu" --probe --events 1
has 'a worker in Python answers, ready or not' "$out" '{"event": "'
lacks 'a worker in Python finds all that is its own' "$out$err" 'No module named'
for module in src/worker/main.py src/worker/cnnbench/platform.py platforms/numba/numba_cpu.py; do
	ok "there is $module" [ -r "$TMPDIR/moved/usr/libexec/cnnbench/$module" ]
done
cd "$OLDPWD" || exit
mv "$TMPDIR/moved" "$TMPDIR/stage of it"

: >"$prefix/libexec/cnnbench/worker-foreign"
run scripts/install uninstall "$prefix" "$CNNBENCH" "$CNNBENCH_BUILD"/worker-*
is 'uninstalls, but not what is foreign' "$status:$(cd "$prefix" && find . ! -type d)" \
	'0:./libexec/cnnbench/worker-foreign'
tap_done
