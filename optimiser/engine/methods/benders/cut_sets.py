"""Say that a covered pair leaves its origin and reaches its destination."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimiser.engine.methods.benders.commodity import Commodity
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Rows, joined


def cut_sets(commodities: Sequence[Commodity]) -> Rows:
    """Return `y_k <= sum of x_j` over candidates with a link at the origin, and at the destination.

    Parameters
    ----------
    commodities
        What each pair can use.

    Notes
    -----
    These are the cut-set inequalities that Bucarey et al. put into the master problem from the start. With a
    network that is there already they hold only where no arc open today leaves the origin (or enters the
    destination); elsewhere there is none.
    """
    rows = []
    for k, commodity in enumerate(commodities):
        for at_end in (commodity.tail == 0, commodity.head == 1):
            links = commodity.link[at_end]
            if (links >= 0).all():
                rows.append(_row(k, np.unique(commodity.candidate[links])))
    return joined(rows)


def _row(k: int, candidates: Integers) -> Rows:
    return Rows(np.array([k]), np.array([0, len(candidates)]), candidates, np.ones(len(candidates)))
