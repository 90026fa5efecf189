#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# hostile.sh: do the others notice hostile clients? Two quiet clients ask for a task and submit, PER_SECOND (50) times a
# second each for HOSTILE_SECONDS (10) seconds: first alone, then beside each attack of attack.c. The goal is the p99 of
# the others: under 10 ms. The last columns are what the attack got meanwhile, and what memory the server had then.
#
# Attacker, server and the others share the machine's cores, and latencies count from the moment a request was due
# (pace.c), so a stall is charged in full.
set -eu

. "$(dirname "$0")/lib.sh"

PER_SECOND=${PER_SECOND:-50}
HOSTILE_SECONDS=${HOSTILE_SECONDS:-10}
goal_ms=10
body='{"type":"bench","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","options":{"beam":5}}}'

config() {
    cat >"$work/bide.yaml" <<-END
		queues: {paused: {paused: true}, open: {concurrency: 1}}
		types:
		  bench: {queue: paused, exec: [/bin/true]}
		  cat: {queue: open, exec: [/bin/cat]}
	END
}

# ask NAME TARGET [JSON], in the background
ask() {
    name=$1
    shift
    timeout $((HOSTILE_SECONDS * 5)) "$built/pace" -r "$PER_SECOND" -t "$HOSTILE_SECONDS" "$address" "$@" >"$work/$name" &
    started $!
    asking="$asking $pid"
}

memory() {
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server/status"
}

# measure LABEL: prints a line for each of the others
measure() {
    asking=
    ask get "/v1/tasks/$task"
    ask submit /v1/tasks "$body"
    for one in $asking; do
        wait "$one" || die "the others got no answers in time"
    done
    mib=$(($(memory) / 1024))
}

# show LABEL [WHAT THE ATTACK SAID]
show() {
    for name in get submit; do
        read -r _ p50 p99 longest errors <"$work/$name"
        [ "$errors" = 0 ] || die "$1: $name: $errors requests were refused"
        if awk -v ms="$p99" -v goal=$goal_ms 'BEGIN { exit !(ms < goal) }'; then verdict=met; else verdict=missed; fi
        printf '%-34s %-7s %8s %8s %10s  %-6s %5s MiB  %s\n' "$1" $name "$p50" "$p99" "$longest" $verdict "$mib" "${2-}"
    done
}

is_ready() {
    for one in $saying; do
        grep -q ready "$one" || return 1
    done
}

# beside LABEL (HOW COUNT [TARGET])...: several attacks at once, separated by "+"
beside() {
    label=$1
    shift
    attackers='' saying=''
    while [ $# -gt 0 ]; do
        how=$1 count=$2
        shift 2
        target=
        if [ $# -gt 0 ] && [ "$1" != + ]; then
            target=$1
            shift
        fi
        [ $# -eq 0 ] || shift
        : >"$work/said-$how"
        "$built/attack" "$how" "$count" "$address" ${target:+"$target"} >"$work/said-$how" &
        started $!
        attackers="$attackers $pid"
        saying="$saying $work/said-$how"
    done
    until_true "the attackers are there" is_ready
    measure
    for one in $attackers; do
        stop "$one"
    done
    # shellcheck disable=SC2086 # the files are words
    show "$label" "$(cat $saying | sed -n '/opened/p' | tr '\n' ';')"
    until_true "they are gone" is_quiet
}

# The server has closed what it had with them; a moment of rest for the next.
is_quiet() {
    [ "$(find "/proc/$server/fd" -type l | wc -l)" -lt 100 ]
}

prepare
compile attack "$here/attack.c"
config
start_bide "$work"
server=$pid
export BIDE_SERVER="http://$address"
task=$("$bide" submit bench --input '{}')
awk 'BEGIN { printf "\""; for (i = 0; i < 40000; i++) printf "xxxxxxxxxx"; printf "\"" }' >"$work/long.json"
long=$("$bide" submit cat --input "@$work/long.json")
"$bide" wait "$long" >/dev/null

printf '%-34s %-7s %8s %8s %10s  %-6s %9s  %s\n' beside request "p50 ms" "p99 ms" "longest ms" "< $goal_ms" memory "the attack"
measure
show "nobody"
beside "5,000 idle" idle 5000
beside "300 heads byte by byte" head 300
beside "300 bodies byte by byte" body 300
beside "100 that never read" deaf 100 "/v1/tasks/$long/result"
beside "slow in four ways at once" head 300 + body 300 + deaf 100 "/v1/tasks/$long/result" + idle 300
beside "refused requests, 1 connection" refused 1
beside "refused requests, 100 connections" refused 100
beside "pipelining, 1 connection" pipeline 1
beside "pipelining, 100 connections" pipeline 100
measure
show "nobody, again"
stop "$server"
