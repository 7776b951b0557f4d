"""Say what a way to solve a problem can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A way to solve a problem, and what it can do.

    Attributes
    ----------
    name
        As the user types it.
    about
        One sentence.
    proves
        It gives a bound better than what is coverable at all.
    covers_all
        It solves problems without a budget (reach what must be covered at least cost).
    solvers
        Solvers that it can be run with, the default first; empty when it needs none.
    whole
        Those of them with which it solves problems with rings or periods, the default first; its module then
        has `run_whole(task, send)`. Empty when it solves none.
    any_solver
        It runs with every further solver that PuLP knows too, by PuLP's name.
    """

    name: str
    about: str
    proves: bool
    covers_all: bool = True
    solvers: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    any_solver: bool = False
