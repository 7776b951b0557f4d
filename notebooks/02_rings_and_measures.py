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
# # A ring, its effect on the smaller cities, and the frontier of cost against coverage
#
# The ready job `jing-jin-ji-ring` asks for a motorway ring round Beijing and Tianjin through at least six
# secondary or small cities, together with the best links under one budget. This notebook runs the job and
# examines its plan: the ring, the tiers, dependence on the core, the appraisal of each proposal, the build
# order, and the frontier of cost against coverage.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import polyring as pr
from optimiser.frontier.curve import marginal_order

pd.set_option("display.max_colwidth", 90)

ready = pr.find_job("jing-jin-ji-ring", settings=["output.picture=false", "output.report=false"])
with TemporaryDirectory() as folder:
    done = pr.run(ready, out=Path(folder) / "ring")
    problem, summary = done.problem, done.summary

report, measures = done.shown, done.measures
print(summary["headline"])

# %% [markdown]
# ## The ring
#
# Pieces of the circuit that already exist at the ring's standard cost nothing; the plan pays for the others.

# %%
ring = report.rings[0]
pieces = ring.pieces.drop(columns="geometry")
pieces.groupby("state").agg(
    pieces=("length_km", "size"), length_km=("length_km", "sum"), cost=("cost", "sum")
)

# %%
ring.cities[["name", "tier", "population", "seconds"]].assign(
    minutes=lambda table: (table["seconds"] / 60).round()
).drop(columns="seconds")

# %% [markdown]
# ## Equity between cities
#
# The mean time of a city is to the people of all other cities. The Gini, Theil and Palma indices measure how
# unequal these times are between people; `poor_share` is the share of people whose mean time exceeds the
# limit.

# %%
shown = ["cities", "cities_core_within", "mean_minutes", "worst_city", "worst_minutes", "gini", "poor_share"]
measures.equity.set_index(["tier", "state"])[["pairs_within", *shown]].round(3)

# %% [markdown]
# ## Dependence on the core
#
# The core is everything within 15 km of the centres of Beijing and Tianjin (`measures.core_km` of the job).

# %%
region = measures.polycentricity[measures.polycentricity["place"] == ""]
region.set_index("measure")[["unit", "today", "plan", "meaning"]].round(3)

# %% [markdown]
# The share of trips between other cities that run through each city:

# %%
through = measures.polycentricity.query("measure == 'through_share'").set_index("place")[["today", "plan"]]
axes = through.head(8)[::-1].plot.barh(figsize=(7, 3.2), color=["#35597a", "#0b8074"])
axes.set(xlabel="share of the weight of trips between others", ylabel="")
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## Appraisal of the proposals
#
# P50 and P80 are based on the overruns of completed projects (Flyvbjerg, Holm and Buhl 2002): a reference
# class, not a forecast. The break-even value of an hour rests on assumed trips and is an order of magnitude.

# %%
columns = ["from_name", "to_name", "kind", "cost", "cost_p50", "cost_p80", "pairs_brought", "people_brought"]
measures.appraisal.set_index("step")[[*columns, "dependence", "break_even_an_hour"]].head(8).round(2)

# %% [markdown]
# ## Build order

# %%
order = measures.build_order.set_index("cost_so_far")
shares = order[["weight_share", "weight_share_secondary", "weight_share_small"]]
axes = shares.plot(drawstyle="steps-post", figsize=(7, 3.2), color=["#1d2126", "#35597a", "#0b8074"])
axes.set(xlabel=f"spent, {problem.money}", ylabel="share of weight within 4 h")
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## The frontier of cost against coverage
#
# This frontier has a dozen points and no ring; `polyring frontier` traces more points. Each point has a
# proven gap of at most 0.1 %: no plan of the same cost covers more than that beyond it.

# %%
links = problem.replace(rings=())
limits = pr.Limits(points=12, gap=0.001, total_s=60)
points = sorted(pr.trace(links, limits=limits), key=lambda point: point.cost)
pd.DataFrame(
    {
        "cost": [point.cost for point in points],
        "covered": [point.plan.reached[0] for point in points],
        "links": [len(point.plan.built) for point in points],
        "gap": [point.gap for point in points],
    }
)

# %% [markdown]
# Links that enter early and stay in every more expensive plan are safe to build first:

# %%
core = [link for link in marginal_order(points) if link.core]
pd.DataFrame(
    [(link.id, link.cost_of_entry, link.points) for link in core], columns=["link", "from cost", "points"]
)
