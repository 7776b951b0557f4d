"""Say what the search asks of a linear program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.rows import Rows

type Floats = NDArray[np.float64]

type Ending = Literal["optimal", "empty", "limit"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a linear program answered.

    Attributes
    ----------
    ending
        `optimal`, `empty` (no point, or none better than asked for), or `limit` (of iterations or time).
    worth
        Of the optimum, in units of the divisor, always to be maximised (minus the cost where that is
        minimised); at a limit an upper bound of it, infinity when there is none.
    decided
        float64 [J + C]: how far each candidate is built, and each city covered.
    level
        float64 [K]: how far each pair is covered; ones where every pair must be.
    reduced
        float64 [J + C]: change of worth with each decision.
    """

    ending: Ending
    worth: float
    decided: Floats
    level: Floats
    reduced: Floats


class Program(Protocol):
    """A live linear relaxation: what is built, what is covered, and the cuts found so far."""

    def add(self, rows: Rows) -> None:
        """Add cuts; they stay for all that follows.

        Parameters
        ----------
        rows
            Valid for every plan.
        """

    def limit(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of the decisions.

        Parameters
        ----------
        lower, upper
            float64 [J + C] each.
        """

    def cut_off(self, worth: float) -> None:
        """Let solves end as soon as no whole worth above this one is left: they are then empty."""

    def solve(self, *, seconds: float) -> Answer:
        """Solve from where the last solve ended.

        Parameters
        ----------
        seconds
            Time allowed; none ends at a limit.
        """

    def probe(self, decision: int, value: float, *, iterations: int) -> tuple[float, bool]:
        """Fix one decision, take a few steps, and go back.

        Parameters
        ----------
        decision, value
            Position of what is fixed, and 0 or 1.
        iterations
            Most steps.

        Returns
        -------
        tuple
            The worth met (-infinity: nothing is left), and whether it is an upper bound.
        """

    def drop_slack(self) -> int:
        """Take out cuts that do not bind at the last point, and return how many are left."""
