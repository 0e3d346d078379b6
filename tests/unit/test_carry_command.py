"""``planner concertation carry``: totals conserved, every split shown, nothing guessed."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import cli
from planner.ballots import sectors_sha256
from planner.io import read_table
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

NEW = "200000009"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command on two territories, the old one and the new one."""
    old = toy_territory()

    def command_on(new, *options, strict=False, old=old):
        files = []
        for name in ("avant", "apres"):
            file = tmp_path / f"{name}.toml"
            file.write_text(f'name = "{name}"\n', encoding="utf-8")
            files.append(str(file))
        monkeypatch.setattr(
            "planner.prepare.prepare_territory",
            lambda asked, **_: old if asked.name == "avant" else new,
        )
        asked = files[: 1 if new is None else 2]
        answer = CliRunner().invoke(
            cli.app,
            ["concertation", "carry", *asked, "--out", str(tmp_path / "out"), *options]
            + (["--strict"] if strict else []),
        )
        return answer.exit_code, " ".join(answer.output.split())

    return command_on


def read(tmp_path, name):
    return read_table(tmp_path / "out" / f"{name}.csv", name).table


def recut():
    """Cut anew: 22002-02 takes a premise of 22002-01."""
    toy = toy_territory()
    premises = toy.premises.copy()
    moved = premises.index[premises["sector_id"].astype(str) == "22002-01"][0]
    premises.loc[moved, "sector_id"] = "22002-02"
    shares = toy.sector_shares.copy()
    for key, more in (("22002-01", -1), ("22002-02", 1)):
        shares.loc[shares["sector_id"].astype(str) == key, "premises_count"] += more
    return toy.with_tables(premises=premises, sector_shares=shares)


def test_a_new_cut_takes_the_wishes_along_and_shows_the_split(run, tmp_path):
    code, said = run(recut())
    assert code == 0, said
    assert "8 territoires deviennent 8 ; 1 partagé" in said
    toy = toy_territory()
    after = read(tmp_path, "ballots")
    assert len(after) == len(toy.ballots)
    new = recut()  # they count on the new cut, and on it alone
    assert set(after["sectors_sha256"]) == {sectors_sha256(new.sectors, new.sector_shares)}
    totals = read(tmp_path, "carried_totals").set_index("measure")
    assert (totals["before"] == totals["after"]).all()
    for unit, own in toy.envelopes.groupby(toy.envelopes["unit"].astype(str)):
        assert totals.loc[f"amount_{unit}", "before"] == own["amount"].sum()
    assert totals["split_count"].sum() > 0
    splits = pd.read_csv(tmp_path / "out" / "carried.csv", sep=None, engine="python")
    shown = splits[(splits["code_from"] == "22002-01") & (splits["code_to"] == "22002-02")]
    assert shown["amount"].tolist() == [1]
    assert not shown["kept"].any()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_merged_epci_get_envelopes_and_results_to_the_cent(run, tmp_path, lang):
    toy = toy_territory()
    plan = make_plan(toy, Scenario.from_dict({}))
    folder = tmp_path / "plan"
    folder.mkdir()
    plan.balances.to_csv(folder / "balances.csv", index=False)
    communes = toy.communes.assign(epci_siren=NEW)
    communes[["insee", "epci_siren"]].to_csv(tmp_path / "2030.csv", index=False)
    code, said = run(
        None, "--epci", str(tmp_path / "2030.csv"), "--plan", str(folder), "--lang", lang
    )
    assert code == 0, said
    assert ("Participation due" if lang == "fr" else "Contribution due") in said
    results = read(tmp_path, "carried_results").set_index("measure")
    assert set(results["epci_siren"]) == {NEW}
    for name in ("lines_phase_1", "lines_phase_2", "lines_phase_3", "net_cents"):
        assert results.loc[name, "amount"] == plan.balances[name].sum()
    totals = read(tmp_path, "carried_totals").set_index("measure")
    for name in ("amount_lines", "net_cents"):
        assert totals.loc[name, "before"] == totals.loc[name, "after"]
        assert totals.loc[name, "unknown_count"] == 0
    # a credit that isn't known leaves the one that it goes into unknown
    unknown = toy.envelopes["med_credit_cents"].isna().any()
    assert totals.loc["med_credit_cents", "unknown_count"] == int(unknown) == 1
    merged = read(tmp_path, "ballots")
    assert set(merged["epci_siren"]) == {NEW}
    assert set(read(tmp_path, "envelopes")["epci_siren"]) == {NEW}


