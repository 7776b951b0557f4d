"""Name what there is, and tell whether this machine has what polyring needs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from optimiser.cli import screen
from optimiser.cli.options import Json

SOLVER_PACKAGES = {
    "highs": "highspy",
    "scip": "pyscipopt",
    "gurobi": "gurobipy",
    "cbc": "cbcbox",
    "cpsat": "ortools",
}
"""Package that brings each solver."""
_LIBRARIES = (
    "polyring", "pulp", "highspy", "numpy", "scipy", "pandas", "geopandas", "shapely", "osmium", "osmnx",
    "numba",
)  # fmt: skip
_NEEDED_MB = {"disk": 500, "memory": 2_000}
_UNFIT = 5
"""Exit code where something is missing."""


def list_all(json: Json = False) -> int:
    """Name the regions, ready jobs, solver variants and solvers."""
    from networks import regions
    from optimiser.engine.methods.variants import VARIANTS
    from optimiser.job import ready_names

    found: dict[str, Any] = {
        "regions": {name: regions.read(name).title for name in regions.names()},
        "jobs": list(ready_names()),
        "variants": {name: variant.about for name, variant in VARIANTS.items()},
        "solvers": {name: version or "not installed" for name, version in _solvers().items()},
    }
    if json:
        screen.as_json(found)
        return 0
    screen.pairs("Regions", found["regions"], heads=("name", "title"), right=False)
    screen.table("Ready jobs", [{"name": name} for name in found["jobs"]])
    for title, proves in (("Variants that prove", True), ("Variants without a proof", False)):
        some = {name: one.about for name, one in VARIANTS.items() if one.proves == proves}
        screen.pairs(title, some, heads=("name", "what"), right=False)
    screen.pairs("Solvers", found["solvers"], heads=("name", "version"), right=False)
    return 0


def doctor(json: Json = False) -> int:
    """Tell whether this machine has what polyring needs."""
    machine = _machine()
    versions = {name: _version(name) for name in _LIBRARIES}
    solvers = {name: version for name, version in _solvers().items() if version}
    missing = [
        f"{name} is not installed: pip install polyring" for name, version in versions.items() if not version
    ]
    missing += [
        f"Only {machine[f'{what} free, MB']} MB of {what} are free; a run needs about {needed} MB."
        for what, needed in _NEEDED_MB.items()
        if machine[f"{what} free, MB"] < needed
    ]
    if not solvers:
        missing.append("No solver is installed: pip install highspy")
    if not machine["cache writable"]:
        missing.append(
            f"The cache folder {machine['cache']} cannot be written; set POLYRING_CACHE to another one."
        )
    if json:
        screen.as_json({"machine": machine, "versions": versions, "solvers": solvers, "amiss": missing})
    else:
        for title, values in (("Machine", machine), ("Versions", versions), ("Solvers", solvers)):
            screen.pairs(title, values, heads=("what", "value"), right=False)
        screen.line("\n".join(missing) or "Everything that polyring needs is here.")
    return _UNFIT if missing else 0


def _solvers() -> dict[str, str]:
    """Return the version of each solver's package, empty where it is not installed."""
    return {name: _version(package) for name, package in SOLVER_PACKAGES.items()}


def _machine() -> dict[str, Any]:
    import psutil

    from optimiser.tasks import cache

    place = cache.folder()
    existing = next(path for path in (place, *place.parents) if path.exists())
    used = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "cores": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "memory free, MB": psutil.virtual_memory().available // 1_000_000,
        "disk free, MB": shutil.disk_usage(existing).free // 1_000_000,
        "cache": str(place),
        "cache used, MB": used // 1_000_000,
        "cache writable": _is_writable(existing),
    }


def _is_writable(place: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
