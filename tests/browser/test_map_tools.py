"""What people do with the map: time, filter, link, table, measure, scoped maps, premises beside."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.export.map import MapData, map_html, write_map, write_maps
from planner.export.map.document import commune_rows
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.vocab import Level

pytestmark = pytest.mark.browser

NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
AXE = Path(__file__).with_name("axe.min.js")
THEMES = ("phase", "year", "coverage", "state", "cost", "rank", "ballot")


@pytest.fixture(scope="module")
def plan():
    territory = toy_territory()
    communes, epci = territory.communes.copy(), territory.epci.copy()
    communes.loc[communes["insee"] == "35002", "nom"] = NASTY
    epci.loc[epci["siren"] == "200000004", "nom"] = NASTY
    territory = territory.with_tables(communes=communes, epci=epci)
    return make_plan(territory, Scenario(name="toy", title="Carte jouet"))


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    """Every map of the toy territory, and one with its premises beside."""
    target = tmp_path_factory.mktemp("cartes")
    write_maps(target, plan)
    write_map(target / "à côté.html", plan, folder=True)
    return target


@pytest.fixture
def open_page(browser, folder):
    contexts = []

    def opened(name="carte.html", width=1280, height=800, link="", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto((folder / name).as_uri() + link)
        page.wait_for_selector("html.ready", timeout=20_000)
        return page

    yield opened
    for context in contexts:
        assert not [page.said for page in context.pages if page.said]
        context.close()


def plain(text):
    return re.sub(r"[\s\u202f\u00a0]", "", text)


def served(plan, quarter):
    """Count what is serviceable at the end of a quarter, from the plan's own tables."""
    layer = plan.premises_layer()
    done = set(plan.schedule.loc[plan.schedule["quarter"] <= quarter, "sector_id"])
    return int(((layer["state"] == "serviceable") | layer["sector_id"].isin(done)).sum())


