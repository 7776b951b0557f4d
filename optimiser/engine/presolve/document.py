"""Generate the reduction page from the docstrings of the rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from optimiser.engine.presolve import fixings, minimal_sets, pairs, sequence, stage

HEAD = """# Reduction

This page is generated from the docstrings of `optimiser/engine/presolve` by
`python -m optimiser.engine.presolve.document`.

Presolve makes a problem smaller before it is solved. Each rule below is a function with its proof. Property
tests compare the optimum with and without each rule on small random problems with all side constraints, which
are solved by enumeration of all plans (`tests/engine/presolve`).
"""

RULES: tuple[Callable[..., Any], ...] = (
    pairs.first_stage,
    *dict.fromkeys(sequence.BY_NETWORK),
    minimal_sets.close_unaffordable_pairs,
    minimal_sets.build_essential,
    minimal_sets.drop_unneeded,
    minimal_sets.drop_replaced,
    minimal_sets.drop_implied_pairs,
    minimal_sets.merge_equivalent_pairs,
)
"""Every rule in the order of its first use."""


def page() -> str:
    """Return the reduction page in Markdown."""
    return "\n".join(
        [
            HEAD,
            "## Invariant of every rule\n",
            _prose(stage.Stage),
            "## Rules, in the order of their first use\n",
            *(f"**{rule.__name__.replace('_', ' ').capitalize()}.** {_prose(rule)}" for rule in RULES),
            "## Merged pairs\n",
            _prose(pairs.merged),
            "## Minimal sets\n",
            _prose(minimal_sets.minimal_sets),
            "## Fixing by reduced costs\n",
            _prose(fixings.fixed_by_bound),
        ]
    )


def _prose(value: Callable[..., Any]) -> str:
    """Return a docstring up to its section on parameters or attributes."""
    text = inspect.getdoc(value) or ""
    for heading in ("Parameters", "Attributes"):
        text = text.split(f"\n{heading}\n", maxsplit=1)[0]
    return text.strip() + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is what the command is for
