"""What a ballot comes to on the sheet is what the line makes of it on the territory."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.bulletin import SheetWish, check_ballot, make_sheets, wishes_of, wishes_table
from planner.concertation import count_ballots
from planner.contribution import count_contributions
from planner.cost import estimate_cost
from planner.programme import ChoiceRules, ProgrammeRules, choose_sectors, state_choice
from planner.scenario import Scenario
from planner.schemas import contract
from planner.verify import unreached
from planner.voting import score_sectors

ONE = "200000001"
CASES = [
    {"unit": "lines", "ties": "refuse"},
    {"unit": "lines", "ties": "larger_first"},
    {"unit": "lines", "ties": "smaller_first", "amount": 900},
    {"unit": "lines", "ties": "sector_id", "credit": None},
    {"unit": "eur", "ties": "refuse", "amount": 300_000},
    {"unit": "eur", "ties": "larger_first", "amount": 250_000, "credit": 12_345_678},
    {"unit": "lines", "ties": "refuse", "amount": None},
]


def line(territory, scenario):
    """Run the steps of the line on the whole territory."""
    ballots = count_ballots(
        epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
        envelopes=territory.envelopes, ballots=territory.ballots, deliberations=territory.deliberations,
    )  # fmt: skip
    rules = ProgrammeRules(ties=scenario.concertation.ties, cents_per_line=44_500)
    programme = choose_sectors(
        sectors=territory.sectors, sector_shares=territory.sector_shares, zones=territory.zones,
        ballots=ballots, rules=rules,
    )  # fmt: skip
    owed, _ = count_contributions(
        programme=programme.table, sectors=territory.sectors, sector_shares=territory.sector_shares,
        zones=territory.zones, cents_per_line=44_500,
        credits_cents={a: b.envelope.credit_cents for a, b in ballots.ballots.items()},
    )  # fmt: skip
    return programme, owed


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c.values())))
def test_a_sheet_comes_to_what_the_line_decides(wide, drawn, case):
    territory, scenario, sheet = wide(**case)
    for seed in range(12):
        wishes = drawn(sheet, seed)
        check = check_ballot(sheet, wishes)
        table = wishes_table(sheet, wishes, source="essai")
        programme, owed = line(territory.with_tables(ballots=table), scenario)
        rows = programme.table[programme.table["phase"] == "2"]
        own = rows[rows["epci_siren"] == ONE]
        assert check.taken == tuple(own["sector_id"])
        mine = owed[(owed["epci_siren"] == ONE) & (owed["phase"] == "2")]
        assert check.net_cents == mine["net_cents"].sum()
        assert check.gross_cents == mine["gross_cents"].sum() == 44_500 * check.lines
        granted, used = programme.envelopes[ONE]
        assert check.used == used
        assert check.left == (None if granted is None else granted - used)
        short = set(programme.table.loc[programme.table["decision"] == "envelope", "sector_id"])
        ranked = {w.sector_id for w in wishes if w.stance is None}
        assert {b.place for b in check.breaches if b.rule == "envelope"} == short & ranked


def test_the_worked_envelope(wide):
    """Three sectors by hand: the second doesn't fit, the third does, 445 € a line less the credit."""
    _, _, sheet = wide(amount=300, credit=1_000_000)
    open_ids = sorted(sheet.open_ids, key=lambda key: sheet.by_id[key].lines_of(ONE))
    small, large = open_ids[0], open_ids[-1]
    lines = {key: sheet.by_id[key].lines_of(ONE) for key in open_ids}
    fill = next(key for key in open_ids[1:] if 300 - lines[small] - lines[key] >= 0)
    assert lines[small] + lines[large] + lines[fill] > 300
    wishes = [
        SheetWish(sector_id=large, rank=2),
        SheetWish(sector_id=small, rank=1),
        SheetWish(sector_id=fill, stance="required"),
    ]
    check = check_ballot(sheet, wishes)
    left = 300 - lines[fill] - lines[small]
    fits = lines[large] <= left
    assert check.taken == tuple(sorted({small, fill} | ({large} if fits else set())))
    assert not fits
    assert [(b.rule, b.place, b.excess) for b in check.breaches if b.rule != "contiguity"] == [
        ("envelope", large, lines[large] - left)
    ]
    phase_1 = sheet.by_id["22001-01"].lines_of(ONE) * 44_500
    gross = (lines[fill] + lines[small]) * 44_500
    assert check.gross_cents == gross
    assert check.credit_cents == min(gross, max(0, 1_000_000 - phase_1))
    assert check.net_cents == gross - check.credit_cents