def test_what_cannot_be_decided_is_told_and_strict_says_three(run, tmp_path):
    toy = toy_territory()
    toy.communes.assign(epci_siren=NEW)[["insee", "epci_siren"]].to_csv(
        tmp_path / "2030.csv", index=False
    )
    code, said = run(None, "--epci", str(tmp_path / "2030.csv"), strict=True)
    found = read(tmp_path, "findings")
    assert code == (3 if len(found) else 0)
    assert len(found)  # not all of the four deliberated alike
    assert "délibérations diffèrent" in said


@pytest.mark.parametrize("options", [[], ["--to", "2025", "--epci", "x.csv"]])
def test_one_map_is_asked_for(run, options):
    code, said = run(None, *options)
    assert code == 1
    assert "--to 2025" in said


def test_unknown_years_lost_communes_and_other_premises_are_refused(run, tmp_path):
    assert "2031 ne sont pas embarqués" in run(None, "--to", "2031")[1]
    toy = toy_territory()
    few = pd.DataFrame({"insee": toy.communes["insee"].iloc[:1], "epci_siren": NEW})
    few.to_csv(tmp_path / "2030.csv", index=False)
    code, said = run(None, "--epci", str(tmp_path / "2030.csv"))
    assert code == 1
    assert "commune(s) n'ont pas d'EPCI" in said
    other = toy.with_tables(
        premises=toy.premises.assign(premise_id="x" + toy.premises["premise_id"])
    )
    code, said = run(other)
    assert code == 1
    assert "identifiants diffèrent" in said


