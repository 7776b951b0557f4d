"""Say in plain sentences what the rings of a plan are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimiser.report import wording
from optimiser.report.inputs import ReportInput, groups_in_order
from optimiser.report.rings_shown import Overlap, RingShown

MODES = {"road": "road", "rail": "railway"}


def listed(names: Sequence[str]) -> str:
    """Return names as one reads them: ``A``, ``A and B``, ``A, B and C``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def around(ring: RingShown) -> str:
    """Return what a ring goes round, in words."""
    centres = ring.facts.centres
    return f"round {listed(centres)}" if centres else f"{ring.id!r}"


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

    Parameters
    ----------
    ring
        Formed, or not.

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


def build(report: ReportInput, ring: RingShown) -> str:
    """Return what must be built for a ring that is formed, and what that costs.

    Parameters
    ----------
    report
        The plan.
    ring
        A ring that is formed.
    """
    earned = f" It earns {wording.whole(ring.reward)}." if ring.reward else ""
    if not ring.candidates:
        return f"Nothing has to be built for it.{earned}"
    numbers = sorted(filter(None, (rank(report, name) for name in ring.candidates)))
    which = f" ({'proposal' if len(numbers) == 1 else 'proposals'} {listed([str(n) for n in numbers])})"
    cost = f"{wording.whole(ring.cost)} {report.money}".strip()
    return f"{ring.new_km:,.0f} km of it must be built{which if numbers else ''}, for {cost}.{earned}"


def rank(report: ReportInput, candidate_id: str) -> int:
    """Return the number of a proposal; 0 when the plan does not list it."""
    ranks = report.links.loc[report.links["candidate_id"] == candidate_id, "rank"]
    return int(ranks.iloc[0]) if len(ranks) else 0


def link_name(report: ReportInput, candidate_id: str) -> str:
    """Return a proposal as its two ends; empty when the plan does not list it."""
    row = report.links[report.links["candidate_id"] == candidate_id]
    return f"{row['from_name'].iloc[0]} – {row['to_name'].iloc[0]}" if len(row) else ""


def closes(report: ReportInput, candidate_id: str) -> str:
    """Return what a proposal does for the rings of the plan, in words; empty when it lies on none."""
    mine = [ring for ring in report.rings if candidate_id in ring.candidates]
    if not mine:
        return ""
    return "closes the ring" if len(report.rings) == 1 else f"closes {listed([ring.id for ring in mine])}"


def terms(ring: RingShown) -> str:
    """Return what the job asks of a ring, in a sentence."""
    facts = ring.facts
    classes = f" of {listed([name.replace('_', ' ') for name in facts.classes])}" if facts.classes else ""
    speed = f" for {facts.speed_kmh:g} km/h or more" if facts.speed_kmh else ""
    on_it = f" (within {minutes(facts.on_s)} minutes of it)" if facts.on_s else ""
    cities = f", through at least {ring.least_cities} cities{on_it}" if ring.least_cities else ""
    force = "required" if ring.required else f"worth {wording.whole(ring.reward)} when it is formed"
    kind = "railway ring" if facts.mode == "rail" else "ring" if facts.classes else "road ring"
    return f"Asked for: a {kind}{classes}{speed} {around(ring)}{cities}; {force}."


