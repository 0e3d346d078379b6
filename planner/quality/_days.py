"""Days and states: dates that can't be, states that contradict them, rates above 100 %."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.findings import Finding
from planner.premises import sift_state_changes
from planner.quality._anomalies import Batch, click_points
from planner.quality._rules import QualityRules
from planner.quality._shapes import keys_of
from planner.quality._tables import places_of
from planner.territory import Territory
from planner.timeline import is_among
from planner.vocab import DeliberationState, Level, PremiseState, SectorStage, Severity, Term

__all__ = ["find_contradictions", "find_over_100", "find_wrong_days"]

Places = Mapping[str, tuple[float, float]]

_DATED: Final = ("state_changes", "stage_changes", "deliberations")
_AT_DAY: Final = ("state_changes", "stage_changes")
_FAR_FUTURE: Final = dt.date(2100, 1, 1)


def _rows_batch(
    rule: str,
    severity: Severity,
    table: str,
    frame: pd.DataFrame,
    rows: NDArray[np.intp],
    at: NDArray[np.float64],
    **values: list[Any],
) -> Batch:
    """Make a batch of rows, the day in words; a row without a day is named by its key alone."""
    part = frame.iloc[rows]
    keys = keys_of(table, part.assign(on=part["on"].dt.strftime("%Y-%m-%d")))
    days = [None if pd.isna(day) else day.date() for day in part["on"]]
    return Batch(
        rule=rule, severity=severity, table=table, column="on", keys=keys,
        facts={"on": days, **values}, x_m=at[:, 0], y_m=at[:, 1],
    )  # fmt: skip


def _where(
    table: str, frame: pd.DataFrame, rows: NDArray[np.intp], places: Mapping[str, Places]
) -> NDArray[np.float64]:
    """Return where the rows are: the premise, the sector or the EPCI that they speak of."""
    names = frame.iloc[rows, 0].astype(str)
    at: NDArray[np.float64] = places_of(names.tolist(), places.get(table, {}))
    return at


def premise_places(premises: pd.DataFrame, ids: pd.Series[Any]) -> Places:
    """Return the positions of some premises, by identifier."""
    wanted = premises.loc[is_among(premises["premise_id"], ids), ["premise_id", "x_m", "y_m"]]
    return {
        str(key): (float(x), float(y)) for key, x, y in wanted.itertuples(index=False, name=None)
    }


def find_wrong_days(
    territory: Territory, places: Mapping[str, Places], *, on: dt.date | None, rules: QualityRules
) -> Iterator[Batch]:
    """Find dates before fibre was or beyond this century, and changes after the measure."""
    first, last = pd.Timestamp(rules.first_day), pd.Timestamp(_FAR_FUTURE)
    for table in _DATED:
        frame = getattr(territory, table)
        if frame.empty:
            continue
        days = frame["on"]
        rows = np.flatnonzero(((days < first) | (days >= last)).to_numpy(dtype=bool))
        if rows.size:
            at = _place(territory, table, frame, rows, places)
            yield _rows_batch(
                "dates.impossible", Severity.SERIOUS, table, frame, rows, at,
                first=[rules.first_day] * len(rows), last=[_FAR_FUTURE] * len(rows),
            )  # fmt: skip
        if on is None or table not in _AT_DAY:
            continue
        late = (days > pd.Timestamp(on)) & (days < last)
        rows = np.flatnonzero(late.to_numpy(dtype=bool))
        if rows.size:
            at = _place(territory, table, frame, rows, places)
            yield _rows_batch(
                "dates.future", Severity.WARNING, table, frame, rows, at, measure=[on] * len(rows)
            )


def _place(
    territory: Territory,
    table: str,
    frame: pd.DataFrame,
    rows: NDArray[np.intp],
    places: Mapping[str, Places],
) -> NDArray[np.float64]:
    if table != "state_changes":
        return _where(table, frame, rows, places)
    named = frame["premise_id"].iloc[rows].astype(str)
    return _where(table, frame, rows, {table: premise_places(territory.premises, named)})


def find_contradictions(
    territory: Territory, places: Mapping[str, Places], *, on: dt.date
) -> Iterator[Batch]:
    """Find states that go back in time, stages that do, votes that their date contradicts."""
    if len(territory.state_changes):
        changes, broken = sift_state_changes(territory.premises, territory.state_changes, on=on)
        yield from _steps_back(
            territory, "state_changes", changes, "state", PremiseState, places,
            broken["state_back"] | broken["state_revived"],
        )  # fmt: skip
    if len(territory.stage_changes):
        changes = territory.stage_changes.sort_values(["sector_id", "on"], kind="stable")
        ids = changes["sector_id"].astype(str).to_numpy(dtype=object)
        order = {stage.value: k for k, stage in enumerate(SectorStage)}
        step = changes["stage"].astype(object).map(order).to_numpy(dtype=np.int64)
        same = np.append(False, ids[1:] == ids[:-1])[: len(ids)]
        before = np.append(0, step[:-1])[: len(ids)]
        yield from _steps_back(
            territory, "stage_changes", changes, "stage", SectorStage, places,
            same & (step < before),
        )  # fmt: skip
    votes = territory.deliberations
    if len(votes):
        states = votes["state"].astype(str).to_numpy(dtype=object)
        voted = np.isin(states, [DeliberationState.VOTED.value, DeliberationState.REFUSED.value])
        rows = np.flatnonzero(voted == votes["on"].isna().to_numpy(dtype=bool))
        if rows.size:
            at = _where("deliberations", votes, rows, places)
            yield Batch(
                rule="states.vote_against_date", severity=Severity.WARNING, table="deliberations",
                column="on", keys=votes["epci_siren"].iloc[rows].astype(str).tolist(),
                facts={
                    "state": [DeliberationState(code) for code in states[rows]],
                    "on": [None if pd.isna(day) else day.date() for day in votes["on"].iloc[rows]],
                },
                x_m=at[:, 0], y_m=at[:, 1],
            )  # fmt: skip


def _steps_back(
    territory: Territory,
    table: str,
    changes: pd.DataFrame,
    column: str,
    terms: type[Term],
    places: Mapping[str, Places],
    wrong: NDArray[np.bool_],
) -> Iterator[Batch]:
    rows = np.flatnonzero(wrong)
    if not rows.size:
        return
    codes = changes[column].astype(str).to_numpy(dtype=object)
    days = changes["on"].to_numpy()
    at = _place(territory, table, changes, rows, places)
    yield _rows_batch(
        "states.against_dates", Severity.SERIOUS, table, changes, rows, at,
        now=[terms(code) for code in codes[rows]],
        before=[terms(code) for code in codes[rows - 1]],
        before_on=[pd.Timestamp(day).date() for day in days[rows - 1]],
    )  # fmt: skip


def find_over_100(territory: Territory, findings: list[Finding]) -> Iterator[Batch]:
    """Draw the territories where more premises are served than there are."""
    over = [f for f in findings if f.rule == "coverage.over_100"]
    if not over:
        return
    shapes = np.array([_shape_of(territory, f) for f in over], dtype=object)
    at = click_points(shapes)
    values = [dict(f.values) for f in over]
    yield Batch(
        rule="coverage.over_100", severity=Severity.WARNING, table="coverage",
        column="coverage_rate",
        keys=[f"{value['level']}/{f.place}" for f, value in zip(over, values, strict=True)],
        facts={
            name: [value[name] for value in values]
            for name in ("level", "nom", "numerator", "denominator")
        } | {"code": [f.place for f in over]},
        x_m=at[:, 0], y_m=at[:, 1], shapes=shapes,
    )  # fmt: skip


def _shape_of(territory: Territory, finding: Finding) -> Any:  # noqa: ANN401 (a shape or None)
    level = dict(finding.values)["level"]
    table, key = {
        Level.REGION: (territory.region, "code"),
        Level.DEPARTEMENT: (territory.departements, "code"),
        Level.EPCI: (territory.epci, "siren"),
        Level.COMMUNE: (territory.communes, "insee"),
        Level.ZONE: (territory.zones, "zone_id"),
        Level.SECTOR: (territory.sectors, "sector_id"),
    }[Level(str(level))]
    found = table.loc[table[key].astype(str) == finding.place, "geometry"]
    return None if found.empty else found.iloc[0]
