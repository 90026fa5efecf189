#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh FILE: runs one suite of this folder with Node's own test runner. playwright-core lies below the build folder, fetched once.
# 77, which ctest takes for skipped, and a line that says why, where there is no Chromium, Node 18 or npm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for program in chromium node npm; do
    command -v "$program" >/dev/null || {
        echo "skipped: there is no $program here (scripts/install-packages web)"
        exit 77
    }
done
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 18 ]; then
    echo "skipped: node $major is older than 18"
    exit 77
fi
npm=${BIDE_BUILD:-$here/../../build}/test/web
mkdir -p "$npm"
exec 9>"$npm/lock"
flock 9
if ! cmp -s "$here/package.json" "$npm/installed"; then
    cp "$here/package.json" "$npm/package.json"
    npm install --prefix "$npm" --no-package-lock --ignore-scripts --no-audit --no-fund \
        --fetch-retries 2 >"$npm/log" 2>&1 || {
        cat "$npm/log"
        echo "skipped: npm could not install playwright-core"
        exit 77
    }
    cp "$here/package.json" "$npm/installed"
fi
exec 9>&-
PLAYWRIGHT=$npm/node_modules/playwright-core/index.mjs exec node --test "$1"
