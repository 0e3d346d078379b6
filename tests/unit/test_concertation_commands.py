"""The commands of a concertation: forms are written, read and handed over."""

import shutil

import pytest
from typer.testing import CliRunner

from planner import cli
from planner.io import read_table
from planner.toy import toy_territory

THREE, FOUR = "200000003", "200000004"


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    return lambda *words: CliRunner().invoke(cli.app, ["concertation", *map(str, words)])


def test_the_commands_write_read_and_hand_over_the_concertation(run, tmp_path):
    sent = run("template", "--out", tmp_path / "envoi", "--prefill")
    assert sent.exit_code == 0, sent.output
    back = run("read", tmp_path / "envoi", "--out", tmp_path / "lu")
    assert back.exit_code == 0, back.output
    assert "3 formulaire(s) retenu(s) sur 3" in " ".join(back.output.split())
    assert {"ballots.csv", "envelopes.csv", "deliberations.csv", "findings.csv"} <= {
        path.name for path in (tmp_path / "lu").iterdir()
    }
    assert run("read", tmp_path / "envoi", "--strict", "--lang", "en").exit_code == 3
    election = run("pb", tmp_path / "vote.pb", "--departement", "22")
    assert election.exit_code == 0, election.output
    text = (tmp_path / "vote.pb").read_text(encoding="utf-8")
    assert "budget;6" in text
    assert "200000002;22002-02,22002-01" in text.replace('"', "")
    assert "synthetic;1" in text
    assert run("read", tmp_path / "rien").exit_code == 1


def test_who_sent_no_form_at_all_is_told_once(run, tmp_path):
    assert run("template", "--out", tmp_path / "envoi").exit_code == 0
    shutil.rmtree(tmp_path / "envoi" / FOUR)
    assert run("read", tmp_path / "envoi", "--out", tmp_path / "lu").exit_code == 0
    found = read_table(tmp_path / "lu" / "findings.csv", "findings").table
    assert found.loc[found["place"] == FOUR, "rule"].tolist() == ["forms.no_form"]
    assert found.loc[found["place"] == THREE, "rule"].tolist() == ["forms.blank"]
