"""Plan the embedded region and print what each phase holds; copy and edit."""

from planner import make_plan, prepare_territory, read_scenario, write_plan

scenario = read_scenario()  # or read_scenario("scripts/scenario_exemple.toml")
territory = prepare_territory(scenario)
plan = make_plan(territory, scenario)

programme = plan.programme.table
print(programme.groupby("phase")["premises_count"].agg(["count", "sum"]))
print(plan.reconciliation[["figure", "tranche", "kind", "target", "computed", "difference_share"]])

for path in write_plan(plan, f"maps/out/{scenario.name}"):
    print(path)
