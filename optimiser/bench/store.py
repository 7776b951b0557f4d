"""Lay out the folder of a bench."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from optimiser.bench import rows as table
from optimiser.bench.instances import Instance
from optimiser.bench.rows import Row
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem, dumps, load
from optimiser.problem.errors import EnvironmentFault
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
