"""The officials' map: its data block and its page, read back and recounted."""

import base64
import datetime as dt
import hashlib
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import folium
import numpy as np
import pandas as pd
import pytest
from branca.element import CssLink, Element, JavascriptLink
from markupsafe import escape

from planner.crs import WORKING_CRS
from planner.errors import ContractError
from planner.export.map import MapData, map_html, write_map
from planner.export.map.data import absent
from planner.export.map.document import epci_rows
from planner.export.map.payload import FIGURES, json_block
from planner.export.map.shell import (
    OfflineHead,
    Page,
    UnknownAssetError,
    assets,
    read_asset,
    region_map,
)
from planner.plan import make_plan
from planner.provenance import Origin
from planner.scenario import Scenario
from planner.texts import catalogue
from planner.vocab import Level

OURS = ("planner-", "bulletin", "axe3-")
ROOT = Path(__file__).parents[3]
NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
ASSETS = ROOT / "planner" / "export" / "assets"
THIN = "\u202f"


@pytest.fixture
def plan(toy):
    return make_plan(toy, Scenario(name="toy", title="Carte jouet"))


@pytest.fixture
def data(plan):
    return MapData.from_plan(plan)


def replaced(data, **tables):
    names = (
        "region", "departements", "epci", "communes", "villes_moyennes", "sectors", "zones",
        "coverage", "programme", "contributions", "balances", "costs", "schedule",
    )  # fmt: skip
    kept = {name: getattr(data, name) for name in names} | tables
    return MapData.from_tables(
        name=data.name, title=data.title, reference_date=data.reference_date,
        vintage=data.vintage, origins=data.origins, layer=data.layer, cells=data.cells, **kept,
    )  # fmt: skip


