"""Change the checker of certificates in every small way, and see whether a document tells the difference.

``python -m tools.checker_mutants`` takes all mutants of `optimiser/verify/bound_checker.py`, or of
`second_checker.py` with ``--checker second`` (those of `tools.mutants`, comparisons turned round, bounds
exchanged, of the first also shapes made laxer or stricter), shows each the forged and true certificates of
the tests, hundreds of documents near true ones and files, and stops at the first that it does not answer as
the checker does. What no document tells must be listed with its reason in `tests/equivalent_mutants.toml`.
"""

import argparse
import ast
import contextlib
import importlib
import io
import json
import random
import re
import signal
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.mutants import key_of, reasons
from tools.mutations import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[1]
PATH = "optimiser/verify/bound_checker.py"
PATHS = {"first": PATH, "second": "optimiser/verify/second_checker.py"}
MOST_STEPS, MOST_S = 10**6, 8.0
"""Steps of searches, and seconds of CPU for all documents, after which a mutant is told by its time."""
TURNED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
}
EXCHANGED = {"low": "high", "high": "low", "tail": "head", "head": "tail", "down": "up", "up": "down"}
DOORS = {"", "departure", "_known", "problem_shape", "certificate_shape", "read", "_read_object"}
"""Functions that look at values alone: their mutants are shown each value at its edges, and nothing drawn."""
REFUSALS = (LookupError, TypeError, ValueError, ArithmeticError, RecursionError)

Document = tuple[str, Callable[[types.ModuleType], object]]


def drawing(name: str) -> Any:  # noqa: ANN401 - drawings of the tests have no types
    """Return a module of the drawings of the tests."""
    if (folder := str(ROOT / "tests" / "drawings")) not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def more(node: ast.expr) -> Iterator[str]:
    """Yield a comparison turned round, a bound or an end in place of the other."""
    match node:
        case ast.Compare(left, ops, comparators):
            for at, op in enumerate(ops):
                if type(op) in TURNED:
                    yield ast.unparse(
                        ast.Compare(left, [*ops[:at], TURNED[type(op)], *ops[at + 1 :]], comparators)
                    )
        case ast.Name(name) if name in EXCHANGED:
            yield EXCHANGED[name]
        case ast.Attribute(value, name) if name in EXCHANGED:
            yield f"{ast.unparse(value)}.{EXCHANGED[name]}"
        case ast.Constant("tail" | "head" as name):
            yield repr(EXCHANGED[name])


def shapes(text: str) -> Iterator[Mutant]:
    """Yield mutants of the table of shapes: a key that may be missing or must be there, another kind."""
    begin = text.index('SHAPES_TEXT = """')
    for found in re.finditer(
        r"([a-z_0-9]+)(\??)(:[a-z|\[\]{}-]+)?(?=[ ;\n\"])", text[begin : text.index("SHAPES = {")]
    ):
        name, missing, kind = found.groups(default="")
        others = {
            "": [":signed", ":long"],
            ":int": [":signed"],
            ":signed": ["", ":long"],
            ":long": [":signed"],
            ":text": [":text|null"],
            ":int[]": [":signed[]"],
            ":long{}": [":int{}"],
            ":int{}": [":signed{}"],
        }.get(kind, [])
        is_key = text[begin + found.end() : begin + found.end() + 2] != " =" and name != "SHAPES_TEXT"
        changed = [name + ("" if missing else "?") + kind, *(name + missing + other for other in others)]
        for after in changed if is_key else []:
            start, end = begin + found.start(), begin + found.end()
            line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
            place = PATH, "", line, column, found.group(), after
            yield Mutant(*place, len(text[:start].encode()), len(text[:end].encode()), is_in_function=False)


