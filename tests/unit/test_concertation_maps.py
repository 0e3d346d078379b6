"""Forms filled in on the map, badly: each is told with the person to ask, none is guessed."""

import shutil
import sqlite3
from contextlib import closing

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from planner.ballots import actor_shares, sectors_sha256
from planner.export.concertation import make_forms, write_forms
from planner.export.layout import Edition
from planner.io import read_concertation
from planner.scenario import Scenario
from planner.toy import toy_territory

TWO, WHO = "200000002", "Mme Martin, DGA"
WEST, EAST = "22002-01", "22002-02"
BOTH = {WEST: 1, EAST: 2}


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    calendar = pd.DataFrame(
        {
            "epci_siren": [TWO], "planned_on": pd.to_datetime([None]).astype("datetime64[s]"),
            "contact": [WHO], "source": "jouet", "synthetic": True,
        }
    )  # fmt: skip
    forms, _ = make_forms(toy_territory(), Scenario(), calendar=calendar, prefill=False, lang="fr")
    edition = Edition(title="T", scenario="s", territory="J", on=Scenario().reference_date)
    folder = tmp_path_factory.mktemp("forms") / "envoi"
    write_forms(folder, [f for f in forms if f.actor == TWO], edition=edition, lang="fr")
    file = folder / TWO / "secteurs.gpkg"
    with closing(sqlite3.connect(file)) as package, package:
        for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            package.create_function(function, 1, lambda _shape: 0)
        for key, rank in BOTH.items():
            package.execute(f"UPDATE wishes SET rank = {rank} WHERE sector_id = '{key}'")
    return file


@pytest.fixture
def answer(sent, tmp_path):
    """Send a form back with its layers changed; read what came."""
    toy = toy_territory()
    left = set(toy.sectors.loc[toy.sectors["zone_id"].isna(), "sector_id"])
    held = actor_shares(toy.sectors, toy.sector_shares)
    held = held[held["sector_id"].isin(left) & (held["actor"] == TWO)]

    def read(change=None, *, copies=()):
        back = tmp_path / "retour"
        back.mkdir()
        for name, ways in {"secteurs.gpkg": change, **dict(copies)}.items():
            shutil.copy(sent, back / name)
            if ways is not None:
                save(back / name, ways)
        return read_concertation(
            back,
            sectors_sha256=sectors_sha256(toy.sectors, toy.sector_shares),
            names={TWO: "CC Toy-Nord-Est"}, sectors_of={TWO: tuple(held["sector_id"])},
            shapes=dict(zip(toy.sectors["sector_id"], toy.sectors.geometry, strict=True)),
        )  # fmt: skip

    return read


def save(file, change):
    """Save every layer anew, as a GIS does, the styles left out."""
    layers = {
        name: gpd.read_file(file, layer=name)
        for name, _ in pyogrio.list_layers(file)
        if name != "layer_styles"
    }
    file.unlink()
    for name, frame in (change(layers) or layers).items():
        pyogrio.write_dataframe(frame, file, layer=name, driver="GPKG")


def wishes(change):
    def changed(layers):
        layers["wishes"] = change(layers["wishes"])

    return changed


def renamed(old, new):
    def changed(layers):
        layers[new] = layers.pop(old)

    return changed


def lost(name):
    def changed(layers):
        layers.pop(name)

    return changed


def beside(name):
    def changed(layers):
        layers[name] = layers["wishes"].assign(rank=[2, 1])

    return changed


def ranks(intake):
    own = intake.ballots
    return dict(zip(own["sector_id"], own["rank"].astype(int), strict=True))


def shaped(frame, shapes, crs=2154):
    return frame.set_geometry(gpd.GeoSeries(shapes, crs=crs))


def smaller(frame):
    first, *others = frame.geometry
    return shaped(frame, [first.buffer(-300), *others])


