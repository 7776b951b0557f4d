"""Say why a ring cannot exist: which gap cannot be closed, or which cities cannot lie on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimiser.engine.search.circuits import shortest_circuit
from optimiser.proposals.candidates import Candidates
from optimiser.proposals.candidates.rules import Rules
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import assemble, merge
from optimiser.proposals.costs import CostTable
from optimiser.proposals.rings.closing import off_the_standard
from optimiser.proposals.rings.driving import Driving
from optimiser.proposals.rings.fillers import propose_fillers
from optimiser.proposals.rings.generation import Proposed, generate, reach
from optimiser.proposals.rings.rules import RingRules
from optimiser.proposals.terrain import Terrain

_FAR_KM = 2000.0
"""Longest straight link that is thought of to name a gap."""
_METRES = 1000


def obstacles(
    proposed: Proposed,
    situation: Situation,
    candidates: Candidates,
    rules: RingRules,
    rates: Rules,
    ground: tuple[CostTable, Terrain],
    *,
    driving: Driving,
) -> Iterator[str]:
    """Yield why a ring cannot be formed whatever is built; nothing where a circuit may exist.

    Parameters
    ----------
    proposed
        The ring as generated.
    situation, candidates
        What there is, and what may be built.
    rules
        What is asked of the ring.
    rates, ground
        Standards of new links, unit costs and terrain, for the links that are thought of.
    driving
        Driving times from the cities.
    """
    names = " and ".join(situation.names[city] for city in rules.centres)
    if not proposed.ring.links:
        lines = "roads" if rules.mode == "road" else "railways"
        yield f"no circuit of {lines} at standard and of candidates goes round {names}: " + _gap(
            situation, candidates, rules, rates, ground, driving
        )
    elif len(proposed.stops) < rules.least_cities:
        held = ", ".join(situation.names[city] for city in sorted(proposed.stops)) or "none"
        yield (
            f"least_cities asks for {rules.least_cities} cities on it, but only {len(proposed.stops)} can be "
            f"within {rules.on_s // 60} minutes of one of its circuits: {held}"
        )


def _gap(
    situation: Situation,
    candidates: Candidates,
    rules: RingRules,
    rates: Rules,
    ground: tuple[CostTable, Terrain],
    driving: Driving,
) -> str:
    """Name the gaps of the circuit that needs the fewest km of straight links of any length."""
    reached = reach(situation, candidates.take([]), rules, driving)
    thought = propose_fillers(
        reached, situation, rules, rates,
        cities=off_the_standard(reached, situation, rules, driving), longest_km=_FAR_KM,
    )  # fmt: skip
    known = set(candidates.table["candidate_id"])
    fillers = assemble([one for one in thought if one.candidate_id not in known], *ground)
    both = merge(candidates, fillers)
    proposed = generate(situation, both, rules, driving=driving, prune=False)
    km = dict(zip(fillers.table["candidate_id"], fillers.table["length_km"].tolist(), strict=True))
    length = [round(_METRES * km.get(link.candidate, 0.0)) for link in proposed.graph.links]
    found = shortest_circuit(proposed.ring, np.array(length, dtype=np.int64)) if length else None
    if found is None or not found.links:
        return (
            f"straight links between {'stations' if rules.mode == 'rail' else 'junctions'} within the band, "
            f"and cities more than {rules.on_s // 60} minutes from them, would not close it either; "
            "widen the band (radius_km, time_s), or lower the standard (classes, speed_kmh) or on_minutes"
        )
    used = sorted({proposed.graph.links[k].candidate for k in found.links} & km.keys())
    table = fillers.table.set_index("candidate_id").loc[used]
    gaps = [
        f"between {row.from_name} and {row.to_name} ({row.length_km:.0f} km)" for row in table.itertuples()
    ]
    return (
        f"open {'gap' if len(gaps) == 1 else 'gaps'} {', '.join(gaps)}; raise gap_longest_km (now "
        f"{rules.gap_longest_km:g}) or gap_count (now {rules.gap_count}), give candidates of your own, or "
        "change the band or the standard"
    )
