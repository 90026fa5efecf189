# SPDX-License-Identifier: Apache-2.0
"""Each way to misbehave that the suite knows, and the right answer to it. doc/misbehaving-workers.md has the same rows; a
test compares them, and `python3 test/misbehave/evils.py` prints the tables for it.
"""
from typing import Any, Dict, NamedTuple, Optional, Tuple

# What becomes of a worker's process.
KEPT = "goes on"  # the same process takes the next task
ENDED = "ended"  # with its attempt, which was stopped and did not obey; the next task gets another
FAILED = "restarted"  # it died or was killed for what it did: started again after a while, less and less often
# When a stop is over, counted from the order.
ASKED, TERM, KILL = "asked", "half of `grace`", "`grace`"


class Evil(NamedTuple):
    name: str  # a function of rogue/
    does: str  # the mistake, for people
    answer: str  # what bide makes of it, for people
    status: str = "completed"
    code: Optional[str] = None
    attempts: Tuple[str, ...] = ("done",)  # verdicts, oldest first
    process: str = KEPT  # of a worker
    over: str = ""  # a stop is asked for and over by then
    said: str = ""  # is in the task's error, or in its log
    dropped: int = 0  # frames that a worker wrote in vain
    cancel: bool = False  # the task is cancelled when the evil is on
    times: int = 1000  # attempts that misbehave
    fields: Dict[str, Any] = {}  # of the submit
    result: Any = "rogue"  # of a completed task
    type: str = "command"  # of a command
    command: Tuple[str, ...] = ()  # before the worker's own command line
    processes: int = 0  # as many may the user have; 0: no limit
    pool: Dict[str, Any] = {}  # what a worker's pool says more
    input_bytes: int = 0  # of padding
    start: str = ""  # instead of a name: how the process misbehaves before it is ready
    starts: int = 1  # that do so


POISON = dict(status="failed", code="poison", attempts=("lost",) * 3, process=FAILED)
LATE = dict(status="failed", code="timeout", attempts=("timeout",), process=ENDED, fields={"timeout_ms": 300, "max_attempts": 1})
AT_ONCE = {**LATE, "over": ASKED, "fields": {**LATE["fields"], "grace_ms": 30_000}}
CANCEL = dict(status="cancelled", code="cancelled", attempts=("cancelled",), process=ENDED, cancel=True)
ONCE = dict(attempts=("lost", "done"), process=FAILED, times=1)
KILLED = dict(status="failed", code="worker_crashed", attempts=("failed",), fields={"max_attempts": 1})
FAILS = dict(status="failed", code="worker_error", attempts=("failed",))

