#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The analyses, to look at: starts a server with this folder's bide.yaml, writes the three chapters of a short novel, shows
# what a client sees, what is known of the novel then, and leaves the server running (../server.sh). `make novel` builds first
# and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080).
# shellcheck disable=SC1091,SC2034,SC2154 # what server.sh reads and sets
set -eu

example=novel-analysis
. "$(dirname "$0")/../server.sh"
api=$BIDE_SERVER/api/async-analysis

start_server

echo
for n in 1 2 3; do
    printf 'chapter %s is written: ' $n
    /usr/bin/python3 "$here/write.py" 7 $((120 + n)) $n "$here/chapters/$n.txt" |
        curl -sf "$api/tasks" -H 'Content-Type: application/json' -d @- | sed 's/"chapter":.*/"chapter":.../'
    until curl -sf "$api/tasks/$((120 + n))/latest" | grep -Eq '"status":"(completed|failed)"'; do sleep 0.1; done
    echo
done

echo
echo "GET /api/async-analysis/status?project_id=7"
curl -sf "$api/status?project_id=7" | cut -c 1-80
echo
echo "GET /api/async-analysis/notifications?unread_only=true"
until curl -sf "$api/notifications?unread_only=true" | grep -q '"chapter_id":123'; do sleep 0.1; done
curl -sf "$api/notifications?unread_only=true" | sed 's/},{/},\n {/g'
echo
echo "what is known of the novel:"
/usr/bin/python3 "$here/known.py" 7
stay
