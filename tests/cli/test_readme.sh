#!/bin/sh
# SPDX-License-Identifier: MIT
# The table in README.md is what the program makes of docs/example/run.json.

. "$(dirname "$0")/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)

cp -R "$root/scripts" "$root/README.md" "$TMPDIR/" && mkdir "$TMPDIR/docs"
cp -R "$root/docs/example" "$TMPDIR/docs/"
cd "$TMPDIR" || exit 1

run scripts/readme --check
is "README.md's table: exit code" "$status" 0
is "README.md's table is the program's" "$out" ""

# A figure that somebody changed by hand is found, and mended.
sed 's/verified$/excellent/' README.md >changed && mv changed README.md
run scripts/readme --check
is "a changed table: exit code" "$status" 1
has "a changed table: shown" "$out" excellent
run scripts/readme
is "made anew: exit code" "$status" 0
ok "made anew: the same as before" cmp README.md "$root/README.md"

grep -v 'made by scripts/readme' "$root/README.md" >README.md
run scripts/readme --check
is "no place for it: exit code" "$status" 2
has "no place for it: said" "$err" "has no line"
tap_done
