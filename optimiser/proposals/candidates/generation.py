"""Generate candidates: propose by rule, price, prune."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from optimiser.proposals.candidates import new_rail, new_roads, services, upgrades
from optimiser.proposals.candidates.pruning import prune
from optimiser.proposals.candidates.rules import Rules
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import Candidates, Proposal, assemble, merge
from optimiser.proposals.candidates.tracks import Tracks
from optimiser.proposals.candidates.trains import TrainTimes
from optimiser.proposals.costs import CostTable, builtin
from optimiser.proposals.terrain import AllPlain, Terrain


def generate(
    situation: Situation,
    *,
    rules: Rules | None = None,
    costs: CostTable | None = None,
    terrain: Terrain | None = None,
    own: Candidates | None = None,
) -> Candidates:
    """Propose what could be built, priced and pruned.

    Parameters
    ----------
    situation
        Networks, cities, times of today, the limit.
    rules
        What to propose; the defaults where None.
    costs
        Unit costs; those of the People's Republic of China where None.
    terrain
        Classes of the ground; all plain where None.
    own
        The user's own candidates; they join after pruning, so none of them is dropped.

    Returns
    -------
    Candidates
        In order of their ids; `report` counts what was left out, by reason.

    Raises
    ------
    CandidateError
        When a standard has no rate, or ids clash.
    """
    rules = rules or Rules()
    report: Counter[str] = Counter()
    proposals = list(propose(situation, rules, report))
    found = assemble(proposals, costs or builtin(), terrain or AllPlain(), report=report)
    found = prune(situation, found, rules)
    merged = found if own is None else merge(found, own)
    return replace(merged, report={why: count for why, count in sorted(merged.report.items()) if count})


def propose(situation: Situation, rules: Rules, report: Counter[str]) -> Iterator[Proposal]:
    """Yield all proposals of the rules, neither priced nor pruned.

    Parameters
    ----------
    situation
        What there is.
    rules
        What to propose.
    report
        Counts what is left out; added to.
    """
    near = situation.neighbours(rules.neighbours)
    joined = [pair for pair in near if min(situation.road_nodes[list(pair)]) >= 0]
    if "road_upgrade" in rules.kinds:
        yield from upgrades.propose(situation, joined, rules.road, report)
    if "road_link" in rules.kinds:
        yield from new_roads.propose_links(situation, joined, rules.road, report)
    if "gap" in rules.kinds:
        yield from new_roads.propose_gaps(situation, rules.road, report)
    if situation.rail is not None:
        yield from _propose_rail(situation, rules, near, report)


def _propose_rail(
    situation: Situation, rules: Rules, near: list[tuple[int, int]], report: Counter[str]
) -> Iterator[Proposal]:
    """Yield all proposals for railways."""
    times = TrainTimes(situation.access, situation.door_to_door)
    tracks = Tracks(situation, rules.rail, times)
    wide = situation.neighbours(rules.neighbours, least_tier=("core", "secondary"))
    pairs = sorted({*near, *wide}, key=lambda pair: (situation.ids[pair[0]], situation.ids[pair[1]]))
    if "rail_link" in rules.kinds:
        yield from new_rail.propose_links(tracks, pairs, report)
    if "rail_upgrade" in rules.kinds:
        yield from new_rail.propose_upgrades(tracks, pairs, report)
    if "rail_service" in rules.kinds:
        yield from services.propose_through(tracks, report)
    if "rail_frequency" in rules.kinds:
        yield from services.propose_frequency(tracks, report)
