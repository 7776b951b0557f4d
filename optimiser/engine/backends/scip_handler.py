"""Hold SCIP to the truth about coverage by a constraint handler with lazy rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pyscipopt.scip import PY_SCIP_RESULT as RESULT
from pyscipopt.scip import Conshdlr

from optimiser.engine.backends.scip_model import TreeModel
from optimiser.engine.backends.tree import Rhythm, Separator, plain_rows
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats, Rows
from optimiser.engine.search.scoring import covered_pairs, fits
from optimiser.engine.search.tables import Tables

EDGE = 1e-6
"""How near to an integer a value counts as that: SCIP's feasibility tolerance."""

EXACT = 1e-9
"""Most that an uncovered pair may claim in a solution that is kept."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is true of an integer point.

    Attributes
    ----------
    covered
        bool [K].
    fits
        The plan keeps to every row, counted in whole numbers.
    """

    covered: Mask
    fits: bool


@dataclass
class Watch:
    """What the plug-ins of one tree share.

    Attributes
    ----------
    t, made, separator, progress, rhythm
        As given.
    cuts
        Rows added so far.
    known, cutoff
        The best plan that SCIP has heard of, and its objective divided by the divisor.
    failure
        What a callback raised; SCIP cannot pass it on.
    seen
        Verdicts on integer points met so far.
    """

    t: Tables
    made: TreeModel
    separator: Separator
    progress: Progress
    rhythm: Rhythm
    cuts: int = 0
    known: Mask | None = None
    cutoff: int | None = None
    failure: BaseException | None = None
    seen: dict[bytes, Verdict] = field(default_factory=dict)

    def verdict(self, built: Floats) -> Verdict:
        """Return what is true of an integer point; a new point is reported as a plan."""
        is_open = np.append(built > 0.5, True)
        key = np.packbits(is_open).tobytes()
        if key not in self.seen:
            self.seen[key] = Verdict(covered_pairs(self.t, is_open), fits(self.t, is_open))
            self.progress.plan(is_open, "tree")
        return self.seen[key]

    def point(self) -> tuple[Floats, Floats]:
        """Return x and y of the relaxation."""
        built = np.array([x.getLPSol() for x in self.made.built])
        level = [y.getLPSol() for y in self.made.level] or [1.0] * len(self.t.limit)
        return np.clip(built, 0.0, 1.0), np.clip(np.array(level), 0.0, 1.0)

    def run(self, work: Callable[[], int], otherwise: int) -> dict[str, int]:
        """Return the result of a callback; keep what it raises, and stop SCIP then."""
        try:
            return {"result": work()}
        except BaseException as error:  # noqa: BLE001 - raised again when SCIP has returned
            self.failure = self.failure or error
            self.made.model.interruptSolve()
            return {"result": otherwise}


