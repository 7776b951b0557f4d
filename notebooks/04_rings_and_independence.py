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
# # Rings, and independence from the core
#
# What does a ring road do for a region, and what would the same money do without it? The ready job
# `jing-jin-ji-ring` asks for an expressway ring round Beijing and Tianjin through at least six secondary or
# small cities, together with the best links for 65 billion CNY. Here it also measures independence: who has
# a way that keeps out of the two large cities.

# %%
from tempfile import mkdtemp

import pandas as pd

import polyring as pr

pd.set_option("display.max_colwidth", 100)

run = pr.run(
    "jing-jin-ji-ring",
    settings=[
        "independence.weight=0.25",
        "independence.counts=false",  # measured, but no aim of the plan
        "cases.enabled=false",
        "solve.gap=0.003",  # 0.3 % from the best plan is near enough here
    ],
    out=f"{mkdtemp()}/ring",
)
print(run)

# %% [markdown]
# ## What does the ring look like?
#
# The picture shows it beside the Capital Region Ring Expressway (G95), which exists. The G95 did not
# influence the choice.

# %%
run.plot_rings()

# %% [markdown]
# A stretch that is an expressway already costs nothing; the plan pays for the others. Roundness compares
# the ring with a circle, and the length over its hull shows dents: the farther above 1, the longer the
# detours.

# %%
facts = ["length_km", "existing_km", "new_km", "cost", "roundness", "length_over_hull", "self_crossings"]
cities = ["secondary_cities", "small_cities", "inside"]
pd.DataFrame({"ring": run.rings.iloc[0], "meaning": run.columns.loc["rings", "meaning"]}).loc[
    [*facts, *cities]
]

# %% [markdown]
# ## Which cities lie on it, and how far apart are they?
#
# Clockwise: the cities on it, the kilometres between them, and what is new.

# %%
run.ring_legs[["from_cities", "to_cities", "length_km", "existing_km", "new_km", "roads"]].round(1)

# %% [markdown]
# ## What is the ring for?
#
# Measured on the road alone, between all places of 20,000 people outside the cores: the built-up areas of
# Beijing and Tianjin. How many pairs take their fastest ways through a core, and how many become faster by
# the ring and nothing else, where the roads of the cores are free, congested (25 km/h, assumed) or closed?

# %%
use = run.ring_use.drop_duplicates(["state", "roads"]).set_index(["state", "roads"])
use.loc[
    ["today", "rings alone"],
    ["pairs", "through_pairs", "mean_minutes", "faster_5"],
]

# %%
use.loc[("rings alone", "free"), ["near_people", "second_way_km", "second_way_existing_km"]]

# %% [markdown]
# ## Independence: who needs the core, before and after?
#
# A pair of cities outside the core is independent when a way without the core takes no longer than today's
# fastest way (1.0), at most a tenth longer (1.1), or at most a quarter longer (1.25).

# %%
independence = run.measures.independence.set_index(["tier", "state"])
independence.round(0).astype(int)

# %%
steps = {f"independent_at_{stretch:g}": f"{stretch:g}" for stretch in (1.0, 1.1, 1.25)}
need = independence.loc["all", "pairs"].iloc[0] - independence.loc["all"][list(steps)]
axes = need.rename(columns=steps).T.plot.bar(figsize=(7, 3.2), rot=0, color=["#a9b4c0", "#0b8074"])
axes.set(
    xlabel="a way without the core takes more than … times today's fastest", ylabel="pairs that need the core"
)
for bars in axes.containers:
    axes.bar_label(bars, padding=2)
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## Does the plan take trips out of the core?
#
# The core is here what lies within 15 km of the two centres. *Closed* means: what would trips between other
# cities lose if nobody could pass it? Faster trains through the core make trips depend on it more: a plan may
# bring more pairs within four hours and raise these figures, as this one does.

