"""What clashes with the ceilings of years, beside brute force."""

from dataclasses import replace

import numpy as np
import pytest

from planner import make_plan
from planner.choice import ChoiceStatus, Contiguity, Limit, Objective
from planner.conflict import RuleKind, find_conflict, find_year_conflict
from planner.dated import DatedChoice, DatedProblem, YearLimit
from planner.errors import RuleError
from planner.programme import solve_years
from planner.scenario import Scenario
from planner.texts import Message
from planner.toy import toy_territory
from tests.unit.test_programme_years import draw, every_dated, is_legal

WORDS = Message.of("programme.limit_made_up")


def ceilings(problem, uppers, name="capacity.region", use=None):
    use = problem.whole.lines if use is None else use
    return tuple(
        YearLimit(name=name, year=year, coefficients=use, upper=int(upper), message=WORDS)
        for year, upper in zip(problem.years, uppers, strict=True)
    )


def pressed(seed, contiguity):
    """Draw a question that the years alone make impossible, most often."""
    rng = np.random.default_rng(seed)
    problem = draw(rng, contiguity)
    whole = problem.whole
    count = whole.candidates_count
    required = (rng.random(count) < 0.6) & ~whole.refused
    whole = replace(
        whole, required=required, envelopes=np.full(len(whole.actors), 1000),
        limits=tuple(replace(one, upper=None, lower=None) for one in whole.limits),
    )  # fmt: skip
    problem = replace(problem, whole=whole, limits=())
    uppers = rng.integers(0, max(2, int(whole.lines[required].sum())), len(problem.years))
    limits = ceilings(problem, uppers)
    if rng.random() < 0.5:
        use = rng.integers(0, 4, count)
        limits += ceilings(problem, rng.integers(0, 6, len(problem.years)), "budget.region", use)
    return replace(problem, limits=limits)


def holds(problem, names):
    """Tell by brute force whether some requirements and ceilings hold with all other rules."""
    whole = problem.whole
    required = np.array([f"required:{key}" in names for key in whole.sector_ids])
    asked = replace(
        problem,
        whole=replace(whole, required=required & whole.required),
        limits=tuple(one for one in problem.limits if f"year:{one.year}:{one.name}" in names),
    )
    return any(is_legal(asked, one) for one in every_dated(asked))


@pytest.mark.parametrize("contiguity", [Contiguity.NONE, Contiguity.WITHIN_EPCI])
def test_each_clash_is_one_and_no_rule_of_it_is_too_many(contiguity):
    clashes = 0
    for seed in range(40):
        problem = pressed(seed, contiguity)
        if find_conflict(problem.whole) is not None:
            continue
        every = {f"required:{key}" for key in problem.whole.sector_ids} | {
            f"year:{one.year}:{one.name}" for one in problem.limits
        }
        possible = holds(problem, every)
        assert possible == (solve_years(problem).status is not ChoiceStatus.INFEASIBLE)
        if possible:
            continue
        found = find_year_conflict(problem)
        assert found is not None
        names = set(found.names)
        assert not holds(problem, names)
        for name in names:
            assert holds(problem, names - {name}), (seed, name)
        assert any(rule.kind is RuleKind.REQUIRED for rule in found.rules)
        clashes += 1
    assert clashes >= 8


def test_a_bound_that_the_solver_tells_wrongly_ends_nowhere():
    # HiGHS 1.16 tells 52 for the listed programmes, the best of which is worth 45
    problem = pressed(7, Contiguity.NONE)
    legal = [one for one in every_dated(problem) if is_legal(problem, one)]
    choice = solve_years(problem)
    assert choice.status is ChoiceStatus.OPTIMAL
    assert choice.stages[0].value == max(problem.values(one)[0] for one in legal) == 45


