"""Given roads and existing works, read and made one graph that the territory carries."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from planner.findings import Findings
from planner.io import geodata_folder, read_geodata, read_roads, read_table
from planner.network import (
    SupportGraph,
    Ways,
    attach_premises,
    build_support,
    know_poles,
    lay_ways,
)
from planner.progress import Notify, stage, unheard
from planner.provenance import Origin
from planner.scenario import Scenario
from planner.territory import Territory

__all__ = ["Books", "add_supports", "given_ways", "open_books", "read_works", "works_of"]


@dataclass(frozen=True, kw_only=True)
class Books:
    """What a network is priced by, and where it comes from.

    Parameters
    ----------
    prices, ratios, funding_keys
        Contracts ``works_prices``, ``works_ratios`` and ``funding_keys``.
    origins
        Where each comes from.
    """

    prices: pd.DataFrame
    ratios: pd.DataFrame
    funding_keys: pd.DataFrame
    origins: tuple[Origin, ...]


def read_works(name: str = "bretagne") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the embedded price book of the works and the funding keys, both examples (synthetic).

    Returns
    -------
    DataFrame, DataFrame
        Contracts ``works_prices`` and ``funding_keys``.
    """
    works = read_geodata(geodata_folder(name) / "works")
    return works.table("works_prices"), works.table("funding_keys")


def open_books(scenario: Scenario) -> Books:
    """Return the price book, ratios and funding keys of a scenario: its own files, else examples.

    Raises
    ------
    PlannerError
        When a file is missing or breaks its contract.
    """
    works = read_geodata(geodata_folder("bretagne") / "works")
    asked = scenario.network
    given = {
        "works_prices": asked.prices, "works_ratios": asked.ratios,
        "funding_keys": asked.funding_keys,
    }  # fmt: skip
    tables = {name: works.table(name) for name in given}
    origins = {origin.layer: origin for origin in works.origins}
    for name, path in given.items():
        if path is not None:
            intake = read_table(scenario.resolve(path), name)
            tables[name], origins[name] = intake.table, intake.origin
    return Books(
        prices=tables["works_prices"], ratios=tables["works_ratios"],
        funding_keys=tables["funding_keys"], origins=tuple(origins[name] for name in sorted(given)),
    )  # fmt: skip


def works_of(scenario: Scenario) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the price book and the funding keys of a scenario (see :func:`open_books`)."""
    books = open_books(scenario)
    return books.prices, books.funding_keys


def add_supports(
    territory: Territory, scenario: Scenario, *, notify: Notify = unheard
) -> Territory:
    """Read the roads of a scenario, and make them one graph with the works that exist.

    Parameters
    ----------
    territory
        Its ``delivered`` table ``infrastructure``, if there is one, joins the roads.
    scenario
        Names the file of roads; without one the territory comes back as it is.
    notify
        Told the name of the stage as it begins.

    Returns
    -------
    Territory
        With ``delivered["support_edges"]``, the roads' origin, and the findings: what was left out,
        and the premises that each piece of the graph but the longest strands.

    Raises
    ------
    PlannerError
        When the file is missing or broken, or nothing is left to lay along.
    """
    source = scenario.roads
    if source.path is None:
        return territory
    with stage(notify, "stage.supports"):
        intake = read_roads(scenario.resolve(source.path), **source.reading())
        support = build_support(
            intake.roads, territory.delivered.get("infrastructure"), prices=works_of(scenario)[0],
            on=scenario.reference_date,
        )  # fmt: skip
        stranded = _stranded(support, territory.premises)
    delivered = {**territory.delivered, "support_edges": support.edges}
    aside = [rows for rows in (territory.rejected_rows, intake.rejected_rows) if len(rows)]
    return (
        territory.with_tables(
            delivered=delivered,
            rejected_rows=pd.concat(aside, ignore_index=True) if aside else intake.rejected_rows,
        )
        .with_origin(intake.origin)
        .with_findings(intake.findings, support.findings, stranded)
    )


def _stranded(support: SupportGraph, premises: pd.DataFrame) -> Findings:
    if premises.empty:
        return Findings()
    return attach_premises(support, premises[["premise_id", "x_m", "y_m"]])[1]


def given_ways(territory: Territory, scenario: Scenario) -> Ways | None:
    """Cut the given roads and works in pieces, with their poles; None where none were given."""
    edges = territory.delivered.get("support_edges")
    if edges is None:
        return None
    ways = lay_ways(
        edges[["edge_id", "laying", "geometry"]], spacing_m=scenario.roads.spacing_m,
        synthetic=bool(edges["synthetic"].any()),
    )  # fmt: skip
    points = territory.delivered.get("infrastructure_points")
    return know_poles(ways, None if points is None else gpd.GeoDataFrame(points))
