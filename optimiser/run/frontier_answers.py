"""Keep the answers of a frontier on disk, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optimiser.engine.search.task import Question
from optimiser.frontier import Limits, Memory
from optimiser.frontier.askers import Answer, answer_from
from optimiser.frontier.axes import Axes
from optimiser.problem import DesignProblem, dumps
from optimiser.run import cache

DONE = ("answered", "thinned")
"""Endings of answers that would come out the same again."""

SPENT = 0.9
"""Share of the time limit of a point that an answer without proof must have had to be kept."""

KEPT = 32
"""Frontiers whose answers are kept; the ones not used for longest go first."""


@contextmanager
def kept_answers(
    problem: DesignProblem, axes: Axes, limits: Limits, *, seed: int, threads: int
) -> Iterator[Memory]:
    """Give the memory of a frontier: answers from before, and a file that takes new ones as they come.

    Parameters
    ----------
    problem, axes, limits, seed, threads
        All that an answer depends on; their hash, with the version of the code, names the file.

    Yields
    ------
    Memory
        It writes each answer at once, one JSON object a line; a line cut short by a crash is passed over.
    """
    inputs = {
        "problem": hashlib.sha256(dumps(problem).encode()).hexdigest(),
        "axes": [axes.kind, *axes.groups],
        "gap": limits.gap,
        "point_s": limits.point_s,
        "seed": seed,
        "threads": threads,
    }
    place = cache.folder() / "frontier" / f"{cache.key('frontier', inputs)[:32]}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    known = _read(place)
    _prune(place)
    with place.open("a", encoding="utf-8") as file:

        def keep(found: Answer) -> None:
            if found.reason in DONE or found.seconds >= SPENT * limits.point_s:
                known[found.asked] = found
                file.write(json.dumps(found.as_dict()) + "\n")
                file.flush()

        yield Memory(recall=known.get, keep=keep)


def _read(place: Path) -> dict[Question, Answer]:
    known: dict[Question, Answer] = {}
    if not place.exists():
        return known
    text = place.read_text(encoding="utf-8")
    for line in text.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            found = answer_from(json.loads(line))
            known[found.asked] = found
    if text and not text.endswith("\n"):
        with place.open("a", encoding="utf-8") as file:
            file.write("\n")
    with suppress(OSError):
        os.utime(place)
    return known


def _prune(place: Path) -> None:
    others = [path for path in place.parent.glob("*.jsonl") if path != place]
    with suppress(OSError):
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[KEPT - 1 :]:
            path.unlink()
