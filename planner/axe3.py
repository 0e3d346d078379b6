"""The register of Axe 3 meets a plan: what the plan answers, and what its outputs may show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from planner.io.register_rules import RegisterRules
from planner.plan import Plan, open_sectors
from planner.register import (
    Assessment,
    PlannedFibre,
    Supports,
    assess_requests,
    count_requests,
    dated_sectors,
    list_sites,
    live_requests,
)

__all__ = ["add_axe3", "assess_on_plan", "network_supports", "planned_fibre"]


def planned_fibre(plan: Plan) -> PlannedFibre:
    """Return what a plan says of fibre: nothing of it is typed into a request."""
    territory = plan.territory
    return PlannedFibre(
        name=plan.scenario.name,
        communes=territory.communes,
        sectors=territory.sectors,
        schedule=plan.schedule,
        opened=open_sectors(territory, plan.scenario),
    )


def network_supports(plan: Plan, *, on: dt.date, term_years: int) -> Supports | None:
    """Return the supports of the network designed, and the part that is open within the term.

    None where the plan holds no design (``planner.engineering.add_network``).  Supports are those
    of the graph where the plan has one (``support_edges``), and the pieces of every route.

    Parameters
    ----------
    plan
        An answered plan.
    on, term_years
        Day of the assessment, and the term of the rules: a network that comes later is none yet.
    """
    routes = plan.more.get("routes")
    if routes is None or routes.empty:
        return None
    soon = open_sectors(plan.territory, plan.scenario) | dated_sectors(
        plan.schedule, on=on, years=term_years
    )
    pm = plan.more["pm"]
    pm = pm[pm["sector_id"].astype(str).isin(soon)]
    fed = set(zip(pm["nro_id"].astype(str), pm["phase"].astype(str), strict=True))
    sector = routes["sector_id"]
    feeds = [
        pair in fed
        for pair in zip(routes["nro_id"].astype(str), routes["phase"].astype(str), strict=True)
    ]
    near = sector.astype(str).isin(soon) | (sector.isna() & pd.Series(feeds, index=routes.index))
    pieces = routes[["route_id", "geometry"]].rename(columns={"route_id": "edge_id"})
    ways = [pieces]
    edges = plan.more.get("support_edges")
    if edges is not None:
        others = edges[["edge_id", "geometry"]]
        ways.append(others.assign(edge_id="support " + others["edge_id"].astype(str)))
    return Supports(
        ways=pd.concat(ways, ignore_index=True),
        routes=pd.DataFrame({"edge_id": routes.loc[near, "route_id"].astype(str)}),
    )


def assess_on_plan(
    plan: Plan,
    requests: pd.DataFrame,
    *,
    rules: RegisterRules,
    on: dt.date | None = None,
    contacts: pd.DataFrame | None = None,
    lang: str = "fr",
) -> Assessment:
    """Answer requests by the written rules, on a plan and the network designed in it.

    Parameters
    ----------
    plan
        An answered plan.
    requests, contacts
        Contracts ``requests`` and ``request_contacts``.
    rules
        The written rules.
    on
        Day of the assessment; None: the plan's reference date.
    lang
        Language of the reasons.
    """
    day = plan.scenario.reference_date if on is None else on
    return assess_requests(
        requests, plan=planned_fibre(plan), rules=rules, on=day, contacts=contacts, lang=lang,
        supports=network_supports(plan, on=day, term_years=rules.term_years),
    )  # fmt: skip


def add_axe3(
    plan: Plan,
    stored: Mapping[str, pd.DataFrame],
    *,
    rules: RegisterRules,
    on: dt.date | None = None,
) -> Plan:
    """Add the sites and figures of Axe 3 to a plan, assessed on this very plan.

    Nothing personal goes in: no name, no identifier of the register, no exact position.

    Parameters
    ----------
    plan
        An answered plan.
    stored
        Tables of the register by name: ``requests``, ``request_contacts`` (to tell duplicates) and
        ``request_journal``.
    rules
        The written rules.
    on
        Day of the assessment; None: the plan's reference date.

    Returns
    -------
    Plan
        The plan with ``axe3_sites`` and ``axe3_figures`` in ``more``.
    """
    requests = live_requests(stored["requests"], stored["request_journal"])
    answers = assess_on_plan(
        plan, requests, rules=rules, on=on, contacts=stored["request_contacts"]
    ).assessments
    territory = plan.territory
    shared = {"assessments": answers, "journal": stored["request_journal"]}
    sites = list_sites(
        requests, communes=territory.communes, cell_m=rules.published_cell_m, **shared
    )
    figures = count_requests(
        requests, region=territory.region, departements=territory.departements,
        epci=territory.epci, communes=territory.communes, **shared,
    )  # fmt: skip
    return replace(plan, more={**plan.more, "axe3_sites": sites, "axe3_figures": figures})
