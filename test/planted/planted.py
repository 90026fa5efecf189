# SPDX-License-Identifier: Apache-2.0
"""Bugs that are planted, to see them found.

    planted.py NAME     builds NAME's bug into its net and runs that: 0 when the net found it
    planted.py --list   the names

A bug is a few words of one source file put in place of others. Only that file is compiled again; the object goes in front
of the libraries, so that the net's program is linked with it instead of the sound one. The sound program must pass (the
other tests see to that), the planted one must fail, and say what the bug's row says.
"""
import ctypes
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BIDE_BUILD", SOURCE / "build"))
SEEDS = 200

SIM = ("test_sim_random", ["what_is_promised"], r"SIM_SEED=\d+ shows it again")


def unit(program, test):
    return (program, [test], f"FAILED {test}")


POWER = unit("test_contract_power", "whenever_the_power_is_lost_what_was_answered_is_there")
KILLED = unit("test_contract_migrate_cut", "a_start_killed_at_any_statement_or_write_of_a_migration_loses_nothing")

# name: what it is, where, the words, what stands in their place, the net that has to find it
BUGS = {
    "sync_off": (
        "commits are not synced",
        "src/store/sqlite/sqlite_schema.c",
        "PRAGMA synchronous=FULL;",
        "PRAGMA synchronous=OFF;",
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
        "src/task/life.c",
        "in->fence != life->fence) return ERR_STALE;",
        "in->fence != life->fence && false) return ERR_STALE;",
        SIM,
    ),
    "ahead_forever": (
        "what was claimed ahead waits for room as long as it takes",
        "src/server/ahead.c",
        "    ahead_leave(r);\n    run_give_back(r);\n}\n\nvoid ahead_wait",
        "    if (r->state != RUN_CLAIMED) run_give_back(r);\n}\n\nvoid ahead_wait",
        unit("test_unit_server_ahead", "behind_a_long_task_they_go_back_to_their_queue"),
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


def fail(text):
    sys.exit(f"planted.py: {text}")


def plant(name, where, old, new):
    """The changed copy of the file. It stands where the build keeps it; its includes are found from the tree's root."""
    text = (SOURCE / where).read_text()
    if text.count(old) != 1:
        fail(f"{name}: the words to replace are {text.count(old)} times in {where}, wanted once; bring the bug up to date")
    folder = BUILD / "planted" / name
    folder.mkdir(parents=True, exist_ok=True)
    changed = folder / Path(where).name
    changed.write_text(text.replace(old, new))
    return changed


def run(command, what):
    done = subprocess.run(command, cwd=BUILD, text=True, capture_output=True)
    if done.returncode:
        fail(f"{what} failed:\n{done.stdout}{done.stderr}")


def compiled(source, as_of):
    """The object of `source`, compiled as the tree compiles `as_of`."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if Path(entry["file"]) == SOURCE / as_of:
            words = shlex.split(entry["command"])
            break
    else:
        fail(f"the tree does not compile {as_of}")
    at = words.index("-o")
    target = source.with_suffix(".o")
    words = words[:at] + ["-o", str(target), "-c", str(source)]
    run(words + ["-Wno-error"], f"compiling {source.name}")
    return target


def linked(program, planted, folder):
    listed = subprocess.run(["ninja", "-t", "commands", f"test/{program}"], cwd=BUILD, text=True, capture_output=True, check=True)
    link = listed.stdout.strip().splitlines()[-1]
    words = shlex.split(re.sub(r"^: && | && :$", "", link))
    at = words.index("-o")
    target = folder / program
    words[at + 1] = str(target)
    run(words[:at] + [str(planted)] + words[at:], f"linking {program}")
    return target


def descendants():
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children]


def clear():
    """What a net left behind when it failed: with a bug in the killing of trees nobody else does it."""
    while pids := descendants():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def cast(net, arguments):
    """The net's exit status and what it said. Through a file: what it leaves behind may hold a pipe open for ever."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become ours
    env = {**os.environ, "SIM_SEEDS": str(SEEDS), "SIM_FIRST": "1"}
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        status = subprocess.run([str(net), *arguments], cwd=SOURCE, env=env, stdout=said, stderr=said).returncode
        clear()
        said.seek(0)
        return status, said.read()


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
    if status == 0 or not re.search(words, said):
        print(said)
        fail(f"{name} ({what}) was not found by {program} {' '.join(arguments)}: exit {status}, wanted \"{words}\"")
    print(f"{name}: {what}: found by {program}")
    print("\n".join(said.splitlines()[:12]))


main()
