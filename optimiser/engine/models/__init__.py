"""State the models in PuLP, one function for each family of rows.

The problem is the network design covering problem of Bucarey, Fortz, González-Blanco, Labbé and Mesa
(Computers & Operations Research 2022, arXiv 2007.06647), with an existing network. The page describes the
rows that all models share, the models of the variants `compact` and `cuts` (`cuts-loop` uses that of `cuts`),
and the model with rings or periods. The other models are described in their modules: that of `paths` (a
column for each path of a pair within its limit) in `optimiser/engine/methods/column_generation.py`, and that
of `benders` and `benders-normal` (a flow problem for each pair) in `optimiser/engine/methods/benders.py`; the
heuristics use no model. The models are stated for the reduced problem (`optimiser/engine/presolve`), except
the last one, which is stated for the original problem. Names in LP files: `x` candidates, `y` pairs, `z`
cities, `f` flows, each numbered from 1 in canonical order (sorted by id).
"""
