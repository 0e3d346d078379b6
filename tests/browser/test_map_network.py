"""The network theme of the map in a real browser."""

import pytest

from planner.engineering import add_network, read_works
from planner.export.map import MapData, map_html
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

pytestmark = pytest.mark.browser

DRAWN = """() => {
  const { canvas } = planner.page;
  const data = canvas._canvas.getContext('2d').getImageData(0, 0, canvas._canvas.width, canvas._canvas.height).data;
  let sum = 0;
  for (let k = 0; k < data.length; k += 4) if (data[k] === 15 && data[k + 1] === 107 && data[k + 2] === 79) sum++;
  return sum;
}"""  # pixels of the ink of existing poles, #0f6b4f


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    prices, keys = read_works()
    answer = make_plan(toy_territory(), Scenario(name="toy", title="Jouet"))
    plan = add_network(answer, prices=prices, funding_keys=keys)
    path = tmp_path_factory.mktemp("réseau") / "carte.html"
    path.write_text(map_html(MapData.from_plan(plan)), encoding="utf-8")
    return path, plan


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_routes_are_drawn_under_their_theme_and_told_on_cards(browser, file, width, height):
    path, plan = file
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html.ready", timeout=20_000)
    assert page.evaluate(DRAWN) == 0
    page.evaluate(
        "planner.page.setTheme(planner.page.data.themes.findIndex((t) => t.key === 'network'))"
    )
    page.wait_for_timeout(200)
    assert page.evaluate(DRAWN) > 20
    # hidden by its box in the legend, then shown again
    boxes = page.locator("input[name=route][value$='.existing_poles']")
    for box in boxes.all():
        box.evaluate("(node) => node.click()")
    page.wait_for_timeout(200)
    assert page.evaluate(DRAWN) == 0
    key = plan.more["network_sectors"]["sector_id"].iloc[0]
    told = plan.more["network_sectors"].iloc[0]
    page.evaluate(f"planner.page.open('sector', planner.page.data.sectors.code.indexOf('{key}'))")
    card = page.inner_text("#fiche")
    assert f"({told['nro_id']})" in card
    assert "Réseau synthétique" in card
    assert f"{round(told['cost_cents'] / 100):,}".replace(",", "\u202f") in card
    assert not [words for words in said if "willReadFrequently" not in words]
    assert asked == [path.as_uri()]
    context.close()
