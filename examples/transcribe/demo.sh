#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The life of a few tasks, to look at: starts a server with this folder's bide.yaml, hands it the recordings that
# alsa-utils ships, shows their progress, prints what was said, and leaves the server running. Ctrl-C lets it finish
# what it has begun; a second Ctrl-C stops it at once. `make run` builds first and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080), BIDE_RECORDINGS the folder of recordings.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bide=$root/build/bide
run=${BIDE_DATA_DIR:-$root/build/transcribe} # bide.yaml says so, and the server reads BIDE_DATA_DIR too
listen=${BIDE_LISTEN:-127.0.0.1:8080}
recordings=${BIDE_RECORDINGS:-/usr/share/sounds/alsa}
export BIDE_SERVER="http://$listen"

# The server hears of the end once, whether a signal or the end of this script brings it.
stop() {
    told=yes
    kill -TERM "$server" 2>/dev/null || true
}
finish() {
    status=$?
    [ "$told" = yes ] || stop
    while kill -0 "$server" 2>/dev/null; do
        wait "$server" || true # a signal to this script interrupts wait
    done
    echo "the server has ended"
    exit "$status"
}

# submit FILE: prints the id
submit() {
    "$bide" submit transcribe --subject "${1##*/}" --input "{\"audio\":\"$1\",\"grammar\":\"$here/channels.gram\"}"
}

# member NAME: its value in the JSON of $task
member() {
    printf '%s' "$task" | sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p'
}

for program in "$bide" "$root/build/examples/transcribe/speech"; do
    [ -x "$program" ] || {
        echo "demo.sh: $program is missing: run make build first" >&2
        exit 1
    }
done
if "$bide" stats >/dev/null 2>&1; then
    echo "demo.sh: a server answers at $listen already; choose another with BIDE_LISTEN=127.0.0.1:PORT" >&2
    exit 1
fi

# A session of its own: Ctrl-C in a terminal reaches this script alone, which tells the server once.
mkdir -p "$run"
setsid "$bide" serve --config "$here/bide.yaml" --listen "$listen" >"$run/server.log" 2>&1 &
server=$!
told=no
trap stop INT TERM HUP
trap finish EXIT
until "$bide" stats >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || {
        cat "$run/server.log" >&2
        exit 1
    }
    sleep 0.1
done
cat "$run/server.log"

# Noise.wav has no words in it. The short ones are done in a blink: one that has them all, ten times, shows a bar.
set -- "$recordings"/*_*.wav
for round in 1 2 3 4 5 6 7 8 9 10; do
    printf "file '%s'\n" "$@"
done >"$run/ten_times.txt"
ffmpeg -nostdin -v error -y -f concat -safe 0 -i "$run/ten_times.txt" "$run/ten_times.wav"
set -- "$@" "$run/ten_times.wav"

echo
echo "submitting $# recordings"
ids=
for recording; do
    ids="$ids $(submit "$recording")"
done
# shellcheck disable=SC2086 # the ids are words; the bars go to the terminal, the results into the table below
"$bide" wait $ids >/dev/null

echo
printf '%-18s %-14s %10s %10s %18s\n' recording transcript audio run 'real-time factor'
for id in $ids; do
    task=$("$bide" get --json "$id")
    text=$(member text)
    [ ${#text} -le 14 ] || text="$(echo "$text" | wc -w) words"
    printf '%-18s %-14s %8.2f s %7d ms %18.2f\n' "$(member subject)" "$text" "$(member seconds)" "$(member run_ms)" \
        "$(member real_time_factor)"
done

echo
echo "bide is running at $BIDE_SERVER, its log is $run/server.log"
echo "try: build/bide list    or: curl $BIDE_SERVER/v1/tasks"
echo "Ctrl-C stops it"
wait "$server" || true
