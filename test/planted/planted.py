# SPDX-License-Identifier: Apache-2.0
"""Bugs that are planted, to see them found.

    planted.py NAME     builds NAME's bug into its net and runs that: 0 when the net found it
    planted.py --list   the names

A bug is a few words of one source file put in place of others. Only that file is compiled again; the object goes in front
of the libraries, so that the net's program is linked with it instead of the sound one. The sound program must pass (the
other tests see to that), the planted one must fail, and say what the bug's row says.
"""
import re
import sys

import bugs_files
import bugs_flows
import bugs_http
import bugs_limits
import bugs_pools
import bugs_telling
from net import cast, compiled, fail, linked, plant
from nets import KILLED, POWER, SIM, unit

# name: what it is, where, the words, what stands in their place, the net that has to find it
BUGS = {
    **bugs_files.BUGS,
    **bugs_flows.BUGS,
    **bugs_http.BUGS,
    **bugs_limits.BUGS,
    **bugs_pools.BUGS,
    **bugs_telling.BUGS,
    "sync_off": (
        "commits are not synced",
        "src/store/sqlite/sqlite_schema.c", "PRAGMA synchronous=FULL;", "PRAGMA synchronous=OFF;",
        SIM,
    ),
    "answer_before_commit": (
        "most batches are answered while their transaction is still open",
        "src/store/apply.c",
        "    if (a->open && !err) err = a->shelf->ops->commit(a->shelf);",
        "    static int n;\n    if (a->open && !err && ++n % 8) {\n        ready_commit(a->ready);\n        return 0;\n    }\n"
        "    if (a->open && !err) err = a->shelf->ops->commit(a->shelf);",
        SIM,
    ),
    "no_fence": (
        "a verdict needs no fence",
        "src/task/life.c", "in->fence != life->fence) return ERR_STALE;",
        "in->fence != life->fence && false) return ERR_STALE;",
        SIM,
    ),
    "shared_death_counts": (
        "a worker that dies with several tasks open counts a death for each of them",
        "src/task/life.c",
        "    if (s->in->shared) return give_back(s);\n",
        "",
        unit("test_unit_task_life_shared", "a_worker_that_died_with_several_open_is_nobodys_fault_and_each_goes_on_alone_from_its_place"),
    ),
    "batch_of_all_lanes": (
        "whatever waits for one pool goes together in one batch",
        "src/server/ahead.c",
        "    return r->lane == head->lane && !r->life.alone",
        "    return !r->life.alone",
        SIM,
    ),
    "lone_task_joined": (
        "a process that has a task that must be tried alone is given others",
        "src/handler/worker_slot.c",
        "    if (w->n_open > 0 && w->open[0]->alone) return false;\n",
        "",
        SIM,
    ),
    "key_runs_uncounted": (
        "those of a key that run do not count against its limit",
        "src/store/ready_key.c",
        "limit > k->running ? limit - k->running : 0",
        "limit",
        SIM,
    ),
    "key_not_let_in": (
        "whoever frees a place of its key lets nobody in",
        "src/store/ready.c",
        "    unlink(r, i);\n    erase(r, i);\n    ready_key_settle(r, key);\n",
        "    unlink(r, i);\n    erase(r, i);\n    (void)key;\n",
        SIM,
    ),
    "lease_lost_at_open": (
        "a start ends what a puller holds",
        "src/store/apply_ops.c", "        if (e->life.leased) {", "        if (e->life.leased && false) {",
        unit("test_contract_sqlite", "what_a_puller_holds_outlives_the_process_under_its_fence"),
    ),
    "batch_for_each_task": (
        "each task in front is reckoned with a place of its own, whatever the batches", "src/server/eta_at.c",
        "own ? tasks / width : (tasks + width - 1) / width;", "tasks;",
        unit("test_unit_server_eta_at", "a_batch_takes_one_place_for_as_long_as_its_size_takes"),
    ),
    "line_of_a_lane": (
        "the place of a task is that among its own type and batch key", "src/store/apply.c",
        "if (ready->lanes[i].queue == queue) r->position", "if (i == e->lane) r->position",
        unit("test_contract_mem", "the_line_of_a_queue_goes_across_its_types_and_batch_keys_and_no_other_queue"),
    ),
    "save_without_fence": (
        "an attempt that is over may still save",
        "src/task/life.c", "in->event == LIFE_STEP || in->event == LIFE_SAVE;", "in->event == LIFE_STEP;",
        unit("test_contract_mem", "only_the_current_attempt_may_save"),
    ),
    "last_save_lost": (
        "what an attempt says while the store is busy with an earlier checkpoint is lost with its worker",
        "src/server/checkpoint.c", "if (c->stored || !c->last.at_ms)", "if (c->stored || c->fresh || !c->last.at_ms)",
        unit("test_unit_server_checkpoint", "one_that_the_store_has_not_answered_goes_with_the_verdict_and_comes_too_late_by_itself"),
    ),
    "checkpoint_of_another": (
        "an attempt goes on from the checkpoint of some task of the same run number",
        "src/store/sqlite/sqlite_save.c",
        "attempt,resumed_from,at,length(data),data FROM save WHERE id=?1 AND run=?2",
        "attempt,resumed_from,at,length(data),data FROM save WHERE ?1=?1 AND run=?2",
        unit("test_contract_sqlite", "checkpoints_of_several_tasks_do_not_mix_whatever_their_size"),
    ),
    "checkpoint_stays": (
        "an ending leaves its checkpoint in the store",
        "src/store/apply_save.c",
        "return ready_get(a->ready, id)->life.saved ? a->shelf->ops->unsave(a->shelf, id) : 0;",
        "return ready_get(a->ready, id) ? 0 : ERR_NOT_FOUND;",
        POWER,
    ),
    "ahead_forever": (
        "what was claimed ahead waits for room as long as it takes",
        "src/server/ahead.c",
        "static void on_too_long(struct timer *t) { give_up(CONTAINER_OF(t, struct run, timeout)); }",
        "static void on_too_long(struct timer *t) { (void)t; }",
        unit("test_unit_server_ahead", "behind_a_long_task_they_go_back_to_their_queue"),
    ),
    "ahead_early": (
        "the task after a long one is claimed when that one begins, though a better one may come meanwhile",
        "src/handler/worker_slot.c",
        "next_ms >= 0 && took_ms >= next_ms && took_ms",
        "next_ms >= 0 && took_ms",
        unit("test_unit_server_ahead", "of_longer_ones_the_next_is_claimed_when_the_one_under_way_should_be_over_in_a_moment"),
    ),
    "warmth_logged": (
        "what a process printed in its warm-up is in the log of its first task",
        "src/handler/worker_warmup.c",
        "    child_catch_up(&w->child); /* what it printed meanwhile is no task's log */\n",
        "",
        unit("test_unit_handler_worker_warmup", "the_first_task_has_a_log_of_its_own"),
    ),
    "directory_shared": (
        "an attempt is given a directory in which another one left files",
        "src/server/attempt_spare.c",
        "    return lstat(path, &st) == 0 && st.st_ino == spare->inode",
        "    return lstat(path, &st) == 0 || st.st_ino == spare->inode",
        unit("test_unit_server_attempt_spare", "one_with_a_file_in_it_is_removed"),
    ),
    "no_tree_kill": (
        "only the program is killed, not what it has started",
        "src/handler/keeper.c",
        "static void kill_children(void)\n{\n",
        "static void kill_children(void)\n{\n    static pid_t first;\n    if (program) first = program;\n    if (first) kill(first, SIGKILL);\n"
        "    if (n_tree < TREE_MAX) return;\n",
        unit("test_unit_handler_keeper_tree", "a_grandchild_with_a_session_of_its_own_and_a_double_fork_does_not_escape"),
    ),
    "death_forgotten": (
        "a program is to die with its keeper before its user is changed, which the kernel forgets with the change",
        "src/handler/keeper.c",
        "    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return failed_at(\"exec\", errno);",
        "    if (n_tree > 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return failed_at(\"exec\", errno);",
        unit("test_unit_handler_keeper_sandbox", "a_program_of_another_user_does_not_outlive_its_keeper"),
    ),
    "half_confined": (
        "without Landlock in the kernel a program is started as if nothing had been said",
        "src/handler/keeper_sandbox.c",
        "    if (*ret_list < 0) return (struct keeper_failed){\"landlock\", errno, NULL};",
        "    if (*ret_list < 0) return nothing;",
        unit("test_unit_handler_keeper_sandbox", "without_landlock_in_the_kernel_nothing_is_started_that_should_be_confined_to_paths"),
    ),
    "double_dispatch_after_restart": (
        "a server does not wait until what its predecessor ran is dead",
        "src/handler/keeper_lock.c",
        "int keeper_lock_wait(const char *path, int64_t timeout_ms, struct err *e)\n{\n",
        "int keeper_lock_wait(const char *path, int64_t timeout_ms, struct err *e)\n{\n    if (timeout_ms >= 0) return 0;\n",
        unit("test_unit_handler_child_tree", "a_killed_server_leaves_nothing_alive_and_its_successor_waits_for_that"),
    ),
    "strays_live": (
        "what has left a killed keeper is left alone",
        "src/handler/strays.c",
        "s->off = getpid() == 1 ||",
        "s->off = getpid() >= 1 ||",
        unit("test_unit_handler_child_tree", "what_escaped_from_a_killed_keeper_is_killed_too_before_the_end"),
    ),
    "shut_directories_stay": (
        "a directory without permissions is not opened up to be removed",
        "src/server/attempt_dir.c",
        "(st.st_mode & 0700) != 0700)",
        "(st.st_mode & 0700) == 0)",
        unit("test_unit_server_attempt_dir", "what_an_attempt_has_shut_goes_too"),
    ),
    "lost_attempts_stand": (
        "what a predecessor ran is still running for its successor",
        "src/store/apply_ops.c",
        "e->life.state != TASK_RUNNING) continue;",
        "e->life.state != TASK_RUNNING || i % 2) continue;",
        SIM,
    ),
    "priority_ignored": (
        "older goes first, whatever its priority",
        "src/task/order.c",
        "clamp(priority, -LIMIT_PRIORITY, LIMIT_PRIORITY);",
        "clamp(0 * priority, -LIMIT_PRIORITY, LIMIT_PRIORITY);",
        SIM,
    ),
    "undo_skipped": (
        "after a commit that failed the index keeps what the file does not have",
        "src/store/apply.c",
        "    if (err) ready_undo(a->ready);",
        "    if (err) ready_commit(a->ready);",
        SIM,
    ),
    "lost_wake_up": (
        "a worker that has become free is not noticed",
        "src/server/server.c",
        "    if (post) ahead_go(post);\n    dispatch_soon(&s->dispatch);",
        "    (void)post;",
        SIM,
    ),
    "late_verdict_accepted": (
        "a verdict for a task that has ended is taken",
        "src/store/apply_ops.c",
        "        it->err = err == 0 ? ERR_STALE : err;",
        "        it->life = gone;\n        it->outcome.ended = err == 0;\n        it->err = err;",
        SIM,
    ),
    "sync_only_at_checkpoints": (
        "the log is synced when it is copied into the database, not at each commit",
        "src/store/sqlite/sqlite_schema.c",
        "PRAGMA synchronous=FULL;",
        "PRAGMA synchronous=NORMAL;",
        POWER,
    ),
    "ending_in_two_commits": (
        "a task is written as ended in one transaction, and is no longer alive with the next",
        "src/store/sqlite/sqlite_shelf.c",
        "    if (!err) err = drop_live(s, id, number);",
        "    if (!err) err = run(s, COMMIT);\n    if (!err) err = run(s, BEGIN);\n    if (!err) err = drop_live(s, id, number);",
        POWER,
    ),
    "migration_without_transaction": (
        "each statement of a migration stands for itself",
        "src/store/sqlite/sqlite_schema.c",
        'err = sqlite_db_exec(d, "BEGIN IMMEDIATE", e);',
        'err = sqlite_db_exec(d, "SAVEPOINT one; RELEASE one", e);\n        if (!err) err = sqlite_db_exec(d, '
        'sqlite_schema_migrations[version], e);\n        if (!err) err = sqlite_db_exec(d, mark, e);\n        if (err || version >= 0) '
        "continue;",
        KILLED,
    ),
    "version_after_the_commit": (
        "a migration says which version the file is when it is over, not within it",
        "src/store/sqlite/sqlite_schema.c",
        'if (!err) err = sqlite_db_exec(d, mark, e);\n        if (!err) err = sqlite_db_exec(d, "COMMIT", e);',
        'if (!err) err = sqlite_db_exec(d, "COMMIT", e);\n        if (!err) err = sqlite_db_exec(d, mark, e);',
        KILLED,
    ),
    "lease_slept_through": (
        "a lease ends for what the server itself slept through",
        "src/handler/pull_held.c",
        "    if (turn_mono_ms(h->desk->turn) - t->due_at_ms > PULL_LATE_MS) renew(h);\n    else lose(h);",
        "    lose(h);",
        unit("test_unit_handler_pull_held", "a_lease_does_not_end_for_what_the_server_slept_through"),
    ),
    "place_promised_twice": (
        "a place of a waiting puller is told to others while an attempt is on its way to it",
        "src/handler/pull_desk.c",
        "c->max - c->n_given - c->promised;",
        "c->max - c->n_given;",
        unit("test_unit_handler_pull", "a_place_that_is_kept_is_nobody_elses_whatever_the_type"),
    ),
    "lease_not_renewed": (
        "a beat does not renew the lease",
        "src/handler/pull_held.c",
        "    if (h->state == PULL_HELD) renew(h);",
        "    if (h->state == PULL_HELD) (void)renew;",
        unit("test_unit_handler_pull_held", "whatever_is_heard_gives_a_full_lease"),
    ),
    "not_leased": (
        "what a puller has is not claimed under a lease: a crash of the server takes it",
        "src/server/dispatch.c",
        "    c->store.leased = lane->kind->post->handler->typed != NULL;",
        "    c->store.leased = false;",
        unit("test_unit_server_pull", "a_crash_of_the_server_leaves_it_to_the_next_one"),
    ),
    "key_of_two": (
        "one that takes the place of a running task with its key does not wait for its end",
        "src/store/apply_once.c",
        "*ret_runs = *ret_runs || e->life.state == TASK_RUNNING;",
        "(void)ret_runs;",
        SIM,
    ),
    "cache_of_another_run": (
        "a kept result is that of whatever run its task is in",
        "src/store/sqlite/sqlite_cache.c",
        " JOIN done d ON d.id=c.id AND d.run=c.run",
        " JOIN done d ON d.id=c.id",
        unit("test_contract_sqlite", "another_run_answers_nobody_and_is_not_kept"),
    ),
    "timers_reversed": (
        "a timer is set before now instead of after",
        "src/base/turn.c",
        "__builtin_add_overflow(turn_mono_ms(t), in_ms, &due_at_ms)",
        "__builtin_sub_overflow(turn_mono_ms(t), in_ms, &due_at_ms)",
        SIM,
    ),
    "timer_order_reversed": (
        "of all timers the last is looked at first",
        "src/base/timer.c",
        "x->due_at_ms < y->due_at_ms",
        "x->due_at_ms > y->due_at_ms",
        SIM,
    ),
}


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(BUGS))
        return
    if len(sys.argv) != 2 or sys.argv[1] not in BUGS:
        fail(f"wants one of: --list {' '.join(BUGS)}")
    name = sys.argv[1]
    what, where, old, new, (program, arguments, words) = BUGS[name]
    changed = plant(name, where, old, new)
    net = linked(program, compiled(changed, where), changed.parent)
    status, said = cast(net, arguments)
    if status == 0 and "not tested: " in said:
        print(f"{name}: {program} cannot be cast here: {said.split('not tested: ')[1].splitlines()[0]}")
        return
    if status == 0 or not re.search(words, said):
        print(said)
        fail(f"{name} ({what}) was not found by {program} {' '.join(arguments)}: exit {status}, wanted \"{words}\"")
    print(f"{name}: {what}: found by {program}")
    print("\n".join(said.splitlines()[:12]))


main()
