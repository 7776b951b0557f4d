"""Change the code in small ways, and see whether the tests notice.

``python -m tools.mutants --package rings --mutants 20 --seed 1`` draws 20 places in the sources of a package
and changes each of them alone: `<` to `<=`, 3 to 4, + to -, `and` to `or`, `min` to `max`, a statement left
out. It runs the tests that belong to the package until one fails. A mutant that no test notices survives.
Mutants that change nothing that matters are listed with the reason in `tests/equivalent_mutants.toml`, and do
not count.

The mutants run in a copy of the tree in the temporary folder. The checkout is only read. Before, all tests of
the package run once without a change, which records the functions that each test calls. A mutant is shown to
the tests that call its function, the shortest first. What a test calls in a child process is not recorded, so
that some mutants count as survivors which such a test would notice.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.mutant_tests import ROOT, Tree
from tools.mutations import Mutant, mutants_of

EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"
"""Mutants that change nothing that matters, each with the reason."""


LEAST_LIMIT_S = 30.0
"""Time limit of one test under a mutant, besides a multiple of what it takes without a change."""


@dataclass(frozen=True)
class Package:
    """Sources that are mutated together, and the tests that must notice.

    Attributes
    ----------
    sources
        Files and folders; modules in folders below a folder are left to packages of their own.
    tests
        Files and folders in the order in which they run, the nearest first.
    without
        Sources that are left out.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()


