"""Rates that refuse unlike ones, and the codes that are in force on a day."""

import datetime as dt

import pandas as pd
import pytest

from planner.coverage import Rate, RateKind, Referential
from planner.errors import ReferentialMismatchError
from planner.timeline import Timeline, codes_on, term_codes
from planner.vocab import PremiseState, SectorStage

DAY = dt.date(2017, 12, 31)

BASE = Referential(states=(PremiseState.SERVICEABLE,), source="INSEE", vintage=2018, on=DAY)


def rate(top, bottom, **changed):
    fields = {f: getattr(BASE, f) for f in ("kind", "states", "source", "vintage", "on")}
    return Rate(numerator=top, denominator=bottom, referential=Referential(**(fields | changed)))


def test_like_rates_are_ordered_and_subtracted():
    low, high = rate(1, 4), rate(3, 4)
    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    assert high - low == 0.5
    assert rate(1, 4) == rate(1, 4)
    assert low.value == 0.25
    assert rate(5, 4).is_over_100
    assert rate(5, 4).value == 1.25
    assert not low.is_over_100


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": RateKind.TAKE_UP}, "le taux"),
        ({"states": (PremiseState.SERVICEABLE, PremiseState.SERVICEABLE_ON_DEMAND)}, "les états comptés"),
        ({"source": "Mégalis"}, "la source du dénominateur"),
        ({"source_on": DAY}, "la date du dénominateur"),
        ({"lower_bound": True}, "la borne comptée"),
        ({"vintage": 2019}, "le millésime des communes"),
        ({"on": dt.date(2018, 12, 31)}, "la date de la mesure"),
    ],
)  # fmt: skip
def test_unlike_rates_refuse_and_name_what_differs(changed, words):
    mine, other = rate(1, 4), rate(1, 4, **changed)
    for compare in (
        lambda: mine < other, lambda: mine <= other, lambda: mine > other, lambda: mine >= other,
        lambda: mine - other,
    ):  # fmt: skip
        with pytest.raises(ReferentialMismatchError) as error:
            compare()
        assert f"diffèrent : {words}\n" in error.value.say("fr")
    assert mine != other


def test_the_order_of_the_states_says_nothing():
    both = (PremiseState.SERVICEABLE, PremiseState.TARGETED)
    assert rate(1, 2, states=both) == rate(1, 2, states=both[::-1])


def test_a_rate_is_followed_through_time_only_when_asked():
    later = rate(3, 4, on=dt.date(2018, 12, 31))
    with pytest.raises(ReferentialMismatchError, match="compare_coverage"):
        _ = later - rate(1, 4)
    assert later.change_since(rate(1, 4)) == 0.5
    with pytest.raises(ReferentialMismatchError, match="millésime"):
        later.change_since(rate(1, 4, vintage=2017))


def test_an_unknown_rate_is_not_zero():
    for unknown in (rate(None, 4), rate(0, 0)):
        assert unknown.value is None
        assert not unknown.is_over_100
        with pytest.raises(ReferentialMismatchError, match="absent n'est pas zéro"):
            _ = rate(1, 4) > unknown
    assert rate(None, 4).say("en").startswith("unknown rate (unknown of 4)")
    assert rate(1, 4).say("fr").startswith("25,0\u202f% (1 sur 4)")


# --- timelines -----------------------------------------------------------------------------------


def test_the_last_change_wins_whatever_the_order():
    keys = pd.Series(["b", "a", "c", "a"])
    rows = [
        ("a", "2018-01-01", 1),
        ("a", "2017-01-01", 3),
        ("b", "1969-01-01", 2),
        ("z", "2017-01-01", 5),
    ]
    frame = pd.DataFrame(rows, columns=["key", "on", "code"])
    frame["on"] = pd.to_datetime(frame["on"])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        mixed = frame.iloc[order]
        line = Timeline.of(keys, mixed["key"], mixed["on"], mixed["code"])
        assert line.codes_on(dt.date(2018, 6, 1)).tolist() == [2, 1, -1, 1]
        assert line.codes_on(dt.date(2017, 12, 31)).tolist() == [2, 3, -1, 3]
        assert line.codes_on(dt.date(1960, 1, 1)).tolist() == [-1, -1, -1, -1]
        assert line.unknown_count == 1
    assert codes_on(
        keys.astype("category"), frame["key"].astype("category"), frame["on"], frame["code"],
        on=dt.date(2018, 1, 1),
    ).tolist() == [2, 1, -1, 1]  # fmt: skip


def test_a_change_without_a_day_or_key_is_never_in_force():
    frame = pd.DataFrame({"key": ["a", None, "a"], "code": [1, 2, 3]})
    frame["on"] = pd.to_datetime(["2017-01-01", "2017-01-01", None])
    line = Timeline.of(pd.Series(["a", None, "b"]), frame["key"], frame["on"], frame["code"])
    assert line.codes_on(DAY).tolist() == [1, -1, -1]


def test_a_code_is_read_as_its_place_in_the_vocabulary():
    texts = pd.Series(["open", "study", None, "?"])
    assert term_codes(texts, SectorStage).tolist() == [2, 0, -1, -1]
    assert term_codes(texts.astype("category"), SectorStage).tolist() == [2, 0, -1, -1]
    assert term_codes(pd.Series([None, None], dtype=object), SectorStage).tolist() == [-1, -1]
