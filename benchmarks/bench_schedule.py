"""The schedule of the works at the size of the region, beside the plain integer programme.

    python benchmarks/bench_schedule.py [--smoke] [--seeds 5] [--peer]

Synthetic regions: 2 500 sectors, 50 quarters, trees of precedence, three trades and yearly budgets.
Prints the gap and the CPU seconds; with ``--peer``, HiGHS gets the whole programme at once and as
many seconds as we took, and its value is set beside our bound.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from planner.works import Trade, WorksRules, plan_works
from planner.works._exact import solve_exactly
from planner.works._model import make_model


def make_works(seed: int, *, count: int) -> tuple[pd.DataFrame, WorksRules]:
    """Make a region of the given size."""
    rng = np.random.default_rng(seed)
    lines = rng.integers(300, 1001, count)
    cents = lines * rng.integers(80_000, 400_000, count)
    after = [
        None if i < max(2, count // 25) or rng.random() < 0.3
        else f"S{int(rng.integers(max(0, i - count // 10), i)):05d}"
        for i in range(count)
    ]  # fmt: skip
    late = rng.random(count) < 0.05
    works = pd.DataFrame({
        "sector_id": [f"S{i:05d}" for i in range(count)],
        "phase": "2",
        "premises_count": lines,
        "cost_cents": cents,
        "priority": rng.integers(1, 4, count).astype(float),
        "after_sector_id": pd.Series(after, dtype="object"),
        "earliest_quarter": pd.Series([None] * count, dtype="object"),
        "latest_quarter": pd.Series(np.where(late, "2028-T4", None), dtype="object"),
        "done_quarters": 0,
        "fixed_quarter": pd.Series([None] * count, dtype="object"),
    })  # fmt: skip
    pace = int(lines.sum() / 40)
    budget = int(cents.sum() / 10.5)
    rules = WorksRules(
        first_quarter="2019-T1", quarters_count=50,
        trades=(
            Trade(name="études", duration_quarters=2, lines_per_quarter=pace),
            Trade(name="génie civil", duration_quarters=2, lines_per_quarter=int(pace * 1.02)),
            Trade(name="tirage", duration_quarters=1, lines_per_quarter=int(pace * 1.05)),
        ),
        cents_by_year=tuple((year, budget) for year in range(2019, 2032)),
    )  # fmt: skip
    return works, rules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="200 sectors, one seed, with the peer")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer", action="store_true")
    asked = parser.parse_args()
    count, seeds = (200, 1) if asked.smoke else (2500, asked.seeds)
    for seed in range(seeds):
        works, rules = make_works(seed, count=count)
        cpu, wall = time.process_time(), time.perf_counter()
        result = plan_works(works=works, rules=rules)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        gap = "none" if result.gap_share is None else f"{result.gap_share:.4%}"
        print(f"seed {seed}: {result.status}, gap {gap}, {cpu:.1f} s CPU, {wall:.1f} s")
        if asked.smoke or asked.peer:
            model = make_model(works, rules)
            other, proved = solve_exactly(
                model, low=model.earliest, high=model.latest, seconds=max(wall, 1.0)
            )
            best = max(proved, result.bound or proved)
            value = "no schedule" if other is None else f"{1 - best / model.value(other):.4%}"
            print(f"  plain HiGHS, as many seconds: gap to the better bound {value}")


if __name__ == "__main__":
    main()
