"""Anomalies for whoever mends the data: a GeoPackage to click in, a CSV, a page to read."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import jinja2
import numpy as np
import pandas as pd
import pyarrow.csv
import shapely
from markupsafe import Markup

from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition, sorted_arrow
from planner.provenance import Origin
from planner.quality import RULES, Anomalies, Batch
from planner.schemas import contract
from planner.texts import number, say
from planner.vocab import Severity

__all__ = ["write_anomalies"]

_SHOWN_ROWS: Final = 200  # of a rule, on the page; the CSV and the GeoPackage hold the others
_MARKS: Final = 2_000  # of a severity, on the picture
_WIDTH: Final = 1_000.0
_SIMPLIFIED_M: Final = 400.0
_RADIUS: Final = 5
_RULE_COLUMNS: Final = ("rule", "severity", "table", "count", "remedy")
_ROW_COLUMNS: Final = ("key", "message", "insee", "x", "y")


def write_anomalies(
    folder: str | Path,
    anomalies: Anomalies,
    *,
    edition: Edition,
    origins: Iterable[Origin] = (),
    outline: gpd.GeoDataFrame | None = None,
    lang: str = "fr",
) -> tuple[Path, ...]:
    """Write ``anomalies.gpkg``, ``anomalies.csv`` and ``anomalies.html``; each whole or not at all.

    Parameters
    ----------
    folder
        Where the files go; it is made when it is missing, other files in it are left alone.
    anomalies
        What :func:`planner.quality.check_quality` found.
    edition
        What the files say of themselves.
    origins
        Where the layers come from, for the mark *synthetic*.
    outline
        The region, EPSG:2154, as the ground of the picture on the page.
    lang
        Language of what a person reads.

    Returns
    -------
    tuple of Path
        The three files.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    table = anomalies.table(lang)
    layers = {
        "anomalies": table,
        "anomaly_areas": anomalies.areas(lang),
        "anomaly_lines": anomalies.lines(lang),
    }
    package = place / "anomalies.gpkg"
    write_geopackage(package, layers, edition=edition, lang=lang)
    page = _page(anomalies, table, edition, sorted(_made_up(origins)), outline, lang)
    listing = place / "anomalies.csv"
    html = place / "anomalies.html"
    with tempfile.TemporaryDirectory(prefix=".planner-", dir=place) as temporary:
        rows, _ = sorted_arrow("anomalies", table)
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        pyarrow.csv.write_csv(rows, Path(temporary) / listing.name, write_options=options)
        (Path(temporary) / html.name).write_text(page, encoding="utf-8", newline="\n")
        for file in (listing, html):
            (Path(temporary) / file.name).replace(file)
    return package, listing, html


def _made_up(origins: Iterable[Origin]) -> set[str]:
    return {origin.title for origin in origins if origin.synthetic}


