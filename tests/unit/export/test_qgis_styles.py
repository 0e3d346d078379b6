"""Styles, forms and joined tables, read as XML; real QGIS reads them in test_qgis_package."""

import datetime as dt
import json
import xml.etree.ElementTree as ET

import pytest
import shapely

from planner import make_plan, read_scenario
from planner.export.layout import Edition
from planner.export.qgis import layer_styles, package_tables
from planner.export.qgis.layouts import Sheet, layouts
from planner.export.style import COVERAGE_THEME, PHASE_THEME
from planner.export.themes import COST_CLASSES, STATE_CLASSES, year_classes
from planner.schemas import CONTRACTS
from planner.toy import toy_territory
from planner.vocab import Term, Wish

ON = dt.date(2017, 12, 31)


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), read_scenario())


@pytest.fixture(scope="module")
def tables(plan):
    """The tables of a package, with every column of their contracts, the optional too."""
    return {
        name: table.assign(
            **{c.name: None for c in CONTRACTS[name].columns if c.optional and c.name not in table}
        ) if name in CONTRACTS else table
        for name, table in package_tables(plan).items()
    }  # fmt: skip


@pytest.fixture(scope="module")
def styles(tables, plan):
    return layer_styles(tables, origins=plan.territory.origins)


def root(style):
    return ET.fromstring(style.qml.partition("\n")[2])


def fills(document):
    """The colours of the filled areas of a style, as #rrggbb."""
    found = set()
    for layer in document.iter("layer"):
        if layer.get("class") == "SimpleFill":
            for entry in layer.iter("Option"):
                if entry.get("name") == "color":
                    red, green, blue, _ = (int(part) for part in entry.get("value").split(","))
                    found.add(f"#{red:02x}{green:02x}{blue:02x}")
    return found


def test_every_table_has_a_style_and_every_column_of_a_contract_an_alias(tables, styles):
    assert set(styles) == set(tables)
    for name, several in styles.items():
        for style in several:
            aliases = {a.get("field"): a.get("name") for a in root(style).iter("alias")}
            drawn_apart = {"x_m", "y_m"} if name == "premises" else set()
            assert set(CONTRACTS[name].column_names) - drawn_apart <= set(aliases), name
            words = [alias for field, alias in aliases.items() if field != "fid"]
            assert all(words), name
            assert len(set(words)) == len(words), name


def test_joined_columns_speak_of_the_place_they_are_joined_to(styles):
    aliases = {a.get("field"): a.get("name") for a in root(styles["communes"][0]).iter("alias")}
    assert aliases["coverage_rate"] == "Taux de couverture"
    assert aliases["premises_count"] == "Locaux"
    assert {a.get("field"): a.get("name") for a in root(styles["zones"][0]).iter("alias")}[
        "epci_siren"
    ] == "EPCI principal"


def test_colours_are_those_of_the_map(styles):
    phase = {e.key: e.swatch.fill for e in PHASE_THEME.classes}
    assert fills(root(styles["programme"][0])) == {phase["1"], phase["2"], phase["3"]}
    assert fills(root(styles["communes"][0])) == {e.swatch.fill for e in COVERAGE_THEME.classes}


def test_a_rate_on_a_bound_is_in_the_class_above_it(styles):
    rules = [(r.get("filter"), r.get("label")) for r in root(styles["communes"][0]).iter("rule")]
    assert rules[:2] == [
        ('"coverage_rate" >= 0.75', "75\u202f% et plus"),
        ('"coverage_rate" >= 0.5 AND "coverage_rate" < 0.75', "50 à 75\u202f%"),
    ]
    assert ('"coverage_rate" > 0.0 AND "coverage_rate" < 0.25', "moins de 25\u202f%") in rules
    assert ('"coverage_rate" = 0', "aucun local raccordable") in rules
    assert rules[-1] == ("ELSE", "taux inconnu")


def test_cost_classes_follow_each_other_without_a_hole(styles):
    style = next(s for s in styles["programme"] if s.name == "Coût à la ligne")
    bounds = [(float(r.get("lower")), float(r.get("upper"))) for r in root(style).iter("range")]
    assert bounds == [(300_000, 1e9), (200_000, 300_000), (100_000, 200_000), (0, 100_000)]
    assert len(bounds) == len(COST_CLASSES)


def test_lists_hold_every_code_in_french(styles, tables):
    config = {
        field.get("name"): field.find("editWidget")
        for field in root(styles["ballots"][0]).iter("field")
        if field.find("editWidget") is not None
    }
    pairs = {
        option.get("name"): option.get("value")
        for option in config["wish"].iter("Option")
        if option.get("type") == "QString"
    }
    assert pairs.items() >= {"Classé": "ranked", "Exigé": "required", "Refusé": "refused"}.items()
    assert set(pairs.values()) >= set(Wish)
    for name in tables:
        for column in CONTRACTS[name].columns:
            assert column.terms is None or issubclass(column.terms, Term)


def test_only_what_a_person_decides_can_be_edited(styles):
    assert root(styles["communes"][0]).get("readOnly") == "1"
    sectors = root(styles["sectors"][0])
    assert sectors.get("readOnly") == "0"
    editable = {f.get("name"): f.get("editable") for f in sectors.find("editable")}
    assert editable["nom"] == editable["zone_id"] == "1"
    assert {editable[n] for n in ("premises_count", "phase", "coverage_rate", "fid")} == {"0"}
    constraint = {c.get("field"): c for c in sectors.find("constraints")}
    assert constraint["sector_id"].get("constraints") == "3"  # not null, unique
    assert constraint["zone_id"].get("constraints") == "0"


