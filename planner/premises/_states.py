"""Changes of state that can't be, or deserve to be checked."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.timeline import is_among
from planner.vocab import PremiseState, Severity

__all__ = ["check_state_changes", "sift_state_changes"]

_LINE: Final = (
    PremiseState.TARGETED,
    PremiseState.AGREEMENT_SIGNED,
    PremiseState.IN_PROGRESS,
    PremiseState.SERVICEABLE_ON_DEMAND,
    PremiseState.SERVICEABLE,
)


def check_state_changes(
    premises: pd.DataFrame, state_changes: pd.DataFrame, *, on: dt.date
) -> Findings:
    """Check dated states: who they belong to, when they happened, and in which order.

    A premise goes from targeted to signed (where a building agreement is needed), in progress,
    serviceable on demand, serviceable; it may skip a step, and be abandoned at any time.  Going
    back on that line, or coming back from abandonment, is serious.

    Parameters
    ----------
    premises, state_changes
        Tables under the contracts of their names.
    on
        Reference day: a change after it is a finding.

    Returns
    -------
    Findings
        At most one for each rule, with its count and an example.

    Raises
    ------
    ContractError
        When the changes break their contract.
    """
    contract("state_changes").check(state_changes)
    changes, broken = sift_state_changes(premises, state_changes, on=on)
    ids = changes["premise_id"].astype("str").to_numpy(dtype=object)
    severity = {"future_state": Severity.WARNING}
    return Findings.collect(
        Finding.of(
            f"premises.{rule}", severity=severity.get(rule, Severity.SERIOUS),
            table="state_changes", place=str(ids[mask][0]), count=int(mask.sum()), on=on,
        )
        for rule, mask in broken.items()
        if mask.any()
    )  # fmt: skip


def sift_state_changes(
    premises: pd.DataFrame, state_changes: pd.DataFrame, *, on: dt.date
) -> tuple[pd.DataFrame, dict[str, NDArray[np.bool_]]]:
    """Sort dated states by premise and day, and tell which break which rule.

    Parameters
    ----------
    premises, state_changes, on
        As in :func:`check_state_changes`.

    Returns
    -------
    tuple
        The changes in their order, and a mask over them for each rule: ``orphan_state``,
        ``future_state``, ``state_back`` and ``state_revived``.
    """
    changes = state_changes.sort_values(["premise_id", "on"], kind="stable")
    ids = changes["premise_id"].astype("str").to_numpy(dtype=object)
    step = changes["state"].astype(object).map({s.value: k for k, s in enumerate(_LINE)})
    place = step.fillna(-1).to_numpy(dtype=np.int64)  # -1: abandoned
    again = np.append(False, ids[1:] == ids[:-1])[: len(ids)]
    before = np.append(-1, place[:-1])[: len(ids)]
    return changes, {
        "orphan_state": ~is_among(changes["premise_id"], premises["premise_id"]),
        "future_state": (changes["on"] > pd.Timestamp(on)).to_numpy(dtype=bool),
        "state_back": again & (before >= 0) & (place >= 0) & (place < before),
        "state_revived": again & (before < 0) & (place >= 0),
    }