def every_mutant(path: str = PATH) -> list[Mutant]:
    """Return all mutants of a checker."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [*mutants_of(path, text, more), *(shapes(text) if path == PATH else ())]


def checker_from(source: str) -> types.ModuleType:
    """Return the module that a source makes, which gives up long searches early."""
    module = types.ModuleType("checker_under_test")
    exec(compile(source, module.__name__, "exec"), module.__dict__)  # noqa: S102 - our own checker, changed
    module.MOST_STEPS = min(module.MOST_STEPS, MOST_STEPS)  # type: ignore[attr-defined]
    return module


def _checked(problem: object, document: object) -> Callable[[types.ModuleType], object]:
    def ask(checker: types.ModuleType) -> object:
        try:
            return checker.check(problem, document)
        except (checker.Refused, *REFUSALS):
            return None

    return ask


def _run(*arguments: str) -> Callable[[types.ModuleType], object]:
    def ask(checker: types.ModuleType) -> object:
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            try:
                code = checker.main(list(arguments))
            except SystemExit as end:  # of a parser of arguments
                return end.code
        return code, said.getvalue() if code == 0 else said.getvalue()[:8]

    return ask


def _admitted(value: Any, shape: str, problem: Any, format_: str) -> Callable[[types.ModuleType], object]:  # noqa: ANN401 - JSON
    def ask(checker: types.ModuleType) -> object:
        if hasattr(checker, "departure"):
            return checker.departure(value, shape, "") == ""
        try:
            read = checker.read_problem(value if shape == "problem" else problem)
            if shape != "problem":
                shown = value if shape == "plan" else {"format": format_, "bound": value}
                read = checker.read(checker.certificate_shape(checker.Model(read), shown), shown, "")
        except (checker.Refused, *REFUSALS):
            return None
        return read

    return ask


def _edges(problem: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield both documents with each value replaced by others, each key left out, and a key added."""

    def changed(whole: Any) -> Iterator[object]:  # noqa: ANN401
        def walk(inner: Any) -> Iterator[object]:  # noqa: ANN401
            for key in list(inner) if isinstance(inner, dict) else range(len(inner)):
                old = inner[key]
                if isinstance(old, dict | list):
                    yield from walk(old)
                for size in (63, 14000):
                    for value in (1 << size, (1 << size) - 1, -(1 << size), 1 - (1 << size)):
                        inner[key] = value
                        yield whole
                others: list[Any] = [0, -1, None, True, 1.0, "", [], {}]
                for other in others:
                    inner[key] = other
                    yield whole
                inner[key] = old
                if isinstance(inner, dict):
                    kept = dict(inner)
                    del inner[key]
                    yield whole
                    inner.clear()
                    inner.update(kept)
            if isinstance(inner, dict):
                inner["another"] = 0
                yield whole
                del inner["another"]

        return walk(whole)

    proof = document.pop("bound")
    for shape, whole in (("problem", problem), ("plan", document), ("proof", proof)):
        yield from ((shape, one) for one in changed(json.loads(json.dumps(whole))))


def documents(folder: Path, cases: Sequence[int] | None = None, count: int = 600) -> list[Document]:
    """Return what mutants are shown: true and forged documents, some near true ones, edges of values, files.

    Parameters
    ----------
    folder
        For files.
    cases
        Numbers of the problems of the documents near true ones; all by default.
    count
        Number of these documents.
    """
    near, forged = drawing("near_certificates"), drawing("forged_certificates")
    numbers = range(len(near.DRAWN)) if cases is None else cases
    found: list[Document] = []
    for number in numbers:
        case = near.case(number)
        for plan in case.plans or ({"format": "polyring-certificate/2"},):
            whole = {**plan, "bound": case.proof}
            found.append(("true", _checked(case.raw, whole)))
    found += [
        (name, _checked(*forged.forgery(name))) for family in forged.FAMILIES.values() for name in family
    ]
    for number in numbers:
        every = [near.of_all_rows(number, seed) for seed in range(4)]
        found += [("true", _checked(near.case(number).raw, one)) for one in every]
    for problem, document in (draw() for draw in forged.TRUE.values()):
        found.append(("true", _checked(forged.as_json(problem), document)))
    chance = random.Random(1)  # noqa: S311 - chance for drawings, no secret
    for _ in range(count):
        case, document = near.near(
            bytes([chance.choice(numbers)]) + chance.randbytes(chance.choice((8, 40, 90)))
        )
        found.append(("near", _checked(case.raw, document)))
    problem, document = forged.full_documents()
    found.append(("whole", _checked(problem, document)))
    for shape, value in _edges(problem, document):
        found.append(("edge", _admitted(json.loads(json.dumps(value)), shape, problem, document["format"])))
    return [*found, *_files(forged, folder)]