WORKERS = [
    # what it says
    Evil("prints-frames", "prints to descriptor 4 what is no JSON",
         "the process is killed, the line is quoted in the task's log and in `/v1/workers`",
         said='wrote a line that is not JSON: "Loading the model..."', **POISON),
    Evil("junk-everywhere", "writes bytes of any kind to each descriptor it has",
         "the process is killed for what came on descriptor 4; what is no UTF-8 in the log is replaced", said="that is not JSON", **ONCE),
    Evil("no-object", "writes JSON that is no object with an `op`", "the process is killed, its words are quoted",
         said="not a frame", **ONCE),
    Evil("name-twice", "writes an object with the same name twice", "that is not JSON here: the process is killed",
         said="that is not JSON", **ONCE),
    Evil("too-deep", "answers with JSON of more than 64 levels", "that is no frame: the process is killed", said="deep", **ONCE),
    Evil("half-frame", "writes half a frame and hangs", "nothing was said: the task runs until its `timeout`", over=TERM, **LATE),
    Evil("half-frame-and-exit", "writes half a frame and exits 0", "half a frame is none: the process died in the middle",
         said="exit status 0", **ONCE),
    Evil("long-line", "writes a line of 1 GiB", "the process is killed when the line is over 1,088 KiB; no more of it is read",
         said="more than 1114112 bytes", **POISON),
    Evil("floods-stdout", "floods stdout, from four processes at once", "all of it is read; the first and the last 128 KiB are the task's log"),
    Evil("floods-stderr", "floods stderr with bytes that are neither lines nor text", "all of it is read and made text, 256 KiB are kept"),
    Evil("floods-progress", "writes `progress` without a pause", "each is read, the last one counts, once a second is stored"),
    Evil("floods-log", "writes `log` without a pause", "all of it is read, 256 KiB are kept"),
    Evil("floods-unknown", "writes frames that nobody knows, without a pause", "they are read and dropped"),
    Evil("floods-names", "writes objects of 100,000 names without a pause", "each is read; `data` over its limit is dropped"),
    Evil("nonsense-progress", "writes a `progress` whose members are of the wrong kind, out of range, too long",
         "what is wrong counts as not said, a long message is cut, `data` over its limit is dropped"),
    # what it answers
    Evil("answers-twice", "answers `done` twice", "the first counts, the second is dropped", result="first", dropped=1),
    Evil("takes-its-word-back", "answers `done`, then `fail`", "the first counts, the second is dropped", result="first", dropped=1),
    Evil("answers-for-another", "answers for a task that another worker has", "dropped; that task is not touched", dropped=4),
    Evil("answers-for-nobody", "answers for tasks that do not exist, or for none",
         "dropped; its own task runs until its `timeout`", over=TERM, dropped=7, **LATE),
    Evil("wrong-fence", "answers with a wrong fence", "dropped; the task runs until its `timeout`", over=TERM, dropped=9, **LATE),
    Evil("old-fence", "answers with the fence of the attempt before", "dropped; its next answer counts",
         attempts=("failed", "done"), fields={"max_attempts": 2}, dropped=1),
    Evil("forgets-the-fence", "answers without a fence for a task it has had before", "dropped, and the log says so",
         status="failed", code="timeout", attempts=("failed", "timeout"), process=ENDED, over=TERM,
         said="a frame without a fence was dropped", fields={"timeout_ms": 300, "max_attempts": 2}, dropped=1),
    Evil("gives-up-unasked", "answers `cancelled` to what nobody cancelled", "that is a failure of the task",
         said="without being asked", fields={"max_attempts": 1}, **FAILS),
    Evil("answers-after-cancelled", "answers `cancelled`, then `done`", "the first counts",
         over=ASKED, dropped=1, **{**CANCEL, "process": KEPT}),
    Evil("done-instead-of-cancelled", "is asked to stop and answers `done`", "the work is done: that counts",
         over=ASKED, cancel=True, result="just in time"),
    Evil("claims-to-be-poison", "fails with a code that is bide's own and texts that are too long",
         "the code is kept and retried as the table of codes says, the texts are cut",
         status="failed", code="poison", attempts=("failed",)),
    Evil("ready-again", "says `ready` a second time, with another protocol", "dropped", dropped=2),
    # how it lives and dies
    Evil("exits", "exits 0 in the middle of a task", "a death as any other; three of them are poison",
         said="exit status 0", **POISON),
    Evil("segfaults", "is ended by a signal", "a death as any other, the signal is in the message", said="signal 11", **ONCE),
    Evil("kills-its-group", "kills its process group", "a death as any other", said="signal 9", **ONCE),
    Evil("eats-memory", "takes memory until its limit (`prlimit --as`, `ulimit -v`) is reached",
         "it dies of it, bide does not; what it printed is the detail of the error", said="MemoryError",
         command=("prlimit", f"--as={300 << 20}"), **ONCE),
    Evil("eats-memory", "takes memory until the limit of its pool (`limits: {memory: ...}`) is reached", "the same",
         said="MemoryError", pool={"limits": {"memory": "300M"}}, **ONCE),
    Evil("computes-and-is-deaf", "computes, reads no frame, ignores SIGTERM", "SIGKILL when `grace` is over", over=KILL, **CANCEL),
    Evil("stops-itself", "stops itself with SIGSTOP", "is woken with the SIGTERM", over=TERM, **CANCEL),
    Evil("stops-itself-and-is-deaf", "stops itself with SIGSTOP again and again and ignores SIGTERM",
         "SIGKILL when `grace` is over", over=KILL, **LATE),
    Evil("stops-its-keeper", "stops its keeper, the process above it, and ignores SIGTERM",
         "bide wakes the keeper until it has killed the tree", over=KILL, **CANCEL),
    Evil("stops-its-keeper-for-good", "has processes that stop its keeper again and again",
         "a keeper that cannot be woken is killed, then all that it kept", over=KILL, **CANCEL),
    Evil("kills-its-keeper", "starts a process in a session of its own, and kills its keeper",
         "its process is killed, and whatever is left of its tree", said="signal 9", **ONCE),
    Evil("fork-bomb", "forks without end, in groups and sessions, up to its limit of processes (`ulimit -u`)",
         "all of it is dead when `grace` is over, while workers that are there go on", over=KILL, processes=60, **CANCEL),
    Evil("fork-bomb", "forks without end, up to the limit of its pool (`limits: {processes: ...}`)",
         "all of it is dead when `grace` is over, while others start processes as ever", over=KILL, pool={"limits": {"processes": 60}}, **CANCEL),
    # what it leaves behind
    Evil("grandchild-holds-the-pipes", "dies and leaves a process that holds its pipes",
         "the end of the process is the end; what is left of it is killed", said="exit status 3", **ONCE),
    Evil("grandchild-in-its-own-session", "dies and leaves a process that forked twice and called `setsid`",
         "that does not help it: it is killed", said="exit status 3", **ONCE),
    Evil("grandchild-in-its-own-group", "has a process with a group of its own, both ignore SIGTERM",
         "SIGKILL to all of them when `grace` is over", over=KILL, **CANCEL),
    Evil("grandchild-talks-after-the-end", "answers `done`, then a process it started writes junk to descriptor 4",
         "the task is completed; all of the process's tree is killed", process=FAILED, result="first"),
    # its descriptors
    Evil("closes-frames-out", "closes descriptor 4 and works on",
         "nothing can be heard of it any more: killed 2 s later, if it has not ended by itself", said="closed descriptor 4", **ONCE),
    Evil("closes-everything", "closes all its descriptors and goes on", "killed 2 s later, as above", said="closed descriptor 4", **ONCE),
    Evil("closes-frames-in", "answers `done`, closes descriptor 3 and stays",
         "the next task cannot be given to it: it is killed, that task is given to the next process untried"),
    # its directory
    Evil("writes-outside", "writes, empties, makes, moves and removes files outside its directory, itself and by what it starts, in a pool with `read_only: [/]`",
         "none of it can be done", pool={"read_only": ["/"]}),
    Evil("names-files-outside", "names files that are outside its directory, or no files",
         "they are left out, and the log says so", said="was left out"),
    Evil("result-is-a-link", "names a `result_file` that is a link", "links are not followed",
         status="failed", code="bad_result", attempts=("failed",), fields={"max_attempts": 1}),
    Evil("result-is-a-pipe", "names a `result_file` that is a pipe", "nobody waits for it",
         status="failed", code="bad_result", attempts=("failed",), fields={"max_attempts": 1}),
    Evil("result-of-a-gibibyte", "names a `result_file` of 1 GiB", "it is not read", status="failed", code="output_too_large",
         attempts=("failed",)),
    Evil("deletes-its-directory", "deletes its directory and names a file of it", "the file is left out", said="was left out"),
    Evil("fills-its-directory", "fails and leaves hundreds of files, 300 levels, directories that cannot be opened",
         "all of it is removed", said="full", **FAILS),
    Evil("shuts-its-directory", "fails and takes all permissions off its directory", "it is removed", said="shut", **FAILS),
    Evil("replaces-its-directory", "fails and puts a link to elsewhere in the place of its directory",
         "the link is removed, nothing behind it", said="elsewhere", **FAILS),
]

