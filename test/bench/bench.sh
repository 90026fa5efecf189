#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bench.sh: bide and beanstalkd taking turns on this machine, 64 connections with one request outstanding on each.
# bench.sh long: one minute of synced submits, its p99 and the checkpoints in it, beside beanstalkd -f0.
#
# Absolute figures belong to the machine and the hour; what is compared is compared within one turn, and the medians
# over the turns are printed. REPS (3) turns, SECONDS_EACH (5), LONG_SECONDS (60), CONTESTANTS (all; a ratio needs
# put_f0 or life_f0 among them).
set -eu

. "$(dirname "$0")/lib.sh"

REPS=${REPS:-3}
SECONDS_EACH=${SECONDS_EACH:-5}
LONG_SECONDS=${LONG_SECONDS:-60}
connections=64
# 200 bytes
body='{"type":"bench","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, short."}}'

# new_dir: $dir, empty, after the disk has calmed down from whoever came before
new_dir() {
    rm -rf "$work/run"
    mkdir "$work/run"
    dir=$work/run
    sync -f "$dir"
}

# config INSTANCES: a paused queue for submits alone, another with a worker that does nothing
config() {
    cat >"$dir/bide.yaml" <<-END
		queues: {paused: {paused: true}, open: {concurrency: 64}}
		workers: {noop: {command: [$built/noop_worker], instances: $1, load: boot, keep_alive: forever}}
		types:
		  bench: {queue: paused, exec: [/bin/true]}
		  noop: {queue: open, worker: noop}
	END
}

# load TARGET BODY [OPTION...]: wrk's line
load() {
    target=$1
    said=$2
    shift 2
    BENCH_BODY=$said wrk -t1 -c$connections -d"${seconds}s" -s "$here/load.lua" "$@" "http://$address$target" >"$dir/wrk" ||
        die "wrk failed"
    line=$(sed -n 's/^RESULT //p' "$dir/wrk")
    [ "${line##* }" = 0 ] || die "$target: ${line##* } requests were refused or failed"
    echo "$line"
}

completed() {
    BIDE_SERVER=http://$address "$bide" stats --json | tr -d ' \n' | sed -n 's/.*"completed":\([0-9]*\).*/\1/p'
}

now_ms() {
    date +%s%3N
}

# ---- the contestants: each starts its server, prints "RATE P50 P99 LONGEST ERRORS" of $seconds, and stops it ----

# with_bide INSTANCES COMMAND...
with_bide() {
    new_dir
    config "$1"
    shift
    start_bide "$dir"
    "$@"
    stop "$pid"
}

# with_beanstalkd MODE-OF-put OPTION-OF-beanstalkd...
with_beanstalkd() {
    new_dir
    mode=$1
    shift
    start_beanstalkd "$@"
    # shellcheck disable=SC2086 # an empty mode is no word
    "$built/put" $mode -c $connections -t "$seconds" -b ${#body} 127.0.0.1 "$port"
    stop "$pid"
}

# Submits as fast as they are taken; what is counted is tasks that were completed meanwhile.
flood() {
    noop=$(printf '%s' "$body" | sed 's/"bench"/"noop"/')
    before=$(completed)
    start_ms=$(now_ms)
    load /v1/tasks "$noop" >/dev/null
    after=$(completed)
    echo "$(((after - before) * 1000 / ($(now_ms) - start_ms))) - - - 0"
}

life() {
    load /v1/tasks "$(printf '%s' "$body" | sed 's/"bench"/"noop"/')" -H 'Prefer: wait=30'
}

contestants=${CONTESTANTS:-submit put_f0 put_memory livez life1 life4 flood1 flood4 life_f0 life_memory}

contest() {
    case $1 in
    submit) with_bide 1 load /v1/tasks "$body" ;;
    livez) with_bide 1 load /livez "" ;;
    life1) with_bide 1 life ;;
    life4) with_bide 4 life ;;
    flood1) with_bide 1 flood ;;
    flood4) with_bide 4 flood ;;
    put_f0) with_beanstalkd "" -f0 -b "$work/run" ;;
    put_memory) with_beanstalkd "" ;;
    life_f0) with_beanstalkd -l -f0 -b "$work/run" ;;
    life_memory) with_beanstalkd -l ;;
    esac
}

