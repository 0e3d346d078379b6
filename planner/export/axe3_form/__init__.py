"""The form of Axe 3: one page that opens without network and saves a request to a file.

:func:`write_form` writes it.  It asks for what the written rules need, refuses a half-filled
request with what is missing, and saves what ``planner register intake`` takes.  The shell, the map
and its assets are those of the officials' map; names travel as data and are written as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
from markupsafe import Markup

from planner.export.map.payload import json_block
from planner.export.map.shell import ClosedPage, region_map
from planner.export.map.topology import (
    Topology,
    TopologyRules,
    encode_topology,
    grid_to_lonlat,
    grid_xy,
)
from planner.io import Geodata
from planner.io.register_intake import FORM_EDITION, FORM_FORMAT
from planner.io.register_rules import RegisterRules
from planner.provenance import Origin
from planner.texts import catalogue, say
from planner.vocab import RequesterKind, SupplyEvidence

__all__ = ["form_html", "write_form"]

_SCRIPTS: Final = (
    "planner-topology.js", "planner-dom.js", "planner-layers.js", "axe3-form.js",
)  # fmt: skip
_STYLES: Final = ("source-sans-3.css", "planner-map.css", "axe3-form.css")
_UI: Final = "axe3_form.ui_"
_OUTLINES: Final = TopologyRules(tolerance_m=60.0)
"""The map says where a commune is, not where its border runs."""
_MARGIN: Final = 0.05
"""Degrees around the territory."""
_PARTS: Final = ("who", "site", "need", "supply", "contact", "consent")
_HYPOTHESES: Final = ("evidence_months", "retention_years", "published_cell_m")


def write_form(
    path: str | Path, geodata: Geodata, *, rules: RegisterRules, lang: str = "fr"
) -> Path:
    """Write the form for a territory, whole or not at all.

    Parameters
    ----------
    path
        The page; one that exists is replaced.
    geodata
        Where the outlines and names of communes come from.
    rules
        The written rules that the form tells and checks.
    lang
        ``fr`` or ``en``.
    """
    target = Path(path)
    part = target.with_name(target.name + ".part")
    text = form_html(
        communes=geodata.table("communes"), region=geodata.table("region"), rules=rules,
        origins=geodata.origins, lang=lang,
    )  # fmt: skip
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(target)
    return target


def form_html(
    *,
    communes: gpd.GeoDataFrame,
    region: gpd.GeoDataFrame,
    rules: RegisterRules,
    origins: Iterable[Origin] = (),
    lang: str = "fr",
) -> str:
    """Return the form as text, the same bytes for the same territory and rules.

    Parameters
    ----------
    communes, region
        Contracts of their names.
    rules
        The written rules that the form tells and checks.
    origins
        Where the outlines come from.
    lang
        ``fr`` or ``en``.
    """
    ordered = communes.sort_values("insee", kind="stable").reset_index(drop=True)
    topology = encode_topology({"commune": ordered.geometry.to_numpy()}, rules=_OUTLINES)
    payload = _payload(ordered, topology, rules, lang)
    west, north, east, south = payload["box"]
    corners = np.array([[west, south], [east, north]], dtype=np.float64)
    (w, s), (e, n) = np.round(grid_to_lonlat(corners), 5).tolist()
    sources = sorted(
        f"{one.source}" + (f" ({say('axe3_form.footer_synthetic', lang)})" if one.synthetic else "")
        for one in origins
        if one.layer == "communes"
    )
    page = ClosedPage(
        {
            "lang": lang,
            "say": lambda key, **values: say(f"axe3_form.{key}", lang, **values),
            "region": ", ".join(sorted(region["nom"].astype(str))),
            "parts": _PARTS,
            "rules": rules,
            "hypotheses": bool(set(_HYPOTHESES) & set(rules.synthetic)),
            "kinds": [(kind.value, kind.label(lang)) for kind in RequesterKind],
            "asking": ", ".join(
                RequesterKind(kind).label(lang).lower() for kind in rules.eligible_kinds
            ),
            "evidences": [(one.value, one.label(lang)) for one in SupplyEvidence],
            "edition": FORM_EDITION,
            "sources": ", ".join(sources) or "—",
            "payload": Markup(json_block(payload)),  # noqa: S704 (no <, > or & in it)
        },
        package="planner.export.axe3_form", template="form.html.jinja", styles=_STYLES,
        scripts=_SCRIPTS,
    )  # fmt: skip
    page.add_child(
        region_map(
            south_west=(s - _MARGIN, w - _MARGIN), north_east=(n + _MARGIN, e + _MARGIN)
        )
    )  # fmt: skip
    return page.render()


def _payload(
    communes: gpd.GeoDataFrame, topology: Topology, rules: RegisterRules, lang: str
) -> dict[str, Any]:
    at = np.rint(
        grid_xy(communes["bourg_x_m"].to_numpy(float), communes["bourg_y_m"].to_numpy(float))
    ).astype(np.int64)
    points = topology.points
    low, high = points.min(axis=0), points.max(axis=0)
    codes = sorted(set(communes["departement"].astype(str)))
    return {
        "lang": lang,
        "format": FORM_FORMAT,
        "edition": FORM_EDITION,
        "texts": {
            key.removeprefix("axe3_form."): words[lang]
            for key, words in catalogue().items()
            if key.startswith(_UI)
        },
        "rules": {
            "kinds": list(rules.eligible_kinds),
            "months": rules.evidence_months,
        },
        "box": [int(low[0]), int(low[1]), int(high[0]), int(high[1])],
        "topology": topology.flat("commune"),
        "communes": {
            "insee": communes["insee"].astype(str).tolist(),
            "nom": communes["nom"].astype(str).tolist(),
            "departement": [codes.index(code) for code in communes["departement"].astype(str)],
            "population": communes["population"].astype(int).tolist(),
            "x": at[:, 0].tolist(),
            "y": at[:, 1].tolist(),
        },
        "departements": codes,
    }
