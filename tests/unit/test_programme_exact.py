"""The exact programme beside brute force: every rule, every objective, every stage."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, Limit, Objective
from planner.errors import RuleError
from planner.programme import ColumnPool, solve_choice
from planner.programme._actors.blocks import Row, split_problem
from planner.programme._actors.columns import Stage
from planner.programme._actors.integer import holds, total
from planner.programme._compact import solve_compact
from planner.programme._search.exchange import exchange
from planner.texts import Message

RULE = Message.of("programme.limit_made_up")
SIGN = {"max": 1, "min": -1}


def draw(rng, contiguity):
    """Draw a small region: shared sectors, limits, parity, wishes, one to four objectives."""
    count, actors = int(rng.integers(1, 10)), int(rng.integers(1, 4))
    edges = np.array(
        [p for p in itertools.combinations(range(count), 2) if rng.random() < 0.3], np.int64
    ).reshape(-1, 2)
    decider, lines = rng.integers(0, actors, count), rng.integers(1, 10, count)
    shares = []
    for sector in range(count):
        away = int(lines[sector]) // 3 if rng.random() < 0.25 and actors > 1 else 0
        shares.append((sector, int(decider[sector]), int(lines[sector]) - away))
        if away:
            shares.append((sector, int(decider[sector] + 1) % actors, away))
    sector, actor, need = np.array(sorted(shares)).T
    total = np.bincount(actor, need, actors)
    envelopes = (total * rng.uniform(0.3, 0.9, actors)).astype(np.int64)
    envelopes[rng.random(actors) < 0.1] = -1
    cost, rural = rng.integers(1, 20, count), rng.random(count) < 0.5
    limits = []
    if rng.random() < 0.5:
        limits.append(Limit(name="budget.region", message=RULE, coefficients=cost,
                            upper=int(cost.sum()) // 2))  # fmt: skip
    if rng.random() < 0.5:
        side = np.where(rural, 1, -1)
        limits += [
            Limit(name="parity.rural", message=RULE, coefficients=lines * (4 * side - 1), upper=9),
            Limit(name="parity.urban", message=RULE, coefficients=lines * (-4 * side - 1), upper=9),
        ]
    if rng.random() < 0.25:
        least = int(lines.sum() * rng.uniform(0.1, 0.5))
        limits.append(Limit(name="least", message=RULE, coefficients=lines, lower=least))
    same = decider[edges[:, 0]] == decider[edges[:, 1]]
    few = int(rng.choice([3, 40]))  # with three values, many programmes are equal
    objectives = (
        Objective(name="votes", sense="max", coefficients=rng.integers(0, few, count)),
        Objective(name="criteria", sense="max", coefficients=rng.integers(0, few, count)),
        Objective(name="cost", sense="min", coefficients=cost),
        Objective(name="compactness", sense="max", coefficients=np.zeros(count, np.int64),
                  edge_coefficients=np.where(same, rng.integers(-1, 9, len(edges)), 0)),
    )  # fmt: skip
    feeder = rng.integers(-1, count, count)
    feeder[feeder == np.arange(count)] = -1
    return ChoiceProblem(
        sector_ids=tuple(f"S{position:02d}" for position in range(count)),
        lines=lines,
        departements=("22",) * count,
        rural=rural,
        actors=tuple("ABC"[:actors]),
        decider=decider,
        share_candidate=sector,
        share_actor=actor,
        share_need=need,
        envelopes=envelopes,
        required=rng.random(count) < 0.06,
        refused=rng.random(count) < 0.06,
        reached=rng.random(count) < 0.35,
        edges=edges,
        edge_border_m=np.ones(len(edges), np.int64),
        feeder=feeder,
        contiguity=contiguity,
        limits=tuple(limits),
        objectives=objectives[: int(rng.integers(1, 5))],
    )


def is_legal(problem, taken):
    if (taken & problem.refused).any() or (problem.required & ~taken).any():
        return False
    for actor, envelope in enumerate(problem.envelopes):
        mine = (problem.share_actor == actor) & taken[problem.share_candidate]
        if problem.share_need[mine].sum() > max(envelope, 0):
            return False
    for limit in problem.limits:
        value = limit.coefficients[taken].sum()
        if limit.lower is not None and value < limit.lower:
            return False
        if limit.upper is not None and value > limit.upper:
            return False
    return is_reached(problem, taken)


def is_reached(problem, taken):
    if problem.contiguity is Contiguity.NONE:
        return True
    chosen = np.flatnonzero(taken)
    if problem.contiguity is Contiguity.FEEDER:
        return all(problem.feeder[s] < 0 or taken[problem.feeder[s]] for s in chosen)
    anyone = problem.contiguity is Contiguity.ANY_EPCI
    done = {int(s) for s in chosen if problem.reached[s]}
    for _ in range(len(taken)):
        for a, b in problem.edges.tolist():
            near = anyone or problem.decider[a] == problem.decider[b]
            if near and taken[a] and taken[b] and (a in done or b in done):
                done |= {a, b}
    return all(int(s) in done for s in chosen)


def brute_force(problem):
    """Return every best programme, values signed so that more is better."""
    best, found = None, []
    for bits in itertools.product((False, True), repeat=problem.candidates_count):
        taken = np.array(bits)
        if is_legal(problem, taken):
            worth = signed(problem, taken)
            if best is None or worth > best:
                best, found = worth, []
            if worth == best:
                found.append(bits)
    return best, found


def signed(problem, taken):
    values = problem.values(taken)
    return tuple(SIGN[o.sense] * v for o, v in zip(problem.objectives, values, strict=True))


def taken_by(problem, choice):
    return np.isin(problem.sector_ids, choice.chosen)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(25))
def test_every_stage_equals_brute_force(seed, contiguity):
    problem = draw(np.random.default_rng(seed), contiguity)
    best, equal = brute_force(problem)
    choice = solve_choice(problem)
    assert choice.problem_sha256 == problem.sha256
    if best is None:
        assert (choice.status, choice.chosen) == (ChoiceStatus.INFEASIBLE, ())
        return
    taken = taken_by(problem, choice)
    assert choice.status is ChoiceStatus.OPTIMAL
    assert is_legal(problem, taken)
    assert signed(problem, taken) == best
    assert [stage.value for stage in choice.stages] == list(problem.values(taken))
    assert all(stage.bound == stage.value for stage in choice.stages)
    assert tuple(taken.tolist()) == max(equal)  # the named rule among equals: first ids first


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(100, 106))
def test_the_compact_formulation_equals_brute_force(seed, contiguity):
    problem = draw(np.random.default_rng(seed), contiguity)
    best, equal = brute_force(problem)
    choice = solve_compact(problem)
    if best is None:
        assert choice.status is ChoiceStatus.INFEASIBLE
        return
    assert choice.status is ChoiceStatus.OPTIMAL
    assert signed(problem, taken_by(problem, choice)) == best
    assert tuple(taken_by(problem, choice).tolist()) == max(equal)  # first ids first


@pytest.mark.parametrize("objectives", [0, 1])
def test_the_compact_formulation_tells_equal_programmes_apart_by_dozens_of_ids(objectives):
    """Fifteen equal sectors, room for seven: the first seven, beyond the first dozen of ids too."""
    count = 15
    same, none = np.full(count, 2), np.zeros(count, bool)
    problem = ChoiceProblem(
        sector_ids=tuple(f"S{at:02d}" for at in range(count)), lines=same,
        departements=("22",) * count, rural=none, actors=("A",),
        decider=np.zeros(count, np.int64), share_candidate=np.arange(count),
        share_actor=np.zeros(count, np.int64), share_need=same, envelopes=np.array([14]),
        required=np.arange(count) == count - 1, refused=np.arange(count) < 7, reached=~none,
        edges=np.zeros((0, 2), np.int64), edge_border_m=np.zeros(0, np.int64),
        feeder=np.full(count, -1), contiguity=Contiguity.NONE,
        objectives=tuple(Objective(name="votes", sense="max", coefficients=same)
                         for _ in range(objectives)),
    )  # fmt: skip
    chosen = tuple(f"S{at:02d}" for at in (7, 8, 9, 10, 11, 12, 14))
    assert solve_compact(problem).chosen == chosen == solve_choice(problem).chosen


@pytest.mark.parametrize("seed", range(200, 215))
def test_a_pool_changes_nothing_but_time(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.WITHIN_EPCI)
    pool = ColumnPool()
    first = solve_choice(problem, warm=pool)
    assert solve_choice(problem, warm=pool) == first
    votes = problem.objectives[0]
    weighted = replace(
        votes, coefficients=votes.coefficients * rng.integers(1, 4, len(first.chosen) or 1).max()
    )
    changed = replace(problem, objectives=(weighted, *problem.objectives[1:]))
    assert solve_choice(changed, warm=pool) == solve_choice(changed)
    looser = replace(problem, envelopes=np.maximum(problem.envelopes, 0) + 3)
    assert solve_choice(looser, warm=pool) == solve_choice(looser)


@pytest.mark.parametrize("seed", range(300, 330))
def test_a_larger_envelope_never_lowers_the_optimum_of_the_region(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.WITHIN_EPCI)
    first = problem.objectives[:1]
    problem = replace(problem, objectives=first)
    larger = problem.envelopes.copy()
    larger[rng.integers(len(larger))] += 5
    before, after = solve_choice(problem), solve_choice(replace(problem, envelopes=larger))
    if before.status is not ChoiceStatus.INFEASIBLE:
        assert after.stages[0].value >= before.stages[0].value


def test_a_larger_envelope_may_serve_fewer_votes_of_that_epci():
    # A's second sector pays better for the region but was worth less to A: a larger envelope
    # lets the region trade A's favourite away, because the budget binds
    lines = np.array([4, 6])
    problem = ChoiceProblem(
        sector_ids=("S0", "S1"), lines=lines, departements=("22", "22"),
        rural=np.zeros(2, bool), actors=("A", "B"), decider=np.array([0, 0]),
        share_candidate=np.array([0, 1, 1]), share_actor=np.array([0, 0, 1]),
        share_need=np.array([4, 4, 2]), envelopes=np.array([4, 0]),
        required=np.zeros(2, bool), refused=np.zeros(2, bool), reached=np.ones(2, bool),
        edges=np.zeros((0, 2), np.int64), edge_border_m=np.zeros(0, np.int64),
        feeder=np.full(2, -1),
        objectives=(Objective(name="votes", sense="max", coefficients=np.array([5, 7])),),
    )  # fmt: skip
    assert solve_choice(problem).chosen == ("S0",)
    larger = replace(problem, envelopes=np.array([4, 2]))
    assert solve_choice(larger).chosen == ("S1",)


def four_cells(**changes):
    """Return four cells in a square, two by actor; 0 and 2 are reached."""
    lines = np.array([3, 4, 5, 6])
    none = np.zeros(4, bool)
    return ChoiceProblem(
        **{
            "sector_ids": ("S0", "S1", "S2", "S3"), "lines": lines,
            "departements": ("22", "22", "29", "29"), "rural": np.array([1, 0, 1, 0], bool),
            "actors": ("A", "B"), "decider": np.array([0, 0, 1, 1]),
            "share_candidate": np.arange(4), "share_actor": np.array([0, 0, 1, 1]),
            "share_need": lines, "envelopes": np.array([7, 6]), "required": none,
            "refused": none, "reached": np.array([1, 0, 1, 0], bool),
            "edges": np.array([[0, 1], [0, 2], [1, 3], [2, 3]]),
            "edge_border_m": np.array([10, 20, 30, 40]), "feeder": np.array([-1, 0, -1, 2]),
            "objectives": (Objective(name="votes", sense="max", coefficients=np.array([1, 9, 2, 9])),),
        }
        | changes
    )  # fmt: skip


def test_four_cells_by_hand():
    # A: S1 (9 votes) needs S0 to be reached, both fit 7 lines; B: S3 needs S2, 11 lines > 6: S2 alone
    choice = solve_choice(four_cells())
    assert choice.chosen == ("S0", "S1", "S2")
    assert choice.stages[0].value == choice.stages[0].bound == 12
    # without contiguity B takes S3 alone
    assert solve_choice(four_cells(contiguity=Contiguity.NONE)).chosen == ("S0", "S1", "S3")
    # through anyone: S3 is reached through S1
    assert solve_choice(four_cells(contiguity=Contiguity.ANY_EPCI)).chosen == ("S0", "S1", "S3")
    # 4 lines: S1 has no way in, S0 alone
    assert solve_choice(four_cells(envelopes=np.array([4, 6]))).chosen == ("S0", "S2")
    # S3 required: 11 lines don't fit
    required = np.array([0, 0, 0, 1], bool)
    assert solve_choice(four_cells(required=required)).status is ChoiceStatus.INFEASIBLE


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Objective(name="cost", sense="min", coefficients=np.array([-1, 3, -2, 1])), ("S0", "S2")),
        (
            Objective(name="compactness", sense="max", coefficients=np.zeros(4, np.int64),
                      edge_coefficients=np.array([10, 0, 0, 40])),
            ("S0", "S1", "S2"),
        ),
    ],
)  # fmt: skip
def test_each_objective_by_hand(objective, expected):
    problem = four_cells(objectives=(objective,))
    choice = solve_choice(problem)
    assert choice.chosen == expected
    assert problem.values(taken_by(problem, choice)) == (choice.stages[0].value,)


@pytest.mark.parametrize("contiguity", list(Contiguity))
def test_a_pair_that_two_epci_decide_is_refused_and_no_other(contiguity):
    """S1 and S3 have a border of 30: counted by nobody, the answer would pass for the best."""
    pairs = Objective(name="compactness", sense="max", coefficients=np.array([1, 0, 2, 0]),
                      edge_coefficients=np.array([0, 0, 30, 0]))  # fmt: skip
    roomy = {"contiguity": contiguity, "envelopes": np.array([7, 11])}
    with pytest.raises(RuleError) as refused:
        four_cells(objectives=(pairs,), sector_names={"S3": "Redon"}, **roomy)
    said = refused.value.say()
    assert "« continuité du territoire » compte 1 paire(s)" in said
    assert "S1 et S3 (Redon)" in said
    assert "edge_coefficients" in said
    one_decider = four_cells(
        objectives=(pairs,), decider=np.zeros(4, np.int64), share_actor=np.zeros(4, np.int64),
        contiguity=contiguity, envelopes=np.array([18, 0]),
    )  # fmt: skip
    inside = replace(pairs, edge_coefficients=np.array([10, 0, 0, 40]))
    for problem in (one_decider, four_cells(objectives=(inside,), **roomy)):
        best, _ = brute_force(problem)
        choice = solve_choice(problem)
        assert choice.status is ChoiceStatus.OPTIMAL
        assert problem.values(taken_by(problem, choice)) == best
    with pytest.raises(ValueError, match="4 items"):
        four_cells(objectives=(replace(pairs, edge_coefficients=np.array([0, 0, 0])),))


def test_without_candidates_limits_alone_decide():
    nothing, nobody = np.zeros(0, np.int64), np.zeros(0, bool)
    least = Limit(name="least", message=RULE, coefficients=nothing, lower=1)
    empty = ChoiceProblem(
        sector_ids=(), lines=nothing, departements=(), rural=nobody, actors=(), decider=nothing,
        share_candidate=nothing, share_actor=nothing, share_need=nothing, envelopes=nothing,
        required=nobody, refused=nobody, reached=nobody, edges=np.zeros((0, 2), np.int64),
        edge_border_m=nothing, feeder=nothing,
    )  # fmt: skip
    assert solve_choice(empty).status is ChoiceStatus.OPTIMAL
    assert solve_choice(replace(empty, limits=(least,))).status is ChoiceStatus.INFEASIBLE


def listed(rng, blocks):
    """Draw some choices of each block, the empty one first."""
    found = []
    for block in blocks:
        some = rng.integers(0, 2, (4, len(block.members))).astype(np.uint8)
        some[0] = 0
        found.append(some)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_nothing_better_is_left_within_three_actors(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.NONE)
    blocks, _ = split_problem(problem)
    worth = Row(name="votes", coefficients=rng.integers(-5, 20, problem.candidates_count))
    use = rng.integers(0, 9, problem.candidates_count)
    rows = [Row(name="use", coefficients=use, upper=int(use.sum()) // 2, lower=0)]
    choices = listed(rng, blocks)
    start = [some[:1] for some in choices]
    parts, value = exchange(blocks, choices, worth, rows, incumbent=start, enough=10**9)
    assert value == total(blocks, parts, worth) >= total(blocks, start, worth)
    assert holds(blocks, parts, rows)
    # at most three actors here: three exchanges at once are every combination
    best = max(
        total(blocks, combination, worth)
        for combination in itertools.product(*[[c[None, :] for c in some] for some in choices])
        if holds(blocks, combination, rows)
    )
    assert value == best


def test_it_stops_at_what_is_enough():
    problem = draw(np.random.default_rng(3), Contiguity.NONE)
    blocks, _ = split_problem(problem)
    worth = Row(name="votes", coefficients=np.ones(problem.candidates_count, np.int64))
    choices = [np.eye(len(b.members), dtype=np.uint8) for b in blocks]
    nothing = [np.zeros((1, len(b.members)), np.uint8) for b in blocks]
    assert exchange(blocks, choices, worth, [], incumbent=nothing, enough=0) == (nothing, 0)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(12))
def test_a_block_allows_what_the_rules_allow(seed, contiguity):
    rng = np.random.default_rng(seed)
    problem = replace(draw(rng, contiguity), limits=())
    if contiguity is Contiguity.ANY_EPCI:  # what lies beyond a border isn't a block's to judge
        problem = replace(problem, edges=problem.edges[:0], edge_border_m=problem.edge_border_m[:0],
                          objectives=problem.objectives[:1])  # fmt: skip
    blocks, rows = split_problem(problem)
    for _ in range(30):
        chosen = rng.random(problem.candidates_count) < rng.random()
        parts = [chosen[b.members].astype(np.uint8)[None, :] for b in blocks]
        mine = all(b.allows(p[0]) for b, p in zip(blocks, parts, strict=True))
        assert (mine and holds(blocks, parts, rows)) == is_legal(problem, chosen)


@pytest.mark.parametrize("seed", range(6))
def test_a_former_answer_is_begun_with_and_bettered(seed):
    problem = draw(np.random.default_rng(seed), Contiguity.WITHIN_EPCI)
    pool = ColumnPool()
    first = solve_choice(problem, warm=pool)
    if not first.stages:
        assert pool.answers == []
        return
    assert pool.answers == [frozenset(first.chosen)]
    # one that breaks a rule is never taken up
    pool.keep_answer(frozenset(problem.sector_ids))
    again = solve_choice(problem, warm=pool)
    assert signed(problem, taken_by(problem, again)) == signed(problem, taken_by(problem, first))
    for extra in range(20):
        pool.keep_answer(frozenset({f"S{extra}"}))
    assert len(pool.answers) == 8


@pytest.mark.parametrize("gap_share", [0.0, 0.01])
def test_an_actor_known_by_its_bound_alone_makes_no_question_impossible(monkeypatch, gap_share):
    listed = Stage.list_near
    emptied = 0

    def without_the_first(stage, deficit, at_most):
        nonlocal emptied
        lists, missed, _ = listed(stage, deficit, at_most)
        if not lists:
            return lists, missed, False
        emptied += 1
        return [lists[0][:0], *lists[1:]], [missed[0][:0], *missed[1:]], True

    monkeypatch.setattr(Stage, "list_near", without_the_first)
    answered = 0
    for seed in range(60):
        problem = draw(np.random.default_rng(seed), Contiguity.WITHIN_EPCI)
        problem = replace(problem, objectives=problem.objectives[:1])
        best, _ = brute_force(problem)
        answer = solve_choice(problem, gap_share=gap_share)
        assert (answer.status is ChoiceStatus.INFEASIBLE) == (best is None)
        if not answer.stages:
            continue
        answered += 1
        taken = taken_by(problem, answer)
        assert is_legal(problem, taken)
        assert signed(problem, taken)[0] <= best[0] <= answer.stages[0].bound
    assert emptied
    assert answered
