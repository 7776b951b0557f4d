"""Check that a bench can continue with the rows of its folder: same problems, same variants, same code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from optimiser.bench.instances import Instance
from optimiser.bench.plan import Run
from optimiser.bench.rows import Key, Row, key_of
from optimiser.bench.store import Facts, Store
from optimiser.engine.methods.own_variant import OwnVariant, digest_of, text_of
from optimiser.problem import dumps, load
from optimiser.problem.errors import ProblemError


def unchanged_file(own: OwnVariant) -> bytes:
    """Return the file of a variant of the user's own, as it was when the bench loaded it.

    Raises
    ------
    ProblemError
        When the file was changed since.
    """
    text = text_of(Path(own.path))
    if digest_of(text) != own.digest:
        raise ProblemError(
            "the file of a variant was changed while the bench was starting",
            where=own.path,
            done="The rows so far are kept; nothing was solved.",
            remedy="Give the changed variant another name in VARIANT, or bench it in another folder with -o.",
        )
    return text


def refuse_other_variants(rows: Iterable[Row], runs: Iterable[Run]) -> None:
    """Refuse a variant of the user's own that has rows from another variant of its name.

    Parameters
    ----------
    rows
        The table so far.
    runs
        Solves to be done.

    Raises
    ------
    ProblemError
        When there is one.
    """
    known = {(row.variant, row.own) for row in rows}
    for one in dict.fromkeys(run.configuration for run in runs):
        own = "" if one.own is None else one.own.digest
        if any(name == one.variant and digest != own for name, digest in known):
            raise ProblemError(
                f"the variant {one.variant!r} is not the one that was measured before",
                where="" if one.own is None else one.own.path,
                done="Its rows are kept; nothing was solved.",
                remedy="Give it another name in VARIANT, or bench it in another folder with -o.",
            )


def refuse_other_problems(store: Store, rows: Collection[Row], runs: Iterable[Run]) -> None:
    """Refuse a problem file of the user's own that no longer holds the problem of earlier rows.

    The copy of a problem without rows is deleted, so that its file is read again.

    Parameters
    ----------
    store
        The folder.
    rows
        The table so far.
    runs
        Solves to be done.

    Raises
    ------
    ProblemError
        When there is one.
    """
    solved = {row.instance for row in rows}
    for instance in {run.instance.name: run.instance for run in runs if run.instance.source}.values():
        kept = store.instance(instance.name)
        if instance.name not in solved:
            kept.unlink(missing_ok=True)
        elif kept.exists() and dumps(instance.make()) != dumps(load(kept)):
            raise _other_problem(instance.name, instance.source or kept)


def refuse_other_digest(store: Store, rows: Iterable[Row], instance: Instance, facts: Facts) -> None:
    """Refuse a problem file in the folder whose digest differs from that of earlier rows.

    Raises
    ------
    ProblemError
        When the digest differs.
    """
    if any(row.instance == instance.name and row.digest != facts.digest for row in rows):
        raise _other_problem(instance.name, store.instance(instance.name))


def _other_problem(name: str, where: Path) -> ProblemError:
    return ProblemError(
        f"the problem {name!r} is not the one that was measured before",
        where=str(where),
        done="Its rows are kept; nothing was solved.",
        remedy="Bench it in another folder with -o, or under another file name.",
    )


def old_code_note(rows: Mapping[Key, Row], runs: Sequence[Run], code: str) -> str:
    """Return a note on rows that are kept from earlier code, empty where there are none.

    Parameters
    ----------
    rows
        The table so far.
    runs
        Solves that were asked for.
    code
        First characters of the hash of the source.
    """
    kept = [rows[key_of(run)] for run in runs if key_of(run) in rows]
    old = [row for row in kept if row.source != code]
    if not old:
        return ""
    solves = "1 solve is" if len(old) == 1 else f"{len(old)} solves are"
    codes = ", ".join(dict.fromkeys(row.source for row in old))
    return (
        f"{solves} kept from earlier code ({codes}; now {code}): bench in another folder with -o to solve "
        "them again"
    )
