"""A figure in a file: without the date of the day, and whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = ["save_figure"]

DPI: Final = 160
_CANVAS: Final[dict[str, Any]] = {
    ".png": FigureCanvasAgg, ".svg": FigureCanvasSVG, ".pdf": FigureCanvasPdf,
}  # fmt: skip
_SILENT: Final[dict[str, dict[str, None]]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def save_figure(figure: Figure, path: Path, *, dpi: int = DPI) -> Path:
    """Write a figure, then take the place of the old one; return its file.

    Parameters
    ----------
    figure
        What is written; its label is the title of a PDF.  To be the same bytes each time it is
        saved under the settings it was drawn with.
    path
        A file in ``.png``, ``.svg`` or ``.pdf``.
    dpi
        Pixels an inch, where there are pixels.
    """
    _CANVAS[path.suffix](figure)
    said: dict[str, Any] = dict(_SILENT[path.suffix])
    if path.suffix == ".pdf":
        said["Title"] = figure.get_label()
    part = path.with_name(path.name + ".part")
    figure.savefig(part, format=path.suffix[1:], dpi=dpi, metadata=said)
    part.replace(path)
    return path
