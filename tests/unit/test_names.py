"""Names as people write them: exact ones found, damaged ones proposed, nothing guessed."""

import pandas as pd
import pytest

from planner.errors import UnknownNameError
from planner.names import Match, NameRules, find_place, fold_name, resolve_place
from planner.vocab import Level

NAMES = pd.DataFrame(
    [
        ("commune", "29103", "Landerneau"),
        ("commune", "29102", "Landeleau"),
        ("commune", "29024", "Carhaix-Plouguer"),
        ("commune", "22278", "Saint-Brieuc"),
        ("commune", "56162", "Ploemeur"),
        ("commune", "56165", "Ploërmel"),
        ("commune", "56057", "Le Faouët"),
        ("commune", "22057", "Le Faouët"),
        ("commune", "35236", "Redon"),
        ("epci", "243500741", "CA Redon Agglomération"),
        ("epci", "242900801", "CC du Pays de Landerneau-Daoulas"),
        ("zone", "T1-VM-35236", "Redon"),
        ("sector", "35236-01", "Redon nord"),
    ],
    columns=["level", "code", "nom"],
)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("Landerneau", "29103"),
        ("LANDERNEAU", "29103"),
        ("carhaix plouguer", "29024"),
        ("St-Brieuc", "22278"),
        ("ST BRIEUC", "22278"),
        ("S. Brieuc", "22278"),
        ("S.Brieuc", "22278"),
        ("Plœmeur", "56162"),
        ("Ploermel", "56165"),
        ("29103", "29103"),
        (" 35236-01 ", "35236-01"),
        ("22057", "22057"),
    ],
)
def test_a_name_is_found_without_accents_case_or_abbreviations(query, code):
    found = resolve_place(NAMES, query)
    assert (found.code, found.score, found.exact) == (code, 1.0, True)


@pytest.mark.parametrize(
    ("query", "code", "score"),
    [("Landernau", "29103", 18 / 19), ("Carhaat-Plougauc", "29024", 24 / 32)],
)
def test_a_damaged_name_is_proposed_with_its_score_and_never_taken(query, code, score):
    best = find_place(NAMES, query)[0]
    assert (best.code, best.exact, best.confirmed) == (code, False, False)
    assert best.score == pytest.approx(score)
    with pytest.raises(UnknownNameError) as error:
        resolve_place(NAMES, query)
    for lang in ("fr", "en"):
        words = error.value.say(lang)
        assert query in words
        assert best.say(lang) in words
        assert f'confirmed={{"{query}": "{code}"}}' in words


def test_a_likely_town_may_be_the_wrong_one():
    # the report's "Plouémeau" looks like Ploemeur; the town meant is inferred to be Ploërmel
    assert [m.code for m in find_place(NAMES, "Plouémeau")][:2] == ["56162", "56165"]
    with pytest.raises(UnknownNameError):
        resolve_place(NAMES, "Plouémeau")
    found = resolve_place(NAMES, "Plouémeau", confirmed={"PLOUEMEAU": "56165"})
    assert (found.code, found.confirmed, found.exact) == ("56165", True, False)
    assert 0 < found.score < 1


def test_a_confirmed_code_must_exist():
    with pytest.raises(UnknownNameError, match="99999"):
        resolve_place(NAMES, "Landernau", confirmed={"Landernau": "99999"})
    with pytest.raises(UnknownNameError, match="29103"):
        resolve_place(NAMES, "Landernau", level=Level.EPCI, confirmed={"Landernau": "29103"})


def test_one_name_at_several_levels_needs_its_level():
    with pytest.raises(UnknownNameError) as error:
        resolve_place(NAMES, "redon")
    words = error.value.say("fr")
    assert "Redon (Commune 35236)" in words
    assert "Redon (Zone de déploiement T1-VM-35236)" in words
    assert "--level zone" in words
    assert resolve_place(NAMES, "redon", level=Level.COMMUNE).code == "35236"
    assert resolve_place(NAMES, "redon", level=Level.ZONE).code == "T1-VM-35236"


def test_two_communes_of_one_name_need_their_code():
    for level in (None, Level.COMMUNE):
        with pytest.raises(UnknownNameError) as error:
            resolve_place(NAMES, "le faouet", level=level)
        assert "22057" in error.value.say("en")
        assert "56057" in error.value.say("en")
        assert "--level" not in error.value.say("en")


def test_one_code_at_two_levels_needs_its_level():
    names = pd.DataFrame(
        {"level": ["region", "departement"], "code": ["53", "53"], "nom": ["Bretagne", "Mayenne"]}
    )
    with pytest.raises(UnknownNameError, match="plusieurs"):
        resolve_place(names, "53")
    assert resolve_place(names, "53", level=Level.DEPARTEMENT).nom == "Mayenne"


def test_nothing_near_is_said_so():
    assert find_place(NAMES, "zzz") == ()
    with pytest.raises(UnknownNameError) as error:
        resolve_place(NAMES, "zzz")
    assert "no name comes near" in error.value.say("en")
    with pytest.raises(UnknownNameError):
        resolve_place(NAMES.iloc[:0], "Redon")
    with pytest.raises(UnknownNameError):
        resolve_place(NAMES, "")


def test_row_order_and_repeated_rows_say_nothing():
    mixed = pd.concat([NAMES, NAMES]).sample(frac=1, random_state=1)
    mixed["level"] = mixed["level"].astype("category")
    assert find_place(mixed, "Landernau") == find_place(NAMES, "Landernau")
    assert resolve_place(mixed, "Landerneau") == resolve_place(NAMES, "Landerneau")


def test_equal_scores_come_by_level_and_code():
    names = pd.DataFrame(
        [("sector", "b", "Bara"), ("commune", "z", "Bari"), ("commune", "a", "Baro")],
        columns=["level", "code", "nom"],
    )
    assert [m.code for m in find_place(names, "Baru")] == ["a", "z", "b"]


def test_rules_bound_what_is_proposed():
    assert len(find_place(NAMES, "Landernau", rules=NameRules(proposals_count=1))) == 1
    assert [m.code for m in find_place(NAMES, "Landernau", rules=NameRules(score_min=0.9))] == [
        "29103"
    ]


def test_the_fold_keeps_words_apart():
    assert fold_name("Bain s/Oust") == "bain sur oust"
    assert fold_name("SAINT-S") == "saint s"
    assert fold_name("L’Hermitage") == fold_name("L'HERMITAGE") == "l hermitage"


def test_a_match_says_itself():
    match = Match(level=Level.EPCI, code="1", nom="A", score=0.5, exact=False)
    assert match.say("en") == "A (EPCI 1), likeness 50.0%"
