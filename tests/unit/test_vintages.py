"""Another year's map: premises, votes and euros conserved, every split shown, nothing guessed."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.concertation import contradicts
from planner.errors import RuleError
from planner.io import geodata_folder, read_geodata, read_observatory, read_perimeters
from planner.schemas import contract
from planner.vintages import (
    carry_ballots,
    carry_counts,
    carry_deliberations,
    carry_envelopes,
    convert_epci,
    convert_sectors,
    make_conversion,
)

A, B, C, N, M = (f"20000000{digit}" for digit in "12389")


def conversion(*rows, level="epci"):
    parts = pd.DataFrame(rows, columns=["code_from", "code_to", "weight"])
    return make_conversion(
        parts, level=level, map_from="2018", map_to="2025", weighed_by="premises"
    )  # fmt: skip


def envelopes(*rows):
    frame = pd.DataFrame(rows, columns=["epci_siren", "unit", "amount", "med_credit_cents"])
    for name in ("amount", "med_credit_cents"):
        frame[name] = pd.array(frame[name].tolist(), dtype="Int64")
    return frame.assign(source="jouet", synthetic=True)


def ballots(*rows):
    frame = pd.DataFrame(rows, columns=["epci_siren", "sector_id", "wish", "rank", "points"])
    for name in ("rank", "points"):
        frame[name] = pd.array(frame[name].tolist(), dtype="Int64")
    return frame.assign(source="jouet", synthetic=True)


def shares(*rows):
    return pd.DataFrame(rows, columns=["sector_id", "epci_siren", "premises_count"])


def said(carried):
    return {
        (row["epci_siren"], row["sector_id"]): (
            row["wish"],
            row["rank"] if pd.notna(row["rank"]) else row["points"],
        )
        for row in carried.table.astype("object")
        .where(carried.table.notna(), None)
        .to_dict("records")
    }


PARTS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("vwxyz"), st.integers(1, 400)),
    min_size=1, max_size=25,
)  # fmt: skip


@given(parts=PARTS, data=st.data())
def test_any_map_conserves_every_total_and_shows_every_split(parts, data):
    made = conversion(*parts)
    codes = sorted(made.targets)
    table = pd.DataFrame(
        {
            "code": codes,
            "cents": [data.draw(st.integers(0, 10**12)) for _ in codes],
            "votes": [data.draw(st.integers(0, 9)) for _ in codes],
        }
    )
    carried = carry_counts(table, made, code="code", columns=["cents", "votes"], ties="code")
    for name in ("cents", "votes"):
        assert carried.table[name].sum() == table[name].sum()
        own = carried.splits[carried.splits["measure"] == name]
        by_origin = own.groupby("code_from")["amount"].sum()
        assert by_origin.to_dict() == table.set_index("code")[name].to_dict()
    back = carry_counts(
        carried.table, made.invert(), code="code", columns=["cents", "votes"], ties="code"
    )
    assert back.table["cents"].sum() == table["cents"].sum()
    if made.is_lossless:
        pd.testing.assert_frame_equal(back.table, table.sort_values("code"), check_dtype=False)


@given(parts=PARTS)
def test_the_order_of_the_parts_changes_nothing(parts):
    pd.testing.assert_frame_equal(conversion(*parts).table, conversion(*parts[::-1]).table)


def test_a_merge_and_back_is_lossy_and_says_so():
    merged = conversion((A, N, 300), (B, N, 100))
    table = pd.DataFrame({"code": [A, B], "lines": [10, 90]})
    there = carry_counts(table, merged, code="code", columns=["lines"])
    assert there.table["lines"].tolist() == [100]
    assert not merged.is_lossless
    back = carry_counts(there.table, merged.invert(), code="code", columns=["lines"])
    assert back.table["lines"].tolist() == [75, 25]  # the total stands, the parts are forgotten
    assert "2 territoires deviennent 1" in merged.summary("fr")


def test_a_split_by_hand_with_its_tie():
    split = conversion((A, N, 2), (A, M, 1))
    table = pd.DataFrame({"code": [A], "cents": [100]})
    # 66.67 and 33.33: the cent that is left goes to the larger remainder
    carried = carry_counts(table, split, code="code", columns=["cents"])
    assert carried.table.set_index("code")["cents"].to_dict() == {N: 67, M: 33}
    even = conversion((A, N, 1), (A, M, 1))
    with pytest.raises(RuleError, match="ex æquo"):
        carry_counts(
            pd.DataFrame({"code": [A], "cents": [101]}), even, code="code", columns=["cents"]
        )
    assert split.splits["code_to"].tolist() == sorted([N, M])


def test_unknown_stays_unknown_and_is_told():
    merged = conversion((A, N, 1), (B, N, 1), (C, M, 1))
    table = pd.DataFrame({"code": [A, B, C], "lines": pd.array([5, None, 7], dtype="Int64")})
    carried = carry_counts(table, merged, code="code", columns=["lines"])
    assert carried.table.set_index("code")["lines"].isna().to_dict() == {N: True, M: False}
    assert [f.rule for f in carried.findings] == ["vintages.unknown_amount"]
    known = carried.splits.set_index("code_from")["amount"]
    assert known[A] == 5  # what is known isn't lost


def test_what_nothing_decides_is_refused():
    with pytest.raises(RuleError, match="sans aucun poids"):
        conversion((A, N, 0), (A, M, 0))
    assert not conversion((A, N, 0)).splits["is_split"].any()
    for rows in ([(A, N, -1)], [(A, None, 1)], [(A, N, 1.5)]):
        with pytest.raises(RuleError, match="parties communes"):
            conversion(*rows)
    with pytest.raises(RuleError, match="carte de départ"):
        carry_counts(
            pd.DataFrame({"code": ["zz"], "n": [1]}), conversion((A, N, 1)), code="code",
            columns=["n"],
        )  # fmt: skip
    first, second = conversion((A, N, 1)), conversion((N, "x", 1), (N, "y", 1))
    with pytest.raises(RuleError, match="bout"):
        first.then(second)


def test_two_steps_are_one_when_the_second_splits_nothing():
    first = conversion((A, "p", 3), (A, "q", 1), (B, "q", 5))
    second = conversion(("p", N, 3), ("q", N, 6))
    assert first.then(second).targets == {A: {N: 4}, B: {N: 5}}


def test_envelopes_and_credits_are_conserved_to_the_cent():
    change = conversion((A, N, 700), (A, M, 300), (B, M, 50), ("x", "y", 1))
    given_ = envelopes((A, "lines", 101, 33_333), (B, "lines", 40, None), ("D29", "lines", 7, 0))
    carried = carry_envelopes(given_, change)
    # 101 × 7/10 = 70.7 and 30.3; 333.33 € × 7/10 = 233.331 and 99.999 €
    table = carried.table.set_index("epci_siren")
    assert table["amount"].to_dict() == {M: 30 + 40, N: 71, "D29": 7}
    assert table.loc[N, "med_credit_cents"] == 23_333
    assert pd.isna(table.loc[M, "med_credit_cents"])
    assert [dict(f.values)["column"] for f in carried.findings] == ["med_credit_cents"]
    euros = envelopes((A, "lines", 10, 0), (B, "eur", 10, 0))
    with pytest.raises(RuleError, match="en lignes et en euros"):
        carry_envelopes(euros, change)


def test_a_deliberation_is_carried_where_all_agree_only():
    change = conversion((A, N, 1), (B, N, 1), (C, M, 1))
    frame = pd.DataFrame(
        {
            "epci_siren": [A, B, C],
            "state": ["voted", "voted", "refused"],
            "on": pd.to_datetime(["2017-10-02", "2017-12-04", "2017-11-06"]),
            "source": "jouet",
            "synthetic": True,
        }
    )
    table = carry_deliberations(frame, change).table.set_index("epci_siren")
    assert table.loc[N, "on"] == pd.Timestamp("2017-12-04")
    assert table.loc[M, "state"] == "refused"
    differ = carry_deliberations(frame.assign(state=["voted", "pending", "refused"]), change)
    assert differ.table["epci_siren"].tolist() == [M]
    assert [f.place for f in differ.findings] == [N]
    assert differ.splits["kept"].tolist() == [False, False, True]
    missing = carry_deliberations(frame.iloc[1:], change)
    assert missing.table["epci_siren"].tolist() == [M]


def test_ballots_follow_the_premises_when_the_territory_is_cut_anew():
    # old s1 and s2 (10 premises each) become t1 (8 of s1), t2 (2 of s1 and 7 of s2), t3 (3 of s2)
    cut = conversion(
        ("s1", "t1", 8), ("s1", "t2", 2), ("s2", "t2", 7), ("s2", "t3", 3), level="sector"
    )  # fmt: skip
    given_ = ballots((A, "s1", "ranked", 1, None), (A, "s2", "refused", None, None))
    held = shares(("t1", A, 8), ("t2", A, 9), ("t3", A, 3))
    carried = carry_ballots(given_, sectors=cut, sector_shares=held)
    assert said(carried) == {
        (A, "t1"): ("ranked", 1), (A, "t2"): ("refused", None), (A, "t3"): ("refused", None),
    }  # fmt: skip
    shown = carried.splits.set_index(["code_from", "code_to"])
    assert shown["kept"].to_dict() == {
        ("s1", "t1"): True, ("s1", "t2"): False, ("s2", "t2"): True, ("s2", "t3"): True,
    }  # fmt: skip
    assert shown["amount"].to_dict()["s1", "t2"] == 2
    assert len(carried.findings) == 0


def test_a_tie_between_old_sectors_is_refused_and_a_lost_wish_is_told():
    cut = conversion(
        ("s1", "t1", 5), ("s2", "t1", 5), ("s3", "t2", 1), ("s4", "t2", 9), level="sector"
    )
    given_ = ballots(
        (A, "s1", "ranked", 1, None), (A, "s2", "ranked", 2, None), (A, "s3", "required", None, None)
    )  # fmt: skip
    carried = carry_ballots(given_, sectors=cut, sector_shares=shares(("t1", A, 10)))
    assert carried.table.empty
    assert {f.rule for f in carried.findings} == {"vintages.sector_tie", "vintages.wish_lost"}
    assert not carried.splits["kept"].any()
    same = ballots((A, "s1", "required", None, None), (A, "s2", "required", None, None))
    agreed = carry_ballots(same, sectors=cut, sector_shares=shares(("t1", A, 10)))
    assert said(agreed) == {(A, "t1"): ("required", None)}


@given(
    parts=st.lists(
        st.tuples(st.sampled_from(["s1", "s2", "s3"]), st.sampled_from(["t1", "t2", "t3"]),
                  st.integers(1, 99)), min_size=1,
    ),
    points=st.lists(st.integers(0, 500), min_size=3, max_size=3),
)  # fmt: skip
def test_points_are_votes_and_none_is_lost(parts, points):
    cut = conversion(*parts, level="sector")
    given_ = ballots(
        *((A, key, "scored", None, value) for key, value in zip(("s1", "s2", "s3"), points, strict=True)
          if key in cut.targets)
    )  # fmt: skip
    carried = carry_ballots(given_, sectors=cut, sector_shares=shares(), ties="code")
    assert carried.table["points"].sum() == given_["points"].sum()


def test_ballots_follow_the_perimeters_of_their_epci():
    change = conversion((A, N, 5), (B, N, 4), (C, M, 6), (C, N, 1))
    held = shares(("s1", N, 10), ("s2", N, 3), ("s2", M, 7), ("s3", N, 9))
    given_ = ballots(
        (A, "s1", "ranked", 1, None), (B, "s1", "ranked", 1, None), (B, "s3", "ranked", 2, None),
        (A, "s3", "refused", None, None), (C, "s2", "scored", None, 10), (C, "s9", "ranked", 3, None),
    )  # fmt: skip
    carried = carry_ballots(given_, epci=change, sector_shares=held)
    assert said(carried) == {
        (N, "s1"): ("ranked", 1), (N, "s2"): ("scored", 3), (M, "s2"): ("scored", 7),
    }  # fmt: skip
    rules = {f.rule: f.place for f in carried.findings}
    assert rules == {"vintages.voters_differ": f"{N}/s3", "vintages.no_heir": f"{C}/s9"}


def test_a_wish_that_says_two_things_keeps_both_on_another_map():
    """The refusal of s1 held, and the rank of s2 counted, once their points were lost."""
    given_ = ballots(
        (A, "s1", "refused", None, 4), (A, "s2", "ranked", 1, 5), (A, "s3", "scored", 2, 6),
    ).assign(approved=pd.array([None, None, True], dtype="boolean"))  # fmt: skip
    columns = ["sector_id", "wish", "rank", "points", "approved"]
    epci = conversion((A, N, 5))
    cut = conversion(*((f"s{k}", f"s{k}", 10) for k in (1, 2, 3)), level="sector")
    for way in ({"epci": epci}, {"sectors": cut}):
        carried = carry_ballots(given_, sector_shares=shares(), **way).table
        pd.testing.assert_frame_equal(carried[columns], given_[columns], check_dtype=False)
        assert contradicts(carried).all()


def test_the_same_map_changes_nothing(toy):
    same = conversion(*((code, code, 10) for code in toy.epci["siren"]))
    cut = conversion(*((key, key, 5) for key in toy.sectors["sector_id"]), level="sector")
    assert same.is_lossless
    carried = carry_ballots(toy.ballots, sectors=cut, epci=same, sector_shares=toy.sector_shares)
    pd.testing.assert_frame_equal(
        carried.table, contract("ballots").select(toy.ballots), check_dtype=False
    )
    moved = carry_envelopes(toy.envelopes, same)
    pd.testing.assert_frame_equal(
        moved.table, contract("envelopes").select(toy.envelopes), check_dtype=False
    )


def test_the_real_region_from_2018_to_2025(shared):
    folder = shared / "arcep-observatoire-2018t1"
    counts = read_observatory(folder / "communes_bretagne.csv")
    geodata = read_geodata(geodata_folder("bretagne"))
    history = geodata.table("communes_history")
    now = geodata.table("communes").set_index("insee")["epci_siren_2025"]
    parts = history.merge(
        counts[["insee", "premises_count"]], left_on="insee_2018", right_on="insee", how="outer",
        suffixes=("", "_2018_counts"), validate="one_to_one", indicator=True,
    )  # fmt: skip
    assert (parts["_merge"] == "both").all()
    communes = make_conversion(
        parts.assign(code_from=parts["insee_2018"], code_to=parts["insee"],
                     weight=parts["premises_count"].astype("int64")),
        level="commune", map_from="2018", map_to="2025", weighed_by="premises",
    )  # fmt: skip
    assert (len(communes.targets), communes.table["code_to"].nunique()) == (1232, 1206)
    assert communes.splits.empty
    carried = carry_counts(
        counts[["insee", "premises_count"]], communes, code="insee", columns=["premises_count"]
    )
    assert carried.table["premises_count"].sum() == counts["premises_count"].sum() == 1_949_859
    back = carry_counts(
        carried.table, communes.invert(), code="insee", columns=["premises_count"], ties="code"
    )
    assert back.table["premises_count"].sum() == 1_949_859

    inside = parts[parts["epci_siren_2018"].notna()]
    epci = make_conversion(
        inside.assign(code_from=inside["epci_siren_2018"], code_to=inside["insee"].map(now),
                      weight=inside["premises_count"].astype("int64")),
        level="epci", map_from="2018", map_to="2025", weighed_by="premises",
    )  # fmt: skip
    assert len(epci.targets) == 60
    assert set(epci.targets["200067221"]) >= {"200096675", "200096683"}  # Centre Morbihan
    every = envelopes(*((code, "eur", 1_000_003, 77_777) for code in epci.targets))
    moved = carry_envelopes(every, epci)
    assert moved.table["amount"].sum() == 60 * 1_000_003
    assert moved.table["med_credit_cents"].sum() == 60 * 77_777
    assert set(moved.splits["code_from"]) == set(epci.targets)


def test_2018_to_2019_to_2025_is_2018_to_2025(shared):
    listed = json.loads(
        (shared / "etalab-decoupage-administratif" / "communes_bretagne_2019_v0.3.0.json")
        .read_text(encoding="utf-8")
    )  # fmt: skip
    now = {c["code"] for c in listed if c["type"] == "commune-actuelle"}
    former = {c["code"]: c["chefLieu"] for c in listed if "chefLieu" in c}
    history = read_geodata(geodata_folder("bretagne")).table("communes_history")
    later = dict(zip(history["insee_2018"], history["insee"], strict=True))

    def step(pairs, before, after):
        parts = pd.DataFrame(pairs, columns=["code_from", "code_to"]).assign(weight=1)
        return make_conversion(
            parts, level="commune", map_from=before, map_to=after, weighed_by="communes of 2018"
        )

    to_2019 = step([(c, c if c in now else former[c]) for c in later], "2018", "2019")
    assert to_2019.table["code_to"].nunique() == len(now) == 1208
    to_2025 = step([(c, later[c]) for c in sorted(now)], "2019", "2025")
    direct = step(list(later.items()), "2018", "2025")
    through = to_2019.then(to_2025)
    assert through.targets == direct.targets
    assert through.table["map_to"].unique().tolist() == ["2025"]


def test_the_published_lists_of_2019_and_2026_give_every_commune_its_epci(shared):
    folder = shared / "etalab-decoupage-administratif"
    communes = read_geodata(geodata_folder("bretagne")).table("communes")
    inside = set(communes.loc[communes["epci_siren"].notna(), "insee"].astype(str))
    before = read_perimeters(folder / "epci_bretagne_2019_v0.3.0.json")
    assert inside <= set(before["insee"])
    later = folder / "epci_bretagne_2026_v6.0.0.json"
    assert sorted(inside - set(read_perimeters(later)["insee"])) == [
        "22027", "22043", "22200", "22309",
    ]  # fmt: skip
    after = read_perimeters(later, communes=folder / "communes_bretagne_2026_v6.0.0.json")
    assert inside <= set(after["insee"])
    of = dict(zip(after["insee"], after["epci_siren"], strict=True))
    assert of["22027"] == of["22043"] == of["22241"]


def test_a_row_weighs_the_premises_that_it_stands_for():
    """A building of nine goes one way, two houses the other: nine elevenths and two."""
    before = pd.DataFrame(
        {
            "premise_id": ["a", "b", "c"], "sector_id": ["s", "s", "s"],
            "insee": ["35001", "35002", "35002"], "premises_min": [9, 1, 1],
        }
    )  # fmt: skip
    after = before.assign(sector_id=["x", "y", "y"])
    sectors = convert_sectors(before, after, map_from="1", map_to="2")
    assert sectors.targets == {"s": {"x": 9, "y": 2}}
    communes = pd.DataFrame({"insee": ["35001", "35002"], "epci_siren": [A, A]})
    to = pd.Series({"35001": B, "35002": C})
    epci = convert_epci(communes, to, before, map_from="1", map_to="2")
    assert epci.targets == {A: {B: 9, C: 2}}


def test_two_steps_are_one_where_the_first_loses_nothing_and_keep_the_totals_elsewhere():
    """A and B renamed, then A split: as at once.  Merged first, what each held is known no more."""
    held = envelopes((A, "lines", 1_001, 7), (B, "lines", 500, 5))
    direct = conversion((A, M, 3), (A, N, 2), (B, C, 4))
    at_once = carry_envelopes(held, direct)
    renamed = carry_envelopes(held, conversion((A, "200000021", 5), (B, C, 4)))
    then = carry_envelopes(
        renamed.table, conversion(("200000021", M, 3), ("200000021", N, 2), (C, C, 4))
    )
    pd.testing.assert_frame_equal(then.table, at_once.table)
    merged = carry_envelopes(held, conversion((A, "200000021", 5), (B, "200000021", 4)))
    apart = conversion(("200000021", M, 3), ("200000021", N, 2), ("200000021", C, 4))
    later = carry_envelopes(merged.table, apart, ties="code")
    for name in ("amount", "med_credit_cents"):
        assert later.table[name].sum() == at_once.table[name].sum() == held[name].sum()
    assert not later.table["amount"].equals(at_once.table["amount"])  # it needn't: shared by weight
    assert not conversion((A, "200000021", 5), (B, "200000021", 4)).is_lossless


def test_the_embedded_concertation_by_2019_is_that_of_2025_at_once(shared):
    geodata = read_geodata(geodata_folder("bretagne"))
    communes = geodata.table("communes").dropna(subset="epci_siren")
    lists = shared / "etalab-decoupage-administratif"
    then = read_perimeters(
        lists / "epci_bretagne_2019_v0.3.0.json",
        communes=lists / "communes_bretagne_2019_v0.3.0.json",
    ).set_index("insee")["epci_siren"]  # fmt: skip
    now = communes.set_index("insee")["epci_siren_2025"]
    premises = pd.DataFrame(
        {"insee": communes["insee"], "sector_id": "s", "premises_min": communes["population"]}
    )
    first = convert_epci(communes, then, premises, map_from="2018", map_to="2019")
    assert first.is_lossless
    middle = communes.assign(epci_siren=communes["insee"].map(then))
    second = convert_epci(middle, now, premises, map_from="2019", map_to="2025")
    direct = convert_epci(communes, now, premises, map_from="2018", map_to="2025")
    folder = read_geodata(geodata.folder / "concertation")
    held = folder.table("envelopes")
    at_once = carry_envelopes(held, direct)
    steps = carry_envelopes(carry_envelopes(held, first).table, second)
    pd.testing.assert_frame_equal(steps.table, at_once.table)
    assert at_once.table["amount"].sum() == held["amount"].sum()
    deliberations = folder.table("deliberations")
    steps = carry_deliberations(carry_deliberations(deliberations, first).table, second)
    pd.testing.assert_frame_equal(steps.table, carry_deliberations(deliberations, direct).table)
