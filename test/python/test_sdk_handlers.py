# SPDX-License-Identifier: Apache-2.0
"""bide.worker over pipes: async functions, interrupts, hooks, retries, odd results, batches whose verdicts come apart."""
import sys
import unittest
from pathlib import Path

from worker_process import WorkerCase

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

import bide  # noqa: E402
from bide.worker import Worker  # noqa: E402


class HandlersTest(WorkerCase):
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

    def test_a_task_to_follow_has_the_fields_of_a_submit_and_without_an_input_none(self):
        frame = self.ready().do("follow", [{"type": "a"}, {"type": "b", "input": 0, "at": 0, "on_failure": [{"type": "c"}]}])
        self.assertEqual(frame["next"], [{"type": "a"}, {"type": "b", "input": 0, "run_at": "1970-01-01T00:00:00.000Z", "on_failure": [{"type": "c"}]}])

    def test_seventeen_tasks_to_follow_are_one_too_many(self):
        process = self.ready()
        self.assertEqual(len(process.do("follow", [{"type": "a"}] * 16)["next"]), 16)
        frame = process.do("follow", [{"type": "a"}] * 17)
        self.assertEqual((frame["op"], frame["type"], frame["message"]), ("fail", "ValueError", "more than 16 tasks to follow"))

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


if __name__ == "__main__":
    unittest.main()
