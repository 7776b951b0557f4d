"""Name what there is: regions, ready jobs, solver variants and solvers."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from networks import regions
from optimiser.cli import screen
from optimiser.engine.methods.variants import VARIANTS
from optimiser.job import ready_names

SOLVER_PACKAGES = {
    "highs": "highspy",
    "scip": "pyscipopt",
    "gurobi": "gurobipy",
    "cbc": "cbcbox",
    "cpsat": "ortools",
}
"""Package that brings each solver."""


def list_all(*, as_json: bool = False) -> int:
    """Print the names.

    Parameters
    ----------
    as_json
        Print JSON.

    Returns
    -------
    int
        0.
    """
    found = everything()
    if as_json:
        screen.as_json(found)
        return 0
    screen.table("Regions", [{"name": name, "title": title} for name, title in found["regions"].items()])
    screen.table("Ready jobs", [{"name": name} for name in found["jobs"]])
    screen.table("Variants", [{"name": name, "what": what} for name, what in found["variants"].items()])
    screen.table(
        "Solvers", [{"name": name, "version": version} for name, version in found["solvers"].items()]
    )
    return 0


def everything() -> dict[str, Any]:
    """Return the names as JSON values."""
    return {
        "regions": {name: regions.read(name).title for name in regions.names()},
        "jobs": list(ready_names()),
        "variants": {name: variant.about for name, variant in VARIANTS.items()},
        "solvers": {name: version or "not installed" for name, version in solvers().items()},
    }


def solvers() -> dict[str, str]:
    """Return the version of each solver's package, empty where it is not installed."""
    found = {}
    for name, package in SOLVER_PACKAGES.items():
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found
