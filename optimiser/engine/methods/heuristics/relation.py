"""Say how related candidates are."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.state import Floats
from optimiser.engine.search.tables import Tables


def relation(t: Tables) -> Floats:
    """Return the share of a candidate's pairs that can use another one too.

    Parameters
    ----------
    t
        The problem.

    Returns
    -------
    NDArray
        float64 [J x J], 0..1, by rows; 2 on the diagonal, so that nothing is nearer than the thing itself.
    """
    pair = np.repeat(np.arange(len(t.limit)), np.diff(t.use_start))
    uses = np.zeros((len(t.limit), t.size), np.float32)
    uses[pair, t.use] = 1.0
    shared = (uses.T @ uses).astype(np.float64)
    found: Floats = shared / np.maximum(1.0, shared.diagonal())[:, None]
    np.fill_diagonal(found, 2.0)
    return found
