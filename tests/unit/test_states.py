"""Dated states that can't be, or deserve to be checked."""

import datetime as dt

import pandas as pd

from planner.premises import check_state_changes
from planner.toy import toy_territory


def changes(rows):
    frame = pd.DataFrame(rows, columns=["premise_id", "on", "state"])
    frame["on"] = pd.to_datetime(frame["on"]).astype("datetime64[s]")
    return frame


def rules(rows, on=dt.date(2018, 1, 1)):
    found = check_state_changes(toy_territory().premises, changes(rows), on=on)
    return {
        (finding.rule.removeprefix("premises."), finding.place, finding.count) for finding in found
    }


def test_the_line_may_skip_steps_and_end_in_abandonment():
    assert rules([
        ("22001-01-1", "2015-01-01", "targeted"),
        ("22001-01-1", "2016-01-01", "serviceable"),
        ("22001-01-1", "2017-01-01", "abandoned"),
        ("22001-01-2", "2016-01-01", "in_progress"),
    ]) == set()  # fmt: skip


def test_what_cannot_be_is_told_with_its_count_and_an_example():
    assert rules([
        ("22001-01-1", "2015-01-01", "serviceable"),
        ("22001-01-1", "2016-01-01", "targeted"),
        ("22001-01-2", "2015-01-01", "abandoned"),
        ("22001-01-2", "2016-01-01", "in_progress"),
        ("nobody", "2016-01-01", "targeted"),
        ("22001-01-3", "2019-01-01", "targeted"),
    ]) == {
        ("state_back", "22001-01-1", 1),
        ("state_revived", "22001-01-2", 1),
        ("orphan_state", "nobody", 1),
        ("future_state", "22001-01-3", 1),
    }  # fmt: skip


def test_row_order_does_not_matter():
    rows = [("22001-01-1", "2016-01-01", "targeted"), ("22001-01-1", "2015-01-01", "serviceable")]
    assert rules(rows) == rules(rows[::-1]) == {("state_back", "22001-01-1", 1)}