def _files(forged: Any, folder: Path) -> Iterator[Document]:  # noqa: ANN401
    """Yield calls of the command line."""
    near = drawing("near_certificates")
    case = near.case(next(i for i, (draw, _) in enumerate(near.DRAWN) if draw is near.side_line))
    problem, document = case.problem, {**case.plans[-1], "bound": case.proof}
    texts = {"true": json.dumps(document), "none": "", "list": "[]", "deep": "[" * 50_000}
    texts |= {name.replace(" ", "-"): begin + texts["true"][1:] for name, (begin, _) in forged.FILES.items()}
    (folder / "p.json").write_text(json.dumps(forged.as_json(problem)), encoding="utf-8")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        yield f"file {name}", _run(str(folder / "p.json"), str(folder / name))
    both = str(folder / "p.json"), str(folder / "true")
    for words in (
        ("--gap", "1"),
        ("--gap", "0.01"),
        ("--gap", "x"),
        ("--gap",),
        ("--gap", "0.142857142857142849"),
    ):
        yield f"file {words}", _run(*both, *words)
    yield "file gone", _run(both[0], str(folder / "gone"))
    yield "one file", _run(both[0])


class OverdueError(BaseException):
    """A mutant took too long."""


def told_by(mutant: Mutant, source: bytes, shown: Sequence[Document], answers: Sequence[object]) -> str:
    """Return the first document that a mutant answers otherwise than the checker; empty where none does."""

    def overdue(_signal: int, _frame: object) -> None:
        raise OverdueError

    name = "import"
    signal.signal(signal.SIGPROF, overdue)
    signal.setitimer(signal.ITIMER_PROF, MOST_S)
    try:
        checker = checker_from(mutant.applied(source).decode())
        for (name, ask), answer in zip(shown, answers, strict=True):
            is_asked = name != "edge" if mutant.function not in DOORS else name != "near"
            if is_asked and ask(checker) != answer:
                return name
    except OverdueError:
        return f"{name} (time)"
    except Exception as fault:  # noqa: BLE001 - a mutant may do anything
        return f"{name} ({type(fault).__name__})"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Show all mutants the documents, and print those that none tells; return 1 where there are any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--documents", type=int, default=600, help="documents near true ones (default: 600)")
    parser.add_argument("--only", default="", help="mutants whose description has this text")
    parser.add_argument("--checker", choices=PATHS, default="first", help="to change (default: first)")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants, drawn with seed 1")
    options = parser.parse_args(arguments)
    path, chance = PATHS[options.checker], random.Random(1)  # noqa: S311 - chance for drawings, no secret
    source, known, counts, left = (ROOT / path).read_bytes(), reasons(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        shown = documents(Path(folder), count=options.documents)
        checker = checker_from(source.decode())
        answers = [ask(checker) for _, ask in shown]
        for mutant in every_mutant(path):
            if options.only not in str(mutant) or chance.random() >= options.share:
                continue
            name = told_by(mutant, source, shown, answers)
            is_listed = not name and key_of(mutant) in known
            family = "equivalent" if is_listed else name.split(" (")[0].split(" ")[0] if name else "left"
            kind = (
                family
                if family in ("true", "near", "edge", "file", "whole", "equivalent", "left")
                else "forged"
            )
            counts[kind] += 1
            if kind == "left":
                left += 1
                print(mutant, flush=True)
    print(f"{sum(counts.values())} mutants, {len(shown)} documents: {dict(counts)}")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
