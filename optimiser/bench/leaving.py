"""Say what was asked for and could not be done, and end with an exit code that fits."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.problem.errors import EnvironmentFault, OptimiserError, ProblemError

MOST_NAMED = 20
"""Faults that a message names; the rest is counted."""


def lines(faults: Sequence[OptimiserError]) -> list[str]:
    """Return a line for each different fault, and the number of those beyond the first ones.

    Parameters
    ----------
    faults
        What could not be done.
    """
    told = list(dict.fromkeys(map(line, faults)))
    more = [f"and {len(told) - MOST_NAMED} more"] if len(told) > MOST_NAMED else []
    return [*told[:MOST_NAMED], *more]


def line(fault: OptimiserError) -> str:
    """Return what went wrong, where, and all its parts, in one line.

    Parameters
    ----------
    fault
        What went wrong.
    """
    head = f"{fault.where}: {fault.what}" if fault.where else fault.what
    return f"{head}: {'; '.join(fault.faults)}" if fault.faults else head


def left_out(faults: Sequence[OptimiserError], *, solved: bool) -> OptimiserError:
    """Return the fault with which a bench ends that could not do all it was asked for.

    Its exit code is 5 where the environment alone is to blame (a solver that is not installed), else 2.

    Parameters
    ----------
    faults
        What could not be done; at least one.
    solved
        There are rows all the same.
    """
    if len(faults) == 1 and not solved:
        return faults[0]
    kind = EnvironmentFault if all(isinstance(fault, EnvironmentFault) for fault in faults) else ProblemError
    return kind(
        "some of what was asked for could not be solved" if solved else "nothing could be solved",
        faults=lines(faults),
        done="The rest is in the table; summary.md names what was left out." if solved else "",
        remedy="Mend what is named and run the same command again: what is solved is kept.",
    )
