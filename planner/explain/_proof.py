"""How good the adopted programme is proved to be, and how many others are as good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.choice import (
    Choice,
    ChoiceProblem,
    ChoiceStatus,
    Objective,
    Quantity,
    StageResult,
    objective_label,
)
from planner.dated import DatedChoice, DatedProblem
from planner.schemas import contract
from planner.texts import Message

__all__ = ["prove_programme", "prove_years", "read_proof", "tell_equal_choices"]

_PROVED = ChoiceStatus.OPTIMAL.value


def prove_programme(
    problem: ChoiceProblem,
    choice: Choice,
    *,
    equal_count: int | None = None,
    complete: bool | None = None,
) -> pd.DataFrame:
    """Return what is known of each objective of an exact programme.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    equal_count
        How many programmes are as good under every objective, the answer included; None: they
        were not counted.
    complete
        Whether there are no more.

    Returns
    -------
    DataFrame
        Contract ``programme_proof``.
    """
    return _proof(problem.objectives, choice.stages, equal_count, complete)


def prove_years(problem: DatedProblem, choice: DatedChoice) -> pd.DataFrame:
    """Return the same with years, where programmes as good are not counted."""
    return _proof(problem.whole.objectives, choice.stages)


def _proof(
    objectives: Sequence[Objective],
    stages: Sequence[StageResult],
    equal_count: int | None = None,
    complete: bool | None = None,
) -> pd.DataFrame:
    if not stages:
        return contract("programme_proof").empty()
    last = len(stages)
    rows = [
        {
            "position": position, "objective": stage.objective, "unit": objective.unit,
            "status": stage.status.value, "value": stage.value, "bound": stage.bound,
            "gap_share": stage.gap_share,
            "equal_count": equal_count if position == last else None,
            "equal_complete": complete if position == last else None,
        }
        for position, (objective, stage) in enumerate(
            zip(objectives, stages, strict=False), start=1
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows).astype(
        {"bound": "Int64", "equal_count": "Int64", "equal_complete": "boolean"}
    )
    table["gap_share"] = table["gap_share"].astype("float64")
    contract("programme_proof").check(table)
    return contract("programme_proof").select(table)


def read_proof(tables: Mapping[str, pd.DataFrame]) -> list[Message]:
    """Say how good the programme is proved to be, and how many others are as good.

    Parameters
    ----------
    tables
        The tables of a plan; under the simple rule they have no proof, and nothing is told.
    """
    proof = tables.get("programme_proof")
    if proof is None or proof.empty:
        return []
    ordered = proof.sort_values("position").to_dict("records")
    proved = all(str(row["status"]) == _PROVED for row in ordered)
    lines = [Message.of("explain.proved", count=len(ordered))] if proved else []
    if not proved:
        lines = [_tell_objective(row) for row in ordered]
    moving = len(tables.get("equal_programmes", ()))
    equals = _tell_equals(ordered[-1], moving, proved=proved, with_years="opening_years" in tables)
    return [*lines, equals]


def _tell_objective(row: Mapping[Any, Any]) -> Message:
    unit = row["unit"]
    values = {
        "objective": objective_label(str(row["objective"])),
        "value": Quantity(int(row["value"]), unit),
    }
    if str(row["status"]) == _PROVED:
        return Message.of("explain.objective_proved", **values)
    if pd.isna(row["bound"]):
        return Message.of("explain.objective_unbounded", **values)
    # what is made small can't go below its bound
    sense = "least" if int(row["bound"]) < int(row["value"]) else "gap"
    return Message.of(
        f"explain.objective_{sense}", bound=Quantity(int(row["bound"]), unit),
        gap=100 * float(row["gap_share"]), **values,
    )  # fmt: skip


def _tell_equals(
    last: Mapping[Any, Any], moving: int, *, proved: bool, with_years: bool
) -> Message:
    if not proved:
        return Message.of("explain.equal_unproved")
    if with_years:
        return Message.of("explain.equal_years")
    if pd.isna(last["equal_count"]):
        return Message.of("explain.equal_uncounted")
    count = int(last["equal_count"])
    if not bool(last["equal_complete"]):
        return Message.of("explain.equal_least", count=count - 1, moving=moving)
    if count == 1:
        return Message.of("explain.equal_none")
    return Message.of("explain.equal_others", count=count - 1, moving=moving)


def tell_equal_choices(rows: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Say of a sector that some of the equally good programmes hold it, and others don't."""
    return [
        Message.of(
            "explain.equal_sector", count=int(row["in_count"]), whole=int(row["choices_count"])
        )
        for row in rows
        if bool(row["complete"])
    ]
