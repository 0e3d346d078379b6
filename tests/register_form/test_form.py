"""The form of Axe 3 in a real browser: by keyboard alone, for everyone, and taken in end to end."""

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.export.axe3_form import form_html
from planner.io.register import open_register
from planner.io.register_intake import read_requests, request_id_of, siret_holds
from planner.io.register_rules import read_register_rules
from planner.toy import toy_territory

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "browser" / "axe.min.js"
NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
RULES = read_register_rules()
YESTERDAY = (dt.datetime.now() - dt.timedelta(days=1)).date()  # noqa: DTZ005 (the browser's day)


@pytest.fixture(scope="module")
def territory():
    toy = toy_territory()
    communes = toy.communes.copy()
    communes.loc[communes["insee"] == "35002", "nom"] = NASTY
    return toy.with_tables(communes=communes)


def written(territory, path, lang="fr"):
    text = form_html(
        communes=territory.communes, region=territory.region, rules=RULES,
        origins=territory.origins, lang=lang,
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(territory, tmp_path_factory):
    return written(territory, tmp_path_factory.mktemp("à l'été") / "formulaire d'accès.html")


@pytest.fixture
def open_page(browser, file):
    contexts = []

    def opened(path=file, width=1280, height=900, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said, page.dialogs = [], [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.accept()))
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html.ready", timeout=20_000)
        return page

    yield opened
    for context in contexts:
        context.close()


def commune(territory, insee):
    row = territory.communes.set_index("insee").loc[insee]
    return f"{row['nom']} ({row['departement']})"


def fill(page, territory, **changes):
    """Fill in every answer as a person would."""
    answers = {
        "organisation": "Menuiserie Le Goff", "siret": "732 829 320 00074",
        "address": "12 bis rue des Lilas", "commune": commune(territory, "22001"),
        "need_mbps": "100", "need": "Visioconférence", "supply_mbps": "8,5",
        "supply_on": YESTERDAY.isoformat(), "contact": "A. Le Goff", "email": "a@exemple.fr",
        "phone": "02 00 00 00 00",
    } | changes  # fmt: skip
    page.check("input[name=kind][value=business]")
    page.check("input[name=offer][value=some]")
    page.check("input[name=supply_evidence][value=quote]")
    for key, value in answers.items():
        page.fill(f"#{key}", value)
    page.check("#consent")


def saved(page, folder):
    with page.expect_download() as waiting:
        page.click("button[type=submit]")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def faults(page):
    return page.evaluate("planner.page.faults().map(([key]) => key)")


def violations(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found["violations"]]


def test_it_opens_alone_and_in_silence_and_is_the_same_each_time(open_page, file, territory):
    page = open_page()
    page.click("#partie-site canvas.planner-canvas", force=True)
    page.wait_for_timeout(200)
    assert page.asked == [file.as_uri()]
    assert page.said == []
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; connect-src 'none'")
    assert "unsafe" not in policy
    assert written(territory, file.parent / "b.html").read_bytes() == file.read_bytes()


def test_a_half_filled_form_is_refused_with_what_is_missing_field_by_field(open_page):
    page = open_page()
    page.click("button[type=submit]")
    assert page.evaluate("document.activeElement.id") == "fautes"
    assert page.locator("#fautes").get_attribute("role") == "alert"
    expected = ["kind", "organisation", "address", "commune", "need_mbps", "need", "offer",
                "supply_evidence", "supply_on", "contact", "email", "consent"]  # fmt: skip
    assert faults(page) == expected
    assert page.locator("#fautes h2").inner_text().startswith("12 réponses manquent")
    links = page.locator("#fautes a")
    for i, key in enumerate(expected):
        words = links.nth(i).inner_text()
        assert page.locator(f"#{key}-faute").inner_text() == words
        links.nth(i).click()
        focused = page.evaluate(
            "document.activeElement.closest('[data-field]').dataset.field"
        )  # fmt: skip
        assert focused == key
    assert page.locator("#organisation").get_attribute("aria-invalid") == "true"
    assert "organisation-faute" in page.locator("#organisation").get_attribute("aria-describedby")
    page.fill("#organisation", "Ok")
    assert page.locator("#organisation-faute").is_hidden()
    assert page.locator("#organisation").get_attribute("aria-invalid") is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"siret": "73282932000047"}, ["siret"]), ({"siret": ""}, []),
        ({"address": ""}, ["address"]), ({"commune": "Nulle part"}, ["commune"]),
        ({"commune": "toy nord ouest"}, []),
        ({"need_mbps": "beaucoup"}, ["need_mbps"]), ({"need_mbps": "0"}, ["need_mbps"]),
        ({"supply_mbps": ""}, ["supply_mbps"]), ({"email": "a@b"}, ["email"]),
        ({"supply_on": "2000-01-01"}, ["supply_on"]), ({"supply_on": "2999-01-01"}, ["supply_on"]),
    ],
)  # fmt: skip
def test_each_answer_is_checked(open_page, territory, changes, expected):
    page = open_page()
    fill(page, territory, **changes)
    assert faults(page) == expected


