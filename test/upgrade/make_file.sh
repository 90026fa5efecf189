#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes test/upgrade/files/COMMIT.sql and .json: a store as the bide of that commit leaves it, with every kind of row
# that it knows, as text, and what a later bide must show of it (fill.py says what). Run it for each release, and before a
# change of the schema, so that the last file of the version that goes is of the last bide that wrote it:
#
#     test/upgrade/make_file.sh COMMIT [kill|stop]      how that server ends; kill leaves a log, which the text includes
#
# The tests take every file there is. One that was made cannot be made again to the letter (its times and ids are its own)
# and is not changed.
set -eu
commit=$(git rev-parse --short=7 "$1^{commit}")
how=${2:-kill}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" 2>/dev/null; rm -rf "$work"' EXIT

git worktree add --quiet --detach "$work/tree" "$commit"
(cd "$work/tree" && cmake --preset release >/dev/null && cmake --build --preset release --target bide >/dev/null)
BIDE_BIN=$work/tree/build/bide PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/fill.py" "$work" "$commit" "$how"

db=$work/$commit.db
version=$(sqlite3 "$db" 'PRAGMA user_version') # the first to open it reads what the log holds
{
    echo "-- a store of version $version, left by bide at $commit ($how); made by test/upgrade/make_file.sh"
    echo "PRAGMA page_size=$(sqlite3 "$db" 'PRAGMA page_size');"
    echo "PRAGMA application_id=$(sqlite3 "$db" 'PRAGMA application_id');"
    echo "PRAGMA user_version=$version;"
    sqlite3 "$db" .dump
} >"$here/files/$commit.sql"
install -m 644 "$work/$commit.json" "$here/files/$commit.json"
ls -l "$here/files/$commit.sql" "$here/files/$commit.json"
