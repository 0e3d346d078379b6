"""The palette: contrast, colour-blind readers, patterns, classes; computed, not judged by eye."""

from itertools import combinations

import numpy as np
import pytest

from planner.export.follow_palettes import FOLLOW_THEMES
from planner.export.palettes import (
    BALLOT_THEME,
    CHANGE_THEME,
    COST_THEME,
    NETWORK_THEME,
    PHASE_BEFORE_THEME,
    RANK_THEME,
    SHIFT_THEME,
    STATE_SHAPES,
    STATE_THEME,
    class_above,
    year_theme,
)
from planner.export.style import (
    COVERAGE_THEME,
    LINES,
    PAPER,
    PHASE_THEME,
    SURROUNDINGS,
    TOWN,
    coverage_class,
    phase_class,
)
from planner.export.style import THEMES as FIRST_THEMES
from planner.vocab import Phase, PremiseState

THEMES = (
    *FIRST_THEMES,
    STATE_THEME,
    COST_THEME,
    NETWORK_THEME,
    RANK_THEME,
    BALLOT_THEME,
    CHANGE_THEME,
    SHIFT_THEME,
    PHASE_BEFORE_THEME,
    *FOLLOW_THEMES,
    year_theme(range(2018, 2024)),
)

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB
VISIONS = {
    "common": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)


def linear(color):
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    light = sorted(0.05 + linear(c) @ np.array([0.2126, 0.7152, 0.0722]) for c in (a, b))
    return light[1] / light[0]


def lab(color, vision):
    xyz = TO_XYZ @ np.clip(vision @ linear(color), 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_formula_against_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.key)
def test_every_class_stands_out_from_paper(theme):
    for entry in theme.classes:
        assert contrast(entry.swatch.ink, PAPER) >= 3, entry.key
        if entry.swatch.pattern != "solid":
            assert contrast(entry.swatch.ink, entry.swatch.fill) >= 3, entry.key


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.key)
def test_classes_differ_for_colour_blind_readers(theme, vision):
    for a, b in combinations(theme.classes, 2):
        distance = np.linalg.norm(
            lab(a.swatch.fill, VISIONS[vision]) - lab(b.swatch.fill, VISIONS[vision])
        )
        # 10 is several times what side-by-side areas need to look different (CIE76, 2.3)
        wanted = 10 if a.swatch.pattern == b.swatch.pattern else 5
        assert distance >= wanted, (a.key, b.key, distance)


def test_phases_are_told_without_colour():
    patterns = [entry.swatch.pattern for entry in PHASE_THEME.classes]
    assert len(set(patterns)) == len(patterns)


def test_phases_and_rates_darken_in_their_order():
    def light(entry):
        return linear(entry.swatch.fill) @ np.array([0.2126, 0.7152, 0.0722])

    phases = [light(entry) for entry in PHASE_THEME.classes[:3]]
    rates = [light(entry) for entry in COVERAGE_THEME.classes[:5]]
    assert phases == sorted(phases)
    assert rates == sorted(rates)


def test_lines_and_marks_are_told_apart():
    seen = {(line.color, line.width, line.dash) for line in LINES.values()}
    assert len(seen) == len(LINES)
    assert contrast(TOWN.ink, TOWN.fill) >= 3
    for key in ("coast", "departement", "epci", "zone"):
        assert contrast(LINES[key].color, SURROUNDINGS) >= 3, key


def test_every_phase_has_its_class():
    assert [PHASE_THEME.classes[phase_class(p.value)].key for p in Phase] == list(Phase.codes())
    assert PHASE_THEME.classes[phase_class(None)].key == "unknown"


@pytest.mark.parametrize(
    ("rate", "key"),
    [
        (None, "unknown"), (0.0, "rate_0"), (0.001, "rate_low"), (0.2499, "rate_low"),
        (0.25, "rate_25"), (0.5, "rate_50"), (0.75, "rate_75"), (1.0, "rate_75"), (1.3, "rate_75"),
    ],
)  # fmt: skip
def test_a_rate_falls_in_one_class(rate, key):
    assert COVERAGE_THEME.classes[coverage_class(rate)].key == key


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="can't be"):
        coverage_class(-0.1)
    with pytest.raises(LookupError, match="no class 4"):
        phase_class("4")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_labels_are_said_and_differ(lang):
    for theme in THEMES:
        labels = [entry.label.say(lang) for entry in theme.classes]
        assert len(set(labels)) == len(labels)
    assert PHASE_THEME.classes[0].label.say(lang) == "Phase 1"


def test_every_state_has_its_shape_and_class():
    keys = [entry.key for entry in STATE_THEME.classes]
    assert set(keys) == set(PremiseState.codes()) | {"unknown"} == set(STATE_SHAPES)
    known = [STATE_SHAPES[key] for key in PremiseState.codes()]
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_years_pale_with_time(count):
    theme = year_theme(range(2018, 2018 + count))
    fills = [e.swatch.fill for e in theme.classes if e.key.isdigit()]
    light = [linear(fill) @ np.array([0.2126, 0.7152, 0.0722]) for fill in fills]
    assert len(fills) == count
    assert light == sorted(light)


@pytest.mark.parametrize(
    ("rank", "key"),
    [
        (None, "unknown"),
        (1, "rank_1"),
        (5, "rank_1"),
        (6, "rank_6"),
        (21, "rank_21"),
        (400, "rank_21"),
    ],
)
def test_a_rank_falls_in_one_class(rank, key):
    assert RANK_THEME.classes[class_above(RANK_THEME, rank)].key == key