def test_premises_are_drawn_from_1_to_50_000_only(styles):
    for style in styles["premises"]:
        document = root(style)
        assert document.get("hasScaleBasedVisibilityFlag") == "1"
        assert (document.get("minScale"), document.get("maxScale")) == ("50000", "0")
    labels = [r.get("label") for r in root(styles["premises"][0]).iter("rule") if r.get("label")]
    assert labels == [entry.label.say() for entry in STATE_CLASSES]


def test_sectors_pale_where_premises_are_drawn_over_them(styles):
    symbols = list(root(styles["programme"][0]).iter("symbol"))
    expressions = {
        option.get("value")
        for symbol in symbols
        if symbol.get("type") == "fill"
        for option in symbol.find("data_defined_properties").iter("Option")
        if option.get("name") == "expression"
    }
    assert expressions == {"if(@map_scale <= 50000, 30, 100)"}


def test_styles_speak_english_when_asked(plan):
    tables = package_tables(plan, lang="en")
    styles = layer_styles(tables, lang="en")
    assert [style.name for style in styles["epci"]][:2] == ["Borders", "Votes of the EPCI"]
    aliases = {a.get("field"): a.get("name") for a in root(styles["programme"][0]).iter("alias")}
    assert aliases["reason"] == "Reason"


def test_the_programme_draws_alone_and_says_what_it_is_joined_to(tables, plan):
    programme = tables["programme"].set_index("sector_id")
    sectors = tables["sectors"].set_index("sector_id")
    assert programme.geometry.geom_equals(sectors.geometry.reindex(programme.index)).all()
    costs = plan.costs.set_index("sector_id")["cost_cents"].reindex(programme.index)
    assert (programme["cost_cents"] == costs).all()
    # what was decided is as it was
    expected = plan.programme.table.set_index("sector_id")["phase"].reindex(programme.index)
    assert (programme["phase"].astype(str) == expected.astype(str)).all()


def test_epci_bear_their_vote_and_their_coverage(tables, plan):
    epci = tables["epci"].set_index("siren")
    assert epci["deliberation"].to_dict() == {
        "200000001": "voted", "200000002": "voted", "200000003": "voted", "200000004": "pending",
    }  # fmt: skip
    # the ville moyenne's western sector, 4 of the 10 premises of its commune, is open
    assert epci.loc["200000001", "coverage_rate"] == pytest.approx(0.4)
    assert tables["zones"].set_index("zone_id")["epci_siren"].to_dict() == {
        "T1-VM-22001": "200000001"
    }


def test_inputs_are_left_as_they_are(plan):
    before = json.dumps({n: list(f.columns) for n, f in plan.tables().items()})
    package_tables(plan)
    assert json.dumps({n: list(f.columns) for n, f in plan.tables().items()}) == before


def test_one_year_is_one_class():
    assert [entry.key for entry in year_classes([2019])] == ["2019"]
    assert year_classes([]) == ()


def sheet(ground, **more):
    facts = {
        "edition": Edition(title="Titre [% 6 * 7 %]", scenario="s", territory="T", on=ON),
        "bounds": (0.0, 0.0, 160_000.0, 100_000.0), "layers": {}, "synthetic": True,
        "ground": ground, "sources": ("IGN ; INSEE", "INSEE", ""), "lang": "fr",
    }  # fmt: skip
    return layouts(Sheet(**{**facts, **more}))


def item(document, part):
    return next(one for one in document.iter("LayoutItem") if one.get("id") == part)


def test_the_legend_goes_over_the_map_only_where_there_is_no_land():
    everywhere = shapely.box(0, 0, 160_000, 100_000)
    northern = shapely.box(0, 60_000, 160_000, 100_000)
    assert item(sheet(everywhere), "map").get("size").split(",")[0] == "306"
    assert item(sheet(northern), "map").get("size").split(",")[0] == "400"
    legend_x = [
        float(item(sheet(ground), "legend").get("position").split(",")[0])
        for ground in (everywhere, northern)
    ]
    assert legend_x == [326, 15]


def test_a_title_is_no_expression_and_sources_are_said_once():
    document = sheet(shapely.box(0, 0, 1, 1))
    assert item(document, "title").get("labelText") == "Titre [ % 6 * 7 %]"
    assert "IGN ; INSEE." in item(document, "sources").get("labelText")
    assert "synthétiques" in item(document, "synthetic").get("labelText")
    plain = sheet(shapely.box(0, 0, 1, 1), synthetic=False)
    assert all(one.get("id") != "synthetic" for one in plain.iter("LayoutItem"))


def test_the_layers_of_the_follow_up_have_the_classes_of_the_map():
    from planner.export.follow_palettes import FOLLOW_THEMES
    from planner.export.qgis.layers import facts_of
    from planner.export.qgis.looks import looks_of

    frame = CONTRACTS["sector_follow_up"].empty()
    facts = facts_of("sector_follow_up", frame)
    looks = looks_of(facts, frame)
    assert [look.key for look in looks] == [theme.key for theme in FOLLOW_THEMES]
    for look, theme in zip(looks, FOLLOW_THEMES, strict=True):
        rules = look.renderer.findall("rules/rule")
        assert [rule.get("label") for rule in rules] == [
            entry.label.say("fr") for entry in theme.classes if entry.key != "private"
        ]
        assert rules[-1].get("filter") == "ELSE"  # the unknown is a class, not a hole
