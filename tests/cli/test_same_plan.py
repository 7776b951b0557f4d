"""The same problem has the same plan in every process, whatever the hash seed and the number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from optimiser.bench.generators.families import GridParameters, grid
from optimiser.problem import save

CASES = [("0", 1), ("1", 2)]
"""PYTHONHASHSEED, threads."""


def _plan(folder: Path, hash_seed: str, threads: int) -> dict[str, object]:
    result = folder / f"result-{hash_seed}-{threads}.json"
    words = ["solve", "problem.json", "-o", result, "--gap", "0", "--threads", str(threads)]
    subprocess.run(
        [sys.executable, "-m", "optimiser.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    found = json.loads(result.read_text(encoding="utf-8"))
    return {key: found[key] for key in ("status", "objective", "built")}


@pytest.mark.long
def test_hash_seeds_and_threads_do_not_change_the_plan(tmp_path: Path) -> None:
    save(grid(GridParameters(rows=4, columns=4, candidates=12, pairs=30, seed=2)), tmp_path / "problem.json")
    first, other = (_plan(tmp_path, *case) for case in CASES)
    assert first["status"] == "optimal"
    assert other == first