class Read(HTMLParser):
    """The page as a parser sees it: tags, blocks, cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.blocks, self.cells = [], [], [], []
        self.text, self._open = "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag in {"script", "style"}:
            self.blocks.append([tag, dict(attrs), ""])
            self._open = tag
        if tag == "tr":
            self.cells.append([])
        if tag in {"td", "th"} and self.cells:
            self.cells[-1].append([dict(attrs), ""])
            self._open = "cell"

    def handle_endtag(self, tag):
        if tag in {"script", "style", "td", "th"}:
            self._open = None

    def handle_data(self, data):
        self.text += data
        if self._open in {"script", "style"}:
            self.blocks[-1][2] += data
        elif self._open == "cell":
            self.cells[-1][-1][1] += data

    @property
    def payload(self):
        attrs, text = next((a, t) for _, a, t in self.blocks if a.get("id") == "donnees")
        raw = zlib.decompress(base64.b64decode(text), -15)
        assert len(raw) == int(attrs["data-bytes"])
        return json.loads(raw)


# ---- the same bytes ----------------------------------------------------------------------------------


def test_two_runs_and_permuted_rows_give_the_same_bytes(data):
    first = map_html(data)
    assert map_html(data) == first
    names = (
        "communes",
        "sectors",
        "epci",
        "zones",
        "programme",
        "coverage",
        "contributions",
        "balances",
        "costs",
    )
    turned = {name: getattr(data, name).iloc[::-1] for name in names}
    assert map_html(replaced(data, **turned)) == first


def test_writing_leaves_the_plan_untouched_and_is_whole(plan, tmp_path):
    before = {name: table.copy() for name, table in plan.tables().items()}
    path = write_map(tmp_path / "carte.html", plan)
    assert path.read_text(encoding="utf-8") == map_html(MapData.from_plan(plan))
    assert [p.name for p in tmp_path.iterdir()] == ["carte.html"]
    for name, table in plan.tables().items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before[name]))


# ---- names ------------------------------------------------------------------------------------------


def test_a_nasty_name_is_only_a_name(data):
    communes, sectors, epci = data.communes.copy(), data.sectors.copy(), data.epci.copy()
    communes.loc[0, "nom"] = sectors.loc[0, "nom"] = epci.loc[0, "nom"] = NASTY
    villes = data.villes_moyennes.assign(nom=NASTY)
    nasty = replaced(data, communes=communes, sectors=sectors, epci=epci, villes_moyennes=villes)
    text = map_html(nasty)
    page = Read(text)
    assert page.tags.count("img") == 0
    assert "49" not in {cell[1] for row in page.cells for cell in row}
    assert NASTY in page.text  # as text, in the table
    assert str(escape(NASTY)) in text
    assert page.payload["communes"]["nom"][0] == NASTY
    assert page.payload["sectors"]["nom"][0] == NASTY
    assert not [a for a in page.attributes if a[1].startswith("on")]


def test_a_nasty_title_is_only_a_title(data):
    page = Read(map_html(replace(data, title=NASTY)))
    assert page.tags.count("img") == 0
    assert page.tags.count("h1") == 1
    assert NASTY in page.text


def test_the_data_block_cannot_be_closed():
    text = json_block({"a": "</script><!-- & \u2028 ]]>"})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text)["a"] == "</script><!-- & \u2028 ]]>"
    with pytest.raises(ValueError, match="JSON"):
        json_block({"a": float("nan")})


# ---- the page -------------------------------------------------------------------------------------


def test_the_page_asks_for_nothing_and_says_so(data):
    page = Read(map_html(data))
    assert not {"link", "iframe", "img", "base", "form", "object"} & set(page.tags)
    asked = [
        value
        for _, name, value in page.attributes
        if name in {"src", "href", "action", "style", "srcset"}
    ]
    assert asked
    assert all(value.startswith("#") for value in asked)
    policy = next(
        value
        for tag, name, value in page.attributes
        if tag == "meta" and name == "content" and "default-src" in value
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["connect-src"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy
    for tag, attrs, text in page.blocks:
        if attrs.get("type") == "application/octet-stream":
            continue
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rules[f"{tag}-src"]


def test_the_page_has_its_landmarks(data):
    text = map_html(data)
    page = Read(text)
    assert text.startswith("<!DOCTYPE html>")
    assert ("html", "lang", "fr") in page.attributes
    assert [page.tags.count(tag) for tag in ("title", "h1", "main", "header", "footer", "nav")] == [
        1
    ] * 6
    viewport = [
        v for t, n, v in page.attributes if t == "meta" and n == "content" and "device-width" in v
    ]
    assert viewport == ["width=device-width, initial-scale=1"]  # the reader may zoom
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {v[1:] for _, n, v in page.attributes if n == "href"}
    assert targets <= set(ids)
    assert re.findall(r"url\(#([^)]+)\)", text)
    assert set(re.findall(r'fill="url\(#([^)]+)\)"', text)) <= set(ids)


def test_what_remains_without_script(data):
    text = map_html(data)
    page = Read(text)
    assert 'class="still"' in text
    assert "Proposition" in page.text
    assert "31 décembre 2017" in page.text
    assert "Données de démonstration." in page.text
    assert "ne suivent pas les limites des communes" in page.text
    for word in ("Taux de couverture", "Enveloppe", "Initiative privée"):
        assert word in page.text
    assert data.whole_row["referential"] in page.text


def test_sources_and_what_is_synthetic(data):
    real = Origin(
        layer="communes",
        title="Communes",
        source="IGN <2025>",
        licence="Licence Ouverte 2.0",
        vintage="2025",
    )
    page = Read(map_html(replace(data, origins=(*data.origins, real))))
    assert "IGN <2025>" in page.text
    assert "Licence Ouverte 2.0" in page.text
    banner = page.text[page.text.index("Sont fabriqués") :].split("\n")[0]
    assert "locaux" in banner
    assert "secteurs" in banner
    assert "communes" not in banner


def test_english_on_request(plan):
    text = map_html(MapData.from_plan(plan, lang="en"), lang="en")
    page = Read(text)
    assert ("html", "lang", "en") in page.attributes
    assert "31 December 2017" in page.text
    assert page.payload["texts"]["premises"] == "Premises"
    assert "Participation" not in page.text


def test_numbers_are_written_as_the_language_does(data):
    coverage = data.coverage.copy()
    region = coverage["level"] == "region"
    coverage.loc[region, "premises_count"] = 1_949_859
    shown = replaced(data, coverage=coverage)
    assert f"1{THIN}949{THIN}859" in Read(map_html(shown)).text
    assert "1,949,859" in Read(map_html(shown, lang="en")).text


# ---- figures -----------------------------------------------------------------------------------------


def test_the_data_block_holds_the_plan(data, plan):
    payload = Read(map_html(data)).payload
    assert payload["sectors"]["code"] == sorted(data.sectors["sector_id"])
    rows = data.coverage_of(Level.COMMUNE)
    at = FIGURES.index("premises_count")
    assert [f[at] for f in payload["communes"]["figures"]] == [
        rows[code]["premises_count"] for code in payload["communes"]["code"]
    ]
    programme = plan.programme.table.set_index("sector_id")
    classes = payload["themes"][0]["classes"]
    assert [classes[k]["key"] for k in payload["themes"][0]["sector"]] == [
        programme.loc[key, "phase"] for key in payload["sectors"]["code"]
    ]
    assert payload["sectors"]["cost"] == plan.costs.sort_values("sector_id")["cost_cents"].tolist()
    net = [
        row[2] for table in ("sectors", "zones") for rows in payload[table]["owed"] for row in rows
    ]
    assert sum(net) == plan.contributions["net_cents"].sum() > 0
    labels = payload["topology"]["labels"]
    assert set(labels["commune"]) == set(range(len(data.communes)))
    assert set(labels["sector"]) == set(range(len(data.sectors)))


def test_the_table_equals_the_plan_to_the_cent(data, plan):
    *rows, total = epci_rows(data)
    by_code = {row["code"]: row for row in rows}
    balances = plan.balances.set_index("epci_siren")
    measured = data.coverage_of(Level.EPCI)
    assert set(by_code) == set(data.epci["siren"])
    for code, row in by_code.items():
        assert row["net_cents"] == balances.loc[code, "net_cents"]
        assert row["used"] == balances.loc[code, "used"]
        assert row["premises_count"] == measured[code]["premises_count"]
    assert total["net_cents"] == plan.contributions["net_cents"].sum()
    assert total["premises_count"] == data.whole_row["premises_count"] == 40
    for phase in ("phase_1_count", "phase_2_count", "phase_3_count"):
        assert total[phase] == data.whole_row[phase]

    page = Read(map_html(data))
    cells = next(row for row in page.cells if row and row[0][1] == "Total de la région")
    written = [
        int(cell[0]["data-value"]) for cell in cells if cell[0].get("data-value", "").isdigit()
    ]
    assert total["premises_count"] in written
    assert total["net_cents"] in written


def test_absent_is_a_dash_and_makes_the_total_unknown(data):
    coverage = data.coverage.copy()
    first = (coverage["level"] == "epci") & (coverage["code"] == data.epci["siren"][0])
    coverage.loc[first, ["serviceable_count", "coverage_rate"]] = None
    unknown = replaced(data, coverage=coverage)
    total = epci_rows(unknown)[-1]
    assert total["serviceable_count"] is None
    assert total["coverage_rate"] is None
    assert total["premises_count"] == 40
    page = Read(map_html(unknown))
    cells = next(row for row in page.cells if row and row[0][1] == "Total de la région")
    assert "—" in {cell[1] for cell in cells}


def test_communes_without_an_epci_have_their_own_row(data):
    communes = data.communes.copy()
    communes.loc[0, "epci_siren"] = None
    *rows, _ = epci_rows(replaced(data, communes=communes))
    lone = [row for row in rows if row["kind"] == "without"]
    assert [row["code"] for row in lone] == [communes.loc[0, "departement"]]
    insee = communes.loc[0, "insee"]
    assert lone[0]["premises_count"] == data.coverage_of(Level.COMMUNE)[insee]["premises_count"]


def test_a_map_of_coverage_alone(data):
    only = MapData.from_tables(
        name="couverture", title="Couverture", reference_date=data.reference_date,
        region=data.region, departements=data.departements, epci=data.epci,
        communes=data.communes, coverage=data.coverage,
    )  # fmt: skip
    page = Read(map_html(only))
    assert [theme["key"] for theme in page.payload["themes"]] == ["coverage"]
    assert "sector" not in page.payload["topology"]["labels"]
    assert "Enveloppe" not in [cell[1] for cell in page.cells[0]]
    assert "ne suivent pas" not in page.text.split("Définitions")[0]


def test_a_map_without_any_measure(data):
    only = MapData.from_tables(
        name="vide", title="Vide", reference_date=dt.date(2001, 1, 1), region=data.region,
        departements=data.departements, epci=data.epci, communes=data.communes,
        coverage=data.coverage,
    )  # fmt: skip
    assert only.coverage.empty  # another day's rows are not shown as this day's
    page = Read(map_html(only))
    assert "Aucune mesure de couverture à cette date." in page.text
    assert page.payload["communes"]["figures"] == [None] * len(data.communes)


def test_tables_are_checked(data):
    with pytest.raises(ContractError):
        replaced(data, communes=data.communes.assign(insee="1"))
    with pytest.raises(LookupError, match="region"):
        MapData.from_tables(name="x", title="x", reference_date=dt.date(2018, 1, 1))
    with pytest.raises(LookupError, match="premises"):
        replaced(data, premises=pd.DataFrame())


def test_absent_cells():
    assert [absent(v) for v in (None, pd.NA, pd.NaT, float("nan"), np.int64(3), "", 0)] == [
        None, None, None, None, 3, "", 0,
    ]  # fmt: skip


# ---- the shell ---------------------------------------------------------------------------------------


def page_with(child):
    page = Page({})
    page.header.add_child(child)
    return page


@pytest.mark.parametrize("link", [JavascriptLink, CssLink])
def test_an_unknown_link_fails_the_build(link):
    with pytest.raises(UnknownAssetError, match=r"https://cdn\.example/jquery\.js is not vendored"):
        page_with(link("https://cdn.example/jquery.js")).render()


def test_what_is_no_style_and_no_script_fails_the_build():
    with pytest.raises(UnknownAssetError, match="in the head"):
        page_with(Element('<link rel="icon" href="x.png">')).render()


def test_folium_would_ask_for_more_than_we_vendor(data):
    """A plain Folium map in our figure is refused: its links are not all known."""
    page = Page({})
    page.add_child(folium.Map(tiles=None))
    with pytest.raises(UnknownAssetError):
        page.render()


def test_our_map_asks_for_leaflet_only():
    page = Page({})
    page.add_child(region_map(south_west=(47.0, -5.0), north_east=(49.0, -1.0)))
    for child in page._children.values():
        child.render()
    head = page.header.collect()
    assert [text.splitlines()[1].strip() for text in head.scripts if "Leaflet" in text[:200]] == [
        "* Leaflet 1.9.4, a JS library for interactive maps. https://leafletjs.com"
    ]
    assert any(".leaflet-pane" in text for text in head.styles)


def test_folium_itself_is_left_as_it_was():
    before = list(folium.Map.default_js)
    region_map(south_west=(47.0, -5.0), north_east=(49.0, -1.0))
    assert folium.Map.default_js == before


def test_vendored_files_are_those_of_the_manifest():
    folder = ROOT / "planner" / "export" / "assets"
    for asset in assets().values():
        raw = (folder / asset.file).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == asset.sha256
        assert asset.licence
        assert (folder / asset.licence_file).read_text(encoding="utf-8")
    ours = {p.name for p in folder.iterdir()} - set(assets()) - {"assets.toml"}
    assert {n for n in ours if not n.startswith(OURS) and not n.endswith(".LICENSE")} == set()
    assert OfflineHead().collect().scripts == []


def test_our_scripts_never_write_markup():
    for name in sorted(p.name for p in ASSETS.glob("*.js") if p.name.startswith(OURS)):
        text = read_asset(name)
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "fetch(",
            "XMLHttp",
            "http:",
            "https:",
        ):
            found = text.replace("http://www.w3.org/2000/svg", "").count(word)
            assert found == 0, (name, word)


def test_every_text_of_the_page_is_used_and_exists():
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("map", "map/templates", "assets")
        for path in sorted((ROOT / "planner" / "export" / folder).iterdir())
        if path.suffix in {".py", ".jinja", ".js"}
        # the bulletin and the form have their own texts
        and not path.name.startswith(("leaflet", "bulletin", "axe3-"))
    ) + "".join(
        (ROOT / "planner" / "export" / name).read_text(encoding="utf-8")
        for name in ("style.py", "palettes.py")
    )
    keys = {key.removeprefix("map.") for key in catalogue() if key.startswith("map.")}
    said = set(re.findall(r"this\.say\('(\w+)'", code)) | set(re.findall(r"texts\.(\w+)", code))
    assert {f"ui_{key}" for key in said} <= keys
    assert set(re.findall(r'say\("(\w+)"', code)) <= keys
    built = ("short_", "status_", "def_", "class_", "theme_", "line_", "source_", "col_")
    unused = {
        key for key in keys
        if not re.search(rf"\b{re.escape(key.removeprefix('ui_'))}\b", code) and not key.startswith(built)
    }  # fmt: skip
    assert unused == set()


def test_the_fixture_is_in_the_working_crs(data):
    assert data.communes.crs == WORKING_CRS
