"""The exact programme at the size of the region, seed by seed.

    python benchmarks/bench_programme.py [--smoke] [--seeds 10] [--required 50] [--families]
        [--contiguity any_epci] [--years 5] [--seconds 60]

Synthetic regions: 2 500 candidate sectors and 1 250 that are built, 60 EPCI, 4 départements,
envelopes at 45 % of the lines, capacities, budget and parity slightly binding.  Prints, for each
seed of ballots, the gap and the seconds of the first objective, of a second scenario in which one
weight changed, of five years, of all objectives and of second scenarios that ask for all of them.
HiGHS and SCIP on the same regions: ``bench_programme_peers.py``.  ``--required`` draws sectors that
must be chosen, as many as the envelopes hold.  ``--families`` asks for all objectives of the
regions of ``other_regions.py`` instead; across EPCI or over ``--years``, for the first one.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import scipy.sparse
import scipy.spatial
from other_regions import FAMILIES, make_other_region

from planner.choice import Choice, ChoiceProblem, Contiguity, Limit, Objective
from planner.dated import DatedProblem, YearLimit
from planner.programme import ColumnPool, solve_choice, solve_years
from planner.texts import Message

SHARED_WITHIN = 1.0  # of the distance to the nearest seat: 1.02 shares some 5 % of the sectors
_RULE = Message.of("programme.limit_made_up")


def make_region(
    seed: int,
    *,
    candidates: int = 2500,
    actors: int = 60,
    contiguity: str = "within_epci",
    required: int = 0,
) -> ChoiceProblem:
    """Make a region of the given size.

    ``seed`` draws the ballots and who is required, that many sectors; the ground stays the same.
    """
    ground, ballot = np.random.default_rng(2018), np.random.default_rng(seed)
    total = candidates * 3 // 2
    points = ground.random((total, 2)) * (1.5, 1.0)
    edges = _neighbours(points)
    towns = ground.random((max(2, actors // 2), 2)) * (1.5, 1.0)
    distance = scipy.spatial.cKDTree(towns).query(points)[0]
    open_ones = np.sort(np.argsort(distance, kind="stable")[total - candidates :])
    place = np.full(total, -1)
    place[open_ones] = np.arange(candidates)
    reached = np.zeros(candidates, bool)
    ends = place[edges]
    for mine, other in ((0, 1), (1, 0)):
        touching = (ends[:, mine] >= 0) & (ends[:, other] < 0)
        reached[ends[touching, mine]] = True
    edges = np.sort(ends[(ends >= 0).all(axis=1)], axis=1)
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    points = points[open_ones]
    seats = ground.random((actors, 2)) * (1.5, 1.0)
    near, who = scipy.spatial.cKDTree(seats).query(points, k=2)
    decider, second = who[:, 0], who[:, 1]
    lines = ground.integers(300, 1001, candidates)
    shared = near[:, 1] < near[:, 0] * SHARED_WITHIN  # sectors that lie across a border
    away = np.where(shared, lines // 4, 0)
    sector, actor, need = (
        np.concatenate(parts)
        for parts in (
            (np.arange(candidates), np.flatnonzero(shared)),
            (decider, second[shared]),
            (lines - away, away[shared]),
        )
    )
    order = np.lexsort((actor, sector))
    reached = _with_landings(reached, edges, decider, lines)
    all_of_actor = np.bincount(actor, need, actors)
    quarter = (points[:, 0] > 0.75) * 2 + (points[:, 1] > 0.5)
    rural = ground.random(candidates) < 0.6
    cost = lines * ground.integers(800, 4001, candidates) // 1000
    votes = np.zeros(candidates, np.int64)
    for one in range(actors):
        mine = np.flatnonzero(decider == one)
        votes[mine] = (ballot.permutation(len(mine)) + 1) * lines[mine]
    share = 0.45
    limits = [
        Limit(
            name=f"capacity.{code}", message=_RULE, coefficients=np.where(quarter == at, lines, 0),
            upper=int(share * 0.97 * lines[quarter == at].sum()),
        )
        for at, code in enumerate(("22", "29", "35", "56"))
    ]  # fmt: skip
    limits.append(
        Limit(
            name="budget.region", message=_RULE, coefficients=cost,
            upper=int(share * 0.95 * cost.sum()),
        )
    )  # fmt: skip
    # 10 % apart at most: |rural - urban| <= (rural + urban) / 10
    sign = np.where(rural, 1, -1)
    limits += [
        Limit(name="parity.rural", message=_RULE, coefficients=lines * (10 * sign - 1), upper=0),
        Limit(name="parity.urban", message=_RULE, coefficients=lines * (-10 * sign - 1), upper=0),
    ]
    border = ground.integers(500, 6000, len(edges))
    same = decider[edges[:, 0]] == decider[edges[:, 1]]
    criteria = lines * ballot.integers(0, 101, candidates)
    objectives = (
        Objective(name="votes", sense="max", coefficients=votes),
        Objective(name="criteria", sense="max", coefficients=criteria),
        Objective(name="cost", sense="min", coefficients=cost),
        Objective(
            name="compactness", sense="max", coefficients=np.zeros(candidates, np.int64),
            edge_coefficients=np.where(same, border, 0),
        ),
    )  # fmt: skip
    problem = ChoiceProblem(
        sector_ids=tuple(f"S{position:05d}" for position in range(candidates)),
        lines=lines,
        departements=tuple(("22", "29", "35", "56")[at] for at in quarter),
        rural=rural,
        actors=tuple(f"2000{position:05d}" for position in range(actors)),
        decider=decider.astype(np.int64),
        share_candidate=sector[order].astype(np.int64),
        share_actor=actor[order].astype(np.int64),
        share_need=need[order].astype(np.int64),
        envelopes=(share * all_of_actor).astype(np.int64),
        required=np.zeros(candidates, bool),
        refused=ground.random(candidates) < 0.01,
        reached=reached,
        edges=edges.astype(np.int64),
        edge_border_m=border,
        feeder=np.full(candidates, -1, np.int64),
        contiguity=Contiguity(contiguity),
        limits=tuple(limits),
        objectives=objectives,
    )
    return replace(problem, required=_required(problem, required, seed))


def _required(problem: ChoiceProblem, wanted: int, seed: int) -> np.ndarray:
    """Draw reached sectors that must be chosen, no more of an EPCI than its envelope holds."""
    required = np.zeros(problem.candidates_count, bool)
    left = problem.envelopes.copy()
    able = np.flatnonzero(problem.reached & ~problem.refused)
    for one in np.random.default_rng(seed + 100).permutation(able):
        mine = problem.share_candidate == one
        actor, need = problem.share_actor[mine], problem.share_need[mine]
        if required.sum() < wanted and (need <= left[actor]).all():
            required[one] = True
            left[actor] -= need
    return required


def _neighbours(points: np.ndarray) -> np.ndarray:
    """Return the pairs of neighbours among points: the sides of their triangles."""
    sides = scipy.spatial.Delaunay(points).simplices[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2)
    return np.unique(np.sort(sides, axis=1), axis=0)


def _with_landings(
    reached: np.ndarray, edges: np.ndarray, decider: np.ndarray, lines: np.ndarray
) -> np.ndarray:
    """Give each group of an EPCI that nothing reaches a landing point: its largest sector."""
    same = edges[decider[edges[:, 0]] == decider[edges[:, 1]]]
    count = len(reached)
    links = scipy.sparse.coo_array((np.ones(len(same)), same.T), shape=(count, count))
    group = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
    reached = reached.copy()
    for one in np.unique(group):
        members = np.flatnonzero(group == one)
        if not reached[members].any():
            reached[members[np.argmax(lines[members])]] = True
    return reached


def with_another_weight(problem: ChoiceProblem) -> ChoiceProblem:
    """Return the problem with the votes of one EPCI a tenth heavier."""
    votes = problem.objectives[0]
    weight = np.where(problem.decider == 0, 11, 10)
    changed = replace(votes, coefficients=votes.coefficients * weight // 10)
    return replace(problem, objectives=(changed, *problem.objectives[1:]))


def with_other_criteria(problem: ChoiceProblem) -> ChoiceProblem:
    """Return the problem with a tenth of its criteria's weight on another one."""
    votes, criteria, *further = problem.objectives
    other = problem.lines * np.random.default_rng(77).integers(0, 101, problem.candidates_count)
    changed = replace(criteria, coefficients=(criteria.coefficients * 9 + other) // 10)
    return replace(problem, objectives=(votes, changed, *further))


def with_years(problem: ChoiceProblem, years: int = 5) -> DatedProblem:
    """Return the problem over years: capacities and budget a year, the rest over the whole."""
    each = tuple(range(2019, 2019 + years))
    parity = tuple(one for one in problem.limits if one.name.startswith("parity."))
    return DatedProblem(
        whole=replace(problem, limits=parity, objectives=problem.objectives[:1]),
        years=each,
        limits=tuple(
            YearLimit(
                name=one.name, year=year, coefficients=one.coefficients, message=_RULE,
                upper=int(one.upper or 0) // years,
            )
            for year in each for one in problem.limits if not one.name.startswith("parity.")
        ),
    )  # fmt: skip


def tell(name: str, problem: ChoiceProblem, choice: Choice, seconds: tuple[float, float]) -> None:
    """Print one line: seconds of CPU and of the clock, then the gap of each objective."""
    gaps = " ".join(
        f"{stage.objective} {100 * (stage.gap_share or 0):.4f} %" for stage in choice.stages
    )
    taken = f"{len(choice.chosen)} of {problem.candidates_count}"
    cpu, clock = seconds
    print(f"  {name:16} CPU {cpu:6.2f} s  clock {clock:6.2f} s  {taken}  {gaps}", flush=True)


def timed(problem: ChoiceProblem, pool: ColumnPool | None) -> tuple[Choice, tuple[float, float]]:
    """Solve, and return the answer with its seconds of CPU and of the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    choice = solve_choice(problem, warm=pool)
    return choice, (time.process_time() - cpu, time.perf_counter() - clock)


def tell_years(name: str, problem: ChoiceProblem, years: int, seconds: float | None = None) -> None:
    """Ask for the first objective over years, in so many seconds at most, and print one line."""
    cpu, clock = time.process_time(), time.perf_counter()
    dated = solve_years(with_years(problem, years), seconds=seconds)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    gaps = " ".join(f"{one.objective} {100 * (one.gap_share or 0):.4f} %" for one in dated.stages)
    print(f"  {name:16} CPU {cpu:6.2f} s  clock {clock:6.2f} s  "
          f"{len(dated.opened)} open  {gaps or 'no answer'}", flush=True)  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a tiny region, one seed")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--contiguity", default="within_epci", choices=["within_epci", "any_epci"])
    parser.add_argument("--required", type=int, default=0, help="sectors that must be chosen")
    parser.add_argument("--without-years", action="store_true", help="leave the five years out")
    parser.add_argument("--families", action="store_true", help="regions of other kinds instead")
    parser.add_argument("--years", type=int, default=0, help="of the families, instead of none")
    parser.add_argument("--seconds", type=float, help="of the clock, for years; none: to the end")
    asked = parser.parse_args()
    small = {"candidates": 30, "actors": 3} if asked.smoke else {"candidates": 120, "actors": 6}
    size = small if asked.smoke else {}
    solve_choice(make_region(0, **small))  # compiles
    for name, family in FAMILIES.items() if asked.families else ():
        print(name)
        for seed in range(1 if asked.smoke else asked.seeds):
            problem = make_other_region(family, seed, **size)
            if asked.years:
                tell_years(f"seed {seed}", problem, asked.years, asked.seconds)
                continue
            if asked.contiguity == "any_epci":
                across = Contiguity.ANY_EPCI
                problem = replace(problem, contiguity=across, objectives=problem.objectives[:1])
            tell(f"seed {seed}", problem, *timed(problem, None))
    for seed in range(0 if asked.families else 1 if asked.smoke else asked.seeds):
        problem = make_region(seed, contiguity=asked.contiguity, required=asked.required, **size)
        print(f"seed {seed}: {problem.candidates_count} candidates, {len(problem.actors)} EPCI")
        first = replace(problem, objectives=problem.objectives[:1])
        pool = ColumnPool()
        choice, spent = timed(first, pool)
        tell("first objective", first, choice, spent)
        again = with_another_weight(first)
        tell("another weight", again, *timed(again, pool))
        if asked.contiguity == "within_epci" and not asked.without_years:
            tell_years("five years", problem, 5, asked.seconds)
        pool = ColumnPool()
        tell("all objectives", problem, *timed(problem, pool))
        for name, changed in (
            ("another weight", with_another_weight(problem)),
            ("other criteria", with_other_criteria(problem)),
        ):
            tell(name, changed, *timed(changed, pool))


if __name__ == "__main__":
    main()
