# shellcheck shell=sh disable=SC2034,SC2154 # what is set here and read in bench.sh, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# One submit at a time on each connection, 64 connections or one: wrk asks bide and bunqueue, put asks beanstalkd and bullmq.mjs
# BullMQ in the same way.

run_submit() { with_bide load 64 /v1/tasks "$(task paused)"; }
run_drained() { with_bide while_drained load 64 /v1/tasks "$(task paused)"; }
run_put_f0() { with_beanstalkd "-f0 -b $work/run" put 64; }
run_put_memory() { with_beanstalkd "" put 64; }
run_bullmq_add() { from_npm with_redis bullmq add "$seconds" 64; }
run_bunqueue() { with_bun load 64 /queues/bench/jobs "{\"data\":$input}"; }
run_bunqueue_durable() { with_bun load 64 /queues/bench/jobs "{\"data\":$input,\"durable\":true}"; }

run_one_submit() { with_bide load 1 /v1/tasks "$(task paused)"; }
run_one_livez() { with_bide load 1 /livez ""; }
run_one_put_f0() { with_beanstalkd "-f0 -b $work/run" put 1; }
run_one_bunqueue() { with_bun load 1 /queues/bench/jobs "{\"data\":$input,\"durable\":true}"; }

run_livez() { with_bide load 64 /livez ""; }
run_nginx() { with_nginx '{"status":"ok"}' load 64 / ""; } # what /livez says

# A commit of one submit writes two to six pages of 4 KiB over a log of 1 MiB, and syncs it.
run_sync_4k() { on_disk -b 4096; }
run_sync_16k() { on_disk -b 16384; }
run_append_16k() { on_disk -a -b 16384; }

on_disk() {
    new_dir
    "$built/sync" -t "$seconds" "$@" "$dir/log"
}

# put CONNECTIONS [OPTION...]
put() {
    connections=$1
    shift
    "$built/put" "$@" -c "$connections" -t "$seconds" -b ${#input} 127.0.0.1 "$port"
}

# A queue that is being drained refuses a submit when all of it has been read and checked, and no store is asked: what is left is
# the HTTP layer and the JSON.
while_drained() {
    curl -sf -o "$dir/drained" -X POST "http://$address/v1/queues/paused/drain" || die "the queue was not drained"
    refused=yes
    "$@"
    refused=
}

# The checkpoint sequence number of a write-ahead log, at byte 12 of its header: it counts the times that the log was
# begun again because a checkpoint had copied all of it (SQLite's file format, section 4.1).
restarts() {
    od -An -j12 -N4 -tu1 "$dir/bide.db-wal" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'
}

run_minute() {
    short=$seconds
    seconds=$LONG_SECONDS
    with_bide counting_checkpoints load 64 /v1/tasks "$(task paused)"
    seconds=$short
}

counting_checkpoints() {
    before=$(restarts)
    line=$("$@")
    echo "$line checkpoints=$(($(restarts) - before))"
}
