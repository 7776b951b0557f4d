"""Trace frontiers without a child process, and list those of small problems by trying every plan."""

from __future__ import annotations

import itertools

import numpy as np
from core_drawing import covered_by, plan_value
from optimiser.engine.methods.sweep import Sweep
from optimiser.engine.process import Ending
from optimiser.engine.sweep_process import Reply
from ring_drawing import open_in, ring_choices, starts_of, whole_value

from optimiser.engine.search.task import Task
from optimiser.engine.work import work
from optimiser.frontier import Limits, tracing
from optimiser.frontier.axes import axes_of, top_of
from optimiser.frontier.evaluation import FrontierEvaluator
from optimiser.problem.reading import parse
from optimiser.frontier.gauge import Gauge
from optimiser.problem import parse

ALL = Limits(points=0, point_s=20.0, total_s=60.0)


class HereProcess:
    """Stands for `SweepProcess`, in this process."""

    def __init__(self, task):
        self.solver = "here"
        measures = np.array(task["measures"], np.int64).reshape(len(task["measures"]), -1)
        self.sweep = Sweep(parse(task["problem"]), measures, seed=task["seed"], threads=task["threads"])
        self.warm = False

    def close(self):
        pass

    def ask(self, asked, *, seconds, gap, base, known):
        heard = []
        for plan in known:
            self.sweep.know(list(plan))
        talk = self.sweep.answer(asked, seconds=seconds, gap=gap, base=base, send=heard.append)
        built = [tuple(m["built"]) for m in heard if m["kind"] == "plan"]
        bounds = [m["bound"] for m in heard if m["kind"] == "bound"]
        warm, self.warm = self.warm, True
        return Reply(
            built[-1] if built else None,
            bounds[-1] if bounds else None,
            any(m["kind"] == "empty" for m in heard),
            0.0,
            warm,
            talk.nodes,
            talk.cuts,
            "answered",
        )


def traced(problem, monkeypatch, *, axes="two_way", groups=(), limits=ALL, threads=1):
    """Return a tracer that has ended, and its points as they came."""
    monkeypatch.setattr(sweeping, "SweepProcess", HereProcess)
    monkeypatch.setattr(solving, "TaskProcess", HereTasks)
    with tracing(problem, axes=axes, groups=groups, limits=limits, threads=threads) as tracer:
        points = list(tracer)
    return tracer, points


def places_of(problem, axes, groups=()):
    """Return cost and coverages of every plan of a small problem, read off the format."""
    chosen = axes_of(axes, problem, groups)
    top = top_of(problem)
    names = sorted(c.id for c in problem.candidates)
    found = set()
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            value = plan_value(top, built)
            if value is None:
                continue
            if axes == "two_way":
                found.add((value[1], value[0]))
            else:
                pair = covered_by(problem, built)
                both = zip(problem.pairs, pair, strict=True)
                by_group = dict.fromkeys(chosen.groups, 0)
                for p, yes in both:
                    if yes and p.group in by_group:
                        by_group[p.group] += p.weight
                found.add((value[1], *by_group.values()))
    return found


def non_dominated(places):
    """Return the places that no other one dominates, by cost."""

    def beats(a, b):
        return a != b and a[0] <= b[0] and all(x >= y for x, y in zip(a[1:], b[1:], strict=True))

    return sorted(p for p in places if not any(beats(other, p) for other in places))


class HereTasks:
    """Stands for `TaskProcess`, in this process."""

    def close(self):
        pass

    def __call__(self, task, receive, *, time_limit_s):
        return _here(task, receive, time_limit_s)


def _here(task, receive, seconds):
    task = {**task, "seconds": seconds}
    names = ("variant", "seconds", "gap", "threads", "seed", "solver", "base")
    reason, solver = work(Task(parse(task["problem"]), **{name: task[name] for name in names}), receive)
    return Ending(reason, "", solver, 0.0)


def whole_places(problem):
    """Return money needed and objective of every plan of a small problem with rings and periods."""
    top, gauge, found = top_of(problem), FrontierEvaluator(problem, axes_of("two_way", problem)), set()
    names = sorted(c.id for c in problem.candidates)
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            for starts in starts_of(top, built):
                final = open_in(top, starts, len(top.periods) - 1) if top.periods else built
                for circuits in ring_choices(top, final):
                    value = whole_value(top, built, circuits, starts)
                    if value is not None:
                        found.add((gauge(built, rings=circuits, starts=starts).needs, value))
    return found
