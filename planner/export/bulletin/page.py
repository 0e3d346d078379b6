"""The page of a bulletin around its map: the shell of the officials' map with its own script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.export.map.shell import ClosedPage

__all__ = ["BulletinPage"]

_SCRIPTS: Final = (
    "planner-topology.js", "planner-dom.js", "planner-layers.js", "bulletin-count.js",
    "bulletin-wishes.js", "bulletin-page.js",
)  # fmt: skip
_STYLES: Final = ("source-sans-3.css", "planner-map.css", "bulletin.css")


class BulletinPage(ClosedPage):
    """A figure that writes a bulletin; no request of any kind may leave it.

    Parameters
    ----------
    context
        What the template is given beside the map: text is escaped there.
    """

    def __init__(self, context: Mapping[str, Any]) -> None:
        super().__init__(
            context, package="planner.export.bulletin", template="bulletin.html.jinja",
            styles=_STYLES, scripts=_SCRIPTS,
        )  # fmt: skip
