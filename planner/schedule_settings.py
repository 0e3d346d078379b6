"""How fast the works can go: the ``schedule`` section of a scenario."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["CapacityRow", "Frozen", "Quarter", "ScheduleRules", "TradeRow"]


def _quarter(text: str) -> str:
    if not re.fullmatch(r"\d{4}-T[1-4]", text):
        raise ValueError("AAAA-T1 … AAAA-T4")
    return text


Quarter = Annotated[str, AfterValidator(_quarter)]


class Frozen(BaseModel):
    """A section of a scenario: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class CapacityRow(Frozen):
    """What can be built each year for one phase."""

    phase: Literal["1", "2", "3"]
    first_quarter: Quarter
    last_quarter: Quarter | None = Field(None, title="Absent: until all is done")
    lines_per_year: int = Field(ge=1, title="Most lines a calendar year")
    budget_eur_per_year: int | None = Field(None, ge=0, title="Most euros a calendar year")
    source: str = ""


def _default_capacity() -> tuple[CapacityRow, ...]:
    report = "rapport d'activité 2017 : phase 1 de 2015 à 2019 ; rythme choisi pour l'exemple"
    public = "phase 2 : environ 400 000 lignes sur 2019-2023 (source publique)"
    press = "phase 3 : environ 600 000 lignes sur 2023-2026 (presse)"
    return (
        CapacityRow(
            phase="1", first_quarter="2018-T1", last_quarter="2019-T4",
            lines_per_year=95_000, budget_eur_per_year=230_000_000, source=report,
        ),
        CapacityRow(
            phase="2", first_quarter="2019-T1", last_quarter="2023-T4",
            lines_per_year=82_000, budget_eur_per_year=200_000_000, source=public,
        ),
        CapacityRow(
            phase="3", first_quarter="2023-T1",
            lines_per_year=150_000, budget_eur_per_year=400_000_000, source=press,
        ),
    )  # fmt: skip


class TradeRow(Frozen):
    """A trade through whose hands every sector passes."""

    name: str = Field(min_length=1, title="Name, as printed")
    duration_quarters: int = Field(ge=1, title="Quarters that it works on a sector")
    lines_per_quarter: int = Field(ge=1, title="Most lines a quarter, all phases together")
    source: str = ""
    synthetic: bool = False


def _example_trades() -> tuple[TradeRow, ...]:
    example = "exemple : durées et capacités choisies au-dessus du rythme public des trois phases"
    return tuple(
        TradeRow(
            name=name, duration_quarters=quarters, lines_per_quarter=lines, source=example,
            synthetic=True,
        )
        for name, quarters, lines in (
            ("études", 2, 48_000), ("génie civil", 2, 46_000), ("câblage", 1, 45_000)
        )
    )  # fmt: skip


class ScheduleRules(Frozen):
    """How fast the works can go; all but ``rule`` and ``capacity`` is for the rule of works."""

    rule: Literal["fill", "works"] = Field(
        "fill", title="Quarters filled in order, or the least delay under trades and precedence"
    )
    capacity: tuple[CapacityRow, ...] = Field(default_factory=_default_capacity)
    trades: tuple[TradeRow, ...] = Field(
        default_factory=_example_trades, title="Trades, in their order in time"
    )
    deadlines: str | None = Field(
        None, title="File of voted or regulatory deadlines, contract works_deadlines"
    )
    after_quarters: int = Field(
        0, ge=0, title="Quarters between a sector and the one through which it is served"
    )
    completeness_years: int | None = Field(
        None,
        ge=2,
        le=5,
        title="Years in which all sectors behind an NRO follow its first one; absent: no limit",
    )
    quarter_share: float | None = Field(
        0.27,
        gt=0,
        le=1,
        title="Most of a year's lines that one quarter may open, raised where a phase could not be "
        "done in time; absent: a year's lines may all open in its first quarter",
    )
    smooth_share: float = Field(
        0.005, ge=0, le=0.2, title="Share of the total delay given up for a steadier load"
    )
