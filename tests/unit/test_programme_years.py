"""The exact programme with years beside brute force, and its independent check."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, Limit, Objective
from planner.dated import DatedProblem, YearLimit
from planner.programme import solve_years
from planner.programme._years.compact import solve_years_compact
from planner.programme._years.joint import Joint
from planner.programme._years.sequences import nested_sequences, postponed
from planner.programme._years.solve import solve_years_by_columns
from planner.texts import Message
from planner.verify import verify_years

RULE = Message.of("programme.limit_made_up")
YEARS = (2019, 2020, 2021)
SIGN = {"max": 1, "min": -1}


def draw(rng, contiguity):
    """Draw a small region over two or three years."""
    count, actors = int(rng.integers(2, 6)), int(rng.integers(1, 3))
    years = YEARS[: int(rng.integers(2, 4))]
    edges = np.array(
        [p for p in itertools.combinations(range(count), 2) if rng.random() < 0.5], np.int64
    ).reshape(-1, 2)
    decider, lines = rng.integers(0, actors, count), rng.integers(1, 10, count)
    away = np.where((rng.random(count) < 0.3) & (actors > 1), lines // 3, 0)
    shares = [(s, int(decider[s]), int(lines[s] - away[s])) for s in range(count)]
    shares += [(s, int(decider[s] + 1) % actors, int(away[s])) for s in range(count) if away[s]]
    sector, actor, need = np.array(sorted(shares)).T
    envelopes = (np.bincount(actor, need, actors) * rng.uniform(0.5, 1, actors)).astype(np.int64)
    cost = rng.integers(1, 20, count)
    same = decider[edges[:, 0]] == decider[edges[:, 1]]
    objectives = (
        Objective(name="votes", sense="max", coefficients=rng.integers(0, 9, count)),
        Objective(name="cost", sense="min", coefficients=cost),
        Objective(name="compactness", sense="max", coefficients=np.zeros(count, np.int64),
                  edge_coefficients=np.where(same, rng.integers(0, 9, len(edges)), 0)),
    )  # fmt: skip
    limits = []
    if rng.random() < 0.5:
        limits.append(Limit(name="least", message=RULE, coefficients=lines,
                            lower=int(lines.sum() * rng.uniform(0.1, 0.7))))  # fmt: skip
    feeder = rng.integers(-1, count, count)
    feeder[feeder == np.arange(count)] = -1
    whole = ChoiceProblem(
        sector_ids=tuple(f"S{at}" for at in range(count)), lines=lines,
        departements=("22",) * count, rural=np.zeros(count, bool), actors=tuple("AB"[:actors]),
        decider=decider, share_candidate=sector, share_actor=actor, share_need=need,
        envelopes=envelopes, required=rng.random(count) < 0.1, refused=rng.random(count) < 0.1,
        reached=rng.random(count) < 0.5, edges=edges, edge_border_m=np.ones(len(edges), np.int64),
        feeder=feeder, contiguity=contiguity, limits=tuple(limits),
        objectives=objectives[: int(rng.integers(1, 4))],
    )  # fmt: skip
    each = tuple(
        YearLimit(name="capacity.22", year=year, coefficients=lines, message=RULE,
                  upper=int(lines.sum() * rng.uniform(0.1, 0.6)))
        for year in years
    )  # fmt: skip
    return DatedProblem(whole=whole, years=years, limits=each)


def is_legal(problem, open_by):
    """Judge a dated choice without any of the program's own checks."""
    whole, last = problem.whole, open_by[-1]
    if (last & whole.refused).any() or (whole.required & ~last).any():
        return False
    for actor, envelope in enumerate(whole.envelopes):
        mine = (whole.share_actor == actor) & last[whole.share_candidate]
        if whole.share_need[mine].sum() > envelope:
            return False
    totals = [(one, one.coefficients[last].sum()) for one in whole.limits]
    if any(total < (-math.inf if one.lower is None else one.lower) for one, total in totals):
        return False
    if any(total > (math.inf if one.upper is None else one.upper) for one, total in totals):
        return False
    before = np.zeros_like(last)
    for year, now in zip(problem.years, open_by, strict=True):
        if (before & ~now).any() or not is_reached(whole, now):
            return False
        opens = now & ~before
        for limit in problem.limits:
            if limit.year == year and limit.coefficients[opens].sum() > limit.upper:
                return False
        before = now
    return True


