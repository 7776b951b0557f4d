"""Tell how long the rest of a bench will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from optimiser.bench.plan import Run
from optimiser.bench.rows import Row, label_of


class Estimate:
    """Mean times of the solves so far, by variant and family.

    Parameters
    ----------
    rows
        Solves that are over.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._shares: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            self.learn(row)

    def learn(self, row: Row) -> None:
        """Take a solve that is over."""
        share = row.wall_s / max(row.time_limit_s, 1e-9)
        self._shares[row.label, row.family].append(share)
        self._shares[row.label, ""].append(share)

    def left_s(self, runs: Iterable[Run]) -> float:
        """Return about how many seconds some solves will take, one after the other.

        Each is taken to last the mean share of its time limit that this way to solve took on its family so
        far, else on all families; the whole limit where nothing is known.

        Parameters
        ----------
        runs
            Solves to come.
        """
        return sum(self._share(run) * run.limits.time_limit_s for run in runs)

    def _share(self, run: Run) -> float:
        label = label_of(run.way, run.limits.threads)
        for key in ((label, run.instance.family), (label, "")):
            if key in self._shares:
                return sum(self._shares[key]) / len(self._shares[key])
        return 1.0
