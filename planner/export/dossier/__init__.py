"""One PDF for each EPCI, ready for its council; set in type by typst.

Names and numbers reach the template as data in a JSON file, never as markup.  The files are
PDF/A-2a and PDF/UA-1: tagged, with their font, dated by the plan's own reference date, so that the
same plan gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import matplotlib as mpl
import pandas as pd
import typst
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from planner.errors import PlannerError
from planner.export.dossier.content import Dossier, dossier_of
from planner.export.dossier.source import Source
from planner.export.figures import (
    FONTS,
    SETTINGS,
    classes_seen,
    draw_legend,
    draw_territory,
    save_figure,
)
from planner.export.follow_up import draw_place
from planner.export.map.data import MapData
from planner.export.map.themes import paint
from planner.plan import Plan
from planner.progress import Notify, stage, unheard
from planner.texts import Message, say
from planner.vocab import Level

__all__ = ["Dossier", "Source", "dossier_of", "write_dossiers"]

_TEMPLATE: Final = Path(__file__).with_name("dossier.typ")
_WIDTH_INCHES: Final = 6.69  # what A4 leaves between the margins of the template
_HEIGHT_INCHES: Final = 8.2
_LEGEND_SHARE: Final = 0.1
_CURVES_INCHES: Final = 2.9


def write_dossiers(
    plan: Plan,
    folder: Path,
    *,
    epci: str | None = None,
    lang: str = "fr",
    notify: Notify = unheard,
) -> tuple[Path, ...]:
    """Write the dossier of one EPCI, or of each.

    Parameters
    ----------
    plan
        The plan.
    folder
        Where they go; it is made where it is missing.
    epci
        SIREN of the only EPCI asked for.
    lang
        Language of the dossiers.
    notify
        Told the name of each dossier as it begins.

    Returns
    -------
    tuple of Path
        The files, by SIREN.

    Raises
    ------
    UnknownNameError
        When the territory has no such EPCI.
    PlannerError
        When a dossier can't be set in type.
    """
    source = Source(plan=plan, lang=lang)
    asked = [dossier_of(source, siren) for siren in ([epci] if epci else source.names)]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / _TEMPLATE.name).write_bytes(_TEMPLATE.read_bytes())
        flat = replace(source.data, layer=None)
        for dossier in asked:
            with stage(notify, "dossier.stage", nom=dossier.nom):
                raw = _typeset(dossier, root, flat, lang)
                path = folder / say("dossier.file", lang, siren=dossier.siren)
                beside = path.with_name(f".{path.name}.part")
                beside.write_bytes(raw)
                beside.replace(path)
                written.append(path)
    return tuple(written)


def _typeset(dossier: Dossier, root: Path, flat: MapData, lang: str) -> bytes:
    content = json.dumps(dossier.content(), ensure_ascii=False, sort_keys=True)
    (root / "data.json").write_text(content, encoding="utf-8")
    _draw(flat, dossier.siren, root / "map.svg", lang)
    inputs = {"data": "data.json", "map": "map.svg"}
    curves = dossier.source.followed.curves(dossier.siren)
    if curves is not None:
        _draw_curves(curves, dossier, root / "curves.svg", lang)
        inputs["curves"] = "curves.svg"
    on = dossier.source.plan.scenario.reference_date
    try:
        raw = typst.compile(
            str(root / _TEMPLATE.name),
            root=str(root),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            sys_inputs=inputs,
            pdf_standards=["ua-1", "a-2a"],
            timestamp=int(dt.datetime(on.year, on.month, on.day, tzinfo=dt.UTC).timestamp()),
        )
    except typst.TypstError as error:
        raise PlannerError(
            Message.of("dossier.unset", nom=dossier.nom, reason=str(error).splitlines()[0]),
            Message.of("dossier.unset_remedy"),
        ) from None
    return bytes(raw)


def _draw(flat: MapData, siren: str, path: Path, lang: str) -> None:
    """Draw the phases of an EPCI among its neighbours."""
    data = flat.focus(Level.EPCI, siren)
    painted = paint(data)[0]
    west, south, east, north = data.communes.total_bounds
    tall = (north - south) / max(east - west, 1.0)
    height = min(_HEIGHT_INCHES, _WIDTH_INCHES * tall + 1.2)
    legend = _LEGEND_SHARE * _HEIGHT_INCHES / height
    with mpl.rc_context(dict(SETTINGS)):
        figure = Figure(figsize=(_WIDTH_INCHES, height))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.0, legend, 1.0, 1.0 - legend))
        draw_territory(axes, data, painted, around=flat.communes, lang=lang)
        beside = figure.add_axes((0.0, 0.0, 1.0, legend * 0.92))
        beside.axis("off")
        draw_legend(
            beside,
            painted,
            title=say("dossier.map_legend", lang),
            lang=lang,
            used=classes_seen(data, painted),
            columns=3,
        )
        save_figure(figure, path)


def _draw_curves(curves: pd.DataFrame, dossier: Dossier, path: Path, lang: str) -> None:
    """Draw what is promised, observed and forecast in an EPCI."""
    plan = dossier.source.plan
    with mpl.rc_context(dict(SETTINGS)):
        figure = draw_place(
            curves, dossier.siren,
            title=say("dossier.late_figure", lang, nom=dossier.nom),
            synthetic=plan.scenario.follow_up.source == "example", lang=lang,
            size=(_WIDTH_INCHES, _CURVES_INCHES),
        )  # fmt: skip
        save_figure(figure, path)
