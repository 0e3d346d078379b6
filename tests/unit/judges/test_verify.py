"""The checker agrees with brute force on every subset, and sees each claim that lies."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner.choice import Choice, ChoiceStatus, Contiguity, StageResult
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.verify import verify_choice, verify_programme


def claim(problem, flags):
    """An answer that says nothing but the truth, without any bound."""
    stages = tuple(
        StageResult(objective=o.name, value=v, bound=None, status=ChoiceStatus.TIME_LIMIT)
        for o, v in zip(problem.objectives, problem.values(flags), strict=True)
    )
    return Choice(
        problem_sha256=problem.sha256,
        status=ChoiceStatus.TIME_LIMIT,
        chosen=tuple(k for k, f in zip(problem.sector_ids, flags, strict=True) if f),
        stages=stages,
    )


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(3))
def test_every_subset_is_judged_as_brute_force_does(oracle, contiguity, seed):
    problem = oracle.random_problem(seed, count=7, contiguity=contiguity)
    problem = replace(problem, required=problem.required | (np.arange(7) == 2))
    problem = replace(problem, refused=problem.refused | (np.arange(7) == 5))
    if seed == 1:
        problem = replace(problem, envelopes=np.array([-1, problem.envelopes[1]]))
    rows, fine = oracle.feasible_rows(problem)
    judged = [verify_choice(problem, claim(problem, row)).holds for row in rows]
    assert judged == fine.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_the_true_optimum_holds_with_its_proof(oracle, seed):
    problem = oracle.random_problem(seed)
    verdict = verify_choice(problem, oracle.solve(problem))
    assert verdict.holds
    assert verdict.checks["stage.value"] == len(problem.objectives)
    assert verdict.checks["envelope"] == len(problem.actors)


def test_each_breach_names_its_rule_its_place_and_by_how_much(oracle):
    problem = oracle.random_problem(0)
    every = np.ones(problem.candidates_count, dtype=bool)
    verdict = verify_choice(problem, claim(problem, every))
    assert set(verdict.broken_rules) >= {"envelope", "limit"}
    by_place = {b.place: b.excess for b in verdict.breaches if b.rule == "envelope"}
    for actor, granted in enumerate(problem.envelopes):
        total = int(problem.share_need[problem.share_actor == actor].sum())
        assert by_place[problem.actors[actor]] == total - granted
    over = next(b for b in verdict.breaches if b.rule == "limit")
    limit = problem.limits[0]
    assert over.excess == limit.coefficients.sum() - limit.upper
    assert list(verdict.table().columns) == ["rule", "place", "excess", "message"]
    assert "dépassée" in verdict.say()
    assert "exceeded" in verdict.say("en")


def lies():
    """Each lie about an optimal answer, with the rule that sees it."""

    def stage(choice, **change):
        return replace(choice, stages=(replace(choice.stages[0], **change), *choice.stages[1:]))

    return {
        "stage.value": lambda c: stage(c, value=c.stages[0].value + 1, bound=c.stages[0].value + 1),
        "stage.bound": lambda c: stage(c, bound=c.stages[0].value - 1),
        "stage.optimal": lambda c: stage(c, bound=c.stages[0].value + 1),
        "stage.bound_missing": lambda c: stage(c, bound=None),
        "status": lambda c: stage(c, status=ChoiceStatus.TIME_LIMIT),
        "stages": lambda c: replace(c, stages=c.stages[::-1]),
        "question": lambda c: replace(c, problem_sha256="0" * 64),
        "order": lambda c: replace(c, chosen=c.chosen[::-1]),
        "unknown_sector": lambda c: replace(c, chosen=(*c.chosen, "zz")),
        "no_answer": lambda c: replace(c, status=ChoiceStatus.INFEASIBLE),
    }


@pytest.mark.parametrize("rule", list(lies()))
def test_a_lie_is_seen(oracle, rule):
    problem = oracle.random_problem(3)
    choice = oracle.solve(problem)
    assert len(choice.chosen) > 1
    assert rule in verify_choice(problem, lies()[rule](choice)).broken_rules


def test_nothing_found_in_the_time_allowed_claims_nothing(oracle):
    problem = oracle.random_problem(3)
    none = replace(oracle.solve(problem), chosen=(), stages=(), status=ChoiceStatus.TIME_LIMIT)
    assert verify_choice(problem, none).holds
    some = replace(none, chosen=problem.sector_ids[:1])
    assert "stages" in verify_choice(problem, some).broken_rules


def test_a_status_weaker_than_its_bound_is_seen(oracle):
    problem = oracle.random_problem(3)
    choice = oracle.solve(problem)
    assert (
        "status"
        in verify_choice(problem, replace(choice, status=ChoiceStatus.WITHIN_GAP)).broken_rules
    )
    last = replace(choice.stages[-1], status=ChoiceStatus.WITHIN_GAP)
    weaker = replace(choice, stages=(*choice.stages[:-1], last), status=ChoiceStatus.WITHIN_GAP)
    assert verify_choice(problem, weaker).broken_rules == ("stage.optimal",)


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), Scenario())


def test_the_tables_of_the_toy_plan_hold(plan):
    verdict = verify_programme(plan.tables(), plan.scenario)
    assert verdict.holds, verdict.say()
    assert verdict.checks["once"] == 8
    assert verdict.checks["balance"] > 20


def edit(tables, name, column, value, where=0):
    frame = pd.DataFrame(tables[name]).copy()
    frame[column] = frame[column].astype("object")
    frame.loc[frame.index[where], column] = value
    return {**tables, name: frame}


@pytest.mark.parametrize(
    ("rule", "name", "column", "value"),
    [
        ("premises", "programme", "premises_count", 99),
        ("shares", "sector_shares", "premises_count", 99),
        ("balance", "balances", "lines_phase_1", 99),
        ("contribution", "contributions", "net_cents", 1),
        ("capacity", "schedule", "premises_count", 10_000_000),
        ("phase_of_zone", "programme", "phase", "2"),
        ("schedule_phase", "schedule", "phase", "3"),
    ],
)
def test_a_changed_cell_of_the_tables_is_seen(plan, rule, name, column, value):
    tables = edit(plan.tables(), name, column, value)
    assert rule in verify_programme(tables, plan.scenario).broken_rules


def test_a_vote_withdrawn_after_the_choice_is_seen(plan):
    tables = plan.tables()
    chosen = tables["programme"].query("phase == '2'")["epci_siren"].iloc[0]
    frame = tables["deliberations"].copy()
    frame.loc[frame["epci_siren"] == chosen, "state"] = "pending"
    verdict = verify_programme({**tables, "deliberations": frame}, plan.scenario)
    assert [b.place for b in verdict.breaches if b.rule == "unvoted"] == [chosen]


def test_an_envelope_that_is_exceeded_is_told_in_words(plan):
    tables = plan.tables()
    frame = tables["envelopes"].copy()
    frame["amount"] = 1
    verdict = verify_programme({**tables, "envelopes": frame}, plan.scenario)
    assert "envelope" in verdict.broken_rules
    assert "lignes" in verdict.say("fr")
    euros = verify_programme({**tables, "envelopes": frame.assign(unit="eur")}, plan.scenario)
    assert "€" in euros.say("en")


def test_a_sector_left_out_though_it_fits_is_seen(plan):
    tables = plan.tables()
    out = tables["programme"].query("decision == 'envelope'")["epci_siren"].iloc[0]
    frame = tables["envelopes"].copy()
    frame.loc[frame["epci_siren"] == out, "amount"] = 1000
    assert "fits" in verify_programme({**tables, "envelopes": frame}, plan.scenario).broken_rules


FOLLOWS = {
    "programme": ("epci_siren", "tranche", "decision", "premises_count", "phase"),
    "costs": ("premises_count", "unit_cost_cents", "cost_cents"),
    "schedule": ("year", "premises_count", "cost_cents"),
    "contributions": ("place_id", "epci_siren", "lines_count", "gross_cents", "net_cents"),
    "balances": ("deliberation", "unit", "used", "lines_phase_2", "lines_phase_3", "net_cents"),
    "criteria_scores": ("score_ppm", "rank"),
}


@pytest.mark.parametrize("table", list(FOLLOWS))
def test_no_cell_that_follows_from_others_changes_unseen(plan, table):
    tables = plan.tables()
    frame = tables[table]
    for column in FOLLOWS[table]:
        others = sorted({str(value) for value in frame[column].dropna()})
        for at, old in enumerate(frame[column]):
            if column in {"unit", "deliberation"} and pd.isna(old):
                continue
            if column == "decision":
                new = "refused" if str(old) in {"phase_1", "chosen", "required"} else "chosen"
            elif isinstance(old, str):
                new = next((one for one in others if one != old), f"{old}x")
            else:
                new = 1 if pd.isna(old) else int(old) + 1
            changed = edit(tables, table, column, new, at)
            verdict = verify_programme(changed, plan.scenario)
            assert not verdict.holds, (column, at, old, new)
            assert verdict.say("fr") != verdict.say("en")


def of_points_and_approvals():
    """The second EPCI gives points, the third approves: what each ranks follows from them."""
    territory = toy_territory()
    rows = [
        ("200000002", "22002-02", "scored", None, 7),
        ("200000002", "22002-01", "scored", None, 3),
        ("200000003", "35001-01", "approved", None, None),
        ("200000003", "35001-02", "approved", None, None),
    ]
    ballots = pd.DataFrame(rows, columns=["epci_siren", "sector_id", "wish", "rank", "points"])
    for name in ("rank", "points"):
        ballots[name] = ballots[name].astype("Int64")
    return replace(territory, ballots=ballots.assign(source="test", synthetic=True))


@pytest.mark.parametrize("rule", ["exact", "ranking_within_envelope"])
def test_a_rank_follows_from_points_and_approvals_too(rule):
    asked = Scenario.from_dict({"programme": {"rule": rule}, "concertation": {"ties": "sector_id"}})
    tables = make_plan(of_points_and_approvals(), asked).tables()
    verdict = verify_programme(tables, asked)
    assert verdict.holds, verdict.say()
    programme = tables["programme"].set_index("sector_id")["rank"]
    assert programme[["22002-02", "22002-01", "35001-01", "35001-02"]].tolist() == [1, 2, 1, 1]
    for at, rank in enumerate(tables["programme"]["rank"]):
        for other in {1, 3, None} - {None if pd.isna(rank) else int(rank)}:
            assert not verify_programme(edit(tables, "programme", "rank", other, at), asked).holds


def tied():
    """The second EPCI ties its sectors; envelopes in euros, shared sectors and a stage of works."""
    territory = toy_territory()
    ballots = territory.ballots.copy()
    ballots.loc[ballots["epci_siren"] == "200000002", "rank"] = 1
    stages = pd.DataFrame(
        {
            "sector_id": ["22001-01", "22001-02"],
            "on": pd.to_datetime(["2017-01-01", "2017-02-01"]),
            "stage": ["open", "works"],
        }
    )
    return territory.with_tables(ballots=ballots, stage_changes=stages)


@pytest.mark.parametrize("ties", ["refuse", "larger_first", "smaller_first", "sector_id"])
@pytest.mark.parametrize("given", [toy_territory, tied, of_points_and_approvals])
def test_the_simple_rule_is_replayed_with_its_reasons(ties, given):
    asked = Scenario.from_dict({"concertation": {"ties": ties}})
    plan = make_plan(given(), asked)
    for lang in ("fr", "en"):
        verdict = verify_programme(plan.tables(lang), asked)
        assert verdict.holds, verdict.say()
    programme = plan.tables()["programme"]
    for at, row in enumerate(programme.to_dict("records")):
        left = row["envelope_left"]
        for column, value in (
            ("reason", f"{row['reason']}."),
            ("envelope_left", 1 if pd.isna(left) else int(left) + 1),
        ):
            changed = edit(plan.tables(), "programme", column, value, at)
            assert "cell" in verify_programme(changed, asked).broken_rules, (column, at)


def test_a_tie_names_its_sectors_and_a_name_left_out_is_seen():
    plan = make_plan(tied(), Scenario())
    tables = plan.tables()
    at = tables["programme"].index[tables["programme"]["decision"] == "tie"][0]
    reason = tables["programme"].loc[at, "reason"]
    other = next(name for name in plan.territory.sectors["nom"] if f"({name})" in reason)
    bare = edit(tables, "programme", "reason", reason.replace(f" ({other})", ""), at)
    assert "cell" in verify_programme(bare, plan.scenario).broken_rules
    unnamed = plan.territory.with_tables(sectors=plan.territory.sectors.assign(nom=None))
    assert f"({other})" not in " ".join(make_plan(unnamed, Scenario()).programme.table["reason"])


def test_a_breach_calls_its_sector_by_its_name(plan):
    tables = plan.tables()
    key, name = tables["sectors"].loc[0, ["sector_id", "nom"]]
    at = tables["programme"].index[tables["programme"]["sector_id"] == key][0]
    wrong = edit(tables, "programme", "premises_count", 999, at)
    found = verify_programme(wrong, plan.scenario).table()
    mine = found[found["place"] == key]
    assert len(mine)
    assert mine["message"].str.contains(f"{key} ({name})", regex=False).any()


def test_other_ties_than_those_asked_for_are_seen():
    plan = make_plan(tied(), Scenario.from_dict({"concertation": {"ties": "smaller_first"}}))
    other = Scenario.from_dict({"concertation": {"ties": "larger_first"}})
    assert "cell" in verify_programme(plan.tables(), other).broken_rules


def test_points_under_the_simple_rule_are_counted_again(plan):
    for column, value in (("points", 3), ("rule", "equal_total")):
        changed = edit(plan.tables(), "sector_points", column, value)
        assert "cell" in verify_programme(changed, plan.scenario).broken_rules
    points = plan.tables()["sector_points"]
    fewer = {**plan.tables(), "sector_points": points.iloc[1:]}
    assert "cell" in verify_programme(fewer, plan.scenario).broken_rules


def test_stages_of_works_and_marks_of_what_is_made_up_are_seen():
    plan = make_plan(tied(), Scenario())
    tables = plan.tables()
    at = {key: i for i, key in enumerate(tables["coverage"]["code"])}
    for code, column, value in (
        ("22001-01", "stage_open_count", 0), ("22001-02", "stage_works_count", 3),
        ("22002-01", "stage_study_count", 1), ("53", "stage_open_count", 0),
        ("22001-01", "synthetic", False),
    ):  # fmt: skip
        assert tables["coverage"][column].iloc[at[code]] != value
        changed = edit(tables, "coverage", column, value, at[code])
        assert "cell" in verify_programme(changed, plan.scenario).broken_rules, (code, column)
    for name in ("criteria", "criteria_scores"):
        changed = edit(tables, name, "synthetic", False)
        assert "cell" in verify_programme(changed, plan.scenario).broken_rules


@pytest.mark.parametrize("value", [7, 7.0, "7", "2018T1"])
@pytest.mark.parametrize("every", [True, False])
def test_what_is_no_quarter_is_a_breach(value, every):
    asked = Scenario.from_dict({"schedule": {"rule": "works"}})
    tables = make_plan(tied(), asked).tables()
    for name, column in (
        ("works", "fixed_quarter"), ("works", "earliest_quarter"), ("works", "latest_quarter"),
        ("schedule", "quarter"), ("works_reasons", "quarter"),
    ):  # fmt: skip
        frame = tables[name].astype({column: "object"})
        frame.loc[frame.index if every else frame.index[:1], column] = value
        for lied in (frame, frame.infer_objects()):
            verdict = verify_programme({**tables, name: lied}, asked)
            assert verdict.broken_rules == ("contract",)
            assert f"{column} ({value}" in verdict.say()
            assert f"{column} ({value}" in verdict.say("en")


def test_what_tables_of_works_repeat_is_seen():
    asked = Scenario.from_dict({"schedule": {"rule": "works"}})
    tables = make_plan(tied(), asked).tables()
    verdict = verify_programme(tables, asked)
    assert verdict.holds, verdict.say()
    used = int((tables["works_limits"]["used_amount"] > 0).to_numpy().argmax())
    for name, column, value, at in (
        ("works", "premises_count", 99, 0), ("works", "cost_cents", 1, 0), ("works", "phase", "3", 0),
        ("works_reasons", "quarter", "2031-T1", 0), ("works_limits", "used_amount", 7.5, used),
        ("works_limits", "used_share", 0.77, used), ("works_proof", "gap_share", 0.5, 0),
    ):  # fmt: skip
        changed = edit(tables, name, column, value, at)
        assert "cell" in verify_programme(changed, asked).broken_rules, (name, column)
    fewer = {**tables, "works_reasons": tables["works_reasons"].iloc[1:]}
    assert "missing_row" in verify_programme(fewer, asked).broken_rules
    limits = tables["works_limits"]
    for kind, rows in limits.groupby("kind"):
        inner = rows.index if kind != "quarter_lines" else rows.index[1:2]
        for at in (inner[0], inner[-1]):
            lost = {**tables, "works_limits": limits.drop(index=at)}
            assert "missing_row" in verify_programme(lost, asked).broken_rules, (kind, at)


def test_a_density_is_that_of_the_shape():
    plan = make_plan(toy_territory(), Scenario())
    tables = plan.tables()
    for more in (0.2, -0.2):
        value = float(tables["costs"]["density_per_km2"].iloc[0]) + more
        changed = edit(tables, "costs", "density_per_km2", value)
        assert "cell" in verify_programme(changed, plan.scenario).broken_rules
