"""Trace frontiers without a child process, and list those of small problems by trying every plan."""

from __future__ import annotations

import itertools

from core_drawing import covered_by, plan_value
from engine_running import LONG_S, HereProcess
from ring_drawing import open_in, ring_choices, starts_of, whole_value

from optimiser.frontier import Limits, askers, tracing
from optimiser.frontier.axes import axes_of, top_of
from optimiser.frontier.point import FrontierEvaluator

ALL = Limits(points=0, point_s=20.0, total_s=60.0)
PATIENT = Limits(points=0, point_s=LONG_S, total_s=4 * LONG_S)
"""All points, whatever else the machine does."""


def traced(problem, monkeypatch, *, axes="two_way", groups=(), limits=PATIENT, threads=1):
    """Return a tracer that has ended, and its points as they came."""
    monkeypatch.setattr(askers, "ChildProcess", HereProcess)
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


def extended_places(problem):
    """Return money needed and objective of every plan of a small problem with rings and periods."""
    top, evaluate, found = top_of(problem), FrontierEvaluator(problem, axes_of("two_way", problem)), set()
    names = sorted(c.id for c in problem.candidates)
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            for starts in starts_of(top, built):
                final = open_in(top, starts, len(top.periods) - 1) if top.periods else built
                for circuits in ring_choices(top, final):
                    value = whole_value(top, built, circuits, starts)
                    if value is not None:
                        found.add((evaluate(built, rings=circuits, starts=starts).needs, value))
    return found
