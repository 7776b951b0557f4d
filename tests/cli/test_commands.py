"""Commands start fast, explain themselves, and end as asked."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tiers import long_case

from networks import regions
from optimiser.cli import screen
from optimiser.cli.app import call as call_command
from optimiser.job import find, load
from optimiser.problem.result import TracePoint
from optimiser.run import folder
from optimiser.tasks import cache

Call = Callable[..., tuple[int, str, str]]

COMMANDS = (
    "run",
    "cases",
    "robust",
    "sweep",
    "closures",
    "backcast",
    "solve",
    "score",
    "verify",
    "certify",
    "compare",
    "explain",
    "import",
    "bench",
    "convert",
    "list",
    "init",
    "doctor",
)
GOLDEN = Path(__file__).parent / "golden"
POLYRING = (sys.executable, "-c", "from optimiser.cli import main; main()")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_as_agreed(command: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = call(*([command] if command else []), "--help")
    assert code == 0
    golden = GOLDEN / f"help_{command or 'polyring'}.txt"
    if os.environ.get("POLYRING_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(out, encoding="utf-8")
    assert out == golden.read_text(encoding="utf-8")


def test_help_takes_less_than_half_a_second_of_work() -> None:
    before = _work_s()
    subprocess.run([*POLYRING, "--help"], check=True, capture_output=True)
    assert _work_s() - before < 0.5


def _work_s() -> float:
    """Return the processor time of ended children, in seconds."""
    times = os.times()
    return times.children_user + times.children_system


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from optimiser.cli.app import call; call(['--help']); "
        "print(sorted({'numpy', 'pandas', 'geopandas', 'pydantic', 'rich', 'pulp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_paths_keys_and_ids_that_are_wrong_are_refused_within_a_second_of_work(done: Path) -> None:
    """Before pandas and the like are loaded, which takes longer than that."""
    run, problem = done / "out", done / "out" / "problem.json"
    faults = [
        *(
            [name, "no-job"]
            for name in ("run", "cases", "frontier", "robust", "sweep", "closures", "backcast")
        ),
        ["run", done / "job.toml", "--set", "cities.file=none.csv"],
        ["run", done / "job.toml", "--set", "limt=3h"],
        ["run", "jing-jin-ji", "--set", "region.name=jing-jin"],
        ["cases", "jing-jin-ji", "--out", done / "none"],
        ["frontier", "none.json"],
        ["solve", "none.json", "--out", "x.json"],
        ["solve", problem, "--out", "none/x.json"],
        ["solve", problem, "--out", "x.json", "--variant", "cut"],
        ["solve", problem, "--out", "x.json", "--start", "none.json"],
        ["score", problem, "--built", "none"],
        ["certify", problem, "none.json"],
        ["explain", done / "none", "1"],
        ["explain", run, "999"],
        ["explain", run, "none"],
        ["explain", run, "1", "--state", "none"],
        ["compare", run, done / "none"],
        ["import", "none.osm.pbf"],
    ]
    code = (
        "import json, sys\nfrom optimiser.cli.app import call\n"
        "codes = [call(words) for words in json.loads(sys.argv[1])]\n"
        "heavy = {'pandas', 'scipy', 'matplotlib', 'pulp', 'highspy', 'numba'} & set(sys.modules)\n"
        "print(json.dumps([codes, sorted(heavy)]))"
    )
    words = json.dumps([[str(word) for word in fault] for fault in faults])
    before = _work_s()
    ended = subprocess.run([sys.executable, "-c", code, words], check=True, capture_output=True, text=True)
    codes, heavy = json.loads(ended.stdout)
    assert heavy == []
    assert set(codes) <= {2, 5}, list(zip(faults, codes, strict=True))
    assert (_work_s() - before) < 1 + 0.1 * len(faults)


def test_a_link_is_meant_by_its_name_too(done: Path, call: Call) -> None:
    with (done / "out" / "candidates.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["kind"].startswith("road"))
    name = f"{row['to_name']} - {row['from_name']}"
    for words in (["explain", done / "out"], ["score", done / "out" / "problem.json", "--built"]):
        code, _, err = call(*words, name)
        assert code == 2
        assert row["candidate_id"] in err
    code, _, err = call(
        "run", done / "job.toml", "--set", f"candidates.fixed_out=[{json.dumps(name)}]", "--dry-run"
    )
    assert code == 2
    assert f"did you mean '{row['candidate_id']}'" in err


def test_the_version_is_printed(call: Call) -> None:
    code, out, _ = call("--version")
    assert code == 0
    assert out.startswith("polyring 0.")


@pytest.mark.parametrize("words", [("rum",), ("run",), ("solve", "p.json"), ("run", "x", "--colour")])
def test_a_wrong_line_ends_with_two_and_points_to_help(words: tuple[str, ...], call: Call) -> None:
    code, _, err = call(*words)
    assert code == 2
    assert "--help" in err


def test_list_names_regions_jobs_variants_and_solvers(call: Call) -> None:
    code, out, _ = call("list", "--json")
    found = json.loads(out)
    assert code == 0
    assert "jing-jin-ji" in found["regions"]
    assert "jing-jin-ji" in found["jobs"]
    assert {"auto", "cuts", "compact"} <= set(found["variants"])
    assert found["solvers"]["highs"]
    assert "auto" in call("list")[1]


def test_doctor_lists_versions_and_the_cache(region: Path, call: Call) -> None:
    code, out, _ = call("doctor", "--json")
    found = json.loads(out)
    assert code in {0, 5}
    assert found["versions"]["highspy"]
    assert found["machine"]["cache"] == str(region.parent / "cache")


def test_init_writes_a_job_that_loads_and_overwrites_nothing(region: Path, call: Call) -> None:
    path = region / "new.toml"
    code, out, _ = call("init", path, "--file", "map.osm", "--country", "CN")
    assert code == 0
    assert "polyring run" in out
    assert load(path).job.region.file == "map.osm"
    assert call("init", region / "fetched.toml", "--place", "Shaanxi, China")[0] == 0
    assert load(region / "fetched.toml").job.region.place == "Shaanxi, China"
    assert "Geofabrik" in call("init", region / "absent.toml", "--file", "absent.osm.pbf")[1]
    assert "`polyring run --around NAME" in call("run", region / "absent.toml")[2]
    assert call("init", region / "times.toml", "--file", "times.omx")[0] == 0
    assert load(region / "times.toml").job.region.matrix == "times.omx"
    assert call("init", path)[0] == 2
    code, _, err = call("init", region / "no.toml", "--country", "Germany")
    assert code == 2
    assert "did you mean DE?" in err
    assert not (region / "no.toml").exists()


def test_init_of_a_region_writes_few_keys_and_the_cities_to_edit(region: Path, call: Call) -> None:
    path, table = region / "new.toml", region / "mine.csv"
    code, out, _ = call("init", path, "--region", "jing-jin-ji", "--cities", table, "--money", "65e9")
    assert code == 0
    assert f"{table} holds the cities of the region" in out
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 30
    assert table.read_bytes() == regions.read("jing-jin-ji").cities.read_bytes()
    loaded, ready = load(path), find("jing-jin-ji").job
    assert loaded.files["cities.file"] == table
    assert loaded.job.budget.amount == 65_000
    assert loaded.job.model_copy(update={"budget": ready.budget, "cities": ready.cities}) == ready


def test_init_with_all_keys_is_the_same_job(region: Path, call: Call) -> None:
    for name, words in (("short", ()), ("full", ("--full",))):
        assert call("init", region / f"{name}.toml", "--region", "yangtze-delta", *words)[0] == 0
    short, full = (region / f"{name}.toml" for name in ("short", "full"))
    assert load(short).job == load(full).job == find("yangtze-delta").job
    assert all(f"[{name}]" in full.read_text(encoding="utf-8") for name in ("access", "capacity", "sweep"))


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--region", "jing-jin"), "did you mean jing-jin-ji?"),
        (("--region", "jing-jin-ji", "--file", "x.osm.pbf"), "not several"),
        (("--cities", "none.csv"), "columns id, name, lat, lon, population"),
        (("--region", "germany", "--money", "65000"), "write 65000e6 for 65000 million EUR"),
        (("--country", "ID", "--money", "nan"), "nan is"),
    ],
)
def test_init_refuses_what_cannot_be_meant_and_writes_nothing(
    words: tuple[str, ...], fault: str, region: Path, call: Call
) -> None:
    before = sorted(region.iterdir())
    code, _, err = call("init", region / "new.toml", *words)
    assert code == 2
    assert fault in err
    assert sorted(region.iterdir()) == before


def test_a_folder_in_use_is_refused_at_once(
    region: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(_seconds: float) -> None:
        raise AssertionError

    out = region / "out"
    out.mkdir()
    with folder.locked(out):
        monkeypatch.setattr(time, "sleep", waits)
        code, _, err = call("run", region / "job.toml", "--out", out)
    assert code == 5
    assert f"process {os.getpid()}" in err


@pytest.mark.parametrize(
    ("number", "after_s"),
    [
        (signal.SIGTERM, 1.5),
        long_case(signal.SIGINT, 0.8),
        long_case(signal.SIGINT, 1.5),
        long_case(signal.SIGTERM, 0.8),
    ],
)
def test_a_signal_ends_a_run_in_time_and_leaves_nothing(region: Path, number: int, after_s: float) -> None:
    out = region / "out"
    run = subprocess.Popen(
        [*POLYRING, "run", str(region / "job.toml"), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    used_s = 0.0
    while used_s < after_s and run.poll() is None:  # seconds of its own, not of a busy machine
        with contextlib.suppress(psutil.Error):
            used_s = sum(psutil.Process(run.pid).cpu_times()[:2])
        time.sleep(0.02)
    if run.poll() is not None:
        pytest.skip("the run was faster than the signal")
    children = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(number)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=120)
    if run.returncode == 0:
        pytest.skip("the run was faster than the signal")
    assert run.returncode == 130, err
    assert "Traceback" not in err
    if after_s > 1:
        assert "again to resume" in err
    assert not out.exists()
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on the size of files there")
def test_a_full_disk_leaves_the_earlier_result(region: Path) -> None:
    out = region / "out"
    out.mkdir()
    earlier = {"result.json": "earlier", "summary.json": '{"format": "polyring-summary/1"}'}
    for name, text in earlier.items():
        (out / name).write_text(text)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000));"
        "from optimiser.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "run", str(region / "job.toml"), "--out", str(out)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_text() for path in out.iterdir()} == earlier


def test_a_foreign_folder_is_refused_before_anything_is_read(region: Path, call: Call) -> None:
    (region / "out").mkdir()
    (region / "out" / "report.html").write_text("mine")
    code, _, err = call("run", region / "job.toml", "--out", region / "out")
    assert code == 2
    assert "--out" in err
    assert [(path.name, path.read_text()) for path in (region / "out").iterdir()] == [("report.html", "mine")]


def examples(command: str, call: Call) -> list[str]:
    """Return the examples that the help of a command shows."""
    _, out, _ = call(*command.split(), "--help")
    lines = out.partition("Examples:\n")[2].splitlines()
    return [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize("command", [*COMMANDS, "convert sndlib", "convert tntp"])
def test_the_examples_of_a_help_are_lines_that_the_command_accepts(command: str, call: Call) -> None:
    if command == "convert":
        return
    found = examples(command, call)
    assert found
    for line in found:
        assert line.startswith(f"polyring {command}")
        assert call(*line.split()[1:], "--help")[0] == 0, line


def test_the_shell_completes_commands_and_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_POLYRING_COMPLETE", "complete_bash")

    def completed(words: str) -> str:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        with pytest.raises(SystemExit):
            call_command([])
        return capsys.readouterr().out

    assert "explain" in completed("polyring ex").split()
    assert "--write-lp" in completed("polyring solve --write").split()
    assert completed("polyring run jing-jin-ji-f").split() == ["jing-jin-ji-fair", "jing-jin-ji-full"]
    assert completed("polyring solve p.json --variant lns").split() == ["lns"]
    assert completed("polyring run my-").strip() == ""  # the shell then completes names of files


def test_list_groups_variants_by_whether_they_prove(call: Call) -> None:
    out = call("list")[1]
    proving, others = out.partition("Variants that prove")[2].split("Variants without a proof")
    assert "compact" in proving
    assert "reverse-greedy" in others


def test_elsewhere_than_on_a_terminal_a_long_step_has_a_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cache, "MINUTE_S", 0.05)
    with screen.Display() as display, display.steps.step("solve", "Solving"):
        display.steps.trace(TracePoint(20.0, "master", 90, 100.0))
        time.sleep(0.5)
    lines = capfd.readouterr().err.splitlines()
    assert any("plan 90, bound 100.0, gap 11.1 %" in line for line in lines[:-1])
    assert lines[-1].startswith("Solving: ")


def test_a_job_reaches_a_server_of_this_machine_only_where_that_is_allowed(region: Path, call: Call) -> None:
    address = 'region.overpass="http://127.0.0.1:9/api"'
    words = ("run", region / "job.toml", "--set", "region.file=''", "--set", "region.bbox=[0, 0, 0.1, 0.1]")
    code, _, err = call(*words, "--set", address)
    assert (code, "asked only with --allow-local" in err) == (5, True)
    code, _, err = call(*words, "--set", address, "--allow-local")
    assert (code, "refused" in err, "--allow-local" in err) == (5, True, False)
    code, _, err = call(*words, "--set", address)  # it is not kept
    assert (code, "asked only with --allow-local" in err) == (5, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_commands_are_loaded_is_not_lost(number: int) -> None:
    program = (
        "import signal, sys\n"
        "class Sender:\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == 'optimiser.cli.app': signal.raise_signal({int(number)})\n"
        "sys.meta_path.insert(0, Sender())\n"
        "sys.argv = ['polyring', 'list']\n"
        "from optimiser.cli import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert "interrupted" in done.stderr.lower()
    assert "Traceback" not in done.stderr