def is_reached(whole, taken):
    if whole.contiguity is Contiguity.NONE:
        return True
    if whole.contiguity is Contiguity.FEEDER:
        return all(whole.feeder[s] < 0 or taken[whole.feeder[s]] for s in np.flatnonzero(taken))
    done = taken & whole.reached
    for _ in taken:
        for a, b in whole.edges.tolist():
            own = whole.decider[a] == whole.decider[b] or whole.contiguity is Contiguity.ANY_EPCI
            if own and taken[a] and taken[b] and done[a] | done[b]:
                done[a] = done[b] = True
    return bool((done == taken).all())


def every_dated(problem):
    """Yield every way of dating the candidates."""
    count, years = problem.whole.candidates_count, len(problem.years)
    for when in itertools.product(range(years + 1), repeat=count):
        yield np.array([[w <= year for w in when] for year in range(years)])


def signed(problem, open_by):
    pairs = zip(problem.whole.objectives, problem.values(open_by), strict=True)
    return tuple(SIGN[one.sense] * value for one, value in pairs)


def as_flags(problem, choice):
    opened = dict(choice.opened)
    return np.array([
        [opened.get(key, 9999) <= year for key in problem.whole.sector_ids]
        for year in problem.years
    ])  # fmt: skip


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
@pytest.mark.parametrize("seed", range(14))
def test_every_stage_equals_brute_force(seed, contiguity):
    problem = draw(np.random.default_rng(seed), Contiguity(contiguity))
    legal = [one for one in every_dated(problem) if is_legal(problem, one)]
    best = max((signed(problem, one) for one in legal), default=None)
    choice = solve_years(problem)
    assert choice.problem_sha256 == problem.sha256
    assert verify_years(problem, choice).holds
    if best is None:
        assert (choice.status, choice.opened) == (ChoiceStatus.INFEASIBLE, ())
        return
    open_by = as_flags(problem, choice)
    assert choice.status is ChoiceStatus.OPTIMAL
    assert is_legal(problem, open_by)
    assert signed(problem, open_by) == best
    assert [one.value for one in choice.stages] == list(problem.values(open_by))
    equal = [one for one in legal if signed(problem, one) == best]
    # the named rule: the first id on which they differ opens the soonest
    assert open_by.tolist() == max(equal, key=lambda one: tuple(one.sum(axis=0))).tolist()
    assert solve_years(problem) == choice


def by_hand():
    """Three sectors in a chain behind the network, 5 lines a year."""
    lines = np.array([3, 4, 5])
    whole = ChoiceProblem(
        sector_ids=("S0", "S1", "S2"), lines=lines, departements=("22",) * 3,
        rural=np.zeros(3, bool), actors=("A",), decider=np.zeros(3, np.int64),
        share_candidate=np.arange(3), share_actor=np.zeros(3, np.int64), share_need=lines,
        envelopes=np.array([12]), required=np.zeros(3, bool), refused=np.zeros(3, bool),
        reached=np.array([1, 0, 0], bool), edges=np.array([[0, 1], [1, 2]]),
        edge_border_m=np.ones(2, np.int64), feeder=np.full(3, -1),
        objectives=(Objective(name="votes", sense="max", coefficients=np.array([1, 2, 9])),),
    )  # fmt: skip
    limits = tuple(
        YearLimit(name="capacity.22", year=y, coefficients=lines, upper=5, message=RULE)
        for y in YEARS
    )
    return DatedProblem(whole=whole, years=YEARS, limits=limits)


def test_a_chain_opens_one_sector_a_year_by_hand():
    problem = by_hand()
    choice = solve_years(problem)
    assert choice.opened == (("S0", 2019), ("S1", 2020), ("S2", 2021))
    assert choice.stages[0].value == choice.stages[0].bound == 3 * 1 + 2 * 2 + 9
    free = replace(problem, whole=replace(problem.whole, contiguity=Contiguity.NONE))
    assert dict(solve_years(free).opened)["S2"] == 2019