HARMLESS = {
    "saved anew": wishes(lambda f: f),
    "in degrees": wishes(lambda f: f.to_crs(4326)),
    "without a CRS": wishes(lambda f: f.set_crs(None, allow_override=True)),
    "ranks as decimals": wishes(lambda f: f.assign(rank=[1.0, 2.0])),
    "ranks as text": wishes(lambda f: f.assign(rank=["1,0", "2"])),
    "ids with blanks": wishes(lambda f: f.assign(sector_id=[f" {WEST}", f"{EAST} "])),
    "more columns": wishes(lambda f: f.assign(remarque="vu", rang2=3)),
    "without shapes": wishes(lambda f: shaped(f, [None, None])),
    "points": wishes(lambda f: f.set_geometry(f.geometry.centroid)),
}
TOLD = {
    "layer renamed": (renamed("wishes", "Voeux"), "other_layers", {}, "Voeux"),
    "another layer too": (beside("wishes copie"), "other_layers", BOTH, "wishes copie"),
    "layer lost": (lost("wishes"), "missing_part", {}, "Vœux"),
    "other CRS": (
        wishes(lambda f: f.set_crs(3857, allow_override=True)), "other_crs", BOTH, "EPSG:3857",
    ),
    "moved": (
        wishes(lambda f: shaped(f, f.geometry.translate(500))), "redrawn", {}, f"{WEST}, {EAST}",
    ),
    "one redrawn": (wishes(smaller), "redrawn", {EAST: 2}, WEST),
    "shapes exchanged": (
        wishes(lambda f: shaped(f, list(f.geometry)[::-1])), "redrawn", {}, f"{WEST}, {EAST}",
    ),
    "merged": (wishes(lambda f: f.dissolve().reset_index()), "redrawn", {}, WEST),
    "feature cut in two": (wishes(lambda f: pd.concat([f, f[:1]])), "sector_twice", {EAST: 2}, WEST),
    "feature added": (
        wishes(lambda f: pd.concat([f, f[:1].assign(sector_id=None)])), "wish_without_sector",
        BOTH, "3",
    ),
    "feature taken out": (wishes(lambda f: f[:1]), "sectors_gone", {WEST: 1}, EAST),
    "every feature taken out": (wishes(lambda f: f[:0]), "sectors_gone", {}, f"{WEST}, {EAST}"),
    "ids as numbers": (
        wishes(lambda f: f.assign(sector_id=[2200201, 2200202])), "sectors_gone", None, WEST,
    ),
    "half a rank": (wishes(lambda f: f.assign(rank=[1.5, 2])), "bad_rank", {EAST: 2}, "1.5"),
    "column renamed": (
        wishes(lambda f: f.rename(columns={"rank": "Rang"})), "missing_part", {}, "Rang",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("case", HARMLESS)
def test_what_changes_nothing_is_read_as_it_was_meant(answer, case):
    intake = answer(HARMLESS[case])
    assert ranks(intake) == BOTH
    assert [f.rule for f in intake.findings] == []
    assert intake.rejected_rows.empty


@pytest.mark.parametrize("case", TOLD)
def test_what_can_not_be_told_is_not_guessed_and_names_whom_to_ask(answer, case):
    change, rule, kept, what = TOLD[case]
    intake = answer(change)
    found = {f.rule.removeprefix("forms."): f for f in intake.findings}
    assert what in found[rule].message.say("fr")
    assert WHO in found[rule].remedy.say("fr")
    assert WHO in found[rule].remedy.say("en")
    if kept is not None:
        assert ranks(intake) == kept
    else:  # sectors that nobody knows: counted nowhere, told when ballots are counted
        assert not set(ranks(intake)) & set(BOTH)
    if rule in {"missing_part", "other_layers"}:
        assert "blank" not in found  # it isn't empty: its answers are elsewhere


def test_two_copies_that_differ_are_both_set_aside(answer):
    intake = answer(copies={"secteurs (1).gpkg": wishes(lambda f: f.assign(rank=[2, 1]))}.items())
    assert ranks(intake) == {}
    (found,) = (f for f in intake.findings if f.rule == "forms.two_answers")
    assert "secteurs (1).gpkg, secteurs.gpkg" in found.message.say("fr")
    assert WHO in found.remedy.say("fr")


def test_two_copies_that_agree_are_one(answer):
    assert ranks(answer(copies={"copie.gpkg": wishes(lambda f: f[::-1])}.items())) == BOTH


@pytest.mark.parametrize("content", [b"", b"bonjour", b"SQLite format 3\x00 and no more"])
def test_a_file_that_is_no_geopackage_is_told_without_a_path_of_the_machine(
    answer, sent, tmp_path, content
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "copy", lambda _, to: to.write_bytes(content))
        intake = answer()
    (found,) = (f for f in intake.findings if f.rule == "forms.unreadable")
    assert str(tmp_path) not in found.message.say("fr") + found.remedy.say("fr")
