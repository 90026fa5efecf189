#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The life of a few tasks, to look at: starts a server with this folder's bide.yaml, hands it the recordings that
# alsa-utils ships, shows their progress, prints what was said, and leaves the server running (../server.sh).
# `make run` builds first and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080), BIDE_RECORDINGS the folder of recordings.
# shellcheck disable=SC1091,SC2034,SC2154 # what server.sh reads and sets
set -eu

example=transcribe
. "$(dirname "$0")/../server.sh"
recordings=${BIDE_RECORDINGS:-/usr/share/sounds/alsa}

# submit FILE: prints the id
submit() {
    "$bide" submit transcribe --subject "${1##*/}" --input "{\"audio\":\"$1\",\"grammar\":\"$here/channels.gram\"}"
}

# member NAME: its value in the JSON of $task
member() {
    printf '%s' "$task" | sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p'
}

start_server "$root/build/examples/transcribe/speech"

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

stay
