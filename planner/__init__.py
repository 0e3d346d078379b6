"""Plan the deployment of optical fibre over a region.

The line, each step usable alone::

    scenario = read_scenario()                  # the frozen question; without a path: Brittany
    territory = prepare_territory(scenario)     # boundaries, premises, sectors, zones, votes
    plan = make_plan(territory, scenario)       # programme, contributions, costs, schedule
    write_plan(plan, "maps/out/mine")           # map, GeoPackage, tables, manifest
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.coverage import measure_coverage
    from planner.errors import PlannerError
    from planner.explain import explain_place
    from planner.export import write_comparison_map, write_map, write_package, write_plan
    from planner.io import read_delivery, read_gracethd, read_premises
    from planner.plan import Plan, make_plan
    from planner.premises import generate_premises
    from planner.prepare import prepare_territory
    from planner.quality import check_quality
    from planner.scenario import Scenario, read_scenario
    from planner.schemas import contract
    from planner.territory import Territory
    from planner.toy import toy_territory
    from planner.vocab import Level
    from planner.zoning import cut_sectors, grow_zones

__all__ = [
    "Level",
    "Plan",
    "PlannerError",
    "Scenario",
    "Territory",
    "check_quality",
    "contract",
    "cut_sectors",
    "explain_place",
    "generate_premises",
    "grow_zones",
    "make_plan",
    "measure_coverage",
    "prepare_territory",
    "read_delivery",
    "read_gracethd",
    "read_premises",
    "read_scenario",
    "toy_territory",
    "write_comparison_map",
    "write_map",
    "write_package",
    "write_plan",
]

_HOMES = {
    "Level": "vocab",
    "Plan": "plan",
    "PlannerError": "errors",
    "Scenario": "scenario",
    "Territory": "territory",
    "check_quality": "quality",
    "contract": "schemas",
    "cut_sectors": "zoning",
    "explain_place": "explain",
    "generate_premises": "premises",
    "grow_zones": "zoning",
    "make_plan": "plan",
    "measure_coverage": "coverage",
    "prepare_territory": "prepare",
    "read_delivery": "io",
    "read_gracethd": "io",
    "read_premises": "io",
    "read_scenario": "scenario",
    "toy_territory": "toy",
    "write_comparison_map": "export",
    "write_map": "export",
    "write_package": "export",
    "write_plan": "export",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: a small command loads little."""
    if name in _HOMES:
        return getattr(import_module(f"planner.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
