"""Write the reduction page from the docstrings of the rules, so that both say the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from optimiser.engine.presolve import alike, bound, families, merging, replacement, sequence, stage
from optimiser.engine.presolve.pairs import start

type Documented = Callable[..., Any]

HEAD = """# Reduction

This page is made from the docstrings of `optimiser/engine/presolve`
(`python -m optimiser.engine.presolve.document`).

Before anything is solved, a problem is made smaller. Each rule below is a function with its proof; a property
test holds it to the same optimum with and without it, on small problems with every side constraint drawn at
random and solved by trying every plan (`tests/engine/presolve`).
"""

RULES: tuple[Documented, ...] = (
    start,
    *sequence.DECISIONS,
    *dict.fromkeys(sequence.NETWORK),
    alike.close_dear_pairs,
    alike.build_essential,
    alike.drop_unneeded,
    replacement.drop_replaced,
    alike.drop_implied_pairs,
    alike.merge_alike,
)
"""Every rule in the order of its first use."""


def page() -> str:
    """Return the reduction page in Markdown."""
    return "\n".join(
        [
            HEAD,
            "## What every rule keeps\n",
            _prose(stage.Stage),
            "## The rules, in the order of their first use\n",
            *(f"**{_title(rule)}.** {_prose(rule)}" for rule in RULES),
            "## What merged pairs add up to\n",
            _prose(merging.merged),
            "## Minimal sets\n",
            _prose(families.minimal_sets),
            "## Once a plan is known\n",
            _prose(bound.fixed_by_bound),
        ]
    )


def _title(rule: Documented) -> str:
    return rule.__name__.replace("_", " ").capitalize()


def _prose(value: Documented) -> str:
    """Return a docstring up to its parameters or attributes."""
    text = inspect.getdoc(value) or ""
    for heading in ("Parameters", "Attributes"):
        text = text.split(f"\n{heading}\n", maxsplit=1)[0]
    return text.strip() + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is what the command is for
