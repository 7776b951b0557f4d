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
