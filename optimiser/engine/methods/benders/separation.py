"""Find Benders cuts that a point violates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from optimiser.engine.methods.benders.commodity import Commodity
from optimiser.engine.methods.benders.multipliers import Multipliers, cut_of
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, starts
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Tables

type Kind = Literal["normalised", "normal"]

EDGE = 1e-6
"""Least violation of a cut that is returned."""


class Flow(Protocol):
    """The flow problem of one commodity."""

    def most(self, capacity: Floats, enough: float) -> tuple[float, Multipliers] | None:
        """Return the most that can flow, up to `enough`, and the prices that prove it."""

    def ray(self, capacity: Floats, level: float) -> Multipliers | None:
        """Return prices that prove that a flow is impossible."""


class BendersCuts:
    """A separator by one flow problem a pair.

    Parameters
    ----------
    t
        The problem.
    commodities
        What each pair can use.
    build
        Makes the live flow problem of a commodity, when it is first asked for.
    kind
        `normal`: the flow is fixed to the level of the pair, and the cut is a ray of the dual of the
        infeasible problem, as the solver gives it. `normalised`: the flow is maximised; the dual then has the
        row `alpha - time = 1`, so that the cut reads `y <= sum sigma x` and is the most violated of these.
    stop
        Asked before each pair; True ends the search for cuts.
    """

    def __init__(
        self,
        t: Tables,
        commodities: Sequence[Commodity],
        build: Callable[[Commodity], Flow],
        *,
        kind: Kind,
        stop: Callable[[], bool],
    ) -> None:
        self._t = t
        self._commodities = commodities
        self._build = build
        self._kind = kind
        self._stop = stop
        self._flows: dict[int, Flow] = {}

    def __call__(self, built: Floats, level: Floats, *, integer: bool) -> Rows:  # noqa: ARG002 - as the protocol asks
        """Return the violated cuts, at most one a pair.

        Parameters
        ----------
        built, level
            float64 [J] and [K], the point.
        integer
            Of no account: the same cuts serve fractional and integer points.
        """
        surely = covered_pairs(self._t, np.append(built >= 1.0 - EDGE, True))
        pairs: list[int] = []
        parts: list[tuple[Integers, Floats]] = []
        for k in np.flatnonzero((level > EDGE) & ~surely).tolist():
            if self._stop():
                break
            cut = self._cut(k, built, float(level[k]))
            if cut is not None and cut[1] @ built[cut[0]] < level[k] - EDGE:
                pairs.append(k)
                parts.append(cut)
        if not pairs:
            return NO_ROWS
        counts = np.array([len(candidates) for candidates, _ in parts], np.int64)
        return Rows(
            np.array(pairs, np.int64),
            starts(counts),
            np.concatenate([candidates for candidates, _ in parts]),
            np.concatenate([values for _, values in parts]),
        )

    def _cut(self, k: int, built: Floats, level: float) -> tuple[Integers, Floats] | None:
        commodity = self._commodities[k]
        if k not in self._flows:
            self._flows[k] = self._build(commodity)
        flow, capacity = self._flows[k], built[commodity.candidate]
        prices = flow.ray(capacity, level) if self._kind == "normal" else _prices(flow, capacity, level)
        return None if prices is None else cut_of(commodity, prices)


def _prices(flow: Flow, capacity: Floats, level: float) -> Multipliers | None:
    answer = flow.most(capacity, level)
    if answer is None or answer[0] >= level - EDGE:
        return None
    return answer[1]
