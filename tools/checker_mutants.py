"""Change the checker of certificates in every small way, and see whether a document tells the difference.

``python -m tools.checker_mutants`` takes all mutants of `optimiser/verify/bound_checker.py`, or of
`second_checker.py` with ``--checker second`` (those of `tools.mutants`, comparisons turned round, bounds
exchanged, of the first also shapes made laxer or stricter), shows each the forged and true certificates of
the tests, hundreds of documents near true ones and files, and stops at the first that it does not answer as
the checker does. What no document tells must be listed with its reason in `tests/equivalent_mutants.toml`.
"""

import argparse
import ast
import importlib
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
MOST_STEPS, MOST_S = 10**5, 4.0
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
KINDS = ("true", "near", "edge", "file", "hand", "whole", "equivalent", "left")
"""How a mutant is told or why not, by the names of documents; those of all other documents are forged."""
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
    module.SOURCE = source  # type: ignore[attr-defined]
    module.LIMITS = module.MOST_BYTES, module.MOST_STEPS  # type: ignore[attr-defined]
    module.MOST_STEPS = min(module.MOST_STEPS, MOST_STEPS)  # type: ignore[attr-defined]
    return module


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
    except (Exception, SystemExit) as fault:  # noqa: BLE001 - a mutant may do anything
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
    source, known, counts = (ROOT / path).read_bytes(), reasons(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        shown = drawing("shown_documents").documents(Path(folder), count=options.documents)
        checker = checker_from(source.decode())
        answers = [ask(checker) for _, ask in shown]
        for mutant in every_mutant(path):
            if options.only not in str(mutant) or chance.random() >= options.share:
                continue
            name = told_by(mutant, source, shown, answers)
            is_listed = not name and key_of(mutant) in known
            kind = "equivalent" if is_listed else name.split(" ")[0] or "left"
            kind = kind if kind in KINDS else "forged"
            counts[kind] += 1
            if kind == "left":
                print(mutant, flush=True)
    print(f"{sum(counts.values())} mutants, {len(shown)} documents: {dict(counts)}")
    return int(counts["left"] > 0)


if __name__ == "__main__":
    sys.exit(main())
