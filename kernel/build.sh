#!/bin/sh
# Build the wheel with the C compiler of this machine and install it. Without a compiler Playtally still works, more slowly.
# BIN is the folder of programs of the virtual environment.
set -eu
here=$(dirname "$0")
if ! command -v cc >/dev/null && ! command -v gcc >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing a C compiler from Debian for the fast reading of files"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null
  else
    echo "There is no C compiler, so files are read the slower way. For the faster one: sudo apt-get install gcc libc6-dev, then make setup" >&2
    exit 0
  fi
fi
CC=$(command -v cc || command -v gcc)
export CC LDSHARED="$CC -shared"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
pip="$BIN/python -m pip --quiet --disable-pip-version-check --no-input"
$pip install --require-hashes -r "$here/../requirements/build.txt"
cp -r "$here" "$wheels/source" # the build leaves files in its folder
if $pip wheel --no-deps --no-build-isolation --no-index --wheel-dir "$wheels" "$wheels/source"; then
  $pip install --no-deps --no-index --force-reinstall "$wheels"/*.whl
else
  echo "The fast reading could not be built on this machine, so files are read the slower way." >&2
fi
