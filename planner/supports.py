"""Given roads and existing works, read and made one graph that the territory carries."""

from __future__ import annotations

import pandas as pd

from planner.findings import Findings
from planner.io import geodata_folder, read_geodata, read_roads, read_table
from planner.network import SupportGraph, Ways, attach_premises, build_support, lay_ways
from planner.progress import Notify, stage, unheard
from planner.scenario import Scenario
from planner.territory import Territory

__all__ = ["add_supports", "given_ways", "read_works", "works_of"]


def read_works(name: str = "bretagne") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the embedded price book of the works and the funding keys, both examples (synthetic).

    Returns
    -------
    DataFrame, DataFrame
        Contracts ``works_prices`` and ``funding_keys``.
    """
    works = read_geodata(geodata_folder(name) / "works")
    return works.table("works_prices"), works.table("funding_keys")


def works_of(scenario: Scenario) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the price book and the funding keys of a scenario: its own files, else the examples.

    Raises
    ------
    PlannerError
        When a file is missing or breaks its contract.
    """
    prices, keys = read_works()
    asked = scenario.network
    if asked.prices is not None:
        prices = read_table(scenario.resolve(asked.prices), "works_prices").table
    if asked.funding_keys is not None:
        keys = read_table(scenario.resolve(asked.funding_keys), "funding_keys").table
    return prices, keys


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
    """Cut the given roads and works in pieces; None where none were given."""
    edges = territory.delivered.get("support_edges")
    if edges is None:
        return None
    return lay_ways(
        edges[["edge_id", "laying", "geometry"]], spacing_m=scenario.roads.spacing_m,
        synthetic=bool(edges["synthetic"].any()),
    )  # fmt: skip
