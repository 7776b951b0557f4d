"""Tabulate the order in which to build a plan, and what each period starts, opens and covers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from optimiser.measures.appraisal import build_order as ordering
from optimiser.measures.appraisal.marginal import Marginal
from optimiser.verify.rules import open_in_period, opening_periods

if TYPE_CHECKING:
    from optimiser.run.measuring import Subject


@dataclass(frozen=True, slots=True)
class Order:
    """Ids of a plan in the order of building, and how it was found."""

    names: tuple[str, ...]
    method: str


def ordered(subject: Subject) -> Order:
    """Return the build order of a plan: value for money first, within the periods where there are some.

    Parameters
    ----------
    subject
        What is measured.
    """
    found = ordering(subject.worth, subject.plan.built)
    names, starts = [step.id for step in found.steps], subject.plan.starts
    return Order(tuple(sorted(names, key=lambda name: starts.get(name, 0))), found.method)


def build_order(subject: Subject, names: Sequence[str]) -> pd.DataFrame:
    """Return the state after each step; step 0 is today.

    Parameters
    ----------
    subject
        What is measured.
    names
        Ids in order.

    Returns
    -------
    pandas.DataFrame
        `step`, `candidate_id`, `kind`, `from_name`, `to_name`, `cost`, `cost_so_far`, `starts_in`, `opens_in`
        (period; only with periods), `weight_gained`, `pairs_within`, `weight_within`, `weight_share`, and
        `pairs_within_<tier>`, `weight_share_<tier>` by tier of the smaller city.
    """
    problem, plan = subject.problem, Marginal.of(subject.worth, names)
    covered = [plan.covered(names[:at]) for at in range(len(names) + 1)]
    costs = [0, *(problem.cost_of([name]) for name in names)]
    opens, rows = opening_periods(problem, subject.plan.starts), list[dict[str, Any]]()
    spent = before = 0
    for at, (name, cost, held) in enumerate(zip(("", *names), costs, covered, strict=True)):
        spent, worth = spent + cost, subject.worth.worth(held)
        rows.append(
            {
                "step": at,
                "candidate_id": name,
                **_described(subject, name),
                "cost": cost,
                "cost_so_far": spent,
                **({"starts_in": _period(subject, subject.plan.starts.get(name))} if problem.periods else {}),
                **({"opens_in": _period(subject, opens.get(name))} if problem.periods else {}),
                "weight_gained": worth - before if at else 0,
                **coverage(subject, held),
            }
        )
        before = worth
    return pd.DataFrame(rows)


def phases(subject: Subject) -> pd.DataFrame:
    """Return one row a period: what it starts and opens, and what is covered from then on.

    Parameters
    ----------
    subject
        What is measured.

    Returns
    -------
    pandas.DataFrame
        `period`, `budget_so_far`, `spent`, `spent_so_far`, `starts`, `opens` (ids, joined by semicolons), and
        the columns of coverage of `build_order`; empty without periods.
    """
    problem, starts = subject.problem, subject.plan.starts
    opens, rows = opening_periods(problem, starts), list[dict[str, Any]]()
    budget = so_far = 0
    for t, period in enumerate(problem.periods):
        mine = sorted(name for name, start in starts.items() if start == t)
        spent = problem.cost_of(mine)
        budget, so_far = budget + period.budget, so_far + spent
        rows.append(
            {
                "period": period.id,
                "budget_so_far": budget,
                "spent": spent,
                "spent_so_far": so_far,
                "starts": "; ".join(mine),
                "opens": "; ".join(sorted(name for name, at in opens.items() if at == t)),
                **coverage(subject, subject.worth.covered(open_in_period(problem, starts, t))),
            }
        )
    return pd.DataFrame(rows)


def coverage(subject: Subject, held: Collection[int]) -> dict[str, int | float | None]:
    """Return pairs, weight and shares of weight that are covered, of all and by tier.

    Parameters
    ----------
    subject
        What is measured.
    held
        Positions of the covered pairs.
    """
    weight, within = subject.weight, np.zeros(len(subject.weight), dtype=np.bool_)
    within[list(held)] = True
    found: dict[str, int | float | None] = {
        "pairs_within": int(within.sum()),
        "weight_within": sum(weight[within].tolist()),
        "weight_share": _share(sum(weight[within].tolist()), sum(weight.tolist())),
    }
    for tier in subject.tiers:
        mine = subject.group == tier
        found[f"pairs_within_{tier}"] = int(within[mine].sum())
        found[f"weight_share_{tier}"] = _share(
            sum(weight[mine & within].tolist()), sum(weight[mine].tolist())
        )
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _period(subject: Subject, at: int | None) -> str:
    if at is None:
        return ""
    periods = subject.problem.periods
    return periods[at].id if at < len(periods) else "later"


def _described(subject: Subject, name: str) -> dict[str, str]:
    table = subject.found.table
    row = table[table["candidate_id"] == name]
    keys = ("kind", "from_name", "to_name")
    return {key: str(row[key].iloc[0]) if len(row) else "" for key in keys}
