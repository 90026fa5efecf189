# SPDX-License-Identifier: Apache-2.0
"""bide.worker over pipes: what every worker does."""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from worker_process import PROGRAM, WorkerCase


class WorkerTest(WorkerCase):
    def test_ready_says_what_the_worker_can_do(self):
        ready = self.start(CONCURRENCY="3").hear()
        self.assertEqual(ready, {"op": "ready", "proto": 1, "max_batch": 8, "concurrency": 3, "ping": False})

    def test_ready_says_that_pings_are_answered_only_when_the_worker_was_made_so(self):
        process = self.start(PING="1")
        self.assertEqual(process.hear(), {"op": "ready", "proto": 1, "max_batch": 8, "concurrency": 1, "ping": True})
        process.give({"id": "t1", "type": "obey"})
        self.assertEqual(process.hear()["op"], "progress")
        process.say(op="ping", n=7)
        self.assertEqual(process.hear(), {"op": "pong", "n": 7}, "while the task goes on")
        process.say(op="cancel", id="t1", fence="9f86d081884c7d65", reason="user")
        self.assertEqual(process.hear()["op"], "cancelled")
        self.assertIs(self.start().hear()["ping"], False)

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

    def test_a_large_checkpoint_arrives_as_a_file(self):
        process = self.ready()
        Path(process.dir.name, "resume.json").write_text(json.dumps({"at": "z" * 1_000_000}))
        process.give({"id": "t1", "type": "echo", "input": {}, "resume_file": os.path.join(process.dir.name, "resume.json")})
        self.assertEqual(len(process.hear()["result"]["resume"]["at"]), 1_000_000)
        process.give({"id": "t2", "type": "echo", "input": {}, "resume_file": "missing.json"})
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
