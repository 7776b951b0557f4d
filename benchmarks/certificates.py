"""Certify the bounds of problems, check each certificate with both checkers, and damage the certificates.

    python benchmarks/certificates.py RUN_OR_PROBLEM[:GAP] ... [--time-limit 600] [--corruptions 500]

A run folder is certified to the bound that its result claims, unless its certificate has a proof already; a
problem file is solved first, to the gap given (default 0), and certified to the bound that the solve claims.
Each checker runs as a program of its own (`python -IS bound_checker.py`), whose CPU time is counted. Damage
is one random change of the certificate, of its plan, its bound or its proof. A damaged certificate passes
where a checker accepts it with another plan or bound. The table goes to benchmarks/results/certificates.md.
"""

import argparse
import copy
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from optimiser import verify
from optimiser.engine.certification import certify
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import dumps, load
from optimiser.problem import result as results
from optimiser.problem.result import gap_of
from optimiser.verify import bound_checker, second_checker

CHECKERS = (bound_checker, second_checker)
RESULTS = Path(__file__).parent / "results" / "certificates.md"
Json = dict[str, Any]


type Damage = Callable[[Json, random.Random], None]
"""Changes one thing in a certificate; raises IndexError where the certificate has no such thing."""


def _leaf(certificate: Json, chance: random.Random) -> Json:
    found: Json = chance.choice([item for item in certificate["bound"]["tree"] if isinstance(item, dict)])
    return found


def _split(certificate: Json, chance: random.Random) -> list[Any]:
    found: list[Any] = chance.choice(
        [item for item in certificate["bound"]["tree"] if isinstance(item, list)]
    )
    return found


def _row(certificate: Json, chance: random.Random, kind: str = "") -> Json:
    found: Json = chance.choice([row for row in certificate["bound"]["rows"] if not kind or kind in row])
    return found


def _claim(certificate: Json, chance: random.Random) -> None:
    proof = certificate["bound"]
    proof["bound"] = (proof["bound"] or 0) + chance.choice([-1000, -10, -1, 1, 5, 100])


def _objective(certificate: Json, chance: random.Random) -> None:
    leaf = _leaf(certificate, chance)
    leaf["objective"] = 1 - leaf["objective"]


def _precision(certificate: Json, chance: random.Random) -> None:
    certificate["bound"]["denominator_bits"] += chance.choice([-3, -1, 1, 8])


def _no_multipliers(certificate: Json, chance: random.Random) -> None:
    _leaf(certificate, chance)["multipliers"] = []


def _multiplier(certificate: Json, chance: random.Random) -> None:
    entry = chance.choice(_leaf(certificate, chance)["multipliers"])
    entry[1] = int(entry[1] * chance.choice([-1, 0, 0.5, 0.9, 1.1, 2, 10]))


def _lost_multiplier(certificate: Json, chance: random.Random) -> None:
    multipliers = _leaf(certificate, chance)["multipliers"]
    multipliers.remove(chance.choice(multipliers))


def _other_row(certificate: Json, chance: random.Random) -> None:
    chance.choice(_leaf(certificate, chance)["multipliers"])[0] = chance.randrange(
        len(certificate["bound"]["rows"])
    )


def _other_variable(certificate: Json, chance: random.Random) -> None:
    _split(certificate, chance)[0] = f"x{chance.randrange(1, 9):07d}"


def _other_child(certificate: Json, chance: random.Random) -> None:
    _split(certificate, chance)[chance.choice([1, 2])] = chance.randrange(len(certificate["bound"]["tree"]))


def _unit(certificate: Json, chance: random.Random) -> None:
    _row(certificate, chance, "prices")["unit"] *= 2


def _free(certificate: Json, chance: random.Random) -> None:
    prices = _row(certificate, chance, "prices")["prices"]
    prices[chance.choice(sorted(prices))] = 0


def _foreign_row(certificate: Json, chance: random.Random) -> None:
    foreign: list[Json] = [
        {"model": "budget"},
        {"model": "nothing"},
        {"time": "y0000001", "unit": 1, "prices": {}},
    ]
    row = _row(certificate, chance)
    row.clear()
    row.update(chance.choice(foreign))


def _twice(certificate: Json, chance: random.Random) -> None:
    certificate["built"].append(chance.choice(certificate["built"]))


def _unbuilt(certificate: Json, chance: random.Random) -> None:
    item = chance.choice(certificate["built"])
    certificate["built"].remove(item)
    certificate["cost"] -= item["cost"]


def _figure(certificate: Json, chance: random.Random) -> None:
    name = chance.choice([name for name in ("cost", "coverage") if name in certificate])
    certificate[name] += chance.choice([-3, -1, 1, 2])


