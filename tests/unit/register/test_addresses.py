"""Addresses against a file in BAN's format: found with a score, or asked for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.axe3 import assess_on_plan
from planner.errors import DataFileError
from planner.io.register_addresses import read_addresses
from planner.io.register_intake import read_requests, request_id_of, siret_holds
from planner.io.register_rules import read_register_rules
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

RULES = read_register_rules()
# (numero, rep, nom_voie, postcode, insee, commune, nom_ld, x, y)
ROWS = [
    ("12", "bis", "Rue des Lilas", "22000", "22001", "Toy", "", 302_000.5, 6_802_000.5),
    ("12", "", "Rue des Lilas", "22000", "22001", "Toy", "", 302_010, 6_802_000),
    ("14", "", "Rue des Lilas", "22000", "22001", "Toy", "", 302_030, 6_802_000),
    ("3", "", "Rue de l’Église", "22000", "22001", "Toy", "", 301_000, 6_801_000),
    ("3", "", "Rue de l'Eglise", "22000", "22002", "Saint-Toy", "", 306_000, 6_801_000),
    ("5", "", "Avenue du Général de Gaulle", "22000", "22001", "Toy", "", 301_500, 6_801_500),
    ("7", "", "Rue Double", "22000", "22001", "Toy", "", 301_000, 6_803_000),
    ("7", "", "Rue Double", "22000", "22001", "Toy", "", 303_000, 6_803_000),
    ("5001", "", "Kerbihan", "22000", "22001", "Toy", "Ker Bihan Uhel", 304_000, 6_804_000),
    ("5002", "", "Kerbihan", "22000", "22001", "Toy", "", 304_020, 6_804_000),
    ("0001", "B", "Impasse Saint-Yves", "22010", "22002", "Saint-Toy", "", 307_000, 6_803_000),
]
NEW = [
    "id", "id_fantoir", "numero", "rep", "nom_voie", "code_postal", "code_insee", "nom_commune",
    "code_insee_ancienne_commune", "nom_ancienne_commune", "x", "y", "lon", "lat", "type_position",
    "alias", "nom_ld", "libelle_acheminement", "nom_afnor", "source_position", "source_nom_voie",
    "certification_commune", "cad_parcelles",
]  # fmt: skip
OLD = [
    "id", "nom_voie", "id_fantoir", "numero", "rep", "code_insee", "code_post", "alias", "nom_ld",
    "nom_afnor", "libelle_acheminement", "x", "y", "lon", "lat", "nom_commune",
]  # fmt: skip


def written(path, columns, rows=ROWS):
    lines = [";".join(columns)]
    for i, (number, repeat, street, post, insee, commune, hamlet, x, y) in enumerate(rows):
        row = {
            "id": str(i), "numero": number, "rep": repeat, "nom_voie": street, "code_postal": post,
            "code_post": post, "code_insee": insee, "nom_commune": commune, "nom_ld": hamlet,
            "x": str(x), "y": str(y),
        }  # fmt: skip
        lines.append(";".join(row.get(name, "") for name in columns))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["23 columns", "16 columns"])
def book(request, tmp_path_factory):
    columns = NEW if request.param == "23 columns" else OLD
    return read_addresses(written(tmp_path_factory.mktemp("ban") / "ban.csv", columns))


@pytest.mark.parametrize(
    ("address", "insee", "source", "place", "score"),
    [
        ("12 bis, rue des Lilas", "22001", "address", (302_000.5, 6_802_000.5), 1.0),
        ("12B rue des lilas 22000 TOY", None, "address", (302_000.5, 6_802_000.5), 1.0),
        ("12 rue des Lilas, Toy", None, "address", (302_010.0, 6_802_000.0), 1.0),
        ("12 rue des Lilas, Toy-la-Neuve", "22001", "address", (302_010.0, 6_802_000.0), 1.0),
        ("12, rue des Lilas", "22001", "address", (302_010.0, 6_802_000.0), 1.0),
        ("12 r des Lilas", "22001", "address", (302_010.0, 6_802_000.0), 1.0),
        ("12 rue des Lylas", "22001", "address", (302_010.0, 6_802_000.0), 0.9385),
        ("5 av. du gal de Gaulle", "22001", "address", (301_500.0, 6_801_500.0), 1.0),
        ("1b imp St-Yves, 22010 Saint-Toy", None, "address", (307_000.0, 6_803_000.0), 1.0),
        ("Kerbihan", "22001", "address", (304_000.0, 6_804_000.0), 1.0),
        ("3 rue de l'église", "22002", "address", (306_000.0, 6_801_000.0), 1.0),
        # the same postcode for two communes, the same street in both
        ("3 rue de l'église 22000", None, "ambiguous", None, 1.0),
        ("7 rue Double", "22001", "ambiguous", None, 1.0),
        # a number that isn't there is not taken for its neighbour
        ("13 rue des Lilas", "22001", "not_found", None, 0.8),
        ("12 ter rue des Lilas", "22001", "not_found", None, 0.9),
        ("rue des Lilas", "22001", "address", (302_010.0, 6_802_000.0), 1.0),
        ("12 rue des Chênes", "22001", "not_found", None, None),
        ("12 rue des Lilas", "22999", "not_found", None, 0.0),
        ("12 rue des Lilas", None, "not_found", None, 0.0),
        ("", "22001", "not_found", None, 0.0),
        ("22000", None, "not_found", None, 0.0),
    ],
)
def test_an_address_is_found_with_its_score_or_asked_for(
    book, address, insee, source, place, score
):
    got = book.find(address, insee=insee, rules=RULES)
    assert (got.source.value, got.place) == (source, place)
    if score is not None:
        assert got.score == pytest.approx(score, abs=1e-4)
    if source == "ambiguous":
        assert len(got.known) >= 1


@given(st.text(max_size=60), st.sampled_from([None, "22001", "22002"]))
def test_whatever_is_typed_is_answered(text, insee):
    book = BOOK[0]
    got = book.find(text, insee=insee, rules=RULES)
    assert 0 <= got.score <= 1
    assert (got.place is not None) == (got.source.value == "address")


BOOK = []


@pytest.fixture(autouse=True, scope="module")
def _one_book(tmp_path_factory):
    BOOK.append(read_addresses(written(tmp_path_factory.mktemp("ban") / "ban.csv", NEW)))


def test_row_order_of_the_file_never_matters(tmp_path):
    one = read_addresses(written(tmp_path / "a.csv", NEW))
    two = read_addresses(written(tmp_path / "b.csv", NEW, ROWS[::-1]))
    for address in ("12 rue des Lilas", "Kerbihan", "7 rue Double", "rue des Lilas"):
        assert one.find(address, insee="22001", rules=RULES) == two.find(
            address, insee="22001", rules=RULES
        )


def test_degrees_serve_where_metres_are_missing(tmp_path):
    text = "numero;rep;nom_voie;code_insee;x;y;lon;lat\n1;;Rue A;22001;;;-2.76;48.51\n"
    (tmp_path / "ban.csv").write_text(text, encoding="utf-8")
    got = read_addresses(tmp_path / "ban.csv").find("1 rue A", insee="22001", rules=RULES)
    assert got.place == pytest.approx((275_000, 6_838_000), abs=5_000)
    (tmp_path / "bad.csv").write_text("numero;rep;nom_voie;code_insee\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="x, y"):
        read_addresses(tmp_path / "bad.csv")


def test_the_assessment_says_the_score_and_what_to_ask(tmp_path):
    # commune 22001 lies further north; 22002 is not where these rows say it is
    north = [(*row[:-1], row[-1] + 4_000 * (row[4] == "22001")) for row in ROWS]
    book = read_addresses(written(tmp_path / "ban.csv", NEW, north))
    rows = (
        "reference;kind;address;insee;supply_evidence;supply_on;supply_mbps\n"
        "A;business;12 rue des Lylas;22001;quote;2017-11-02;4\n"
        "B;business;7 rue Double;22001;quote;2017-11-02;4\n"
        "C;business;13 rue des Lilas;22001;quote;2017-11-02;4\n"
        "D;business;;22001;quote;2017-11-02;4\n"
        "E;business;3 rue de l'église;22002;quote;2017-11-02;4\n"
    )
    (tmp_path / "d.csv").write_text(rows, encoding="utf-8")
    read = read_requests(tmp_path / "d.csv", addresses=book, rules=RULES)
    assert sorted(read.requests["place_source"].dropna()) == [
        "address",
        "address",
        "ambiguous",
        "not_found",
    ]
    got = assess_on_plan(
        make_plan(toy_territory(), Scenario()), read.requests, rules=RULES, contacts=read.contacts
    )
    place = got.reasons[got.reasons["rule"] == "place"].set_index("request_id")
    said = {s: place.loc[request_id_of(r)] for s, r in
            zip(("address", "ambiguous", "not_found", "none", "elsewhere"), "ABCDE", strict=True)}  # fmt: skip
    assert "score 0,94" in said["address"]["reason"]
    assert "plusieurs lieux" in said["ambiguous"]["reason"]
    assert "13" not in said["not_found"]["reason"]  # reasons hold no address
    assert "score 0,80" in said["not_found"]["reason"]
    assert "pas dans la commune 22002" in said["elsewhere"]["reason"]
    for name in ("ambiguous", "not_found", "none", "elsewhere"):
        assert said[name]["eligibility"] == "undecided"
        assert isinstance(said[name]["ask"], str)
    known = dict(zip(read.requests["place_source"], read.contacts["known_addresses"], strict=True))
    assert known["not_found"].startswith("12 Rue des Lilas (0.80)")


@pytest.mark.parametrize(
    ("digits", "holds"),
    [
        ("73282932000074", True), ("73282932000047", False), ("7328293200007", False),
        ("35600000000048", True),  # La Poste, by Luhn
        ("35600000049837", True),  # La Poste, by the sum of its digits
        ("35600000049838", False), ("٧٣٢٨٢٩٣٢٠٠٠٠٧٤", False), ("", False),
    ],
)  # fmt: skip
def test_a_siret_has_a_checksum(digits, holds):
    assert siret_holds(digits) is holds


FORM = {
    "format": "fibre-planner/axe3-request", "edition": 1, "reference": "AXE3-1", "kind": "business",
    "received_on": "2019-01-02", "address": "12 rue des Lilas", "insee": "22001", "lon": None,
    "lat": None, "organisation": "Zyxwvut SARL", "siret": "732 829 320 00074",
    "supply_evidence": "quote", "supply_on": "2018-11-02", "supply_mbps": 8, "need_mbps": 100,
    "need": "visio", "contact": "A", "email": "a@b.fr", "phone": None, "consent": True,
    "consent_on": "2019-01-02", "place_source": "address",
}  # fmt: skip


def form_file(path, **changes):
    path.write_text(json.dumps(FORM | changes), encoding="utf-8")
    return path


def test_a_form_is_a_request(tmp_path):
    got = read_requests(form_file(tmp_path / "f.json"), addresses=BOOK[0])
    request, person = got.requests.iloc[0], got.contacts.iloc[0]
    assert (request["x_m"], request["place_source"]) == (302_010.0, "address")
    assert (request["need_mbps"], request["supply_mbps"]) == (100.0, 8.0)
    assert (person["siret"], str(person["consent_on"])[:10]) == ("73282932000074", "2019-01-02")
    pointed = form_file(tmp_path / "p.json", lon=-2.76, lat=48.51, place_source="map")
    got = read_requests(pointed, addresses=BOOK[0]).requests.iloc[0]
    assert got["place_source"] == "map"
    assert got["x_m"] == pytest.approx(275_000, abs=5_000)
    wrong = read_requests(form_file(tmp_path / "w.json", kind="planète"))
    assert wrong.rejected_rows["reason"].tolist() == ["unknown_term"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consent": False}, "accord"), ({"consent": "true"}, "accord"),
        ({"consent_on": ""}, "accord"), ({"format": "autre"}, "formulaire"),
        ({"edition": 2}, "édition"), ({"need": ["x"]}, "need"), ({"need": "x" * 5_000}, "need"),
        ({"reference": " "}, "reference"),
    ],
)  # fmt: skip
def test_a_form_without_consent_or_of_another_shape_is_refused(tmp_path, changes, words):
    with pytest.raises(DataFileError, match=words):
        read_requests(form_file(tmp_path / "f.json", **changes))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_form_is_refused(tmp_path, content):
    (tmp_path / "f.json").write_bytes(content)
    with pytest.raises(DataFileError, match="formulaire"):
        read_requests(tmp_path / "f.json")
    with pytest.raises(DataFileError, match="ne se lit pas"):
        read_requests(tmp_path / "none.json")
