"""Import PuLP without the libraries that it would load at once and seldom uses.

PuLP imports every solver library that is installed. OR-Tools alone, with pandas, takes longer than the solve
of a small problem.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

SLOW = ("ortools.sat.python.cp_model", "orloge")
"""Libraries that are imported when PuLP first uses them."""


class _Deferred(ModuleType):
    """A module that is imported when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module holds
        """Return an attribute of the real module."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _deferred(names: tuple[str, ...]) -> Iterator[None]:
    """Let imports in the block that name these libraries take modules that are loaded at their first use."""
    added = [name for name in names if name not in sys.modules and _is_installed(name)]
    sys.modules.update({name: _Deferred(name) for name in added})
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


with _deferred(SLOW):
    import pulp as pulp  # noqa: PLC0414 - the one place that imports it