@pytest.mark.parametrize(
    ("opened", "rule"),
    [
        ((("S0", 2019), ("S1", 2019)), "year.limit"),
        ((("S0", 2020), ("S1", 2019)), "year.contiguity"),
        ((("S0", 2018),), "year.unknown"),
        ((("S0", 2019), ("S9", 2019)), "unknown_sector"),
    ],
)
def test_a_wrong_answer_is_told(opened, rule):
    problem = by_hand()
    wrong = replace(solve_years(problem), opened=opened)
    verdict = verify_years(problem, wrong)
    assert rule in {breach.rule for breach in verdict.breaches}
    assert all(breach.message.say("fr") and breach.message.say("en") for breach in verdict.breaches)


def test_a_value_that_is_not_so_is_told():
    problem = by_hand()
    choice = solve_years(problem)
    lying = replace(choice, stages=(replace(choice.stages[0], value=17, bound=17),))
    assert "stage.value" in {one.rule for one in verify_years(problem, lying).breaches}


def test_chains_across_borders_of_one_actor_have_the_same_years():
    problem = by_hand()
    across = replace(problem, whole=replace(problem.whole, contiguity=Contiguity.ANY_EPCI))
    assert solve_years(across) == replace(solve_years(problem), problem_sha256=across.sha256)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(8))
def test_the_compact_formulation_equals_brute_force(seed, contiguity):
    problem = draw(np.random.default_rng(300 + seed), contiguity)
    legal = [one for one in every_dated(problem) if is_legal(problem, one)]
    best = max((signed(problem, one) for one in legal), default=None)
    choice = solve_years_compact(problem)
    if best is None:
        assert (choice.status, choice.opened) == (ChoiceStatus.INFEASIBLE, ())
        return
    open_by = as_flags(problem, choice)
    equal = [one for one in legal if signed(problem, one) == best]
    assert choice.status is ChoiceStatus.OPTIMAL
    assert verify_years(problem, choice).holds
    assert open_by.tolist() == max(equal, key=lambda one: tuple(one.sum(axis=0))).tolist()


def test_years_and_limits_must_fit():
    problem = by_hand()
    with pytest.raises(ValueError, match="ascend"):
        replace(problem, years=(2020, 2019, 2021))
    with pytest.raises(ValueError, match="2018"):
        replace(problem, limits=(replace(problem.limits[0], year=2018),))


def test_sequences_never_close_and_miss_little():
    early = np.array([[1, 0], [0, 1], [1, 1]], np.uint8)
    late = np.array([[1, 0], [1, 1]], np.uint8)
    missed = [np.array([0, 1, 5]), np.array([0, 2])]
    rows, complete = nested_sequences([early, late], missed, deficit=3, at_most=9)
    assert complete
    assert sorted(map(tuple, rows.tolist())) == [(0, 1, 1, 1), (1, 0, 1, 0), (1, 0, 1, 1)]
    rows, complete = nested_sequences([early, late], missed, deficit=3, at_most=1)
    assert (rows.tolist(), complete) == ([[1, 0, 1, 0]], False)


def test_a_postponed_sequence_keeps_what_is_required():
    sequence = np.array([[1, 0, 1, 1]], np.uint8)
    assert postponed(sequence, 2, (False, False)).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]
    assert postponed(sequence, 2, (True, False)).tolist() == [[0, 0, 1, 0]]


@pytest.fixture
def shortly(monkeypatch):
    """Search a little only."""
    monkeypatch.setattr("planner.programme._years.walk._ALL_STEPS", 30_000_000)
    monkeypatch.setattr("planner.programme._years.primal._LEAST_STEPS", 2_000_000)
    monkeypatch.setattr("planner.programme._years.few._NODES", 100_000)


@pytest.mark.usefixtures("shortly")
@pytest.mark.parametrize("seed", range(6))
def test_without_proof_an_answer_is_legal_and_its_bound_true(seed, monkeypatch):
    monkeypatch.setattr("planner.programme._years.solve._SMALL", 0)
    problem = draw(np.random.default_rng(seed + 50), Contiguity.WITHIN_EPCI)
    problem = replace(problem, whole=replace(problem.whole, limits=()))
    legal = [signed(problem, one) for one in every_dated(problem) if is_legal(problem, one)]
    choice = solve_years(problem, gap_share=0.05)
    if not choice.stages:
        assert not legal or choice.status is ChoiceStatus.TIME_LIMIT
        return
    open_by = as_flags(problem, choice)
    assert verify_years(problem, choice).holds
    assert is_legal(problem, open_by)
    first = max(one[0] for one in legal)
    assert choice.stages[0].bound >= first >= choice.stages[0].value


