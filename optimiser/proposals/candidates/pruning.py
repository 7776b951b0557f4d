"""Leave out candidates that no plan needs, by rules that keep every useful plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.dominance import Rivals
from optimiser.proposals.candidates.rules import RailRules, Rules
from optimiser.proposals.candidates.serving import most_useful, open_pairs, served, weights
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import Candidates


def prune(situation: Situation, candidates: Candidates, rules: Rules) -> Candidates:
    """Leave out candidates that cannot help or help least, and count them by reason.

    Parameters
    ----------
    situation
        What there is.
    candidates
        All candidates; those fixed in stay.
    rules
        Whether dominated ones are dropped, and how many of each kind stay.

    Returns
    -------
    Candidates
        The remaining ones, `report` extended.
    """
    useful = _drop(
        candidates,
        served(situation, candidates).any(axis=1),
        "no open pair can use it within the limit even when all is built",
    )
    if rules.prune_dominated:
        losers = _dominated(situation, useful)
        keep = np.array([row not in losers for row in range(len(useful))], dtype=bool)
        useful = _drop(useful, keep, "another one of the same ends serves better for less")
    return _cap(situation, useful, _most(rules.rail))


def _most(rules: RailRules) -> dict[str, int]:
    """Return how many candidates of a kind stay at most."""
    return {
        "rail_service": rules.service_count,
        "rail_link": rules.link_count,
        "rail_frequency": rules.frequency_count,
    }


def _drop(candidates: Candidates, keep: NDArray[np.bool_], reason: str) -> Candidates:
    """Return the candidates to keep and those fixed in; count the others by kind under a reason."""
    keep = keep | (candidates.table["fixed"] == "in").to_numpy()
    report: Counter[str] = Counter(candidates.report)
    for kind, count in Counter(candidates.table["kind"][~keep]).items():
        report[f"{kind}: {reason}"] += count
    return replace(candidates.take(np.flatnonzero(keep).tolist()), report=dict(report))


def _cap(situation: Situation, candidates: Candidates, most: Mapping[str, int]) -> Candidates:
    """Return at most so many candidates of a kind: those that serve most weight of open pairs."""
    kinds = candidates.table["kind"].to_numpy()
    use = served(situation, candidates)
    weight = weights(situation, open_pairs(situation))
    for kind, count in most.items():
        rows = np.flatnonzero(kinds == kind)
        keep = np.ones(len(kinds), dtype=bool)
        keep[rows] = False
        keep[rows[most_useful(use[rows], weight, count)]] = True
        candidates = _drop(candidates, keep, f"beyond the {count} that serve most weight of open pairs")
        kinds, use = kinds[keep], use[keep]
    return candidates


def _dominated(situation: Situation, candidates: Candidates) -> set[int]:
    """Return the candidates that a cheaper one of the same ends replaces: no way gets slower."""
    table = candidates.table
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, ends in enumerate(zip(table["from_name"], table["to_name"], strict=True)):
        groups.setdefault(tuple(sorted(ends)), []).append(row)
    several = [rows for rows in groups.values() if len(rows) > 1]
    rivals = Rivals.of(situation, candidates, {row for rows in several for row in rows})
    cost = table["cost"].to_numpy(dtype=np.int64)
    losers: set[int] = set()
    for rows in several:
        for row in sorted(rows, key=lambda r: (-int(cost[r]), r)):
            cheaper = [r for r in rows if r != row and r not in losers and cost[r] <= cost[row]]
            if table["fixed"].iloc[row] == "" and any(rivals.replaces(other, row) for other in cheaper):
                losers.add(row)
    return losers
