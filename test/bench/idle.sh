#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# idle.sh: what does a server cost that has nothing to do? Private memory (RssAnon), and how often any of its threads
# came to run within IDLE_SECONDS (60), which the kernel counts for each (voluntary_ctxt_switches): with two workers that
# have their models loaded, after its start, after IDLE_TASKS (10,000) tasks are done, and with tasks that are due in a
# day.
set -eu

. "$(dirname "$0")/lib.sh"
. "$here/reach.sh"

IDLE_SECONDS=${IDLE_SECONDS:-60}
IDLE_TASKS=${IDLE_TASKS:-10000}

# The times that threads of the server or of its children gave the processor back, together.
switches() {
    total=0
    for process in "$server" $(cat "/proc/$server/task/$server/children"); do
        for thread in "/proc/$process"/task/*; do
            total=$((total + $(sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "$thread/status")))
        done
    done
    echo $total
}

# rest WHAT: measures, after a moment in which what was under way has ended
rest() {
    sleep 3 # sleep: for what is put off by a second or two
    before=$(switches)
    sleep "$IDLE_SECONDS" # sleep: the time that is measured
    woken=$(($(switches) - before))
    kib=$(private_kib "$server")
    echo "$1: $kib KiB of private memory, woken $woken times in $IDLE_SECONDS s"
    reach "KiB of private memory" "$kib" '<' 8192
    reach "wake-ups" "$woken" '==' 0
}

workers_are_ready() {
    [ "$(curl -sS -f "http://$address/v1/workers" | tr -d ' \n' | grep -o '"state":"idle"' | wc -l)" = 2 ]
}


prepare
cat >"$work/bide.yaml" <<-END
	queues: {open: {concurrency: 4}}
	workers: {noop: {command: [$built/noop_worker], instances: 2, load: boot, keep_alive: forever}}
	types:
	  noop: {queue: open, worker: noop}
	  "true": {queue: open, exec: [/bin/true]}
END
start_bide "$work"
server=$pid
until_true "the workers are ready" workers_are_ready
# What an earlier server left is looked at once, a minute after the start.
sleep 65 # sleep: for that
rest "after its start"
many "$IDLE_TASKS" '{"type":"noop","input":{"audio":"recordings/2026/11/21/meeting-0001.wav"}}'
until [ "$(stat_of completed)" -ge "$IDLE_TASKS" ]; do
    pause
done
rest "after $IDLE_TASKS tasks"
many 1000 '{"type":"noop","input":{},"delay_ms":86400000}'
rest "with 1,000 tasks for tomorrow"
