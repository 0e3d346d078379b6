"""Anomalies as files: a layer to click in, a CSV, a page that reads without a request."""

import base64
import csv
import datetime as dt
import hashlib
import os
import re
from html.parser import HTMLParser

import numpy as np
import pyogrio
import pytest

from planner.export.anomalies import write_anomalies
from planner.export.layout import Edition
from planner.quality import Anomalies, QualityRules, check_quality
from planner.toy import toy_territory

ON = dt.date(2016, 1, 1)
BITE = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
EDITION = Edition(title=BITE, scenario="essai", territory="Armor", on=ON)


@pytest.fixture(scope="module")
def territory():
    """Thirty premises of a wrong commune, one of an unknown place, names that bite."""
    toy = toy_territory()
    premises = toy.premises.assign(insee="22001")
    premises.loc[0, "x_m"] = np.nan
    return toy.with_tables(premises=premises, communes=toy.communes.assign(nom=BITE))


@pytest.fixture(scope="module")
def anomalies(territory):
    return check_quality(territory, on=ON)


@pytest.fixture
def written(territory, anomalies, tmp_path):
    def write(found=anomalies, lang="fr"):
        return write_anomalies(
            tmp_path / "é", found, edition=EDITION, origins=territory.origins,
            outline=territory.region, lang=lang,
        )  # fmt: skip

    return write


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


def test_the_layers_read_back_are_the_tables(written, anomalies):
    package, _, _ = written()
    points = pyogrio.read_dataframe(package, layer="anomalies")
    table = anomalies.table()
    assert points["anomaly_id"].tolist() == table["anomaly_id"].tolist()
    assert points["message"].tolist() == table["message"].tolist()
    placed = table["x_m"].notna().to_numpy()
    assert (
        points.geometry.isna().sum() == (~placed).sum() == 2
    )  # no position, and its sector's commune
    assert np.array_equal(points.geometry[placed].x, table["x_m"][placed])
    assert points.crs.to_epsg() == 2154
    lines = pyogrio.read_dataframe(package, layer="anomaly_lines")
    assert len(lines) == anomalies.count("premises.out_of_commune") == 30
    assert len(pyogrio.read_dataframe(package, layer="anomaly_areas")) == 0


def test_the_csv_has_every_row(written, anomalies):
    _, listing, _ = written()
    with listing.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["anomaly_id"] for row in rows] == anomalies.table()["anomaly_id"].tolist()
    assert any(BITE in row["message"] for row in rows)


def test_the_page_asks_for_nothing_and_shows_names_as_they_are(written):
    *_, page = written()
    text = page.read_text(encoding="utf-8")
    seen = Page(text)
    assert seen.tags.count("h1") == 1
    assert ("lang", "fr") in seen.attributes
    assert not {"script", "img", "link", "iframe", "object"} & set(seen.tags)
    assert all(value.startswith("#") for name, value in seen.attributes if name in {"href", "src"})
    assert "default-src 'none'" in text
    assert BITE in "".join(seen.words)
    assert "49" not in "".join(w for w in seen.words if "{#" in w)
    assert "synthétiques" in text
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = hashlib.sha256(style.encode()).digest()
    assert base64.b64encode(digest).decode() in text
    assert text.count("<table>") == text.count('tabindex="0"')  # each in a scroller


def test_the_page_counts_what_it_leaves_out(territory, written, monkeypatch):
    monkeypatch.setattr("planner.export.anomalies._SHOWN_ROWS", 5)
    found = check_quality(territory, rules=QualityRules(listed_count=20))
    *_, page = written(found)
    text = page.read_text(encoding="utf-8")
    assert "5 lignes montrées sur 30 ; 20 sont dans anomalies.csv" in text
    english = written(found, lang="en")[2].read_text(encoding="utf-8")
    assert "5 rows shown of 30; 20 are in anomalies.csv" in english


def test_no_anomaly_is_a_page_that_says_so(written):
    package, listing, page = written(Anomalies())
    assert "Aucune anomalie" in page.read_text(encoding="utf-8")
    assert len(listing.read_text(encoding="utf-8").splitlines()) == 1
    assert len(pyogrio.read_dataframe(package, layer="anomalies")) == 0


def test_twice_the_same_bytes_and_other_files_left_alone(written, tmp_path):
    first = [file.read_bytes() for file in written()]
    (tmp_path / "é" / "mine.txt").write_text("mine", encoding="utf-8")
    assert [file.read_bytes() for file in written()] == first
    assert sorted(os.listdir(tmp_path / "é")) == [
        "anomalies.csv", "anomalies.gpkg", "anomalies.html", "mine.txt",
    ]  # fmt: skip
