"""Hold a verified plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from optimiser.problem.result import Status

type ProvedBy = Literal["", "argument", "enumeration", "solver"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Weight within the limit, of one group or of all.

    Attributes
    ----------
    total
        Weight of all its pairs.
    before
        Covered with nothing built.
    after
        Covered with the plan built.
    all_built
        Covered with every candidate built that is not fixed `out`.
    """

    total: int
    before: int
    after: int
    all_built: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What the independent check found about a set of built candidates.

    Attributes
    ----------
    problem
        Name of the problem.
    built
        Ids, sorted.
    cost, objective
        Money; and what is optimised.
    coverage
        Of all pairs.
    groups
        Of each group's pairs.
    covered, covered_before
        Positions of the covered pairs with the plan built (and open by the end of the last period), and with
        nothing built, rising.
    times_before_s, times_after_s
        Time of each pair with nothing and with the plan built, in seconds; None when no path joins it.
    cities, cities_before
        Ids of the covered cities with the plan built, and with nothing built, in the order of the problem.
    bound, gap, gap_of_gain, status
        As proven by the solve (bound and gap None when nothing was); `gap_of_gain` relates the gap to what
        the plan gains over today, None without a bound or with a budget of None.
    rings
        Positions of the links of each ring that is formed, in order round it.
    starts
        Period in which each built candidate is started; empty without periods.
    coverage_by_period
        Weight of the pairs covered in each period, in order; empty without periods.
    infeasible_by
        With status `infeasible`, what proved it: an `argument` or an `enumeration` of the check's own, or
        else the `solver`, whose word was taken; empty otherwise.
    """

    problem: str
    built: tuple[str, ...]
    cost: int
    objective: int
    coverage: Coverage
    groups: Mapping[str, Coverage]
    covered: tuple[int, ...]
    covered_before: tuple[int, ...]
    times_before_s: tuple[int | None, ...]
    times_after_s: tuple[int | None, ...]
    bound: float | None = None
    gap: float | None = None
    gap_of_gain: float | None = None
    status: Status = "feasible"
    cities: tuple[str, ...] = ()
    cities_before: tuple[str, ...] = ()
    infeasible_by: ProvedBy = ""
    rings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)
    coverage_by_period: tuple[int, ...] = ()

    @property
    def newly_covered(self) -> tuple[int, ...]:
        """Return the positions of the pairs that the plan brings within their limits."""
        before = set(self.covered_before)
        return tuple(k for k in self.covered if k not in before)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON object; rings in the form that they have in a result."""
        values = dataclasses.asdict(self)
        return {
            "format": "polyring-plan/1",
            **values,
            "rings": [{"id": name, "links": list(links)} for name, links in self.rings.items()],
            "groups": {k: values["groups"][k] for k in sorted(self.groups)},
        }
