"""A GraceTHD delivery in a territory: premises, sectors and what exists, each where it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import pandas as pd

from planner.errors import MissingLayerError
from planner.findings import Finding, Findings
from planner.io import read_gracethd
from planner.io.gracethd import GraceTHD
from planner.premises import check_state_changes
from planner.progress import Notify, stage
from planner.provenance import Origin
from planner.scenario import Scenario
from planner.territory import Territory
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["Delivered", "read_delivered"]

_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "premises": ("t_adresse", "t_suf"),
    "sectors": ("t_zsro",),
    "infrastructure": ("t_sitetech", "t_cheminement", "t_ptech"),
}
"""What each part is read from."""
_INFRASTRUCTURE: Final = (
    "existing_sites", "infrastructure", "infrastructure_points", "service_areas",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a delivery brings.

    Parameters
    ----------
    territory
        The territory with the premises, their states and what exists, where they are there.
    premises
        Whether its premises are taken.
    sectors
        The areas of PM as sectors, or None when they aren't taken.
    origin
        Where it comes from.
    """

    territory: Territory
    premises: bool = False
    sectors: gpd.GeoDataFrame | None = None
    origin: Origin | None = None


def read_delivered(territory: Territory, scenario: Scenario, notify: Notify) -> Delivered:
    """Read the GraceTHD delivery that a scenario names; without one, nothing changes.

    Raises
    ------
    DataFileError
        When it can't be read, or none of its tables is GraceTHD's.
    MissingLayerError
        When nothing that it holds lies in the territory, or none of the parts is there.
    """
    asked = scenario.gracethd
    if asked.path is None:
        return Delivered(territory=territory)
    with stage(notify, "stage.gracethd"):
        read = read_gracethd(
            scenario.resolve(asked.path), crs=asked.crs, encoding=asked.encoding, on=asked.on
        )
    there = _there(read)
    taken = [part for part in asked.parts if there[part]]
    _refuse_elsewhere(read, taken, territory)
    found = [
        Finding.of(
            f"prepare.gracethd_no_{part}", severity=Severity.WARNING, table=part,
            place=read.origin.title or read.origin.source, tables=", ".join(_TABLES[part]),
        )
        for part in asked.parts
        if not there[part]
    ]  # fmt: skip
    territory = _with_rejected(territory, read.rejected_rows).with_findings(
        read.findings, Findings.collect(found)
    )
    if "premises" in taken:
        territory = territory.with_tables(
            premises=read.premises, state_changes=read.state_changes
        ).with_origin(
            replace(read.origin, layer="premises", rows=len(read.premises)),
            replace(read.origin, layer="state_changes", rows=len(read.state_changes)),
        )
        territory = territory.with_findings(
            check_state_changes(read.premises, read.state_changes, on=scenario.reference_date)
        )
    if "infrastructure" in taken:
        tables = {name: table for name in _INFRASTRUCTURE if len(table := getattr(read, name))}
        territory = territory.with_tables(delivered=tables).with_origin(
            *(replace(read.origin, layer=name, rows=len(table)) for name, table in tables.items())
        )
    return Delivered(
        territory=territory,
        premises="premises" in taken,
        sectors=_sectors(read.sectors) if "sectors" in taken else None,
        origin=replace(read.origin, layer="sectors", rows=len(read.sectors)),
    )


def _sectors(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas without the columns that no delivery has: they are derived, and said."""
    unknown = [name for name in areas.columns if areas[name].isna().all()]
    kept: gpd.GeoDataFrame = areas.drop(columns=unknown)
    return kept


def _there(read: GraceTHD) -> dict[str, bool]:
    """Tell which parts a delivery holds."""
    return {
        "premises": bool(len(read.premises)),
        "sectors": bool(len(read.sectors)),
        # areas alone say where a PM serves, not what exists
        "infrastructure": any(len(getattr(read, name)) for name in _INFRASTRUCTURE[:-1]),
    }


def _refuse_elsewhere(read: GraceTHD, taken: Sequence[str], territory: Territory) -> None:
    """Refuse a delivery that brings nothing, or nothing in the territory."""
    place = read.origin.title or read.origin.source
    if not taken:
        raise MissingLayerError(
            Message.of("prepare.gracethd_empty", place=place),
            Message.of("prepare.gracethd_empty_remedy"),
        )
    west, south, east, north = territory.region.total_bounds
    boxes = [
        getattr(read, name).total_bounds
        for name in ("sectors", *_INFRASTRUCTURE)
        if len(getattr(read, name))
    ]
    if len(read.premises):
        axes = read.premises[["x_m", "y_m"]]
        boxes.append([*axes.min(), *axes.max()])
    if not any(b[0] <= east and b[2] >= west and b[1] <= north and b[3] >= south for b in boxes):
        raise MissingLayerError(
            Message.of("prepare.gracethd_elsewhere", place=place, territory=territory.title),
            Message.of("prepare.gracethd_elsewhere_remedy"),
        )


def _with_rejected(territory: Territory, rejected: pd.DataFrame) -> Territory:
    if rejected.empty:
        return territory
    parts = [part for part in (territory.rejected_rows, rejected) if len(part)]
    return territory.with_tables(rejected_rows=pd.concat(parts, ignore_index=True))
