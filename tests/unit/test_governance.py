"""Who has voted, whether it is enough, and a register in which nothing changes silently."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from planner import cli
from planner.concertation import count_ballots
from planner.errors import DataFileError, PlannerError, RuleError
from planner.export.adoptions import write_adoption
from planner.governance import (
    check_quorum,
    check_register,
    compare_versions,
    measure_votes,
    programme_sha256,
    record_adoption,
    register_text,
)
from planner.io.adoptions import read_register
from planner.scenario import QuorumRule, Scenario
from planner.schemas import contract
from planner.toy import toy_territory
from planner.vocab import ProgrammeStatus

FIRST, SECOND = dt.date(2018, 5, 16), dt.date(2018, 6, 20)
NO_RULE = contract("quorum").empty()


def programme(**phases):
    """What a version decides: ``a="2"``, or ``a=("2", 2019)`` where years are chosen."""
    both = [one if isinstance(one, tuple) else (one, None) for one in phases.values()]
    return pd.DataFrame(
        {
            "sector_id": list(phases), "phase": [phase for phase, _ in both],
            "year": pd.array([year for _, year in both], dtype="Int64"),
            "premises_count": 400, "sector_sha256": "c" * 64,
        }
    )  # fmt: skip


def record(register, table, **values):
    given_ = {
        "status": ProgrammeStatus.ADOPTED, "on": FIRST, "by": "comité syndical", "scenario": "s",
        "scenario_sha256": "a" * 64, "quorum": NO_RULE, "synthetic": True,
    }  # fmt: skip
    return record_adoption(register, table, **given_ | values)


@pytest.fixture
def votes(toy):
    def measure(on=FIRST, calendar=None):
        counted = count_ballots(
            epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
            envelopes=toy.envelopes, ballots=toy.ballots, deliberations=toy.deliberations,
        )  # fmt: skip
        return measure_votes(
            counted, sectors=toy.sectors, sector_shares=toy.sector_shares,
            deliberations=toy.deliberations, calendar=calendar, on=on,
        )  # fmt: skip

    return measure


def calendar(day, contact="M. Le Goff"):
    return pd.DataFrame(
        {
            "epci_siren": ["200000004"],
            "planned_on": pd.to_datetime([day]).astype("datetime64[s]"),
            "contact": [contact], "source": "jouet", "synthetic": True,
        }
    )  # fmt: skip


def test_a_vote_stands_where_the_day_and_the_calendar_put_it(votes):
    assert votes()["situation"].tolist() == ["voted", "voted", "voted", "unplanned"]
    early = votes(on=dt.date(2017, 11, 6))
    assert early["situation"].tolist() == ["voted", "voted", "planned", "unplanned"]
    ahead = votes(calendar=calendar("2018-05-16"))
    assert ahead.iloc[3][["situation", "contact"]].tolist() == ["planned", "M. Le Goff"]
    assert votes(calendar=calendar("2018-05-15")).iloc[3]["situation"] == "overdue"
    assert votes()["premises_count"].tolist() == [10, 10, 10, 10]


def test_status_says_who_has_voted_when_and_a_vote_to_come_as_a_council(run):
    said = " ".join(run("status", "--on", "2017-11-06").output.replace("│", " ").split())
    assert "A voté le 2 octobre 2017" in said
    assert "Conseil prévu 4 décembre 2017" in said
    assert "Aucun conseil connu —" in said
    assert "Aucun calendrier n'est donné (governance.calendar)" in said


def quorum(votes_table, rule, share, *, strict=False):
    made = QuorumRule(rule=rule, minimum_share=Decimal(share), strict=strict, source="test")
    row = check_quorum(votes_table, [made]).iloc[0]
    return row["counted"], row["required"], row["total"], row["reached"]


def test_a_quorum_is_counted_exactly(votes):
    every = votes()
    assert quorum(every, "voted_epci", "0.75") == (3, 3, 4, True)
    assert quorum(every, "voted_epci", "0.75", strict=True) == (3, 4, 4, False)
    assert quorum(every, "voted_premises", "0.76") == (30, 31, 40, False)
    refused = every.assign(situation=["voted", "refused", "refused", "unplanned"])
    assert quorum(refused, "decided_epci", "0.5", strict=True) == (3, 3, 4, True)
    assert quorum(refused, "voted_epci", "0.5") == (1, 2, 4, False)
    nobody = every.assign(due=False)
    assert quorum(nobody, "voted_epci", "0.5") == (0, 0, 0, True)


def test_a_departement_that_proposes_is_no_epci_of_the_quorum(votes):
    every = votes()
    island = every.iloc[:1].assign(epci_siren="D29", situation="voted")
    table = pd.concat([every, island], ignore_index=True)
    assert quorum(table, "voted_epci", "0.75") == (3, 3, 4, True)
    assert quorum(table, "voted_premises", "0.5") == (40, 25, 50, True)


def test_the_first_version_changes_nothing_and_says_so(run):
    done = " ".join(run("adopt", "--on", "2018-05-16", "--status", "proposed").output.split())
    assert "premier programme inscrit" in done
    further = " ".join(run("adopt", "--on", "2018-05-16", "--status", "voted").output.split())
    assert "le même qu'à la ligne précédente" in further
    assert "secteur(s) changent" not in done + further


@given(
    share=st.decimals(0, 1, places=3), strict=st.booleans(), voted=st.integers(0, 60),
    total=st.integers(60, 61),
)  # fmt: skip
def test_required_is_the_least_number_that_satisfies_the_rule(share, strict, voted, total):
    table = pd.DataFrame(
        {
            "epci_siren": [str(200_000_000 + k) for k in range(total)],
            "due": [True] * total, "premises_count": 1,
            "situation": ["voted"] * voted + ["unplanned"] * (total - voted),
        }
    )  # fmt: skip
    counted, required, _, reached = quorum(table, "voted_epci", str(share), strict=strict)
    assert counted == voted
    assert reached == (voted > share * total if strict else voted >= share * total)
    assert reached == (voted >= required)


def test_the_example_rules_say_that_they_are_made_up():
    assert all(rule.synthetic for rule in Scenario().governance.quorum)


def test_the_checksum_is_of_the_decision_and_of_nothing_else():
    table = programme(a="2", b="3")
    assert programme_sha256(table.iloc[::-1].assign(reason="autre")) == programme_sha256(table)
    assert programme_sha256(programme(a="3", b="2")) != programme_sha256(table)


def test_differences_are_every_sector_that_changes():
    changes = compare_versions(programme(a="2", b="3", c="2"), programme(a="2", b="2", d="3"))
    assert told(changes) == [
        ("b", "3", "2", None, None, 400, 400, False),
        ("c", "2", None, None, None, 400, None, False),
        ("d", None, "3", None, None, None, 400, False),
    ]


def told(changes):
    return [tuple(None if pd.isna(v) else v for v in row) for row in changes.to_numpy().tolist()]


def test_another_year_other_premises_or_another_outline_is_another_programme():
    """The phases are the same each time: none of these was seen."""
    before = programme(a=("2", 2019), b="3")
    later = programme(a=("2", 2023), b="3")
    more = before.assign(premises_count=[400, 401], sector_sha256=["c" * 64, "d" * 64])
    drawn = before.assign(sector_sha256=["e" * 64, "c" * 64])
    assert len({programme_sha256(one) for one in (before, later, more, drawn)}) == 4
    assert told(compare_versions(before, later)) == [("a", "2", "2", 2019, 2023, 400, 400, False)]
    assert told(compare_versions(before, more)) == [("b", "3", "3", None, None, 400, 401, True)]
    assert told(compare_versions(before, drawn)) == [("a", "2", "2", 2019, 2019, 400, 400, True)]
    adopted = record(contract("adoptions").empty(), before)
    for other in (later, more, drawn):
        with pytest.raises(RuleError, match="silence"):
            record(adopted.register, other, previous=before)


def test_a_programme_goes_forward_and_never_back():
    table = programme(a="2", b="3")
    proposed = record(contract("adoptions").empty(), table, status=ProgrammeStatus.PROPOSED)
    voted = record(proposed.register, table, status=ProgrammeStatus.VOTED, previous=table)
    adopted = record(voted.register, table, on=SECOND, previous=table)
    assert adopted.register["version"].tolist() == [1, 1, 1]
    assert adopted.register["status"].tolist() == ["proposed", "voted", "adopted"]
    for status in ProgrammeStatus:
        with pytest.raises(RuleError, match="pas un pas"):
            record(adopted.register, table, on=SECOND, status=status, previous=table)
    with pytest.raises(RuleError, match="vient avant"):
        record(adopted.register, table, on=FIRST, previous=table)


def test_an_adopted_programme_changes_by_a_new_version_only_which_says_its_differences():
    before, after = programme(a="2", b="3"), programme(a="3", b="2")
    adopted = record(contract("adoptions").empty(), before)
    assert pd.isna(adopted.register["differences_count"].iloc[0])
    with pytest.raises(RuleError, match="silence"):
        record(adopted.register, after, previous=before)
    with pytest.raises(RuleError, match="programme-v1"):
        record(adopted.register, after, new_version=True)
    with pytest.raises(RuleError, match="empreinte"):
        record(adopted.register, after, new_version=True, previous=after)
    second = record(
        adopted.register, after, status=ProgrammeStatus.PROPOSED, previous=before, new_version=True
    )
    assert second.register["version"].tolist() == [1, 2]
    assert second.register["differences_count"].iloc[1] == 2
    assert second.changes["sector_id"].tolist() == ["a", "b"]
    assert "2 secteur(s)" in second.summary("fr")


def test_without_quorum_nothing_is_adopted_but_it_may_be_proposed(votes):
    rules = [QuorumRule(rule="voted_epci", minimum_share=Decimal(1), source="test")]
    missing = check_quorum(votes(), rules)
    table = programme(a="2")
    with pytest.raises(RuleError, match=r"3 sur 4, il en faut 4"):
        record(contract("adoptions").empty(), table, quorum=missing)
    proposed = record(
        contract("adoptions").empty(), table, quorum=missing, status=ProgrammeStatus.PROPOSED
    )
    assert len(proposed.register) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("by", "autre"), ("on", pd.Timestamp("2018-05-15")), ("programme_sha256", "b" * 64),
     ("synthetic", False), ("entry", 3)],
)  # fmt: skip
def test_an_entry_that_was_altered_is_seen(column, value):
    table = programme(a="2")
    first = record(contract("adoptions").empty(), table, status=ProgrammeStatus.PROPOSED)
    register = record(first.register, table, previous=table).register
    check_register(register)
    forged = register.copy()
    forged.loc[0, column] = value
    with pytest.raises(RuleError, match="modifié"):
        check_register(forged)
    with pytest.raises(RuleError, match="modifié"):
        check_register(register.iloc[1:])


def test_the_register_is_added_to_and_reads_back(tmp_path):
    before, after = programme(b="3", a="2"), programme(a="3", b="2")
    first = record(contract("adoptions").empty(), before, by='comité "syndical", mai')
    write_adoption(tmp_path, first, before, content=b"")
    text = (tmp_path / "adoptions.csv").read_bytes()
    assert text.decode() == register_text(first.register)
    known = read_register(tmp_path)
    assert register_text(known.register) == text.decode()
    assert programme_sha256(known.programme) == programme_sha256(before)
    second = record(known.register, after, on=SECOND, previous=known.programme, new_version=True)
    write_adoption(tmp_path, second, after, content=known.content)
    assert (tmp_path / "adoptions.csv").read_bytes().startswith(text)
    changes = (tmp_path / "adoptions" / "differences-v2.csv").read_text(encoding="utf-8")
    assert changes == (
        "sector_id,phase_before,phase_after,year_before,year_after,premises_before,premises_after,"
        "redrawn\na,2,3,,,400,400,false\nb,3,2,,,400,400,false\n"
    )
    with pytest.raises(DataFileError, match="a changé"):
        write_adoption(tmp_path, second, before, content=known.content)
    kept = (tmp_path / "adoptions" / "programme-v2.csv").read_text(encoding="utf-8")
    sha = "c" * 64
    assert kept == (  # what was kept isn't overwritten
        f"sector_id,phase,year,premises_count,sector_sha256\na,3,,400,{sha}\nb,2,,400,{sha}\n"
    )
    assert not [p for p in tmp_path.rglob(".*") if p.is_file()]


@pytest.mark.parametrize("left", [None, 0, 1])
def test_a_register_whose_end_was_cut_off_is_refused(tmp_path, left):
    """Without its last line, version 2 could be entered anew with another programme."""
    before, after = programme(b="3", a="2"), programme(a="3", b="2")
    first = record(contract("adoptions").empty(), before)
    write_adoption(tmp_path, first, before, content=b"")
    known = read_register(tmp_path)
    second = record(known.register, after, on=SECOND, previous=known.programme, new_version=True)
    write_adoption(tmp_path, second, after, content=known.content)
    register = tmp_path / "adoptions.csv"
    lines = register.read_text(encoding="utf-8").splitlines(keepends=True)
    if left is None:
        register.unlink()
    else:
        register.write_text("".join(lines[: left + 1]), encoding="utf-8")
    with pytest.raises(DataFileError, match="a été coupé"):
        read_register(tmp_path)
    for path in (tmp_path / "adoptions").glob(f"*-v{1 if left != 1 else 2}.csv"):
        path.unlink()
    (tmp_path / "adoptions" / "programme-v2.csv").unlink(missing_ok=True)
    assert len(read_register(tmp_path).register) == (left or 0)


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    return lambda *words: CliRunner().invoke(cli.app, list(map(str, words)))


def test_the_commands_tell_and_record(run, tmp_path):
    told = run("status")
    assert told.exit_code == 0, told.output
    assert "3 votes sur 4 attendus" in told.output
    assert not re.search(r"\d{4}-\d\d-\d\d", told.output)  # days are told in words
    assert "règle d'exemple, synthétique" in " ".join(told.output.split())
    assert "Aucun programme" in told.output
    assert run("adopt").exit_code == 2
    done = run("adopt", "--on", "2018-05-16")
    assert done.exit_code == 0, done.output
    assert "Adopté le 16 mai 2018 par comité syndical" in " ".join(done.output.split())
    assert run("adopt", "--on", "2018-05-17").exit_code == 1
    again = run("status", "--lang", "en")
    assert "is that of version 1" in " ".join(again.output.split())
    register = tmp_path / "adoptions.csv"
    kept = register.read_text(encoding="utf-8")
    for changed in (("2018-05-16", "2018-05-15"), (",adopted,", ",proposed,")):
        register.write_text(kept.replace(*changed), encoding="utf-8")
        for command in (("status",), ("adopt", "--on", "2018-05-17")):
            refused = run(*command)  # the last entry vouches for itself
            assert refused.exit_code == 1
            assert "n'est plus telle" in " ".join(refused.output.split())
    register.write_text(kept, encoding="utf-8")
    assert run("status").exit_code == 0
    early = run("adopt", "--on", "2017-10-02", "--register", tmp_path / "autre")
    assert early.exit_code == 1
    assert "quorum" in early.output


def test_an_absent_deliberation_is_told_as_such(run, monkeypatch):
    toy = toy_territory()
    absent = toy.deliberations.assign(state=["voted", "absent", "voted", "voted"], on=pd.NaT)
    monkeypatch.setattr(
        "planner.prepare.prepare_territory", lambda *_, **__: toy.with_tables(deliberations=absent)
    )
    told = " ".join(run("status").output.replace("│", " ").split())
    assert told.count("délibération absente") == 1


def test_votes_late_or_without_a_date_are_told_where_they_count(run, monkeypatch, tmp_path):
    toy = toy_territory()
    days = pd.to_datetime(["2018-05-17", None, "2018-05-30", "2018-05-16"]).astype("datetime64[s]")
    late = toy.deliberations.assign(state=["voted", "voted", "voted", "refused"], on=days)
    monkeypatch.setattr(
        "planner.prepare.prepare_territory", lambda *_, **__: toy.with_tables(deliberations=late)
    )
    for command in ("status", "adopt"):
        done = run(command, "--on", "2018-05-20")
        assert done.exit_code == 0, done.output
        said = " ".join(done.output.split())
        assert said.count("a voté le 17 mai 2018, après le 16 mai 2018") == 1
        assert said.count("la date du vote") == 1
        assert "le vote est compté ; faites-le confirmer" in said
        assert "30 mai 2018, après" not in said  # not held yet on that day
    said = " ".join(run("status", "--on", "2018-05-16").output.split())
    assert "après le 16 mai" not in said


def test_another_programme_is_told_before_it_is_recorded(run, monkeypatch, tmp_path):
    assert run("adopt", "--on", "2018-05-16").exit_code == 0
    other = toy_territory()
    deliberations = other.deliberations.assign(state=["voted", "voted", "refused", "pending"])
    monkeypatch.setattr(
        "planner.prepare.prepare_territory",
        lambda *_, **__: other.with_tables(deliberations=deliberations),
    )
    told = run("status")
    assert "diffère de la version 1 pour 1 secteur(s)" in " ".join(told.output.split())
    refused = run("adopt", "--on", "2018-06-20")
    assert refused.exit_code == 1
    assert "--new-version" in refused.output
    done = run("adopt", "--on", "2018-06-20", "--new-version")
    assert done.exit_code == 0, done.output
    assert "Phase 2 → Phase 3 (1) : 35001-01" in done.output
    assert "est celui de la version 2" in " ".join(run("status").output.split())
    kept = tmp_path / "adoptions"
    for file, was, now, said in (
        ("programme-v1.csv", "35001-01,2", "35001-01,3", "programme gardé de la version 1"),
        ("programme-v2.csv", "35001-01,3", "35001-01,2", "programme gardé de la version 2"),
        ("differences-v2.csv", "35001-01,2,3", "35001-01,3,2", "différences gardées"),
    ):
        text = (kept / file).read_text(encoding="utf-8")
        assert was in text
        (kept / file).write_text(text.replace(was, now), encoding="utf-8")
        for command in (("status",), ("adopt", "--on", "2018-06-21")):
            refused = run(*command)
            assert refused.exit_code == 1
            assert said in " ".join(refused.output.split())
        (kept / file).write_text(text, encoding="utf-8")
    (kept / "programme-v1.csv").unlink()
    told = run("status")
    assert told.exit_code == 0
    assert "Le programme de la version 1 manque" in " ".join(told.output.split())
    (kept / "differences-v2.csv").unlink()
    assert "Les différences de la version 2 manquent" in " ".join(run("status").output.split())


def test_an_adopted_sector_that_is_redrawn_is_told_and_entered_as_a_new_version(
    run, monkeypatch, tmp_path
):
    """Its name and its phase are the same: only where it lies has changed."""
    assert run("adopt", "--on", "2018-05-16").exit_code == 0
    toy = toy_territory()
    first = toy.sectors["sector_id"] == "22002-02"
    wider = toy.sectors.geometry.where(~first, toy.sectors.geometry.buffer(1.0))
    moved = toy.sectors.set_geometry(wider)
    monkeypatch.setattr(
        "planner.prepare.prepare_territory", lambda *_, **__: toy.with_tables(sectors=moved)
    )
    said = " ".join(run("status").output.split())
    assert "diffère de la version 1 pour 1 secteur(s)" in said
    assert run("adopt", "--on", "2018-05-17").exit_code == 1
    done = " ".join(run("adopt", "--on", "2018-05-17", "--new-version").output.split())
    assert "contour ou locaux changés (1) : 22002-02" in done
    assert "est celui de la version 2" in " ".join(run("status").output.split())
    first = tmp_path / "adoptions" / "differences-v1.csv"  # it has nothing to differ from
    first.write_bytes((tmp_path / "adoptions" / "differences-v2.csv").read_bytes())
    refused = run("status")
    assert refused.exit_code == 1
    assert "différences gardées de la version 1" in " ".join(refused.output.split())


@pytest.mark.parametrize("layer", ["deliberations", "zones", None])
def test_an_entry_that_rests_on_one_made_up_table_says_so(run, monkeypatch, tmp_path, layer):
    """Votes of an example count for a quorum as real ones do."""
    toy = toy_territory()
    (origin,) = toy.origins
    real = replace(
        toy.with_tables(sectors=toy.sectors.assign(synthetic=False)),
        origins=() if layer is None else (replace(origin, layer=layer),),
    )
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: real)
    (tmp_path / "s.toml").write_text(
        'name = "s"\n[[governance.quorum]]\nrule = "voted_epci"\nminimum_share = "0.5"\n'
        'source = "statuts"\n',
        encoding="utf-8",
    )
    assert run("adopt", "s.toml", "--on", "2018-05-16").exit_code == 0
    entry = read_register(tmp_path).register.iloc[0]
    assert bool(entry["synthetic"]) == (layer is not None)


def test_a_quorum_out_of_bounds_is_refused():
    values = {"governance": {"quorum": [{"rule": "voted_epci", "minimum_share": "1.5"}]}}
    with pytest.raises(PlannerError, match="minimum_share"):
        Scenario.from_dict(values)
