# SPDX-License-Identifier: Apache-2.0
"""What must be so after any number of kills: no task is lost, none has two live attempts, none two endings.

`Facts` is all that kills.py has seen, from three sides: the server's word, the notes of the attempts (noted.py), and the
kills. `wrongs` lists what does not fit together, one line each; empty is as it should be.
"""
from collections import Counter
from typing import Any, Dict, List, NamedTuple, Tuple

POISON = 3  # deaths of a worker with this task alone, src/task/life.h
Key = Tuple[str, int]  # task, attempt


class Note(NamedTuple):
    word: str
    task: str
    attempt: int
    pid: int
    at_ns: int


class Facts(NamedTuple):
    accepted: List[str]  # ids of the 202s
    tasks: Dict[str, Dict[str, Any]]  # as the list shows them at the end
    attempts: Dict[str, List[Dict[str, Any]]]  # of each, the first one first
    notes: List[Note]
    killed: Dict[int, int]  # process -> the moment before its kill
    endings: Dict[str, int]  # by status, as the server has counted them
    seen: Dict[str, List[Tuple[str, str]]]  # (status, finished_at) of each ending as it was seen meanwhile


def read_notes(text: str) -> List[Note]:
    """A line that a kill cut off is none: a write of one line is whole or was not made."""
    words = [line.split() for line in text.splitlines()]
    return [Note(word, task, int(attempt), int(pid), int(at_ns)) for word, task, attempt, pid, at_ns in words]


def by_key(facts: Facts, word: str) -> Dict[Key, List[Note]]:
    found: Dict[Key, List[Note]] = {}
    for note in facts.notes:
        if note.word == word:
            found.setdefault((note.task, note.attempt), []).append(note)
    return found


def losses(facts: Facts) -> List[str]:
    """Accepted and there, and over; nothing that nobody submitted."""
    wrong = [f"{id} was accepted and is not there" for id in facts.accepted if id not in facts.tasks]
    wrong += [f"{id} was accepted twice" for id in set(facts.accepted) if facts.accepted.count(id) > 1]
    wrong += [f"{id} was submitted by nobody" for id in facts.tasks if id not in set(facts.accepted)]
    alone = deaths_alone(facts)
    for id, task in facts.tasks.items():
        poison = task["status"] == "failed" and task["error"]["code"] == "poison" and alone[id] >= POISON
        if task["status"] != "completed" and not poison:
            wrong.append(f"{id} is {task['status']} after {alone[id]} deaths alone: {task['error']}")
    return wrong


def deaths_alone(facts: Facts) -> Dict[str, int]:
    """Of each task, the lost attempts that may have been the only one of a worker; those of pullers are none."""
    begins = by_key(facts, "begin")
    pids = {id: [begins[id, a["attempt"]][0].pid if (id, a["attempt"]) in begins else 0
                 for a in facts.attempts[id] if a["verdict"] == "lost" and facts.tasks[id]["type"] != "remote"]
            for id in facts.tasks}
    had = Counter(pid for of in pids.values() for pid in of)
    return {id: sum(pid == 0 or had[pid] == 1 for pid in of) for id, of in pids.items()}


def lives(facts: Facts) -> List[str]:
    """One attempt after the other, each begun once, ended by its verdict or by its process' death."""
    wrong = [f"{n.task}: attempt {n.attempt} found another one alive" for n in facts.notes if n.word == "twice"]
    begins, ends = by_key(facts, "begin"), by_key(facts, "end")
    for (task, attempt), notes in begins.items():
        if len(notes) > 1:
            wrong.append(f"{task}: attempt {attempt} began {len(notes)} times")
        if attempt > len(facts.attempts.get(task, [])):
            wrong.append(f"{task}: attempt {attempt} began, and the server knows of none")
    for id, attempts in facts.attempts.items():
        over_ns = 0
        for number, attempt in enumerate(attempts, 1):
            begun, ended = begins.get((id, number)), ends.get((id, number))
            if attempt["attempt"] != number:
                wrong.append(f"{id}: attempt {attempt['attempt']} stands where {number} should")
            if attempt["verdict"] == "done" and not (begun and ended):
                wrong.append(f"{id}: attempt {number} is done, and did not do it")
            if begun and begun[0].at_ns < over_ns:
                wrong.append(f"{id}: attempt {number} began before the one before it was over")
            if begun and attempt["verdict"] == "lost" and begun[0].pid not in facts.killed:
                wrong.append(f"{id}: attempt {number} is lost, and nobody has killed process {begun[0].pid}")
            over_ns = max([over_ns, *(n.at_ns for n in ended or [])])
            if begun and attempt["verdict"] == "lost":
                over_ns = max(over_ns, facts.killed.get(begun[0].pid, 0))
    return wrong


def endings(facts: Facts) -> List[str]:
    """One of each task, the same whenever it was looked at, by its last attempt."""
    wrong = []
    for id, task in facts.tasks.items():
        done = [a["attempt"] for a in facts.attempts[id] if a["verdict"] == "done"]
        if done != ([len(facts.attempts[id])] if task["status"] == "completed" else []):
            wrong.append(f"{id} is {task['status']}, and done by attempts {done} of {len(facts.attempts[id])}")
        other = set(facts.seen.get(id, [])) - {(task["status"], task["finished_at"])}
        if other:
            wrong.append(f"{id} has ended otherwise before: {other}, now {task['status']} at {task['finished_at']}")
    there = {}
    for task in facts.tasks.values():
        there[task["status"]] = there.get(task["status"], 0) + 1
    if there != facts.endings:
        wrong.append(f"{facts.endings} endings were counted, and there are {there}")
    return wrong


def wrongs(facts: Facts) -> List[str]:
    return losses(facts) + lives(facts) + endings(facts)
