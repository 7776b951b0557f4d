"""Generate the pages on formulation and reduction from the docstrings of the model builders and the rules.

``python tools/model_pages.py formulation`` prints one of them, ``reduction`` the other.
"""

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from optimiser.engine import models, presolve
from optimiser.engine.methods import benders, column_generation
from optimiser.engine.models import compact, cuts_master, decisions, extended, rings
from optimiser.engine.presolve import fixings, pairs, sequence
from optimiser.engine.search.rows import split_row

type Rows = Sequence[Callable[..., Any]]

_DOING = re.compile(r"^(?:Add|Build|Solve)\b.*\n\n")
"""First line of a docstring that says what a function or a module does."""

RULES: Rows = (pairs.first_stage, *dict.fromkeys(sequence.BY_NETWORK), *pairs.BY_SETS)
"""Every rule in the order of its first use."""


def families(module: ModuleType) -> Rows:
    """Return the builders of a module, in its order: functions whose first line states a row, `name: ...`."""
    functions = (value for value in vars(module).values() if inspect.isfunction(value))
    return [
        f for f in functions if f.__module__ == module.__name__ and re.match(r".*`\w+: ", f.__doc__ or "")
    ]


def formulation() -> str:
    """Return the formulation page in Markdown."""
    shared = (decisions.set_objective, decisions.add_budget)
    side = [builder for builder in families(decisions) if builder not in shared]
    return _page(
        "Formulation",
        models,
        ("## Rows of every model", None, shared),
        ("## Side constraints of every model", decisions.add_side_rows, side),
        ("## Variant `compact`", compact, families(compact)),
        ("## Variant `cuts`", cuts_master, (cuts_master.add_partition_inequalities, split_row)),
        ("## Variant `paths`", column_generation, ()),
        ("## Variant `benders`", benders, ()),
        ("## Rings and periods", extended, ()),
        ("### Rings", rings, families(rings)),
        ("### Periods", extended.declare_starts, families(extended)),
    )


def reduction() -> str:
    """Return the reduction page in Markdown."""
    return _page(
        "Reduction",
        presolve,
        ("## Invariant of every rule", presolve.Reduction, ()),
        ("## Rules, in the order of their first use", None, RULES),
        ("## Merged pairs", pairs.merged, ()),
        ("## Minimal sets", pairs.minimal_sets, ()),
        ("## Fixing by reduced costs", fixings.fixed_by_bound, ()),
    )


def _page(title: str, package: ModuleType, *sections: tuple[str, object, Rows]) -> str:
    """Return a page: the docstring of a package, then sections, each with a text and its rows."""
    folder = package.__name__.replace(".", "/")
    command = f"`python tools/model_pages.py {title.lower()}`"
    source = f"This page is generated from the docstrings of `{folder}` by\n{command}.\n"
    parts = [f"# {title}\n", source, _prose(package).split("\n\n", maxsplit=1)[1]]
    for heading, text, rows in sections:
        parts += [f"{heading}\n", *([_DOING.sub("", _prose(text))] if text else ())]
        for row in rows:
            name = row.__name__.removeprefix("add_").replace("_", " ").capitalize()
            parts.append(f"**{name}.** {_prose(row)}")
    return "\n".join(parts)


def _prose(value: object) -> str:
    """Return a docstring up to its section on parameters or attributes; a row begins with its name."""
    text = re.split("\n(?:Parameters|Attributes)\n", inspect.getdoc(value) or "")[0].strip() + "\n"
    return re.sub("^(?:Add|Return|Yield) (?=`)", "", text)


if __name__ == "__main__":
    print({"formulation": formulation, "reduction": reduction}[sys.argv[1]](), end="")
