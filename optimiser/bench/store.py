"""Lay out the folder of a bench, and check that it can continue: same problems, same variants, same code."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from optimiser.bench import rows as table
from optimiser.bench.instances import Instance, Run
from optimiser.bench.rows import Key, Row, key_of
from optimiser.engine.methods.own_variant import OwnVariant, digest_of, text_of
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem, dumps, load
from optimiser.problem.errors import EnvironmentFault, ProblemError
from optimiser.problem.jsonfile import write_atomically
from optimiser.run.folder import locked


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes and digest of a problem; names as in `Row`."""

    digest: str
    places: int
    arcs: int
    candidates: int
    pairs: int
    open_pairs: int
    minimise: bool


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder of a bench during a `with` block, so that no other bench writes its table.

    Parameters
    ----------
    folder
        Folder of the bench; it is created.

    Raises
    ------
    EnvironmentFault
        When another process holds it, or it cannot be created.
    """
    Store(folder).prepare()
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder))
        except EnvironmentFault as fault:
            raise EnvironmentFault(
                fault.what,
                where=fault.where,
                done="Nothing was solved.",
                remedy="Wait until that bench ends, or choose another folder with -o.",
            ) from fault
        yield


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of a bench.

    Attributes
    ----------
    folder
        Holds `runs.csv`, `summary.md`, and the folders `instances`, `plans`, `traces` and `figures`.
    """

    folder: Path

    def prepare(self) -> None:
        """Create the folders.

        Raises
        ------
        EnvironmentFault
            When the disk does not allow it.
        """
        try:
            for name in ("instances", "plans", "traces", "figures"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(
                f"the folder cannot be made ({error.strerror})",
                where=str(self.folder),
                done="Nothing was solved.",
            ) from error

    @property
    def runs(self) -> Path:
        """Return the path of the table."""
        return self.folder / "runs.csv"

    def rows(self) -> list[Row]:
        """Return the rows of the table so far."""
        return table.load(self.runs)

    def instance(self, name: str) -> Path:
        """Return the path of a problem file."""
        return self.folder / "instances" / f"{name}.json"

    def plan(self, slug: str) -> Path:
        """Return the path of a result file."""
        return self.folder / "plans" / f"{slug}.json"

    def trace(self, slug: str) -> Path:
        """Return the path of a trace."""
        return self.folder / "traces" / f"{slug}.csv"

    def facts(self, instance: Instance) -> Facts:
        """Write the problem file of an instance unless it exists, and return the sizes of the problem.

        A problem is made once per folder, so that a bench that continues solves the same problem as before.
        """
        path = self.instance(instance.name)
        if not path.exists():
            write_atomically(path, dumps(instance.make()))
        return _facts(load(path), path.read_bytes())


def _facts(problem: DesignProblem, text: bytes) -> Facts:
    now = covered(problem, ())
    every = covered(problem, [j for j, c in enumerate(problem.candidates) if c.fixed != "out"])
    return Facts(
        digest=hashlib.sha256(text).hexdigest()[:12],
        places=len(problem.nodes),
        arcs=len(problem.arcs),
        candidates=len(problem.candidates),
        pairs=len(problem.pairs),
        open_pairs=int((every & ~now).sum()),
        minimise=problem.budget is None,
    )


# ---- continuing


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
