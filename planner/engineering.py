"""The network of a plan: designed on given ways or on a stand-in, priced, shared and told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from planner.crs import WORKING_CRS
from planner.errors import DataFileError
from planner.findings import Findings
from planner.io.finished import read_finished_plan, read_network_shapes
from planner.network import (
    DesignRules,
    Effort,
    Network,
    Ways,
    compare_phasing,
    cost_network,
    cumulate_costs,
    list_runs,
    save_by_epci,
)
from planner.network.stand_in import make_stand_in
from planner.plan import Plan, open_sectors
from planner.progress import Notify, stage, unheard
from planner.scenario import Scenario
from planner.scheduling import schedule_programme
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.supports import given_ways, open_books, read_works, works_of
from planner.texts import Message
from planner.vocab import Phase

__all__ = ["add_network", "read_works", "take_network", "works_of"]

_OF_THE_CALENDAR: Final = frozenset({"schedule", "works", "works_deadlines"})
_TAKEN: Final = (
    "nro", "pm", "routes", "pbo", "ducts", "cables", "cable_ducts", "quantities", "network_sectors",
    "network_costs", "cost_curve", "phasing", "feeder_choices", "works", "works_limits",
    "works_reasons", "works_proof", "deadline_outcomes",
)  # fmt: skip


def add_network(
    plan: Plan,
    *,
    prices: pd.DataFrame | None = None,
    funding_keys: pd.DataFrame | None = None,
    ratios: pd.DataFrame | None = None,
    ways: Ways | None = None,
    rules: DesignRules | None = None,
    notify: Notify = unheard,
) -> Plan:
    """Design the network of every public sector of a plan, phases sharing what they open.

    Parameters
    ----------
    plan
        An answered plan; its ``existing_sites``, if it has some in ``more`` or delivered, are used
        again.
    prices, funding_keys, ratios
        Contracts ``works_prices``, ``funding_keys`` and ``works_ratios``; None: those of the
        scenario, whose origins the plan then tells.
    ways
        Where cables may go; None: the roads and works that the scenario gives, else a stand-in
        between the places of premises, synthetic.
    rules
        How the network is designed; None: as the scenario says.
    notify
        Told the name of each stage as it begins.

    Returns
    -------
    Plan
        The plan with the tables ``nro``, ``pm``, ``routes``, ``pbo``, ``quantities``,
        ``network_sectors``, ``network_costs``, ``cost_curve`` and ``phasing``, on given ways also
        ``ducts``, ``cables`` and ``cable_ducts``, and the findings of the design.
    """
    territory = plan.territory
    phases = _phases(plan.programme.table)
    premises = territory.premises
    rules = _rules(plan.scenario) if rules is None else rules
    on = plan.scenario.reference_date
    given_tables = {"works_prices": prices, "funding_keys": funding_keys, "works_ratios": ratios}
    books = open_books(plan.scenario)
    prices = books.prices if prices is None else prices
    funding_keys = books.funding_keys if funding_keys is None else funding_keys
    ratios = books.ratios if ratios is None else ratios
    sites = plan.more.get("existing_sites", territory.delivered.get("existing_sites"))
    with stage(notify, "stage.ways"):
        if ways is None:
            ways = given_ways(territory, plan.scenario)
        given = ways is not None
        if ways is None:
            codes = premises["sector_id"].notna().to_numpy()
            ways = make_stand_in(premises.loc[codes, ["x_m", "y_m"]])
    apart, network = compare_phasing(
        ways, premises=premises, phases=phases, prices=prices, ratios=ratios, on=on, rules=rules,
        sectors=territory.sectors, existing_sites=sites,
        synthetic=territory.is_synthetic("premises"), notify=notify,
    )  # fmt: skip
    with stage(notify, "stage.network_costs"):
        costs = cost_network(
            network, sectors=territory.sectors, sector_shares=territory.sector_shares,
            funding_keys=funding_keys, on=on,
        )  # fmt: skip
        saving = save_by_epci(apart, network, sector_shares=territory.sector_shares)
        runs = _runs(network) if given else {}
    more = {
        **plan.more, **network.tables(), **runs, "network_costs": costs, "phasing": saving,
        "cost_curve": cumulate_costs(network),
    }  # fmt: skip
    named = network.findings.naming(sector_names(territory.sectors))
    found = Findings.collect(plan.findings, named)
    told = [origin for origin in books.origins if given_tables[origin.layer] is None]
    plan = replace(plan, more=more, findings=found, territory=territory.with_origin(*told))
    if plan.scenario.schedule.rule != "works":
        return plan
    with stage(notify, "stage.works"):
        return _wait_for_feeders(plan)


def take_network(plan: Plan, folder: str | Path) -> Plan:
    """Take the network that an earlier run wrote for the same question, instead of designing it.

    Parameters
    ----------
    plan
        An answered plan.
    folder
        Outputs of ``planner plan --network`` for the same scenario and the same files.

    Returns
    -------
    Plan
        With the tables of the network and, where the works are planned, their quarters.

    Raises
    ------
    DataFileError
        When the folder answers another question, read other files, or holds no network.
    """
    found = read_finished_plan(folder)
    books = open_books(plan.scenario)
    territory = plan.territory.with_origin(*books.origins)
    read = {origin.layer: origin.sha256 for origin in territory.origins if origin.sha256}
    other = sorted(
        layer for layer in read.keys() | found.inputs.keys()
        if read.get(layer) != found.inputs.get(layer)
    )  # fmt: skip
    there = "network_sectors" in found.tables
    if not there or other or found.scenario_sha256 != plan.scenario.sha256:
        key = "network_other" if there else "network_missing"
        raise DataFileError(
            Message.of(f"prepare.{key}", folder=str(folder), layers=", ".join(other) or "—"),
            Message.of(f"prepare.{key}_remedy"),
        )
    tables = {**found.tables, **read_network_shapes(folder, found)}
    more: dict[str, pd.DataFrame] = {
        name: _typed(name, tables[name]) for name in _TAKEN if name in tables
    }
    plan = replace(plan, territory=territory, more={**plan.more, **more})
    if plan.scenario.schedule.rule != "works":
        return plan
    return replace(plan, schedule=_typed("schedule", tables["schedule"]))


def _typed(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Give a table that was read back the types of its contract."""
    if contract(name).geometry is not None:
        table = gpd.GeoDataFrame(table, geometry="geometry", crs=WORKING_CRS)
    return contract(name).select(table)


