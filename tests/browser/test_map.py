"""The officials' map in a real browser, from a file, without network."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from planner.export.map import MapData, map_html
from planner.export.map.document import epci_rows
from planner.export.map.topology import GRID_ZOOM, grid_xy
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

pytestmark = pytest.mark.browser

NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
THIN = "\u202f"
AXE = Path(__file__).with_name("axe.min.js")


@pytest.fixture(scope="module")
def plan():
    territory = toy_territory()
    communes, sectors = territory.communes.copy(), territory.sectors.copy()
    communes.loc[communes["insee"] == "22002", "nom"] = "Saint-Méen-le-Grand"
    communes.loc[communes["insee"] == "35002", "nom"] = NASTY
    sectors.loc[sectors["sector_id"] == "35002-01", "nom"] = NASTY
    history = pd.DataFrame(
        {"insee_2018": ["22002", "22009", "35009"], "insee": ["22002", "22002", "35002"],
         "nom_2018": ["Saint-Méen-le-Grand", "L'Île-Jouët", NASTY + " (ancienne)"],
         "epci_siren_2018": "200000002"}
    )  # fmt: skip
    territory = territory.with_tables(communes=communes, sectors=sectors, communes_history=history)
    return make_plan(territory, Scenario(name="toy", title="Carte jouet"))


@pytest.fixture(scope="module")
def data(plan):
    return MapData.from_plan(plan)


@pytest.fixture(scope="module")
def file(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("carte d'été") / "carte régionale.html"
    path.write_text(map_html(data), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser, file):
    """Open the page; whatever it asks for, says or does is kept on it."""
    contexts = []

    def opened(width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: page.said.append(dialog.message))
        page.goto(file.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html.ready", timeout=20_000)
        return page

    yield opened
    for context in contexts:
        context.close()


def click_on(page, x_m, y_m):
    """Click the map on a place in EPSG:2154."""
    x, y = grid_xy(np.array([float(x_m)]), np.array([float(y_m)]))[0]
    at = page.evaluate(
        "([x, y, z]) => { const m = planner.page.map;"
        " const p = m.latLngToContainerPoint(m.unproject([x, y], z)); return [p.x, p.y]; }",
        [x, y, GRID_ZOOM],
    )
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + at[0], box["y"] + at[1])


def centre(data, sector_id):
    shape = data.sectors.set_index("sector_id").geometry[sector_id]
    return shape.centroid.x, shape.centroid.y


def test_it_opens_alone_and_in_silence(open_page, file):
    page = open_page()
    page.fill("#recherche", "toy")
    page.check("input[name=theme][value='2']", force=True)
    page.wait_for_timeout(300)
    assert page.asked == [file.as_uri()]
    assert page.said == []
    assert page.locator("h1").inner_text() == "Carte jouet"
    assert page.locator(".picture").is_hidden()
    assert page.locator("canvas.planner-canvas").count() == 1


def tallied(page):
    """Premises by area, phase and state as the page has decoded them."""
    found = {}
    for area, phase, state, count in page.evaluate("planner.page.scene.premises.tally()"):
        found[(area, phase, state)] = found.get((area, phase, state), 0) + count
    return found


def test_every_premise_is_decoded(open_page, data, plan):
    page = open_page()
    layer = plan.premises_layer()
    sectors = list(data.sectors["sector_id"])
    rows = zip(layer["sector_id"], layer["phase"].cat.codes, layer["state"].cat.codes, strict=True)
    expected = {}
    for sector, phase, state in rows:
        key = (2 * sectors.index(sector), phase, state)
        expected[key] = expected.get(key, 0) + 1
    assert tallied(page) == expected
    xy = page.evaluate(
        "planner.page.scene.premises.chunks.flatMap(c => [...c.x].map((x, i) => [x, c.y[i]]))"
    )
    truth = 2 * grid_xy(layer["x_m"].to_numpy(), layer["y_m"].to_numpy())
    assert np.abs(np.array(sorted(map(tuple, xy))) - truth[np.lexsort(np.rint(truth).T[::-1])]).max() <= 0.5 + 1e-6  # fmt: skip


def test_an_old_browser_inflates_by_itself(browser, file, open_page):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream; delete Uint8Array.fromBase64;")
    page.goto(file.as_uri())
    page.wait_for_selector("html.ready", timeout=20_000)
    assert page.evaluate("typeof DecompressionStream") == "undefined"
    assert tallied(page) == tallied(open_page())
    context.close()


def test_search_folds_accents_and_saint(open_page):
    page = open_page()
    page.fill("#recherche", "st meen")
    first = page.locator("#resultats li").first
    assert "Saint-Méen-le-Grand" in first.inner_text()
    assert "CC Toy-Nord-Est" in first.inner_text()
    page.press("#recherche", "Enter")
    card = page.locator("#fiche")
    assert card.locator("h3").inner_text() == "Saint-Méen-le-Grand"
    text = card.inner_text()
    for words in ("CC Toy-Nord-Est", "Locaux\n10", "Initiative publique", "Phase 2", "Phase 3"):
        assert words in text
    assert "Saint-Méen-le-Grand" in page.locator("#annonce").inner_text()


def test_a_commune_is_found_by_a_name_it_bore_before(open_page):
    page = open_page()
    page.fill("#recherche", "ile jouet")
    (found,) = page.locator("#resultats li").all_inner_texts()
    assert found.split("\n") == ["Saint-Méen-le-Grand", "Commune · anciennement L'Île-Jouët"]
    page.press("#recherche", "Enter")
    assert page.locator("#fiche h3").inner_text() == "Saint-Méen-le-Grand"
    page.fill("#recherche", "7*7")
    names = page.locator("#resultats li").all_inner_texts()
    assert any(f"anciennement {NASTY} (ancienne)" in name for name in names)
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("query", ["TOY-nord-EST", "200000002", "cc toy nord est"])
def test_search_finds_an_epci(open_page, query):
    page = open_page()
    page.fill("#recherche", query)
    assert any("EPCI" in text for text in page.locator("#resultats li").all_inner_texts())


def test_search_says_when_there_is_nothing(open_page):
    page = open_page()
    page.fill("#recherche", "zzz")
    assert page.locator("#annonce").inner_text() == "Aucun résultat"
    assert page.locator("#resultats").is_hidden()
    assert "Aucun résultat" in page.locator("#aucun").inner_text()
    page.fill("#recherche", "toy")
    assert page.locator("#aucun").is_hidden()
    page.fill("#recherche", "")
    assert page.locator("#aucun").is_hidden()


def test_a_click_opens_the_card_of_the_sector(open_page, data, plan):
    page = open_page()
    chosen = plan.programme.table[plan.programme.table["phase"] == "2"]["sector_id"].iloc[0]
    click_on(page, *centre(data, chosen))
    text = page.locator("#fiche").inner_text()
    cost = plan.costs.set_index("sector_id").loc[chosen, "cost_cents"]
    due = plan.contributions.set_index("place_id").loc[chosen]
    reason = plan.programme.in_language("fr").set_index("sector_id").loc[chosen, "reason"]
    quarter = plan.schedule.set_index("sector_id").loc[chosen, "quarter"]
    assert chosen in text
    assert "Phase 2" in text
    assert reason[1:] in text
    assert quarter[:4] in text
    assert f"{cost // 100:,}".replace(",", THIN) in text
    owed = f"{due['net_cents'] // 100:,}".replace(",", THIN)
    assert f"{due['lines_count']} lignes, {owed}{THIN}€" in text
    assert "fabriqué pour l'exemple" in text


def test_the_card_of_an_epci(open_page, data):
    page = open_page()
    page.locator("#epci tbody button.link", has_text="CC Toy-Nord-Est").click()
    page.wait_for_timeout(400)
    text = page.locator("#fiche").inner_text()
    row = next(row for row in epci_rows(data) if row["nom"] == "CC Toy-Nord-Est")
    assert f"{row['net_cents'] // 100:,}".replace(",", THIN) + f"{THIN}€" in text
    assert "Votée" in text
    assert page.evaluate("document.activeElement.id") == "fiche"


def test_outside_the_territory_there_is_no_card(open_page, data):
    page = open_page()
    west, south, _, _ = data.communes.total_bounds
    click_on(page, west - 300, south - 300)
    assert page.locator("#fiche").is_hidden()
    assert page.locator("#annonce").inner_text() == "Aucun lieu du territoire ici."


def test_the_script_finds_the_same_places_as_the_geometry(open_page, data):
    page = open_page()
    for kind, table in (("commune", data.communes), ("sector", data.sectors)):
        seeds = shapely.get_coordinates(shapely.point_on_surface(table.geometry.to_numpy()))
        found = page.evaluate(
            "([kind, points]) => points.map(([x, y]) =>"
            " planner.page.topology.find(planner.page.outlines[kind], x, y))",
            [kind, grid_xy(seeds[:, 0], seeds[:, 1]).tolist()],
        )
        assert found == list(range(len(table)))


def test_the_table_sums_to_its_last_row(open_page, data, plan):
    page = open_page()
    read = (
        """rows => rows.map(row => [...row.querySelectorAll('td')].map(td => td.dataset.value))"""
    )
    body = page.eval_on_selector_all("#epci tbody tr", read)
    (total,) = page.eval_on_selector_all("#epci tfoot tr", read)
    heads = page.eval_on_selector_all(
        "#epci thead th[data-column]", "all => all.map(th => th.dataset.column)"
    )
    for position, name in enumerate(heads):
        if name in {"coverage_rate", "vote", "granted", "used"}:
            continue
        assert sum(int(row[position]) for row in body) == int(total[position]), name
    assert int(total[heads.index("net_cents")]) == plan.contributions["net_cents"].sum()
    assert int(total[heads.index("premises_count")]) == data.whole_row["premises_count"]


def test_the_table_sorts(open_page):
    page = open_page()
    button = page.locator("#epci thead th[data-column=net_cents] button")
    values = "all => all.map(row => Number(row.lastElementChild.dataset.value))"
    for direction, reverse in (("descending", True), ("ascending", False)):
        button.click()
        assert page.locator("#epci thead th[data-column=net_cents]").get_attribute("aria-sort") == direction  # fmt: skip
        shown = page.eval_on_selector_all("#epci tbody tr", values)
        assert shown == sorted(shown, reverse=reverse)


def test_a_nasty_name_stays_a_name(open_page, data):
    page = open_page()
    page.fill("#recherche", "7*7")
    assert NASTY in page.locator("#resultats").inner_text()
    page.press("#recherche", "Enter")
    assert page.locator("#fiche h3").inner_text() == NASTY
    click_on(page, *centre(data, "35002-01"))
    assert page.locator("#fiche h3").inner_text() == NASTY
    assert page.locator(".tip span").first.text_content() == NASTY
    assert "1337" not in page.locator("#legende").inner_text()
    assert page.locator("img").count() == 0
    assert page.said == []


def test_without_script_the_page_still_says_it_all(open_page, data):
    page = open_page(java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator("svg.still").is_visible()
    assert page.locator(".live").is_hidden()
    assert page.locator("#recherche").is_hidden()
    assert page.locator("#epci").is_visible()
    assert page.locator("#epci tbody tr").count() == len(data.epci)
    for words in ("Définitions", "Référentiel", "Données de démonstration", "Proposition"):
        assert words in page.locator("body").inner_text()
    assert page.locator(".legend").get_by_text("Phase 1").first.is_visible()


def test_the_keyboard_is_enough(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == "recherche":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("toy sud ouest")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.locator("#resultats [aria-selected=true]").count() == 1
    page.keyboard.press("Enter")
    assert "Toy-Sud-Ouest" in page.locator("#fiche h3").inner_text()
    page.wait_for_timeout(600)
    page.locator("#region_map, .folium-map").first.focus()
    page.keyboard.press("Escape")
    assert page.locator("#fiche").is_hidden()
    page.keyboard.press("Enter")
    assert "Toy-Sud-Ouest" in page.locator("#fiche").inner_text()
    before = page.evaluate("planner.page.map.getZoom()")
    page.keyboard.press("-")
    page.wait_for_timeout(600)
    assert page.evaluate("planner.page.map.getZoom()") < before


def pixel(page, x_m, y_m):
    x, y = grid_xy(np.array([float(x_m)]), np.array([float(y_m)]))[0]
    return page.evaluate(
        """([x, y, z]) => {
          const m = planner.page.map, canvas = document.querySelector('canvas.planner-canvas');
          const p = m.latLngToLayerPoint(m.unproject([x, y], z)).subtract(L.DomUtil.getPosition(canvas));
          return [...canvas.getContext('2d').getImageData(p.x, p.y, 1, 1).data];
        }""",
        [x, y, GRID_ZOOM],
    )


def test_the_legend_switches_what_it_names(open_page, data):
    page = open_page()
    page.evaluate("void planner.page.map.setZoom(9, {animate: false})")  # areas, not premises
    x_m, y_m = centre(data, "22001-02")
    at = (x_m, y_m - 1_300)  # away from names and borders
    assert pixel(page, *at)[:3] == [0x17, 0x3A, 0x6E]  # phase 1, solid
    page.uncheck(".classes[data-theme='0'] input[value='0']")
    page.wait_for_timeout(200)
    assert pixel(page, *at)[3] == 0
    page.check("input[name=theme][value='2']", force=True)
    page.wait_for_timeout(200)
    assert pixel(page, *at)[3] == 255
    assert page.locator(".classes[data-theme='0']").is_hidden()
    assert page.locator(".classes[data-theme='2']").is_visible()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (768, 1024), (390, 844), (320, 640)])
def test_nothing_overflows(open_page, width, height):
    page = open_page(width, height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    map_box = page.locator(".folium-map").bounding_box()
    assert map_box["width"] > 0.6 * width
    assert map_box["height"] > 0.4 * height


def test_on_a_phone_the_card_is_a_sheet(open_page):
    page = open_page(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    assert page.locator("#corps").is_hidden()
    page.locator("#poignee").click()
    assert page.locator("#corps").is_visible()
    assert page.locator("#poignee").get_attribute("aria-expanded") == "true"
    page.locator("#poignee").click()
    page.fill("#recherche", "st meen")
    page.locator("#resultats li").first.dispatch_event("mousedown")
    sheet = page.locator("#panneau").bounding_box()
    ground = page.locator(".ground").bounding_box()
    assert page.locator("#fiche h3").inner_text() == "Saint-Méen-le-Grand"
    assert sheet["height"] < 0.75 * ground["height"]


def test_print_shows_the_view_its_legend_and_every_row(open_page, data):
    page = open_page()
    page.check("input[name=theme][value='4']", force=True)
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    assert page.evaluate("document.getElementById('impression').width") == 2000
    assert page.locator("#impression").is_visible()
    assert page.locator(".live").is_hidden()
    assert page.locator("#recherche").is_hidden()
    assert page.locator("#epci tbody tr").count() == len(data.epci)
    paper = page.locator(".paper").inner_text()
    for words in (
        "Coût par ligne",
        "de 1",
        "Proposition, version 1",
        "31 décembre 2017",
        "Sources",
        "Données de démonstration",
    ):
        assert words in paper
    drawn = page.evaluate(
        """() => { const c = document.getElementById('impression');
          const all = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          const seen = new Set();
          for (let i = 0; i < all.length; i += 4) seen.add((all[i] << 16) | (all[i + 1] << 8) | all[i + 2]);
          return seen.size; }"""
    )
    assert drawn > 20
    assert page.locator("h1").is_visible()


def test_print_to_a4_is_one_page_of_map(open_page, tmp_path):
    page = open_page()
    page.wait_for_timeout(200)
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf))
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(842, 595)}


def test_without_script_the_still_map_is_printed(open_page):
    page = open_page(java_script_enabled=False)
    page.emulate_media(media="print")
    assert page.locator("svg.still").is_visible()
    assert page.locator(".paper").is_hidden()


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("state", ["closed", "commune", "sector", "zone", "epci"])
def test_axe_finds_nothing(open_page, width, state):
    page = open_page(width, 800)
    if state != "closed":
        page.evaluate(f"planner.page.open('{state}', 0, {{}})")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in report["violations"]]
    assert found == []
