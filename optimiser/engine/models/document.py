"""Generate the formulation page from the docstrings of the model builders."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from optimiser.engine.models import compact, cuts_master, decisions, extended, periods, rings

type Builder = Callable[..., Any]

HEAD = """# Formulation

This page is generated from the docstrings of `optimiser/engine/models` by
`python -m optimiser.engine.models.document`.

The problem is the network design covering problem of Bucarey, Fortz, González-Blanco, Labbé and Mesa
(Computers & Operations Research 2022, arXiv 2007.06647), with an existing network. The page describes the
rows that all models share, the models of the variants `compact` and `cuts` (`cuts-loop` uses that of `cuts`),
and the model with rings or periods. The other models are described in their modules: that of `paths` (a
column for each path of a pair within its limit) in `optimiser/engine/backends/path_master.py`, and that of
`benders` and `benders-normal` (a flow problem for each pair) in `optimiser/engine/methods/benders`; the
heuristics use no model. The models are stated for the reduced problem (`optimiser/engine/presolve`), except
the last one, which is stated for the original problem. Names in LP files: `x` candidates, `y` pairs, `z`
cities, `f` flows, each numbered from 1 in canonical order (sorted by id).
"""

SHARED: tuple[Builder, ...] = (decisions.set_objective, decisions.add_budget)
SIDE: tuple[Builder, ...] = (
    decisions.add_caps,
    decisions.add_capacities,
    decisions.add_excludes,
    decisions.add_requires,
    decisions.add_cities,
    decisions.add_targets,
)

RINGS: tuple[Builder, ...] = (
    rings.add_circulation,
    rings.add_visits,
    rings.add_link_use,
    rings.add_rounds,
    rings.add_stops,
    rings.add_least_stops,
    rings.add_least_by_group,
    rings.add_must_stops,
    rings.add_longest,
    rings.add_apart,
    rings.add_rewards_in_time,
    rings.leave_rows,
    rings.mend_row,
)
PERIODS: tuple[Builder, ...] = (
    periods.add_starts,
    periods.add_period_budgets,
    periods.add_opening,
    periods.add_requires_in_time,
)

COMPACT: tuple[Builder, ...] = (compact.add_conservation, compact.add_time_limit, compact.add_links)
CUTS: tuple[Builder, ...] = (
    cuts_master.add_time_cuts,
    cuts_master.add_partition_inequalities,
    cuts_master.add_lift_and_project_cuts,
)


def page() -> str:
    """Return the formulation page in Markdown."""
    sections: tuple[tuple[str, ModuleType | Builder | None, tuple[Builder, ...]], ...] = (
        ("## Rows of every model", None, SHARED),
        ("## Side constraints of every model", decisions.add_side_rows, SIDE),
        ("## Variant `compact`", compact, COMPACT),
        ("## Variant `cuts`", cuts_master, CUTS),
        ("## Rings and periods", extended, ()),
        ("### Rings", rings, RINGS),
        ("### Periods", periods, PERIODS),
    )
    parts = [HEAD]
    for heading, text, builders in sections:
        parts += [
            heading + "\n",
            *([_prose(text)] if text else ()),
            *(_rows(builder) for builder in builders),
        ]
    return "\n".join(parts)


def _prose(value: ModuleType | Builder) -> str:
    """Return a docstring up to its section on parameters."""
    text = inspect.getdoc(value) or ""
    return text.split("\nParameters\n", maxsplit=1)[0].strip() + "\n"


def _rows(builder: Builder) -> str:
    return f"**{builder.__name__.removeprefix('add_').replace('_', ' ').capitalize()}.** {_prose(builder)}"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is what the command is for
