"""Import PuLP without the libraries that it would load at once and seldom uses.

PuLP imports every solver library that is installed. OR-Tools alone, with pandas, takes longer than the solve
of a small problem.
"""

import importlib.util
import sys
from contextlib import suppress

SLOW = ("ortools.sat.python.cp_model", "orloge")
"""Libraries that are imported when something in them is first asked for."""

for _name in SLOW:
    with suppress(ImportError):
        _spec = importlib.util.find_spec(_name)
        if _spec is not None and _spec.loader is not None and _name not in sys.modules:
            _spec.loader = importlib.util.LazyLoader(_spec.loader)
            sys.modules[_name] = importlib.util.module_from_spec(_spec)
            _spec.loader.exec_module(sys.modules[_name])

import pulp as pulp  # noqa: E402, PLC0414 - the one place that imports it
