#!/bin/sh
# SPDX-License-Identifier: MIT
# The picture of a run: comparison_plot_combined.png and compare --plot, with and without gnuplot.

. "$(dirname "$0")/tap.sh"
data=$(cd "$(dirname "$0")/../data" && pwd)
cd "$TMPDIR" || exit 1
mkdir run other none
cp "$data/journal.jsonl" run/
cp "$data/journal.jsonl" none/
sed '1s/"shuffle":7/"shuffle":8/;1s/Example CPU 9000/Another CPU 300/' run/journal.jsonl >other/journal.jsonl
picture=comparison_plot_combined.png

# What a PNG begins with (ISO/IEC 15948): its mark, and 1600 x 1200 in its first chunk.
png_head='89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52 00 00 06 40 00 00 04 b0'
head_of()
{
	od -An -tx1 -N24 "$1" | tr -s ' \n' '  ' | sed 's/^ //; s/ $//'
}

# ---- With gnuplot

if command -v gnuplot >/dev/null; then
	run "$CNNBENCH" compare run
	is "compare makes the picture anew: exit code" "$status" 0
	is "without a word" "$err" ""
	is "it is a PNG of 1600 x 1200" "$(head_of run/$picture)" "$png_head"
	rm run/$picture
	run "$CNNBENCH" compare run
	is "a picture alone that is missing is drawn" "$(head_of run/$picture)" "$png_head"
	run "$CNNBENCH" compare run --plot 'a picture;.PNG'
	is "--plot FILE.PNG: exit code" "$status" 0
	is "--plot FILE.PNG" "$(head_of 'a picture;.PNG')" "$png_head"
	has "the table is printed too" "$out" "quartiles"
	run "$CNNBENCH" compare run other --plot two.svg
	is "--plot FILE.svg of two runs: exit code" "$status" 0
	svg=$(cat two.svg)
	has "it is whole" "$svg" "</svg>"
	has "a label with quotes" "$svg" '=c,"cuda"@B (verified)'
	has "one machine" "$svg" "A: Example CPU 9000"
	has "the other" "$svg" "B: Another CPU 300"
	run "$CNNBENCH" compare run "$data/original" --plot unlike.svg
	is "--plot of unlike work: exit code" "$status" 0
	svg=$(cat unlike.svg)
	has "each has its number" "$svg" "[1] Example CPU 9000"
	has "CSV files are called so" "$svg" "an epoch holds its evaluation"
	has "and not verified" "$svg" "cpu_numba [2] (unverified_csv)"
	svg=$(cat two.svg)
	has "who is missing" "$svg" "numba_cuda@A (unavailable)"
else
	skip "the picture" "no gnuplot"
fi
is "no temporary folder is left" "$(ls -d "$TMPDIR"/cnnbench-plot.* 2>/dev/null)" ""

# ---- Names and places

run "$CNNBENCH" compare run --plot picture.gif
is "--plot FILE.gif: exit code" "$status" 2
has "--plot FILE.gif: what would do" "$err" ".png or .svg"
run "$CNNBENCH" compare run --plot nowhere/picture.png
is "--plot to nowhere: exit code" "$status" 2
has "--plot to nowhere: why" "$err" "nowhere/picture.png"
is "--plot to nowhere: found out before the table" "$out" ""
ok "nothing is made there" test ! -e nowhere
mkdir folder.png
run "$CNNBENCH" compare run --plot folder.png
is "--plot to a folder: exit code" "$status" 2
has "--plot to a folder: why" "$err" "folder.png"
run "$CNNBENCH" compare missing --plot missing.png
is "--plot of no run: exit code" "$status" 5
ok "--plot of no run: no picture" test ! -e missing.png

# ---- A gnuplot that fails

mkdir fake
cat >fake/gnuplot <<'END'
#!/bin/sh
echo '"plot.gp" line 7: all is lost' >&2
exit 1
END
chmod 755 fake/gnuplot
echo old >none/$picture
touch -t 202001010000 none/$picture
run env PATH="$TMPDIR/fake:$PATH" "$CNNBENCH" compare none
is "a gnuplot that fails: exit code" "$status" 0
has "it is told" "$err" "no $picture: gnuplot failed: \"plot.gp\" line 7: all is lost"
is "in one line" "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1
ok "all other files are there" test -f none/run.json
ok "a picture of another state is gone" test ! -e none/$picture
echo new >none/$picture
touch -t 201901010000 none/run.json
run env PATH="$TMPDIR/fake:$PATH" "$CNNBENCH" compare none
is "a picture that is as new as the journal stays" "$(cat none/$picture)" new
rm none/$picture
run env PATH="$TMPDIR/fake:$PATH" "$CNNBENCH" compare none --plot failed.png
is "--plot by a gnuplot that fails: exit code" "$status" 2
has "--plot by a gnuplot that fails: why" "$err" "all is lost"
ok "--plot by a gnuplot that fails: no picture" test ! -e failed.png

# ---- No gnuplot

cp none/run.json before.json
rm -rf none/[!j]*
mkdir bare
run env PATH="$TMPDIR/bare" "$CNNBENCH" compare none
is "no gnuplot: exit code" "$status" 0
has "what to install" "$err" "install gnuplot (apt-get install gnuplot-nox"
is "no gnuplot: one line" "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1
ok "no gnuplot: run.json is the same" cmp none/run.json before.json
touch -t 202001010000 none/journal.jsonl
run env PATH="$TMPDIR/bare" "$CNNBENCH" compare none
is "no gnuplot, and nothing to make anew: not a word" "$err" ""
run env PATH="$TMPDIR/bare" "$CNNBENCH" compare none --plot bare.png
is "--plot without gnuplot: exit code" "$status" 2
has "--plot without gnuplot: what to install" "$err" "install gnuplot"
ok "--plot without gnuplot: no picture" test ! -e bare.png

tap_done
