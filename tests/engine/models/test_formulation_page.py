"""The formulation page says of every variant with a model where that model is stated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import optimiser
from optimiser.engine.methods.variants import AUTO, VARIANTS
from tools.model_pages import formulation

PACKAGE = Path(optimiser.__file__).parent
MODELS = sorted(name for name, variant in VARIANTS.items() if variant.proves and name != AUTO.name)


@pytest.mark.parametrize("name", MODELS)
def test_every_variant_that_proves_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in formulation()


def test_every_module_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(optimiser/[a-z_/.]+)`", formulation())
    assert named
    assert all((PACKAGE.parent / path).exists() for path in named)


def test_no_sum_of_the_display_has_a_superscript_of_a_sign_below_it() -> None:
    """Such a sign is a speck on the typeset page; and a row of the model has one line and a note."""
    display = formulation().partition("```math")[2].partition("```")[0]
    assert not re.search(r"sum_\{[^}]*\^", display)
    assert max(row.count("quad") for row in display.split("\\\\")) <= 2