# what|durability|what its ratio is to
describe() {
    case $1 in
    submit) echo "bide: submit over HTTP|synced before the answer|put_f0" ;;
    put_f0) echo "beanstalkd -f0: put|synced before the answer|put_f0" ;;
    put_memory) echo "beanstalkd: put|none|put_f0" ;;
    livez) echo "bide: GET /livez|no store|put_f0" ;;
    life1) echo "bide: life, answer at its end, 1 worker|synced|life_f0" ;;
    life4) echo "bide: life, answer at its end, 4 workers|synced|life_f0" ;;
    flood1) echo "bide: completed while submits flood, 1 worker|synced|life_f0" ;;
    flood4) echo "bide: completed while submits flood, 4 workers|synced|life_f0" ;;
    life_f0) echo "beanstalkd -f0: put, reserve, delete|synced|life_f0" ;;
    life_memory) echo "beanstalkd: put, reserve, delete|none|life_f0" ;;
    esac
}

# column NAME N: the median of column N over the turns
column() {
    awk -v name="$1" -v n="$2" '$2 == name && $(n + 2) != "-" { print $(n + 2) }' "$work/figures" | median
}

# ratio NAME BASE: the median of the quotients within each turn
ratio() {
    awk -v name="$1" -v base="$2" '$2 == name { a[$1] = $3 } $2 == base { b[$1] = $3 }
        END { for (turn in a) if (b[turn] > 0) print a[turn] / b[turn] }' "$work/figures" | median
}

table() {
    printf '%-48s %-26s %10s %9s %9s %14s\n' what durability "median /s" "p50 ms" "p99 ms" "to bean. -f0"
    for name in $contestants; do
        IFS='|' read -r what durability base <<-END
			$(describe "$name")
		END
        p50=$(column "$name" 2)
        p99=$(column "$name" 3)
        printf '%-48s %-26s %10.0f %9s %9s %13.2fx\n' "$what" "$durability" "$(column "$name" 1)" "${p50:--}" "${p99:--}" \
            "$(ratio "$name" "$base")"
    done
}

# turn NUMBER NAME
turn() {
    contest "$2" >"$work/line"
    echo "$1 $2 $(cat "$work/line")" >>"$work/figures"
    echo "turn $1: $2 $(cat "$work/line")" >&2
}

short() {
    seconds=$SECONDS_EACH
    n=1
    while [ $n -le "$REPS" ]; do
        for name in $contestants; do
            turn $n "$name"
        done
        n=$((n + 1))
    done
    table
}

# The checkpoint sequence number of a write-ahead log, at byte 12 of its header: it counts the times that the log was
# begun again because a checkpoint had copied all of it (SQLite's file format, section 4.1).
restarts() {
    od -An -j12 -N4 -tu1 "$dir/bide.db-wal" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'
}

minute() {
    before=$(restarts)
    load /v1/tasks "$body"
    checkpoints=$(($(restarts) - before))
}

verdict() {
    if awk -v a="$1" -v b="$3" "BEGIN { exit !(a $2 b) }"; then echo met; else echo missed; fi
}

long() {
    seconds=$SECONDS_EACH
    turn 1 put_f0
    seconds=$LONG_SECONDS
    with_bide 1 minute >"$work/minute"
    seconds=$SECONDS_EACH
    turn 2 put_f0
    read -r rate p50 p99 longest errors <"$work/minute"
    put=$(column put_f0 1)
    times=$(echo "$rate $put" | awk '{ printf "%.2f", $1 / $2 }')
    echo "synced submits over HTTP, $connections connections, $LONG_SECONDS s: $rate/s, p50 $p50 ms, p99 $p99 ms, longest $longest ms, $errors errors"
    echo "beanstalkd -f0 put, before and after: $put/s"
    echo "goal: at least 3x beanstalkd -f0    $times    $(verdict "$times" '>=' 3)"
    echo "goal: p99 under 5 ms                $p99 ms    $(verdict "$p99" '<' 5)"
    echo "goal: at least five checkpoints     $checkpoints    $(verdict "$checkpoints" '>=' 5)"
}

prepare
case ${1:-short} in
short) short ;;
long) long ;;
*) die "usage: bench.sh [long]" ;;
esac
