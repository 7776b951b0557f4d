"""Find a small set of conflicting constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def quick_explain[T](items: Sequence[T], is_empty: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a subset of constraints that cannot all be satisfied.

    Parameters
    ----------
    items
        Constraints that cannot all be satisfied.
    is_empty
        Returns whether it is proved that the given constraints cannot all be satisfied. It may fail to find a
        proof, but True must be correct.

    Returns
    -------
    list
        The conflict, in the order of `items`. It is minimal if every proof was found.

    Notes
    -----
    QuickXplain (Junker, "Preferred explanations and relaxations for over-constrained problems", AAAI 2004): a
    conflict of k among n constraints takes about 2 k log(n / k) + 2 k proofs. Invariant of `_part`: `kept`
    and `left` together cannot be satisfied, and neither can `kept` and the result. A missed proof only leaves
    superfluous constraints in the conflict.
    """
    found = _part([], list(range(len(items))), lambda which: is_empty([items[i] for i in which]), fresh=False)
    return [items[i] for i in sorted(found)]


def _part(
    kept: list[int], left: list[int], is_empty: Callable[[list[int]], bool], *, fresh: bool
) -> list[int]:
    """Return a subset of `left` that conflicts with `kept`; `fresh`: `kept` has grown just now."""
    if fresh and is_empty(kept):
        return []
    if len(left) == 1:
        return left
    first, second = left[: len(left) // 2], left[len(left) // 2 :]
    late = _part([*kept, *first], second, is_empty, fresh=bool(first))
    early = _part([*kept, *late], first, is_empty, fresh=bool(late))
    return [*early, *late]
