#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh FILE: runs one suite of this folder with Node's own test runner. 77, which ctest takes for skipped, and a line
# that says why, where there is no Node 18 or newer.
set -eu
if ! command -v node >/dev/null; then
    echo "skipped: there is no node here (Debian: nodejs)"
    exit 77
fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 18 ]; then
    echo "skipped: node $major is older than 18"
    exit 77
fi
exec node --test "$1"
