#!/bin/sh
# SPDX-License-Identifier: MIT
# cnnbench data: what it tells, cleans and fetches; the network is a server of the test's own.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/tiny.sh"
servers=$(cd "$(dirname "$0")/../servers" && pwd)
cd "$TMPDIR" || exit 1
cache=$XDG_CACHE_HOME/cnnbench

# ---- telling ----

run "$CNNBENCH" data
is 'nothing there: exit code' "$status" 0
has 'MNIST is missing' "$out" 'mnist    missing'
has 'and how to get it' "$out" 'cnnbench data fetch mnist'
has 'synth is built in' "$out" 'synth    ready, 60000 + 10000 images, 55 MB, built in'
is 'nothing on stderr' "$err" ''
is 'nothing is written' "$(ls "$XDG_CACHE_HOME")" ''

run "$CNNBENCH" data --json
is '--json: exit code' "$status" 0
has '--json: schema' "$out" '"schema": "cnnbench-data-1"'
has '--json: missing' "$out" '"state": "missing"'

tiny_dataset stranger 20 10
run env CNNBENCH_DATA="$PWD/stranger" "$CNNBENCH" data
is 'other files in its place: exit code' "$status" 0
has 'other files in its place: refused' "$out" 'mnist    refused'
has 'other files in its place: why' "$out" 'these files are not MNIST'
is 'other files in its place: nothing on stderr' "$err" ''

run env CNNBENCH_DATA="$PWD/nowhere" "$CNNBENCH" data
has 'a folder that lacks the files: missing' "$out" 'mnist    missing'
has 'a folder that lacks the files: which' "$(printf %s "$out" | tr -s ' \n' ' ')" 'nowhere: passed over as the folder of MNIST'
is 'no line is wider than 100 columns' "$(printf '%s\n' "$out" | grep -v "$PWD" | grep -c '.\{101\}')" 0

if [ -n "${CNNBENCH_TEST_MNIST:-}" ]; then
	run env CNNBENCH_DATA="$CNNBENCH_TEST_MNIST" "$CNNBENCH" data
	has 'MNIST is ready' "$out" 'mnist    ready, 60000 + 10000 images, 55 MB'
	has 'its folder' "$out" "in $(cd "$CNNBENCH_TEST_MNIST" && pwd -P)"
	has 'its digest' "$out" 'digest c473ce9de4170e6f'
else
	skip 'MNIST is ready' 'CNNBENCH_TEST_MNIST names no folder of MNIST'
fi

# ---- cleaning ----

mkdir -p "$cache/data/a/b" "$cache/jobs" "$cache/of a stranger"
head -c 1200000 /dev/zero >"$cache/data/a/b/file"
ln -s "$PWD/stranger" "$cache/jobs/link"
run "$CNNBENCH" data
has 'the cache is told' "$out" "cache    $cache, 1.2 MB"
run "$CNNBENCH" data clean --dry-run
is '--dry-run: exit code' "$status" 0
has '--dry-run: says what' "$out" 'to free  1.2 MB'
ok '--dry-run: removes nothing' test -f "$cache/data/a/b/file"
run "$CNNBENCH" data clean
is 'clean: exit code' "$status" 0
has 'clean: says what' "$out" 'freed    1.2 MB'
is 'clean: what is not its own stays' "$(ls "$cache")" 'of a stranger'
ok 'clean: follows no link' test -f stranger/train-images-idx3-ubyte
rmdir "$cache/of a stranger"

# ---- words and variables ----

refused 'unknown word' 2 "did you mean 'cnnbench data fetch'" "$CNNBENCH" data fech mnist
refused 'nothing to fetch' 2 'data fetch mnist' "$CNNBENCH" data fetch
refused 'synth' 2 'built in' "$CNNBENCH" data fetch synth
refused 'two' 2 "unexpected word 'synth'" "$CNNBENCH" data fetch mnist synth
refused 'clean what' 2 "unexpected word 'mnist'" "$CNNBENCH" data clean mnist
refused '--force of clean' 2 "--force is for 'cnnbench data fetch'" "$CNNBENCH" data clean --force
refused '--json of fetch' 2 "--json is for 'cnnbench data'" "$CNNBENCH" data fetch mnist --json
refused 'forbidden' 5 'CNNBENCH_DOWNLOAD=no' "$CNNBENCH" data fetch mnist

CNNBENCH_DOWNLOAD=yes
CNNBENCH_MIRRORS='https://localhost:1/'
export CNNBENCH_DOWNLOAD CNNBENCH_MIRRORS
refused 'no curl' 5 'install curl' env PATH=/nonexistent "$CNNBENCH" data fetch mnist
CNNBENCH_MIRRORS=http://localhost:1/ refused 'a mirror without TLS' 5 'https://' "$CNNBENCH" data fetch mnist
CNNBENCH_MIRRORS=' ' refused 'no mirror' 5 'names no mirror' "$CNNBENCH" data fetch mnist

# ---- fetching ----

for command in curl openssl python3; do
	command -v "$command" >/dev/null || {
		skip 'fetching' "there is no $command"
		tap_done
	}
done

refused 'nobody there' 5 'MNIST could not be downloaded: https://localhost:1/' "$CNNBENCH" data fetch mnist