# %%
named = {
    "core_every_share": "trips between other cities that cannot avoid the core, %",
    "core_closed_minutes": "minutes lost by such a trip if the core were closed",
    "core_detour_ratio": "time of a trip through the core over its fastest time",
}
core = run.measures.polycentricity.set_index("measure").loc[list(named), ["today", "plan"]]
core.loc["core_every_share"] *= 100
core.rename(index=named).round(2)

# %% [markdown]
# Which cities do the trips of others run through? The share of the weight of trips between other cities:

# %%
through = run.measures.polycentricity.query("measure == 'through_share'").set_index("place")
shares = through[["plan", "today"]].mul(100).head(8)[::-1]
axes = shares.plot.barh(figsize=(7, 3.2), color=["#0b8074", "#a9b4c0"])
axes.set(xlabel="% of the weight of trips between others", ylabel="")
axes.legend(frameon=False, loc="lower right", reverse=True)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## And without the ring, for the same money?
#
# `solve(rings=False)` does not ask for the ring: its money is free for other links.

# %%
free = run.solve(rings=False, time_limit_s=60)
both = pr.compare(run, free)


def figures(one: pr.Run) -> dict[str, object]:
    """Return what a plan does for pairs, independence and core."""
    reach = one.measures.independence.query("tier == 'all' and state == 'plan'").iloc[0]
    core = one.measures.polycentricity.set_index("measure")["plan"]
    mean = one.measures.equity.query("tier == 'small' and state == 'plan'")["mean_minutes"].iloc[0]
    return {
        f"cost, {one.money}": f"{one.cost:,}",
        "proven gap": f"{one.gap:.2%}",
        "pairs within 4 h": int(one.pairs["within_after"].sum()),
        "pairs independent at 1.1": int(reach["independent_at_1.1"]),
        "pairs independent at 1.25": int(reach["independent_at_1.25"]),
        "mean minutes without the core": round(reach["mean_minutes"], 1),
        "mean minutes from small cities": round(mean, 1),
        "% of trips that cannot avoid the core": round(100 * core["core_every_share"], 1),
        "cities on a ring": int(one.rings["cities"].sum()),
    }


pd.DataFrame({"with the ring": figures(run), "without it": figures(free)}, dtype=object)

# %% [markdown]
# The gap is that of the weight of pairs within four hours, which both plans were chosen for. A plan that is
# as good by that may differ a little in the other rows.
#
# What the money of the ring builds instead, and which pairs that brings within four hours:

# %%
instead = both.links.query("built_in == 'second'")[["kind", "from_name", "to_name", "length_km", "cost"]]
instead.round(1) if len(instead) else "Nothing: both plans build all that brings pairs."

# %%
both.pairs if len(both.pairs) else "No pair is within four hours in one plan alone."

# %% [markdown]
# Whether the ring is worth what it costs in other links is for the planner to decide. A job can leave that
# to the program too: with `required = false` and `reward = "derived"` a ring is formed where what it brings
# exceeds what its money buys otherwise ([rings](../docs/rings.md#value-of-a-ring)).
#
# ## What may the new stretches cost in the end?
#
# P50 and P80 are based on the overruns of completed road projects (Flyvbjerg, Holm and Buhl 2002): half,
# and four in five, of such projects stayed below. They are a reference class, not a forecast.

# %%
on_ring = run.rings["candidates"].iloc[0]
appraisal = run.measures.appraisal.query("candidate_id in @on_ring")
appraisal[["from_name", "to_name", "length_km", "cost", "cost_p50", "cost_p80"]].round(1)

# %% [markdown]
# ## Is there such a ring already?
#
# How much of each ring lies within 15 km of the other, as a share of its length:

# %%
run.ring_overlaps[["name", "ring_km", "reference_km", "share_of_ring", "share_of_reference"]].round(2)

# %% [markdown]
# The G95 goes round Beijing alone; this ring goes round Tianjin too. The ready job
# `jing-jin-ji-beijing-rings` asks for a ring round Beijing through four cities of the G95, and follows it
# ([how far](../docs/rings.md#reference-rings)).

# %%
run.close()  # ends the solver process
