"""An oracle that knows nothing of solvers: every subset of at most twelve candidates."""

from types import SimpleNamespace

import numpy as np
import pytest

from planner.choice import (
    Choice,
    ChoiceProblem,
    ChoiceStatus,
    Contiguity,
    Limit,
    Objective,
    StageResult,
)
from planner.texts import Message


def subsets(count):
    """Every subset as a row of flags; the first rows hold the first ids."""
    return (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1


def reached_by_growth(problem, chosen):
    """Grow the reached set of each subset until nothing moves (matrix form)."""
    near = np.zeros((len(problem.sector_ids),) * 2, dtype=bool)
    for i, j in problem.edges:
        if problem.contiguity is Contiguity.ANY_EPCI or problem.decider[i] == problem.decider[j]:
            near[i, j] = near[j, i] = True
    have = chosen & problem.reached
    while True:
        more = have | (chosen & ((have.astype(np.int8) @ near.astype(np.int8)) > 0))
        if (more == have).all():
            return have
        have = more


def feasible_rows(problem):
    """Which subsets keep every rule."""
    x = subsets(problem.candidates_count)
    fine = (x | ~problem.required).all(axis=1) & (~x | ~problem.refused).all(axis=1)
    for actor in range(len(problem.actors)):
        need = np.zeros(problem.candidates_count, dtype=np.int64)
        mine = problem.share_actor == actor
        np.add.at(need, problem.share_candidate[mine], problem.share_need[mine])
        fine &= x @ need <= max(problem.envelopes[actor], 0)
    for limit in problem.limits:
        total = x @ limit.coefficients
        fine &= (total <= limit.upper) if limit.upper is not None else True
        fine &= (total >= limit.lower) if limit.lower is not None else True
    if problem.contiguity is Contiguity.FEEDER:
        for j, feeder in enumerate(problem.feeder):
            if feeder >= 0:
                fine &= ~x[:, j] | x[:, feeder]
    elif problem.contiguity is not Contiguity.NONE:
        fine &= (reached_by_growth(problem, x) == x).all(axis=1)
    return x, fine


def solve(problem):
    """The best subset, objective after objective; ties to the lexicographically smallest ids."""
    x, fine = feasible_rows(problem)
    x = x[fine]
    if not len(x):
        return Choice(
            problem_sha256=problem.sha256, status=ChoiceStatus.INFEASIBLE, chosen=(), stages=()
        )
    stages = []
    for objective in problem.objectives:
        value = x @ objective.coefficients
        if objective.edge_coefficients is not None and len(problem.edges):
            both = x[:, problem.edges[:, 0]] & x[:, problem.edges[:, 1]]
            value = value + both @ objective.edge_coefficients
        best = int(value.max() if objective.sense == "max" else value.min())
        x = x[value == best]
        stages.append(
            StageResult(
                objective=objective.name, value=best, bound=best, status=ChoiceStatus.OPTIMAL
            )
        )
    ids = [tuple(k for k, f in zip(problem.sector_ids, row, strict=True) if f) for row in x]
    return Choice(
        problem_sha256=problem.sha256,
        status=ChoiceStatus.OPTIMAL,
        chosen=min(ids),
        stages=tuple(stages),
    )


def every_optimum(problem):
    """All optimal sets, sorted."""
    x, fine = feasible_rows(problem)
    values = [problem.values(row) for row in x[fine]]
    signs = [1 if o.sense == "max" else -1 for o in problem.objectives]
    keys = [tuple(s * v for s, v in zip(signs, value, strict=True)) for value in values]
    best = max(keys)
    return sorted(
        tuple(k for k, f in zip(problem.sector_ids, row, strict=True) if f)
        for row, key in zip(x[fine], keys, strict=True)
        if key == best
    )


def random_problem(seed, *, count=9, actors=2, contiguity=Contiguity.WITHIN_EPCI, unique=False):
    """A grid of sectors with shared ones, a budget, and three objectives."""
    rng = np.random.default_rng(seed)
    width = 3
    lines = rng.integers(2, 9, count)
    decider = rng.integers(0, actors, count)
    share = {}
    for j in range(count):
        share[j, int(decider[j])] = int(lines[j])
        if rng.random() < 0.2 and actors > 1:
            other = (int(decider[j]) + 1) % actors
            part = int(lines[j]) // 2
            share[j, int(decider[j])] = int(lines[j]) - part
            share[j, other] = part
    pairs = sorted(share)
    edges = [(j, j + 1) for j in range(count - 1) if (j + 1) % width]
    edges += [(j, j + width) for j in range(count - width)]
    edges = np.array(sorted(edges), dtype=np.int64)
    reached = rng.random(count) < 0.35
    reached[0] = True
    rural = rng.random(count) < 0.5
    granted = np.array(
        [int(0.55 * sum(v for (_, a), v in share.items() if a == k)) for k in range(actors)]
    )
    feeder = np.array([-1 if j < width else j - width for j in range(count)], dtype=np.int64)
    cost = rng.integers(3, 30, count)
    votes = rng.integers(0, 12, count)
    objectives = [
        Objective(name="votes", sense="max", coefficients=votes.astype(np.int64)),
        Objective(name="cost", sense="min", coefficients=cost.astype(np.int64)),
    ]
    if unique:
        powers = (2 ** np.arange(count)).astype(np.int64)
        objectives.append(Objective(name="unique", sense="min", coefficients=powers))
    return ChoiceProblem(
        sector_ids=tuple(f"s{j:02d}" for j in range(count)),
        lines=lines.astype(np.int64),
        departements=tuple("22" if j % 2 else "35" for j in range(count)),
        rural=rural,
        actors=tuple(f"20000000{k + 1}" for k in range(actors)),
        decider=decider.astype(np.int64),
        share_candidate=np.array([j for j, _ in pairs], dtype=np.int64),
        share_actor=np.array([a for _, a in pairs], dtype=np.int64),
        share_need=np.array([share[p] for p in pairs], dtype=np.int64),
        envelopes=granted.astype(np.int64),
        required=np.zeros(count, dtype=bool),
        refused=np.zeros(count, dtype=bool),
        reached=reached,
        edges=edges,
        edge_border_m=rng.integers(10, 90, len(edges)).astype(np.int64),
        feeder=feeder,
        contiguity=contiguity,
        limits=(
            Limit(
                name="budget.region",
                message=Message.of("verify.holds", count=1),
                coefficients=cost.astype(np.int64),
                upper=int(0.6 * cost.sum()),
            ),
        ),
        objectives=tuple(objectives),
    )


@pytest.fixture(scope="session")
def oracle():
    """Brute force, and problems to try it on."""
    return SimpleNamespace(
        solve=solve, feasible_rows=feasible_rows, every_optimum=every_optimum,
        random_problem=random_problem,
    )  # fmt: skip
