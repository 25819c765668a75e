# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # what the caller sets
#
# Sourced by platforms/*/launch, the program behind all Python workers of a folder, which sets
#
#   folder    where the platform's modules lie
#   packages  what they import, as modules: "numpy torch"
#   root      of the project, where that is not $folder/../..
#
# Finds a Python that has the packages and becomes it: that of CNNBENCH_PYTHON, of the active
# environment, of the project's .venv (scripts/peers makes it), or of PATH, in this order.  Where
# none has them, the first that there is says what is missing; where there is none at all, we do.
# The interpreter is isolated (-I): neither PYTHON* nor the user's site-packages change the result.

root=$(cd "${root:-$folder/../..}" && pwd)
name=$(basename "$0")
name=${name#worker-}

# has_packages PYTHON: is it recent enough, and are they there?  (None is imported.)
has_packages()
{
	# shellcheck disable=SC2086 # a list of words
	"$1" -I -c 'import sys
from importlib.util import find_spec
sys.exit(sys.version_info < (3, 10) or not all(map(find_spec, sys.argv[1:])))' $packages 2>/dev/null
}

python=
for candidate in "${CNNBENCH_PYTHON:-}" "${VIRTUAL_ENV:+$VIRTUAL_ENV/bin/python}" \
	"${CONDA_PREFIX:+$CONDA_PREFIX/bin/python}" "$root/.venv/bin/python" "$(command -v python3)"; do
	if ! command -v "$candidate" >/dev/null 2>&1; then
		continue
	elif has_packages "$candidate"; then
		python=$candidate
		break
	fi
	python=${python:-$candidate}
done
if [ -z "$python" ]; then
	events=1 before=
	for word in "$@"; do
		[ "$before" != --events ] || events=$word
		before=$word
	done
	echo '{"event": "unavailable", "reason": "there is no Python 3", "help": "install it, then: make setup"}' \
		>"/dev/fd/$events"
	exit 0
fi
exec "$python" -I -B "$root/src/worker/main.py" "$folder" "$name" "$@"
