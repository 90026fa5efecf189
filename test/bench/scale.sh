#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# scale.sh: what 1,000,000 tasks that wait and 10,000,000 that have ended cost, beside an empty store. PENDING and ENDED
# say other numbers; FILE names a filled store that is kept for the next run (it is made when it is not there); REPS (3)
# turns, SECONDS_EACH (5).
#
# Both stores take turns: start, memory, submits at 64 connections to a paused queue, and claims: of the tasks that wait
# there, all of one type in both stores, run by one worker that does nothing, its results stored, every change synced. Then
# first pages and counts (reads.py). Absolute figures belong to the machine and the hour, ratios are of one turn.
set -eu

. "$(dirname "$0")/lib.sh"

PENDING=${PENDING:-1000000}
ENDED=${ENDED:-10000000}
REPS=${REPS:-3}
SECONDS_EACH=${SECONDS_EACH:-5}
body='{"type":"transcribe","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, short."}}'

config() {
    cat >"$1/bide.yaml" <<-END
		data_dir: $1/data
		queues: {gpu: {concurrency: 64, paused: true}, cpu: {paused: true}, slow: {paused: true}, seldom: {paused: true}}
		workers: {noop: {command: [$built/noop_worker], instances: 1, load: boot, keep_alive: forever}}
		types:
		  transcribe: {queue: gpu, worker: noop}
		  embed: {queue: cpu, worker: noop}
		  summarize: {queue: cpu, worker: noop}
		  thumbnail: {queue: cpu, worker: noop}
		  report: {queue: slow, worker: noop}
		  rare: {queue: seldom, worker: noop}
	END
}

now_ms() {
    date +%s%3N
}

verdict() {
    if awk -v a="$1" -v b="$3" "BEGIN { exit !(a $2 b) }"; then echo met; else echo missed; fi
}

anonymous_kib() {
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

ask() {
    BIDE_SERVER=http://$address "$bide" "$@"
}

completed() {
    ask stats --json | tr -d ' \n' | sed -n 's/.*"completed":\([0-9]*\).*/\1/p'
}

# wrk's line
submits() {
    BENCH_BODY=$body BENCH_MEDIA=application/json wrk -t1 -c64 -d"${SECONDS_EACH}s" -s "$here/load.lua" "http://$address/v1/tasks" >"$work/wrk" ||
        die "wrk failed"
    sed -n 's/^RESULT //p' "$work/wrk"
}

# Of tasks that wait, per second. The worker has been started with the server.
claims() {
    ask queue resume gpu >/dev/null
    before=$(completed)
    start_ms=$(now_ms)
    sleep "$SECONDS_EACH" # sleep: the time that is measured
    after=$(completed)
    took_ms=$(($(now_ms) - start_ms))
    ask queue pause gpu >/dev/null
    echo $(((after - before) * 1000 / took_ms))
}

# turn NUMBER STORE: a line "NUMBER STORE START_MS KIB SUBMITS CLAIMS"
turn() {
    dir=$work/$2
    [ "$2" = full ] || rm -f "$dir"/bide.db*
    sync -f "$dir"
    start_ms=$(now_ms)
    start_bide "$dir"
    took_ms=$(($(now_ms) - start_ms))
    kib=$(anonymous_kib "$pid")
    read -r rate _ <<-END
		$(submits)
	END
    echo "$1 $2 $took_ms $kib $rate $(claims)" >>"$work/figures"
    stop "$pid"
    echo "turn $1: $(tail -n 1 "$work/figures")" >&2
}

# column STORE N: the median over the turns
column() {
    awk -v store="$1" -v n="$2" '$2 == store { print $(n + 2) }' "$work/figures" | median
}

# slower N: the median of empty by full
slower() {
    awk -v n="$1" '{ v[$1, $2] = $(n + 2); turns[$1] } END { for (t in turns) print v[t, "empty"] / v[t, "full"] }' \
        "$work/figures" | median
}

goal() {
    printf '%-44s %10s %-12s %s\n' "$1" "$2" "$3" "$(verdict "$2" "$4" "$5")"
}

fill() {
    [ ! -f "$FILE" ] || return 0
    start_ms=$(now_ms)
    "$built/fill" "$FILE" "$PENDING" "$ENDED" || die "cannot fill $FILE"
    echo "filled in $((($(now_ms) - start_ms) / 1000)) s: $(($(stat -c %s "$FILE") / 1048576)) MiB"
}

prepare
compile fill -I"$root/src" "$here/fill.c" "$root"/build/libbide_store.a "$root"/build/libbide_loop.a "$root"/build/libbide_task.a \
    "$root"/build/libbide_base.a $(pkg-config --libs sqlite3 libuv yajl nettle) -lm -lpthread
mkdir "$work/full" "$work/empty"
FILE=${FILE:-$work/full/bide.db}
fill
[ "$FILE" = "$work/full/bide.db" ] || cp --reflink=auto "$FILE" "$work/full/bide.db"
config "$work/full"
config "$work/empty"
n=1
while [ $n -le "$REPS" ]; do
    turn $n empty
    turn $n full
    n=$((n + 1))
done
per_task=$(((($(awk '$2 == "full" { print $4; exit }' "$work/figures") - $(column empty 2))) * 1024 / PENDING))
echo "$PENDING tasks wait, $ENDED have ended; medians of $REPS turns"
printf '%-44s %10s %10s\n' "" empty full
printf '%-44s %10s %10s\n' "submits /s, 64 connections" "$(column empty 3)" "$(column full 3)"
printf '%-44s %10s %10s\n' "claimed, run and settled /s, 1 worker" "$(column empty 4)" "$(column full 4)"
goal "goal: submit within 1.3x of empty" "$(slower 3)" x "<=" 1.3
goal "goal: claim within 1.3x of empty" "$(slower 4)" x "<=" 1.3
goal "goal: at most 200 bytes a task that waits" "$per_task" bytes "<=" 200
goal "goal: start in under 3 s" "$(column full 1)" ms "<" 3000
start_bide "$work/full"
"$here/reads.py" "$address"
stop "$pid"
