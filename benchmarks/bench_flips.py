"""The smallest change that flips a sector: how often it is exact, what it costs, and whether it is.

    python benchmarks/bench_flips.py [--smoke] [--seeds 0 1 2] [--sectors 4] [--required 0]
        [--shared]

On the synthetic region of ``bench_programme.py``, under its four objectives, as many sectors that
are out and that are in are drawn for each seed.  Each change that is told as exact is applied, and
the next smaller one too, and the best with the sector and the best without are solved anew.  One
that is told not to exist is tried with all the room that means anything, and with some of it.
Process CPU.  ``--shared``: some 5 % of the sectors engage two EPCI, under the first objective.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import bench_programme
import numpy as np

from planner.choice import Choice, ChoiceProblem, ChoiceStatus
from planner.explain import Flip, apply_flip, find_flips
from planner.programme import ChoiceBounds, ColumnPool, solve_choice

ASKED = ("envelope", "cost")  # of what can't flip, what is tried with some room


def draw_sectors(problem: ChoiceProblem, choice: Choice, seed: int, count: int) -> list[str]:
    """Draw sectors that are out, by no wish, and as many that are in."""
    rng, chosen = np.random.default_rng(seed), set(choice.chosen)
    free = [
        key
        for key, wish in zip(problem.sector_ids, problem.required | problem.refused, strict=True)
        if not wish
    ]
    sides = ([key for key in free if key not in chosen], [key for key in free if key in chosen])
    return [
        str(key) for side in sides for key in rng.choice(side, min(count, len(side)), replace=False)
    ]


def changes_of(problem: ChoiceProblem, key: str, flip: Flip, *, inside: bool) -> dict[int, bool]:
    """Return the changes to try, and whether each flips the sector."""
    if flip.status == "exact" and flip.amount is not None:
        less = flip.amount - int(np.sign(flip.amount))
        return {flip.amount: True, **({less: False} if less else {})}
    if flip.status != "impossible" or flip.kind not in ASKED or inside:
        return {}
    if flip.kind == "envelope":
        actor = problem.actors.index(flip.place)
        most = int(problem.envelope_use(actor).sum() - problem.envelopes[actor])
    else:
        row = next(one for one in problem.limits if one.name == flip.place)
        most = -int(row.coefficients[problem.sector_ids.index(key)])
    return {change: False for change in (most, most // 3) if change}


def is_in(
    problem: ChoiceProblem, key: str, solve: Callable[[ChoiceProblem], Choice]
) -> bool | None:
    """Return whether the best programme has a sector; None where a side isn't proved."""
    at, sides = problem.sector_ids.index(key), []
    for wish in ("refused", "required"):
        flags = getattr(problem, wish).copy()
        flags[at] = True
        answer = solve(replace(problem, **{wish: flags}))
        if answer.status is ChoiceStatus.INFEASIBLE:
            sides.append(None)
            continue
        if answer.status is not ChoiceStatus.OPTIMAL:
            return None
        sides.append([
            stage.value if one.sense == "max" else -stage.value
            for stage, one in zip(answer.stages, problem.objectives, strict=True)
        ])  # fmt: skip
    without, within = sides
    if within is None or without is None:
        return within is not None
    return key in solve(problem).chosen if within == without else within > without


def bench(problem: ChoiceProblem, seed: int, count: int) -> bool:
    """Print what flips each sector, and return whether all that was tried is so."""
    pool = ColumnPool()
    solve = partial(solve_choice, warm=pool)
    choice = solve(problem)
    bounds, right = ChoiceBounds(problem, pool), True
    told: Counter[tuple[str, str]] = Counter()
    tried = 0
    for key in draw_sectors(problem, choice, seed, count):
        inside, start = key in choice.chosen, time.process_time()
        flips = find_flips(problem, choice, key, solve=solve, bounds=bounds)
        seconds = time.process_time() - start
        told.update((flip.kind, flip.status) for flip in flips)
        for flip in flips:
            for amount, flipped in changes_of(problem, key, flip, inside=inside).items():
                asked = apply_flip(problem, key, kind=flip.kind, place=flip.place, amount=amount)
                now = is_in(asked, key, solve)
                tried += now is not None
                if now is not None and (now != inside) != flipped:
                    print(f"  {key}: {flip.kind} {flip.place} {amount} is wrong")
                    right = False
        words = " ".join(f"{flip.kind}:{flip.status}" for flip in flips if flip.kind != "points")
        print(f"  {key} {'in' if inside else 'out'} {seconds:.1f} s  {words}", flush=True)
    parts = ", ".join(f"{kind} {status} {n}" for (kind, status), n in sorted(told.items()))
    so = "all" if right else "NOT all"
    print(f"seed {seed}: {parts}; {tried} questions solved anew, {so} so", flush=True)
    return right


def _region(seed: int, required: int, *, shared: bool) -> ChoiceProblem:
    """Make the region of a seed; where sectors are shared, under its first objective alone."""
    bench_programme.SHARED_WITHIN = 1.02 if shared else 1.0
    region = bench_programme.make_region(seed, required=required)
    return replace(region, objectives=region.objectives[:1]) if shared else region


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one small region, two sectors")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sectors", type=int, default=4, help="of either side")
    parser.add_argument("--required", type=int, default=0, help="required sectors")
    parser.add_argument("--shared", action="store_true", help="sectors that engage two EPCI")
    options = parser.parse_args()
    if options.smoke:
        right = [bench(bench_programme.make_region(0, candidates=24, actors=3), 0, 1)]
    else:
        right = [
            bench(_region(seed, options.required, shared=options.shared), seed, options.sectors)
            for seed in options.seeds
        ]
    sys.exit(not all(right))


if __name__ == "__main__":
    main()
