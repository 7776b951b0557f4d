"""Refuse to mix rows of what has one name and is not the same: problems, and variants of the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from optimiser.bench.instances import Instance
from optimiser.bench.plan import Run, Way
from optimiser.bench.rows import Row
from optimiser.engine.methods.own_variant import digest_of
from optimiser.problem import dumps, load
from optimiser.problem.errors import ProblemError


def refuse_another_text(way: Way) -> None:
    """Return when the file of a variant of the user's own is as it was when the bench began.

    Parameters
    ----------
    way
        A way to solve.

    Raises
    ------
    ProblemError
        When it was changed.
    """
    if way.own is not None and digest_of(Path(way.own.path)) != way.own.digest:
        raise ProblemError(
            f"the file of variant {way.variant!r} was changed while the bench was running",
            where=way.own.path,
            done="The rows so far are kept; those to come were not solved.",
            remedy="Give the changed variant another name in VARIANT, or bench it in another folder with -o.",
        )


def refuse_another_variant(rows: Iterable[Row], runs: Iterable[Run]) -> None:
    """Return when no variant of the user's own has rows that another one of its name was measured with.

    Parameters
    ----------
    rows
        The table so far.
    runs
        What is to be solved.

    Raises
    ------
    ProblemError
        When one has.
    """
    known = {(row.variant, row.own) for row in rows}
    for way in dict.fromkeys(run.way for run in runs):
        own = "" if way.own is None else way.own.digest
        if any(name == way.variant and digest != own for name, digest in known):
            raise ProblemError(
                f"the variant {way.variant!r} is not the one that was measured before",
                where="" if way.own is None else way.own.path,
                done="Its rows are kept; nothing was solved.",
                remedy="Give it another name in VARIANT, or bench it in another folder with -o.",
            )


def refuse_another_problem(instance: Instance, kept: Path) -> None:
    """Return when the file of a problem still holds what earlier rows were measured on.

    Parameters
    ----------
    instance
        A problem; only one of a file of the user's own is compared.
    kept
        The problem file of the bench.

    Raises
    ------
    ProblemError
        When it holds another problem, or none.
    """
    if instance.source is None or not kept.exists():
        return
    if dumps(instance.make()) != dumps(load(kept)):
        raise another_problem(instance.name, instance.source)


def another_problem(name: str, where: Path) -> ProblemError:
    """Return the fault of a problem that is not the one that earlier rows were measured on.

    Parameters
    ----------
    name
        Of the instance.
    where
        Its file.
    """
    return ProblemError(
        f"the problem {name!r} is not the one that was measured before",
        where=str(where),
        done="Its rows are kept; nothing was solved.",
        remedy="Bench it in another folder with -o, or under another file name.",
    )
