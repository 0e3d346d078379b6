"""A territory: checked tables, joined once, that the steps of the line take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import geopandas as gpd
import pandas as pd

from planner.errors import MissingLayerError
from planner.findings import Findings
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Level

__all__ = ["Territory"]


def _empty(name: str) -> Any:  # noqa: ANN401 (a default factory)
    return field(default_factory=contract(name).empty)


@dataclass(frozen=True, kw_only=True)
class Territory:
    """Everything that is known of a region before a plan is made.

    Each table keeps the contract of its name in :mod:`planner.schemas`; geometry is in EPSG:2154.
    A table that is not known is empty.  ``premises`` has a further column ``sector_id`` (category,
    its categories the sorted ids of ``sectors``) once the territory is zoned.

    Parameters
    ----------
    name
        Short name, for folders and titles.
    title
        Full name, in French.
    vintage
        Year of the map of communes (INSEE COG).
    delivered
        Further tables that a partner delivered (existing sites, infrastructure, service areas), by
        the name of their contract.
    """

    name: str
    title: str
    vintage: int
    region: gpd.GeoDataFrame
    departements: gpd.GeoDataFrame
    epci: gpd.GeoDataFrame
    communes: gpd.GeoDataFrame
    communes_history: pd.DataFrame = _empty("communes_history")
    villes_moyennes: pd.DataFrame = _empty("villes_moyennes")
    programme_figures: pd.DataFrame = _empty("programme_figures")
    premises_figures: pd.DataFrame = _empty("premises_figures")
    prices: pd.DataFrame = _empty("prices")
    premises: pd.DataFrame = _empty("premises")
    state_changes: pd.DataFrame = _empty("state_changes")
    sectors: gpd.GeoDataFrame = _empty("sectors")
    sector_shares: pd.DataFrame = _empty("sector_shares")
    stage_changes: pd.DataFrame = _empty("stage_changes")
    zones: gpd.GeoDataFrame = _empty("zones")
    envelopes: pd.DataFrame = _empty("envelopes")
    ballots: pd.DataFrame = _empty("ballots")
    deliberations: pd.DataFrame = _empty("deliberations")
    advice: pd.DataFrame = _empty("advice")
    cabinets: pd.DataFrame = _empty("cabinets")
    public_sites: pd.DataFrame = _empty("public_sites")
    sector_values: pd.DataFrame = _empty("sector_values")
    feeders: pd.DataFrame = _empty("feeders")
    works_deadlines: pd.DataFrame = _empty("works_deadlines")
    baseline: pd.DataFrame = _empty("baseline")
    public_progress: pd.DataFrame = _empty("public_progress")
    progress_counts: pd.DataFrame = _empty("progress_counts")
    pm_areas: pd.DataFrame = _empty("pm_areas")
    sector_operators: pd.DataFrame = _empty("sector_operators")
    sales: pd.DataFrame = _empty("sales")
    slip_reasons: pd.DataFrame = _empty("slip_reasons")
    rejected_rows: pd.DataFrame = _empty("rejected_rows")
    reconciliation: pd.DataFrame = _empty("reconciliation")
    delivered: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    origins: tuple[Origin, ...] = ()
    findings: Findings = field(default_factory=Findings)

    def with_tables(self, **tables: Any) -> Self:  # noqa: ANN401 (tables of several kinds)
        """Return a copy with some fields replaced; this one is unchanged."""
        return replace(self, **tables)

    def with_origin(self, *origins: Origin) -> Self:
        """Return a copy that knows where these layers come from."""
        layers = {origin.layer: origin for origin in (*self.origins, *origins)}
        return replace(self, origins=tuple(layers[name] for name in sorted(layers)))

    def with_findings(self, *found: Findings) -> Self:
        """Return a copy with more findings."""
        return replace(self, findings=Findings.collect(self.findings, *found))

    def origin(self, layer: str) -> Origin | None:
        """Return where ``layer`` comes from, when that is known."""
        return next((origin for origin in self.origins if origin.layer == layer), None)

    def is_synthetic(self, *layers: str) -> bool:
        """Tell whether any of these layers is made up."""
        return any(o.synthetic for o in self.origins if o.layer in layers)

    def require(self, *layers: str) -> None:
        """Raise unless each of these tables has rows.

        Raises
        ------
        MissingLayerError
            Naming the tables that are empty, and why: the rows set aside when they were read, or
            the step that makes them.
        """
        missing = ", ".join(layer for layer in layers if getattr(self, layer).empty)
        if not missing:
            return
        received = self.rejected_rows
        aside = set(zip(received["file"].astype(str), received["reason"].astype(str), strict=True))
        causes = [f for f in self.findings if (f.place, f.rule.removeprefix("io.")) in aside]
        if not causes:
            raise MissingLayerError(
                Message.of("territory.missing_layer", layers=missing),
                Message.of("territory.missing_layer_remedy"),
            )
        why, remedy = causes[0].message, causes[0].remedy
        for cause in causes[1:]:
            why = Message.of("territory.and", first=why, then=cause.message)
            remedy = Message.of("territory.and", first=remedy, then=cause.remedy)
        raise MissingLayerError(
            Message.of("territory.missing_layer_aside", layers=missing, why=why), remedy
        )

    def names(self, level: Level) -> pd.Series[str]:
        """Return the names of a level, indexed by its codes."""
        table, key = {
            Level.REGION: (self.region, "code"),
            Level.DEPARTEMENT: (self.departements, "code"),
            Level.EPCI: (self.epci, "siren"),
            Level.COMMUNE: (self.communes, "insee"),
            Level.ZONE: (self.zones, "zone_id"),
            Level.SECTOR: (self.sectors, "sector_id"),
        }[level]
        names: pd.Series[str] = table.set_index(key)["nom"].sort_index()
        return names
