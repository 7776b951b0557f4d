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
# # Which links are right in most futures?
#
# Costs overrun, trains run slower or faster than assumed, budgets are cut. A plan for thirty years must hold
# under many futures. This notebook draws some, finds the best plan of each, and asks which links are in
# nearly all of them, what the plan of the job is worth in each, and what the answer depends on.
#
# It takes 12 futures of the ready job `jing-jin-ji-links` (34 cities, four hours, 130 billion CNY), each
# solved to 2 %, so that it runs in a minute or two. That is enough to show the tables, and too few for narrow
# intervals: `polyring sweep jing-jin-ji-links --set sweep.cases=1000` draws a thousand.
# [Plans under uncertainty](../docs/uncertainty.md) says what each figure means.

# %%
import pandas as pd

import polyring as pr

pd.set_option("display.max_colwidth", None, "display.max_rows", 60, "display.precision", 3)

sweep = pr.sweep(
    "jing-jin-ji-links", settings=["sweep.cases=12", "sweep.gap=0.02"], out="polyring-runs/uncertainty"
)
print(str(sweep).replace(". ", ".\n"))

# %% [markdown]
# ## What is uncertain?
#
# The job names no factors, so that the usual ones are drawn: costs overrun as in completed projects of the
# same kind, speeds, waits and access differ, the budget is cut or raised. `case` 0 is the job itself.

# %%
sweep.cases[["case", *sweep.factors, "gap", "pairs_today", "pairs_plan", "pairs_best", "plan_fits"]].round(2)

# %% [markdown]
# ## Which links are right?
#
# Each future has a best plan of its own. A bar is the share of the futures whose best plan builds the link;
# the thin line is the interval that a sample of this size allows. Bars are filled where the plan of the job
# builds the link.

# %%
sweep.plot()

# %% [markdown]
# The links on the shaded ground are the *robust core*: at least nine of ten futures build them.

# %%
core = sweep.core
print(f"{len(core)} of {len(sweep.links)} links, together {core['cost'].sum():,} {sweep.money}:")
core[["kind", "from_name", "to_name", "cost", "share", "low", "high", "in_plan"]]

# %%
sweep.plot("map")

# %% [markdown]
# ## What does the plan of the job cover?
#
# The plan of the job spends the whole budget at the costs as estimated. Where costs overrun or the budget is
# cut it does not fit (hollow marks), and another plan is the best.

# %%
sweep.plot("band")

# %%
bands = {
    "today": sweep.coverage("pairs_today"),
    "plan of the job": sweep.coverage("pairs_plan"),
    "best plan of each future": sweep.coverage("pairs_best"),
}
pd.DataFrame(bands).T.set_axis(list(bands["today"]._fields), axis=1).round(1)

# %% [markdown]
# ## What does the outcome depend on?
#
# The share of the variance of each outcome that would vanish if one factor were known. With twelve futures
# the intervals say little more than which factor is the largest.

# %%
sweep.plot("indices")

# %% [markdown]
# Which factor moves a link? The share of the futures that build it, where the factor is in its lowest and in
# its highest third. `is_sure` says whether chance is ruled out at 95 %.

# %%
moved = sweep.by_factor.assign(size=lambda table: table["difference"].abs()).nlargest(8, "size")
moved[["candidate_id", "factor", "at_low", "share_low", "at_high", "share_high", "is_sure"]]

# %% [markdown]
# ## What is lost by settling for one plan?
#
# Regret is what a plan lacks of the best plan of a future, where it fits. The robust core always fits, and
# leaves money unspent; other plans were the best of one future and are tried in all.

# %%
sweep.plot("regret")

# %%
sweep.regret[
    ["plan", "name", "links", "cost", "expected", "fits", "near", "share_mean", "share_largest"]
].head(8)

# %% [markdown]
# ## What is it worth to wait?
#
# If the future were known before the plan is chosen, each future would have its best plan. The difference to
# the best fixed plan is what knowing is worth, in covered weight.

# %%
for paid, words in ((False, "nothing is built of a plan that does not fit"), (True, "overruns are paid")):
    worth = sweep.value_of_waiting(overruns_are_paid=paid)
    low, high = (max(0, end) / worth.best for end in (worth.value.low, worth.value.high))
    print(f"Where {words}: {worth.value.value / worth.best:.1%} of the weight ({low:.1%} to {high:.1%}).")

# %% [markdown]
# The page of the sweep has all of this; `sweep.report("out/")` writes it elsewhere.
