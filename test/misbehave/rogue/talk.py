# SPDX-License-Identifier: Apache-2.0
"""What a worker says that it should not, or never says."""
import json
import os

from kit import OUT, MIB, about, child, done, evil, fail, fences, frame, hang, on, say, spread, write, deaf


# ---- what it says ----


@evil
def none(task):
    pass


@evil
def prints_frames(task):
    write(OUT, b"Loading the model...\n")
    hang()


@evil
def junk_everywhere(task):
    for fd in range(1024):
        try:
            os.write(fd, b"\0\xff\xfe \x1b[2Jjunk\n")
        except OSError:
            pass
    hang()


@evil
def no_object(task):
    write(OUT, b'["done"]\n')
    hang()


@evil
def name_twice(task):
    write(OUT, b'{"op":"log","text":"a","text":"b"}\n')
    hang()


@evil
def too_deep(task):
    done(task, json.loads("[" * 65 + "]" * 65))
    hang()


@evil
def half_frame(task):
    write(OUT, b'{"op":"done","id":"')
    hang()


@evil
def half_frame_and_exit(task):
    write(OUT, b'{"op":"done","id":"')
    os._exit(0)


@evil
def long_line(task):
    write(OUT, b'{"op":"log","text":"')
    for _ in range(1024):
        write(OUT, MIB)
    write(OUT, b'"}\n')
    hang()


@evil
def floods_stdout(task):
    for _ in range(4):
        if child():
            spread(1, b"a line of some length that says nothing\n" * 1024)
            os._exit(0)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


@evil
def floods_stderr(task):
    spread(2, (b"\xff" + b"\0" * 63) * 1024)  # no line ends, and no text either


@evil
def floods_progress(task):
    piece = json.dumps({"op": "progress", "percent": 1, "message": "m" * 4096, **about(task)}).encode() + b"\n"
    spread(OUT, piece * 16)


@evil
def floods_log(task):
    spread(OUT, json.dumps({"op": "log", "text": "t" * 60000, **about(task)}).encode() + b"\n")


@evil
def floods_unknown(task):
    spread(OUT, b'{"op":"dance","id":"1","n":0,"data":"%s"}\n' % (b"d" * 1000))


@evil
def floods_names(task):
    names = {f"{n:x}": 0 for n in range(100_000)}
    spread(OUT, json.dumps({"op": "progress", "data": names, **about(task)}, separators=(",", ":")).encode() + b"\n")


@evil
def nonsense_progress(task):
    for member in ({"percent": "half"}, {"percent": -5}, {"percent": 1e308}, {"message": "\0" * 100_000}, {"message": 7}, {"data": []},
                   {"data": {"d": "x" * 100_000}}):
        say(op="progress", **member, **about(task))
    on()


# ---- what it answers ----


@evil
def answers_twice(task):
    done(task, "first")
    return done(task, "second")


@evil
def takes_its_word_back(task):
    done(task, "first")
    return fail(task, message="no, after all")


@evil
def answers_for_another(task):
    with open("victim") as file:
        victim = file.read()
    for more in ({}, {"fence": task["fence"]}):
        say(op="done", id=victim, result="not mine", **more)
        say(op="fail", id=victim, **more)
    on()


@evil
def answers_for_nobody(task):
    for id in ("00000000-0000-7000-8000-000000000000", "x", "", None, 7, task["id"][:-1]):
        say(op="done", id=id, fence=task["fence"], result="nobody's")
    say(op="done", result="of no task")
    hang()


@evil
def wrong_fence(task):
    for fence in ("0000000000000000", "f" * 16, "x", "", 7, [], False, int(task["fence"], 16), task["fence"].upper() + "0"):
        say(op="done", id=task["id"], fence=fence, result="wrong")
    hang()


@evil
def old_fence(task):
    if task["attempt"] == 1:
        return fail(task, retry=True, message="the first")
    say(op="done", id=task["id"], fence=fences[task["id"]][0], result="old")


@evil
def forgets_the_fence(task):
    if task["attempt"] == 1:
        return fail(task, retry=True, message="the first")
    say(op="done", id=task["id"], result="of which attempt?")
    hang()


@evil
def gives_up_unasked(task):
    say(op="cancelled", **about(task))
    return True


@evil
def answers_after_cancelled(task):
    on()
    while frame()["op"] != "cancel":
        pass
    say(op="cancelled", **about(task))
    return done(task, "after all")


@evil
def done_instead_of_cancelled(task):
    on()
    while frame()["op"] != "cancel":
        pass
    return done(task, "just in time")


@evil
def claims_to_be_poison(task):
    return fail(task, code="poison", message="m" * 100_000, detail="d" * 100_000, type="t" * 1000)


@evil
def ready_again(task):
    for proto in (1, 2):
        say(op="ready", proto=proto)


@evil
def says_done_and_stays(task):
    done(task, "said")
    deaf()
    hang()
