"""Find fractional time cuts: prices at which no path of a pair within its limit costs less than one."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.cuts.packing import CUT, LOST, ONE, pack
from optimiser.engine.methods.cuts.pool import Floats, Pool, Room, new_pool, new_room
from optimiser.engine.methods.cuts.separation import separate
from optimiser.engine.methods.cuts.store import CutStore
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Rows, stacked, starts
from optimiser.engine.search.tables import Tables


class FractionalCuts:
    """Find violated fractional time cuts of a problem; paths found are kept for the next search.

    Parameters
    ----------
    t
        The problem.
    """

    def __init__(self, t: Tables) -> None:
        self._t = t
        self._pool = new_pool(t)
        self._room = new_room(t)
        self._store = CutStore(len(t.limit))

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
    ) -> Rows:
        """Return a violated cut for each pair that has one.

        Parameters
        ----------
        pairs
            int64, positions of pairs to look at.
        built, level
            float64 [J] and [K], the point to cut off.
        towards
            float64 [J], an interior point.
        pull
            Share of the way towards it at which a cut is sought first; cuts found there are deep at more
            points than one (in-out separation: Ben-Ameur and Neto 2007). Where such a cut does not cut off
            the point itself, one is sought nearer to it, and at last at the point.
        margin
            Least violation of a cut that is returned.
        enough
            Number of known cuts that are violated from which on no new ones are sought.
        """
        built = np.clip(built, 0.0, 1.0)
        known = self._store.violated(pairs, built, level, margin=margin)
        if len(known) >= enough:
            return known
        pairs = np.setdiff1d(pairs, known.pair)
        counts, candidate, value = _violated(
            self._t, pairs, built, level - margin, towards, pull, self._pool, self._room
        )
        fresh = Rows(pairs[counts > 0], starts(counts[counts > 0]), candidate, value)
        if (counts < 0).any():
            fresh = stacked(fresh, self._whole(pairs[counts < 0], built, level, margin))
        self._store.keep(fresh)
        return stacked(known, fresh)

    def _whole(self, pairs: Integers, built: Floats, level: Floats, margin: float) -> Rows:
        """Return violated 0/1 time cuts, for pairs whose paths are too many or too long to be packed."""
        found = separate(self._t, pairs, built, level, -built, margin=margin)
        return Rows(found.pair, found.start, found.candidate, np.ones(len(found.candidate)))

    def learn(self, rows: Rows) -> None:
        """Take in cuts that another found.

        Parameters
        ----------
        rows
            The cuts.
        """
        self._store.keep(rows)


@compiled
def _violated(
    t: Tables,
    pairs: Integers,
    built: Floats,
    asked: Floats,
    towards: Floats,
    pull: float,
    pool: Pool,
    work: Room,
) -> tuple[Integers, Integers, Floats]:
    """Return the length of the cut of each pair (0: none, -1: the packing failed), and the cuts' terms."""
    counts = np.zeros(pairs.size, np.int64)
    candidate = np.empty(max(1024, 8 * pairs.size), np.int64)
    value = np.empty(candidate.size, np.float64)
    filled = 0
    for i in range(pairs.size):
        k = pairs[i]
        mine = t.use[t.use_start[k] : t.use_start[k + 1]]
        if filled + mine.size > candidate.size:
            candidate = np.append(candidate, np.empty(candidate.size + mine.size, np.int64))
            value = np.append(value, np.empty(candidate.size - value.size, np.float64))
        ending = pack(t, k, built, asked[k], pool, work)
        if ending != CUT:
            counts[i] = -1 if ending == LOST else 0
            continue
        for part in (1.0, 0.1, 0.0):
            share = part * pull
            room = (1.0 - share) * built + share * towards
            if pack(t, k, room, np.inf, pool, work) == CUT:
                total, count = 0.0, 0
                for j in mine:
                    if work.price[j] > 0:
                        candidate[filled + count] = j
                        value[filled + count] = work.price[j] / ONE
                        total += value[filled + count] * built[j]
                        count += 1
                if total < asked[k]:
                    counts[i] = count
                    filled += count
                    break
    return counts, candidate[:filled].copy(), value[:filled].copy()