PACKAGES = {
    "model": Package(
        ("optimiser/engine/models",),
        (
            "tests/engine/models",
            "tests/engine/methods/test_rings.py",
            "tests/engine/methods/test_side.py",
            "tests/engine/methods/test_compact.py",
        ),
    ),
    "cuts": Package(("optimiser/engine/methods/cuts",), ("tests/engine/methods/cuts",)),
    "reduction": Package(
        ("optimiser/engine/presolve",),
        ("tests/engine/presolve", "tests/engine/test_explain.py"),
    ),
    "verify": Package(
        ("optimiser/verify",),
        ("tests/verify", "tests/engine/methods/test_rings.py"),
        without=("optimiser/verify/bound_checker.py",),
    ),
    "certificate": Package(
        ("optimiser/verify/bound_checker.py",),
        ("tests/verify/test_bound_checker.py", "tests/engine/methods/test_bound_prover.py"),
    ),
    "rings": Package(
        ("optimiser/proposals/rings", "optimiser/problem/ring.py", "optimiser/problem/ring_geometry.py"),
        ("tests/proposals/rings", "tests/problem"),
    ),
    "problem": Package(
        ("optimiser/problem",),
        ("tests/problem", "tests/verify/test_plan.py"),
        without=("optimiser/problem/ring.py", "optimiser/problem/ring_geometry.py"),
    ),
    "frontier": Package(("optimiser/frontier",), ("tests/frontier",)),
    "candidates": Package(("optimiser/proposals",), ("tests/proposals",)),
}
"""What can be mutated, by the name that the command takes."""


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes
    ----------
    mutant
        The mutant.
    state
        `killed`, `timed out` or `survived`; `equivalent` for one that is listed as such, and not tested.
    by
        The test that failed, or why the mutant is equivalent.
    seconds
        Wall time of its tests.
    """

    mutant: Mutant
    state: str
    by: str
    seconds: float


def sources_of(package: Package) -> list[Path]:
    """Return the files of a package, in order of their paths."""
    found: list[Path] = []
    for name in package.sources:
        path = ROOT / name
        found += sorted(path.glob("*.py")) if path.is_dir() else [path]
    left_out = {ROOT / name for name in package.without}
    return [path for path in found if path.name != "__init__.py" and path not in left_out]


def drawn(name: str, count: int, seed: int) -> list[Mutant]:
    """Return a sample of the mutants of a package, without a place drawn twice.

    Parameters
    ----------
    name
        The package.
    count
        Number of mutants.
    seed
        Number that decides the sample.
    """
    every: list[Mutant] = []
    for path in sources_of(PACKAGES[name]):
        every += mutants_of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    generator = random.Random(f"{name} {seed}")  # noqa: S311 - a sample, no secret
    found: dict[tuple[str, int], Mutant] = {}
    for mutant in generator.sample(every, len(every)):
        found.setdefault((mutant.path, mutant.start), mutant)
        if len(found) == count:
            break
    return list(found.values())


class Bench:
    """Tests the mutants of one package in a copy of the tree.

    Parameters
    ----------
    tree
        The copy.
    package
        What is mutated, and the tests that must notice.
    tier
        Tier of the tests: `first` or `both`.
    known
        What was recorded of its tests before; None to run them once.
    """

    def __init__(self, tree: Tree, package: Package, tier: str, known: dict[str, Any] | None = None) -> None:
        self.tree = tree
        self.package = package
        self.tier = tier
        recorded = known
        if recorded is None:
            state, by, recorded = tree.first_failure({"paths": package.tests, "tier": tier}, 3600.0)
            if state != "survived":
                raise SystemExit(f"the tests fail without any change, so nothing was measured: {by} {state}")
        self.recorded = recorded
        self.calls: dict[str, list[str]] = recorded["calls"]
        self.seconds: dict[str, float] = recorded["seconds"]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that call the function of a mutant, the shortest first.

        Calls of kernels are not recorded: the tests that call any function of the module are asked. What is
        outside a function is read when a module is imported or a dataclass is made: all tests are asked.
        """

        def shortest_first(tests: Iterable[str]) -> list[str]:
            return sorted(tests, key=lambda test: (self.seconds[test], test))

        called = set(self.calls.get(f"{mutant.path} {mutant.function}", []))
        if mutant.is_in_function:
            return shortest_first(called)
        by_module = {
            test for name, some in self.calls.items() if name.split(" ")[0] == mutant.path for test in some
        }
        others = [] if called else shortest_first(self.seconds.keys() - by_module)
        return [*shortest_first(by_module), *others]

    def limit_s(self, test: str) -> float:
        """Return the time limit of a test alone, which makes what it shared with others of its file anew."""
        file = f"{test.split('::', 1)[0]}::"
        shared_s = sum(seconds for name, seconds in self.seconds.items() if name.startswith(file))
        return LEAST_LIMIT_S + 5.0 * self.seconds[test] + 2.0 * shared_s

    def outcome(self, mutant: Mutant, reason: str | None) -> Outcome:
        """Return what becomes of a mutant.

        Parameters
        ----------
        mutant
            The mutant.
        reason
            Why it is listed as equivalent, or None.
        """
        if reason is not None:
            return Outcome(mutant, "equivalent", reason, 0.0)
        begun, state, by = time.monotonic(), "survived", "no test runs it"
        tests = self.tests_of(mutant)
        if tests:
            self.tree.write(mutant)
            limits = {test: self.limit_s(test) for test in tests}
            paths = sorted({test.split("::", 1)[0] for test in tests})
            task = {"paths": paths, "tests": limits, "tier": self.tier}
            state, by, _ = self.tree.first_failure(task, LEAST_LIMIT_S + sum(limits.values()))
            self.tree.restore(mutant)
        return Outcome(mutant, state, by, round(time.monotonic() - begun, 1))


def key_of(mutant: Mutant) -> tuple[str, str, str, str]:
    """Return what names a mutant as long as its lines stay: file, function, lines before and after."""
    source = (ROOT / mutant.path).read_bytes()
    first = source.rfind(b"\n", 0, mutant.start) + 1
    last = source.find(b"\n", mutant.end)
    lines = (
        source[first:last],
        source[first : mutant.start] + mutant.after.encode() + source[mutant.end : last],
    )
    before, after = (" ".join(line.decode().split()) for line in lines)
    return mutant.path, mutant.function, before, after


