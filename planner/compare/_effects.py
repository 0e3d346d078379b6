"""What each change does by itself, place by place: premises, years, euros."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from planner.compare._causes import Answer, Cause
from planner.compare._differences import Comparison, compare_plans
from planner.schemas import contract
from planner.vocab import Level

__all__ = ["measure_effects", "region_effect"]


def measure_effects(
    comparison: Comparison, causes: tuple[Cause, ...], *, answer: Answer
) -> pd.DataFrame:
    """Count what changes from the first plan when one cause alone is as in the second one.

    What several causes only do together is what the differences have beside the sum of these.

    Parameters
    ----------
    comparison, causes, answer
        What :func:`compare_plans`, :func:`list_causes` and :func:`switch_plans` returned.

    Returns
    -------
    DataFrame
        Contract ``cause_effects``, in the order of the causes; a cause that can't be alone (its
        question is refused, or has no answer) has no row, as one that changes nothing.
    """
    parts = []
    for cause in causes:
        tables = answer(frozenset({cause.name}))
        if tables is None:
            continue
        alone = replace(comparison.after, name=cause.name, tables=tables)
        found = compare_plans(comparison.before, alone).table
        parts.append(found.assign(cause=cause.name))
    frame = pd.concat(parts, ignore_index=True) if parts else contract("cause_effects").empty()
    if frame.empty:
        return contract("cause_effects").empty()
    contract("cause_effects").check(frame)
    return contract("cause_effects").select(frame)


def region_effect(table: pd.DataFrame, cause: str | None = None) -> dict[str, int]:
    """Return the region's row of a table of differences, or of one cause's effects; zeros if none.

    What the row has no value of (a cost that isn't known) isn't returned.

    Parameters
    ----------
    table
        Contract ``differences``, or ``cause_effects``.
    cause
        Which cause, of the second.
    """
    mine = table["level"] == Level.REGION.value
    if cause is not None:
        mine &= table["cause"] == cause
    rows = table[mine].to_dict("records")
    names = [name for name in contract("differences").column_names if name not in _WORDS]
    row = rows[0] if rows else dict.fromkeys(names, 0)
    return {str(name): int(row[name]) for name in names if not pd.isna(row[name])}


_WORDS = ("level", "code", "nom")
