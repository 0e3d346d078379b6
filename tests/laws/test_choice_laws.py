"""Laws of the exact programme: every optimum, whatever the rules; more votes never harm; no order.

The brute force here shares nothing with the library: subsets as bits, rules as sums, reach by
walking.  Instances draw every rule at once: shared sectors, envelopes in lines and in cents, EPCI
without a vote, budget and capacity of the region and of each département, parity with its
tolerance, required and refused sectors, islands, feeders, objectives in any order.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, Limit, Objective
from planner.programme import solve_choice
from planner.robustness import list_optima
from planner.texts import Message
from planner.verify import verify_choice

RULE = Message.of("programme.limit_made_up")
CALM = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
CASES = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(list(Contiguity)))


def draw(seed, contiguity, *, most=8):
    """Draw a region of up to ``most`` sectors."""
    rng = np.random.default_rng(seed)
    count, actors = int(rng.integers(1, most + 1)), int(rng.integers(1, 4))
    lines, decider = rng.integers(1, 12, count), rng.integers(0, actors, count)
    departement = np.array(["22", "29"])[rng.integers(0, 2, actors)][decider]
    density, sharing = rng.choice([0.1, 0.25, 0.45]), rng.choice([0, 0.2, 0.5])
    edges = np.array(
        [p for p in itertools.combinations(range(count), 2) if rng.random() < density], np.int64
    ).reshape(-1, 2)
    shares = []
    for sector, (size, owner) in enumerate(zip(lines.tolist(), decider.tolist(), strict=True)):
        away = (
            int(rng.integers(1, size)) if actors > 1 and size > 1 and rng.random() < sharing else 0
        )
        shares.append((sector, owner, size - away))
        if away:
            shares.append((sector, (owner + 1) % actors, away))
    sector, actor, need = np.array(sorted(shares)).T
    cents = rng.random(actors) < 0.3
    need = np.where(cents[actor], need * 44_500, need)
    total = np.bincount(actor, need, actors)
    envelopes = (total * rng.choice([0, 0.3, 0.5, 0.7, 1.0], actors)).astype(np.int64)
    envelopes[rng.random(actors) < 0.12] = -1
    rural, cost = rng.random(count) < 0.5, rng.integers(0, 15, count)
    limits = []

    def at_most(name, values):
        if rng.random() < 0.3 and values.any():
            upper = int(values.sum() * rng.uniform(0.2, 0.9))
            limits.append(Limit(name=name, message=RULE, coefficients=values, upper=upper))

    at_most("budget.region", cost)
    at_most("capacity.region", lines)
    for code in ("22", "29"):
        at_most(f"capacity.{code}", np.where(departement == code, lines, 0))
        at_most(f"budget.{code}", np.where(departement == code, cost, 0))
    if rng.random() < 0.5:
        mille, side = int(rng.choice([0, 50, 300])), np.where(rural, 1, -1)
        for name, sign in (("rural", 1), ("urban", -1)):
            limits.append(Limit(name=f"parity.{name}", message=RULE, upper=0,
                                coefficients=lines * (1000 * sign * side - mille)))  # fmt: skip
    few = int(rng.choice([2, 4, 60]))
    same = decider[edges[:, 0]] == decider[edges[:, 1]]
    objectives = [
        Objective(name="votes", sense="max", coefficients=rng.integers(0, few, count) * lines),
        Objective(name="criteria", sense="max", coefficients=rng.integers(0, few, count)),
        Objective(name="cost", sense="min", coefficients=cost),
        Objective(name="compactness", sense="max", coefficients=np.zeros(count, np.int64),
                  edge_coefficients=np.where(same, rng.integers(0, 9, len(edges)), 0)),
    ]  # fmt: skip
    order = rng.permutation(4)[: int(rng.integers(1, 5))]
    feeder, walk = np.full(count, -1), rng.permutation(count)
    for place in range(1, count):
        if rng.random() < 0.7:
            feeder[walk[place]] = walk[int(rng.integers(0, place))]
    refused = rng.random(count) < rng.choice([0, 0.15])
    return ChoiceProblem(
        sector_ids=tuple(f"S{position:02d}" for position in range(count)), lines=lines,
        departements=tuple(departement), rural=rural, actors=tuple("ABC"[:actors]),
        decider=decider, share_candidate=sector, share_actor=actor, share_need=need,
        envelopes=envelopes, required=(rng.random(count) < rng.choice([0, 0.1])) & ~refused,
        refused=refused, reached=rng.random(count) < 0.35, edges=edges,
        edge_border_m=np.ones(len(edges), np.int64), feeder=feeder, contiguity=contiguity,
        limits=tuple(limits), objectives=tuple(objectives[k] for k in order), in_cents=cents,
    )  # fmt: skip


def is_reached(problem, chosen):
    if problem.contiguity is Contiguity.NONE:
        return True
    if problem.contiguity is Contiguity.FEEDER:
        return all(problem.feeder[s] in {-1, *chosen} for s in chosen)
    seen, waiting = set(), [s for s in chosen if problem.reached[s]]
    while waiting:
        here = waiting.pop()
        seen.add(here)
        for one, other in itertools.chain(problem.edges.tolist(), problem.edges[:, ::-1].tolist()):
            inside = problem.decider[one] == problem.decider[other]
            free = inside or problem.contiguity is Contiguity.ANY_EPCI
            if one == here and other in chosen and other not in seen and free:
                waiting.append(other)
    return seen == set(chosen)


def every_best(problem):
    """Return what each stage is worth at best, and every programme worth that."""
    bits = (
        np.arange(2**problem.candidates_count)[:, None] >> np.arange(problem.candidates_count)
    ) & 1
    fine = (bits[:, problem.required] == 1).all(axis=1) & (bits[:, problem.refused] == 0).all(
        axis=1
    )
    for actor, granted in enumerate(problem.envelopes.tolist()):
        mine = problem.share_actor == actor
        fine &= bits[:, problem.share_candidate[mine]] @ problem.share_need[mine] <= max(granted, 0)
    for limit in problem.limits:
        fine &= bits @ limit.coefficients <= limit.upper
    bits = bits[fine]
    bits = bits[[is_reached(problem, np.flatnonzero(row).tolist()) for row in bits]]
    stages = []
    for one in problem.objectives if len(bits) else ():
        worth = bits @ one.coefficients
        for (i, j), value in zip(problem.edges, one.edge_coefficients if one.edge_coefficients is not None else (), strict=False):  # fmt: skip
            worth = worth + value * bits[:, i] * bits[:, j]
        best = worth.max() if one.sense == "max" else worth.min()
        stages.append(int(best))
        bits = bits[worth == best]
    return stages, [tuple(np.flatnonzero(row).tolist()) for row in bits]


def ids(problem, positions):
    return tuple(problem.sector_ids[at] for at in positions)


@CALM
@given(case=CASES)
def test_whatever_the_rules_each_stage_and_every_optimum_are_those_of_brute_force(case):
    problem = draw(*case)
    stages, programmes = every_best(problem)
    choice = solve_choice(problem)
    if not programmes:
        assert choice.status is ChoiceStatus.INFEASIBLE
        return
    assert choice.status is ChoiceStatus.OPTIMAL
    assert [stage.value for stage in choice.stages] == stages
    assert [stage.bound for stage in choice.stages] == stages
    every = {ids(problem, one) for one in programmes}
    first = max(every, key=lambda one: [key in one for key in problem.sector_ids])
    assert choice.chosen == first
    if len(every) <= 12:
        found = list_optima(problem, solve=solve_choice, most=20)
        assert found.complete
        assert sorted(found.programmes) == sorted(every)


@CALM
@given(case=CASES, data=st.data())
def test_more_votes_never_throw_a_sector_out(case, data):
    problem = draw(*case)
    choice = solve_choice(problem)
    votes = [k for k, one in enumerate(problem.objectives) if one.name == "votes"]
    if not choice.chosen or not votes:
        return
    key = data.draw(st.sampled_from(choice.chosen))
    one = problem.objectives[votes[0]]
    more = one.coefficients.copy()
    more[problem.sector_ids.index(key)] += data.draw(st.integers(1, 50))
    objectives = list(problem.objectives)
    objectives[votes[0]] = replace(one, coefficients=more)
    assert key in solve_choice(replace(problem, objectives=tuple(objectives))).chosen


@CALM
@given(case=CASES, data=st.data())
def test_the_order_of_epci_and_of_neighbours_changes_nothing(case, data):
    problem = draw(*case)
    place = np.array(data.draw(st.permutations(range(len(problem.actors)))))  # old to new
    back = np.argsort(place)
    turned = np.array(data.draw(st.permutations(range(len(problem.edges)))), np.int64)
    rows = np.lexsort((place[problem.share_actor], problem.share_candidate))
    objectives = tuple(
        one if one.edge_coefficients is None
        else replace(one, edge_coefficients=one.edge_coefficients[turned])
        for one in problem.objectives
    )  # fmt: skip
    other = replace(
        problem, decider=place[problem.decider], share_actor=place[problem.share_actor][rows],
        share_candidate=problem.share_candidate[rows], share_need=problem.share_need[rows],
        envelopes=problem.envelopes[back], in_cents=problem.in_cents[back],
        limits=problem.limits[::-1], edges=problem.edges[turned],
        edge_border_m=problem.edge_border_m[turned], objectives=objectives,
    )  # fmt: skip
    mine, theirs = solve_choice(problem), solve_choice(other)
    assert (mine.chosen, mine.stages) == (theirs.chosen, theirs.stages)


@CALM
@given(case=CASES, data=st.data())
def test_a_larger_envelope_never_lowers_the_optimum(case, data):
    problem = draw(*case)
    problem = replace(problem, objectives=problem.objectives[:1])
    before = solve_choice(problem)
    if before.status is ChoiceStatus.INFEASIBLE:
        return
    larger = problem.envelopes.copy()
    larger[data.draw(st.integers(0, len(larger) - 1))] += data.draw(st.integers(1, 90_000))
    after = solve_choice(replace(problem, envelopes=larger))
    sign = 1 if problem.objectives[0].sense == "max" else -1
    assert sign * after.stages[0].value >= sign * before.stages[0].value


@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI])
def test_more_votes_for_a_sector_may_throw_its_neighbour_out(contiguity):
    """The promise is to the sector that gains: another one may lose its place to it."""
    problem = ChoiceProblem(
        sector_ids=("S0", "S1"), lines=np.array([5, 5]), departements=("22", "22"),
        rural=np.zeros(2, bool), actors=("A",), decider=np.zeros(2, np.int64),
        share_candidate=np.arange(2), share_actor=np.zeros(2, np.int64),
        share_need=np.array([5, 5]), envelopes=np.array([5]), required=np.zeros(2, bool),
        refused=np.zeros(2, bool), reached=np.ones(2, bool), edges=np.zeros((0, 2), np.int64),
        edge_border_m=np.zeros(0, np.int64), feeder=np.full(2, -1), contiguity=contiguity,
        objectives=(Objective(name="votes", sense="max", coefficients=np.array([3, 2])),),
    )  # fmt: skip
    assert solve_choice(problem).chosen == ("S0",)
    more = Objective(name="votes", sense="max", coefficients=np.array([3, 4]))
    assert solve_choice(replace(problem, objectives=(more,))).chosen == ("S1",)


@pytest.mark.parametrize("seed", [39, 52, 55, 59])
def test_within_a_gap_each_stage_says_what_the_answer_itself_is_worth(seed):
    """A later stage may find a programme that is worth more under a former objective."""
    problem = draw(seed, Contiguity.NONE, most=99)
    assert problem.candidates_count > 60
    choice = solve_choice(problem, gap_share=0.02)
    assert choice.status is ChoiceStatus.WITHIN_GAP
    verdict = verify_choice(problem, choice)
    assert verdict.holds, verdict.say()
    for one, stage in zip(problem.objectives, choice.stages, strict=True):
        sign = 1 if one.sense == "max" else -1
        assert sign * stage.bound >= sign * stage.value
        assert stage.gap_share <= 0.02
