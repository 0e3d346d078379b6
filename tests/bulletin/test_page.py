"""The bulletin in a real browser: it counts as the library does, and works for everyone."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from planner.bulletin import check_ballot, make_sheets, take_ballot
from planner.export.bulletin import bulletin_html, write_bulletins
from planner.export.map.topology import GRID_ZOOM, grid_xy
from planner.io.bulletin import read_bulletin

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "browser" / "axe.min.js"
NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
ONE = "200000001"
CASES = [
    {"unit": "lines", "ties": "refuse"},
    {"unit": "lines", "ties": "larger_first", "amount": 900, "credit": None},
    {"unit": "lines", "ties": "smaller_first", "amount": 450},
    {"unit": "eur", "ties": "sector_id", "amount": 250_000, "credit": 12_345_678},
    {"unit": "eur", "ties": "refuse", "amount": 300_000},
    {"unit": "lines", "ties": "refuse", "amount": None},
    {"unit": "lines", "ties": "larger_first", "amount": 900, "rule": "exact"},
]


def rows_of(wishes):
    return [{"sector_id": w.sector_id, "rank": w.rank, "stance": w.stance} for w in wishes]


def load(page, rows):
    page.evaluate("rows => { planner.page.wishes.load(rows); planner.page.changed(null); }", rows)


def saved(page, folder):
    """Save the ballot as a person does, and return the file."""
    with page.expect_download() as waiting:
        page.click("#sauver")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def click_on(page, sheet, territory, key):
    """Click the map in the middle of a sector."""
    shape = territory.sectors.set_index("sector_id").geometry[key].centroid
    x, y = grid_xy(np.array([shape.x]), np.array([shape.y]))[0]
    page.evaluate(
        "([x, y, z]) => { const m = planner.page.map; m.setView(m.unproject([x, y], z), 12, {animate: false}); }",
        [x, y, GRID_ZOOM],
    )
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("more", CASES, ids=lambda c: "-".join(map(str, c.values())))
def test_the_page_counts_as_the_library(open_page, wide, drawn, tmp_path, more):
    """To the line, the cent and each broken rule with its sentence, on random ballots."""
    territory, scenario, sheet = wide(**more)
    path = tmp_path / "bulletin.html"
    path.write_text(bulletin_html(sheet, territory, scenario), encoding="utf-8")
    page = open_page(path)
    broken = set()
    for seed in range(40):
        wishes = drawn(sheet, seed)
        load(page, rows_of(wishes))
        said = page.evaluate(
            "() => ({...planner.page.ballot().comes_to,"
            " words: planner.page.count.breaches.map(b => planner.page.sentence(b))})"
        )
        check = check_ballot(sheet, wishes)
        assert said == {
            "taken": list(check.taken), "lines": check.lines, "used": check.used, "left": check.left,
            "gross_cents": check.gross_cents, "credit_cents": check.credit_cents,
            "net_cents": check.net_cents,
            "broken": [{"rule": b.rule, "place": b.place, "excess": b.excess} for b in check.breaches],
            "words": [b.message.say() for b in check.breaches],
        }  # fmt: skip
        broken |= {b.rule for b in check.breaches}
    expected = {"contradiction", "envelope", "contiguity", "required"}
    if more.get("amount", 1) is None:
        expected -= {"contiguity"}  # nothing enters without an envelope
    assert expected <= broken
    if more["ties"] == "refuse" and more.get("amount", 1) is not None:
        assert "tie" in broken


def test_what_scrolls_is_reached_without_a_mouse_before_anything_is_chosen(open_page):
    page = open_page(width=1280, height=600)
    assert page.evaluate("(e => e.scrollHeight > e.clientHeight)(document.getElementById('cote'))")
    page.locator("#cote").focus()
    assert page.evaluate("document.activeElement.id") == "cote"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [v["id"] for v in found["violations"]] == []


def test_it_opens_alone_and_in_silence(open_page, file):
    page = open_page()
    page.fill("#chercher", "commune")
    page.click("#tableau .link >> nth=3")
    page.wait_for_timeout(300)
    assert page.asked == [file.as_uri()]
    assert page.said == []
    assert page.locator("h1").inner_text() == "CC n° 1"
    assert page.locator("canvas.planner-canvas").count() == 1
    assert page.locator(".picture").is_hidden()


def test_a_click_ranks_then_takes_out_and_the_envelope_follows(open_page, case):
    territory, _, sheet = case
    page = open_page()
    first, second = "22002-03", "22003-05"
    click_on(page, sheet, territory, first)
    click_on(page, sheet, territory, second)
    assert page.evaluate("planner.page.wishes.rows()") == [
        {"sector_id": first, "rank": 1, "stance": None},
        {"sector_id": second, "rank": 2, "stance": None},
    ]
    used = sum(sheet.by_id[key].lines_of(ONE) for key in (first, second))
    assert page.locator("#jauge-dit").inner_text() == f"{used} sur 600 lignes"
    assert f"Envelope : {used} sur 600".replace("Envelope", "Enveloppe") in page.locator("#annonce").inner_text()  # fmt: skip
    cents = used * 44_500 - max(0, 1_000_000 - sheet.by_id["22001-01"].lines_of(ONE) * 44_500)
    digits = re.sub(r"\D", "", page.locator("#due").inner_text())
    assert int(digits) == (cents if cents % 100 else cents // 100)
    click_on(page, sheet, territory, first)
    assert page.evaluate("planner.page.wishes.rows()") == [{"sector_id": second, "rank": 1, "stance": None}]  # fmt: skip
    page.click("#defaire")
    assert len(page.evaluate("planner.page.wishes.rows()")) == 2
    page.check("input[name=mode][value=refuse]", force=True)
    click_on(page, sheet, territory, first)
    assert "est à la fois classé et refusé" in page.locator("#manques .grave").inner_text()
    page.click("#fiche [data-act=card-rank]")
    assert page.evaluate("planner.page.wishes.rows()") == [
        {"sector_id": first, "rank": None, "stance": "refused"},
        {"sector_id": second, "rank": 1, "stance": None},
    ]


def test_what_is_settled_or_a_neighbour_s_is_not_ranked(open_page, case):
    territory, _, sheet = case
    page = open_page()
    click_on(page, sheet, territory, "22001-01")
    assert "déjà en phase 1" in page.locator("#annonce").inner_text()
    theirs = next(s for s in sheet.sectors if s.decider != ONE)
    click_on(page, sheet, territory, theirs.sector_id)
    assert sheet.names[theirs.decider] in page.locator("#annonce").inner_text()
    assert page.evaluate("planner.page.wishes.rows()") == []
    page.click("[data-act=card-refuse]")
    assert page.evaluate("planner.page.wishes.rows()") == [
        {"sector_id": theirs.sector_id, "rank": None, "stance": "refused"}
    ]


def test_under_the_exact_rule_a_neighbour_s_sector_is_ranked_and_not_required(
    open_page, wide, tmp_path
):
    territory, scenario, sheet = wide(rule="exact")
    path = tmp_path / "exact.html"
    path.write_text(bulletin_html(sheet, territory, scenario), encoding="utf-8")
    page = open_page(path)
    theirs = next(s for s in sheet.sectors if s.decider != ONE and s.phase is None)
    page.check("input[name=mode][value=require]", force=True)
    click_on(page, sheet, territory, theirs.sector_id)
    assert page.evaluate("planner.page.wishes.rows()") == []
    page.check("input[name=mode][value=rank]", force=True)
    click_on(page, sheet, territory, theirs.sector_id)
    ranked = [{"sector_id": theirs.sector_id, "rank": 1, "stance": None}]
    assert page.evaluate("planner.page.wishes.rows()") == ranked
    assert "votre vœu y compte pour vos lignes" in page.locator("#fiche").inner_text()
    assert page.locator("#fiche [data-act=card-require]").count() == 0
    row = page.locator(f"#secteurs tr[data-sector='{sheet.sectors.index(theirs)}']")
    assert row.locator(".rank").input_value() == "1"
    assert [o.get_attribute("value") for o in row.locator(".stance option").all()] == [
        "",
        "refused",
    ]
    assert (
        page.evaluate("planner.page.count.lines") == 0
    )  # what its neighbour decides isn't its own


def test_a_saved_ballot_is_taken_by_the_library_and_opens_again(open_page, case, drawn, tmp_path):
    territory, scenario, sheet = case
    page = open_page()
    wishes = drawn(sheet, 11)
    load(page, rows_of(wishes))
    page.fill("#contact", "  A. Élue ")
    path = saved(page, tmp_path)
    assert path.name == f"vote-{ONE}.json"
    assert path.name in page.locator("#fait").inner_text()
    taken = take_ballot(read_bulletin(path), make_sheets(territory, scenario))
    assert list(taken.wishes) == wishes
    assert "bulletin.page_differs" not in {f.rule for f in taken.findings}
    assert taken.table["source"].str.endswith("A. Élue").all()
    again = open_page()
    again.set_input_files("#rouvrir", path)
    again.wait_for_selector("#fait:not(:empty)")
    assert again.evaluate("planner.page.wishes.rows()") == rows_of(wishes)
    assert again.input_value("#contact") == "A. Élue"
    assert not again.evaluate("planner.page.isUnsaved")


def test_a_ballot_of_another_version_is_refused_on_the_page_too(open_page, case, drawn, tmp_path):
    _, _, sheet = case
    page = open_page()
    load(page, rows_of(drawn(sheet, 2)))
    values = json.loads(saved(page, tmp_path).read_text(encoding="utf-8"))
    other = open_page()

    def reopen(**change):
        path = tmp_path / "autre.json"
        path.write_text(json.dumps(values | change), encoding="utf-8")
        other.evaluate("document.getElementById('fait').textContent = ''")
        other.set_input_files("#rouvrir", path)
        other.wait_for_selector("#fait:not(:empty)")
        return other.locator("#fait").inner_text()

    assert "d'autres secteurs" in reopen(sectors_sha256="0" * 64)
    assert "d'un autre EPCI" in reopen(epci_siren="200000002")
    assert "n'est pas un vote" in reopen(format="autre")
    assert "n'est pas un vote" in reopen(wishes=[{"sector_id": "22002-01", "rank": "1"}])
    assert other.evaluate("planner.page.wishes.isEmpty")
    assert "vérifiez, puis enregistrez" in reopen(signature="0" * 64, rules_sha256="0" * 64)
    assert other.evaluate("planner.page.isUnsaved")
    path = saved(other, tmp_path)
    assert read_bulletin(path).signature == sheet.signature


def test_the_ranking_is_edited_without_a_mouse(open_page, case):
    _, _, sheet = case
    page = open_page()
    keys = [key for key in sheet.open_ids if key.startswith("22002")]
    rows = {key: k for k, key in enumerate(s.sector_id for s in sheet.sectors)}
    for rank, key in enumerate(keys, start=1):
        page.locator(f"tr[data-sector='{rows[key]}'] .rank").focus()
        page.keyboard.type(str(rank))
        page.keyboard.press("Tab")

    def ranks():
        return {
            row["sector_id"]: row["rank"] for row in page.evaluate("planner.page.wishes.rows()")
        }

    assert ranks() == {key: rank for rank, key in enumerate(keys, start=1)}
    page.locator(f"[data-act='up-{rows[keys[2]]}']").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.act") == f"up-{rows[keys[2]]}"
    assert ranks() == dict(zip([keys[0], keys[2], keys[1], keys[3], keys[4]], range(1, 6), strict=True))  # fmt: skip
    page.locator(f"[data-act='tie-{rows[keys[1]]}']").focus()
    page.keyboard.press("Space")
    assert ranks()[keys[1]] == ranks()[keys[2]] == 2
    page.locator(f"[data-act='drop-{rows[keys[0]]}']").focus()
    page.keyboard.press("Enter")
    assert ranks()[keys[2]] == 1
    page.locator(f"tr[data-sector='{rows[keys[0]]}'] .stance").select_option("required")
    assert "exigé" in page.locator(f"tr[data-sector='{rows[keys[0]]}'] .state").inner_text()
    page.locator(".folium-map").focus()
    before = page.evaluate("planner.page.wishes.past.length")
    page.evaluate("planner.page.map.setView(planner.page.map.unproject([planner.page.sheet.sectors.x[4], planner.page.sheet.sectors.y[4]], planner.page.topology.zoom), 12, {animate: false})")  # fmt: skip
    page.keyboard.press("Enter")
    assert page.evaluate("planner.page.wishes.past.length") == before + 1
    page.keyboard.press("Escape")
    assert page.locator("#fiche").is_hidden()


def test_ranks_are_typed_in_any_order(open_page, case):
    _, _, sheet = case
    page = open_page()
    keys = [key for key in sheet.open_ids if key.startswith("22002")]
    rows = {key: k for k, key in enumerate(s.sector_id for s in sheet.sectors)}

    def give(key, rank):
        cell = page.locator(f"tr[data-sector='{rows[key]}'] .rank")
        cell.focus()
        page.keyboard.press("Control+A")
        page.keyboard.type(str(rank))
        page.keyboard.press("Tab")
        wishes = page.evaluate("planner.page.wishes.rows()")
        return [next((w["rank"] for w in wishes if w["sector_id"] == k), None) for k in keys]

    for at, key in enumerate(keys):
        given = give(key, len(keys) - at)
    assert given == [5, 4, 3, 2, 1]
    assert give(keys[4], 5) == [4, 3, 2, 1, 5]  # a taken rank: those between give way
    assert give(keys[0], 9) == [9, 3, 2, 1, 5]  # a free one moves nobody
    assert give(keys[1], 1) == [9, 1, 3, 2, 5]
    assert give(keys[2], 9) == [8, 1, 9, 2, 4]
    assert give(keys[3], 5) == [8, 1, 9, 5, 4]
    assert give(keys[3], 4) == [8, 1, 9, 4, 5]

    def press(act, key):
        page.locator(f"[data-act='{act}-{rows[key]}']").click()
        return [page.evaluate(f"planner.page.wishes.all[{rows[k]}].rank") for k in keys]

    assert press("up", keys[2]) == [9, 1, 8, 4, 5]
    assert press("up", keys[3]) == [9, 4, 8, 1, 5]  # past what is free
    assert press("tie", keys[4]) == [8, 4, 7, 1, 4]
    assert give(keys[4], 4) == [8, 4, 7, 1, 4]  # its own rank, tied as it was
    assert press("down", keys[4]) == [9, 4, 8, 1, 5]
    assert press("drop", keys[3]) == [8, 3, 7, None, 4]
    assert give(keys[3], 30) == [8, 3, 7, 30, 4]
    load(page, [{"sector_id": keys[0], "rank": 1_000_000, "stance": None}])
    assert give(keys[1], 2) == [1, 2, None, None, None]


def test_a_nasty_name_stays_a_name(open_page, case):
    territory, _, sheet = case
    page = open_page()
    assert page.locator("#secteurs").inner_text().count(NASTY) > 1  # a sector and a commune
    click_on(page, sheet, territory, "22002-02")
    assert page.locator("#fiche h3").inner_text() == NASTY
    assert NASTY in page.locator("#classement").inner_text()
    assert page.locator("img").count() == 0
    assert page.said == []


def test_without_script_the_table_and_the_rules_remain(open_page, case):
    _, _, sheet = case
    page = open_page(java_script_enabled=False)
    assert page.locator("svg.still").is_visible()
    assert page.locator(".live").is_hidden()
    assert page.locator("#secteurs tbody tr").count() == len(sheet.sectors)
    assert page.locator("#sauver").is_hidden()
    assert page.locator("#secteurs .rank").first.is_hidden()
    text = page.locator("body").inner_text()
    for words in ("imprimez cette page", "600 lignes", "10\u202f000\u202f€", "Comment votre vote est compté", "synthétiques", sheet.signature):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_it_is_accessible_at_every_width(open_page, case, drawn, width):
    _, _, sheet = case
    page = open_page(width=width, height=800)
    load(page, rows_of(drawn(sheet, 4)))
    page.evaluate("planner.page.pick(4)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.target.join(' '))])"
    )
    assert found == []


@pytest.mark.parametrize("width", [390, 360, 320])
def test_on_a_phone_wishes_are_written_and_their_result_read_without_scrolling_aside(
    open_page, width
):
    page = open_page(width=width, height=780)
    edge = page.evaluate(
        "document.getElementById('secteurs').parentElement.getBoundingClientRect().right"
    )
    for field in ("input.rank", "select.stance"):
        box = page.locator(f"#secteurs {field}").first.bounding_box()
        assert box["x"] > 0
        assert box["x"] + box["width"] <= edge
    assert not page.locator("#secteurs .away").first.is_visible()
    # the result is read without scrolling too: no column on its way, lines under the name
    head = page.evaluate(
        "() => { const words = document.createRange();"
        " words.selectNodeContents(document.querySelector('#secteurs thead th:nth-last-child(2)'));"
        " return [words.toString(), words.getBoundingClientRect().right]; }"
    )
    assert head[0] == "Résultat"
    assert head[1] <= edge
    assert not page.locator("#secteurs td.lines").first.is_visible()
    assert "ligne" in page.locator("#secteurs .near").first.inner_text()


def test_paper_has_the_map_the_result_and_a_place_to_sign(open_page, case, drawn):
    _, _, sheet = case
    page = open_page()
    load(page, rows_of(drawn(sheet, 4)))
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for selector in ("#papier", "#jauge-dit", "#due", "#classement", ".sign", "#secteurs"):
        assert page.locator(selector).is_visible(), selector
    inked = page.evaluate(
        "() => { const c = document.getElementById('papier'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; const seen = new Set();"
        " for (let i = 0; i < d.length; i += 4 * 997) seen.add(`${d[i]},${d[i + 1]},${d[i + 2]}`);"
        " return seen.size; }"
    )
    assert inked > 5


def test_two_runs_write_the_same_bytes(case, tmp_path):
    territory, scenario, _ = case
    shuffled = territory.with_tables(
        sectors=territory.sectors.sample(frac=1, random_state=1),
        sector_shares=territory.sector_shares.sample(frac=1, random_state=2),
    )
    one = write_bulletins(tmp_path / "un", territory, scenario)
    two = write_bulletins(tmp_path / "deux", shuffled, scenario, lang="fr")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    english = write_bulletins(tmp_path / "en", territory, scenario, epci=[ONE], lang="en")
    text = english[0].read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert "Save the ballot" in text
    assert "Enregistrer le vote" not in text
