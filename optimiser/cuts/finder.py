"""Find violated rows of every kind that the time-cut method knows."""

from __future__ import annotations

from optimiser.cuts.fractional import FractionalCuts
from optimiser.cuts.partitions import PartitionCuts
from optimiser.cuts.pool import Floats
from optimiser.cuts.rows import Rows, stacked
from optimiser.paths import Integers
from optimiser.tables import Tables

MOST = 30
"""Most partition inequalities of a round."""

CLEAR = 1e-2
"""Least violation of a partition inequality: it has many terms, and a small one moves little."""


class Cuts:
    """Fractional time cuts, and partition inequalities where the network of today leaves places apart.

    Parameters
    ----------
    t
        A reduced problem.
    """

    def __init__(self, t: Tables) -> None:
        self._times = FractionalCuts(t)
        self._partitions = PartitionCuts(t)

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
        return stacked(found, self._partitions.violated(built, level, margin=CLEAR, most=joint))

    def learn(self, rows: Rows) -> None:
        """Take in time cuts that another found.

        Parameters
        ----------
        rows
            The cuts, of one pair each.
        """
        self._times.learn(rows)
