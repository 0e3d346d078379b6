"""The map of what changes from one plan to another: figures, cards, table, access."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from planner.compare import Side, compare_plans
from planner.export import write_comparison_map
from planner.export.map.changes import change_rows, compared_data
from planner.export.map.document import epci_rows
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

pytestmark = pytest.mark.browser

NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
AXE = Path(__file__).with_name("axe.min.js")


@pytest.fixture(scope="module")
def plans():
    """The third EPCI withdraws its vote, the second has 10 lines, a line costs more."""
    territory = toy_territory()
    epci = territory.epci.copy()
    epci.loc[epci["siren"] == "200000004", "nom"] = NASTY
    territory = territory.with_tables(epci=epci)
    votes, envelopes = territory.deliberations.copy(), territory.envelopes.copy()
    votes.loc[votes["epci_siren"] == "200000003", "state"] = "pending"
    envelopes.loc[envelopes["epci_siren"] == "200000002", "amount"] = 10
    later = replace(territory, deliberations=votes, envelopes=envelopes)
    first = Scenario(name="mars", title=NASTY)
    second = Scenario.from_dict(
        {"name": "juin", "title": "Juin", "contribution": {"cents_per_line": 50_000}}
    )
    return make_plan(territory, first), make_plan(later, second)


@pytest.fixture(scope="module")
def file(plans, tmp_path_factory):
    return write_comparison_map(tmp_path_factory.mktemp("cartes") / "comparaison.html", *plans)


@pytest.fixture
def open_page(browser, file):
    contexts = []

    def opened(width=1280, height=800, path=file, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html.ready", timeout=20_000)
        return page

    yield opened
    for context in contexts:
        assert not [page.said for page in context.pages if page.said]
        context.close()


def test_sectors_that_change_have_their_class(open_page, file):
    page = open_page()
    assert page.asked == [file.as_uri()]
    assert page.evaluate("planner.page.data.themes.map(t => t.key)") == [
        "change", "shift", "phase_before", "phase", "year", "cost",
    ]  # fmt: skip
    found = page.evaluate(
        """() => { const { sectors, themes } = planner.page.data;
          return Object.fromEntries(sectors.code.map((code, s) => [code, themes[0].classes[themes[0].sector[s]].key])); }"""
    )
    assert found["22002-01"] == "enters"  # its EPCI has room for it now
    assert found["35001-01"] == "leaves"  # its EPCI withdrew its vote
    assert {found[key] for key in found if key not in {"22002-01", "35001-01"}} == {"same"}


def test_the_card_of_a_sector_says_both_plans(open_page, plans):
    page = open_page()
    position = page.evaluate("planner.page.data.sectors.code.indexOf('35001-01')")
    page.evaluate(f"planner.page.open('sector', {position}, {{}})")
    text = page.locator("#fiche").inner_text()
    reason = plans[0].programme.in_language("fr").set_index("sector_id").loc["35001-01", "reason"]
    for words in ("sort du programme", f"Avant : {NASTY}", "Après : Juin", reason[1:]):
        assert words in text.replace("\u00a0", " ")
    assert page.locator("img").count() == 0


def test_the_table_is_the_comparison_to_the_cent(open_page, plans):
    page = open_page()
    before, after = (Side.from_plan(plan) for plan in plans)
    table = compare_plans(before, after).table
    epci = table[table["level"].astype(str) == "epci"].set_index("code")
    read = "rows => rows.map(row => [row.querySelector('th').textContent.trim(), ...[...row.querySelectorAll('td')].map(td => td.dataset.value)])"
    heads = page.eval_on_selector_all("#epci thead th[data-column]", "all => all.map(th => th.dataset.column)")  # fmt: skip
    rows = page.eval_on_selector_all("#epci tbody tr", read)
    (total,) = page.eval_on_selector_all("#epci tfoot tr", read)
    sirens = dict(
        zip(plans[1].territory.epci["nom"], plans[1].territory.epci["siren"], strict=True)
    )
    for nom, *values in rows:
        shown = dict(zip(heads, map(int, values), strict=True))
        for name in (
            "gaining_count", "losing_count", "net_difference_cents", "cost_difference_cents",
        ):  # fmt: skip
            expected = epci[name].get(sirens[nom], 0)
            assert shown[name] == expected, (nom, name)
    due = [int(plan.contributions["net_cents"].sum()) for plan in plans]
    whole = dict(zip(heads, map(int, total[1:]), strict=True))
    assert whole["net_difference_cents"] == due[1] - due[0]
    assert whole["net_cents"] == due[1]
    of_region = table.loc[table["level"].astype(str) == "region", "cost_difference_cents"]
    assert whole["cost_difference_cents"] == of_region.iloc[0]
    assert whole["gaining_count"] == whole["losing_count"] == 4
    assert (NASTY in [row[0] for row in rows]) is True


def test_who_gains_by_epci_is_on_its_card(open_page):
    page = open_page()
    page.locator("#epci tbody button.link", has_text="CC Toy-Nord-Est").click()
    text = page.locator("#fiche").inner_text()
    assert "Ce qui change" in text
    assert "Locaux servis plus tôt\n4" in text
    assert "Locaux en phases 1 et 2\n+4" in text


def test_without_script_what_changes_is_still_said(open_page):
    page = open_page(java_script_enabled=False)
    text = page.locator("body").inner_text()
    for words in ("Qui gagne, qui perd", "Secteurs qui changent", "entre au programme",
                  "la règle a changé : la participation par ligne, en centimes", "Années-locaux gagnées"):  # fmt: skip
        assert words in text
    assert page.locator("svg.still").is_visible()
    assert NASTY in page.title()
    assert NASTY in page.locator(".against").inner_text()


def test_paper_names_both_plans(open_page):
    page = open_page()
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    assert page.locator("h1").is_visible()
    assert "Juin" in page.locator(".top").inner_text()
    assert "sort du programme" in page.locator(".paper").inner_text()


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("theme", range(6))
def test_axe_finds_nothing(open_page, width, theme):
    page = open_page(width)
    page.evaluate(f"planner.page.setTheme({theme}); planner.page.open('sector', {theme}, {{}})")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in report["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_epci_and_the_tables_of_an_earlier_run(open_page, plans, tmp_path):
    first = Side.from_plan(plans[0])
    path = write_comparison_map(tmp_path / "epci.html", first, plans[1], epci="200000003")
    page = open_page(path=path)
    assert page.locator("h1").inner_text() == "CC Toy-Sud-Ouest"
    assert page.locator("#epci tbody tr").count() == 1
    assert "Locaux servis plus tard\n4" in page.locator("#region").inner_text()
    again = write_comparison_map(tmp_path / "b.html", plans[0], plans[1], epci="200000003")
    assert again.read_bytes() == path.read_bytes()


def test_the_same_plan_twice_says_that_nothing_changes(plans):
    data = compared_data(plans[0], plans[0])
    assert data.change.causes == ()
    rows = change_rows(data, epci_rows(data))
    assert {row[name] for row in rows for name in ("gaining_count", "losing_count", "net_difference_cents", "cost_difference_cents")} == {0}  # fmt: skip
    bare = Side.from_plan(plans[0])
    bare = replace(bare, tables={k: v for k, v in bare.tables.items() if k != "costs"})
    unknown = compared_data(bare, plans[0])
    rows = change_rows(unknown, epci_rows(unknown))
    assert {row["cost_difference_cents"] for row in rows} == {None}
    assert re.search("(A).*(B)", data.title)
