#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The characters of a novel, to look at: starts a server with this folder's bide.yaml and the web application, puts a book
# into it, shows how far the recognition is, who is in the book, and who brought the news, and leaves both running
# (../server.sh). `make characters` builds first and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080).
# shellcheck disable=SC1091,SC2034,SC2154 # what server.sh reads and sets
set -eu

example=character-recognition
. "$(dirname "$0")/../server.sh"

# Both know it: callbacks are signed.
mkdir -p "$run"
[ -s "$run/callback.secret" ] || python3 -c '
import base64, os
print("whsec_" + base64.b64encode(os.urandom(32)).decode())' >"$run/callback.secret"
chmod 600 "$run/callback.secret"
BIDE_WEBHOOKS_SECRETS=$(cat "$run/callback.secret")
export BIDE_WEBHOOKS_SECRETS

start_server
: >"$run/web.log"
setsid python3 -u "$here/web/app.py" --db "$run/books.db" --service "$BIDE_SERVER" --secret "$run/callback.secret" >>"$run/web.log" 2>&1 &
service=$!
until grep -q '^web listens' "$run/web.log"; do
    kill -0 "$service" 2>/dev/null || {
        cat "$run/web.log" >&2
        exit 1
    }
    sleep 0.1
done
web=$(sed -n 's/^web listens on //p' "$run/web.log")

# A novel long enough to look on: the chapters of harbour.txt again and again.
python3 -c '
import json, sys
print(json.dumps({"title": "Harbour", "text": open(sys.argv[1]).read() * 1500}), end="")' "$here/harbour.txt" >"$run/book.json"
book=$(curl -sf "$web/api/books" -H 'Content-Type: application/json' --data-binary "@$run/book.json" | sed 's/[^0-9]//g')
one=$web/api/books/$book/characters/recognize

echo
echo "POST $one"
curl -sf -X POST "$one" >/dev/null
curl -sfN "$one/events" | sed -n 's/.*"status":"running".*"percent":\([0-9.]*\),"message":"\(sentence [^"]*\)".*/  \1 %  \2/p'
until curl -sf "$one" >"$run/shown" && ! grep -q '"endedBy": null' "$run/shown"; do sleep 0.1; done
python3 -c '
import json, sys
shown = json.load(open(sys.argv[1]))
print(shown["status"] + ", told by", shown["endedBy"])
for one in shown["characters"]:
    others = " (" + ", ".join(one["aliases"]) + ")" if one["aliases"] else ""
    print("  {name}{others}: {count} times, speaks {speaks} times".format(others=others, **one))' "$run/shown"
echo
echo "GET /api/stats"
curl -sf "$BIDE_SERVER/api/stats"
echo
stay
