"""What a dossier says of slippage and of Axe 3: the plan's own figures, or that none was given."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pypdf
import pytest

from planner.export.dossier import Source, dossier_of, write_dossiers
from planner.follow_up import quarters_from
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract
from planner.texts import number
from planner.toy import toy_territory

QUARTERS = quarters_from("2018-T1", "2019-T4")
TOY = {"name": "toy", "title": "Jouet", "reference_date": "2018-05-16"}
MARK = {"source": "jouet", "synthetic": True}


@pytest.fixture(scope="module")
def bare():
    return make_plan(toy_territory(), Scenario.from_dict(TOY))


@pytest.fixture(scope="module")
def plan(bare):
    """A toy programme of which one premise opens each quarter in all but one sector, and requests."""
    held = bare.schedule.sort_values("sector_id")
    counts = pd.DataFrame(
        [
            {"level": "sector", "code": key, "quarter": quarter, **MARK,
             "serviceable_count": 0 if at == 0 else min(int(count), place)}
            for at, (key, count) in enumerate(
                zip(held["sector_id"], held["premises_count"], strict=True)
            )
            for place, quarter in enumerate(QUARTERS)
        ]
    )  # fmt: skip
    late = str(held["sector_id"].iloc[0])
    territory = toy_territory().with_tables(
        progress_counts=contract("progress_counts").select(counts),
        slip_reasons=pd.DataFrame(
            [{"sector_id": late, "reason": "poles", "since": pd.NaT, **MARK}]
        ).astype({"since": "datetime64[s]"}),
    )  # fmt: skip
    asked = Scenario.from_dict(TOY | {"follow_up": {"source": "files"}})
    followed = make_plan(territory, asked)
    figures = contract("axe3_figures")
    ids = [("region", "53"), *(("epci", siren) for siren in territory.epci["siren"])]
    table = pd.DataFrame(
        [
            {name: (level, code)[at] if at < 2 else True if name == "synthetic" else place * 7 + at
             for at, name in enumerate(figures.column_names)}
            for place, (level, code) in enumerate(ids)
        ]
    )  # fmt: skip
    return replace(followed, more={**followed.more, "axe3_figures": figures.select(table)})


def content(plan, siren, lang="fr"):
    return dossier_of(Source(plan=plan, lang=lang), siren).content()


def test_what_was_not_given_is_said(bare):
    said = content(bare, "200000001")
    assert "ni retard ni avance" in said["late"]["none"]
    assert "ne veut pas dire qu'il n'y en a pas" in said["axe3"]["none"]


def test_an_epci_to_which_nothing_is_promised_is_told_so(plan):
    slippage = plan.more["slippage"]
    fewer = slippage[slippage["code"] != "200000001"]
    other = replace(plan, more={**plan.more, "slippage": fewer})
    assert "aucun secteur à cet EPCI" in content(other, "200000001")["late"]["none"]
    assert content(other, "200000002")["late"]["none"] == ""


def test_the_slippage_is_that_of_the_plan(plan):
    table = plan.more["slippage"]
    rows = table[table["level"].astype(str) == "epci"].set_index("code")
    assert len(rows) > 1
    for siren, row in rows.iterrows():
        said = {name: mine for name, mine, _ in content(plan, siren)["late"]["rows"]}
        assert said["Lignes promises à cette date"] == number(row["planned_count"])
        assert said["Lignes raccordables constatées"] == number(row["actual_count"])
        assert said["Lignes de retard (négatif : avance)"] == number(row["late_count"])
        assert said["Trimestres de retard (négatif : avance)"] == number(row["late_quarters"])


def test_every_quarter_and_every_sector_has_its_row_and_its_coded_reason(plan):
    curves, drawn = plan.more["progress_curve"], plan.more["sector_follow_up"]
    reasons = []
    for siren in sorted(set(drawn["epci_siren"])):
        said = content(plan, siren)["late"]
        mine = curves[(curves["level"].astype(str) == "epci") & (curves["code"] == siren)]
        begun = mine[(mine["planned_count"] > 0) | (mine["actual_count"].fillna(0) > 0)]
        assert len(said["quarters"]) == (mine["quarter"] >= begun["quarter"].min()).sum()
        assert any(row[3] != "—" for row in said["quarters"])  # the forecast
        sectors = drawn[drawn["epci_siren"] == siren]
        assert {row["id"] for row in said["sectors"]} == set(sectors["sector_id"])
        reasons += [row["cells"][-1] for row in said["sectors"]]
    assert reasons.count("Appuis aériens") == 1


def test_the_requests_are_those_counted_and_nothing_else(plan):
    table = plan.more["axe3_figures"].set_index(["level", "code"])
    for siren in plan.territory.epci["siren"]:
        said = {name: (mine, all_) for name, mine, all_ in content(plan, siren)["axe3"]["rows"]}
        for name, column in (
            ("Demandes en cours", "requests_count"),
            ("Éligibles", "eligible_count"),
        ):
            assert said[name] == tuple(
                number(table.loc[place, column]) for place in (("epci", siren), ("region", "53"))
            )
        assert "synthétiques" in " ".join(content(plan, siren)["axe3"]["says"])


def test_a_silent_sector_leaves_the_slippage_unknown_not_zero(plan):
    table = plan.more["slippage"].copy()
    for name in ("actual_count", "late_count", "late_quarters"):
        table[name] = table[name].mask(table["level"].astype(str) == "epci")
    unseen = replace(plan, more={**plan.more, "slippage": table})
    siren = plan.more["baseline"]["epci_siren"].dropna().iloc[0]
    said = content(unseen, siren)["late"]
    assert "n'est pas connu pour tous les secteurs" in " ".join(said["says"])
    assert {row[1] for row in said["rows"] if "constatées" in row[0] or "retard" in row[0]} == {"—"}


def test_it_reads_back_and_the_same_plan_gives_the_same_bytes(plan, tmp_path):
    siren = plan.more["baseline"]["epci_siren"].dropna().iloc[0]
    one = write_dossiers(plan, tmp_path / "1", epci=siren)[0]
    mixed = replace(plan, more={name: table.iloc[::-1] for name, table in plan.more.items()})
    two = write_dossiers(mixed, tmp_path / "2", epci=siren)[0]
    assert one.read_bytes() == two.read_bytes()
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(one).pages)
    for words in ("Avancement et retard", "Par trimestre", "Appuis aériens", "axe 3 en chiffres"):
        assert words in text
    english = write_dossiers(plan, tmp_path / "3", epci=siren, lang="en")[0]
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(english).pages)
    assert "Progress and slippage" in text


def test_a_checker_of_pdf_ua_has_nothing_to_say(plan, bare, tmp_path):
    """An independent checker (PDF/UA-1 and WCAG 2.2); the faults put in on purpose make it fail."""
    pytest.importorskip("outloud", reason="the checker of PDF/UA isn't installed")
    import pikepdf

    def judged(path):
        done = subprocess.run(
            [Path(sys.executable).with_name("outloud"), "-q", str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    siren = plan.more["baseline"]["epci_siren"].dropna().iloc[0]
    whole = write_dossiers(plan, tmp_path, epci=siren)[0]
    assert judged(whole)[0] == 0, judged(whole)[1]
    short = write_dossiers(bare, tmp_path / "short", epci="200000004")[0]
    assert judged(short)[0] == 0, judged(short)[1]
    broken = tmp_path / "broken.pdf"
    with pikepdf.open(whole) as pdf:
        del pdf.Root["/Lang"]
        pdf.save(broken)
    assert judged(broken)[0] == 1
