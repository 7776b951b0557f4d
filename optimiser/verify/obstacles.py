"""Say why a problem has no plan, by arguments that need no search."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from optimiser.problem import City, DesignProblem, Target
from optimiser.verify.ring_obstacles import ring_obstacles
from optimiser.verify.rules import coverable, covered_cities, reached
from optimiser.verify.times import covered, pair_times

MOST_NAMED = 10
"""Names that one sentence lists; the rest is counted."""


FIXED_OUT = "is fixed out"
TOO_DEAR = "costs more than budget and caps leave, with all that it requires"
PLAIN = (FIXED_OUT, TOO_DEAR)
"""Why a candidate cannot be built, where that needs no telling."""


def obstacles(problem: DesignProblem) -> tuple[str, ...]:
    """Return sentences each of which proves that the problem has no plan; empty when none was found.

    Parameters
    ----------
    problem
        Any problem.

    Notes
    -----
    What is fixed in, and what that requires, must be built (`needed`); when two of that exclude each other,
    or one is fixed out, or all costs more than budget or a cap allow, there is no plan. What conflicts with
    the needed, or cannot be paid for together with it, cannot be built (`barred`). Coverage is monotone: a
    target that is missed with everything else built is missed by every plan, and so is a ring
    (`ring_obstacles`).
    """
    needed = _closure(problem, [c.id for c in problem.candidates if c.fixed == "in"])
    found = [*_conflicts(problem, needed), *_too_dear(problem, needed)]
    if found:
        return tuple(found)
    barred = _barred(problem, needed)
    allowed = [c.id for c in problem.candidates if c.id not in barred]
    times = pair_times(problem, allowed)
    return (
        *_unreachable(problem, times, barred),
        *_short_targets(problem, times, barred),
        *ring_obstacles(problem, barred),
    )


def _closure(problem: DesignProblem, names: Iterable[str]) -> dict[str, str]:
    """Return what building some candidates requires, each with the one that asked for it (or none)."""
    wanted: dict[str, list[str]] = {}
    for first, second in problem.requires:
        wanted.setdefault(first, []).append(second)
    asked = dict.fromkeys(names, "")
    queue = list(asked)
    for name in queue:
        for other in wanted.get(name, []):
            if other not in asked:
                asked[other] = name
                queue.append(other)
    return asked


def _chain(needed: Mapping[str, str], name: str) -> str:
    """Return why a candidate must be built: `a` is fixed in and requires `b`, which requires `c`."""
    back = [name]
    while needed[back[-1]]:
        back.append(needed[back[-1]])
    first, *rest = (repr(step) for step in reversed(back))
    return f"{first} is fixed in" + (" and requires " + ", which requires ".join(rest) if rest else "")


def _conflicts(problem: DesignProblem, needed: Mapping[str, str]) -> Iterator[str]:
    for candidate in problem.candidates:
        if candidate.fixed == "out" and candidate.id in needed:
            yield f"{_chain(needed, candidate.id)}, yet {candidate.id!r} is fixed out"
    for first, second in problem.excludes:
        if first in needed and second in needed:
            yield (
                f"{first!r} and {second!r} exclude each other, yet both must be built: "
                f"{_chain(needed, first)}; {_chain(needed, second)}"
            )


def _too_dear(problem: DesignProblem, needed: Collection[str]) -> Iterator[str]:
    implied = any(problem.candidates[problem.index[name]].fixed != "in" for name in needed)
    what = "fixed in or required by that" if implied else "fixed in"
    cost = problem.cost_of(needed)
    if problem.budget is not None and cost > problem.budget:
        yield f"{what}: {_costly(problem, needed)}, the budget is {_money(problem, problem.budget)}"
    for instrument, most in problem.caps:
        mine = [name for name in needed if problem.candidates[problem.index[name]].instrument == instrument]
        if problem.cost_of(mine) > most:
            limit = _money(problem, most)
            yield f"{what}, {instrument}: {_costly(problem, mine)}, the cap on {instrument} is {limit}"


def _costly(problem: DesignProblem, names: Collection[str]) -> str:
    together = "alone costs" if len(names) == 1 else "together cost"
    return f"{_named(sorted(names))}; {together} {_money(problem, problem.cost_of(names))}"


def _money(problem: DesignProblem, amount: int) -> str:
    return f"{amount:,} {problem.money}".rstrip()


def _named(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:MOST_NAMED])
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def _barred(problem: DesignProblem, needed: Mapping[str, str]) -> dict[str, str]:
    """Return the candidates that no plan builds, each with why."""
    barred = {c.id: FIXED_OUT for c in problem.candidates if c.fixed == "out"}
    for first, second in problem.excludes:
        for name, other in ((first, second), (second, first)):
            if other in needed and name not in barred:
                barred[name] = f"excludes {other!r}, which must be built"
    for candidate in problem.candidates:
        if candidate.id not in barred:
            why = _cannot(problem, barred, candidate.id, needed)
            if why:
                barred[candidate.id] = why
    return barred


def _cannot(problem: DesignProblem, barred: Mapping[str, str], name: str, needed: Collection[str]) -> str:
    """Return why a candidate cannot be built with what is needed, empty when no reason is seen."""
    together = {*needed, *_closure(problem, [name])}
    for other in sorted(together & barred.keys()):
        return f"requires {other!r}, which {barred[other]}"
    for first, second in problem.excludes:
        if first in together and second in together:
            if name in (first, second):
                return f"requires {(second if name == first else first)!r}, which it excludes"
            return f"requires {first!r} and {second!r}, which exclude each other"
    if any(_too_dear(problem, together)):
        return TOO_DEAR
    return ""


def _unreachable(
    problem: DesignProblem, times: tuple[int | None, ...], barred: Mapping[str, str]
) -> Iterator[str]:
    """Yield coverable pairs that must be covered and cannot, since candidates cannot be built."""
    if not problem.must_cover:
        return
    now = covered(problem, times)
    for k, wanted in enumerate(coverable(problem)):
        if wanted and not now[k]:
            yield (
                f"the pair {_beyond(problem, k, times[k])} must be covered, and cannot be with what may be "
                f"built{_kept_out(barred)}"
            )


def _kept_out(barred: Mapping[str, str]) -> str:
    """Return what cannot be built and why, beyond what is fixed out or too dear, to end a sentence."""
    told = [f"{name!r} {why}" for name, why in sorted(barred.items()) if why not in PLAIN]
    return f"; not to be built: {_named(told)}" if told else ""


def _beyond(problem: DesignProblem, k: int, time: int | None) -> str:
    pair = problem.pairs[k]
    ends = f"{problem.nodes[pair.origin]} - {problem.nodes[pair.destination]}"
    return f"{ends} ({'no way' if time is None else f'{time} s'}, limit {pair.limit} s)"


def _short_targets(
    problem: DesignProblem, times: tuple[int | None, ...], barred: Mapping[str, str]
) -> Iterator[str]:
    everything = "everything built that may be" if barred else "everything built"
    pairs = {k for k, yes in enumerate(covered(problem, times)) if yes}
    for target in problem.targets:
        got = reached(problem, target, pairs)
        if got < target.least:
            yield (
                f"the target of {target.least} for the {target.of} of group {target.group!r} is "
                f"{target.least - got} short even with {everything}{_missed(problem, target, pairs, times)}"
                f"{_kept_out(barred)}"
            )


def _missed(
    problem: DesignProblem, target: Target, pairs: Collection[int], times: tuple[int | None, ...]
) -> str:
    if target.of == "pairs":
        missed = [k for k, pair in enumerate(problem.pairs) if pair.group == target.group and k not in pairs]
        listed = _named([_beyond(problem, k, times[k]) for k in missed])
        return (
            f"; beyond their limits even then: {listed}" if missed else ", and all of them are covered then"
        )
    done = set(covered_cities(problem, pairs))
    cities = [c for i, c in enumerate(problem.cities) if c.group == target.group and i not in done]
    lines = "; ".join(_short_city(problem, city, pairs, times) for city in cities[:MOST_NAMED])
    return f"; {lines}" if lines else ", and all of them are covered then"


def _short_city(
    problem: DesignProblem, city: City, pairs: Collection[int], times: tuple[int | None, ...]
) -> str:
    missed = [k for k in city.pairs if k not in pairs]
    have, listed = len(city.pairs) - len(missed), _named([_beyond(problem, k, times[k]) for k in missed])
    return f"{city.id} has {have} of the {city.need} pairs that it needs, without {listed}"