def test_least_amounts_press_too():
    problem = draw(np.random.default_rng(3), Contiguity.NONE)
    whole = problem.whole
    none = np.zeros(whole.candidates_count, bool)
    least = Limit(name="least", message=WORDS, coefficients=whole.lines, lower=1)
    whole = replace(
        whole, required=none, refused=none, limits=(least,),
        envelopes=np.full(len(whole.actors), 1000),
    )  # fmt: skip
    problem = DatedProblem(whole=whole, years=(2021, 2022), yearly=frozenset())
    problem = replace(problem, limits=ceilings(problem, (0, 0)))
    found = find_year_conflict(problem)
    assert set(found.names) == {
        "lower:least", "year:2021:capacity.region", "year:2022:capacity.region"
    }  # fmt: skip
    assert "2021" in found.say("fr")
    assert "2022" in found.say("en")


@pytest.fixture(scope="module")
def toy():
    return toy_territory()


@pytest.mark.parametrize(("lang", "said"), [("fr", "à lui seul"), ("en", "alone")])
def test_a_plan_names_the_ceilings_and_the_way_out(toy, lang, said):
    asked = {"rule": "exact", "contiguity": "none"}
    free = make_plan(toy, Scenario.from_dict({"programme": asked}))
    chosen = sorted(free.choice.chosen)[:2]
    lines = free.territory.sectors.set_index("sector_id").loc[chosen, "premises_count"].sum()
    ballots = toy.ballots.copy()
    ballots.loc[ballots["sector_id"].isin(chosen), "rank"] = None
    ballots.loc[ballots["sector_id"].isin(chosen), "wish"] = "required"
    demanding = toy.with_tables(ballots=ballots)
    years = {"first": 2021, "count": 2, "lines_per_year": {"region": int(lines) // 2 - 1}}
    with pytest.raises(RuleError) as caught:
        make_plan(demanding, Scenario.from_dict({"programme": {**asked, "years": years}}))
    words = caught.value.say(lang)
    assert said in words
    assert "2021" in words
    assert "[programme.years]" in words


def test_many_requirements_beyond_all_the_years_are_proved_so_on_a_large_question():
    """A question too large to be proved throughout: the answer says that there is none."""
    rng = np.random.default_rng(1)
    problem = draw(rng, Contiguity.NONE)
    whole = problem.whole
    times = 90 // whole.candidates_count + 1
    count = whole.candidates_count * times
    lines = np.full(count, 100)
    zero = np.zeros(count, bool)
    every = np.arange(count)
    large = replace(
        whole, sector_ids=tuple(f"s{at:03}" for at in every), lines=lines,
        departements=("22",) * count, rural=zero, decider=every % len(whole.actors),
        share_candidate=every, share_actor=every % len(whole.actors), share_need=lines,
        envelopes=np.full(len(whole.actors), 100 * count), required=every < 40, refused=zero,
        reached=~zero, edges=np.zeros((0, 2), np.int64), edge_border_m=np.zeros(0, np.int64),
        feeder=np.full(count, -1), limits=(), unasked=None, in_cents=None,
        objectives=(Objective(name="votes", sense="max", coefficients=lines),),
    )  # fmt: skip
    dated = replace(problem, whole=large, limits=(), yearly=())
    dated = replace(dated, limits=ceilings(dated, [100] * len(dated.years)))
    assert solve_years(dated).status is ChoiceStatus.INFEASIBLE
    room = replace(dated, limits=ceilings(dated, [4000] * len(dated.years)))
    assert solve_years(room).status is ChoiceStatus.OPTIMAL


def test_a_plan_without_an_answer_says_that_no_time_ran_out(toy, monkeypatch):
    """No programme found and none excluded: the reader isn't sent to a clock that he never set."""
    from planner import choosing

    nothing = lambda problem, **_: DatedChoice(  # noqa: E731
        problem_sha256=problem.sha256, status=ChoiceStatus.TIME_LIMIT, opened=(), stages=()
    )
    monkeypatch.setattr(choosing, "solve_years", nothing)
    years = {"first": 2019, "count": 2}
    with pytest.raises(RuleError) as caught:
        make_plan(toy, Scenario.from_dict({"programme": {"rule": "exact", "years": years}}))
    assert "sans qu'il soit prouvé" in caught.value.say("fr")
    assert "temps" not in caught.value.say("fr")
