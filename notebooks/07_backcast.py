# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Would it have proposed what was built?
#
# The network of 10 March 2016 is known, and so is most of what was opened since. This notebook asks what
# polyring would have proposed on that day, for the money that was spent since, and sets it beside what was
# built and beside simple rules with the same money.
#
# A back-cast does not say whether a proposal is good: what was built need not have been the best. It says
# whether the lines that the model prefers lie where a region builds, and whether they do so more often than
# lines that a rule of thumb prefers. [Back-cast](../docs/backcast.md) explains the method;
# [the benchmark](../benchmarks/results/backcast.md) has eleven questions, also those that came out badly.

# %%
import polyring as pr

# %% [markdown]
# ## The question of the job: four hours
#
# polyring chooses with a quarter, half and all of the money: once from its whole toolbox, with trains and
# measures at stations, and once from lines alone. The rules choose from the same lines.

# %%
four = pr.backcast(
    "jing-jin-ji-links",
    day="2016-03-10",
    settings=["backcast.shares=[0.25, 0.5, 1.0]"],
    out="polyring-runs/four-hours",
)
pairs, spent = four.found.pairs, sum(four.found.spent.values())
print(
    f"{pairs['then']} of {pairs['total']} pairs were within four hours on {four.found.day}, {pairs['today']} "
    f"are with what was built since for {spent:,} {four.found.money}."
)

# %%
four.plot()

# %% [markdown]
# On the map, wide strokes are what was built, thin ones what polyring proposes with lines alone and the
# middle sum of money. On the right is the share of the built km that lies within 15 km of a proposed line of
# the same mode. As a table:

# %%
four.table(figure="both").round(2)

# %% [markdown]
# The plan of lines alone beside the best of the rules, first with one purse, then with a purse for roads and
# one for railways. `more` says whether the plan finds more than each of the rules.

# %%
four.against_rules().round(2)

# %%
four.against_rules("by_mode").round(2)

# %% [markdown]
# ## Why do simple rules do well here?
#
# Most pairs were within four hours already. The plan spends the money on the others: remote pairs, joined by
# long direct lines, as the map shows. What was built also made shorter trips faster, which this question does
# not count. The model does what it was asked for, which is to bring pairs of cities within four hours. Their
# number:

# %%
within = four.table(figure="pairs").round().astype(int)
within

# %%
quarter = within[0.25]
print(
    f"With a quarter of the money, its lines bring {quarter['polyring, lines alone']} pairs within four "
    f"hours, its whole toolbox {quarter['polyring, whole toolbox']}. With what was built since, it is "
    f"{pairs['today']} pairs."
)

# %% [markdown]
# So a plan can be ahead by its own measure and behind by the measure of what was built. Both are true. The
# whole toolbox spends money on stations and trains, which are no lines and find nothing here.
#
# ## A question that counts shorter trips as well
#
# Now a pair counts for 0.4 of its weight within two hours, for another 0.3 within three, and for the rest
# within four. Only lines are proposed.

# %%
lines = ["road_upgrade", "road_link", "gap", "rail_link", "rail_upgrade", "direct_expressway", "rail_direct"]
steps = pr.backcast(
    "jing-jin-ji-links",
    day="2016-03-10",
    settings=[
        "times.limit_s=7200",
        "steps.shares=[0.4, 0.3, 0.3]",
        "steps.later_s=[0, 3600, 7200]",
        f"candidates.kinds={lines}",
        "backcast.shares=[0.25, 0.5, 1.0]",
    ],
    out="polyring-runs/steps",
)
steps.plot()

# %%
steps.against_rules().round(2)

# %%
steps.against_rules("by_mode").round(2)

# %% [markdown]
# This question was chosen after thinking about why the first one does poorly, and it is one of eleven that
# were tried. It shows that the model can prefer lines where a region builds; it does not show that it
# predicts.
#
# ## What does the plan not find?
#
# Corridors of which the lines on the last map find less than half, and at how many of the cities each of them
# ends.

# %%
corridors = steps.found.corridors.query("share_found.notna()")
missed = corridors[corridors["share_found"] < 0.5].sort_values("line_km", ascending=False)
missed[["mode", "from", "to", "opened", "line_km", "share_found", "ends_at_cities"]].round(2).head(12)

# %%
joining = steps.found.joining_km / corridors["line_km"].sum()
print(
    f"{len(corridors) - len(missed)} of {len(corridors)} corridors are found. {joining:.0%} of the km built "
    "belong to corridors that end at two of the cities compared."
)

# %% [markdown]
# The others serve an airport, a new city, ports, the provinces around, or relieve full roads. A model of
# pairs of cities knows none of these reasons. That limits what any back-cast of it can show.
#
# ## What to take from this
#
# * Where the tables say that a rule finds more, use the rule to guess what will be built. With the default
#   question and much money that is population over distance, or this per cost.
# * To bring pairs of cities within a limit for the least money, compare the tables of pairs: that is what the
#   model is for.
# * State the question of the planners of that day. A plan for another target builds something else.
# * The map of that day is drawn from today's geometry, and its dates come from tables. It knows too much, for
#   rules and model alike.