DAMAGE: tuple[Damage, ...] = (
    _claim, _objective, _precision, _no_multipliers, _multiplier, _lost_multiplier, _other_row,
    _other_variable, _other_child, _unit, _free, _foreign_row, _twice, _unbuilt, _figure,
)  # fmt: skip


def damaged(certificate: Json, chance: random.Random) -> Json:
    """Return a copy of a certificate with one random change."""
    while True:
        copied = copy.deepcopy(certificate)
        try:
            chance.choice(DAMAGE)(copied, chance)
        except (IndexError, KeyError, ValueError):  # the certificate lacks what this would change
            continue
        return copied


def passes(checker: ModuleType, problem: Json, certificate: Json, honest: Json) -> bool:
    """Return whether a checker accepts a certificate that claims something else than the honest one."""
    try:
        checker.check(problem, certificate)
    except (checker.Refused, LookupError, TypeError, ValueError, AttributeError):
        return False

    def claims(one: Json) -> list[Any]:
        built = sorted(item["id"] for item in one.get("built", []))
        return [one["bound"]["bound"], built, one.get("cost"), one.get("coverage")]

    return claims(certificate) != claims(honest)


def checked_alone(checker: ModuleType, problem: Json, certificate: Json) -> tuple[bool, float]:
    """Run a checker as a program that cannot import anything of polyring; return its word and CPU seconds."""
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / "problem.json", Path(name) / "certificate.json"]
        for file, value in zip(files, (problem, certificate), strict=True):
            file.write_text(json.dumps(value), encoding="utf-8")
        begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        command = sys.executable, "-IS", str(checker.__file__), *map(str, files)
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun
        return run.returncode == 0 and run.stdout.startswith("OK"), seconds


def row_of(text: str, *, time_limit_s: float, corruptions: int) -> str:
    """Certify one problem, and return its row of the table."""
    name, _, gap = text.partition(":")
    path, certificate, proving = Path(name), Json(), "kept"
    if path.is_dir():
        problem, result = load(path / "problem.json"), results.load(path / "result.json")
        certificate = json.loads((path / "certificate.json").read_text(encoding="utf-8"))
    else:
        problem = load(path)
        result = solve(problem, params=SolveParameters(time_limit_s=time_limit_s, gap=float(gap or 0)))
    raw = json.loads(dumps(problem))
    if "bound" not in certificate:
        proof = certify(problem, result, time_limit_s=time_limit_s)
        plan = verify.certificate(problem, verify.check(problem, result)) if result.has_plan else {}
        certificate = {"format": bound_checker.FORMAT, **plan, "bound": proof.document}
        proving = f"{proof.seconds:.1f}"
    shown = certificate["bound"]
    answers = [checked_alone(checker, raw, certificate) for checker in CHECKERS]
    chance = random.Random(1)  # noqa: S311 - chance for damage, no secret
    passed = sum(
        any(passes(checker, raw, one, certificate) for checker in CHECKERS)
        for one in (damaged(certificate, chance) for _ in range(corruptions))
    )
    bound = shown["bound"] if result.has_plan else result.objective
    certified = gap_of(result.objective, bound, minimise=problem.budget is None)
    row = (
        problem.name,
        f"{len(problem.candidates):,}",
        f"{len(problem.pairs):,}",
        f"{100 * (result.gap or 0):.3f}",
        f"{100 * (certified or 0):.3f}",
        f"{sum(isinstance(item, dict) for item in shown['tree']):,}",
        f"{len(shown['rows']):,}",
        f"{len(json.dumps(certificate)) / 1e6:.1f}",
        proving,
        *(f"{seconds:.1f}" for _, seconds in answers),
        "yes" if all(is_ok for is_ok, _ in answers) else "NO",
        f"{passed} of {corruptions}",
    )
    return f"| {' | '.join(row)} |"


HEAD = (
    "| problem | candidates | pairs | claimed gap, % | certified gap, % | leaves | rows | MB | proving, s | "
    "first check, s | second, s | both hold | damage that passes |\n"
    f"|{13 * '---|'}"
)


def main() -> int:
    """Certify what the command line names, and write the table; return 1 where a certificate fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("inputs", nargs="*", help="run folders and problem files")
    parser.add_argument("--time-limit", type=float, default=600.0)
    parser.add_argument("--corruptions", type=int, default=500)
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args()
    rows = []
    for text in asked.inputs:
        rows.append(row_of(text, time_limit_s=asked.time_limit, corruptions=asked.corruptions))
        print(rows[-1], flush=True)
    head = "# Certificates of bounds\n\n`python benchmarks/certificates.py RUN_OR_PROBLEM[:GAP] ...`\n"
    asked.output.write_text("\n".join([head, HEAD, *rows, ""]), encoding="utf-8")
    return int(any("| NO |" in row or not row.endswith("| 0 of " + f"{asked.corruptions} |") for row in rows))


if __name__ == "__main__":
    sys.exit(main())
