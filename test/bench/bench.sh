#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bench.sh [NAME...]: bide and others taking turns on this machine. NAME is a question of the file `questions` or a row of one;
# without any, all questions that are not apart. `bench.sh long` asks the one that takes a minute.
#
# Each row starts its server, prints "RATE P50 P99 LONGEST ERRORS [NAME=NUMBER...]" or "missing WHY", and stops it: run_ROW in
# contest/. Absolute figures belong to the machine and the hour; what is compared is compared within one turn (figures.py). It
# prints and never fails on a time. REPS (3) turns, SECONDS_EACH (5), LONG_SECONDS (60). What was measured stays in
# build/bench/figures (figures.long); draw.py draws it.
set -eu

. "$(dirname "$0")/lib.sh"
. "$here/peers/servers.sh"
. "$here/contest/submit.sh"
. "$here/contest/batch.sh"
. "$here/contest/life.sh"
. "$here/contest/busy.sh"

REPS=${REPS:-3}
SECONDS_EACH=${SECONDS_EACH:-5}
LONG_SECONDS=${LONG_SECONDS:-60}
seconds=$SECONDS_EACH
instances=1 # of the worker
at_once=64  # tasks of the queues that are not paused
media=application/json # of what load sends
refused= # yes: each answer to load is to be a refusal
nginx=$(PATH=$PATH:/usr/sbin command -v nginx || true)

# 200 bytes
input='{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, which need not be short at all."}'
export BENCH_INPUT="$input"

# task TYPE: the body of its submit
task() {
    printf '{"type":"%s","input":%s}' "$1" "$input"
}

# new_dir: $dir, empty, after the disk has calmed down from whoever came before
new_dir() {
    rm -rf "$work/run"
    mkdir "$work/run"
    dir=$work/run
    sync -f "$dir"
}

config() {
    cat >"$dir/bide.yaml" <<-END
		queues: {paused: {paused: true}, open: {concurrency: $at_once}, gap: {paused: true, concurrency: 64}}
		workers:
		  noop: {command: [$built/noop_worker], instances: $instances, load: boot, keep_alive: forever}
		  gap: {command: [$built/gap_worker, $dir/gaps], keep_alive: forever}
		types:
		  paused: {queue: paused, exec: [/bin/true]}
		  noop: {queue: open, worker: noop}
		  exec: {queue: open, exec: [/bin/true]}
		  gap: {queue: gap, worker: gap}
	END
}

# with_bide COMMAND...: which finds $address
with_bide() {
    new_dir
    config
    start_bide "$dir"
    "$@"
    stop "$pid"
}

# load CONNECTIONS TARGET BODY [OPTION...]: wrk's line; when more than one request in a thousand went wrong it is worth nothing
load() {
    connections=$1
    target=$2
    said=$3
    shift 3
    BENCH_BODY=$said BENCH_MEDIA=$media BENCH_REFUSED=$refused wrk -t1 -c"$connections" -d"${seconds}s" \
        -s "$here/load.lua" "$@" "http://$address$target" >"$dir/wrk" || die "wrk failed"
    sed -n 's/^RESULT //p' "$dir/wrk" | awk -v seconds="$seconds" '
        $5 * 1000 > $1 * seconds { print "missing " $5 " requests went wrong"; next } { print }'
}

# bullmq MODE...: see bullmq.mjs, which needs to stand beside what it imports
bullmq() {
    cp "$here/peers/bullmq.mjs" "$npm/"
    mode=$1
    shift
    if line=$(node "$npm/bullmq.mjs" "$mode" "$port" "$@"); then
        echo "$line"
    else
        echo "missing bullmq.mjs failed: its reason is above"
    fi
}

# turn NUMBER NAME
turn() {
    "run_$2" >"$work/line"
    echo "$1 $2 $(cat "$work/line")" >>"$work/figures"
    echo "turn $1: $2 $(cat "$work/line")" >&2
}

about() {
    echo "about cores $(nproc)"
    echo "about turns $REPS"
    echo "about seconds $SECONDS_EACH"
    echo "about date $(date +%Y-%m-%d)"
    echo "about load $(cut -d ' ' -f 1 /proc/loadavg)"
    echo "about versions $(peers_versions)"
}

# The minute stands between two turns of those it is compared with.
long() {
    REPS=1
    about >"$work/figures"
    others=$(python3 "$here/report.py" rows minute | grep -vx minute)
    for name in $others minute $others; do
        turn 1 "$name"
    done
}

short() {
    names=$(python3 "$here/report.py" rows "$@") || exit 64
    about >"$work/figures"
    n=1
    while [ "$n" -le "$REPS" ]; do
        for name in $names; do
            turn "$n" "$name"
        done
        n=$((n + 1))
    done
}

prepare
for program in redis-server "$nginx" curl python3; do
    command -v "$program" >/dev/null || die "${program:-nginx} is missing: run make bench"
done
for program in sync spawn; do
    compile $program "$here/$program.c" "$here/latencies.c"
done
compile_worker gap_worker "$here/latencies.c"
peers_install
figures=$built/figures
if [ "${1-}" = long ]; then
    figures=$built/figures.long
    long
else
    short "$@"
fi
cp "$work/figures" "$figures"
python3 "$here/report.py" table "$figures"
