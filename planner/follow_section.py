"""The section of a scenario that says how an adopted programme is followed."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DeadlineRule", "FollowUpSource", "OpeningTerm"]

Quarter = Annotated[str, Field(pattern=r"^\d{4}-T[1-4]$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class DeadlineRule(_Frozen):
    """How long a PM area made available from a day on has to be complete."""

    since: dt.date = Field(title="First day on which a PM made available falls under it")
    years: int = Field(ge=1, le=10, title="Years up to the deadline")
    source: str = ""


class OpeningTerm(_Frozen):
    """How long after a PM is made available it opens to operators."""

    since: dt.date = Field(title="First day on which a PM made available falls under it")
    months: int = Field(ge=0, le=24, title="Months up to the opening")
    source: str = ""


def _default_deadlines() -> tuple[DeadlineRule, ...]:
    return (
        DeadlineRule(
            since=dt.date(2010, 12, 14), years=5,
            source="ARCEP, décision 2010-1312 : 2 à 5 ans ; 5 retenus, hypothèse à fixer",
        ),
    )  # fmt: skip


def _default_openings() -> tuple[OpeningTerm, ...]:
    return (
        OpeningTerm(
            since=dt.date(2010, 12, 14), months=3,
            source="ouverture commerciale réglementaire : mise à disposition du PM + 3 mois",
        ),
    )  # fmt: skip


class FollowUpSource(_Frozen):
    """How an adopted programme is followed; paths are the scenario's own."""

    source: Literal["none", "files", "example"] = Field(
        "none", title="Not followed, from files, or a synthetic example on published totals"
    )
    baseline: str | None = Field(
        None, title="Folder of the adopted outputs, or table baseline; absent: this plan's own"
    )
    phases: tuple[Literal["1", "2", "3"], ...] = Field(
        ("1", "2", "3"), title="Phases promised, when the baseline is this plan's own"
    )
    progress: str | None = Field(None, title="Table progress_counts")
    pm_areas: str | None = Field(None, title="Table pm_areas")
    operators: str | None = Field(None, title="Table sector_operators")
    sales: str | None = Field(None, title="Table sales")
    reasons: str | None = Field(None, title="Table slip_reasons")
    spread: Literal["pro_rata", "in_order"] = Field(
        "pro_rata", title="How a count of a place is spread over its sectors"
    )
    quarter: Quarter | None = Field(None, title="Absent: the last one observed")
    ahead_quarters: int = Field(8, ge=1, le=80, title="How far curves are forecast")
    completeness: tuple[DeadlineRule, ...] = Field(default_factory=_default_deadlines)
    opening: tuple[OpeningTerm, ...] = Field(default_factory=_default_openings, min_length=1)