def test_required_beyond_the_envelope_and_a_contradiction(wide):
    _, _, sheet = wide(amount=100)
    first, second, third = sheet.open_ids[:3]
    wishes = [
        SheetWish(sector_id=first, stance="required"),
        SheetWish(sector_id=second, stance="required"),
        SheetWish(sector_id=third, rank=1, stance="refused"),
    ]
    lines = sum(sheet.by_id[key].lines_of(ONE) for key in (first, second))
    check = check_ballot(sheet, wishes)
    found = {(b.rule, b.place, b.excess) for b in check.breaches if b.rule != "contiguity"}
    assert found == {("required", ONE, lines - 100), ("contradiction", third, None)}
    assert third not in check.taken
    assert wishes_of(sheet, wishes_table(sheet, wishes, source="essai")) == tuple(wishes)


def test_contiguity_is_that_of_the_exact_choice(wide, drawn):
    """The sectors pointed out are those that the independent checker finds on the whole region."""
    territory, scenario, sheet = wide(amount=99_999)
    lost_once = False
    for seed in range(25):
        wishes = drawn(sheet, seed)
        check = check_ballot(sheet, wishes)
        table = wishes_table(sheet, wishes, source="essai")
        ballots = count_ballots(
            epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
            envelopes=territory.envelopes, ballots=table, deliberations=territory.deliberations,
        )  # fmt: skip
        ranked = table[table["wish"] == "ranked"]
        votes = pd.DataFrame(
            {
                "sector_id": ranked["sector_id"],
                "epci_siren": ranked["epci_siren"],
                "points": 1,
                "scale": 1,
                "rule": "essai",
            }
        )
        costs = estimate_cost(
            territory.sectors, prices=territory.prices, on=scenario.reference_date
        )
        problem = state_choice(
            sectors=territory.sectors, sector_shares=territory.sector_shares, ballots=ballots,
            votes=votes if len(votes) else contract("sector_points").empty(), costs=costs,
            rules=ChoiceRules(objectives=("votes",), cents_per_line=44_500),
        )  # fmt: skip
        lost = unreached(problem, frozenset(check.taken))
        assert tuple(b.place for b in check.breaches if b.rule == "contiguity") == lost
        lost_once |= bool(lost)
    assert lost_once


def test_contiguity_starts_at_phase_1_and_at_the_landing_of_an_islet(wide):
    _, _, sheet = wide(amount=99_999)
    small, large = sorted(("22001-04", "22001-05"), key=lambda k: sheet.by_id[k].premises_count)
    assert sheet.by_id["22001-02"].reached  # beside 22001-01, which is in phase 1
    assert not sheet.by_id[large].reached

    def far(*keys):
        wishes = [SheetWish(sector_id=key, rank=k + 1) for k, key in enumerate(keys)]
        return [b.place for b in check_ballot(sheet, wishes).breaches if b.rule == "contiguity"]

    assert far(large) == far(small) == []  # whichever is asked for opens the way
    assert far("22003-05") == ["22003-05"]
    way = ["22002-01", "22002-02", "22002-03", "22002-04", "22002-05"]
    assert far(*way, "22003-05") == []


def test_a_neighbour_s_sector_can_only_be_refused(wide):
    _, _, sheet = wide()
    theirs = next(s for s in sheet.sectors if s.decider != ONE)
    asked = check_ballot(sheet, [SheetWish(sector_id=theirs.sector_id, rank=1)])
    assert asked.taken == ()
    assert asked.lines == 0


