"""Tell whether this machine has what polyring needs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from optimiser.cli import screen
from optimiser.cli.listing import solvers as solver_versions
from optimiser.run import cache

_LIBRARIES = (
    "polyring", "pulp", "highspy", "numpy", "scipy", "pandas", "geopandas", "shapely", "osmium", "osmnx",
    "numba",
)  # fmt: skip
_NEEDED_MB = {"disk": 500, "memory": 2_000}
_UNFIT = 5


def doctor(*, as_json: bool = False) -> int:
    """Print versions, solvers, disk, cache and memory, and what is amiss.

    Parameters
    ----------
    as_json
        Print JSON.

    Returns
    -------
    int
        0 when everything needed is here, else 5.
    """
    found = examine()
    if as_json:
        screen.as_json(found)
    else:
        for title, key in (("Machine", "machine"), ("Versions", "versions"), ("Solvers", "solvers")):
            screen.table(title, [{"what": name, "value": value} for name, value in found[key].items()])
        screen.line("\n".join(found["amiss"]) or "Everything that polyring needs is here.")
    return _UNFIT if found["amiss"] else 0


def examine() -> dict[str, Any]:
    """Return what this machine has, and what is amiss, as JSON values."""
    machine = _machine()
    versions = {name: _version(name) for name in _LIBRARIES}
    solvers = {name: version for name, version in solver_versions().items() if version}
    amiss = [
        f"{name} is not installed: pip install polyring" for name, version in versions.items() if not version
    ]
    amiss += [
        f"Only {machine[f'{what} free, MB']} MB of {what} are free; a run needs about {needed} MB."
        for what, needed in _NEEDED_MB.items()
        if machine[f"{what} free, MB"] < needed
    ]
    if not solvers:
        amiss.append("No solver is here: pip install highspy")
    if not machine["cache writable"]:
        amiss.append(
            f"The cache folder {machine['cache']} cannot be written; set POLYRING_CACHE to another one."
        )
    return {"machine": machine, "versions": versions, "solvers": solvers, "amiss": amiss}


def _machine() -> dict[str, Any]:
    place = cache.folder()
    there = next(path for path in (place, *place.parents) if path.exists())
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "cores": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "memory free, MB": psutil.virtual_memory().available // 1_000_000,
        "disk free, MB": shutil.disk_usage(there).free // 1_000_000,
        "cache": str(place),
        "cache used, MB": _size_mb(place),
        "cache writable": _writable(there),
    }


def _size_mb(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) // 1_000_000


def _writable(place: Path) -> bool:
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