@pytest.mark.parametrize("seed", [128, 170])
def test_a_feeder_across_a_border_comes_first_in_every_year(seed):
    problem = draw(np.random.default_rng(seed), Contiguity.FEEDER)
    choice = solve_years(problem)
    assert choice.status is ChoiceStatus.OPTIMAL
    assert is_legal(problem, as_flags(problem, choice))
    assert verify_years(problem, choice).holds


def a_grid(seed, *, side=5, actors=3):
    """Draw square territories side by side, each reached at one corner, over three years."""
    rng = np.random.default_rng(seed)
    each = side * side
    count = actors * each
    lines = rng.integers(300, 1001, count)
    edges = [
        (actor * each + place, actor * each + place + step)
        for actor in range(actors) for place in range(each)
        for step, inside in ((1, place % side < side - 1), (side, place < each - side)) if inside
    ]  # fmt: skip
    decider = np.repeat(np.arange(actors), each)
    votes = np.concatenate([rng.permutation(each) + 1 for _ in range(actors)]) * lines
    whole = ChoiceProblem(
        sector_ids=tuple(f"S{at:03d}" for at in range(count)), lines=lines,
        departements=("22",) * count, rural=np.zeros(count, bool),
        actors=tuple(f"E{at}" for at in range(actors)), decider=decider,
        share_candidate=np.arange(count), share_actor=decider, share_need=lines,
        envelopes=np.bincount(decider, lines * 45 // 100).astype(np.int64),
        required=np.zeros(count, bool), refused=rng.random(count) < 0.02,
        reached=np.arange(count) % each == 0, edges=np.array(sorted(edges)),
        edge_border_m=np.ones(len(edges), np.int64), feeder=np.full(count, -1),
        objectives=(Objective(name="votes", sense="max", coefficients=votes),),
    )  # fmt: skip
    limits = tuple(
        YearLimit(name="capacity.22", year=year, coefficients=lines, message=RULE,
                  upper=int(lines.sum() * 0.13))
        for year in YEARS
    )  # fmt: skip
    return DatedProblem(whole=whole, years=YEARS, limits=limits)


@pytest.mark.usefixtures("shortly")
def test_a_larger_question_without_any_limit_is_answered_too():
    problem = a_grid(0)
    free = replace(problem, limits=(), whole=replace(problem.whole, limits=()))
    choice = solve_years(free)
    assert verify_years(free, choice).holds
    assert choice.stages[0].gap_share < 0.05
    assert {year for _, year in choice.opened} == {problem.years[0]}


@pytest.mark.usefixtures("shortly")
def test_a_larger_question_is_answered_beside_its_bound():
    problem = a_grid(0, side=4, actors=4)
    choice = solve_years(problem)
    stage = choice.stages[0]
    assert verify_years(problem, choice).holds
    assert is_legal(problem, as_flags(problem, choice))
    assert stage.value == problem.values(as_flags(problem, choice))[0] <= stage.bound
    assert stage.gap_share < 0.05
    assert solve_years(problem) == choice


@pytest.mark.usefixtures("shortly")
def test_an_objective_after_the_first_is_bettered_near_what_holds_it(monkeypatch):
    """Many actors: what holds the first is a way of its own at the prices of the second."""
    problem = a_grid(1, side=3, actors=20)
    criteria = np.random.default_rng(10).integers(0, 1000, problem.whole.candidates_count)
    second = Objective(name="criteria", sense="max", coefficients=criteria * problem.whole.lines)
    both = replace(
        problem, whole=replace(problem.whole, objectives=(*problem.whole.objectives, second))
    )
    joined = []
    kept = Joint.converge

    def converge(self, *args, **kwargs):
        joined.append(kept(self, *args, **kwargs))
        return joined[-1]

    monkeypatch.setattr(Joint, "converge", converge)
    choice = solve_years_by_columns(both, gap_share=1e-3, seconds=None, warm=None)
    assert joined == [True, True]  # the second is priced over all years too
    assert verify_years(both, choice).holds
    first = solve_years_by_columns(problem, gap_share=1e-3, seconds=None, warm=None)
    held = both.values(as_flags(problem, first))
    found = [stage.value for stage in choice.stages]
    assert found[0] >= first.stages[0].value
    assert found[1] > held[1]
    assert choice.stages[1].value <= choice.stages[1].bound