COMMANDS = [
    Evil("large-result", "writes more than 16 MiB to stdout", "killed when the limit is reached, not tried again",
         status="failed", code="output_too_large", attempts=("failed",)),
    Evil("floods-stderr", "floods stderr", "256 KiB of it are the log"),
    Evil("never-reads-stdin", "never reads its stdin, of 4 MiB", "nobody minds", input_bytes=4 << 20),
    Evil("half-a-result", "exits 0 having written half of a JSON text", "that is text: the result is `{\"stdout\": ...}`",
         result={"stdout": '{"text": "hel'}),
    Evil("half-a-result", "exits 0 having written half of a JSON text, of a type with `stdout: json`", "that is no result; tried again",
         type="json", status="failed", code="bad_result", attempts=("failed", "failed"), fields={"max_attempts": 2}),
    Evil("says-fail-and-exits-0", "writes a `fail` frame and exits 0", "the frame counts",
         status="failed", code="invalid_input", attempts=("failed",)),
    Evil("says-done-and-stays", "writes a `done` frame and does not end", "is stopped at its `timeout`, and the `done` counts",
         over=KILL, result="said", fields={"timeout_ms": 300}),
    Evil("answers-twice", "writes two `done` frames", "the first counts", result="first"),
    Evil("prints-frames", "writes to descriptor 4 what is no JSON", "killed; an ordinary failure, never poison",
         said="that is not JSON", status="failed", code="worker_crashed", attempts=("failed",) * 4, fields={"max_attempts": 4}),
    Evil("long-line", "writes a line of 1 GiB to descriptor 4", "killed when the line is over 1,088 KiB",
         said="longer than the limit", **KILLED),
    Evil("segfaults", "is ended by a signal", "an ordinary failure", said="signal 11", **KILLED),
    Evil("kills-its-group", "kills its process group", "an ordinary failure", said="signal 9", **KILLED),
    Evil("computes-and-is-deaf", "ignores SIGTERM", "SIGKILL when `grace` is over", over=KILL, **CANCEL),
    Evil("stops-itself", "stops itself with SIGSTOP", "is woken with the SIGTERM, which comes at once", **AT_ONCE),
    Evil("stops-its-keeper", "stops its keeper and ignores SIGTERM", "SIGKILL when `grace` is over", over=KILL, **CANCEL),
    Evil("kills-its-keeper", "starts a process in a session of its own, and kills its keeper",
         "all of it is killed", said="signal 9", **KILLED),
    Evil("fork-bomb", "forks without end", "all of it is dead when `grace` is over", over=KILL, processes=60, **CANCEL),
    Evil("grandchild-holds-the-pipes", "exits 0 and leaves a process that holds its pipes",
         "the exit counts; what is left is killed", result={"stdout": ""}),
    Evil("grandchild-in-its-own-session", "exits 0 and leaves a process that forked twice and called `setsid`",
         "the exit counts; what is left is killed", result={"stdout": ""}),
    Evil("grandchild-in-its-own-group", "has a process with a group of its own, both ignore SIGTERM",
         "SIGKILL to all of them when `grace` is over", over=KILL, **CANCEL),
    Evil("closes-everything", "closes all its descriptors and goes on", "the exit is waited for, until its `timeout`", **AT_ONCE),
    Evil("deletes-its-directory", "deletes its directory", "it has no output files"),
    Evil("fills-its-directory", "fails and leaves hundreds of files, 300 levels, directories that cannot be opened",
         "all of it is removed", said="full", **FAILS),
    Evil("replaces-its-directory", "fails and puts a link to elsewhere in the place of its directory",
         "the link is removed, nothing behind it", said="elsewhere", **FAILS),
]

