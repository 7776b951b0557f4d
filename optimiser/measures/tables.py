"""Hold the measures of a plan as the tables that files and pages show."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf
from typing import Any, NamedTuple

import pandas as pd

from optimiser.problem.jsonfile import packaged

DECIMALS = {"km": 1, "minutes": 1, "share": 4, "percent": 1, "people": 0, "2h": 0, "3h": 0, "4h": 0}
"""Decimals of columns by the word that they end with; other fractions keep six."""


@dataclass(frozen=True, slots=True, repr=False)
class Measures:
    """What a plan means for its people, beside the pairs that it brings within the limit.

    Attributes
    ----------
    appraisal
        One row a proposed link in the order of building, then one for the plan (`candidate_id` is ``plan``).
    equity
        One row a tier and state (``today``, ``plan``); tier ``all`` last.
    polycentricity
        One row a measure, columns `measure` (a key of `optimiser.measures.tables.MEASURES`), `place`
        (empty, or a city), `unit`, `today`, `plan`, `meaning`, `source`.
    build_order
        Step 0 is today; then one row a link.
    phases
        One row a period; empty without periods.
    independence
        One row a tier and state, tier ``all`` last; empty where independence does not count.
    needs
        One row a city that has pairs beyond the limit today, those that gain least first
        (`optimiser.measures.order.needs`).
    seconds
        Exact time of each pair, in the order of the problem: columns `before_s`, `after_s` (int64,
        `networks.skims.UNREACHABLE` where no path leads), beyond the limits too; `step` of the build
        order from which the pair is within its limit (0: today; -1: never); and the seconds of its trip with
        the plan by part (`driving_s`, `wait_s` and the like).
    facts
        Assumptions of the measures.
    """

    appraisal: pd.DataFrame
    equity: pd.DataFrame
    polycentricity: pd.DataFrame
    build_order: pd.DataFrame
    phases: pd.DataFrame
    seconds: pd.DataFrame
    independence: pd.DataFrame = field(default_factory=pd.DataFrame)
    needs: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the names of the tables in one line."""
        return f"<Measures: {', '.join(TABLES)}>"

    def rounded(self) -> dict[str, pd.DataFrame]:
        """Return each of `TABLES` by name, its fractions rounded to `DECIMALS`."""
        found = {}
        for name in TABLES:
            table: pd.DataFrame = getattr(self, name)
            decimals = {str(of): DECIMALS.get(str(of).rsplit("_", 1)[-1], 6) for of in table}
            found[name] = table.assign(**table.select_dtypes("float").round(decimals))
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the measures for `summary.json`: every table as a list of rows, empty cells as None."""
        found: dict[str, Any] = {"facts": dict(self.facts)}
        for name, table in self.rounded().items():
            plain = table.astype(object).where(table.notna() & ~table.isin([inf, -inf]), None)
            found[name] = plain.rename(columns=str).to_dict("records")
        return found


TABLES = tuple(one.name for one in fields(Measures) if one.type is pd.DataFrame and one.name != "seconds")
"""Tables of `Measures`, each a CSV file of this name; an empty one (no periods, no rings) has none."""


class Measure(NamedTuple):
    """A measure as a planner reads it.

    Attributes
    ----------
    name
        As in a heading.
    unit
        Of its values: `share` (0 to 1), `minutes`, `ratio`, `index` (0 to 1), `slope`, `cities`, `people`.
    meaning
        One line.
    source
        Publication; empty for a plain count.
    """

    name: str
    unit: str
    meaning: str
    source: str = ""


MEASURES = {key: Measure(**row) for key, row in packaged("optimiser.measures", "data/measures.toml").items()}
"""Measures of the table `polycentricity`, by key."""
