# SPDX-License-Identifier: Apache-2.0
"""bide.worker over pipes, as bide itself would drive it: no server. The frames are those of protocol bide/1."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

import bide  # noqa: E402

PROGRAM = Path(__file__).with_name("sdk_worker.py")


class Process:
    """A worker process, its descriptors 3 and 4, and a directory for its attempts."""

    def __init__(self, **env):
        self.dir = tempfile.TemporaryDirectory()
        child_in, self._in = os.pipe()
        out, child_out = os.pipe()
        self.popen = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            pass_fds=(child_in, child_out),
            env={**os.environ, "BIDE_IN": str(child_in), "BIDE_OUT": str(child_out), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(child_in)
        os.close(child_out)
        self._out = os.fdopen(out, "rb")

    def say(self, **frame):
        os.write(self._in, json.dumps(frame).encode() + b"\n")

    def give(self, *tasks):
        defaults = {"fence": "9f86d081884c7d65", "attempt": 1, "timeout_ms": 1000, "dir": self.dir.name, "resume": None}
        self.say(op="run", tasks=[{**defaults, **task} for task in tasks])

    def hear(self):
        line = self._out.readline()
        return json.loads(line) if line else None

    def hear_verdicts(self, count):
        verdicts = {}
        while len(verdicts) < count:
            frame = self.hear()
            assert frame is not None, "the worker left"
            if frame["op"] in ("done", "fail", "cancelled"):
                assert frame["id"] not in verdicts, "two verdicts"
                verdicts[frame["id"]] = frame
        return verdicts

    def do(self, type, input=None, **task):
        self.give({"id": "t1", "type": type, "input": input, **task})
        return self.hear_verdicts(1)["t1"]

    def close_in(self):
        if self._in >= 0:
            os.close(self._in)
            self._in = -1

    def end(self):
        """Closes its input; returns its exit status, stdout and stderr."""
        self.close_in()
        out, err = self.popen.communicate(timeout=20)
        return self.popen.returncode, out, err

    def release(self):
        self.close_in()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate()
        self._out.close()
        self.dir.cleanup()


class WorkerTest(unittest.TestCase):
    def start(self, **env):
        process = Process(**env)
        self.addCleanup(process.release)
        return process

    def ready(self, **env):
        process = self.start(**env)
        self.assertEqual(process.hear()["op"], "ready")
        return process

    def test_ready_says_what_the_worker_can_do(self):
        ready = self.start(CONCURRENCY="3").hear()
        self.assertEqual(ready, {"op": "ready", "proto": 1, "max_batch": 8, "concurrency": 3, "ping": True})

    def test_a_task_is_done_with_its_fence_and_the_model_is_loaded_once(self):
        process = self.ready()
        for n in range(3):
            verdict = process.do("echo", {"n": n}, attempt=2, resume={"at": n})
            self.assertEqual(verdict["op"], "done")
            self.assertEqual(verdict["fence"], "9f86d081884c7d65")
            self.assertEqual(verdict["result"], {"input": {"n": n}, "attempt": 2, "loads": 1, "resume": {"at": n}})

    def test_what_a_handler_says_becomes_frames_and_what_it_prints_does_not(self):
        process = self.ready()
        process.give({"id": "t1", "type": "talk", "input": None})
        frames = [process.hear() for _ in range(6)]
        for frame in frames:
            self.assertEqual((frame.pop("id"), frame.pop("fence")), ("t1", "9f86d081884c7d65"))
        self.assertEqual(
            frames,
            [
                {"op": "progress", "percent": 40, "message": "segment 4/10", "data": {"n": 4}},
                {"op": "log", "level": "info", "text": "lang=en"},
                {"op": "output", "n": 0, "data": "hello "},
                {"op": "output", "n": 1, "data": "world"},
                {"op": "save", "data": {"at": 4}},
                {"op": "done", "result": None, "files": ["out.srt"]},
            ],
        )
        self.assertEqual(Path(process.dir.name, "out.srt").read_text(), "1")
        self.assertIn("on stdout", process.end()[1])

    def test_a_cancel_is_obeyed_at_the_next_check_and_the_process_lives_on(self):
        process = self.ready()
        process.give({"id": "t1", "type": "obey"})
        self.assertEqual(process.hear()["op"], "progress")
        process.say(op="cancel", id="t1", fence="9f86d081884c7d65", reason="user")
        self.assertEqual(process.hear(), {"op": "cancelled", "id": "t1", "fence": "9f86d081884c7d65"})
        self.assertEqual(process.do("echo")["op"], "done")

    def test_a_cancel_with_another_fence_or_for_an_unknown_task_changes_nothing(self):
        process = self.ready()
        process.give({"id": "t1", "type": "finish.anyway"})
        process.hear()
        process.say(op="cancel", id="t1", fence="0000000000000000", reason="user")
        process.say(op="cancel", id="t9", fence="9f86d081884c7d65", reason="user")
        process.say(op="ping", n=5)
        self.assertEqual(process.hear(), {"op": "pong", "n": 5})
        process.say(op="cancel", id="t1", fence="9f86d081884c7d65", reason="user")
        self.assertEqual(process.hear()["result"], "done all the same")

    def test_a_task_cancelled_while_it_waits_in_the_worker_never_runs(self):
        process = self.ready()
        process.give({"id": "t1", "type": "obey"}, {"id": "t2", "type": "echo"})
        process.hear()
        for id in ("t2", "t1"):
            process.say(op="cancel", id=id, fence="9f86d081884c7d65", reason="user")
        verdicts = process.hear_verdicts(2)
        self.assertEqual({id: frame["op"] for id, frame in verdicts.items()}, {"t1": "cancelled", "t2": "cancelled"})

    def test_pings_are_answered_while_a_handler_runs(self):
        process = self.ready()
        process.give({"id": "t1", "type": "obey"})
        process.hear()
        process.say(op="ping", n=7)
        self.assertEqual(process.hear(), {"op": "pong", "n": 7})

    def test_fail_carries_everything_it_was_given(self):
        frame = self.ready().do("fail")
        self.assertEqual(
            {k: frame[k] for k in frame if k not in ("op", "id", "fence")},
            {
                "code": "invalid_input",
                "message": "not audio",
                "retry": False,
                "retry_after_ms": 1500,
                "detail": "moov atom",
                "recycle": True,
                "type": "Fail",
            },
        )

    def test_an_exception_becomes_a_failure_with_its_type_and_traceback(self):
        process = self.ready()
        frame = process.do("raise", {"name": "x"})
        self.assertEqual((frame["op"], frame["code"], frame["type"]), ("fail", "worker_error", "ValueError"))
        self.assertEqual(frame["message"], "the value of x")
        self.assertIn("sdk_worker.py", frame["detail"])
        self.assertNotIn("retry", frame)
        frame = process.do("raise", {"name": "y" * 10_000})
        self.assertEqual(len(frame["message"]), 4096)
        self.assertLessEqual(len(frame["detail"]), 32 * 1024)
        self.assertEqual(process.do("echo")["op"], "done")

    def test_a_handler_that_exits_gives_its_verdict_first(self):
        process = self.ready()
        frame = process.do("exit")
        self.assertEqual((frame["op"], frame["type"], frame["recycle"]), ("fail", "SystemExit", True))
        self.assertEqual(process.end()[0], 3)

    def test_a_large_result_travels_as_a_file(self):
        process = self.ready()
        frame = process.do("return.a", "large")
        self.assertEqual((frame["op"], "result" in frame), ("done", False))
        text = Path(process.dir.name, frame["result_file"]).read_text()
        self.assertEqual(json.loads(text), "x" * 2_000_000)

    def test_a_large_input_arrives_as_a_file(self):
        process = self.ready()
        Path(process.dir.name, "input.json").write_text(json.dumps({"text": "y" * 2_000_000}))
        process.give({"id": "t1", "type": "raise", "input_file": os.path.join(process.dir.name, "input.json")})
        self.assertEqual(process.hear()["message"], "'name'")
        process.give({"id": "t2", "type": "echo", "input_file": "missing.json"})
        frame = process.hear()
        self.assertEqual((frame["op"], frame["id"], frame["type"]), ("fail", "t2", "FileNotFoundError"))

    def test_a_result_that_json_cannot_hold_fails_the_task(self):
        process = self.ready()
        for input, type in (("nan", "ValueError"), ("object", "TypeError")):
            frame = process.do("return.a", input)
            self.assertEqual((frame["op"], frame["code"], frame["type"]), ("fail", "bad_result", type))
        self.assertEqual(process.do("return.a", "surrogate")["result"], "?")

    def test_an_unknown_type_fails_without_another_attempt(self):
        frame = self.ready().do("nobody")
        self.assertEqual((frame["op"], frame["code"], frame["retry"]), ("fail", "invalid_input", False))

    def test_unknown_frames_are_ignored(self):
        process = self.ready()
        process.say(op="sing", loud=True)
        self.assertEqual(process.do("echo")["op"], "done")

    def test_a_batch_has_a_verdict_for_each_task(self):
        process = self.ready()
        process.give(*({"id": f"t{n}", "type": "sum", "input": "bad" if n == 1 else n} for n in range(3)))
        verdicts = process.hear_verdicts(3)
        self.assertEqual([verdicts[id]["op"] for id in ("t0", "t1", "t2")], ["done", "fail", "done"])
        self.assertEqual(verdicts["t0"]["result"], 3)
        self.assertEqual(process.do("sum", 1)["result"], 1)

    def test_a_batch_that_raises_or_returns_too_few_fails_every_task(self):
        process = self.ready()
        for input, error in (("crash", "RuntimeError"), ("short", "ValueError")):
            process.give({"id": "a", "type": "sum", "input": input}, {"id": "b", "type": "sum", "input": 1})
            verdicts = process.hear_verdicts(2)
            self.assertEqual({frame["type"] for frame in verdicts.values()}, {error})

    def test_a_cancel_in_a_batch_ends_that_task_alone(self):
        process = self.ready()
        process.give({"id": "a", "type": "sum", "input": "until cancelled"}, {"id": "b", "type": "sum", "input": 1})
        process.hear()
        process.say(op="cancel", id="a", fence="9f86d081884c7d65", reason="user")
        verdicts = process.hear_verdicts(2)
        self.assertEqual((verdicts["a"]["op"], verdicts["b"]["op"]), ("cancelled", "done"))

    def test_with_concurrency_tasks_run_at_the_same_time(self):
        process = self.ready(CONCURRENCY="2")
        process.give({"id": "a", "type": "meet"})
        process.give({"id": "b", "type": "meet"})
        self.assertEqual({frame["op"] for frame in process.hear_verdicts(2).values()}, {"done"})

    def test_stop_and_end_of_file_finish_what_was_given_and_exit_0(self):
        for stop in (True, False):
            process = self.ready()
            process.give({"id": "a", "type": "echo"}, {"id": "b", "type": "echo"})
            if stop:
                process.say(op="stop")
            else:
                process.close_in()
            self.assertEqual(len(process.hear_verdicts(2)), 2)
            self.assertIsNone(process.hear())
            self.assertEqual(process.end()[0], 0)

    def test_async_functions_share_one_loop_with_the_loaders(self):
        process = self.ready()
        for n in range(2):
            self.assertEqual(process.do("async echo", n)["result"], [n, True])

    def test_several_async_tasks_are_open_at_once_up_to_the_concurrency(self):
        process = self.ready(CONCURRENCY="2")
        process.give({"id": "a", "type": "async meet"}, {"id": "b", "type": "async meet"})
        verdicts = process.hear_verdicts(2)
        self.assertEqual([verdicts[id]["result"] for id in "ab"], ["bide-loop"] * 2)

    def test_async_and_plain_tasks_share_the_slots(self):
        process = self.ready(CONCURRENCY="2")
        process.give({"id": "a", "type": "async obey"}, {"id": "b", "type": "obey"}, {"id": "c", "type": "echo"})
        self.assertEqual({process.hear()["id"], process.hear()["id"]}, {"a", "b"})
        process.say(op="cancel", id="b", reason="user")
        verdicts = process.hear_verdicts(2)  # b makes room for c; a goes on
        self.assertEqual({id: frame["op"] for id, frame in verdicts.items()}, {"b": "cancelled", "c": "done"})
        process.say(op="cancel", id="a", reason="timeout")
        self.assertEqual(process.hear()["op"], "cancelled")
        self.assertIn("cleaned up timeout", process.end()[1])

    def test_a_cancelled_async_task_ends_at_its_await_and_the_next_one_runs(self):
        process = self.ready()
        for _ in range(3):
            process.give({"id": "t1", "type": "async obey"})
            process.hear()
            process.say(op="cancel", id="t1", reason="user")
            self.assertEqual(process.hear()["op"], "cancelled")
        self.assertEqual(process.do("async echo", 1)["op"], "done")

    def test_a_plain_function_that_asked_for_it_is_interrupted_anywhere(self):
        process = self.ready()
        for _ in range(5):
            process.give({"id": "t1", "type": "interrupt"})
            process.hear()
            process.say(op="cancel", id="t1", reason="user")
            self.assertEqual(process.hear()["op"], "cancelled")
            self.assertEqual(process.do("echo")["op"], "done")

    def test_a_cancelled_task_that_waits_is_answered_while_the_one_before_it_runs(self):
        process = self.ready()
        process.give({"id": "t1", "type": "finish.anyway"}, {"id": "t2", "type": "echo"}, {"id": "t3", "type": "echo"})
        process.hear()
        process.say(op="cancel", id="t2", reason="user")
        self.assertEqual(process.hear(), {"op": "cancelled", "id": "t2", "fence": "9f86d081884c7d65"})
        process.say(op="cancel", id="t1", reason="user")
        self.assertEqual({f["op"] for f in process.hear_verdicts(2).values()}, {"done"})

    def test_the_same_task_given_again_is_known_by_its_fence(self):
        process = self.ready(CONCURRENCY="2")
        process.give({"id": "t1", "type": "async obey", "fence": "1"})
        process.hear()
        process.give({"id": "t1", "type": "async obey", "fence": "2"})
        process.hear()
        for fence in "12":
            process.say(op="cancel", id="t1", fence=fence, reason="user")
            self.assertEqual((frame := process.hear())["op"], "cancelled")
            self.assertEqual(frame["fence"], fence)

    def test_retry_says_when_and_why(self):
        frame = self.ready().do("retry")
        self.assertEqual((frame["retry"], frame["retry_after_ms"], frame["message"]), (True, 30_000, "later"))
        self.assertIn("OSError: the disk is tired", frame["detail"])

    def test_the_class_of_an_exception_decides_whether_to_retry(self):
        process = self.ready()
        retries = {name: process.do("picky", name).get("retry") for name in ("os", "file", "key", "value", "fail")}
        self.assertEqual(retries, {"os": True, "file": False, "key": True, "value": False, "fail": None})

    def test_an_exception_with_odd_words_still_has_its_verdict(self):
        process = self.ready()
        frame = process.do("speechless")
        self.assertEqual((frame["type"], frame["message"]), ("Speechless", "Speechless"))
        frame = process.do("picky", "fail")
        self.assertEqual((frame["code"], frame["message"]), ("no_voice", "'not a text'"))

    def test_what_the_server_would_refuse_fails_the_task_and_not_the_worker(self):
        process = self.ready()
        for input in ("deep", "recursion", "twice", "nul", "many"):
            frame = process.do("odd", input)
            self.assertEqual((frame["op"], frame["code"]), ("fail", "bad_result"), input)
        process.give({"id": "t1", "type": "say odd"})
        self.assertEqual([process.hear()["op"] for _ in range(3)], ["log", "log", "done"])

    def test_a_result_with_many_files_and_a_task_to_follow_stays_a_frame(self):
        frame = self.ready().do("many files")
        self.assertEqual((len(frame["files"]), "result" in frame), (256, False))
        self.assertEqual(frame["next"], [{"type": "echo", "input": "next", "priority": 1}])

    def test_hooks_run_around_each_task(self):
        process = self.ready()
        self.assertEqual(process.do("echo", "refuse")["message"], "the hook refuses it")
        process.give({"id": "t1", "type": "return.x", "input": "hooked"})
        self.assertEqual([process.hear()["text"], process.hear()["type"]], ["after failed None True", "KeyError"])
        process.give({"id": "t1", "type": "async echo", "input": "hooked"})
        self.assertEqual([process.hear()["text"], process.hear()["op"]], ["after completed ['hooked', True] True", "done"])
        process.give({"id": "a", "type": "sum", "input": "refuse"}, {"id": "b", "type": "sum", "input": 1})
        verdicts = process.hear_verdicts(2)
        self.assertEqual((verdicts["a"]["op"], verdicts["b"]["result"]), ("fail", 1))
        self.assertIn("a hook's own trouble", process.end()[2])

    def test_a_batch_is_cut_to_what_its_function_takes(self):
        process = self.ready()
        process.give(*({"id": f"t{n}", "type": "async pairs" if n != 1 else "echo"} for n in range(6)))
        verdicts = process.hear_verdicts(6)
        self.assertEqual([verdicts[f"t{n}"]["result"] for n in (0, 2, 3, 4, 5)], [2, 2, 2, 2, 1])

    def test_verdicts_of_a_batch_may_come_one_by_one(self):
        process = self.ready()
        given = [{"id": id, "type": "as they come", "input": input} for id, input in [("a", 1), ("b", "bad"), ("c", 3)]]
        process.give(*given)
        frames = [process.hear() for _ in range(3)]
        self.assertEqual([(f["id"], f["op"], f.get("result")) for f in frames], [("a", "done", 1), ("b", "fail", None), ("c", "done", "last")])
        given[2]["input"] = "forget"
        process.give(*given)
        self.assertEqual(process.hear_verdicts(3)["c"]["code"], "no_reply")

    def test_a_function_that_exits_leaves_no_task_without_a_verdict(self):
        process = self.ready()
        process.give(*({"id": id, "type": "leave a batch"} for id in "abc"), {"id": "d", "type": "echo"})
        verdicts = process.hear_verdicts(4)
        self.assertEqual([verdicts[id].get("recycle") for id in "abcd"], [True, True, True, None])
        self.assertEqual(process.end()[0], 5)
        process = self.ready(CONCURRENCY="2")
        self.assertEqual(process.do("async exit")["type"], "SystemExit")
        self.assertEqual(process.end()[0], 4)
        process = self.ready(CONCURRENCY="3")
        self.assertEqual(process.do("exit")["type"], "SystemExit")
        self.assertEqual(process.end()[0], 3)

    def test_stop_finishes_async_work_too(self):
        process = self.ready(CONCURRENCY="2")
        process.give({"id": "a", "type": "async meet"})
        process.give({"id": "b", "type": "async meet"})
        process.say(op="stop")
        self.assertEqual(len(process.hear_verdicts(2)), 2)
        self.assertEqual(process.end()[0], 0)

    def test_handlers_are_registered_once_and_with_sense(self):
        from bide.worker import Worker

        worker = Worker()
        worker.task("a")(print)
        for wrong in (
            lambda: worker.task("a")(print),
            lambda: worker.task("b", max_batch=0),
            lambda: Worker(concurrency=0),
            lambda: bide.Retry(after=-1),
        ):
            with self.assertRaises(ValueError):
                wrong()

    def test_a_loader_that_raises_ends_the_process_before_ready(self):
        process = self.start(LOAD_FAILS="1")
        self.assertIsNone(process.hear())
        status, _, err = process.end()
        self.assertEqual(status, 1)
        self.assertIn("no such model", err)

    def test_started_by_hand_it_says_who_should_start_it(self):
        done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn("started by its server", done.stderr)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
