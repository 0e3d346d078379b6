"""Conflicts against brute force: the smallest set, one bad rule named, the cheapest ways out."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from planner.choice import ChoiceProblem, Contiguity, Limit
from planner.conflict import RuleKind, cheapest_relaxations, find_conflict, rules_of
from planner.texts import Message
from planner.vocab import DeliberationState

WORDS = Message.of("verify.holds", count=1)


def exists(oracle, problem):
    return bool(oracle.feasible_rows(problem)[1].any())


def keeping(problem, rules, kept):
    """The question with only these rules (contiguity whole: one decider in these cases)."""
    envelopes = problem.envelopes.copy()
    required, refused = problem.required & False, problem.refused & False
    limits, contiguity = [], Contiguity.NONE
    wide = int(problem.share_need.sum()) if len(problem.share_need) else 0
    for rule in rules:
        if rule.kind in {RuleKind.ENVELOPE, RuleKind.NO_VOTE} and rule.name not in kept:
            envelopes[rule.position] = wide
        if rule.name not in kept:
            continue
        if rule.kind is RuleKind.REQUIRED:
            required[rule.position] = True
        if rule.kind is RuleKind.REFUSED:
            refused[rule.position] = True
        if rule.kind is RuleKind.CONTIGUITY:
            contiguity = problem.contiguity
        if rule.kind is RuleKind.UPPER:
            limits.append(replace(problem.limits[rule.position], lower=None))
        if rule.kind is RuleKind.LOWER:
            limits.append(replace(problem.limits[rule.position], upper=None))
    return replace(
        problem, envelopes=envelopes, required=required, refused=refused, limits=tuple(limits),
        contiguity=contiguity,
    )  # fmt: skip


def smallest_by_enumeration(oracle, problem, rules):
    names = [rule.name for rule in rules]
    for size in range(len(names) + 1):
        for some in combinations(names, size):
            if not exists(oracle, keeping(problem, rules, set(some))):
                return size
    return None


def pressed(oracle, seed, contiguity):
    """A question of one actor with many demands, nearly always impossible."""
    rng = np.random.default_rng(seed)
    problem = oracle.random_problem(seed, count=7, actors=1, contiguity=contiguity)
    chosen = rng.choice(7, 3, replace=False)
    required, refused = problem.required.copy(), problem.refused.copy()
    required[chosen] = True
    refused[rng.choice(7, 2, replace=False)] = True
    lower = Limit(
        name="least",
        message=WORDS,
        coefficients=problem.lines,
        lower=int(problem.lines.sum() * 0.5),
    )
    return replace(
        problem, required=required, refused=refused, limits=(*problem.limits, lower),
        envelopes=problem.envelopes * 2 // 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    "contiguity", [Contiguity.WITHIN_EPCI, Contiguity.FEEDER, Contiguity.NONE, Contiguity.ANY_EPCI]
)
@pytest.mark.parametrize("seed", range(4))
def test_the_set_is_a_smallest_one_and_none_of_its_rules_is_idle(oracle, seed, contiguity):
    problem = pressed(oracle, seed, contiguity)
    rules = rules_of(problem)
    expected = smallest_by_enumeration(oracle, problem, rules)
    conflict = find_conflict(problem)
    if expected is None:
        assert conflict is None
        assert cheapest_relaxations(problem) == ()
        return
    assert conflict.smallest
    assert len(conflict.rules) == expected
    names = set(conflict.names)
    assert not exists(oracle, keeping(problem, rules, names))
    for name in names:
        assert exists(oracle, keeping(problem, rules, names - {name}))
    short = find_conflict(problem, rounds=0)
    assert not short.smallest
    assert not exists(oracle, keeping(problem, rules, set(short.names)))


def bad_rules(problem, rng):
    """Ways to spoil a question, each with the name of its one bad rule."""
    key = int(rng.integers(problem.candidates_count))
    actor = int(problem.decider[key])
    name = problem.sector_ids[key]
    many = problem.limits[0].coefficients
    required = problem.required.copy()
    required[key] = True
    refused = problem.refused.copy()
    refused[key] = True
    small = problem.envelopes.copy()
    small[actor] = 0
    none = problem.envelopes.copy()
    none[actor] = -1
    asked = replace(problem, required=required)
    bad = Limit(name="bad", message=WORDS, coefficients=many, lower=int(many.sum()) + 1)
    worse = Limit(name="bad", message=WORDS, coefficients=many, upper=-1)
    barred = replace(problem, refused=refused)
    return [
        (problem, replace(problem, limits=(*problem.limits, bad)), "lower:bad"),
        (problem, replace(problem, limits=(*problem.limits, worse)), "upper:bad"),
        (asked, replace(asked, refused=refused), f"refused:{name}"),
        (asked, replace(asked, envelopes=small), f"envelope:{problem.actors[actor]}"),
        (asked, replace(asked, envelopes=none), f"no_vote:{problem.actors[actor]}"),
        (barred, replace(barred, required=required), f"required:{name}"),
        (problem, asked, f"required:{name}"),
    ]


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(4))
def test_one_bad_rule_added_to_a_possible_question_is_named(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, contiguity=contiguity)
    assert exists(oracle, problem)
    assert find_conflict(problem) is None
    named = []
    for before, spoilt, bad in bad_rules(problem, np.random.default_rng(seed)):
        if exists(oracle, before) and not exists(oracle, spoilt):
            assert bad in find_conflict(spoilt).names
            named.append(bad)
    assert {"lower:bad", "upper:bad"} <= set(named)


def pontivy():
    """Three required sectors of 100, 80 and 60 lines, all reached, for 150 lines."""
    ints = lambda *v: np.array(v, dtype=np.int64)  # noqa: E731
    flags = lambda *v: np.array(v, dtype=bool)  # noqa: E731
    return ChoiceProblem(
        sector_ids=("p1", "p2", "p3", "q1"),
        lines=ints(100, 80, 60, 50),
        departements=("56",) * 4,
        rural=flags(1, 1, 1, 1),
        actors=("245614433", "243500741"),
        decider=ints(0, 0, 0, 1),
        share_candidate=ints(0, 1, 2, 3),
        share_actor=ints(0, 0, 0, 1),
        share_need=ints(100, 80, 60, 50),
        envelopes=ints(150, 50),
        required=flags(1, 1, 1, 0),
        refused=flags(0, 0, 0, 0),
        reached=flags(1, 1, 1, 1),
        edges=np.zeros((0, 2), dtype=np.int64),
        edge_border_m=ints(),
        feeder=ints(-1, -1, -1, -1),
    )


def test_a_conflict_is_said_in_the_reader_s_words():
    problem = pontivy()
    names = {"245614433": "Pontivy Communauté"}
    conflict = find_conflict(problem, names=names)
    # two of them are enough to exceed: the smallest set; the sentence counts all three
    assert len(conflict.rules) == 3
    assert "envelope:245614433" in conflict.names
    words = conflict.say()
    assert (
        "les secteurs exigés par Pontivy Communauté dépassent son enveloppe de 90 lignes" in words
    )
    assert "exceed its envelope by 90 lines" in conflict.say("en")


def test_the_ways_out_of_a_hand_case():
    ways = {one.kind: one for one in cheapest_relaxations(pontivy())}
    assert ways["envelopes"].amounts == {"envelope:245614433": 90}
    # without the 100 lines the others make 140 of 150
    assert ways["required"].amounts == {"required:p1": 1}
    assert all(one.total == one.bound for one in ways.values())
    assert set(ways) == {"envelopes", "required"}  # one rule of any kind would say no more
    assert "90 lignes en tout" in ways["envelopes"].message.say()


def test_sectors_are_called_by_their_names_and_rules_keep_theirs():
    asked = pontivy()
    named = replace(asked, sector_names={"p1": "Pontivy nord", "p2": "p2"})
    assert named.sha256 == asked.sha256  # what people call them is no part of the question
    plain, found = find_conflict(asked), find_conflict(named)
    assert found.names == plain.names
    assert "en cause : p1 (Pontivy nord), p2" in found.say()
    assert "le secteur p1 (Pontivy nord) est exigé" in found.say()
    assert "sector p1 (Pontivy nord) is required" in found.say("en")
    ways = [cheapest_relaxations(one) for one in (asked, named)]
    assert [one.amounts for one in ways[0]] == [one.amounts for one in ways[1]]
    assert any("p1 (Pontivy nord)" in one.message.say() for one in ways[1])
    assert found.say().replace(" (Pontivy nord)", "") == plain.say()


def test_an_envelope_in_euros_is_told_in_euros_and_a_budget_too():
    cents = np.array([15_000, 50], dtype=np.int64)
    asked = replace(
        pontivy(), envelopes=cents, share_need=np.array([10_000, 8_000, 6_000, 50]),
        in_cents=np.array([1, 0], bool),
    )  # fmt: skip
    said = find_conflict(asked).say("en")
    assert "exceed its envelope by €90 (granted: €150)" in said
    assert "lines" not in said
    (way,) = (one for one in cheapest_relaxations(asked) if one.kind == "envelopes")
    assert way.message.say("en").startswith("raise the envelopes by €90 in all:")
    budget = Limit(name="budget.region", message=WORDS, coefficients=np.array([30, 20, 10, 5]),
                   upper=40, unit="keur")  # fmt: skip
    short = replace(pontivy(), envelopes=np.array([400, 50]), limits=(budget,))
    assert "il manque 20 000 €" in find_conflict(short).say().replace("\u202f", " ")


def test_a_requirement_of_who_has_not_voted_is_told_so(oracle):
    mute = replace(pontivy(), envelopes=np.array([-1, 50]))
    conflict = find_conflict(mute, names={"245614433": "Pontivy Communauté"})
    assert "alors que Pontivy Communauté n'a pas de vote qui compte" in conflict.say()
    names = {"245614433": "Pontivy Communauté"}
    ways = {one.kind: one for one in cheapest_relaxations(mute, names=names)}
    assert ways["votes"].amounts == {"no_vote:245614433": 240}
    assert set(ways) == {"votes", "required"}
    told = ways["votes"].message
    assert told.say("en") == (
        "obtain a counted vote, with its envelope: Pontivy Communauté, for 240 lines at least"
    )
    assert exists(oracle, relaxed(mute, ways["votes"]))
    assert not exists(
        oracle, relaxed(mute, replace(ways["votes"], amounts={"no_vote:245614433": 239}))
    )


def test_a_limit_is_short_of_what_the_way_out_gives():
    """Two of three required sectors are enough to pass 150 lines; all three are 90 too many."""
    limit = Limit(name="capacity.56", message=WORDS, coefficients=pontivy().lines, upper=150,
                  unit="lines")  # fmt: skip
    short = replace(pontivy(), envelopes=np.array([400, 50]), limits=(limit,))
    assert len(find_conflict(short).rules) == 3
    assert "il manque 90 lignes ; en cause : p1, p2" in find_conflict(short).say()
    ways = {one.kind: one for one in cheapest_relaxations(short)}
    assert ways["limits"].amounts == {"upper:capacity.56": 90}


def test_what_nobody_asked_for_is_not_told_as_refused():
    """q1 is behind p3: one EPCI that asks for p3 is enough, nobody refused it."""
    asked = replace(
        pontivy(), decider=np.array([0, 0, 0, 0]), share_actor=np.array([0, 0, 0, 0]),
        envelopes=np.array([150, 0]), required=np.array([0, 0, 0, 1], bool),
        refused=np.array([0, 0, 1, 0], bool), unasked=np.array([0, 0, 1, 0], bool),
        reached=np.array([1, 1, 1, 0], bool), edges=np.array([[2, 3]]),
        edge_border_m=np.array([10]),
    )  # fmt: skip
    for lang, nobody, refused, way in (
        ("fr", "p3 n'est demandé par personne", "p3 est refusé", "faire demander un secteur"),
        ("en", "nobody asked for sector p3", "p3 is refused", "have one sector asked for"),
    ):
        said = find_conflict(asked).say(lang)
        assert nobody in said
        assert refused not in said
        (found,) = (one for one in cheapest_relaxations(asked) if one.kind == "refused")
        assert found.message.say(lang).startswith(way)
        assert found.message.say(lang).endswith(
            " : p3, 245614433" if lang == "fr" else ": p3, 245614433"
        )
        assert found.amounts == {"refused:p3": 1}
    both = replace(asked, unasked=None)
    assert "p3 est refusé" in find_conflict(both).say()
    (found,) = (one for one in cheapest_relaxations(both) if one.kind == "refused")
    assert found.message.say().startswith("lever un refus :")


@pytest.mark.parametrize("granted", [-1, 0])
def test_what_an_epci_without_a_counted_vote_asked_for_is_not_told_as_asked_by_nobody(granted):
    """q1 is behind p3, which is of an EPCI whose wishes don't count yet."""
    asked = replace(
        pontivy(), decider=np.array([0, 0, 1, 0]), share_actor=np.array([0, 0, 1, 0]),
        envelopes=np.array([150, granted]), required=np.array([0, 0, 0, 1], bool),
        refused=np.array([0, 0, 1, 0], bool), unasked=np.array([0, 0, 1, 0], bool),
        reached=np.array([1, 1, 1, 0], bool), edges=np.array([[2, 3]]),
        edge_border_m=np.array([10]),
    )  # fmt: skip
    (rule,) = (one for one in rules_of(asked) if one.name == "refused:p3")
    for lang, nobody, unheard in (
        ("fr", "demandé par personne", "aucun vote qui compte ne demande le secteur p3"),
        ("en", "nobody asked for", "no counted vote asks for sector p3"),
    ):
        said = rule.message.say(lang)
        assert (nobody in said) == (granted == 0)
        assert (unheard in said) == (granted < 0)
        vain = Message.of("concertation.vain_state", actor="V", state=DeliberationState.PENDING)
        (other,) = (
            one
            for one in rules_of(replace(asked, vain={"p3": (vain,)}))
            if one.name == "refused:p3"
        )
        assert nobody not in other.message.say(lang)
        assert vain.say(lang) in other.message.say(lang)
        if granted < 0:
            told = [find_conflict(asked), *(w.message for w in cheapest_relaxations(asked))]
            assert not any(nobody in one.say(lang) for one in told)