def _page(
    anomalies: Anomalies,
    table: pd.DataFrame,
    edition: Edition,
    synthetic: list[str],
    outline: gpd.GeoDataFrame | None,
    lang: str,
) -> str:
    style = resources.files("planner.export").joinpath("templates/anomalies.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = [_rule(batch, table, lang) for batch in anomalies.batches]
    broken = {batch.rule for batch in anomalies.batches}
    words = partial(_say, lang)
    return (
        _environment()
        .get_template("anomalies.html.jinja")
        .render(
            lang=lang,
            say=words,
            edition=edition,
            style=Markup(style),  # noqa: S704 (our own style)
            style_hash=f"'sha256-{digest}'",
            synthetic=synthetic,
            verdict=_verdict(anomalies, lang),
            picture=_picture(table, outline, words("page_picture_name")),
            rules=rules,
            rule_titles=[words(f"page_{key}") for key in _RULE_COLUMNS],
            row_titles=[words(f"page_{key}") for key in _ROW_COLUMNS],
            quiet=[
                {"rule": rule, "meaning": words(f"{rule.replace('.', '_')}_about")}
                for rule in RULES
                if rule not in broken
            ],
        )
    )  # fmt: skip


def _say(lang: str, key: str, /, **values: object) -> str:
    return say(f"quality.{key}", lang, **values)


def _verdict(anomalies: Anomalies, lang: str) -> str:
    if not len(anomalies):
        return say("quality.page_clean", lang)
    counts = {
        severity: sum(batch.total for batch in anomalies.batches if batch.severity is severity)
        for severity in reversed(Severity)
    }
    parts = [
        say("quality.page_part", lang, severity=severity, count=count)
        for severity, count in counts.items()
        if count
    ]
    return say("quality.page_verdict", lang, count=len(anomalies), parts=", ".join(parts))


def _rule(batch: Batch, table: pd.DataFrame, lang: str) -> dict[str, Any]:
    own = table.loc[
        (table["rule"] == batch.rule)
        & (table["table"] == batch.table)
        & (table["column"] == batch.column)
    ].sort_values("row_key", kind="stable")
    shown = own.head(_SHOWN_ROWS)
    left = ""
    if batch.total > len(shown):
        left = say(
            "quality.page_left", lang, shown=len(shown), count=batch.total, listed=len(batch)
        )
    return {
        "anchor": f"{batch.rule}-{batch.table}-{batch.column}".replace(".", "-"),
        "rule": batch.rule,
        "meaning": batch.meaning(lang),
        "severity": batch.severity.value,
        "label": batch.severity.label(lang),
        "table": contract(batch.table).titled(lang),
        "count": number(batch.total, lang),
        "remedy": batch.remedy(lang),
        "rows": [
            {
                "key": row["row_key"],
                "message": row["message"],
                "insee": "—" if pd.isna(row["insee"]) else row["insee"],
                "x": _coordinate(row["x_m"], lang),
                "y": _coordinate(row["y_m"], lang),
            }
            for row in shown.to_dict("records")
        ],
        "left": left,
    }


def _coordinate(value: float, lang: str) -> str:
    return "—" if pd.isna(value) else number(value, lang)


def _picture(table: pd.DataFrame, outline: gpd.GeoDataFrame | None, name: str) -> Markup | None:
    """Draw where the anomalies are; numbers only, so that no data is read as markup."""
    placed = table.loc[np.isfinite(table["x_m"].to_numpy(dtype=np.float64))]
    if outline is None or outline.empty or placed.empty:
        return None
    west, south, east, north = outline.total_bounds
    scale = _WIDTH / max(east - west, 1.0)
    height = (north - south) * scale
    land = []
    for ring in _rings(outline):
        points = np.round((ring - (west, north)) * (scale, -scale), 1)
        land.append("M" + "L".join(f"{x:g} {y:g}" for x, y in points.tolist()) + "Z")
    marks = []
    for severity in Severity:  # the worst on top
        own = placed.loc[placed["severity"] == severity.value].head(_MARKS)
        at = np.round((own[["x_m", "y_m"]].to_numpy() - (west, north)) * (scale, -scale), 1)
        marks += [
            f'<circle class="mark-{severity.value}" cx="{x:g}" cy="{y:g}" r="{_RADIUS}"/>'
            for x, y in np.unique(at, axis=0).tolist()
        ]
    return Markup(
        '<svg viewBox="0 0 {width:g} {height:.0f}" role="img" aria-label="{name}">'
        '<path class="land" d="{land}"/>{marks}</svg>'
    ).format(
        width=_WIDTH, height=height, name=name,
        land=Markup("".join(land)), marks=Markup("".join(marks)),  # noqa: S704 (numbers)
    )  # fmt: skip


def _rings(outline: gpd.GeoDataFrame) -> list[Any]:
    parts = shapely.get_parts(outline.geometry.to_numpy())
    simple = shapely.simplify(parts, _SIMPLIFIED_M)
    rings = shapely.get_exterior_ring(simple[~shapely.is_empty(simple)])
    return [shapely.get_coordinates(ring) for ring in rings if ring is not None]


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("planner.export"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
