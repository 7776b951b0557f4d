"""Change the code in small ways, and see whether the tests notice.

``python -m tools.mutants --folder optimiser/verify --mutants 20 --seed 1`` draws 20 places in the modules of
a folder and changes each of them alone: `<` to `<=`, 3 to 4, + to -, `and` to `or`, `min` to `max`, a
statement left out. A mutant is shown to the tests of the first tier that call its function: to those of the
folder of tests of the same name, the shortest first, as far as these take a minute, and to others for a
quarter of one, until one fails. Where none does, the long tier of the same files of tests is asked. A
mutant that no test notices survives. Mutants that change nothing that matters are listed with the
reason in `tests/equivalent_mutants.toml`, and do not count.

The mutants run in a copy of the tree in the temporary folder. The checkout is only read. Before, the first
tier runs once without a change, which records the functions that each test calls. What a test calls in a
child process is not recorded, so that some mutants count as survivors which such a test would notice.
"""

import argparse
import json
import random
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

from tools.mutant_tests import ROOT, Tree
from tools.mutations import Mutant, mutants_of

EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"
"""Mutants that change nothing that matters, each with the reason."""


LEAST_LIMIT_S = 30.0
"""Time limit of one test under a mutant, besides a multiple of what it takes without a change."""


NEAR_S, OTHER_S = 60.0, 15.0
"""Seconds that the near tests and the others take together, without a change, which a mutant is shown to."""


MOST_S = 60.0
"""Time limit of all tests that are asked at once: what is not noticed by then is not noticed."""


FOLDERS = {
    folder.relative_to(ROOT).as_posix(): files
    for top in ("networks", "optimiser")
    for folder in sorted([ROOT / top, *(ROOT / top).rglob("*/")])
    if (files := sorted(path for path in folder.glob("*.py") if path.name != "__init__.py"))
}
"""The modules of each folder that has any."""


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes
    ----------
    mutant
        The mutant.
    state
        `killed`, `timed out` or `survived`; `equivalent` for one that is listed as such, and not tested.
    tier
        Tier of the test that noticed; empty where none did.
    by
        The test that failed, or why the mutant is equivalent.
    seconds
        Wall time of its tests.
    """

    mutant: Mutant
    state: str
    tier: str
    by: str
    seconds: float


def tests_near(path: str) -> str:
    """Return the folder of tests that has the name of a module's folder, or of the nearest one around it."""
    top, *inner = Path(path).parent.parts
    found = ROOT.joinpath("tests", *(inner if top == "optimiser" else (top, *inner)))
    while not found.is_dir():
        found = found.parent
    return found.relative_to(ROOT).as_posix()


def drawn(name: str, count: int, seed: int) -> list[Mutant]:
    """Return a sample of the mutants of a folder, without a place drawn twice.

    Parameters
    ----------
    name
        The folder.
    count
        Number of mutants; a larger sample begins with the smaller one.
    seed
        Number that decides the sample.
    """
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in FOLDERS[name]}
    every = [mutant for path, text in files.items() for mutant in mutants_of(path, text)]
    generator = random.Random(f"{name} {seed}")  # noqa: S311 - a sample, no secret
    found: dict[tuple[str, int], Mutant] = {}
    for mutant in generator.sample(every, len(every)):
        found.setdefault((mutant.path, mutant.start), mutant)
    return list(found.values())[:count]


