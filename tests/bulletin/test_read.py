"""Ballots that come back: taken on their own version, refused on another, with the way out."""

import json

import pytest
from typer.testing import CliRunner

from planner.bulletin import SheetWish, make_sheets, take_ballot, wishes_of
from planner.cli import app
from planner.errors import DataFileError, UnknownNameError
from planner.export.bulletin.ballots import write_ballots
from planner.io import read_table
from planner.io.bulletin import read_bulletin

ONE = "200000001"


def saved(sheet, wishes, **more):
    """A ballot as the page saves it."""
    return {
        "format": "fibre-planner/bulletin", "edition": 1, "epci_siren": sheet.actor,
        "contact": "A. Élue", "scenario": sheet.scenario, "version": sheet.version,
        "sectors_sha256": sheet.sectors_sha256, "rules_sha256": sheet.rules_sha256,
        "signature": sheet.signature,
        "wishes": [{"sector_id": w.sector_id, "rank": w.rank, "stance": w.stance} for w in wishes],
    } | more  # fmt: skip


def write(folder, values, name="vote.json"):
    path = folder / name
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_a_ballot_is_taken_on_its_own_version(wide, drawn, tmp_path):
    _, _, sheet = wide()
    wishes = drawn(sheet, 7)
    taken = take_ballot(read_bulletin(write(tmp_path, saved(sheet, wishes))), {ONE: sheet})
    assert list(taken.wishes) == wishes
    assert wishes_of(sheet, taken.table) == tuple(wishes)
    assert taken.table["source"].str.contains("A. Élue").all()
    twice = {
        f.rule.split(".")[1]: dict(f.values)
        for f in taken.findings
        if f.rule.endswith("_and_asked")
    }
    assert twice["refused_and_asked"]["sectors"] == [w.sector_id for w in wishes if w.contradicts]
    assert twice["required_and_asked"]["sectors"] == [
        w.sector_id for w in wishes if w.rank and w.stance == "required"
    ]
    assert twice["refused_and_asked"]["asked"] == "A. Élue (CC n° 1)"
    assert {f.place for f in taken.findings if f.rule == "bulletin.not_decider"} == {
        f"{ONE}/{w.sector_id}" for w in wishes
        if (w.rank or w.stance == "required") and not w.contradicts
        and sheet.by_id[w.sector_id].decider != ONE and not sheet.by_id[w.sector_id].phase
    }  # fmt: skip


def test_under_the_exact_rule_a_rank_on_a_neighbour_s_sector_is_a_vote(wide, tmp_path):
    _, _, sheet = wide(rule="exact")
    theirs = next(s for s in sheet.sectors if s.decider != ONE and s.phase is None)
    for stance, told in ((None, set()), ("required", {f"{ONE}/{theirs.sector_id}"})):
        wish = SheetWish(sector_id=theirs.sector_id, rank=None if stance else 1, stance=stance)
        taken = take_ballot(read_bulletin(write(tmp_path, saved(sheet, [wish]))), {ONE: sheet})
        assert {f.place for f in taken.findings if f.rule == "bulletin.not_decider"} == told
        assert taken.table["sector_id"].tolist() == [theirs.sector_id]


@pytest.mark.parametrize("part", ["sectors_sha256", "rules_sha256"])
def test_a_checksum_that_was_altered_is_refused_whatever_the_signature(wide, drawn, tmp_path, part):
    _, _, sheet = wide()
    values = saved(sheet, drawn(sheet, 5), **{part: "0" * 64})
    with pytest.raises(DataFileError):
        take_ballot(read_bulletin(write(tmp_path, values)), {ONE: sheet})


def test_another_envelope_or_other_sectors_are_refused_with_the_way_out(wide, drawn, tmp_path):
    territory, scenario, sheet = wide()
    file = read_bulletin(write(tmp_path, saved(sheet, drawn(sheet, 1))))
    richer = territory.with_tables(envelopes=territory.envelopes.assign(amount=999))
    with pytest.raises(DataFileError, match="l'enveloppe") as failure:
        take_ballot(file, make_sheets(richer, scenario))
    assert "planner bulletin --epci 200000001" in failure.value.say("en")
    shares = territory.sector_shares.copy()
    shares.loc[shares["epci_siren"] == ONE, "premises_count"] += 1
    with pytest.raises(DataFileError, match="d'autres secteurs") as failure:
        take_ballot(file, make_sheets(territory.with_tables(sector_shares=shares), scenario))
    assert "planner bulletin" in str(failure.value)
    with pytest.raises(UnknownNameError, match=ONE):
        take_ballot(file, {})


