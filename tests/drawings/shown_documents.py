"""What mutants of the checker are shown: each document with how it is asked, and what a checker answers."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys

import forged_certificates as forged
import near_certificates as near
import second_documents

REFUSALS = (LookupError, TypeError, ValueError, ArithmeticError, RecursionError)


def _checked(problem, document):
    def ask(checker):
        # The second checker refuses in words of its own.
        refusals = (checker.Refused, *(REFUSALS if hasattr(checker, "departure") else ()))
        try:
            return checker.check(problem, document)
        except refusals:
            return None

    return ask


def _patched(name, value, ask):
    """Ask with another limit."""

    def ask_patched(checker):
        kept = getattr(checker, name)
        setattr(checker, name, value)
        try:
            return ask(checker)
        finally:
            setattr(checker, name, kept)

    return ask_patched


def _steps():
    """Yield documents that each checker checks within as many steps as they take, and not within one less."""
    sc, long = second_documents.sc, [[0, 2**4094], [0, 2**4095]]
    document = {key: second_documents.split()[key] for key in ("format", "bound")}
    document["bound"]["tree"][1]["multipliers"] += long
    drawn = [forged.priced(seed)[:2] for seed in forged.SEARCHED]
    ladder, climbed = forged.ladder(6)
    for problem, shown in [(forged.as_json(ladder), climbed), (second_documents.towns(), document), *drawn]:
        first = near.bound_checker.Model(problem)
        second = sc.Model(sc.read_problem(problem))
        near.bound_checker.check_bound(first, shown["bound"])
        proof = sc.Proof(second, sc.read(sc.certificate_shape(second, shown), shown, "").bound)
        shown["bound"]["bound"] = proof.bound()
        for steps in (first.steps, second.network.steps):
            for most in (steps, steps - 1):
                yield "steps", _patched("MOST_STEPS", most, _checked(problem, shown))


def _run(*arguments):
    def ask(checker):
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            try:
                code = checker.main(list(arguments))
            except SystemExit as end:  # of a parser of arguments
                return end.code
        return code, said.getvalue() if code == 0 else said.getvalue()[:8]

    return ask


def _program(*arguments):
    """Ask the checker as a program of its own."""

    def ask(checker):
        kept, sys.argv = sys.argv, ["bound_checker.py", *arguments]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(checker.SOURCE, "program", "exec"), {"__name__": "__main__"})  # noqa: S102
        except SystemExit as end:
            return end.code
        finally:
            sys.argv = kept
        return None

    return ask


def _admitted(value, shape, problem, format_):
    def ask(checker):
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


def _edges(problem, document):
    """Yield both documents with each value replaced by others, each key left out, and a key added."""

    def changed(whole):
        def walk(inner):
            for key in list(inner) if isinstance(inner, dict) else range(len(inner)):
                old = inner[key]
                if isinstance(old, dict | list):
                    yield from walk(old)
                for size in (63, 14000):
                    for value in (1 << size, (1 << size) - 1, -(1 << size), 1 - (1 << size)):
                        inner[key] = value
                        yield whole
                others = [0, -1, None, True, 1.0, "", [], {}]
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
            elif inner:
                last = inner.pop()
                yield whole
                inner += [last, last]
                yield whole
                inner.pop()

        return walk(whole)

    proof = document["bound"]
    document = {key: value for key, value in document.items() if key != "bound"}
    for shape, whole in (("problem", problem), ("plan", document), ("proof", proof)):
        yield from ((shape, one) for one in changed(json.loads(json.dumps(whole))))


def documents(folder, cases=None, count=600):
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
    numbers = range(len(near.DRAWN)) if cases is None else cases
    found = [
        (name, _checked(*forged.forgery(name))) for family in forged.FAMILIES.values() for name in family
    ]
    found += [(name, _checked(*forged.weak(name))) for name in forged.WEAK]
    found += [("rules", _checked(*forged.of_every_rule(seed))) for seed in range(12)]
    found += [
        ("priced", _checked(problem, document))
        for problem, *both in map(forged.priced, forged.SEARCHED)
        for document in both
    ]
    found += [*_steps(), ("limits", lambda checker: checker.LIMITS)]
    problem, document = forged.full_documents()
    found += [("hand", _checked(*both)) for both in second_documents.documents()]
    found.append(("whole", _checked(problem, document)))
    for shape, value in _edges(problem, document):
        found.append(("edge", _admitted(json.loads(json.dumps(value)), shape, problem, document["format"])))
    found += _files(folder)
    for number in numbers:
        case = near.case(number)
        for plan in case.plans or ({"format": "polyring-certificate/2"},):
            whole = {**plan, "bound": case.proof}
            found.append(("true", _checked(case.raw, whole)))
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
    return found


def _files(folder):
    """Yield calls of the command line."""
    problem, document = forged.gapped()
    texts = {"true": json.dumps(document), "none": "", "list": "[]", "deep": "[" * 50_000}
    texts |= {name.replace(" ", "-"): begin + texts["true"][1:] for name, (begin, _) in forged.FILES.items()}
    (folder / "p.json").write_text(json.dumps(problem), encoding="utf-8")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        yield f"file {name}", _run(str(folder / "p.json"), str(folder / name))
    both = str(folder / "p.json"), str(folder / "true")
    for words in (("--gap", "2.5"), ("--gap", "2.4999999999999996"), ("--gap", "x"), ("--gap",)):
        yield f"file {words}", _run(*both, *words)
    (folder / "wide").write_text(texts["true"] + " " * 9999, encoding="utf-8")
    size = (folder / "wide").stat().st_size
    for most in (size, size - 1):
        yield "file of most bytes", _patched("MOST_BYTES", most, _run(both[0], str(folder / "wide")))
    yield "file of a program", _program(*both)
    yield "file gone", _run(both[0], str(folder / "gone"))
    yield "one file", _run(both[0])
