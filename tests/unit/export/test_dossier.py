"""The dossiers of the EPCI, read back: amounts to the cent, names as text, the same bytes."""

import re
import sys
from dataclasses import replace

import pypdf
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import UnknownNameError
from planner.export.dossier import Source, dossier_of, write_dossiers
from planner.export.figures import showable
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

BITES = '#panic("x") $a_1$ @ref *b* _c_ `d` <e> \\ // [f] \N{SPARKLES}'


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), Scenario(name="toy", title="Jouet"))


@pytest.fixture(scope="module")
def written(plan, tmp_path_factory):
    return write_dossiers(plan, tmp_path_factory.mktemp("dossiers"))


def words(path):
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    return text.replace("\u202f", " ").replace("\xa0", " ")


def due(path):
    """Return the last contribution due that the dossier states, in cents."""
    amounts = re.findall(r"Participation due\s+([\d ]+(?:,\d\d)?) €", words(path))
    euros, _, cents = amounts[-1].replace(" ", "").partition(",")
    return int(euros) * 100 + int(cents or 0)


def test_there_is_one_for_each_epci(written, plan):
    names = [f"dossier-{siren}.pdf" for siren in sorted(plan.territory.epci["siren"])]
    assert [path.name for path in written] == names
    assert sorted(p.name for p in written[0].parent.iterdir()) == names


def test_the_contributions_in_them_are_those_of_the_plan(written, plan):
    # 10 lines of the ville moyenne; 6 lines less 1 000 € of credit; 4 lines; nothing
    assert [due(path) for path in written] == [445_000, 167_000, 178_000, 0]
    assert sum(due(path) for path in written) == plan.contributions["net_cents"].sum()


def test_the_rows_of_the_calendar_add_up_to_what_is_owed(plan):
    source = Source(plan=plan)
    for siren in source.names:
        rows = dossier_of(source, siren).contributions
        mine = plan.contributions[plan.contributions["epci_siren"] == siren]
        assert rows["net_cents"].sum() == mine["net_cents"].sum()
        assert len(rows) == len(mine)


def test_the_first_year_of_works_dates_a_contribution(plan):
    rows = dossier_of(Source(plan=plan), "200000002").contributions
    planned = plan.schedule.set_index("sector_id")["quarter"]
    assert rows["quarter"].tolist() == [planned["22002-02"]]
    assert rows["when"].tolist() == [planned["22002-02"][:4]]


def test_every_sector_comes_with_its_reason(written, plan):
    text = " ".join(words(written[2]).split())
    assert "Toy-Sud-Ouest ouest" in text
    assert "35001-01" in text
    reason = plan.programme.in_language("fr").set_index("sector_id")["reason"]["35001-02"]
    for word in reason.split()[:3]:
        assert word.lower() in text.lower()


def test_what_is_made_up_says_so_on_every_page(written):
    for path in written:
        for page in pypdf.PdfReader(path).pages:
            assert "synthétiques" in page.extract_text()
        assert "Données de démonstration" in words(path)


def test_it_is_tagged_titled_and_french(written):
    reader = pypdf.PdfReader(written[0])
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "fr"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert reader.metadata.title == "CC Toy-Nord-Ouest : dossier pour le conseil communautaire"
    xmp = root["/Metadata"].get_data().decode()
    assert "pdfuaid:part" in xmp
    assert "pdfaid:part" in xmp
    box = reader.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all("SourceSans3" in font for font in fonts)


def test_the_same_plan_gives_the_same_bytes(plan, written, tmp_path):
    shuffled = replace(plan, contributions=plan.contributions.iloc[::-1])
    again = write_dossiers(shuffled, tmp_path, epci="200000002")
    assert again[0].read_bytes() == written[1].read_bytes()


def test_names_are_text_whatever_they_hold(tmp_path):
    territory = toy_territory()
    epci = territory.epci.assign(nom=[BITES, *territory.epci["nom"][1:]])
    sectors = territory.sectors.assign(nom=BITES)
    communes = territory.communes.assign(nom=BITES)
    plan = make_plan(
        replace(territory, epci=epci, sectors=sectors, communes=communes),
        Scenario(name="toy", title=BITES),
    )
    path = write_dossiers(plan, tmp_path, epci="200000001")[0]
    text = "".join(words(path).split())
    assert "".join(showable(BITES).split()) in text
    assert "[U+2728]" in text
    assert pypdf.PdfReader(path).metadata.title.startswith(showable(BITES))


def test_in_english_too(plan, tmp_path):
    path = write_dossiers(plan, tmp_path, epci="200000003", lang="en")[0]
    assert "Calendar of contributions" in words(path)
    assert pypdf.PdfReader(path).trailer["/Root"]["/Lang"] == "en"


def test_an_unknown_epci_is_named(plan, tmp_path):
    with pytest.raises(UnknownNameError, match="123456789"):
        write_dossiers(plan, tmp_path / "none", epci="123456789")
    assert not (tmp_path / "none").exists()


def test_the_command_says_what_it_wrote(monkeypatch, tmp_path):
    face = sys.modules["planner.cli.dossier"]  # its name is also that of the command
    monkeypatch.setattr(face, "read_scenario", lambda _: Scenario(name="toy", title="Toy"))
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    result = CliRunner().invoke(app, ["dossier", "--out", str(tmp_path / "d")])
    assert result.exit_code == 0, result.output
    assert "4 dossier(s), participations : 7\u202f900\u202f€" in result.output
    assert len(list((tmp_path / "d").glob("*.pdf"))) == 4
    result = CliRunner().invoke(
        app, ["dossier", "--epci", "999999999", "--out", str(tmp_path / "e")]
    )
    assert result.exit_code == 1