def test_every_table_written_reads_back_the_split_of_numbers_too(run, tmp_path):
    toy = toy_territory()
    communes = toy.communes.assign(epci_siren=[NEW, *toy.communes["epci_siren"].iloc[1:]])
    text = communes[["insee", "epci_siren"]].to_csv(index=False, sep=";")
    (tmp_path / "2030.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    code, said = run(None, "--epci", str(tmp_path / "2030.csv"))
    assert code == 0, said
    for file in sorted((tmp_path / "out").glob("*.csv")):
        assert read(tmp_path, file.stem) is not None
    splits = read(tmp_path, "carried")
    numbers = splits[splits["measure"] == "amount"]
    assert (numbers["owner"] == "").all()  # an amount is nobody's wish
    assert numbers["amount"].sum() == toy.envelopes["amount"].sum()


def test_results_of_a_departement_that_proposes_for_its_islands_go_over(run, tmp_path):
    plan = make_plan(toy_territory(), Scenario.from_dict({}))
    balances = plan.balances.astype({"epci_siren": "str"})
    island = balances.iloc[:1].assign(epci_siren="D29")
    pd.concat([balances, island]).to_csv(tmp_path / "balances.csv", index=False)
    toy_territory().communes.assign(epci_siren=NEW)[["insee", "epci_siren"]].to_csv(
        tmp_path / "2030.csv", index=False
    )
    code, said = run(
        None, "--epci", str(tmp_path / "2030.csv"), "--plan", str(tmp_path / "balances.csv")
    )
    assert code == 0, said
    assert set(read(tmp_path, "carried_results")["epci_siren"]) == {NEW, "D29"}


def test_the_lists_of_another_year_are_read_as_published_mergers_too(run, tmp_path):
    communes = toy_territory().communes
    gone, *others = communes["insee"].astype(str)
    epci = [{"code": NEW, "membres": [{"code": code, "siren": "0"} for code in others]}]
    (tmp_path / "epci.json").write_text(json.dumps(epci), encoding="utf-8")
    code, said = run(None, "--epci", str(tmp_path / "epci.json"))
    assert code == 1
    assert gone in said
    assert "--communes" in said
    former = [{"code": others[0], "anciensCodes": [gone]}, {"code": gone, "chefLieu": others[0]}]
    (tmp_path / "communes.json").write_text(json.dumps(former), encoding="utf-8")
    code, said = run(
        None, "--epci", str(tmp_path / "epci.json"), "--communes", str(tmp_path / "communes.json")
    )
    assert code == 0, said
    assert set(read(tmp_path, "envelopes")["epci_siren"]) == {NEW}
    code, said = run(None, "--epci", str(tmp_path / "communes.json"))
    assert code == 1
    assert "code, membres" in said


def test_damaged_codes_of_perimeters_are_refused(run, tmp_path):
    communes = toy_territory().communes
    rows = communes.assign(insee=[f"{code}.0" for code in communes["insee"]])
    rows[["insee", "epci_siren"]].to_csv(tmp_path / "2030.csv", index=False)
    code, said = run(None, "--epci", str(tmp_path / "2030.csv"))
    assert code == 1
    assert f"{communes['insee'].iloc[0]}.0" in said


def test_signed_wishes_are_signed_on_the_new_shares_and_stale_ones_stay_behind(run, tmp_path):
    toy = toy_territory()
    signature = sectors_sha256(toy.sectors, toy.sector_shares)
    first = min(toy.ballots["epci_siren"].astype(str))
    signed = toy.ballots.assign(sectors_sha256=signature)
    stale = signed["epci_siren"].astype(str) == first
    signed.loc[stale, "sectors_sha256"] = "0" * 64
    given = toy.with_tables(ballots=signed)
    # one commune goes elsewhere: its sectors' shares, and with them the signature, are others
    to = toy.communes.set_index("insee")["epci_siren"].astype(str).copy()
    to.iloc[0] = NEW
    to.rename("epci_siren").reset_index().to_csv(tmp_path / "2030.csv", index=False)
    code, said = run(None, "--epci", str(tmp_path / "2030.csv"), strict=True, old=given)
    assert code == 3, said
    assert f"{int(stale.sum())} vœu(x)" in said
    carried = read(tmp_path, "ballots")
    assert len(carried) >= len(signed) - int(stale.sum())
    moved = toy.premises.dropna(subset="sector_id")
    shares = (
        moved.assign(sector_id=moved["sector_id"].astype(str), epci_siren=moved["insee"].map(to))
        .groupby(["sector_id", "epci_siren"])["premises_min"].sum()
        .rename("premises_count").reset_index()
    )  # fmt: skip
    assert set(carried["sectors_sha256"]) == {sectors_sha256(toy.sectors, shares)}
    assert sectors_sha256(toy.sectors, shares) != signature
    totals = read(tmp_path, "carried_totals").set_index("measure")
    assert totals["before"].sum() > 0


def test_results_carried_twice_are_those_carried_at_once(run, tmp_path):
    toy = toy_territory()
    plan = make_plan(toy, Scenario.from_dict({}))
    (tmp_path / "plan").mkdir()
    plan.balances.to_csv(tmp_path / "plan" / "balances.csv", index=False)
    codes = toy.communes["insee"].astype(str)
    own = toy.communes["epci_siren"].astype(str).tolist()
    first, last = [own[0], NEW, *own[2:]], [own[3], NEW, *own[2:]]
    for year, to in (("2019", first), ("2025", last)):
        listed = pd.DataFrame({"insee": codes, "epci_siren": to})
        listed.to_csv(tmp_path / f"{year}.csv", index=False)

    def carried(out, plan_at, year, old):
        code, said = run(
            None, "--epci", str(tmp_path / f"{year}.csv"), "--plan", str(plan_at),
            "--out", str(tmp_path / out), old=old,
        )  # fmt: skip
        assert code == 0, said
        return read_table(tmp_path / out / "carried_results.csv", "carried_results").table

    at_once = carried("une", tmp_path / "plan", 2025, toy)
    carried("2019", tmp_path / "plan", 2019, toy)
    on_2019 = toy.with_tables(
        communes=toy.communes.assign(epci_siren=first),
        **{
            name: read_table(tmp_path / "2019" / f"{name}.csv", name).table
            for name in ("envelopes", "ballots", "deliberations")
        },
    )
    twice = carried("deux", tmp_path / "2019", 2025, on_2019)
    pd.testing.assert_frame_equal(twice, at_once)
    file = tmp_path / "2019" / "carried_results.csv"
    pd.testing.assert_frame_equal(carried("fichier", file, 2025, on_2019), at_once)
    totals = read_table(tmp_path / "deux" / "carried_totals.csv", "carried_totals").table
    known = totals.set_index("measure").loc["net_cents"]
    assert known["before"] == known["after"] == plan.balances["net_cents"].sum()
    # what isn't there is unknown, not zero
    rows = pd.read_csv(file, sep=None, engine="python", dtype=str)
    rows[rows["measure"] != "net_cents"].to_csv(file, index=False)
    less = carried("moins", file, 2025, on_2019).set_index("measure")
    assert less.loc["net_cents", "amount"].isna().all()
    assert less.loc["gross_cents", "amount"].notna().all()


def test_a_concertation_of_epci_that_are_not_embedded_is_carried_from_their_list(run, tmp_path):
    """By 2019's list and on to 2025's, wishes, envelopes and results are those carried at once."""
    toy = toy_territory()
    signature = sectors_sha256(toy.sectors, toy.sector_shares)
    toy = toy.with_tables(ballots=toy.ballots.assign(sectors_sha256=signature))
    codes = toy.communes["insee"].astype(str)
    own = toy.communes["epci_siren"].astype(str).tolist()
    for year, to in (("2019", [own[0], NEW, *own[2:]]), ("2025", [own[3], NEW, *own[2:]])):
        listed = pd.DataFrame({"insee": codes, "epci_siren": to})
        listed.to_csv(tmp_path / f"{year}.csv", index=False)
    plan = make_plan(toy, Scenario.from_dict({}))
    plan.balances.to_csv(tmp_path / "balances.csv", index=False)

    def carried(out, year, results, *options, old):
        code, said = run(
            None, "--epci", str(tmp_path / f"{year}.csv"), "--plan", str(tmp_path / results),
            "--out", str(tmp_path / out), *options, old=old,
        )  # fmt: skip
        return code, said

    names = ("envelopes", "ballots", "deliberations", "carried_results")
    assert carried("une", "2025", "balances.csv", old=toy)[0] == 0
    assert carried("a", "2019", "balances.csv", old=toy)[0] == 0
    first = {name: read_table(tmp_path / "a" / f"{name}.csv", name).table for name in names}
    known = toy.with_tables(
        **{name: first[name] for name in names[:3]}
    )  # the EPCI are still 2018's
    code, said = carried("b", "2025", "a", old=known)
    assert code == 1
    assert (
        f"1 EPCI de la concertation ou des résultats ne sont pas de ceux d'où l'on part (2018) : {NEW}"
        in said
    )
    assert "territory.epci (epci_2018, epci_2025), ou donnez leur liste par --from" in said
    code, said = carried("b", "2025", "a", "--from", str(tmp_path / "2019.csv"), old=known)
    assert code == 0, said
    assert "de 2019 à 2025" in said
    for name in names:
        at_once, twice = (
            read_table(tmp_path / out / f"{name}.csv", name).table for out in ("une", "b")
        )
        pd.testing.assert_frame_equal(twice.drop(columns="source", errors="ignore"),
                                      at_once.drop(columns="source", errors="ignore"))  # fmt: skip


def test_every_embedded_year_can_be_carried_to_and_another_names_them(run):
    for year in ("2018", "2025"):
        code, said = run(None, "--to", year)
        assert code == 0, said
        assert f"de 2018 à {year}" in said
    code, said = run(None, "--to", "2019")
    assert code == 1
    assert "les EPCI de 2019 ne sont pas embarqués" in said
    assert "--to connaît 2018, 2025" in said


def test_what_stays_unknown_is_told_by_names_and_cents_are_told_in_euros(run, tmp_path):
    toy = toy_territory()
    plan = make_plan(toy, Scenario.from_dict({}))
    plan.balances.to_csv(tmp_path / "balances.csv", index=False)
    unknown = toy.envelopes.loc[toy.envelopes["med_credit_cents"].isna(), "epci_siren"].iloc[0]
    name = toy.epci.set_index("siren")["nom"][unknown]
    toy.communes[["insee", "epci_siren"]].to_csv(tmp_path / "2019.csv", index=False)
    for lang, words in (
        ("fr", f"Crédits MeD (euros) de {name} ({unknown}) : inconnu, il le reste"),
        ("en", f"MeD credits (euros) of {name} ({unknown}): unknown, and so it stays"),
    ):
        code, said = run(
            None, "--epci", str(tmp_path / "2019.csv"), "--plan", str(tmp_path / "balances.csv"),
            "--lang", lang,
        )  # fmt: skip
        assert code == 0, said
        assert words in said
    totals = read(tmp_path, "carried_totals").set_index("measure")  # tables count in cents
    assert totals.loc["net_cents", "after"] == plan.balances["net_cents"].sum()
    toy.communes.assign(epci_siren=NEW)[["insee", "epci_siren"]].to_csv(
        tmp_path / "2030.csv", index=False
    )
    said = run(None, "--epci", str(tmp_path / "2030.csv"))[1]
    assert f"{name} ({unknown}) : inconnu, donc inconnu aussi pour {NEW}" in said
    assert f"naît d'EPCI ({toy.epci['nom'].iloc[0]} ({toy.epci['siren'].iloc[0]}), " in said