def test_the_checksum_is_the_library_s(open_page):
    page = open_page()
    numbers = ["73282932000074", "73282932000047", "35600000049837", "35600000049838", "1", ""]
    numbers += [f"{k * 7919 % 10**14:014d}" for k in range(200)]
    got = page.evaluate("numbers => numbers.map(planner.siretHolds)", numbers)
    assert got == [siret_holds(number) for number in numbers]


def test_the_saved_file_is_taken_in_end_to_end(open_page, territory, tmp_path):
    page = open_page()
    fill(page, territory)
    path = saved(page, tmp_path)
    values = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == f"demande-{values['reference']}.json"
    assert page.evaluate("document.activeElement.id") == "fait"
    assert values["reference"] in page.locator("#fait").inner_text()
    ban = tmp_path / "ban.csv"
    ban.write_text(
        "numero;rep;nom_voie;code_insee;code_postal;nom_commune;x;y\n"
        "12;bis;Rue des Lilas;22001;22000;Toy;300300;6806700\n",
        encoding="utf-8",
    )
    store = tmp_path / "r.gpkg"
    words = ["register", "intake", str(store), str(path), "--on", "2019-01-01", "--addresses", str(ban)]  # fmt: skip
    for expected in ("1 demandes nouvelles", "1 déjà connues"):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        assert expected in " ".join(done.output.split())
    with open_register(store) as register:
        found = register.everything_about(request_id_of(values["reference"]))
    request, person = found["requests"][0], found["request_contacts"][0]
    assert (request["x_m"], request["place_source"], request["place_score"]) == (
        300_300,
        "address",
        1,
    )
    assert (request["kind"], request["insee"], request["need_mbps"]) == ("business", "22001", 100)
    assert (request["supply_evidence"], request["supply_mbps"]) == ("quote", 8.5)
    assert request["supply_on"] == YESTERDAY.isoformat()
    assert person["organisation"] == "Menuiserie Le Goff"
    assert (person["siret"], person["need"]) == ("73282932000074", "Visioconférence")
    assert (person["email"], person["phone"]) == ("a@exemple.fr", "02 00 00 00 00")
    assert person["consent_on"] == values["consent_on"]
    # and it opens again, but for the consent
    again = open_page()
    again.set_input_files("#rouvrir", path)
    again.wait_for_selector("#reprise:visible")
    assert faults(again) == ["consent"]
    again.check("#consent")
    assert json.loads(saved(again, tmp_path).read_text(encoding="utf-8")) == values
    other = tmp_path / "autre.json"
    other.write_text("[]", encoding="utf-8")
    again.set_input_files("#rouvrir", other)
    again.locator("#reprise", has_text="autre.json").wait_for()


def test_no_offer_is_zero_and_a_point_stands_for_an_address(open_page, territory, tmp_path):
    page = open_page()
    fill(page, territory, address="", commune="")
    page.check("input[name=offer][value=none]")
    assert page.locator("#supply_mbps").is_hidden()
    place = territory.communes.set_index("insee").geometry["22001"].centroid
    page.evaluate(
        "([lat, lon]) => planner.page.map.setView([lat, lon], 15, {animate: false})",
        list(reversed(lonlat(place))),
    )
    page.locator(".little-map .folium-map").click()  # in its middle
    assert commune(territory, "22001") in page.locator("#point-dit").inner_text()
    assert faults(page) == []
    read = read_requests(saved(page, tmp_path))
    row = read.requests.iloc[0]
    assert (row["supply_mbps"], row["place_source"], row["insee"]) == (0.0, "map", "22001")
    assert (row["x_m"], row["y_m"]) == pytest.approx((place.x, place.y), abs=10)
    # a point elsewhere than the commune, or outside, is told
    page.fill("#commune", commune(territory, "35001"))
    assert faults(page) == ["point"]
    page.fill("#commune", "")
    page.click("summary")
    page.fill("#lat", "12,5")
    assert faults(page) == ["point"]
    assert "hors du territoire" in page.locator("#point-dit").inner_text()
    page.fill("#lat", "nord")
    assert faults(page) == ["address", "commune", "lat"]


