#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# exec.sh: what does a process of its own cost a task? /bin/true as an `exec` type, PARALLEL (4) at a time, and taking
# turns with it a bare posix_spawn loop (spawn_loop.c), as many at a time: REPS (3) turns of EXEC_SECONDS (5) each. The queue is
# full before the clock starts, so no submit competes for the cores.
set -eu

. "$(dirname "$0")/lib.sh"
. "$here/reach.sh"

REPS=${REPS:-3}
EXEC_SECONDS=${EXEC_SECONDS:-5}
PARALLEL=${PARALLEL:-4}

bare() {
    "$built/spawn_loop" "$PARALLEL" "$EXEC_SECONDS" /bin/true
}

kept() {
    dir=$work/run
    rm -rf "$dir"
    mkdir "$dir"
    cat >"$dir/bide.yaml" <<-END
		queues: {open: {concurrency: $PARALLEL, paused: true}}
		types: {"true": {queue: open, exec: [/bin/true]}}
	END
    start_bide "$dir"
    many $((EXEC_SECONDS * 3000)) '{"type":"true","input":{}}'
    curl -sS -f -X POST -o "$work/answers" "http://$address/v1/queues/open/resume"
    before=$(stat_of completed)
    start_ms=$(date +%s%3N)
    sleep "$EXEC_SECONDS" # sleep: the time that is measured
    after=$(stat_of completed)
    echo $(((after - before) * 1000 / ($(date +%s%3N) - start_ms)))
    stop "$pid"
}

prepare
compile spawn_loop "$here/spawn_loop.c"
n=1
while [ $n -le "$REPS" ]; do
    bare >"$work/bare"
    kept >"$work/kept"
    times=$(quotient "$(cat "$work/bare")" "$(cat "$work/kept")")
    echo "turn $n: bare posix_spawn $(cat "$work/bare")/s, through the keeper $(cat "$work/kept")/s, $times times as many"
    cat "$work/kept" >>"$work/kepts"
    echo "$times" >>"$work/times"
    n=$((n + 1))
done
reach "exec of /bin/true a second, $PARALLEL at a time" "$(median <"$work/kepts")" '>=' 300
reach "times as many by a bare posix_spawn loop" "$(median <"$work/times")" '<=' 3
