"""Every rule on a territory, and on a plan where there is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.findings import Findings
from planner.quality._anomalies import Anomalies, Batch, click_points
from planner.quality._days import find_contradictions, find_over_100, find_wrong_days
from planner.quality._points import (
    CommuneIndex,
    find_misplaced,
    find_outside_sectors,
    find_twins,
)
from planner.quality._rules import QualityRules
from planner.quality._shapes import find_gaps, find_overlaps, find_wrong_shapes
from planner.quality._tables import (
    find_count_mismatches,
    find_figure_mismatches,
    find_orphans,
    find_set_aside,
    find_twice_named,
    find_unknown_codes,
)
from planner.schemas import CONTRACTS
from planner.territory import Territory
from planner.vocab import Severity

__all__ = ["RULES", "check_quality"]

RULES: Final = (
    "geometry.empty", "geometry.invalid",
    "sectors.overlap", "sectors.gap", "sectors.count_mismatch", "sectors.shares_mismatch",
    "premises.no_position", "premises.out_of_commune", "premises.duplicate",
    "premises.outside_sectors",
    "dates.impossible", "dates.future", "states.against_dates", "states.vote_against_date",
    "coverage.over_100",
    "codes.unknown_epci", "codes.unknown_commune", "codes.unknown_departement",
    "referential.mismatch", "keys.duplicate", "keys.orphan", "rows.set_aside", "contract.cell",
)  # fmt: skip
"""Stable identifiers of every rule; ``quality.<rule>_about`` says what each looks for."""

_WORST_FIRST: Final = tuple(reversed(Severity.codes()))
_RULES: Final = QualityRules()
_UNDATED: Final = dt.date(2100, 1, 1)  # without a day of measure nothing is in the future


class Answered(Protocol):
    """What the checks look at in a plan (:class:`planner.plan.Plan`)."""

    @property
    def scenario(self) -> Any:  # noqa: ANN401 (a scenario, or what stands for one)
        """What was asked: its day of measure."""

    @property
    def findings(self) -> Findings:
        """What the steps found."""

    @property
    def more(self) -> Mapping[str, pd.DataFrame]:
        """Tables of further rooms."""


def check_quality(
    territory: Territory,
    plan: Answered | None = None,
    *,
    on: dt.date | None = None,
    rules: QualityRules = _RULES,
) -> Anomalies:
    """Look for what is wrong in the data, row by row, with the place to click.

    Nothing is repaired and nothing is refused.  Every table is looked at in the order of its keys,
    so that the order of its rows says nothing.

    Parameters
    ----------
    territory
        What was read, generated and joined; EPSG:2154.
    plan
        The answer on this territory, where there is one: its rates above 100 %, its day of measure
        and its further tables are looked at too.
    on
        Day of the measure, by default the plan's: later changes of state or stage are listed.
    rules
        From where on something is worth being shown.

    Returns
    -------
    Anomalies
        By severity, rule and table.

    Examples
    --------
    >>> from planner.toy import toy_territory
    >>> check_quality(toy_territory()).count("sectors.gap")
    0
    """
    if plan is not None and on is None:
        on = plan.scenario.reference_date
    tables = _tables(territory, {} if plan is None else plan.more)
    index = CommuneIndex(territory.communes)
    batches = [*_of_shapes(territory, tables, rules), *_of_premises(territory, index, rules)]
    batches += _of_tables(territory, tables, on, rules)
    if plan is not None:
        batches += find_over_100(territory, list(plan.findings))
    batches.sort(key=lambda b: (_WORST_FIRST.index(b.severity.value), b.rule, b.table, b.column))
    shown = tuple(batch.first(rules.listed_count) for batch in batches)
    return Anomalies(
        batches=shown,
        synthetic=_made_up(territory, tables),
        communes=tuple(index.codes_at(b.x_m, b.y_m, len(b)) for b in shown),
    )


def _tables(territory: Territory, more: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    own = {name: getattr(territory, name, None) for name in CONTRACTS}
    return {
        name: frame for name, frame in (own | dict(more)).items() if isinstance(frame, pd.DataFrame)
    }


def _of_shapes(
    territory: Territory, tables: Mapping[str, pd.DataFrame], rules: QualityRules
) -> Iterator[Batch]:
    yield from find_wrong_shapes(tables)
    if territory.sectors.empty:
        return
    yield from find_overlaps(territory.sectors, rules=rules)
    yield from find_gaps(territory.sectors, territory.communes, territory.premises, rules=rules)
    yield from find_count_mismatches(territory)


def _of_premises(territory: Territory, index: CommuneIndex, rules: QualityRules) -> Iterator[Batch]:
    premises = territory.premises
    if premises.empty:
        return
    located = index.locate(
        premises["x_m"].to_numpy(dtype=np.float64), premises["y_m"].to_numpy(dtype=np.float64)
    )
    yield from find_misplaced(premises, index, located, rules=rules)
    yield from find_twins(premises)
    if len(territory.sectors):
        yield from find_outside_sectors(premises, index, located)


def _of_tables(
    territory: Territory,
    tables: Mapping[str, pd.DataFrame],
    on: dt.date | None,
    rules: QualityRules,
) -> Iterator[Batch]:
    places = _places(territory)
    yield from find_twice_named(tables)
    yield from find_unknown_codes(territory)
    yield from find_orphans(territory)
    yield from find_figure_mismatches(territory, places["premises_figures"], rules=rules)
    yield from find_wrong_days(territory, places, on=on, rules=rules)
    yield from find_contradictions(territory, places, on=on or _UNDATED)
    yield from find_set_aside(territory.rejected_rows)


def _places(territory: Territory) -> dict[str, dict[str, tuple[float, float]]]:
    """Return a point to click for the rows of the tables that have no geometry of their own."""
    return {
        "stage_changes": _points(territory.sectors, "sector_id"),
        "deliberations": _points(territory.epci, "siren"),
        "premises_figures": _points(territory.communes, "insee"),
    }


def _points(layer: gpd.GeoDataFrame, key: str) -> dict[str, tuple[float, float]]:
    if layer.empty:
        return {}
    at = click_points(layer.geometry.to_numpy())
    return {str(name): (float(x), float(y)) for name, (x, y) in zip(layer[key], at, strict=True)}


def _made_up(territory: Territory, tables: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """Return the tables that are made up, wholly or in part."""
    named = {origin.layer for origin in territory.origins if origin.synthetic}
    flagged = {
        name
        for name, frame in tables.items()
        if "synthetic" in frame.columns and frame["synthetic"].any()
    }
    return frozenset(named | flagged)
