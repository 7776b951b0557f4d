"""Describe the rings of a plan: in sentences, unrolled, by what they are for, beside known ones."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from optimiser.measures.ring_use import RingUse, TripUse
from optimiser.report import plots, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import NEW, ExistingRing, Leg, Overlap, RingShown, known_rings
from optimiser.report.wording import integer, join_names

MOST_ACROSS = 9
"""Places of a ring unrolled that find room beside each other; more stand below each other."""

# ---- sentences


def around(ring: RingShown) -> str:
    """Return what a ring goes round, in words."""
    centres = ring.facts.centres
    return f"round {join_names(centres)}" if centres else repr(ring.id)


def noun(ring: RingShown) -> str:
    """Return what kind of ring it is: ``railway ring``, or ``ring`` for roads."""
    return "railway ring" if ring.facts.mode == "rail" else "ring"


def exists(ring: RingShown) -> str:
    """Return how much of a ring exists, never rounded to all or nothing."""
    if not ring.new_km:
        return "all of it exists"
    if not ring.existing_km:
        return "none of it exists"
    share = wording.share(ring.existing_km, ring.length_km)
    return f"{share.replace('> ', 'more than ').replace('< ', 'less than ')} of it exists"


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


def existing(rings: Sequence[ExistingRing]) -> str:
    """Return which rings exist already, in sentences; empty without any."""
    found = (
        f"A ring round {join_names(one.centres)} exists already: {one.length_km:,.0f} km." for one in rings
    )
    return " ".join(found)


def planned(report: ReportInput, ring: RingShown) -> str:
    """Return what a ring that is drawn dashed would need, in a few words."""
    cost = report.money_of(ring.cost)
    return f"{noun(ring)} of {ring.length_km:,.0f} km {around(ring)}, for {cost}; not closed here"


def name(ring: RingShown, rings: Sequence[RingShown]) -> str:
    """Return a ring as a title: its centres, or its id where another ring goes round the same."""
    centres = ring.facts.centres
    is_only = [one.facts.centres for one in rings if one.id != ring.id].count(centres) == 0
    return "–".join(centres) if centres and is_only else ring.id


def titled(report: ReportInput, ring: RingShown) -> str:
    """Return the sentence of a ring, with its id before it where others go round the same centres."""
    title = name(ring, report.rings)
    return f"{title}: {sentence(ring)}" if title == ring.id and len(report.rings) > 1 else sentence(ring)


def worth(reward: int) -> str:
    """Return what a ring counts in the objective, in words that follow `counts`."""
    return f"as much as pairs of cities with a weight of {integer(reward)}"


def build(report: ReportInput, ring: RingShown) -> str:
    """Return what must be built for a ring that is formed, and what that costs."""
    earned = f" In the objective it counts {worth(ring.reward)} (its reward)." if ring.reward else ""
    if not ring.candidates:
        return f"Nothing has to be built for it.{earned}"
    ranks = report.ranks
    numbers = [str(rank) for rank in sorted(ranks[name] for name in ring.candidates if name in ranks)]
    which = f" (proposal{'' if len(numbers) == 1 else 's'} {join_names(numbers)})" if numbers else ""
    return f"{ring.new_km:,.0f} km of it must be built{which}, for {report.money_of(ring.cost)}.{earned}"


def package_title(name: str, rings: Sequence[RingShown]) -> str:
    """Return a package of links as a heading: a ring by what it goes round, others by their name."""
    of_ring = {f"ring {ring.id}": f"{noun(ring)} {around(ring)}" for ring in rings}
    return wording.capitalised(of_ring.get(name, name))


def terms(ring: RingShown) -> str:
    """Return what the job asks of a ring, in a sentence."""
    facts = ring.facts
    words = wording.WORDS["road_classes"] | wording.WORDS["line_classes"]
    classes = [words.get(name, name.replace("_", " ")) for name in facts.classes]
    of_classes = f" of {join_names(classes)}" if classes else ""
    speed = f" for {facts.speed_kmh:g} km/h or more" if facts.speed_kmh else ""
    on_it = f" (within {wording.minutes(facts.on_s)} minutes of it)" if facts.on_s else ""
    counts = [f"{ring.least_cities} cities"] if ring.least_cities else []
    counts += [f"{least} {tier} {'city' if least == 1 else 'cities'}" for tier, least in ring.least_by_tier]
    through = [*ring.must, *([f"at least {join_names(counts)}"] if counts else [])]
    cities = f", through {join_names(through)}{on_it}" if through else ""
    length = "" if ring.longest_km is None else f", at most {ring.longest_km:,.0f} km long"
    force = "required" if ring.required else f"reward {integer(ring.reward)}"
    kind = noun(ring) if classes or facts.mode == "rail" else "road ring"
    return f"Requested: a {kind}{of_classes}{speed} {around(ring)}{cities}{length}; {force}."


def not_formed(report: ReportInput, ring: RingShown) -> str:
    """Explain why a ring with a reward is missing from the plan."""
    if not ring.can_form:
        return (
            "No existing or affordable links form a ring as requested; log.txt says why. Widen its band, "
            "lower its standard or ask for fewer cities on it."
        )
    if report.budget is None:
        return "It is not required, and rewards do not count where cost is minimised."
    reward = f"In the objective it would count {worth(ring.reward)}, but "
    if report.gap == 0:
        return (
            f"{reward}no plan with it is better: the links that close the ring would cost more coverage "
            "elsewhere than the reward adds."
        )
    best = "whether a better plan forms it is open"
    if report.bound is not None:
        most = integer(max(int(report.bound) - report.objective, 0))
        best = f"no plan, with the ring or without, is better by more than {most}"
    return f"{reward}the plan found does not form it; {best}."


def reward_source(ring: RingShown) -> str:
    """Return what the reward of a ring is derived from, in a sentence; empty where the job gives it."""
    found = ring.derived
    if found is None:
        return ""
    free, congested = (integer(round(part)) for part in (found.of_free, found.of_congested))
    return (
        f"Its reward of {integer(found.reward)} is derived from the cheapest circuit that meets the request: "
        f"{free} for the time of {integer(found.pairs[0])} pairs of places on free roads, and {congested} "
        f"for that of {integer(found.pairs[1])} pairs while the roads of the cores are congested."
    )


def cities_on(cities: pd.DataFrame) -> list[tuple[str, str]]:
    """Return cities of a ring, rows of `RingShown.cities`: name, and minutes to the ring in words."""
    rows = zip(cities["name"], cities["seconds"], strict=True)
    return [(str(name), f"{wording.minutes(seconds)} min" if seconds else "at it") for name, seconds in rows]


def screen_lines(report: ReportInput) -> Iterator[str]:
    """Yield what the screen says of the rings of a plan, line by line."""
    for ring in report.rings:
        if not ring.is_formed:
            yield f"{titled(report, ring)}. {not_formed(report, ring)}"
            yield from filter(None, [reward_source(ring)])
            continue
        yield f"{titled(report, ring)}. {build(report, ring)}"
        yield from filter(None, [reward_source(ring), purpose(ring.use, report.ring_use)])
        names = [f"{name} ({distance})" for name, distance in cities_on(ring.cities)]
        if names:
            yield f"On it, clockwise: {join_names(names)}."
        if ring.self_crossings:
            yield wording.WORDS["notes"]["crossing"]
        yield from (overlap(ring, one) for one in near(ring))


def inside(ring: RingShown) -> str:
    """Return what a ring encloses, in a sentence; empty when it is not formed."""
    if not ring.is_formed:
        return ""
    centres, others = ring.facts.centres, [n for n in ring.inside if n not in ring.facts.centres]
    around_centres = f"It goes round {join_names(centres)}" if centres else "It is closed"
    more = f", and also encloses {join_names(others)}" if others else ""
    crossing = f" {wording.WORDS['notes']['crossing']}" if ring.self_crossings else ""
    return f"{around_centres}{more}.{crossing}"


def short_km(km: float) -> str:
    """Return kilometres rounded to one, and never to none."""
    return f"{km:,.0f}" if km >= 1 else "< 1"


def near(ring: RingShown) -> list[Overlap]:
    """Return the known rings that lie near a ring."""
    return [one for one in known_rings([ring]) if max(one.share_of_ring, one.share_of_reference) >= 0.005]


def overlap(ring: RingShown, known: Overlap) -> str:
    """Return in a sentence how much of a ring and of a known one lie close to each other."""
    near = f"within {known.corridor_km:g} km of"
    of_ring, of_known = (
        wording.percent(share, digits=0) for share in (known.share_of_ring, known.share_of_reference)
    )
    return (
        f"{of_ring} of the proposed {noun(ring)} lies {near} the {known.name.removeprefix('the ')}, which is "
        f"{known.reference_km:,.0f} km long; {of_known} of that ring lies {near} the proposed one."
    )


def stretch_name(ring: RingShown, stretch: dict[str, Any]) -> str:
    """Return the name of a stretch from `RingShown.stretches`, or what it is where it has none."""
    modes = {"road": "road", "rail": "railway"}
    return stretch["name"] or f"{modes.get(ring.facts.mode, ring.facts.mode)} without a number"


def known_strokes(rings: Sequence[RingShown]) -> dict[str, plots.Stroke]:
    """Return how each known ring is drawn, by its id: alike on all maps of a report.

    Parameters
    ----------
    rings
        All rings of the report.
    """
    looks = plots.KNOWN_RINGS
    return {one.reference: looks[place % len(looks)] for place, one in enumerate(known_rings(rings))}


# ---- the section of the page


def section(report: ReportInput, circuits: Sequence[RingShown]) -> list[dict[str, Any]]:
    """Return what the section of the page on rings shows.

    Parameters
    ----------
    report
        What to show.
    circuits
        The circuits of all its plans: one entry each, `place` is its position, in the order in which the plan
        as chosen builds them. Rings of which none is known have no `place`.
    """
    looks, known = known_strokes(report.rings), {ring.id for ring in circuits}
    own = {ring.id: ring for ring in report.rings}
    unknown = [ring for ring in report.rings if ring.id not in known]
    ranks = dict.fromkeys((name for ring in circuits for name in ring.candidates), math.inf) | report.ranks
    return [
        {
            "place": place if place < len(circuits) else None,
            "title": f"{name(ring, report.rings)} ring" if len(report.rings) > 1 else "",
            "mode": ring.facts.mode,
            "sentence": sentence(ring),
            "terms": terms(ring),
            "reward_source": reward_source(own[ring.id]),
            "formed": ring.has_circuit,
            "has_new": ring.new_km > 0,
            "more": "" if own[ring.id].is_formed else not_formed(report, own[ring.id]),
            "figures": figures(report, ring) if ring.has_circuit else [],
            "legs": (legs := unrolled(ring)),
            "upright": len(legs) > MOST_ACROSS,
            "purpose": purpose(ring.use, report.ring_use),
            "use": [] if ring.use is None else use_rows(ring.use, ring.use.alone),
            "cores": [] if ring.use is None else ring.use.facts["cores"],
            "inside": inside(ring),
            "stretches": [_stretch(report, ring, row) for row in ring.stretches],
            "overlaps": [
                (plots.KNOWN_RINGS.index(looks[one.reference]), one.source, overlap(ring, one))
                for one in near(ring)
            ],
        }
        for place, ring in sorted(
            enumerate((*circuits, *unknown)),
            key=lambda one: min((ranks[name] for name in one[1].candidates), default=0),
        )
    ]


def figures(report: ReportInput, ring: RingShown) -> list[tuple[str, str, str]]:
    """Return the four key figures of a ring that is formed: value, words, note."""
    requested = f"at least {ring.least_cities} requested" if ring.least_cities else "no minimum requested"
    earned = f"counts {worth(ring.reward)}" if ring.reward else "required of every plan"
    share = wording.share(ring.existing_km, ring.length_km)
    return [
        (f"{ring.length_km:,.0f} km", "total length", earned),
        (f"{ring.existing_km:,.0f} km", "exist today", f"{share} of the length"),
        (f"{ring.new_km:,.0f} km", "to be built", report.money_of(ring.cost)),
        (str(len(ring.cities)), "city on it" if len(ring.cities) == 1 else "cities on it", requested),
    ]


# ---- the ring unrolled


def unrolled(ring: RingShown) -> list[dict[str, Any]]:
    """Return a ring as a line from city to city, back at the first one in the end.

    Returns
    -------
    list of dict
        For each place with cities: `cities` (name; tier and minutes to the ring), and of the leg after it,
        which the last one lacks: `km`, `new` (km, empty where all exists), `exists` (whether any of it does),
        `roads`, `grow` (its length as a share of the longest leg) and `parts` to be built (`start` and
        `width` in percent of the leg).
    """
    legs = ring.legs
    longest = max((leg.length_km for leg in legs), default=1.0) or 1.0
    places = [{"cities": _cities(leg.cities), **_leg(leg, longest)} for leg in legs]
    return [*places, *({"cities": place["cities"], "km": ""} for place in places[:1])]


def _cities(cities: pd.DataFrame) -> list[tuple[str, str]]:
    """Return cities of a ring: name, and tier with the minutes to the ring."""
    return [
        (name, ", ".join(filter(None, (plots.tier_name(tier), distance))))
        for tier, (name, distance) in zip(cities["tier"], cities_on(cities), strict=True)
    ]


def _leg(leg: Leg, longest_km: float) -> dict[str, Any]:
    whole, at, parts = leg.length_km or 1.0, 0.0, []
    for length, state in zip(leg.pieces["length_km"], leg.pieces["state"], strict=True):
        if state == NEW:
            parts.append({"start": round(100 * at / whole, 2), "width": round(100 * length / whole, 2)})
        at += float(length)
    return {
        "km": short_km(leg.length_km),
        "new": short_km(leg.new_km) if leg.new_km else "",
        "exists": bool(leg.existing_km),
        "roads": ", ".join(leg.roads),
        "grow": round(leg.length_km / longest_km, 3),
        "parts": parts,
    }


# ---- what it is for


def relieved(today: Sequence[TripUse], after: Sequence[TripUse]) -> str:
    """Return how many pairs of places fewer pass the cores: `a net 15 of 3,620 pairs of places`.

    Net, since some pairs get a faster way through the cores.
    """
    before, fewer = today[0].through_pairs, today[0].through_pairs - after[0].through_pairs
    return f"{f'a net {integer(fewer)}' if fewer > 0 else 'none'} of {integer(before)} pairs of places"


def with_plan(use: RingUse) -> str:
    """Return what becomes of that with the rest of the plan, in brackets; empty where it is the same."""
    if not use.plan or use.plan[0].through_pairs == use.alone[0].through_pairs:
        return ""
    fewer = use.today[0].through_pairs - use.plan[0].through_pairs
    more = f"{integer(-fewer)} more pass them" if fewer < 0 else "none"
    return f" ({f'a net {integer(fewer)}' if fewer > 0 else more} with the whole plan)"


def gains(use: RingUse) -> str:
    """Return how many pairs of places a ring makes faster on the road, in a clause."""
    free = use.alone[0]
    return (
        f"it makes {integer(free.faster)} of {integer(free.pairs)} pairs of places faster by road, "
        f"{integer(free.faster_5)} of them by 5 minutes or more"
    )


def purpose(use: RingUse | None, plan: RingUse | None) -> str:
    """Return what a ring is for, beside all rings of a plan, in sentences; empty where it is not known."""
    if use is None:
        return ""
    free, cores = use.alone[0], use.facts["cores"]
    before, after = (integer(state[1].through_pairs) for state in (use.today, use.alone))
    own = [] if plan is None else [name for name in cores if name not in plan.facts["cores"]]
    taken = f"{relieved(use.today, use.alone)} out of {join_names(cores)}"
    if plan is not None and own:
        shared = f"{relieved(plan.today, use.shared)} out of {join_names(plan.facts['cores'])}"
        taken = f"{shared}, and {taken}, if {join_names(own)}, which it goes round, counts as a core too"
    queues = f"{before} of {integer(free.pairs)} pairs go through them"
    with_it = "with it or without" if before == after else f"{after} with it"
    return (
        f"By itself it takes {taken}; when these are congested, {queues}, {with_it}. It makes "
        f"{integer(free.faster)} pairs faster, {integer(free.faster_5)} of them by 5 minutes or more, and "
        f"lies within {use.facts['near_min']} minutes of {wording.people(use.near_people)} people. Should a "
        f"stretch be closed, the rest of the ring leads round it: {short_km(use.second_way_km)} km, "
        f"{short_km(use.second_way_existing_km)} km of them existing roads, have no other way round as short."
    )


def use_rows(use: RingUse, state: Sequence[TripUse]) -> list[tuple[str, str, list[str]]]:
    """Return name, note and cells (by condition of roads) of each row of what a state does for trips."""
    both = list(zip(use.today, state, strict=True))[:-1]  # closed, nothing passes
    counts = [f"{integer(one.through_pairs)} → {integer(other.through_pairs)}" for one, other in both]
    shares = [
        f"{wording.percent(one.through_share)} → {wording.percent(other.through_share)}"
        for one, other in both
    ]
    times = [
        " → ".join("–" if one.mean_minutes is None else f"{one.mean_minutes:.1f}" for one in pair)
        for pair in zip(use.today, state, strict=True)
    ]
    rows = [
        ("Pairs through the cores", f"of {integer(use.today[0].pairs)}", [*counts, "–"]),
        ("Their share of all trips", "by the gravity model", [*shares, "–"]),
        ("Mean drive of pairs through the cores today, minutes", "of those that can avoid them", times),
    ]
    for least in (5, 15):
        cells = [wording.counted(getattr(one, f"faster_{least}"), one.pairs) for one in state]
        rows.append((f"Pairs faster by {least} min", "and their share of all pairs", cells))
    return rows


# ---- roads and known rings


def _stretch(report: ReportInput, ring: RingShown, row: dict[str, Any]) -> dict[str, Any]:
    links = report.links[report.links["candidate_id"] == row["candidate_id"]].to_dict("records")
    name = row["name"] or (wording.link_name(links[0]) if links else stretch_name(ring, row))
    is_new = row["state"] == NEW
    return {
        "name": name,
        "state": "to be built" if is_new else "exists",
        "is_new": is_new,
        "km": short_km(row["new_km"] if is_new else row["length_km"]),
        "cost": integer(row["cost"]) if row["cost"] else "",
    }
