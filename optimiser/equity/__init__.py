"""Measure how evenly travel time falls on people, and who is left far off."""

from __future__ import annotations

from optimiser.equity.by_tier import TierEquity, equity_by_tier
from optimiser.equity.inequality import Split, gini, lorenz, palma, split_theil, theil_l, theil_t
from optimiser.equity.lexicographic import lexicographic
from optimiser.equity.maxmin import compare_maxmin, maxmin_key, price_of_fairness, rank_maxmin
from optimiser.equity.places import place_times
from optimiser.equity.poverty import poverty
from optimiser.equity.summary import Equity, Inequality, equity
from optimiser.equity.tiers import TierShare, Worst, coverage_by_tier, worst_place
from optimiser.equity.timed import TimedPairs

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
