#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# polls.sh: what do clients cost that wait? 64 connections submit as fast as they are answered, beside 0, 1,000 and 9,000
# idle long polls (polls.c), each on a connection and for a task of its own; REPS (3) turns of POLLS_SECONDS (5) each, and
# before the first turn one that does not count. What is compared is compared within one turn. Memory is RssAnon of the
# server with its first 9,000 polls less without them.
set -eu

. "$(dirname "$0")/lib.sh"
. "$here/reach.sh"

REPS=${REPS:-3}
POLLS_SECONDS=${POLLS_SECONDS:-5}
body='{"type":"bench","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, short."}}'

# submits: a second
submits() {
    BENCH_BODY=$body BENCH_MEDIA=application/json wrk -t1 -c64 -d"${POLLS_SECONDS}s" -s "$here/load.lua" "http://$address/v1/tasks" >"$work/wrk" || die "wrk failed"
    line=$(sed -n 's/^RESULT //p' "$work/wrk")
    [ "${line##* }" = 0 ] || die "${line##* } submits were refused or failed"
    echo "${line%% *}"
}

is_ready() {
    grep -q ready "$work/said"
}

is_alone() {
    [ "$(find "/proc/$server/fd" -type l | wc -l)" -lt 100 ]
}

# beside COUNT: prints "RATE BYTES-OF-MEMORY-EACH"
beside() {
    before=$(private_kib "$server")
    : >"$work/said"
    if [ "$1" -gt 0 ]; then
        "$built/polls" "$1" "$address" <"$work/ids" >"$work/said" &
        started $!
        polls=$pid
        until_true "the polls are there" is_ready
        # Answered after them: all polls have been taken in.
        curl -sS -f -o "$work/answers" "http://$address/v1/stats"
    fi
    each=$(quotient $((($(private_kib "$server") - before) * 1024)) "$1" 0)
    submits >"$work/rate"
    if [ "$1" -gt 0 ]; then
        stop "$polls"
        until_true "they are gone" is_alone
    fi
    echo "$(cat "$work/rate") $each"
}

prepare
compile polls "$here/polls.c"
cat >"$work/bide.yaml" <<-END
	queues: {paused: {paused: true}}
	types: {bench: {queue: paused, exec: [/bin/true]}}
END
start_bide "$work"
server=$pid
many 1000 "$body"
left=9
while [ "$left" -gt 0 ]; do
    sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$work/answers" >>"$work/ids"
    left=$((left - 1))
    many 1000 "$body"
done
submits >/dev/null
# Memory first: what polls leave behind is used again by the next ones.
beside 9000 >"$work/line"
read -r _ first <"$work/line"
n=1
while [ $n -le "$REPS" ]; do
    for count in 0 1000 9000; do
        beside "$count" >"$work/line"
        read -r rate _ <"$work/line"
        echo "turn $n: beside $count idle long polls $rate submits/s"
        [ "$count" -gt 0 ] || alone=$rate
        quotient "$rate" "$alone" 3 >>"$work/times-$count"
    done
    n=$((n + 1))
done
reach "submits beside 1,000 idle long polls, to without" "$(median <"$work/times-1000")" '>=' 0.95
reach "submits beside 9,000 idle long polls, to without" "$(median <"$work/times-9000")" '>=' 0.8
reach "memory of one idle long poll of 9,000" "$first" '<' 4096 bytes