def test_under_the_exact_rule_both_epci_of_a_sector_rank_it_and_each_vote_has_its_lines(wide):
    territory, scenario, sheet = wide(rule="exact", amount=99_999)
    sheets = make_sheets(territory, scenario)
    theirs = next(s for s in sheet.sectors if s.decider != ONE and s.phase is None)
    own = next(
        s for s in sheet.sectors if sheet.is_open(s) and s.shares == ((ONE, s.premises_count),)
    )
    assert sheet.can_rank(theirs)
    assert not sheet.is_open(theirs)
    assert not any(sheet.can_rank(s) for s in sheet.sectors if s.phase is not None)
    asked = [
        SheetWish(sector_id=theirs.sector_id, rank=1), SheetWish(sector_id=own.sector_id, rank=2),
    ]  # fmt: skip
    # its own envelope is filled by what it decides; the vote counts in the region's programme
    assert check_ballot(sheet, asked).taken == (own.sector_id,)
    other = sheets[theirs.decider]
    tables = [
        wishes_table(sheet, asked, source="essai"),
        wishes_table(other, [SheetWish(sector_id=theirs.sector_id, rank=1)], source="essai"),
    ]
    ballots = count_ballots(
        epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
        envelopes=territory.envelopes, ballots=pd.concat(tables, ignore_index=True),
        deliberations=territory.deliberations,
    )  # fmt: skip
    problem = state_choice(
        sectors=territory.sectors, sector_shares=territory.sector_shares, ballots=ballots,
        votes=score_sectors(ballots, territory.sectors, territory.sector_shares),
        costs=estimate_cost(territory.sectors, prices=territory.prices, on=scenario.reference_date),
        rules=ChoiceRules(objectives=("votes",), cents_per_line=44_500),
    )  # fmt: skip
    worth = dict(zip(problem.sector_ids, problem.objectives[0].coefficients.tolist(), strict=True))
    # a first place of two is 2 points here, the only place there is 1
    assert worth[theirs.sector_id] == 2 * theirs.lines_of(ONE) + theirs.lines_of(theirs.decider)
    assert worth[own.sector_id] == own.premises_count


def test_the_signature_follows_what_is_voted_on_and_nothing_else(wide):
    territory, scenario, sheet = wide()
    shuffled = territory.with_tables(
        sectors=territory.sectors.sample(frac=1, random_state=3),
        sector_shares=territory.sector_shares.sample(frac=1, random_state=4),
        communes=territory.communes.assign(nom="Autre nom"),
    )
    assert make_sheets(shuffled, scenario)[ONE].signature == sheet.signature
    turned = territory.sectors.copy()
    turned["geometry"] = [
        shapely.Polygon(np.roll(np.array(g.exterior.coords)[:-1], 1, axis=0))
        for g in turned.geometry
    ]
    same = make_sheets(territory.with_tables(sectors=turned), scenario)[ONE]
    assert same.signature == sheet.signature
    kept = turned.copy()  # as a file keeps them where others have several parts
    kept["geometry"] = [shapely.MultiPolygon([g]) for g in turned.geometry]
    same = make_sheets(territory.with_tables(sectors=kept), scenario)[ONE]
    assert same.signature == sheet.signature
    moved = turned.copy()
    moved["geometry"] = gpd.GeoSeries(turned.geometry, crs=turned.crs).translate(0.5, 0)
    other = make_sheets(territory.with_tables(sectors=moved), scenario)[ONE]
    assert other.sectors_sha256 != sheet.sectors_sha256
    assert other.rules_sha256 == sheet.rules_sha256
    richer = make_sheets(
        territory.with_tables(envelopes=territory.envelopes.assign(amount=601)), scenario
    )[ONE]
    assert richer.sectors_sha256 == sheet.sectors_sha256
    assert richer.signature != sheet.signature
    later = make_sheets(territory, Scenario.from_dict(scenario.model_dump() | {"version": "2"}))[
        ONE
    ]
    assert later.signature != sheet.signature
    fed = Scenario.from_dict(scenario.model_dump() | {"concertation": {"ballots": "voeux.csv"}})
    assert make_sheets(territory, fed)[ONE].signature == sheet.signature


def test_wishes_go_into_the_contract_and_come_back(wide, drawn):
    _, _, sheet = wide()
    for seed in range(8):
        wishes = [w for w in drawn(sheet, seed) if not w.contradicts]
        table = wishes_table(sheet, wishes, source="essai")
        contract("ballots").check(table)
        assert sorted(wishes_of(sheet, table), key=lambda w: w.sector_id) == wishes


def test_a_sector_that_is_not_on_the_sheet_is_our_mistake(wide):
    _, _, sheet = wide()
    with pytest.raises(LookupError, match="99999-01"):
        check_ballot(sheet, [SheetWish(sector_id="99999-01", rank=1)])


def test_every_epci_from_which_a_ballot_is_due_has_a_sheet(wide, toy):
    territory, scenario, _ = wide()
    assert list(make_sheets(territory, scenario)) == ["200000001", "200000002", "200000003"]
    sheets = make_sheets(toy, Scenario(name="toy"))
    assert sheets["200000001"].open_ids == ()  # all of it is in phase 1
    assert sheets["200000004"].credit_cents is None
    check = check_ballot(
        sheets["200000002"], wishes_of(sheets["200000002"], toy.ballots)
    )  # six lines at 445 €, a credit of 1 000 €
    assert (check.lines, check.net_cents) == (6, 167_000)
