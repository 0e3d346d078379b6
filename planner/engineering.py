"""The network of a plan: designed on given ways or on a stand-in, priced, shared and told."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from planner.findings import Findings
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
from planner.scheduling import deadlines_of, schedule_programme
from planner.supports import given_ways, open_books, read_works, works_of
from planner.vocab import Phase

__all__ = ["add_network", "read_works", "works_of"]


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
    found = Findings.collect(plan.findings, network.findings)
    told = [origin for origin in books.origins if given_tables[origin.layer] is None]
    plan = replace(plan, more=more, findings=found, territory=territory.with_origin(*told))
    if plan.scenario.schedule.rule != "works":
        return plan
    with stage(notify, "stage.works"):
        return _wait_for_feeders(plan)


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
        deadlines=deadlines_of(territory, plan.scenario),
        done=open_sectors(territory, plan.scenario),
        feeders=territory.feeders, pm=pd.DataFrame(pm), years=plan.programme.years,
    )  # fmt: skip
    return replace(
        plan, schedule=calendar.table, more={**plan.more, **calendar.more},
        findings=Findings.collect(plan.findings, calendar.findings),
    )  # fmt: skip


def _phases(programme: pd.DataFrame) -> dict[str, str]:
    public = programme[programme["phase"].astype(str) != Phase.PRIVATE.value]
    return dict(zip(public["sector_id"].astype(str), public["phase"].astype(str), strict=True))
