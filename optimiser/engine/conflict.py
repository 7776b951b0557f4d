"""Find a small set of constraints that cannot all be met."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def quick_explain[T](items: Sequence[T], is_empty: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a conflict among constraints: a part of them that cannot all be met.

    Parameters
    ----------
    items
        Constraints that cannot all be met.
    is_empty
        Says whether it is proved that some of them cannot all be met. It may miss a proof; what it says must
        be true.

    Returns
    -------
    list
        In the order of `items`. Where every proof is found, no constraint can be left out of it.

    Notes
    -----
    QuickXplain (Junker, "Preferred explanations and relaxations for over-constrained problems", AAAI 2004):
    of n constraints, a conflict of k takes about 2 k log(n / k) + 2 k proofs. Invariant of `_part`: `kept`
    and `open` together cannot all be met, and its answer joined to `kept` cannot either. A proof that is
    missed only keeps more than is needed.
    """
    found = _part([], list(range(len(items))), lambda which: is_empty([items[i] for i in which]), fresh=False)
    return [items[i] for i in sorted(found)]


def _part(
    kept: list[int], left: list[int], is_empty: Callable[[list[int]], bool], *, fresh: bool
) -> list[int]:
    """Return a part of `left` that conflicts with `kept`; `fresh`: `kept` has just grown."""
    if fresh and is_empty(kept):
        return []
    if len(left) == 1:
        return left
    first, second = left[: len(left) // 2], left[len(left) // 2 :]
    late = _part([*kept, *first], second, is_empty, fresh=bool(first))
    early = _part([*kept, *late], first, is_empty, fresh=bool(late))
    return [*early, *late]
