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
# # A finished plan in ten lines
#
# `polyring.run` runs a job from its map to a verified plan, as `polyring run` does on the command line;
# `polyring.load` opens a run folder again. The result answers questions: what is proposed, who needs a link,
# what happens without it, what a tenth of the money buys. Plausible cases, which take as long as
# all else, are another command: `polyring.cases`.

# %%
import polyring as pr

run = pr.run("jing-jin-ji")  # later: pr.load("polyring-runs/jing-jin-ji")
run

# %% [markdown]
# ## Tables
#
# `links`, `cities`, `pairs`, `rings` and `candidates` are GeoDataFrames, and `columns` says what each column
# means. `run.map()` shows a map to pan and zoom that is safe whatever the names of the data are.
# (`run.links.explore()` needs the extra `explore`, and runs what a hostile name holds in `${...}`.)

# %%
run.pairs[["origin", "destination", "group", "before_s", "after_s", "links"]].query(
    "before_s > 14400 >= after_s"
).sort_values("after_s").head(8)

# %%
run.columns.loc["links"].head(8)

# %%
run.plot()

# %% [markdown]
# ## Why a link?
#
# The pairs that need it, the best plan without it at the same money, and the candidates that could take its
# place.

# %%
why = run.why(2)
print(why)

# %%
why.alternatives

# %% [markdown]
# ## What if?
#
# `solve` takes `without`, `force`, `budget`, `weights` and `limit`. All but a new limit keep the candidates,
# and answer in seconds.

# %%
less = run.solve(budget=0.1)
both = pr.compare(run, less)
both.figures

# %%
both.links[both.links["built_in"] == "second"][["kind", "from_name", "to_name", "cost"]]

# %% [markdown]
# ## Step by step
#
# A region gives each step as a value: travel times, candidates, the design problem, the result of the solver,
# and the plan that an independent check has verified. An extract of your own takes the place of the name:
# `pr.Region.read("north.osm.pbf", cities="cities.csv", country="CN")`.

# %%
region = pr.Region.read("jing-jin-ji")
names = ["Beijing", "Tianjin", "Shijiazhuang", "Zhangjiakou", "Chengde", "Handan"]
(region.travel_times().loc[names, names] / 3600).astype(float).round(1)

# %%
run.close()  # ends the solver process
