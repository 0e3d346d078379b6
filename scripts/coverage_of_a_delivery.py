"""Count a partner's delivery: rows in, rows set aside, premises by state; copy and edit.

python scripts/coverage_of_a_delivery.py delivery.csv
"""

import sys

from planner import read_premises

intake = read_premises(sys.argv[1])
print(f"{intake.rows_in:,} rows in, {len(intake.premises):,} used")
print(intake.rejected_rows.groupby("reason").size().to_string() or "no row set aside")

states = intake.premises.merge(intake.state_changes, on="premise_id", how="left")
counts = states.groupby("state", dropna=False, observed=True)[["premises_min", "premises_max"]]
print(counts.sum(min_count=1))
