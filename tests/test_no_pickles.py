"""No file can run code when it is read: nothing is unpickled anywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from optimiser.problem import load
from optimiser.problem.errors import ProblemError
from optimiser.run import store

ROOT = Path(__file__).resolve().parents[1]
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"read_pickle", "to_pickle", "read_gpickle", "write_gpickle"}


def faults(tree: ast.AST) -> Iterator[str]:
    """Yield each import, call or argument that reads or writes pickles."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            given = {word.arg: word.value for word in node.keywords}
            if name in CALLS:
                yield name
            is_load = name == "load" and ast.unparse(node.func) in {"np.load", "numpy.load"}
            if is_load and ast.unparse(given.get("allow_pickle", ast.Constant(value=True))) != "False":
                yield "np.load without allow_pickle=False"


def test_no_module_reads_or_writes_pickles() -> None:
    paths = [
        path
        for name in ("networks", "optimiser", "tools", "benchmarks")
        for path in (ROOT / name).rglob("*.py")
    ]
    found = {str(path): list(faults(ast.parse(path.read_text(encoding="utf-8")))) for path in paths}
    assert {path: some for path, some in found.items() if some} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "pd.read_pickle(x)",
        "np.load(x)",
        "np.load(x, allow_pickle=1)",
    ],
)
def test_a_pickle_would_be_found(text: str) -> None:
    assert len(list(faults(ast.parse(text)))) == 1


def test_an_array_of_objects_in_the_cache_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "skim.npy", np.array([{"a": 1}], dtype=object))
    store.save_json(tmp_path / store.VALUE, {"mapping": {"skim": {"array": "skim.npy"}}})
    with pytest.raises(ValueError, match="allow_pickle"):
        store.load(tmp_path)


def test_a_pickled_problem_is_refused(tmp_path: Path) -> None:
    (tmp_path / "problem.json").write_bytes(b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(ProblemError, match="not a JSON file"):
        load(tmp_path / "problem.json")
