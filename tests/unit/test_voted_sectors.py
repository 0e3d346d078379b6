"""A territory's own ballots hold for the sectors that they were made on, and for no others."""

import pandas as pd
import pytest

from planner import prepare
from planner.io.geodata import geodata_folder, read_ballot_sectors
from planner.scenario import Scenario

CATALOGUE = """
name = "concertation"
title = "Jouet"
vintage = 2018

[[layers]]
layer = "ballot_sectors"
file = "ballot_sectors.csv"
title = "Secteurs"
source = "jouet"
licence = "CC0-1.0"
"""


@pytest.fixture
def matched(toy, tmp_path, monkeypatch):
    """Match the toy's ballots with counts of premises by sector, under a scenario."""

    def match(counts, **other):
        folder = tmp_path / "concertation"
        folder.mkdir()
        (folder / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
        pd.Series(counts, name="premises_count").rename_axis("sector_id").to_csv(
            folder / "ballot_sectors.csv"
        )
        monkeypatch.setattr(prepare, "_boundaries_folder", lambda _: tmp_path)
        return prepare._match_ballots(toy, Scenario.from_dict(other))

    return match


@pytest.fixture
def counts(toy):
    named = toy.sectors["sector_id"].isin(toy.ballots["sector_id"])
    return toy.sectors.loc[named].set_index("sector_id")["premises_count"].to_dict()


def told(territory):
    return [f.count for f in territory.findings if f.rule == "prepare.other_sectors"]


def test_sectors_of_the_same_premises_keep_their_ballots(toy, matched, counts):
    kept = matched(counts)
    assert kept.ballots.equals(toy.ballots)
    assert told(kept) == []


def test_a_sector_of_the_same_name_and_other_premises_is_another(matched, counts):
    first = min(counts)
    aside = matched(counts | {first: counts[first] + 1})
    assert aside.ballots.empty
    assert aside.envelopes.empty
    assert told(aside) == [1]


def test_ballots_that_the_scenario_gives_are_kept(toy, matched, counts):
    kept = matched(dict.fromkeys(counts, 0), concertation={"ballots": "miens.csv"})
    assert kept.ballots.equals(toy.ballots)


def test_a_territory_that_lists_no_such_sectors_says_nothing(tmp_path):
    assert read_ballot_sectors(tmp_path) == {}
    then = read_ballot_sectors(geodata_folder())
    assert len(then) > 1_000
    assert min(then.values()) > 0
