#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The studio, to look at: starts a server with this folder's bide.yaml and the service of content-creator, has content written
# in both modes and from rows of the application's own table, shows what became of it, and leaves the server running
# (../server.sh). `make studio` builds first and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080).
# shellcheck disable=SC1091,SC2034,SC2154 # what server.sh reads and sets
set -eu

example=content-studio
. "$(dirname "$0")/../server.sh"
export STUDIO_HOME="$run"
studio=$here/studio

start_server
setsid "$here/content-creator" serve >"$run/creator.log" 2>&1 &
service=$!
until [ -S "$run/creator.sock" ]; do
    kill -0 "$service" 2>/dev/null || {
        cat "$run/creator.log" >&2
        exit 1
    }
    sleep 0.1
done

"$studio" intake >/dev/null # makes the tables of studio.db, when it is new
before=$("$studio" outcomes | wc -l)

echo
echo "submitting five briefs, and putting two into the table intake"
begun=$("$bide" submit content --input '{"account": "ann", "topic": "slow trains", "seconds": 2}')
"$studio" submit ann "night ferries" --type content.polled --seconds 3 >/dev/null
"$studio" submit bob "old maps" --words 150 --pictures 5 >/dev/null
"$studio" submit bob "silence" --fails "no muse" --type content.polled >/dev/null
"$studio" submit cat "patience" --seconds 600 --timeout 1 >/dev/null
/usr/bin/python3 - <<'END'
import os, sqlite3
with sqlite3.connect(os.environ["STUDIO_HOME"] + "/studio.db") as db:
    db.executemany("INSERT INTO intake(account, topic) VALUES(?, ?)", [("cat", "small gardens"), ("dog", "long walks")])
END
echo "intake: $("$studio" intake)"
"$bide" wait "$begun" >/dev/null
"$studio" queue join

# What follows an ending comes soon after it.
until [ "$("$studio" outcomes | wc -l)" -ge $((before + 7)) ]; do sleep 0.1; done
echo
echo "the pool:"
"$studio" pool
echo
echo "what came of the others:"
"$studio" outcomes | tail -n 7 | grep -v '"outcome": "success"'
stay