class TimeRows(Conshdlr):
    """The constraint that no pair claims to be covered when it is not.

    Parameters
    ----------
    watch
        What the plug-ins share.

    Notes
    -----
    A row says `sum of y <= sum of value x` with values >= 0: lowering an x or raising a y may break it,
    raising an x or lowering a y never does. The locks tell SCIP so, and with them no reduction can rest on
    rows that are not there yet. A solution is accepted only when its y are true to `covered_pairs`.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._node = -1
        self._round = 0

    def conslock(self, _constraint: Any, locktype: int, positive: int, negative: int) -> None:  # noqa: ANN401
        """Lock every x downwards and every y upwards."""
        made = self._watch.made
        for x in made.built:
            made.model.addVarLocksType(made.model.getTransformedVar(x), locktype, positive, negative)
        for y in made.level:
            made.model.addVarLocksType(made.model.getTransformedVar(y), locktype, negative, positive)

    def conscheck(self, _constraints: Any, solution: Any, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Accept a solution when its levels are true."""
        return self._watch.run(lambda: self._check(solution), RESULT.INFEASIBLE)

    def consenfolp(self, _constraints: Any, _useful: int, _infeasible: bool) -> dict[str, int]:  # noqa: ANN401, FBT001
        """Cut off an integer point of the relaxation whose levels are not true."""
        return self._watch.run(self._enforce, RESULT.INFEASIBLE)

    def consenfops(self, _constraints: Any, _useful: int, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Say whether a point made without a relaxation is true."""
        return self._watch.run(self._enforce_pseudo, RESULT.INFEASIBLE)

    def conssepalp(self, _constraints: Any, _useful: int) -> dict[str, int]:  # noqa: ANN401
        """Cut off the point of the relaxation."""
        return self._watch.run(self._separate, RESULT.DIDNOTRUN)

    def _check(self, solution: Any) -> int:  # noqa: ANN401
        made = self._watch.made
        built = np.array([solution[x] for x in made.built])
        if _fractional(built):
            return RESULT.INFEASIBLE
        true = self._watch.verdict(built)
        level = np.array([solution[y] for y in made.level] or [1.0] * len(true.covered))
        kept = true.fits and not (level[~true.covered] > EXACT).any()
        return RESULT.FEASIBLE if kept else RESULT.INFEASIBLE

    def _enforce(self) -> int:
        built, level = self._watch.point()
        if _fractional(built):
            return RESULT.INFEASIBLE
        built = np.round(built)
        true = self._watch.verdict(built)
        missing = ~true.covered & (level > EXACT)
        if not missing.any():
            return RESULT.FEASIBLE if true.fits else self._forbid(built)
        if (missing & (level > EDGE)).any():
            rows = self._watch.separator(built, level, integer=True)
            added = self._add(rows, built, level)
            if added is not None:
                return added
            added = self._add(plain_rows(self._watch.t, np.flatnonzero(missing), built), built, level)
            if added is not None:
                return added
        return self._settle()

    def _settle(self) -> int:
        """Decide about a node whose point is untrue by less than SCIP can tell apart."""
        made = self._watch.made
        if all(x.getLbLocal() > 0.5 or x.getUbLocal() < 0.5 for x in made.built):
            return RESULT.CUTOFF
        return RESULT.INFEASIBLE

    def _forbid(self, built: Floats) -> int:
        """Cut off one plan: `sum_{j not in it} x_j - sum_{j in it} x_j >= 1 - its size`.

        A budget may be overdrawn by less than SCIP can tell apart, which no row of the model forbids.
        """
        made = self._watch.made
        row = made.model.createEmptyRowUnspec("plan", 1.0 - built.sum(), None, local=False)
        for x, is_built in zip(made.built, (built > 0.5).tolist(), strict=True):
            made.model.addVarToRow(row, x, -1.0 if is_built else 1.0)
        infeasible: bool = made.model.addCut(row, forcecut=True)
        made.model.releaseRow(row)
        return RESULT.CUTOFF if infeasible else RESULT.SEPARATED

    def _enforce_pseudo(self) -> int:
        made = self._watch.made
        built = np.array([made.model.getSolVal(None, x) for x in made.built])
        level = np.array(
            [made.model.getSolVal(None, y) for y in made.level] or [1.0] * len(self._watch.t.limit)
        )
        true = self._watch.verdict(built)
        if true.fits and not (level[~true.covered] > EXACT).any():
            return RESULT.FEASIBLE
        if any(x.getUbLocal() - x.getLbLocal() > 0.5 for x in made.built):
            return RESULT.INFEASIBLE
        return RESULT.SOLVELP if true.fits else RESULT.CUTOFF

    def _separate(self) -> int:
        model, rhythm = self._watch.made.model, self._watch.rhythm
        depth, node = model.getDepth(), model.getCurrentNode().getNumber()
        self._round = self._round + 1 if node == self._node else 1
        self._node = node
        if depth > rhythm.depth or (depth and (depth % rhythm.every or self._round > rhythm.rounds)):
            return RESULT.DIDNOTRUN
        built, level = self._watch.point()
        rows = self._watch.separator(built, level, integer=not _fractional(built))
        added = self._add(rows, built, level)
        return RESULT.DIDNOTFIND if added is None else added

    def _add(self, rows: Rows, built: Floats, level: Floats) -> int | None:
        """Add those rows that the point violates; None when there are none."""
        rows = rows.only(rows.at(built) < rows.claimed(level) - EDGE)
        if not len(rows):
            return None
        self._watch.cuts += len(rows)
        for i in range(len(rows)):
            if self._add_row(rows, i):
                return RESULT.CUTOFF
        return RESULT.SEPARATED

    def _add_row(self, rows: Rows, i: int) -> bool:
        """Add one row; say whether the node cannot keep it."""
        made = self._watch.made
        pairs = rows.pairs_of(i).tolist()
        least = 0.0 if made.level else float(len(pairs))
        row = made.model.createEmptyRowUnspec("time", least, None, local=False)
        made.model.cacheRowExtensions(row)
        inside = slice(rows.start[i], rows.start[i + 1])
        for j, value in zip(rows.candidate[inside].tolist(), rows.value[inside].tolist(), strict=True):
            made.model.addVarToRow(row, made.built[j], value)
        for k in pairs if made.level else ():
            made.model.addVarToRow(row, made.level[k], -1.0)
        made.model.flushRowExtensions(row)
        infeasible: bool = made.model.addCut(row, forcecut=True)
        made.model.addPoolCut(row)
        made.model.releaseRow(row)
        return infeasible


def _fractional(built: Floats) -> bool:
    return bool((np.abs(built - np.round(built)) > EDGE).any())
