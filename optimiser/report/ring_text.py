"""Describe the rings of a plan in sentences, for screen, page and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from optimiser.report import style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import NEW, Overlap, RingShown, known_rings

CROSSING = (
    "Its line crosses itself where roads pass over each other without a junction on the map; it still goes "
    "round every centre."
)
"""Note on a ring whose line is not simple."""


def around(ring: RingShown) -> str:
    """Return what a ring goes round, in words."""
    centres = ring.facts.centres
    return f"round {wording.join_names(centres)}" if centres else repr(ring.id)


def noun(ring: RingShown) -> str:
    """Return what kind of ring it is: ``railway ring``, or ``ring`` for roads."""
    return "railway ring" if ring.facts.mode == "rail" else "ring"


def exists(ring: RingShown) -> str:
    """Return how much of a ring exists, never rounded to all or nothing."""
    if not ring.new_km:
        return "all of it exists"
    if not ring.existing_km:
        return "none of it exists"
    percent = round(100 * ring.existing_share)
    if percent >= 100:
        return "more than 99 % of it exists"
    return f"{percent} % of it exists" if percent else "less than 1 % of it exists"


def sentence(ring: RingShown) -> str:
    """Return a ring in a sentence: how long, round what, through how many cities, and how much exists.

    Examples
    --------
    "A ring of 743 km round Beijing and Tianjin through 6 cities; 97 % of it exists".
    """
    if not ring.is_formed:
        return f"No {noun(ring)} {around(ring)} is formed"
    count = len(ring.cities)
    through = f" through {count} {'city' if count == 1 else 'cities'}" if count else ""
    return f"A {noun(ring)} of {ring.length_km:,.0f} km {around(ring)}{through}; {exists(ring)}"


def titled(report: ReportInput, ring: RingShown) -> str:
    """Return the sentence of a ring, with its id before it where the job asks for several."""
    return sentence(ring) if len(report.rings) == 1 else f"{ring.id}: {sentence(ring)}"


def short(rings: Sequence[RingShown]) -> str:
    """Return formed rings, at least one, in a few words: ``a ring of 743 km round Beijing and Tianjin``."""
    if len(rings) == 1:
        return f"a {noun(rings[0])} of {rings[0].length_km:,.0f} km {around(rings[0])}"
    centres = list(dict.fromkeys(name for ring in rings for name in ring.facts.centres))
    return f"{len(rings)} rings round {wording.join_names(centres)}" if centres else f"{len(rings)} rings"


def build(report: ReportInput, ring: RingShown) -> str:
    """Return what must be built for a ring that is formed, and what that costs."""
    earned = f" It earns {wording.integer(ring.reward)}." if ring.reward else ""
    if not ring.candidates:
        return f"Nothing has to be built for it.{earned}"
    ranks = report.ranks
    new = set(ring.pieces.loc[ring.pieces["state"] == NEW, "candidate_id"])
    numbers = [str(rank) for rank in sorted(ranks[name] for name in new if name in ranks)]
    which = f" (proposal{'' if len(numbers) == 1 else 's'} {wording.join_names(numbers)})" if numbers else ""
    works = [f"{ring.new_km:,.0f} km of it must be built{which}"] if ring.new_km else []
    if ring.upgraded_km:
        works.append(f"{ring.upgraded_km:,.0f} km of what exists must be brought to the standard of a ring")
    return f"{wording.join_names(works)}, for {report.money_of(ring.cost)}.{earned}"


def closes(report: ReportInput, candidate_id: str) -> str:
    """Return which rings a proposal closes, in words; empty when it lies on none."""
    mine = [ring.id for ring in report.rings if candidate_id in ring.candidates]
    if not mine:
        return ""
    return "closes the ring" if len(report.rings) == 1 else f"closes {wording.join_names(mine)}"


def terms(ring: RingShown) -> str:
    """Return what the job asks of a ring, in a sentence."""
    facts = ring.facts
    classes = [name.replace("_", " ") for name in facts.classes]
    of_classes = f" of {wording.join_names(classes)}" if classes else ""
    speed = f" for {facts.speed_kmh:g} km/h or more" if facts.speed_kmh else ""
    on_it = f" (within {wording.minutes(facts.on_s)} minutes of it)" if facts.on_s else ""
    counts = [f"{ring.least_cities} cities"] if ring.least_cities else []
    counts += [f"{least} {tier} {'city' if least == 1 else 'cities'}" for tier, least in ring.least_by_tier]
    through = [*ring.must, *([f"at least {wording.join_names(counts)}"] if counts else [])]
    cities = f", through {wording.join_names(through)}{on_it}" if through else ""
    length = "" if ring.longest_km is None else f", at most {ring.longest_km:,.0f} km long"
    force = "required" if ring.required else f"reward {wording.integer(ring.reward)}"
    kind = noun(ring) if classes or facts.mode == "rail" else "road ring"
    return f"Requested: a {kind}{of_classes}{speed} {around(ring)}{cities}{length}; {force}."


def not_formed(report: ReportInput, ring: RingShown) -> str:
    """Explain why a ring that would have earned a reward is missing from the plan."""
    if not ring.can_form:
        return (
            "No existing or affordable links form a ring as requested; log.txt says why. Widen its band, "
            "lower its standard or ask for fewer cities on it."
        )
    if report.budget is None:
        return "It is not required, and rewards do not count where cost is minimised."
    reward = f"Forming it would have earned {wording.integer(ring.reward)}, "
    if ring.margin is not None:
        return f"{reward}but the plan does not form it. {margin(report, ring)}"
    if report.gap == 0:
        return (
            f"{reward}but no plan with it is better: the links that close the ring cost more coverage "
            "elsewhere than it earns."
        )
    if report.bound is None:
        return f"{reward}but the plan found does not form it; whether a better plan forms it is open."
    most = max(int(report.bound) - report.objective, 0)
    return (
        f"{reward}but the plan found does not form it; no plan, with the ring or without, is better by more "
        f"than {wording.integer(most)}."
    )


def margin(report: ReportInput, ring: RingShown) -> str:
    """Return in a sentence whether a wished ring earns its money, and by how much; empty where unknown."""
    found = ring.margin
    if found is None:
        return ""
    with_it = f"the best plan with it, which spends {report.money_of(found.cost)} on it,"
    unit = "in the weight of pairs than the best one without"
    if found.least >= 0:
        return f"It earns its money: {with_it} is worth {_from_to(found.least, found.most)} more {unit}."
    if found.most <= 0:
        size = _from_to(-found.most, -found.least)
        return f"It does not earn its money: {with_it} is worth {size} less {unit}."
    more, less = (wording.integer(round(value)) for value in (found.most, -found.least))
    return (
        f"Whether it earns its money is open within the gap: {with_it} is worth between {less} less and "
        f"{more} more {unit}."
    )


def _from_to(least: float, most: float) -> str:
    low, high = wording.integer(round(least)), wording.integer(round(most))
    return low if low == high else f"{low} to {high}"


def worth(ring: RingShown) -> str:
    """Return what the reward of a ring is derived from, in a sentence; empty where the job gives it."""
    found = ring.worth
    if found is None:
        return ""
    if not found.cities and not found.reward:
        return "No circuit was found from which its worth could be derived."
    pairs = "1 pair saves" if found.pairs == 1 else f"{found.pairs} pairs save"
    saved = (
        f"and {found.mean_minutes:.0f} min that {pairs} on the way without the core "
        f"{wording.integer(round(found.of_minutes))}"
        if found.pairs
        else "and no pair saves time on the way without the core beyond the steps that count as pairs"
    )
    return (
        f"Its worth of {wording.integer(found.reward)} is derived for the cheapest circuit: "
        f"{len(found.cities)} cities on it count {wording.integer(round(found.of_cities))}, {saved}."
    )


def cities_on(cities: pd.DataFrame) -> list[tuple[str, str]]:
    """Return cities of a ring, rows of `RingShown.cities`: name, and minutes to the ring in words."""
    rows = zip(cities["name"], cities["seconds"], strict=True)
    return [(str(name), _distance(seconds)) for name, seconds in rows]


def _distance(seconds: int) -> str:
    if seconds < 0:
        return ""
    return "at it" if seconds == 0 else f"{wording.minutes(seconds)} min"


def screen_lines(report: ReportInput) -> Iterator[str]:
    """Yield what the screen says of the rings of a plan, line by line."""
    for ring in report.rings:
        if not ring.is_formed:
            yield f"{titled(report, ring)}. {not_formed(report, ring)}"
            yield from filter(None, [worth(ring)])
            continue
        yield f"{titled(report, ring)}. {build(report, ring)}"
        yield from filter(None, [worth(ring), margin(report, ring)])
        names = [f"{name} ({distance})" if distance else name for name, distance in cities_on(ring.cities)]
        if names:
            yield f"On it, clockwise: {wording.join_names(names)}."
        if ring.crosses_itself:
            yield CROSSING
        yield from (overlap(ring, one) for one in ring.overlaps)


def inside(ring: RingShown) -> str:
    """Return what a ring encloses, in a sentence; empty when it is not formed."""
    if not ring.is_formed:
        return ""
    centres, others = ring.facts.centres, [n for n in ring.inside if n not in ring.facts.centres]
    around_centres = f"It goes round {wording.join_names(centres)}" if centres else "It is closed"
    more = f", and also encloses {wording.join_names(others)}" if others else ""
    return f"{around_centres}{more}.{f' {CROSSING}' if ring.crosses_itself else ''}"


def shape(ring: RingShown) -> str:
    """Return the shape of a ring in a sentence; empty when it is not formed."""
    found = ring.shape
    if found is None:
        return ""
    over = 100 * (found.length_over_hull - 1)
    return f"Roundness {found.roundness:.2f} (circle 1); {over:.0f} % longer than its convex hull."


def short_km(km: float) -> str:
    """Return kilometres rounded to one, and never to none."""
    return f"{km:,.0f}" if km >= 1 else "< 1"


def overlap(ring: RingShown, known: Overlap) -> str:
    """Return in a sentence how much of a ring and of a known one lie close to each other."""
    near = f"within {known.corridor_km:g} km of"
    of_ring, of_known = (
        wording.percent(share, digits=0) for share in (known.share_of_ring, known.share_of_reference)
    )
    return (
        f"{of_ring} of the proposed {noun(ring)} lies {near} {with_article(known.name)}, which is "
        f"{known.reference_km:,.0f} km long; {of_known} of that ring lies {near} the proposed one."
    )


def with_article(name: str) -> str:
    """Return a name with its article, as in a sentence."""
    return name if name.lower().startswith("the ") else f"the {name}"


def stretch_name(ring: RingShown, stretch: dict[str, Any]) -> str:
    """Return the name of a stretch from `ring_tables.stretches`, or what it is where it has none."""
    modes = {"road": "road", "rail": "railway"}
    return stretch["name"] or f"{modes.get(ring.facts.mode, ring.facts.mode)} without a number"


def known_strokes(rings: Sequence[RingShown]) -> dict[str, style.Stroke]:
    """Return how each known ring is drawn, by its id: alike on all maps of a report.

    Parameters
    ----------
    rings
        All rings of the report.
    """
    looks = style.KNOWN_RINGS
    return {one.reference: looks[place % len(looks)] for place, one in enumerate(known_rings(rings))}


def palette() -> list[tuple[str, str, str]]:
    """Return name, light and dark colour of rings, for the style sheet."""
    known = [(f"known-{place}", one.colour, one.dark) for place, one in enumerate(style.KNOWN_RINGS)]
    rings = [(f"ring-{mode}", one.colour, one.dark) for mode, one in style.RINGS.items()]
    return [*rings, *known]
