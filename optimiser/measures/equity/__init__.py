"""Measure how evenly travel time falls on people, and who is left far off."""

from __future__ import annotations

from optimiser.measures.equity.by_tier import TierEquity, equity_by_tier
from optimiser.measures.equity.inequality import Split, gini, lorenz, palma, split_theil, theil_l, theil_t
from optimiser.measures.equity.lexicographic import lexicographic
from optimiser.measures.equity.maxmin import compare_maxmin, maxmin_key, price_of_fairness, rank_maxmin
from optimiser.measures.equity.places import place_times
from optimiser.measures.equity.poverty import poverty
from optimiser.measures.equity.summary import Equity, Inequality, equity
from optimiser.measures.equity.tiers import TierShare, Worst, coverage_by_tier, worst_place
from optimiser.measures.equity.timed import TimedPairs

__all__ = [
    "Equity",
    "Inequality",
    "Split",
    "TierEquity",
    "TierShare",
    "TimedPairs",
    "Worst",
    "compare_maxmin",
    "coverage_by_tier",
    "equity",
    "equity_by_tier",
    "gini",
    "lexicographic",
    "lorenz",
    "maxmin_key",
    "palma",
    "place_times",
    "poverty",
    "price_of_fairness",
    "rank_maxmin",
    "split_theil",
    "theil_l",
    "theil_t",
    "worst_place",
]