def _rules(scenario: Scenario) -> DesignRules:
    asked = scenario.network.rules()
    return DesignRules(spacing_m=None, **asked | {"effort": Effort(asked["effort"])})


def _runs(network: Network) -> dict[str, pd.DataFrame]:
    """Return the ducts and cables: along a stand-in they would stand for nothing."""
    return list_runs(network.routes, nro=network.nro, pm=network.pm, pbo=network.pbo).tables()


def _wait_for_feeders(plan: Plan) -> Plan:
    """Give the sectors their quarters anew, now that it is known which NRO serves them."""
    territory, pm = plan.territory, plan.more["pm"]
    calendar = schedule_programme(
        plan.scenario, programme=plan.programme.table, sectors=territory.sectors,
        costs=plan.costs, stage_changes=territory.stage_changes,
        deadlines=_same_deadlines(plan),
        done=open_sectors(territory, plan.scenario),
        feeders=territory.feeders, pm=pd.DataFrame(pm), years=plan.programme.years,
    )  # fmt: skip
    others = [finding for finding in plan.findings if finding.table not in _OF_THE_CALENDAR]
    return replace(
        plan, schedule=calendar.table, more={**plan.more, **calendar.more},
        findings=Findings.collect(others, calendar.findings),
    )  # fmt: skip


def _same_deadlines(plan: Plan) -> pd.DataFrame:
    """Return the deadlines that the plan was made with: a follow-up made up since adds none."""
    table = contract("works_deadlines")
    held = plan.more.get("deadline_outcomes")
    return table.empty() if held is None else held[list(table.column_names)]


def _phases(programme: pd.DataFrame) -> dict[str, str]:
    public = programme[programme["phase"].astype(str) != Phase.PRIVATE.value]
    return dict(zip(public["sector_id"].astype(str), public["phase"].astype(str), strict=True))