def reasons() -> dict[tuple[str, str, str, str], str]:
    """Return why each listed mutant is equivalent, by its key."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {(one["path"], one["function"], one["before"], one["after"]): one["why"] for one in entries}


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """Return the counts of each package as a table in Markdown.

    Parameters
    ----------
    outcomes
        Outcomes by package.
    """
    head = "| package | mutants | killed | timed out | survived | equivalent | killed of those that matter |"
    rows = [head, "|---|---|---|---|---|---|---|"]
    for name, some in outcomes.items():
        count = Counter(outcome.state for outcome in some)
        matter = len(some) - count["equivalent"]
        share = f"{(count['killed'] + count['timed out']) / matter:.0%}" if matter else "none"
        states = (count[state] for state in ("killed", "timed out", "survived", "equivalent"))
        rows.append(f"| {name} | {len(some)} | {' | '.join(map(str, states))} | {share} |")
    return "\n".join(rows)


def measure(name: str, mutants: Sequence[Mutant], bench: Bench) -> list[Outcome]:
    """Test mutants of a package and print each outcome.

    Parameters
    ----------
    name
        The package.
    mutants
        Its mutants.
    bench
        Where they are tested.
    """
    known, found = reasons(), list[Outcome]()
    print(f"{name}: {len(mutants)} mutants; {sum(bench.seconds.values()):.0f} s of tests", flush=True)
    for mutant in mutants:
        outcome = bench.outcome(mutant, known.get(key_of(mutant)))
        found.append(outcome)
        by = f"  ({outcome.by})" if outcome.by else ""
        print(f"{outcome.state:<10} {outcome.seconds:6.1f} s  {mutant}{by}", flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw mutants, test them and print what became of each.

    Parameters
    ----------
    arguments
        Of the command line; those of the process where None.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--package", action="append", choices=PACKAGES, help="may be repeated; all by default"
    )
    parser.add_argument("--mutants", type=int, default=20, help="mutants a package (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="decides the sample (default: 1)")
    parser.add_argument(
        "--tier", choices=("first", "both"), default="both", help="tests that must notice (default: both)"
    )
    parser.add_argument("--file", default="", help="only mutants whose path contains this text")
    parser.add_argument("--list", action="store_true", help="print the sample and test nothing")
    parser.add_argument("--json", type=Path, help="file for the outcomes")
    parser.add_argument(
        "--calls",
        type=Path,
        help="file for what each test calls; read where it is there, so that tests must be as they were",
    )
    parser.add_argument("--again", type=Path, help="outcomes of this sample: test only what survived")
    options = parser.parse_args(arguments)
    samples = {
        name: [one for one in drawn(name, options.mutants, options.seed) if options.file in one.path]
        for name in options.package or PACKAGES
    }
    if options.again:
        earlier = json.loads(options.again.read_text(encoding="utf-8"))
        again = {
            Mutant(**one["mutant"])
            for some in earlier.values()
            for one in some
            if one["state"] in ("survived", "equivalent")
        }
        samples = {
            name: [one for one in drawn(name, options.mutants, options.seed) if one in again]
            for name in earlier
        }
    if options.list:
        print("\n".join(f"{name}: {mutant}" for name, some in samples.items() for mutant in some))
        return
    outcomes: dict[str, list[Outcome]] = {}
    calls: dict[str, Any] = {}
    if options.calls and options.calls.is_file():
        calls = json.loads(options.calls.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, Tree(Path(folder)) as tree:
        for name, some in samples.items():
            bench = Bench(tree, PACKAGES[name], options.tier, calls.get(name))
            if options.calls:
                calls[name] = bench.recorded
                options.calls.write_text(json.dumps(calls), encoding="utf-8")
            outcomes[name] = measure(name, some, bench)
            if options.json:
                plain = {one: [asdict(outcome) for outcome in of] for one, of in outcomes.items()}
                options.json.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    print(table(outcomes))


if __name__ == "__main__":
    main()
