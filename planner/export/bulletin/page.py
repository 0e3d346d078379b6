"""The page of a bulletin around its map: the shell of the officials' map with its own script."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import jinja2
from branca.element import Figure
from markupsafe import Markup

from planner.export.map.shell import (
    OfflineHead,
    _closed,
    _policy,
    read_asset,
)

__all__ = ["BulletinPage"]

_SCRIPTS: Final = (
    "planner-topology.js", "planner-dom.js", "planner-layers.js", "bulletin-count.js",
    "bulletin-wishes.js", "bulletin-page.js",
)  # fmt: skip
_STYLES: Final = ("source-sans-3.css", "planner-map.css", "bulletin.css")


class BulletinPage(Figure):  # type: ignore[misc]
    """A figure that writes a bulletin; no request of any kind may leave it.

    Parameters
    ----------
    context
        What the template is given beside the map: text is escaped there.
    """

    def __init__(self, context: dict[str, Any]) -> None:
        super().__init__()
        self._id = "page"
        self.context = context
        self.header = OfflineHead()
        self.header._parent = self  # noqa: SLF001 (as Figure itself does)

    def render(self, **kwargs: Any) -> str:  # noqa: ANN401 (the base's signature)
        """Write the page."""
        for child in self._children.values():
            child.render(**kwargs)
        head = self.header.collect()
        styles = [*head.styles, *map(read_asset, _STYLES)]
        scripts = [*head.scripts, *map(read_asset, _SCRIPTS), self.script.render(**kwargs)]
        return (
            _environment()
            .get_template("bulletin.html.jinja")
            .render(
                **self.context,
                policy=_policy(styles, scripts, images="", chunks=False),
                styles=[Markup(_closed(text)) for text in styles],  # noqa: S704 (our own assets)
                scripts=[Markup(_closed(text)) for text in scripts],  # noqa: S704 (our own assets)
                map_container=Markup(self.html.render(**kwargs)),  # noqa: S704 (no data in it)
            )
        )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("planner.export.bulletin"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
