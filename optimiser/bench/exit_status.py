"""Turn what a bench could not do into messages and an exit status."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.problem.errors import EnvironmentFault, OptimiserError, ProblemError

MOST_NAMED = 20
"""Faults that a message names; the rest is counted."""


def fault_line(fault: OptimiserError) -> str:
    """Return the location, the fault and all its parts in one line."""
    head = f"{fault.where}: {fault.what}" if fault.where else fault.what
    return f"{head}: {'; '.join(fault.faults)}" if fault.faults else head


def fault_lines(faults: Sequence[OptimiserError]) -> list[str]:
    """Return a line for each different fault, and the number of those beyond `MOST_NAMED`."""
    different = list(dict.fromkeys(map(fault_line, faults)))
    more = [f"and {len(different) - MOST_NAMED} more"] if len(different) > MOST_NAMED else []
    return [*different[:MOST_NAMED], *more]


def incomplete(faults: Sequence[OptimiserError], *, solved: bool) -> OptimiserError:
    """Return the error with which a bench ends that could not do all that was asked for.

    Its exit status is 5 when all faults are faults of the environment (a solver that is not installed), else
    2.

    Parameters
    ----------
    faults
        What could not be done; at least one fault.
    solved
        The bench has rows nevertheless.
    """
    if len(faults) == 1 and not solved:
        return faults[0]
    kind = EnvironmentFault if all(isinstance(fault, EnvironmentFault) for fault in faults) else ProblemError
    return kind(
        "some of what was asked for could not be solved" if solved else "nothing could be solved",
        faults=fault_lines(faults),
        done="The rest is in the table; summary.md names what was left out." if solved else "",
        remedy="Correct what is named and run the same command again: finished solves are kept.",
    )
