# shellcheck shell=sh disable=SC2034,SC2154 # what is set here and read in bench.sh, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# Lives whose clients wait for their end, and lives beside a flood of submits.

waited_for() {
    instances=$1
    with_bide load 64 /v1/tasks "$(task noop)" -H 'Prefer: wait=30'
    instances=1
}

completed() {
    BIDE_SERVER=http://$address "$bide" stats --json | tr -d ' \n' | sed -n 's/.*"completed":\([0-9]*\).*/\1/p'
}

now_ms() {
    date +%s%3N
}

# Submits as fast as they are taken; what is counted is tasks that were completed meanwhile.
flood() {
    before=$(completed)
    start_ms=$(now_ms)
    load 64 /v1/tasks "$(task noop)" >"$work/driven"
    after=$(completed)
    echo "$(((after - before) * 1000 / ($(now_ms) - start_ms))) - - - 0"
}

flooded() {
    instances=$1
    with_bide flood
    instances=1
}

run_wait1() { waited_for 1; }
run_wait4() { waited_for 4; }
run_flood1() { flooded 1; }
run_flood4() { flooded 4; }
