"""What the map draws: checked tables and the words that go with them, whatever made them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import geopandas as gpd
import pandas as pd

from planner.plan import Plan
from planner.provenance import Origin
from planner.schemas import contract
from planner.vocab import Level

__all__ = ["MapData", "absent"]

_REQUIRED: Final = ("region", "departements", "epci", "communes")
_OPTIONAL: Final = (
    "villes_moyennes", "sectors", "zones", "coverage", "programme", "contributions", "balances",
    "costs", "schedule",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MapData:
    """Everything that the map shows; each table keeps the contract of its name, sorted by key.

    Parameters
    ----------
    name
        Short name of the scenario.
    title
        Title of the page.
    status
        ``proposed``, ``voted`` or ``adopted``.
    version
        Version of the scenario, the reader's own.
    reference_date
        Day that coverage is measured on.
    vintage
        Year of the map of communes; None when unknown.
    region, departements, epci, communes
        The territory.
    villes_moyennes, sectors, zones, coverage, programme, contributions, balances, costs, schedule
        The plan; any of them may be empty.  ``coverage`` holds the rows of ``reference_date`` only.
    origins
        Where each layer comes from.
    """

    name: str
    title: str
    status: str
    version: str
    reference_date: dt.date
    vintage: int | None
    region: gpd.GeoDataFrame
    departements: gpd.GeoDataFrame
    epci: gpd.GeoDataFrame
    communes: gpd.GeoDataFrame
    villes_moyennes: pd.DataFrame
    sectors: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    coverage: pd.DataFrame
    programme: pd.DataFrame
    contributions: pd.DataFrame
    balances: pd.DataFrame
    costs: pd.DataFrame
    schedule: pd.DataFrame
    origins: tuple[Origin, ...]

    @classmethod
    def from_tables(
        cls,
        *,
        name: str,
        title: str,
        reference_date: dt.date,
        status: str = "proposed",
        version: str = "1",
        vintage: int | None = None,
        origins: tuple[Origin, ...] = (),
        **tables: pd.DataFrame,
    ) -> Self:
        """Check the tables and keep what the map needs of them.

        Parameters
        ----------
        name, title, reference_date, status, version, vintage, origins
            As in :class:`MapData`.
        **tables
            Tables by the names of their contracts: ``region``, ``departements``, ``epci`` and
            ``communes`` are needed, the others may be left out.

        Raises
        ------
        ContractError
            When a table breaks its contract.
        LookupError
            When a needed table is missing, or the map has no use for one.
        """
        missing = set(_REQUIRED) - set(tables)
        unknown = set(tables) - {field.name for field in fields(cls)}
        if missing or unknown:
            raise LookupError(f"map: missing {sorted(missing)}, without use {sorted(unknown)}")
        kept: dict[str, Any] = {}
        for table in (*_REQUIRED, *_OPTIONAL):
            frame = tables.get(table, contract(table).empty())
            contract(table).check(frame)
            kept[table] = contract(table).select(frame)
        coverage = kept["coverage"]
        days = pd.to_datetime(coverage["on"]).dt.date
        kept["coverage"] = coverage[days == reference_date].reset_index(drop=True)
        return cls(
            name=name, title=title, status=status, version=version, vintage=vintage,
            reference_date=reference_date, origins=origins, **kept,
        )  # fmt: skip

    @classmethod
    def from_plan(cls, plan: Plan, *, lang: str = "fr") -> Self:
        """Take what the map shows from a plan, its reasons in ``lang``."""
        territory, scenario = plan.territory, plan.scenario
        return cls.from_tables(
            name=scenario.name,
            title=scenario.title,
            status=scenario.status,
            version=scenario.version,
            reference_date=scenario.reference_date,
            vintage=territory.vintage,
            origins=territory.origins,
            region=territory.region,
            departements=territory.departements,
            epci=territory.epci,
            communes=territory.communes,
            villes_moyennes=territory.villes_moyennes,
            sectors=territory.sectors,
            zones=territory.zones,
            coverage=plan.coverage.table,
            programme=plan.programme.in_language(lang),
            contributions=plan.contributions,
            balances=plan.balances,
            costs=plan.costs,
            schedule=plan.schedule,
        )

    def coverage_of(self, level: Level) -> dict[str, Mapping[str, Any]]:
        """Return the rows of coverage of one level by code, absent values as None."""
        rows = self.coverage[self.coverage["level"].astype("str") == level.value]
        return {row["code"]: row for row in records(rows)}

    @property
    def region_row(self) -> Mapping[str, Any] | None:
        """The coverage of the region, when it was measured."""
        return next(iter(self.coverage_of(Level.REGION).values()), None)

    @property
    def public_only(self) -> bool:
        """Whether rates leave the private zone out, as no state of it is known."""
        row = self.region_row
        return row is not None and row["denominator_count"] != row["premises_count"]

    @property
    def synthetic_layers(self) -> tuple[str, ...]:
        """Names of the layers that are made up, in order."""
        found = {origin.layer for origin in self.origins if origin.synthetic}
        for table in ("sectors", "zones", "coverage"):
            frame = getattr(self, table)
            if len(frame) and frame["synthetic"].fillna(value=False).astype(bool).any():
                found.add(table)
        return tuple(sorted(found))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows without geometry, absent values as None and numbers as Python's."""
    plain = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    columns = {
        str(name): [absent(value) for value in column.astype("object")]
        for name, column in plain.items()
    }
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def absent(value: Any) -> Any:  # noqa: ANN401 (cells of any type)
    """Return None for an absent cell, Python's own number for numpy's, else the value."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124 (NaN)
        return None
    return value.item() if hasattr(value, "item") else value