def lonlat(point):
    from pyproj import Transformer

    return Transformer.from_crs(2154, 4326, always_xy=True).transform(point.x, point.y)


def test_the_keyboard_alone_does_everything(  # noqa: PLR0915 (one way through)
    open_page, territory, tmp_path
):
    page = open_page()
    keys = page.keyboard
    seen = []

    def tab_to(test):
        for _ in range(60):
            keys.press("Tab")
            here = page.evaluate(
                "(() => { const e = document.activeElement;"
                " return e.id || e.name || e.className || e.tagName; })()"
            )
            seen.append(here)
            if page.evaluate(f"(e => {test})(document.activeElement)"):
                return
        raise AssertionError((test, seen))

    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    tab_to("e.name === 'kind'")
    keys.press("Space")
    for key, text in (("organisation", "École"), ("address", "3 rue A")):
        tab_to(f"e.id === '{key}'")
        keys.type(text)
    tab_to("e.id === 'commune'")
    keys.type(commune(territory, "22002"))
    tab_to("e.classList.contains('leaflet-container')")
    keys.press("ArrowRight")
    keys.press("Enter")
    assert "Point placé à" in page.locator("#point-dit").inner_text()
    tab_to("e.id === 'retirer'")
    keys.press("Enter")
    assert page.locator("#point-dit").inner_text() == "Aucun point sur la carte"
    tab_to("e.id === 'need_mbps'")
    keys.type("50")
    tab_to("e.id === 'need'")
    keys.type("Cours")
    tab_to("e.name === 'offer'")
    keys.press("Space")
    tab_to("e.name === 'supply_evidence'")
    keys.press("Space")
    tab_to("e.id === 'supply_on'")
    keys.type(YESTERDAY.strftime("%m%d%Y"))
    tab_to("e.id === 'contact'")
    keys.type("A")
    tab_to("e.id === 'email'")
    keys.type("a@b.fr")
    tab_to("e.type === 'submit'")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "fautes"
    assert faults(page) == ["consent"]
    keys.press("Tab")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "consent"
    keys.press("Space")
    tab_to("e.type === 'submit'")
    with page.expect_download() as waiting:
        keys.press("Enter")
    waiting.value.save_as(tmp_path / "f.json")
    request = read_requests(tmp_path / "f.json").requests.iloc[0]
    assert (request["kind"], request["insee"], request["supply_mbps"]) == ("business", "22002", 0.0)


def test_names_and_answers_are_shown_as_they_are(open_page, territory, tmp_path):
    page = open_page()
    fill(page, territory, organisation=NASTY, need=NASTY, contact=NASTY, commune=f"{NASTY} (35)")
    assert faults(page) == []
    path = saved(page, tmp_path)
    recap = page.locator("#fait").inner_text()
    assert recap.count(NASTY) >= 3
    page.evaluate("planner.page.place(L.latLng(0, 0))")
    assert page.dialogs == []
    assert page.said == []
    assert page.locator("img").count() == 0
    read = read_requests(path)
    assert read.contacts.iloc[0]["organisation"] == NASTY
    assert read.requests.iloc[0]["insee"] == "35002"
    wicked = tmp_path / f"{'x' * 5}<img src=x onerror=alert(1)>.json"
    wicked.write_text("{}", encoding="utf-8")
    page.set_input_files("#rouvrir", wicked)
    page.locator("#reprise", has_text="onerror").wait_for()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_stands_in_anyone_s_way(open_page, territory, tmp_path, width):
    page = open_page(width=width, height=844)
    assert violations(page) == []
    page.click("button[type=submit]")
    page.check("input[name=kind][value=individual]")
    page.click("summary")
    assert page.locator("#kind-note").is_visible()
    assert violations(page) == []
    fill(page, territory)
    saved(page, tmp_path)
    assert page.locator("#fait").is_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_in_english_and_without_javascript(open_page, territory, tmp_path):
    page = open_page(written(territory, tmp_path / "form.html", "en"))
    page.click("button[type=submit]")
    assert "answers are missing" in page.locator("#fautes h2").inner_text()
    assert page.locator("html").get_attribute("lang") == "en"
    assert violations(page) == []
    bare = open_page(java_script_enabled=False)
    assert bare.locator("#sans-script").is_visible()
    assert "imprimez-la" in bare.locator("#sans-script").inner_text()
    assert bare.locator("#organisation").is_visible()
    assert bare.locator("button[type=submit]").is_hidden()
