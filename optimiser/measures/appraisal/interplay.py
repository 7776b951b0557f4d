"""Say how far a link depends on the others of its plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from optimiser.measures.appraisal.marginal import Marginal
from optimiser.measures.appraisal.valuing import Valuer


@dataclass(frozen=True, slots=True)
class Interplay:
    """What a link is worth without the others of its plan, and on top of them.

    Attributes
    ----------
    alone
        Weight that it covers when it alone is built.
    last
        Weight that is lost when it alone is left out of the plan.
    """

    alone: int
    last: int

    @property
    def dependence(self) -> Fraction | None:
        """Return value on top of the others per value alone.

        Above 1 the link needs the others (they complement each other), below 1 they can stand in for it. None
        when it is worth nothing alone.
        """
        return Fraction(self.last, self.alone) if self.alone else None


def interplay(worth: Valuer, built: Iterable[str]) -> dict[str, Interplay]:
    """Return for each link of a plan what it is worth alone and last.

    Parameters
    ----------
    worth
        The problem, laid out.
    built
        Ids of the plan.

    Returns
    -------
    dict
        By id, sorted. `requires` and `excludes` are not looked at: a link is judged by its arcs.

    Raises
    ------
    ProblemError
        When an id is unknown or stands twice.
    """
    plan = Marginal.of(worth, built)
    alone, last = plan.gains((), plan.plan), plan.losses(plan.plan, plan.plan)
    return {name: Interplay(alone=alone[name], last=last[name]) for name in plan.plan}