def test_a_file_that_was_tampered_with_is_found_out(wide, drawn, tmp_path):
    _, _, sheet = wide()
    values = saved(sheet, drawn(sheet, 2), comes_to={"lines": 1, "net_cents": 2})
    taken = take_ballot(read_bulletin(write(tmp_path, values)), {ONE: sheet})
    assert "bulletin.page_differs" in {f.rule for f in taken.findings}
    values["wishes"] = [{"sector_id": "99999-01", "rank": 1, "stance": None}]
    with pytest.raises(DataFileError, match="99999-01"):
        take_ballot(read_bulletin(write(tmp_path, values)), {ONE: sheet})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "autre"}, "n'est pas un vote"),
        ({"edition": 2}, "édition 2"),
        ({"signature": 5}, "incomplet : signature"),
        ({"wishes": "rien"}, "incomplet : wishes"),
        ({"wishes": [{"sector_id": "a", "rank": 0}]}, "n° 1"),
        ({"wishes": [{"sector_id": "a", "rank": True}]}, "n° 1"),
        ({"wishes": [{"sector_id": "a", "rank": 1.5}]}, "n° 1"),
        ({"wishes": [{"sector_id": "a", "stance": "maybe"}]}, "n° 1"),
        ({"wishes": [{"sector_id": "a", "stance": ["refused"]}]}, "n° 1"),
        ({"wishes": [{"sector_id": "a"}, {"sector_id": "a"}]}, r"n° 2 \(a\)"),
        ({"wishes": [5]}, "n° 1"),
    ],
)
def test_a_broken_file_says_what_is_wrong(wide, tmp_path, change, words):
    _, _, sheet = wide()
    path = write(tmp_path, saved(sheet, []) | change)
    with pytest.raises(DataFileError, match=words) as failure:
        read_bulletin(path)
    assert failure.value.say("en") != failure.value.say("fr")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b"[1]", b'"x"'])
def test_what_is_no_ballot_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "vote.json"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match="n'est pas un vote"):
        read_bulletin(path)
    with pytest.raises(DataFileError, match="introuvable"):
        read_bulletin(tmp_path / "absent.json")


def test_ballots_of_other_epci_stay_in_the_file(wide, drawn, tmp_path):
    territory, scenario, _ = wide()
    sheets = make_sheets(territory, scenario)
    path = tmp_path / "voeux.csv"
    tables = {}
    for seed, (actor, sheet) in enumerate(sheets.items()):
        wishes = [w for w in drawn(sheet, seed) if not w.contradicts]
        read = take_ballot(read_bulletin(write(tmp_path, saved(sheet, wishes))), sheets)
        tables[actor] = read.table
        done = write_ballots(path, [read.table], actors=[actor])
        assert done.actors == seed + 1
        assert done.replaced == {}
    before = path.read_bytes()
    again = write_ballots(path, [tables[ONE]], actors=[ONE])
    assert again.replaced == {ONE: len(tables[ONE])}
    assert path.read_bytes() == before
    table = read_table(path, "ballots").table
    assert len(table) == sum(map(len, tables.values()))
    emptied = write_ballots(path, [tables[ONE].iloc[:0]], actors=[ONE])
    assert emptied.rows == len(table) - len(tables[ONE])


def test_the_command_takes_ballots(wide, drawn, tmp_path, monkeypatch):
    territory, scenario, sheet = wide()
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda asked, notify: territory)
    asked = tmp_path / "large.toml"
    asked.write_text(f'name = "{scenario.name}"\n', encoding="utf-8")
    path = write(tmp_path, saved(sheet, drawn(sheet, 3)))
    out = tmp_path / "voeux.csv"
    given = ["--scenario", str(asked)]
    run = CliRunner()
    done = run.invoke(app, ["ballot", "read", str(path), *given, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "CC n° 1" in done.output
    assert set(read_table(out, "ballots").table["epci_siren"]) == {ONE}
    second = write(tmp_path, saved(sheet, []), "autre.json")
    twice = run.invoke(app, ["ballot", "read", str(path), str(second), *given, "--out", str(out)])
    assert twice.exit_code == 1
    assert "deux votes" in twice.output
    other = write(tmp_path, saved(sheet, [], signature="0" * 64), "vieux.json")
    refused = run.invoke(
        app, ["ballot", "read", str(other), *given, "--out", str(out), "--lang", "en"]
    )
    assert refused.exit_code == 1
    assert "planner bulletin" in refused.output
