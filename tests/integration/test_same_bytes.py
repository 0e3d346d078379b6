"""Same inputs, same bytes: every output of two runs, and of permuted rows, is the same file."""

import hashlib

import pytest

from planner import Scenario, make_plan, toy_territory, write_plan

TABLES = (
    "communes", "epci", "departements", "premises", "state_changes", "sectors", "sector_shares",
    "zones", "envelopes", "ballots", "deliberations", "prices", "villes_moyennes",
)  # fmt: skip


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def write(territory, folder, lang="fr"):
    plan = make_plan(territory, Scenario(name="jouet"))
    write_plan(plan, folder, lang=lang)
    return digests(folder)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_two_runs_are_the_same_files(tmp_path, lang):
    first = write(toy_territory(), tmp_path / "a" / "jouet", lang)
    assert {"carte.html", "jouet.gpkg", "jouet.xlsx", "manifest.json"} <= set(first)
    assert write(toy_territory(), tmp_path / "b" / "jouet", lang) == first


def test_permuted_rows_are_the_same_files(tmp_path):
    territory = toy_territory()
    mixed = territory.with_tables(
        **{name: getattr(territory, name).iloc[::-1].reset_index(drop=True) for name in TABLES}
    )
    first = write(territory, tmp_path / "a" / "jouet")
    assert write(mixed, tmp_path / "b" / "jouet") == first


def test_a_new_run_takes_the_place_of_the_old_one(tmp_path):
    folder = tmp_path / "jouet"
    first = write(toy_territory(), folder)
    assert write(toy_territory(), folder) == first
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["jouet"]