def parity(problem, mille):
    """The two sides of parity, with a tolerance in thousandths of the lines."""
    return tuple(
        Limit(name=f"parity.{name}", message=WORDS, upper=0, unit="part_lines",
              coefficients=problem.lines * (1000 * side - mille))
        for name, side in (("rural", np.where(problem.rural, 1, -1)),
                           ("urban", np.where(problem.rural, -1, 1)))
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_the_tolerance_of_parity_gives_as_little_as_brute_force_says(oracle, seed):
    rng = np.random.default_rng(seed)
    problem = oracle.random_problem(seed, count=8)
    rural = rng.random(8) < 0.5
    required = problem.required | (rural & (rng.random(8) < 0.8))
    free = replace(problem, rural=rural, required=required & ~problem.refused)
    asked = replace(free, limits=(*free.limits, *parity(free, 100)))
    ways = {one.kind: one for one in cheapest_relaxations(asked)}
    if exists(oracle, asked):
        assert ways == {}
        return
    least = next(
        (more for more in range(1, 901)
         if exists(oracle, replace(free, limits=(*free.limits, *parity(free, 100 + more))))),
        None,
    )  # fmt: skip
    assert "limits" not in ways or not ways["limits"].amounts.keys() & {"upper:parity.rural"}
    if least is None:
        assert "parity" not in ways
        return
    assert ways["parity"].amounts == {"upper:parity.rural": least, "upper:parity.urban": least}
    share = f"{(100 + least) / 10:.1f}".replace(".", ",")
    assert f"de 10,0 % à {share} %" in ways["parity"].message.say().replace("\u202f", " ").replace(
        "\xa0", " "
    )


def relaxed(problem, way):
    """The question with a way out applied: what gives gives, what is dropped is dropped."""
    kinds = {rule.name: rule for rule in rules_of(problem)}
    if way.kind not in {"envelopes", "limits", "votes"}:
        return keeping(problem, rules_of(problem), set(kinds) - set(way.amounts))
    envelopes, limits = problem.envelopes.copy(), list(problem.limits)
    for name, amount in way.amounts.items():
        at = kinds[name].position
        if way.kind == "envelopes":
            envelopes[at] += amount
        elif way.kind == "votes":
            envelopes[at] = amount
        elif name.startswith("upper:"):
            limits[at] = replace(limits[at], upper=limits[at].upper + amount)
        else:
            limits[at] = replace(limits[at], lower=limits[at].lower - amount)
    return replace(problem, envelopes=envelopes, limits=tuple(limits))


def fewest_dropped(oracle, problem):
    """Return how few rules of any kind must go, by enumeration."""
    rules = rules_of(problem)
    names = {rule.name for rule in rules}
    for size in range(len(names) + 1):
        for some in combinations(sorted(names), size):
            if exists(oracle, keeping(problem, rules, names - set(some))):
                return size
    return None


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(6))
def test_rules_of_any_kind_are_told_only_where_no_kind_alone_does_with_as_few(
    oracle, seed, contiguity
):
    problem = pressed(oracle, seed, contiguity)
    ways = cheapest_relaxations(problem)
    if not ways:
        return
    fewest = fewest_dropped(oracle, problem)
    told = [len(one.amounts) for one in ways if one.kind != "any"]
    for one in ways:
        if one.kind == "any":
            assert one.total == fewest
            kinds = {name.partition(":")[0] for name in one.amounts}
            alone = {w.kind: len(w.amounts) for w in ways if {w.kind} == kinds}
            assert all(count > fewest for count in alone.values())
            return
    assert min(told) == fewest


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(6))
def test_each_way_out_leads_out_and_a_smaller_one_does_not(oracle, seed, contiguity):
    problem = pressed(oracle, seed, contiguity)
    for way in cheapest_relaxations(problem):
        assert exists(oracle, relaxed(problem, way))
        assert way.total == way.bound
        if way.kind == "limits":
            ((name, amount),) = way.amounts.items()
            assert not exists(oracle, relaxed(problem, replace(way, amounts={name: amount - 1})))