# A certificate authority, and a certificate of it for localhost.
make_certificates()
{
	cat >ca.cnf <<-'END'
		[req]
		distinguished_name = name
		x509_extensions = authority
		prompt = no
		[name]
		CN = cnnbench test
		[authority]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign
		[site]
		subjectAltName = DNS:localhost
	END
	openssl req -x509 -newkey rsa:2048 -nodes -config ca.cnf -days 2 -keyout ca.key -out ca.pem &&
		openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -config ca.cnf -keyout site.key -out site.csr &&
		openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
			-extfile ca.cnf -extensions site -out site.crt &&
		cat site.key site.crt >site.pem
}
make_certificates >openssl.out 2>&1 || {
	ok 'certificates' false
	cat openssl.out
	tap_done
}

python3 "$servers/mirror.py" site.pem "${CNNBENCH_TEST_MNIST:-$PWD}" port >requests 2>server.err &
server=$!
trap 'kill $server 2>/dev/null' EXIT
until_true 30 test -s port || {
	ok 'the server starts' false
	cat server.err
	tap_done
}
base=https://localhost:$(cat port)

CNNBENCH_MIRRORS=$base/page/
refused 'a certificate that nobody vouches for' 5 'certificate' "$CNNBENCH" data fetch mnist
CURL_CA_BUNDLE=$PWD/ca.pem
export CURL_CA_BUNDLE

# All that a mirror may do wrong: exit code 5, one line, nothing in the cache.
while read -r how part; do
	CNNBENCH_MIRRORS=$base/$how
	refused "$how" 5 "$part" "$CNNBENCH" data fetch mnist
	is "$how: nothing is cached" "$(ls "$cache")" ''
done <<END
missing 404
page it is a web page
text it is no gzip file
empty it is empty
broken_off (curl's exit status 
cut it is cut off
altered its content is not the published one
small it inflates to 10007 bytes, not to 10008
bomb it inflates to more than the 10008 bytes
behind bytes follow the end
large (curl's exit status 63)
endless more than the 75544 bytes
redirected (curl's exit status 1)
silent timed out
END

# A small network: the float64 reference is slow under a sanitizer.
small='--filters1 2 --filters2 2 --hidden 8'
CNNBENCH_MIRRORS="$base/page $base/missing/"
run "$CNNBENCH" data fetch mnist
is 'two bad mirrors: exit code' "$status" 5
has 'two bad mirrors: the first is told' "$err" 'it is a web page, not the file; does this network ask for a login?; trying the next mirror'
has 'two bad mirrors: the second too' "$err" "$base/missing/, t10k-labels-idx1-ubyte.gz: "

# shellcheck disable=SC2086 # words
run "$CNNBENCH" run --epochs 1 --runs 1 --min-time 0 --platform c_cpu $small
is 'run goes on: exit code' "$status" 0
has 'run goes on: says that it tries' "$err" 'MNIST is not found: downloading it once'
has 'run goes on: says why not' "$err" 'MNIST could not be downloaded'
has 'run goes on: says with what' "$err" 'training on synthetic digits'
run "$CNNBENCH" run --dataset mnist --epochs 1 --runs 1 --platform c_cpu
is 'run that wants MNIST: exit code' "$status" 5
: >requests
run env CNNBENCH_DOWNLOAD=no "$CNNBENCH" run --dataset mnist --epochs 1 --runs 1 --platform c_cpu
is 'run that may not: exit code' "$status" 5
is 'run that may not: asks nobody' "$(cat requests)" ''
run "$CNNBENCH" data clean

# ---- the right files ----

[ -n "${CNNBENCH_TEST_MNIST:-}" ] || {
	skip 'the right files' 'CNNBENCH_TEST_MNIST names no folder of MNIST'
	tap_done
}
mnist=$cache/mnist

sums()
{
	cat "$mnist"/train-images-idx3-ubyte "$mnist"/train-labels-idx1-ubyte \
		"$mnist"/t10k-images-idx3-ubyte "$mnist"/t10k-labels-idx1-ubyte | cksum
}

CNNBENCH_MIRRORS="$base/page $base/moved"
"$CNNBENCH" data fetch mnist >first.out 2>first.err &
first=$!
run "$CNNBENCH" data fetch mnist
is 'two at once: exit code of one' "$status" 0
wait $first
is 'two at once: exit code of the other' $? 0
has 'says where' "$out" "MNIST is in $mnist"
is 'nothing is left behind' "$(find "$mnist" -type f | wc -l | tr -d ' ')" 4
run "$CNNBENCH" data
has 'ready' "$out" 'mnist    ready'
has 'in the cache' "$out" "$mnist"
right=$(sums)

: >requests
CNNBENCH_MIRRORS=$base/good
run "$CNNBENCH" data fetch mnist
is 'again: exit code' "$status" 0
is 'again: asks nobody' "$(cat requests)" ''
printf x | dd of="$mnist/t10k-images-idx3-ubyte" bs=1 seek=5000 conv=notrunc 2>dd.err
run "$CNNBENCH" data
has 'a damaged file is seen' "$out" 'mnist    refused'
run "$CNNBENCH" data fetch mnist
is 'a damaged file: exit code' "$status" 0
is 'a damaged file is fetched alone' "$(cat requests)" /good/t10k-images-idx3-ubyte.gz
is 'a damaged file is right again' "$(sums)" "$right"
run "$CNNBENCH" data fetch mnist --force
is '--force: all four' "$(wc -l <requests | tr -d ' ')" 5

rm -rf "$mnist"
# Refused once the data are there: so large a journal is not begun.
run "$CNNBENCH" run --epochs 10000 --runs 1000 --platform c_cpu
is 'run fetches it: exit code' "$status" 2
has 'run fetches it: says so' "$err" 'MNIST is not found: downloading it once'
lacks 'run fetches it: no digits' "$err" 'synthetic digits'
is 'run fetches it: all files' "$(sums)" "$right"
tap_done