STARTS = [
    Evil("none", "dies at its start, ten times",
         "tried again after 1, 2, 4, 8 s; after the fifth its place is `broken`, tried every 5 min, or at once after a recycle",
         said="no model, at start", start="dies", starts=10, process=FAILED),
    Evil("none", "never says `ready`", "the process is killed after `ready_timeout`, another is started",
         said="did not say ready within 500ms", start="hangs", process=FAILED),
    Evil("none", "stops itself before it says `ready`", "the process is killed after `ready_timeout`, another is started", said="did not say ready within 500ms", start="stops", process=FAILED),
    Evil("none", "prints to descriptor 4 before it says `ready`", "the process is killed, another is started",
         said="Loading the model...", start="junk", process=FAILED),
    Evil("none", "speaks another protocol (`proto: 2`)", "the process is killed, another is started",
         said="speaks protocol bide/2", start="proto", process=FAILED),
    Evil("none", "answers tasks before it says `ready`", "what it says is dropped; it has none", start="eager", dropped=2),
    Evil("none", "says `ready` and never reads", "the task runs until its `timeout`, the process is ended, the retry gets another",
         start="mute", attempts=("timeout", "done"), process=ENDED, fields={"timeout_ms": 300}),
]

HEAD = ["It", "its task", "attempts", "its process", "what bide does"]
TABLES = {"Workers": WORKERS, "Workers, while they start": STARTS, "Commands": COMMANDS}


def row(evil, table):
    """As the page shows it."""
    ending = f"`{evil.status}`" + (f" `{evil.code}`" if evil.code and evil.code != evil.status else "")
    process = [] if table == "Commands" else [evil.process]
    answer = evil.answer + (f"; over at {evil.over}" if evil.over in (TERM, KILL) and "`grace`" not in evil.answer else "")
    return [evil.does, ending, ", ".join(evil.attempts), *process, answer]


def page(table):
    head = [h for h in HEAD if h != "its process"] if table == "Commands" else HEAD
    lines = [head, ["---"] * len(head), *(row(evil, table) for evil in TABLES[table])]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    for name in TABLES:
        print(f"## {name}\n\n{page(name)}")
