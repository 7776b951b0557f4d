"""Test the calibration of rail times, and that modelled times meet the target."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from networks.rail.parameters import RailParameters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark_module():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("rail_times")


@pytest.mark.long
@pytest.mark.shared
def test_modelled_times_of_fast_trains_meet_the_target(benchmark_module, shared_dir):
    table = shared_dir / "data" / "jjj" / "rail_times_calibration.csv"
    routed, left_out = benchmark_module.route_rows(
        benchmark_module.read_rows(table), benchmark_module.NETWORK
    )
    fast = benchmark_module.Columns.of([r for r in routed if r.row.fast])
    running = RailParameters.default("CN").running
    modelled = benchmark_module.model_min(
        fast.design,
        fast.stops,
        factor=running.factor,
        stop_min=running.stop_s / 60,
        start_min=running.start_s / 60,
    )
    median, p90, _ = benchmark_module.errors(modelled, fast.fastest)
    assert not left_out
    assert median <= benchmark_module.TARGET["median"]
    assert p90 <= benchmark_module.TARGET["p90"]
    of_day = benchmark_module.Columns.of([r for r in routed if r.row.fast and r.row.year == "2016"])
    for seen, target in ((of_day.fastest, "fastest"), (of_day.median, "median")):
        median, p90, _ = benchmark_module.errors(of_day.served, seen)
        assert median <= benchmark_module.SERVED[target][0]
        assert p90 <= benchmark_module.SERVED[target][1]


def test_the_fit_recovers_the_parameters_of_synthetic_times(benchmark_module):
    rng = np.random.default_rng(7)
    design, stops = rng.uniform(10, 100, 30), rng.integers(0, 6, 30).astype(float)
    seen = benchmark_module.model_min(design, stops, factor=0.8, stop_min=9.0, start_min=5.0)
    assert benchmark_module.fit(design, stops, seen) == pytest.approx((0.8, 9.0, 5.0))


def test_a_missing_calibration_table_is_reported(benchmark_module, capsys, tmp_path):
    assert benchmark_module.main([str(tmp_path / "none.csv")]) == 2
    assert "is not here" in capsys.readouterr().err
