#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# latency.sh: does the server stay quick while a worker computes flat out? One quiet client each asks for /healthz, for
# a task and for a submit, PER_SECOND (50) times a second for LATENCY_SECONDS (20) seconds: first with an idle machine,
# then with a worker that keeps every core busy. The goal is the p99 under that load: under 5 ms.
#
# Latencies count from the moment a request was due (pace.c), so a stall is charged in full.
set -eu

. "$(dirname "$0")/lib.sh"

PER_SECOND=${PER_SECOND:-50}
LATENCY_SECONDS=${LATENCY_SECONDS:-20}
goal_ms=5
BENCH_THREADS=$(nproc)
export BENCH_THREADS
body='{"type":"bench","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","options":{"beam":5}}}'

config() {
    cat >"$work/bide.yaml" <<-END
		queues: {paused: {paused: true}, open: {concurrency: 1}}
		workers: {busy: {command: [$built/busy_worker]}}
		types:
		  bench: {queue: paused, exec: [/bin/true]}
		  busy: {queue: open, worker: busy, grace: 30s}
	END
}

is_running() {
    [ "$("$bide" get --json "$busy" | tr -d ' \n' | sed -n 's/.*"status":"\([a-z]*\)".*/\1/p')" = running ]
}

# ask NAME TARGET [JSON], in the background
ask() {
    name=$1
    shift
    "$built/pace" -r "$PER_SECOND" -t "$LATENCY_SECONDS" "$address" "$@" >"$work/$name" &
    started $!
    asking="$asking $pid"
}

# measure LABEL
measure() {
    asking=
    ask healthz /healthz
    ask get "/v1/tasks/$task"
    ask submit /v1/tasks "$body"
    for one in $asking; do
        wait "$one" || die "a client failed"
    done
    for name in healthz get submit; do
        read -r _ p50 p99 longest errors <"$work/$name"
        [ "$errors" = 0 ] || die "$name: $errors requests were refused"
        if awk -v ms="$p99" -v goal=$goal_ms 'BEGIN { exit !(ms < goal) }'; then verdict=met; else verdict=missed; fi
        printf '%-26s %-10s %9s %9s %11s   %s\n' "$1" $name "$p50" "$p99" "$longest" $verdict
    done
}

prepare
config
start_bide "$work"
server=$pid
export BIDE_SERVER="http://$address"
task=$("$bide" submit bench --input '{}')
printf '%-26s %-10s %9s %9s %11s   %s\n' machine request "p50 ms" "p99 ms" "longest ms" "p99 < $goal_ms ms"
measure "no worker"
busy=$("$bide" submit busy --input '{}')
until_true "the worker computes" is_running
measure "$BENCH_THREADS threads of a worker"
"$bide" cancel "$busy" >/dev/null
stop "$server"
