"""Solve one reduced problem in one way: a module a variant, each with `VARIANT` and `run`."""

from __future__ import annotations

from optimiser.engine.methods.variants.variant import Variant

__all__ = ["Variant"]
