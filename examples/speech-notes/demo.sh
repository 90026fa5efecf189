#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Notes of a video, to look at: makes one in which the recordings of alsa-utils are said, serves it on loopback, submits it
# to a server with this folder's bide.yaml at the application's own address, shows what a client sees until it is done, has
# the subtitles burnt into it, and leaves the server running (../server.sh). `make notes` builds first and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080), BIDE_RECORDINGS the folder of recordings.
# shellcheck disable=SC1091,SC2034,SC2154 # what server.sh reads and sets
set -eu

example=speech-notes
. "$(dirname "$0")/../server.sh"
recordings=${BIDE_RECORDINGS:-/usr/share/sounds/alsa}

# member NAME: the text of that name in the JSON of $answer
member() {
    printf '%s' "$answer" | sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p'
}

# followed ID: what a client sees that asks now and then
followed() {
    said=
    while :; do
        answer=$(curl -sf "$BIDE_SERVER/api/v1/task/$1")
        now=$(printf '  %-12s %s' "$(member status)" "$(member message)")
        [ "$now" = "$said" ] || printf '%s\n' "$now"
        said=$now
        case $(member status) in completed | failed) return ;; esac
        sleep 0.1
    done
}

start_server "$root/build/examples/transcribe/speech"

# The recordings one after the other with pauses, in front of a wall.
mkdir -p "$run/site"
for recording in "$recordings"/*_*.wav; do
    printf "file '%s'\nfile '%s'\n" "$recording" "$run/pause.wav"
done >"$run/said.txt"
ffmpeg -nostdin -v error -y -f lavfi -i anullsrc=r=48000:cl=mono -t 0.7 "$run/pause.wav"
ffmpeg -nostdin -v error -y -f concat -safe 0 -i "$run/said.txt" -f lavfi -i color=c=gray:s=640x360:r=10 \
    -map 0:a -map 1:v -shortest "$run/site/video.mp4"

# On a port of its own, which it tells.
: >"$run/site.log"
(cd "$run/site" && exec python3 -u -m http.server --bind 127.0.0.1 0) >"$run/site.log" 2>/dev/null &
site=$!
trap 'code=$?; set +e; kill $site; (exit $code); finish' EXIT
until grep -q '^Serving' "$run/site.log"; do
    kill -0 $site
    sleep 0.1
done
port=$(sed -n 's/^Serving.* port \([0-9]*\).*/\1/p' "$run/site.log")

echo
echo "POST /api/v1/process/bilibili with http://127.0.0.1:$port/video.mp4"
answer=$(curl -sf "$BIDE_SERVER/api/v1/process/bilibili" -H 'Content-Type: application/json' \
    -d '{"video_url": "http://127.0.0.1:'"$port"'/video.mp4", "text_only": true, "summarize": true}')
followed "$(member task_id)"
for name in raw_text polished_text summary; do
    printf '%-14s %s\n' $name "$(member $name)"
done

echo
echo "POST /api/v1/process/subtitle with the same video"
answer=$(curl -sf "$BIDE_SERVER/api/v1/process/subtitle" -F file=@"$run/site/video.mp4")
followed "$(member task_id)"
echo "output_video   $BIDE_SERVER$(member output_video)"

stay
