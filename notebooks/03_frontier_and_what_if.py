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
# # What does the money buy, and what if?
#
# How much do secondary and small cities gain with each sum of money? Where does more money stop paying? What
# changes when a link falls through, when another one is decided already, when small cities count more, when
# the limit is shorter?
#
# Both kinds of question use the plan of the ready job `jing-jin-ji-links`: 34 cities, four hours door to
# door, 130 billion CNY. Plausible cases are switched off; [the notebook on links](02_inspect_links.ipynb)
# has them.

# %%
import pandas as pd

import polyring as pr

pd.set_option("display.max_colwidth", None, "display.max_rows", 60)

run = pr.run("jing-jin-ji-links", settings=["cases.enabled=false"], out="polyring-runs/what-if")
print(str(run).replace(". ", ".\n"))

# %% [markdown]
# ## What does each level of spending buy?
#
# Each point of the frontier is a plan that no other one found beats in both cost and coverage. Plans between
# the points may lie in the grey band, and none lies above it. Budget and plan of the job play no part here.

# %%
frontier = run.frontier(points=10, gap=3e-3)
frontier.plot()

# %%
points = frontier.points.set_index("point")
points[["cost", "links", "share_secondary", "share_small", "share_all", "gap", "knee"]]

# %%
gained = points[["share_secondary", "share_small"]] - points[["share_secondary", "share_small"]].iloc[0]
part = gained / gained.iloc[-1]
first = part[points["cost"] > 0].iloc[0]
print(
    f"The first {points['cost'].iloc[1]:,} {run.money} bring secondary cities {first['share_secondary']:.0%} "
    f"and small cities {first['share_small']:.0%} of all that any plan brings them. The dearest point costs "
    f"{points['cost'].iloc[-1] / points['cost'].iloc[1]:.0f} times as much."
)
knee = points[points["knee"] == "yes"]
print(f"The knee, from which on more money buys little more, is at {knee['cost'].item():,} {run.money}.")

# %% [markdown]
# The tiers do not gain at the same pace. Weights are square roots of people, so that a share counts pairs of
# larger cities more.
#
# ## What is built at each level?
#
# Each plan opens at a click on its cost.

# %%
plans = frontier.browse()
plans

# %% [markdown]
# In a notebook that runs, `slider` leads from plan to plan (it needs ipywidgets). Readers of a stored
# notebook see one line of text, or nothing; all plans are above.

# %%
plans.slider

# %% [markdown]
# Which links are in plans of all sizes? `core` links are in at least half of the plans, and in every dearer
# one once they have entered. They are safe to begin with, whatever the budget will be.

# %%
order = frontier.links
core = order[order["core"] == "yes"]
print(
    f"{len(core)} of {len(order)} links belong to the core. "
    f"Together they cost {core['cost'].sum():,} {run.money}."
)
core[["name", "kind", "cost", "enters_at_cost", "points"]]

# %% [markdown]
# ## What if there is a tenth of the money?
#
# `run.solve` answers what-ifs: the same candidates, solved anew from the plan at hand, and checked
# independently. `pr.compare` sets two plans side by side.

# %%
less = run.solve(budget=0.1)
both = pr.compare(run, less)
both

# %%
both.plot()

# %% [markdown]
# `both.map()` is the same map to pan and zoom; it is left out here, since it would make the notebook larger.
#
# ## What if a link falls through, or is decided already?
#
# The dearest link is left out. Then the dearest candidate that the plan does not build, and that the budget
# would pay for, is forced into the plan.

# %%
dearest = int(run.links["cost"].idxmax())
idle = run.candidates.query("not built and cost <= @run.budget / 2").nlargest(1, "cost").iloc[0]
forced = f"force {idle['from_name']} – {idle['to_name']}"
answers = {
    "the plan of the job": run,
    "a tenth of the money": less,
    f"without link {dearest}": run.solve(without=[dearest]),
    forced: run.solve(force=[idle["candidate_id"]]),
    "small cities count three times": run.solve(weights={"small": 3}),
}

# %% [markdown]
# ## What if the limit is three and a half hours?
#
# Another limit makes other candidates worth proposing. So they are generated again, which takes as long as in
# a run.

# %%
answers["limit 3 h 30"] = run.solve(limit="3h30")

# %% [markdown]
# ## All answers side by side
#
# Pairs of cities within the limit, by tier of the smaller city. `kept` counts the links that the plan of the
# job builds too.

# %%
rows = {}
for name, answer in answers.items():
    within = answer.pairs.groupby("group")["within_after"].sum()
    today = int(answer.pairs["within_before"].sum())
    rows[name] = {
        "cost": answer.cost,
        "links": len(answer.built),
        "kept": len(set(answer.built) & set(run.built)),
        "today": today,
        "secondary": int(within["secondary"]),
        "small": int(within["small"]),
        "all": int(within.sum()),
        "gap": f"{answer.gap:.2%}",
    }
table = pd.DataFrame(rows).T
table

# %%
for name in (f"without link {dearest}", forced, "a tenth of the money"):
    lost = table.loc["the plan of the job", "all"] - table.loc[name, "all"]
    print(f"{name}: {lost} pairs less than the plan of the job, {table.loc[name, 'kept']} of its links kept.")

# %% [markdown]
# Read small differences with the gaps in mind: plans within the gap of each other are equally good for all
# that is proven, and pairs are counted here while plans are chosen by weight. So a plan can have more pairs
# and less weight than another.
#
# ## Small cities first?
#
# The same money, with small cities counting three times: which pairs change? Where the table is empty, the
# plan of the job serves small cities as well as any plan that was found.

# %%
changed = pr.compare(run, answers["small cities count three times"]).pairs
print(f"{len(changed)} pairs change.")
changed

# %%
run.close()  # ends the solver process
