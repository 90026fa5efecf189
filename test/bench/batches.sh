#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# batches.sh [MAX...]: does a worker that takes several tasks at once have what it needs, when it needs it? A batch of n costs it
# 20 ms + n x 2 ms (batch_worker.c); it is given at most MAX tasks (1 2 4 8 16 32), each of them submitted by a connection that
# waits for the ending and then submits the next, four times MAX of them, so that three batches wait while one is computed.
# REPS (3) turns of BATCHES_SECONDS (10) each, synced sqlite store. What it could do at most is MAX tasks each 20 ms + MAX x 2 ms.
#
# Then, what a batch costs that need not be formed: FORM_PAIRS (200) times a task for an idle worker that takes 32, and one for an
# idle worker that takes one, from the submit to the worker.
set -eu

. "$(dirname "$0")/lib.sh"
. "$here/reach.sh"

REPS=${REPS:-3}
BATCHES_SECONDS=${BATCHES_SECONDS:-10}
FORM_PAIRS=${FORM_PAIRS:-200}
base_us=20000
each_us=2000
body='{"type":"bench","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, short."}}'

# pool NAME MAX: a line of the configuration
pool() {
    echo "  $1: {command: [$built/batch_worker, $dir/$1, '$2', '$base_us', '$each_us'], batch: {max: $2}, load: boot, keep_alive: forever}"
}

# with_bide WORKERS TYPES COMMAND...: which finds $address
with_bide() {
    printf 'queues: {open: {concurrency: 4}}\nworkers:\n%s\ntypes:\n%s\n' "$1" "$2" >"$dir/bide.yaml"
    shift 2
    start_bide "$dir"
    until_true "the workers are ready" workers_are_ready
    "$@"
    stop "$pid"
}

workers_are_ready() {
    ! curl -sS -f "http://$address/v1/workers" | tr -d ' \n' | grep -o '"state":"[a-z]*"' | grep -qv '"idle"'
}

new_dir() {
    rm -rf "$work/run"
    mkdir "$work/run"
    dir=$work/run
    sync -f "$dir"
}

# saturate MAX: one second to begin with, one for the end
saturate() {
    BENCH_BODY=$body BENCH_MEDIA=application/json wrk -t1 -c"$((4 * $1))" -d"$((BATCHES_SECONDS + 2))s" --timeout 60s \
        -H 'Prefer: wait=60' -s "$here/load.lua" "http://$address/v1/tasks" >"$work/wrk" || die "wrk failed"
    line=$(sed -n 's/^RESULT //p' "$work/wrk")
    [ "${line##* }" = 0 ] || die "${line##* } submits were refused or failed"
    [ "$(stat_of failed)" = 0 ] || die "$(stat_of failed) tasks failed"
}

# turn NUMBER MAX
turn() {
    new_dir
    with_bide "$(pool model "$2")" "  bench: {queue: open, worker: model}" saturate "$2"
    python3 "$here/batches.py" row "$2" $base_us $each_us "$BATCHES_SECONDS" "$dir/model" "$line" >"$work/row"
    cat "$work/row" >>"$work/rows"
    echo "turn $1: $(cat "$work/row")" >&2
}

form() {
    python3 "$here/batches.py" form "$address" "$FORM_PAIRS" >"$work/formed" || die "the client failed"
}

prepare
compile_worker batch_worker "$here/latencies.c"
[ $# -gt 0 ] || set -- 1 2 4 8 16 32
echo "load $(cut -d ' ' -f 1 /proc/loadavg) before, $(nproc) cores, $(date +%Y-%m-%d); medians of $REPS turns of $BATCHES_SECONDS s"
n=1
while [ "$n" -le "$REPS" ]; do
    for most in "$@"; do
        turn "$n" "$most"
    done
    n=$((n + 1))
done
new_dir
with_bide "$(pool alone 1; pool together 32)" "  alone: {queue: open, worker: alone}
  together: {queue: open, worker: together}" form
read -r added alone50 alone99 together50 together99 <"$work/formed"
python3 "$here/batches.py" table "$work/rows"
echo "from a submit to an idle worker, p50 and p99 of $FORM_PAIRS: one at a time $alone50, $alone99 ms; in batches $together50, $together99 ms"
reach "least share of the time in which a saturated worker is busy" "$(python3 "$here/batches.py" least "$work/rows" busy)" '>' 0.98
reach "what formation adds at no delay" "$added" '<' 0.2 ms
echo "load $(cut -d ' ' -f 1 /proc/loadavg) after"
