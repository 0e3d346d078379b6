"""Contributions of zones that you drew yourself, by zone and EPCI; copy and edit.

python scripts/contributions_of_given_zones.py zones.gpkg
"""

import sys
from pathlib import Path

from planner import Scenario, make_plan, prepare_territory

scenario = Scenario.from_dict(
    {
        "name": "zones-donnees",
        "sectors": {"source": "zones"},
        "zones": {"source": "file", "path": str(Path(sys.argv[1]).resolve())},
    }
)
plan = make_plan(prepare_territory(scenario), scenario)

owed = plan.contributions.assign(eur=plan.contributions["net_cents"] / 100)
print(owed[["epci_siren", "nom", "lines_count", "eur"]].to_string(index=False))
for finding in plan.findings:
    print(finding.message.say("fr"))
