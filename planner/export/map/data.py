"""What the map draws: checked tables and the words that go with them, whatever made them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Final, Self

import geopandas as gpd
import pandas as pd

from planner.errors import UnknownNameError
from planner.export.map.premises import Points, points_of
from planner.names import is_part
from planner.plan import Plan
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import Level

__all__ = ["Change", "MapData", "absent", "records"]

_REQUIRED: Final = ("region", "departements", "epci", "communes")
_NETWORK: Final = ("nro", "pm", "routes", "network_sectors")
_OPTIONAL: Final = (
    "communes_history", "villes_moyennes", "sectors", "zones", "coverage", "programme",
    "contributions", "balances", "costs", "schedule", "advice", "axe3_sites",
    "sector_follow_up", *_NETWORK,
)  # fmt: skip
_CELL: Final = (
    "insee", "sector_id", "premises_count", "serviceable_count", "stateless_count",
    "denominator_count",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """What changes from a first plan to the one that the map shows.

    Parameters
    ----------
    before, after
        What people call the two plans.
    before_version, before_status
        Version and status of the first one.
    sectors
        Contract ``sector_differences``.
    table
        Contract ``differences``.
    programme
        The first plan, one row a sector: ``sector_id``, ``phase``, ``reason``, ``quarter`` and
        ``year`` (the last two absent where it has no date).
    causes
        Inputs and rules that differ, in words.
    cost_unknown
        Why the costs of works can't be compared; None where they are.
    """

    before: str
    after: str
    before_version: str
    before_status: str
    sectors: pd.DataFrame
    table: pd.DataFrame
    programme: pd.DataFrame
    causes: tuple[Message, ...] = ()
    cost_unknown: Message | None = None

    def of(self, level: Level) -> Mapping[str, Mapping[str, Any]]:
        """Return the differences of one level by code; what doesn't move has none."""
        rows = self.table[self.table["level"].astype(str) == level.value]
        return {row["code"]: row for row in records(rows)}


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
    communes_history, villes_moyennes, sectors, zones, coverage, programme, contributions,
    balances, costs, schedule, sector_follow_up
        The plan; any of them may be empty.  ``coverage`` holds the rows of ``reference_date`` only.
    origins
        Where each layer comes from.
    layer
        Premises with their phase and state (:meth:`planner.plan.Plan.premises_layer`), or None.
    cells
        Counts by commune and sector on ``reference_date``, ``sector_id`` absent outside sectors:
        what a date of the programme is counted from.  May be empty.
    level, code
        What the map is of: the region, or one département or EPCI of it.
    change
        What changes from another plan to this one, where two are compared.
    advice
        Contract ``advice``; may be empty.
    axe3_sites
        Contract ``axe3_sites``; may be empty.
    nro, pm, routes, network_sectors
        The network that was designed, under the contracts of these names; may be empty.
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
    communes_history: pd.DataFrame
    villes_moyennes: pd.DataFrame
    sectors: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    coverage: pd.DataFrame
    programme: pd.DataFrame
    contributions: pd.DataFrame
    balances: pd.DataFrame
    costs: pd.DataFrame
    schedule: pd.DataFrame
    sector_follow_up: pd.DataFrame
    origins: tuple[Origin, ...]
    layer: pd.DataFrame | None = None
    cells: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_CELL)))
    level: Level = Level.REGION
    code: str = ""
    change: Change | None = None
    advice: pd.DataFrame = field(default_factory=lambda: contract("advice").empty())
    axe3_sites: pd.DataFrame = field(default_factory=lambda: contract("axe3_sites").empty())
    nro: pd.DataFrame = field(default_factory=lambda: contract("nro").empty())
    pm: pd.DataFrame = field(default_factory=lambda: contract("pm").empty())
    routes: pd.DataFrame = field(default_factory=lambda: contract("routes").empty())
    network_sectors: pd.DataFrame = field(
        default_factory=lambda: contract("network_sectors").empty()
    )

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
        layer: pd.DataFrame | None = None,
        cells: pd.DataFrame | None = None,
        **tables: pd.DataFrame,
    ) -> Self:
        """Check the tables and keep what the map needs of them.

        Parameters
        ----------
        name, title, reference_date, status, version, vintage, origins, layer, cells
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
        if cells is None:
            cells = pd.DataFrame(columns=list(_CELL))
        elif len(cells):
            cells = cells.loc[cells["premises_count"] > 0, list(_CELL)]
            cells = cells.sort_values(["insee", "sector_id"], ignore_index=True)
        return cls(
            name=name, title=title, status=status, version=version, vintage=vintage,
            reference_date=reference_date, origins=origins, layer=layer, cells=cells,
            code=str(kept["region"]["code"].iloc[0]) if len(kept["region"]) else "", **kept,
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
            communes_history=territory.communes_history,
            villes_moyennes=territory.villes_moyennes,
            sectors=territory.sectors,
            zones=territory.zones,
            coverage=plan.coverage.table,
            programme=plan.programme.in_language(lang),
            contributions=plan.contributions,
            balances=plan.balances,
            costs=plan.costs,
            schedule=plan.schedule,
            advice=territory.advice,
            axe3_sites=plan.more.get("axe3_sites", contract("axe3_sites").empty()),
            **{n: t for n, t in plan.more.items() if n in {"sector_follow_up", *_NETWORK}},
            layer=plan.premises_layer() if len(territory.premises) else None,
            cells=_cells(plan),
        )

    def focus(self, level: Level, code: str) -> Self:
        """Keep what concerns one EPCI or one département.

        Premises are those of its communes; a sector that reaches into it is kept whole, as it is
        decided whole.

        Parameters
        ----------
        level, code
            :attr:`~planner.vocab.Level.EPCI` and a SIREN, or
            :attr:`~planner.vocab.Level.DEPARTEMENT` and a code.

        Raises
        ------
        UnknownNameError
            When no commune of the map belongs to it.
        """
        column = {Level.EPCI: "epci_siren", Level.DEPARTEMENT: "departement"}[level]
        communes = _where(self.communes, column, {code})
        if communes.empty:
            raise UnknownNameError(
                Message.of("map.no_such_place", level=level, code=code),
                Message.of("map.no_such_place_remedy", level=level),
            )
        insee = set(communes["insee"])
        cells = _where(self.cells, "insee", insee)
        keys = set(cells["sector_id"].dropna())
        keys |= set(_where(self.sectors, "insee", insee)["sector_id"])
        sectors = _where(self.sectors, "sector_id", keys)
        zones = _where(self.zones, "zone_id", set(sectors["zone_id"].dropna()))
        epci = _where(self.epci, "siren", set(communes["epci_siren"].dropna()))
        departements = _where(self.departements, "code", set(communes["departement"]))
        codes = {
            Level.COMMUNE.value: insee,
            Level.SECTOR.value: keys,
            Level.ZONE.value: set(zones["zone_id"]),
            Level.EPCI.value: set(epci["siren"]),
            Level.DEPARTEMENT.value: set(departements["code"]),
        }
        kept = [
            kept_code in codes.get(kept_level, ())
            for kept_level, kept_code in zip(
                self.coverage["level"].astype(str), self.coverage["code"], strict=True
            )
        ]
        actors = set(epci["siren"]) | {f"D{one}" for one in departements["code"]}
        layer = self.layer
        return replace(
            self,
            level=level,
            code=code,
            communes=communes,
            sectors=sectors,
            zones=zones,
            epci=epci,
            departements=departements,
            communes_history=_where(self.communes_history, "insee", insee),
            villes_moyennes=_where(self.villes_moyennes, "insee", insee),
            coverage=self.coverage[kept].reset_index(drop=True),
            programme=_where(self.programme, "sector_id", keys),
            contributions=_where(self.contributions, "epci_siren", set(epci["siren"])),
            balances=_where(self.balances, "epci_siren", actors),
            costs=_where(self.costs, "sector_id", keys),
            schedule=_where(self.schedule, "sector_id", keys),
            advice=_where(self.advice, "sector_id", keys),
            axe3_sites=_where(self.axe3_sites, "insee", insee),
            sector_follow_up=_where(self.sector_follow_up, "sector_id", keys),
            **self._network_within(keys),
            cells=cells,
            layer=None if layer is None else _where(layer, "insee", insee),
            change=None
            if self.change is None
            else replace(self.change, sectors=_where(self.change.sectors, "sector_id", keys)),
        )

    def _network_within(self, keys: set[str]) -> dict[str, Any]:
        """Return what serves some sectors: their distribution, and their NRO with its feeder."""
        pm = _where(self.pm, "sector_id", keys)
        served = set(pm["nro_id"])
        routes = self.routes
        mine = routes["sector_id"].isin(keys) | (
            routes["sector_id"].isna() & routes["nro_id"].isin(served)
        )
        return {
            "pm": pm,
            "nro": _where(self.nro, "nro_id", served),
            "routes": routes[mine].reset_index(drop=True),
            "network_sectors": _where(self.network_sectors, "sector_id", keys),
        }

    @property
    def place(self) -> str:
        """Name of what the map is of."""
        table, key = {
            Level.EPCI: (self.epci, "siren"),
            Level.DEPARTEMENT: (self.departements, "code"),
        }.get(self.level, (self.region, "code"))
        return ", ".join(table.loc[table[key] == self.code, "nom"])

    def kind(self, lang: str) -> str:
        """Say what the map is of: a region, part of one, a département or an EPCI."""
        held = {str(nom) for t in (self.communes, self.epci, self.departements) for nom in t["nom"]}
        part = self.level is Level.REGION and is_part(self.place, held)
        return say("names.part", lang) if part else self.level.label(lang)

    def points(self) -> Points | None:
        """Return the premises as points, or None without any."""
        if self.layer is None:
            return None
        sectors = {key: place for place, key in enumerate(self.sectors["sector_id"])}
        communes = {key: place for place, key in enumerate(self.communes["insee"])}
        return points_of(self.layer, sectors=sectors, communes=communes)

    def coverage_of(self, level: Level) -> Mapping[str, Mapping[str, Any]]:
        """Return the rows of coverage of one level by code, absent values as None."""
        return self._coverage_rows.get(level.value, {})

    @cached_property
    def _coverage_rows(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        rows: dict[str, dict[str, Mapping[str, Any]]] = {}
        for row in records(self.coverage):
            rows.setdefault(str(row["level"]), {})[row["code"]] = _known(row)
        return rows

    @property
    def whole_row(self) -> Mapping[str, Any] | None:
        """The coverage of what the map is of, when it was measured."""
        rows = self.coverage_of(self.level)
        if self.level is Level.REGION:
            return next(iter(rows.values()), None)
        return rows.get(self.code)

    @property
    def public_only(self) -> bool:
        """Whether rates leave the private zone out, as no state of it is known."""
        row = self.whole_row
        return row is not None and row["denominator_count"] != row["premises_count"]

    @property
    def synthetic_layers(self) -> tuple[str, ...]:
        """Names of the layers that are made up, in order."""
        found = {origin.layer for origin in self.origins if origin.synthetic}
        for table in ("sectors", "zones", "coverage", "axe3_sites", "routes"):
            frame = getattr(self, table)
            if len(frame) and frame["synthetic"].fillna(value=False).astype(bool).any():
                found.add(table)
        return tuple(sorted(found))


def _where(frame: Any, column: str, values: set[str]) -> Any:  # noqa: ANN401 (table or geotable)
    return frame[frame[column].isin(values)].reset_index(drop=True)


def _cells(plan: Plan) -> pd.DataFrame | None:
    details = plan.coverage.details
    if "in_territory" in details.columns:
        details = details[details["in_territory"]]
    return details if set(_CELL) <= set(details.columns) else None


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Say that states are unknown where none is known and the rate leaves the premises out."""
    stateless = row["stateless_count"]
    if row["denominator_count"] == 0 and stateless and stateless == row["premises_count"]:
        row["serviceable_count"] = None
    return row


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