def minutes(seconds: int) -> int:
    """Return whole minutes, rounded up, so that nothing seems nearer than it is."""
    return -(-int(seconds) // 60)


def not_formed(report: ReportInput, ring: RingShown) -> str:
    """Explain to a reader why a ring that would have earned a reward is missing from the plan.

    Parameters
    ----------
    report
        The plan.
    ring
        A ring that is not formed.
    """
    if not ring.can_form:
        return (
            "Nothing that exists or may be built for this money forms it as it is asked for; log.txt says "
            "why. Widen its band, lower its standard or ask for fewer cities on it."
        )
    if report.budget is None:
        return "It is not required, and its reward does not count where the least cost is asked for."
    worth = f"Forming it would have earned {wording.whole(ring.reward)}, "
    if report.gap == 0:
        return (
            f"{worth}and no plan within the same rules and money does better with it: what closes the ring "
            "costs more coverage elsewhere than it earns."
        )
    if report.bound is None:
        return f"{worth}and the plan that was found does without it; whether a better one forms it is open."
    most = max(int(report.bound) - report.objective, 0)
    return (
        f"{worth}and the plan that was found does without it; no plan, with it or without, does better by "
        f"more than {wording.whole(most)}."
    )


def cities_by_tier(ring: RingShown) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the cities on a ring by tier, largest tier first: name, and minutes to the ring in words.

    Parameters
    ----------
    ring
        A ring.
    """
    if not len(ring.cities):
        return []
    return [
        (tier, [_told(row["name"], row["seconds"]) for row in mine.to_dict("records")])
        for tier in groups_in_order(ring.cities["tier"])
        for mine in [ring.cities[ring.cities["tier"] == tier]]
    ]


def told(report: ReportInput) -> list[str]:
    """Return what the screen says of the rings of a plan, a line a thing.

    Parameters
    ----------
    report
        The plan.
    """
    return [line for ring in report.rings for line in _lines(report, ring)]


def _lines(report: ReportInput, ring: RingShown) -> list[str]:
    if not ring.is_formed:
        return [f"{titled(report, ring)}. {not_formed(report, ring)}"]
    names = [f"{name} ({when})" if when else name for name, when in on_it(ring)]
    return [
        f"{titled(report, ring)}. {build(report, ring)}",
        *([f"On it, clockwise: {listed(names)}."] if names else []),
        *([CROSSING] if ring.crosses_itself else []),
        *(overlap(ring, one) for one in ring.overlaps),
    ]


def on_it(ring: RingShown) -> list[tuple[str, str]]:
    """Return the cities on a ring in order round it: name, and minutes to the ring in words.

    Parameters
    ----------
    ring
        A ring.
    """
    return [_told(row["name"], row["seconds"]) for row in ring.cities.to_dict("records")]


CROSSING = (
    "Its line crosses itself where roads pass over each other without a junction that the map knows; it goes "
    "round every centre once all the same."
)
"""What is said of a ring whose line is not simple."""


def inside(ring: RingShown) -> str:
    """Return what a ring encloses, in a sentence; empty when it is not formed.

    Parameters
    ----------
    ring
        A ring.
    """
    if not ring.is_formed:
        return ""
    centres, others = list(ring.facts.centres), [n for n in ring.inside if n not in ring.facts.centres]
    said = f"It goes round {listed(centres)}" if centres else "It is closed"
    crossing = f" {CROSSING}" if ring.crosses_itself else ""
    return f"{said}, and encloses {listed(others)} as well.{crossing}" if others else f"{said}.{crossing}"


def _told(name: object, seconds: int) -> tuple[str, str]:
    if seconds < 0:
        return str(name), ""
    return str(name), "at it" if seconds == 0 else f"{minutes(seconds)} min"


def overlap(ring: RingShown, other: Overlap) -> str:
    """Return in a sentence how much of a ring and of a known one lie beside each other."""
    near, kind = f"within {other.corridor_km:g} km of", noun(ring)
    return (
        f"{_percent(other.share_of_ring)} of the proposed {kind} lies {near} {the(other.name)}, which is "
        f"{other.reference_km:,.0f} km long; {_percent(other.share_of_reference)} of that one lies {near} "
        "the proposed one."
    )


def the(name: str) -> str:
    """Return a name as it stands in a sentence."""
    return name if name.lower().startswith("the ") else f"the {name}"


def _percent(share: float) -> str:
    return f"{np.round(100 * share):.0f} %"


def formed(report: ReportInput) -> list[RingShown]:
    """Return the rings that the plan forms."""
    return [ring for ring in report.rings if ring.is_formed]


def short(report: ReportInput) -> str:
    """Return the rings of a plan in a few words: ``a ring of 743 km round Beijing and Tianjin``.

    Parameters
    ----------
    report
        A plan that forms one ring at least.
    """
    rings = formed(report)
    if len(rings) == 1:
        return f"a {noun(rings[0])} of {rings[0].length_km:,.0f} km {around(rings[0])}"
    centres = list(dict.fromkeys(name for ring in rings for name in ring.facts.centres))
    return f"{len(rings)} rings round {listed(centres)}" if centres else f"{len(rings)} rings"
