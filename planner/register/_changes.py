"""Which answers are no longer the same, and whose personal data has been kept long enough."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from planner.schemas import contract
from planner.vocab import RequestEvent

__all__ = ["compare_assessments", "requests_past_retention", "years_later"]

_ANSWER = (
    "eligibility", "sector_id", "planned_quarter", "duplicate_of", "solution", "distance_m",
    "along_network", "cost_cents",
)  # fmt: skip


def compare_assessments(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the requests whose answer changed, and these alone.

    An answer is the eligibility, the sector, the quarter planned, the request repeated, the
    solution, the distance and the cost: a request is listed when any of them differs, when it is
    new, or when it is gone.

    Parameters
    ----------
    before, after
        Contract ``request_assessments``.

    Returns
    -------
    DataFrame
        Contract ``request_changes``, sorted by request.
    """
    table = contract("request_changes")
    old, new = _answers(before), _answers(after)
    rows = []
    for request in sorted(old.keys() | new.keys()):
        was, now = old.get(request), new.get(request)
        if was == now:
            continue
        was, now = was or {}, now or {}
        rows.append(
            (
                request, was.get("eligibility"), now.get("eligibility"),
                was.get("planned_quarter"), now.get("planned_quarter"),
                was.get("cost_cents"), now.get("cost_cents"),
            )
        )  # fmt: skip
    if not rows:
        return table.empty()
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    return frame.astype(
        {name: "str" if kind == "str" else "Int64" for name, kind in _types(table).items()}
    )


def _types(table: object) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}  # type: ignore[attr-defined]


def _answers(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    return {
        str(row["request_id"]): {
            name: None if pd.isna(row[name]) else row[name] for name in _ANSWER
        }
        for row in table[["request_id", *_ANSWER]].to_dict("records")
    }  # fmt: skip


def requests_past_retention(journal: pd.DataFrame, *, on: dt.date, years: int) -> tuple[str, ...]:
    """Return the requests whose last event is older than the retention, the erased ones left out.

    Parameters
    ----------
    journal
        Contract ``request_journal``.
    on
        The day of the question.
    years
        How long personal data is kept after the last event that isn't an assessment.
    """
    erased = set(journal.loc[journal["event"] == RequestEvent.ERASED.value, "request_id"])
    # assessing again is our doing: it doesn't prolong what the person agreed to
    lived = journal[journal["event"] != RequestEvent.ASSESSED.value]
    last = lived.groupby("request_id")["on"].max()
    return tuple(
        sorted(
            str(request)
            for request, day in last.items()
            if request not in erased and years_later(pd.Timestamp(day).date(), years) <= on
        )
    )


def years_later(day: dt.date, years: int) -> dt.date:
    """Return the same day of a later year; 29 February gives 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
