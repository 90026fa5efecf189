# shellcheck shell=sh disable=SC2034,SC2154 # what is set here and read in bench.sh, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# Batches of 100, the same number of requests in flight for each side: bide gains up to these 16, where many commits become
# one; BullMQ and bunqueue do as much with one as with 16.

BATCH_CONNECTIONS=${BATCH_CONNECTIONS:-16}

# times_100 TEXT SEPARATOR
times_100() {
    awk -v text="$1" -v separator="$2" 'BEGIN { printf "%s", text; while (++n < 100) printf "%s%s", separator, text }'
}

# per_task COMMAND...: what its requests were, times 100
per_task() {
    "$@" >"$work/requests"
    awk '$1 != "missing" { $1 = sprintf("%.0f", $1 * 100) } { print }' "$work/requests"
}

# A batch is answered 200 whatever became of its lines.
all_are_there() {
    BIDE_SERVER=http://$address "$bide" stats --json | tr -d ' \n' | sed 's/.*"pending":\([0-9]*\).*/\1/' |
        awk -v rate="$(cut -d ' ' -f 1 "$work/requests")" -v seconds="$seconds" '{ exit !($1 >= rate * seconds * 100) }'
}

ndjson() {
    media=application/x-ndjson
    per_task load "$BATCH_CONNECTIONS" /v1/tasks:batch "$(times_100 "$(task paused)" '\n')"
    media=application/json
    all_are_there || die "some lines of the batches were refused"
}

run_batch() { with_bide ndjson; }
run_bullmq_bulk() { from_npm with_redis bullmq bulk "$seconds" "$BATCH_CONNECTIONS"; }
run_bunqueue_bulk() {
    with_bun per_task load "$BATCH_CONNECTIONS" /queues/bench/jobs/bulk \
        "{\"jobs\":[$(times_100 "{\"data\":$input,\"durable\":true}" ,)]}"
}