class Bench:
    """Tests mutants in a copy of the tree.

    Parameters
    ----------
    tree
        The copy.
    calls
        File for what the tests call; read where it is there, so that tests must be as they were.
    """

    def __init__(self, tree: Tree, calls: Path) -> None:
        self.tree = tree
        if not calls.is_file():
            recorded = tree.first_failure({"paths": ["tests"], "record": True}, 120 * MOST_S)[-1]
            if not recorded.get("calls"):
                raise SystemExit("the tests did not run without a change, so that nothing was measured")
            calls.write_text(json.dumps(recorded), encoding="utf-8")
        recorded = json.loads(calls.read_text(encoding="utf-8"))
        self.calls: dict[str, list[str]] = recorded["calls"]
        self.seconds: dict[str, float] = recorded["seconds"]

    def tests_of(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """Return the tests that call the function of a mutant, those near it and others, the shortest first.

        What is outside a function is read when a module is imported or a dataclass is made, and calls of
        kernels as machine code are not recorded: the tests that call any function of the module are asked,
        and then all that are near.
        """
        near = f"{tests_near(mutant.path)}/"
        called = set(self.calls.get(f"{mutant.path} {mutant.function}", []))
        asked = called
        if not mutant.is_in_function:
            module = f"{mutant.path} "
            called |= {test for name, some in self.calls.items() if name.startswith(module) for test in some}
            asked = called | {test for test in self.seconds if test.startswith(near)}
        ordered = sorted(asked, key=lambda test: (test not in called, self.seconds[test], test))
        close, others = ([test for test in ordered if test.startswith(near) is it] for it in (True, False))
        return self._within(close, NEAR_S), self._within(others, OTHER_S)

    def _within(self, tests: list[str], most_s: float) -> list[str]:
        until = accumulate(self.seconds[test] for test in tests)
        return [test for test, used_s in zip(tests, until, strict=True) if used_s <= most_s]

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
            return Outcome(mutant, "equivalent", "", reason, 0.0)
        begun, state, by, tier = time.monotonic(), "survived", "no test runs it", ""
        near, others = self.tests_of(mutant)
        source = (ROOT / mutant.path).read_bytes()
        self.tree.write(mutant.path, mutant.applied(source))
        for tests in filter(None, (near, others)):
            if state == "survived":
                limits = {test: self.limit_s(test) for test in tests}
                task = {"paths": _files_of(tests), "tests": limits}
                state, by, _ = self.tree.first_failure(task, MOST_S)
                tier = "" if state == "survived" else "first"
        if state == "survived" and near:
            found, by, _ = self.tree.first_failure({"paths": _files_of(near), "tier": "long"}, MOST_S)
            state, tier = ("killed", "long") if found == "killed" else (state, tier)
        self.tree.write(mutant.path, source)
        return Outcome(mutant, state, tier, by, round(time.monotonic() - begun, 1))


def _files_of(tests: Iterable[str]) -> list[str]:
    return sorted({test.split("::", 1)[0] for test in tests})


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
    """Return the counts of each folder as a table in Markdown.

    Parameters
    ----------
    outcomes
        Outcomes by folder.
    """
    head = "| folder | mutants | equivalent | killed | by the first tier | survived | killed that matter |"
    rows = [head, "|---|---|---|---|---|---|---|"]
    every = [outcome for some in outcomes.values() for outcome in some]
    for name, some in {**outcomes, "all": every}.items():
        count, tiers = Counter(outcome.state for outcome in some), Counter(outcome.tier for outcome in some)
        killed, matter = count["killed"] + count["timed out"], len(some) - count["equivalent"]
        share = f"{killed / matter:.0%}" if matter else "none"
        numbers = (len(some), count["equivalent"], killed, tiers["first"], count["survived"], share)
        rows.append(f"| {name} | {' | '.join(map(str, numbers))} |")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw mutants, test them and print what became of each.

    Parameters
    ----------
    arguments
        Of the command line; those of the process where None.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--folder", action="append", choices=FOLDERS, help="may be repeated; all by default")
    parser.add_argument("--mutants", type=int, default=20, help="mutants a folder (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="decides the sample (default: 1)")
    parser.add_argument(
        "--calls",
        type=Path,
        help="file for what each test calls; read where it is there, so that tests must be as they were",
    )
    parser.add_argument("--json", type=Path, help="file for the outcomes; what it holds is not tested again")
    parser.add_argument("--again", action="store_true", help="but for its survivors")
    options = parser.parse_args(arguments)
    known, outcomes = reasons(), dict[str, list[Outcome]]()
    is_known = options.json and options.json.is_file()
    rows = json.loads(options.json.read_text(encoding="utf-8")) if is_known else []
    earlier = {one.mutant: one for one in (Outcome(**r | {"mutant": Mutant(**r["mutant"])}) for r in rows)}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, Tree(Path(folder)) as tree:
        bench = Bench(tree, options.calls or Path(folder, "calls.json"))
        for name in options.folder or FOLDERS:
            outcomes[name] = []
            for mutant in drawn(name, options.mutants, options.seed):
                if mutant not in earlier or (options.again and not earlier[mutant].tier):
                    earlier[mutant] = bench.outcome(mutant, known.get(key_of(mutant)))
                outcomes[name].append(outcome := earlier[mutant])
                said = f"{outcome.state:<10} {outcome.tier:<5} {outcome.seconds:6.1f} s  {mutant}"
                print(f"{said}  ({outcome.by})", flush=True)
                if options.json:
                    plain = json.dumps([asdict(one) for one in earlier.values()], indent=1)
                    options.json.write_text(f"{plain}\n", encoding="utf-8")
    print(table(outcomes))


if __name__ == "__main__":
    main()