def test_figures_follow_the_date(open_page, plan):
    page = open_page()
    quarters = page.evaluate("planner.page.data.time.quarters")
    assert quarters[0] == "2018-T1"
    assert quarters[-1] == plan.schedule["quarter"].max()
    for step in (1, len(quarters) // 2, len(quarters)):
        page.locator("#temps").fill(str(step))
        shown = page.locator("#region .big dd").nth(1).inner_text()
        assert int(plain(shown)) == served(plan, quarters[step - 1])
        assert quarters[step - 1][:4] in page.locator("#temps").get_attribute("aria-valuetext")
        assert "Prévision" in page.locator("#region .when").inner_text()
    page.locator("#entier").click()
    assert int(plain(page.locator("#region .big dd").nth(1).inner_text())) == 4
    assert page.locator("#temps-dit").inner_text() == "Programme entier"


def test_the_slider_by_keyboard_and_its_buttons(open_page):
    page = open_page()
    page.locator("#temps").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#temps-dit").inner_text() == "fin du 1er trimestre 2018"
    page.keyboard.press("End")
    assert page.locator("#pale").is_visible()
    page.locator("#avant").click()
    steps = page.evaluate("planner.page.data.time.quarters.length")
    assert page.evaluate("planner.page.when") == steps - 1
    page.locator("#temps").fill("0")
    page.locator("#jouer").click()
    assert page.locator("#jouer").get_attribute("aria-pressed") == "true"
    page.wait_for_timeout(1700)
    assert page.evaluate("planner.page.when") >= 1
    page.locator("#jouer").click()
    assert page.locator("#jouer").get_attribute("aria-pressed") == "false"


def test_nothing_plays_for_who_asked_for_calm(open_page):
    page = open_page(reduced_motion="reduce")
    assert page.locator("#jouer").is_hidden()
    page.locator("#apres").click()
    assert page.evaluate("planner.page.when") == 1


def test_the_coverage_theme_follows_the_date(open_page, plan):
    page = open_page()
    page.evaluate("planner.page.setTheme(2)")
    page.evaluate("planner.page.setWhen(planner.page.data.time.quarters.length)")
    # every sector of the toy is scheduled or open: all four communes are wholly served
    assert page.evaluate("planner.page.communeClasses") == [0, 0, 0, 0]
    assert "4 communes" in page.locator(".classes[data-theme='2'] li").first.text_content()
    page.evaluate("planner.page.setWhen(0)")
    assert page.evaluate("planner.page.communeClasses") == page.evaluate("planner.page.data.themes[2].commune")  # fmt: skip


def test_a_taller_legend_hides_nothing_of_the_whole(open_page):
    page = open_page(width=920, height=800)
    top = """() => { const p = planner.page, [, y] = p.whole; const at = p.map.latLngToContainerPoint(
      p.map.unproject([p.whole[0], y], p.topology.zoom)).y;
      return at - document.getElementById('legende').offsetHeight; }"""
    for theme in range(len(THEMES)):
        page.evaluate(f"planner.page.setTheme({theme})")
        assert page.evaluate(top) >= 0
    page.evaluate("void planner.page.map.setView([48.2, -2.4], 11, {animate: false})")
    page.evaluate("planner.page.setTheme(2)")
    assert page.evaluate("planner.page.map.getZoom()") == 11  # a view that was chosen stays


def test_the_filter_by_epci(open_page, plan):
    page = open_page()
    page.select_option("#filtre", label="CC Toy-Sud-Ouest")
    assert page.locator("#region h3").inner_text() == "CC Toy-Sud-Ouest"
    assert page.locator("#communes tbody tr").count() == 1
    assert "Toy-Sud-Ouest" in page.locator("#communes-titre").inner_text()
    own, other = page.evaluate("[planner.page.scene.paint(2 * 4, 1, -1), planner.page.scene.paint(0, 0, -1)]")  # fmt: skip
    assert own is not None
    assert other is None
    page.select_option("#filtre", "-1")
    assert page.locator("#communes-du-filtre").is_hidden()


def test_a_link_brings_the_view_back(open_page):
    page = open_page()
    page.evaluate("planner.page.setTheme(4)")
    page.select_option("#filtre", label="CC Toy-Nord-Est")
    page.evaluate("planner.page.setWhen(3)")
    page.evaluate("planner.page.open('sector', 2, {})")
    page.evaluate("void planner.page.map.setView([48.2, -2.4], 11, {animate: false})")
    page.wait_for_timeout(1200)  # the address follows when the view rests
    link = page.evaluate("location.hash")
    assert "epci=200000002" in link
    other = open_page(link=link)
    state = """() => { const p = planner.page; return [p.theme, p.filter, p.when, p.dated,
      p.picked.kind, p.picked.position, p.map.getZoom(), p.map.getCenter().lat.toFixed(3)]; }"""
    assert other.evaluate(state) == page.evaluate(state)


@pytest.mark.parametrize("link", ["#vue=a/b/c&theme=zz&date=9&epci=%E0%A4%A&lieu=x:y", "#tableau", "#lieu=commune:"])  # fmt: skip
def test_a_broken_link_opens_the_map(open_page, link):
    page = open_page(link=link)
    assert page.evaluate("planner.page.theme") == 0
    assert page.locator("#region h3").inner_text() == "Toy"


def test_the_table_as_csv(open_page, plan):
    page = open_page()
    with page.expect_download() as waiting:
        page.locator("#tableau button[data-csv=epci]").click()
    text = Path(waiting.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert waiting.value.suggested_filename == "carte.csv"
    heads = [head.replace("\u00ad", "") for head in rows[0]]
    due = heads.index("Participation")
    total = next(row for row in rows if row[0] == "Total de la région")
    assert float(total[due].replace(",", ".")) * 100 == plan.contributions["net_cents"].sum()
    body = [row for row in rows[1:] if row is not total]
    assert sum(int(row[1]) for row in body) == int(total[1]) == 40
    assert NASTY in {row[0] for row in body}


def test_a_spreadsheet_runs_nothing(open_page):
    page = open_page()
    written = page.evaluate(
        """() => { const t = document.createElement('table'); const c = t.insertRow().insertCell();
          c.textContent = '=1+1'; return planner.page.csvOf(t); }"""
    )
    assert written == '\ufeff"\'=1+1"\r\n'


def test_measuring_by_mouse_and_by_keyboard(open_page):
    page = open_page()
    page.locator("#mesurer").click()
    page.evaluate("planner.page.measureAt(L.latLng(48, -3))")
    page.evaluate("planner.page.measureAt(L.latLng(48, -2))")
    # a degree of longitude at 48° north, on Leaflet's sphere of 6 371 km
    expected = 2 * 6371 * np.arcsin(np.cos(np.radians(48)) * np.sin(np.radians(0.5)))
    shown = page.locator("#mesure-dit").inner_text()
    assert float(re.sub(r"[^\d,]", "", shown).replace(",", ".")) == pytest.approx(expected, abs=0.1)
    page.keyboard.press("Enter")
    assert page.evaluate("planner.page.measured.length") == 3
    assert page.locator("#fiche").is_hidden()
    page.keyboard.press("Escape")
    assert page.locator("#mesure").is_hidden()


def test_the_map_of_an_epci(open_page, plan, folder):
    page = open_page("carte-epci-200000002.html")
    assert page.locator("h1").inner_text() == "CC Toy-Nord-Est"
    assert page.locator("#region h3").inner_text() == "CC Toy-Nord-Est"
    data = MapData.from_plan(plan).focus(Level.EPCI, "200000002")
    *rows, total = commune_rows(data)
    assert [row["code"] for row in rows] == ["22002"]
    assert total["premises_count"] == 10
    assert page.locator("#epci tbody tr").count() == 1
    assert page.evaluate("planner.page.scene.premises.count") == 10
    assert page.locator("#filtre").count() == 0
    due = int(plan.balances.set_index("epci_siren").loc["200000002", "net_cents"])
    assert plain(f"{due // 100}€") in plain(page.locator("#region").inner_text())


def test_the_map_of_a_departement_adds_up(open_page, plan):
    page = open_page("carte-departement-35.html")
    read = "rows => rows.map(row => [...row.querySelectorAll('td')].map(td => td.dataset.value))"
    body = page.eval_on_selector_all("#epci tbody tr", read)
    (total,) = page.eval_on_selector_all("#epci tfoot tr", read)
    assert len(body) == 2
    for column in (0, 1, 3, 4, 5, 6):
        assert sum(int(row[column]) for row in body) == int(total[column])
    assert int(total[0]) == 20
    assert page.evaluate("planner.page.scene.premises.count") == 20


def test_a_nasty_name_in_every_place(open_page):
    page = open_page("carte-epci-200000004.html")
    assert NASTY in page.title()
    assert page.locator("h1").inner_text() == NASTY
    assert page.locator("#region h3").inner_text() == NASTY
    whole = open_page()
    whole.select_option("#filtre", label=NASTY)
    assert NASTY in whole.locator("#communes-titre").inner_text()
    assert whole.locator("#communes tbody button").inner_text() == NASTY
    whole.locator("#communes tbody button").click()
    assert whole.locator("#fiche h3").inner_text() == NASTY
    assert whole.locator("img").count() == page.locator("img").count() == 0
    assert "49" not in whole.locator("#communes").inner_text()


def test_premises_beside_the_page_come_when_looked_at(open_page, folder):
    page = open_page("à côté.html")
    page.wait_for_timeout(600)
    assert page.evaluate("planner.page.scene.premises.count") == 40
    scripts = {p.name for p in (folder / "à côté-locaux").iterdir()}
    assert scripts == {f"20000000{k}.js" for k in range(1, 5)}
    assert {Path(url).name for url in page.asked[1:]} == scripts
    inside = open_page()
    assert sorted(page.evaluate("planner.page.scene.premises.tally()")) == sorted(
        inside.evaluate("planner.page.scene.premises.tally()")
    )
    assert len(inside.asked) == 1


def test_the_background_is_asked_for_by_the_reader_only(browser, plan, tmp_path):
    path = write_map(tmp_path / "carte.html", plan, background=True)
    text = path.read_text(encoding="utf-8")
    assert "img-src data: https://data.geopf.fr;" in text
    assert "data.geopf.fr" not in map_html(MapData.from_plan(plan))
    context = browser.new_context()
    page = context.new_page()
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        route.abort()

    page.route(re.compile("^https?:"), refuse)
    page.goto(path.as_uri())
    page.wait_for_selector("html.ready")
    assert asked == []
    page.locator(".more summary").click()
    assert "demande le réseau" in page.locator(".background").inner_text()
    page.check("input[name=fond]")
    page.wait_for_timeout(500)
    assert asked
    assert all(url.startswith("https://data.geopf.fr/wmts?") for url in asked)
    context.close()


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("theme", range(len(THEMES)), ids=THEMES)
def test_axe_finds_nothing_under_any_theme(open_page, theme, width):
    page = open_page(width=width)
    assert page.evaluate("planner.page.data.themes.map(t => t.key)") == list(THEMES)
    page.evaluate(
        f"planner.page.setTheme({theme}); planner.page.sheet(true); planner.page.setWhen(4)"
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in report["violations"]]
    assert found == []


@pytest.mark.parametrize("width", [1280, 390])
def test_text_twice_as_large_is_all_there(open_page, width):
    page = open_page(width=width, height=900)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#recherche").is_visible()
    assert page.locator("#temps").is_visible()


def test_same_plan_same_bytes(plan, tmp_path):
    first = write_map(tmp_path / "a.html", plan, folder=True).read_bytes()
    scripts = {p.name: p.read_bytes() for p in (tmp_path / "a-locaux").iterdir()}
    assert write_map(tmp_path / "a.html", plan, folder=True).read_bytes() == first
    assert {p.name: p.read_bytes() for p in (tmp_path / "a-locaux").iterdir()} == scripts
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a-locaux", "a.html"]
    data = MapData.from_plan(plan)
    turned = replace(data, layer=data.layer.sample(frac=1, random_state=4))
    assert map_html(turned) == map_html(data)
