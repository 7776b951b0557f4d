"""Find violated rows of every kind that the time-cut method knows."""

from __future__ import annotations

from optimiser.engine.methods.cuts.fractional import FractionalCuts
from optimiser.engine.methods.cuts.ground import Ground, ground
from optimiser.engine.methods.cuts.partitions import PartitionCuts
from optimiser.engine.methods.cuts.pool import Floats
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Rows, stacked
from optimiser.engine.search.tables import Tables

MOST = 30
"""Most partition inequalities of a round."""

CLEAR = 1e-2
"""Least violation of a partition inequality: it has many terms, and a small one moves little."""


class CutFinder:
    """Fractional time cuts, and partition inequalities where the network of today leaves places apart.

    Parameters
    ----------
    t
        A reduced problem.
    joins
        What there is to join (`cuts.ground.ground`).
    """

    def __init__(self, t: Tables, *, joins: Ground | None) -> None:
        self._t, self._joins = t, joins
        self._times = FractionalCuts(t)
        self._partitions = PartitionCuts(joins)

    @classmethod
    def of(cls, t: Tables) -> CutFinder:
        """Return a finder of a problem.

        Parameters
        ----------
        t
            A reduced problem.
        """
        return cls(t, joins=ground(t))

    def another(self) -> CutFinder:
        """Return a finder of the same problem that has found nothing yet, for another worker."""
        return CutFinder(self._t, joins=self._joins)

    def violated(
        self,
        pairs: Integers,
        built: Floats,
        level: Floats,
        *,
        towards: Floats,
        pull: float,
        margin: float,
        enough: int = 2**31,
        joint: int = MOST,
    ) -> Rows:
        """Return a violated time cut for each pair that has one, and violated partition inequalities.

        Parameters
        ----------
        pairs, built, level, towards, pull, margin, enough
            As of `FractionalCuts.violated`.
        joint
            Most partition inequalities.
        """
        found = self._times.violated(
            pairs, built, level, towards=towards, pull=pull, margin=margin, enough=enough
        )
        return stacked(found, self.joining(built, level, most=joint))

    def joining(self, built: Floats, level: Floats, *, most: int = MOST) -> Rows:
        """Return violated partition inequalities alone.

        Parameters
        ----------
        built, level
            float64 [J] and [K], the point to cut off.
        most
            Most rows.
        """
        return self._partitions.violated(built, level, margin=CLEAR, most=most)
