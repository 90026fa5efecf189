# SPDX-License-Identifier: Apache-2.0
"""Bugs in chains and in what follows endings; the rows are those of planted.py."""
from nets import unit

BUGS = {
    "step_forgotten": (
        "a chain goes on without keeping what its step came to",
        "src/store/apply_ops.c",
        "    if (!err) err = a->shelf->ops->step(a->shelf, &id, &it->step);\n    if (err) return err;\n    ready_fair_replace",
        "    if (err) return err;\n    ready_fair_replace",
        unit("test_contract_mem", "a_chain_goes_from_step_to_step_and_ends_with_its_last"),
    ),
    "failures_of_other_steps": (
        "the failures of a step count against those after it",
        "src/task/life.c",
        "    s->life->failures = s->life->deaths = 0;\n",
        "",
        unit("test_contract_mem", "each_step_has_tries_of_its_own"),
    ),
    "checkpoint_of_the_step_before": (
        "a step is given the checkpoint of the one before it",
        "src/task/life.c",
        "    s->life->alone = s->life->saved = false;",
        "    s->life->alone = false;",
        unit("test_unit_task_life", "along_any_sequence_of_events_the_promises_hold"),
    ),
    "nothing_owed": (
        "an ending does not say that something is to follow it",
        "src/store/apply_ops.c",
        "    if (!err && owes) err = a->shelf->ops->owe(",
        "    if (!err && owes && false) err = a->shelf->ops->owe(",
        unit("test_contract_mem", "an_ending_owes_it_until_it_is_made_and_that_once"),
    ),
    "followed_twice": (
        "what follows an ending is added again by whoever comes second",
        "src/store/apply.c",
        "    r->unowed = err == ERR_NOT_FOUND;\n    return r->unowed ? 0 : err;",
        "    return err == ERR_NOT_FOUND ? 0 : err;",
        unit("test_contract_mem", "an_ending_owes_it_until_it_is_made_and_that_once"),
    ),
    "sequel_forgotten_at_open": (
        "a start forgets that something is to follow the tasks that have not ended",
        "src/store/sqlite/sqlite_load.c",
        "    if (!err) err = sqlite_sequel_load(d, ready, e);\n",
        "",
        unit("test_contract_sqlite", "an_attempt_that_is_tried_again_owes_nothing"),
    ),
    "notices_dropped": (
        "what pays for an ending leaves its notifications out",
        "src/store/apply.c",
        "    if (!failed && !r->unowed) failed = apply_notice_add(a, r);\n",
        "",
        unit("test_contract_power", "whenever_the_power_is_lost_what_was_answered_is_there"),
    ),
    "notified_twice": (
        "the notifications of an ending are added again by whoever comes second",
        "src/store/apply.c",
        "    if (!failed && !r->unowed) failed = apply_notice_add(a, r);\n",
        "    if (!failed) failed = apply_notice_add(a, r);\n",
        unit("test_contract_mem", "one_is_there_with_what_pays_for_the_ending_and_that_once"),
    ),
}
