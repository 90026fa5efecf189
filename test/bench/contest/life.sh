# shellcheck shell=sh disable=SC2034,SC2154 # what is set here and read in bench.sh, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# Whole lives. bide: from the first submit of $LIFE_TASKS, in batches of 100 on one connection, to the last completion
# (drive.py). BullMQ: from the worker's start to the last completion, all jobs being there already. beanstalkd: put, reserve,
# delete on 64 connections.

LIFE_TASKS=${LIFE_TASKS:-20000}
EXEC_TASKS=${EXEC_TASKS:-2000}
GAP_TASKS=${GAP_TASKS:-5000}

drive() {
    python3 "$here/drive.py" "$address" "$@"
}

# lives WORKERS
lives() {
    instances=$1
    with_bide drive "$(task noop)" "$LIFE_TASKS"
    instances=1
}

run_life1() { lives 1; }
run_life2() { lives 2; }
run_life4() { lives 4; }
run_bullmq_process() { from_npm with_redis bullmq process "$LIFE_TASKS" 50; }
run_life_f0() { with_beanstalkd "-f0 -b $work/run" put 64 -l; }
run_life_memory() { with_beanstalkd "" put 64 -l; }

# executed AT_ONE_TIME: each in a process of its own
executed() {
    at_once=$1
    with_bide drive "$(task exec)" "$EXEC_TASKS"
    at_once=64
}

run_exec2() { executed 2; }
run_exec4() { executed 4; }
run_spawn() { "$built/spawn" 1 "$seconds" /bin/true; }
run_spawn4() { "$built/spawn" 4 "$seconds" /bin/true; }

# The gaps are known to the worker, who writes them when it is stopped. All tasks wait before the first is begun.
run_gap() {
    with_bide drive "$(task gap)" "$GAP_TASKS" gap >"$work/driven"
    cat "$dir/gaps"
}
