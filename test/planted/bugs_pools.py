# SPDX-License-Identifier: Apache-2.0
"""Bugs in what pools of workers share and in what is heard of attempts; the rows are those of planted.py."""
from nets import SIM, unit

BUGS = {
    "held_until_told": (
        "what a process holds counts as free from the moment on that it was told to end",
        "src/handler/resources.c",
        "    case WORKER_STOPPING: return !w->dead;",
        "        return !w->dead;\n    case WORKER_STOPPING:",
        SIM,
    ),
    "output_lost": (
        "what an attempt has streamed out is not kept when it fails",
        "src/server/run.c",
        "    it->attempt.output = buf_str(&r->output.packed);",
        "    if (v->event != LIFE_FAILED) it->attempt.output = buf_str(&r->output.packed);",
        SIM,
    ),
    "piece_told_twice": (
        "a piece of output that is sent again is taken again",
        "src/task/pieces.c",
        "if (n < p->next) return PIECES_REPEATED;",
        "if (n + 1 < p->next) return PIECES_REPEATED;",
        unit("test_unit_task_pieces", "one_that_came_before_is_not_taken_again_and_numbers_may_be_missing"),
    ),
    "own_line": (
        "a pool that has what it can have waits in line for more, and is served before those who came after it",
        "src/handler/resources.c",
        "if (u->barred || p->ration.askers[i].starts) begin_wait(u);",
        "if (p->ration.askers[i].starts) begin_wait(u);",
        unit("test_unit_handler_resources", "a_pool_that_has_what_it_can_have_does_not_wait_in_line_for_more"),
    ),
    "line_without_priority": (
        "pools that wait for room are served by how long they wait, whatever they wait for",
        "src/task/ration.c",
        "return a->since_ms - a->priority * (int64_t)RATION_STEP_MS;",
        "return a->since_ms;",
        SIM,
    ),
    "endless_priority": (
        "a pool that waits for something less urgent waits for as long as there is anything more urgent",
        "src/task/ration.c",
        "    int64_t aged_ms = a->since_ms + (h->priority - a->priority) * (int64_t)RATION_STEP_MS;",
        "    int64_t aged_ms = INT64_MAX;",
        unit("test_unit_task_ration", "one_with_something_more_urgent_to_do_goes_on_until_the_other_has_waited_for_that"),
    ),
    "urgent_until_claimed": (
        "a task makes its pool urgent until it is claimed, so that the process it was claimed for gives way",
        "src/server/dispatch.c",
        "return ahead > post->counted_priority ? ahead : post->counted_priority;",
        "return ahead > post->counted_priority && false ? ahead : post->counted_priority;",
        unit("test_unit_server_dispatch", "what_was_claimed_for_a_pool_counts_in_its_line_until_it_is_handed_over"),
    ),
    "one_end_rests_all": (
        "a process that ends as it is given a task makes its whole pool rest",
        "src/server/run.c",
        "if (err != ERR_AWAY) hold(",
        "hold(",
        unit("test_unit_server_run", "a_process_that_ends_as_it_is_given_a_task_is_no_reason_for_its_pool_to_rest"),
    ),
    "recycle_with_a_gap": (
        "the only loaded process of a pool is recycled before another is there",
        "src/server/roster.c",
        "        if (!succession_renew(r, &r->posts[i], worker_id)) continue;\n",
        "        continue;\n",
        unit("test_unit_server_succession", "a_recycle_of_the_only_loaded_process_leaves_no_gap"),
    ),
    "heir_before_its_time": (
        "a pool that changed is replaced while the new one still loads",
        "src/server/succession.c",
        "if (heir->loaded > 0) return",
        "if (heir->loaded > 0 || heir->starting > 0) return",
        unit("test_unit_server_succession", "while_the_new_one_loads_the_old_one_serves"),
    ),
    "heir_outlives_its_post": (
        "a second reload forgets the processes that the first one started",
        "src/server/succession.c",
        "    succession_cancel(p);\n    d->pool.preload",
        "    d->pool.preload",
        unit("test_unit_server_succession", "of_several_reloads_the_newest_comes_after_the_one_that_serves"),
    ),
}