@pytest.mark.parametrize("seed", range(6))
def test_envelopes_give_as_little_as_brute_force_says(oracle, seed):
    problem = oracle.random_problem(seed, count=8)
    required = problem.required.copy()
    required[np.random.default_rng(seed).choice(8, 4, replace=False)] = True
    problem = replace(problem, required=required, envelopes=problem.envelopes // 2)
    if exists(oracle, problem):
        assert cheapest_relaxations(problem) == ()
        return
    wide = replace(problem, envelopes=problem.envelopes * 0 + 10_000)
    rows, fine = oracle.feasible_rows(wide)
    ways = {one.kind: one for one in cheapest_relaxations(problem)}
    if not fine.any():
        assert "envelopes" not in ways
        return
    extra = np.zeros(int(fine.sum()), dtype=np.int64)
    for actor, granted in enumerate(problem.envelopes):
        need = np.zeros(8, dtype=np.int64)
        mine = problem.share_actor == actor
        np.add.at(need, problem.share_candidate[mine], problem.share_need[mine])
        extra += np.maximum(rows[fine] @ need - granted, 0)
    assert ways["envelopes"].total == extra.min()


def test_a_solver_that_contradicts_itself_is_asked_again_without_presolve(oracle, monkeypatch):
    cases = [pressed(oracle, seed, Contiguity.WITHIN_EPCI) for seed in range(4)]
    before = [(find_conflict(one), cheapest_relaxations(one)) for one in cases]
    presolve = []

    def doubtful(solver, costs):
        presolve.append(solver.getOptionValue("presolve")[1])
        return len(presolve) % 2 == 1

    monkeypatch.setattr("planner.solver._contradicts_itself", doubtful)
    assert [(find_conflict(one), cheapest_relaxations(one)) for one in cases] == before
    assert set(presolve) == {"choose"}
    assert len(presolve) > len(cases)
