#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# soak.sh: does anything grow? LIVES (1,000,000) tasks pass through a worker that does nothing, kept for RETAIN (5s) after
# their end; a line for every twentieth of them. At the end the second quarter is compared with the last: the most memory
# (RssAnon), descriptors and bytes on the disk (store and its log). A tenth more in half of all lives is a growth, but where
# lives went by faster: what is kept for a time is as much as went by in it.
set -eu

. "$(dirname "$0")/lib.sh"
. "$here/reach.sh"

LIVES=${LIVES:-1000000}
RETAIN=${RETAIN:-5s}
AHEAD=4000 # tasks that wait
body='{"type":"noop","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, short."}}'

# ended: in the life of this server, kept or not
ended() {
    curl -sS -f "http://$address/metrics" | sed -n 's/^bide_tasks_ended_total{.*status="completed".*} //p'
}

disk_kib() {
    du -ck --apparent-size "$work/bide.db" "$work/bide.db-wal" | sed -n 's/\ttotal$//p'
}

descriptors() {
    find "/proc/$server/fd" -type l | wc -l
}

attempts() {
    find "$work/data/attempts" -mindepth 1 -maxdepth 1 ! -name ".spare*" 2>/dev/null | wc -l
}

# most COLUMN FROM TO: of the lines in which FROM < lives <= TO
most() {
    awk -v column="$1" -v from="$2" -v to="$3" '$1 > from && $1 <= to && $column > max { max = $column } END { print max + 0 }' "$work/lines"
}

# flat WHAT COLUMN UNIT
flat() {
    early=$(most "$2" $((LIVES / 4)) $((LIVES / 2)))
    late=$(most "$2" $((LIVES * 3 / 4)) "$LIVES")
    echo "$1: at most $early $3 in the second quarter, $late $3 in the last"
    reach "$1, last quarter to second" "$(quotient "$late" "$early" 3)" '<=' "$4"
}

# As much more as lives went by faster, and a tenth.
allowed() {
    awk -v early="$(most 2 $((LIVES / 4)) $((LIVES / 2)))" -v late="$(most 2 $((LIVES * 3 / 4)) "$LIVES")" \
        'BEGIN { printf "%.2f", 1.1 * (late > early ? late / early : 1) }'
}

prepare
cat >"$work/bide.yaml" <<-END
	data_dir: $work/data
	queues: {open: {concurrency: 16}}
	workers: {noop: {command: [$built/noop_worker], instances: 2, load: boot, keep_alive: forever}}
	types: {noop: {queue: open, worker: noop, retain: $RETAIN}}
END
start_bide "$work"
server=$pid
submitted=0 done=0 next=$((LIVES / 20)) last_ms=$(date +%s%3N) last=0
printf '%10s %9s %12s %12s %12s %9s\n' lives "a second" "memory KiB" "on disk KiB" descriptors attempts
while [ "$done" -lt "$LIVES" ]; do
    while [ "$submitted" -lt "$LIVES" ] && [ $((submitted - done)) -lt $AHEAD ]; do
        many 1000 "$body"
        submitted=$((submitted + 1000))
    done
    done=$(ended)
    done=${done:-0}
    if [ "$done" -ge $next ]; then
        now_ms=$(date +%s%3N)
        printf '%10s %9s %12s %12s %12s %9s\n' "$done" $(((done - last) * 1000 / (now_ms - last_ms))) "$(private_kib "$server")" \
            "$(disk_kib)" "$(descriptors)" "$(attempts)" >"$work/line"
        cat "$work/line"
        cat "$work/line" >>"$work/lines"
        last=$done last_ms=$now_ms next=$((next + LIVES / 20))
    fi
    [ $((submitted - done)) -lt $AHEAD ] || pause
done
flat memory 3 KiB "$(allowed)"
flat "store on the disk" 4 KiB "$(allowed)"
flat descriptors 5 "" 1.1
reach "attempt directories left" "$(attempts)" '==' 0
