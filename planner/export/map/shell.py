"""The page around the map: Folium's shell, made to stand alone, deterministic and closed.

Folium writes the map's container and its script, and collects what its elements ask for in the head
of a figure.  Here that head is ours: each link to a content delivery network is replaced by the
text of the vendored asset that stands for it, an unknown link fails the build, and so does anything
else that is neither a style nor a script.  The figure writes a page of our own, whose policy names
the hash of each style and script and forbids every request.

Folium evaluates what passes through it as templates, so nothing that was read from data does: its
elements here hold our own constants only.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

import folium
import jinja2
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.template import Template
from markupsafe import Markup

__all__ = [
    "Asset",
    "ClosedPage",
    "OfflineHead",
    "Page",
    "UnknownAssetError",
    "assets",
    "read_asset",
    "region_map",
]

_MANIFEST: Final = "assets.toml"
_SCRIPTS: Final = (
    "tiny-inflate.js", "planner-topology.js", "planner-dom.js", "planner-premises.js",
    "planner-layers.js", "planner-network.js", "planner-time.js", "planner-tools.js",
    "planner-cards.js", "planner-page.js",
)  # fmt: skip
"""Scripts after Leaflet's, in the order that they need each other."""
_STYLES: Final = ("source-sans-3.css", "planner-map.css")
_NOT_NEEDED: Final = frozenset(
    {
        "jquery", "bootstrap", "awesome_markers", "bootstrap_css", "glyphicons_css",
        "awesome_markers_font_css", "awesome_markers_css", "awesome_rotate_css",
    }
)  # fmt: skip
"""Folium's own names of what its markers and popups need, and this page doesn't have."""
_BLOCK: Final = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
_DROPPED: Final = re.compile(r'<meta\s[^>]*(?:name="viewport"|http-equiv="content-type")[^>]*>')
"""Folium forbids the reader to zoom the page, and writes its encoding too late."""


class UnknownAssetError(LookupError):
    """The map asks for something that is not vendored: a mistake of ours, the build stops."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One vendored file.

    Parameters
    ----------
    file
        Its name beside the manifest.
    package, version, licence
        Where it comes from and under what terms.
    stands_for
        Last parts of the addresses that it replaces.
    sha256
        Checksum of the file.
    licence_file
        Where its terms stand, beside the manifest.
    """

    file: str
    package: str
    version: str
    licence: str
    stands_for: tuple[str, ...]
    sha256: str
    licence_file: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return the vendored files by name, as their manifest has them."""
    manifest = tomllib.loads(_text(_MANIFEST))
    found = [
        Asset(
            file=row["file"],
            package=row["package"],
            version=row["version"],
            licence=row["licence"],
            stands_for=tuple(row.get("stands_for", ())),
            sha256=row["sha256"],
            licence_file=row["licence_file"],
        )
        for row in manifest["asset"]
    ]
    return {asset.file: asset for asset in found}


@cache
def read_asset(file: str) -> str:
    """Return the text of a vendored file, whose checksum is verified, or of one of our own.

    Raises
    ------
    UnknownAssetError
        When the file is not what the manifest says.
    """
    text = _text(file)
    vendored = assets().get(file)
    if vendored and hashlib.sha256(text.encode()).hexdigest() != vendored.sha256:
        raise UnknownAssetError(f"{file} is not the file of {_MANIFEST}: run rebuild_assets.py")
    return text


def _text(file: str) -> str:
    return resources.files("planner.export").joinpath("assets", file).read_text(encoding="utf-8")


@dataclass
class _Head:
    """What the head of a page holds, in order."""

    styles: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)


class OfflineHead(Element):  # type: ignore[misc]
    """The head of a figure, where each link gives way to the asset that stands for it."""

    def collect(self) -> _Head:
        """Return the styles and scripts that the figure's elements asked for.

        Raises
        ------
        UnknownAssetError
            When a link has no vendored asset, or an element writes something else.
        """
        head = _Head()
        for child in self._children.values():
            if isinstance(child, CssLink):
                head.styles.append(_stand_in(child.url))
            elif isinstance(child, JavascriptLink):
                head.scripts.append(_stand_in(child.url))
            else:
                _sort_blocks(child.render(), head)
        return head


def _stand_in(url: str) -> str:
    name = url.rsplit("/", 1)[-1]
    for asset in assets().values():
        if name in asset.stands_for:
            return read_asset(asset.file)
    raise UnknownAssetError(f"{url} is not vendored: add it to rebuild_assets.py")


def _sort_blocks(markup: str, head: _Head) -> None:
    for kind, text in _BLOCK.findall(markup):
        (head.styles if kind == "style" else head.scripts).append(text)
    rest = _DROPPED.sub("", _BLOCK.sub("", markup)).strip()
    if rest:
        raise UnknownAssetError(f"an element writes {rest[:80]!r} in the head of the page")


class Page(Figure):  # type: ignore[misc]
    """A figure that writes our page.

    Parameters
    ----------
    context
        What the page's template is given beside the map: text is escaped there.
    images
        Host that the page may ask for pictures, when its reader wants a background; empty: none.
    chunks
        Whether scripts of the page's own folder bring the premises.
    template, scripts, styles
        The page's template, and our own assets in the order that they need each other.
    """

    def __init__(
        self,
        context: Mapping[str, Any],
        *,
        images: str = "",
        chunks: bool = False,
        template: str = "page.html.jinja",
        scripts: Sequence[str] = _SCRIPTS,
        styles: Sequence[str] = _STYLES,
    ) -> None:
        super().__init__()
        self.template, self.scripts, self.styles = template, tuple(scripts), tuple(styles)
        self._id = "page"
        self.context = context
        self.images = images
        self.chunks = chunks
        self.header = OfflineHead()
        self.header._parent = self  # noqa: SLF001 (as Figure itself does)

    def render(self, **kwargs: Any) -> str:  # noqa: ANN401 (the base's signature)
        """Write the page."""
        for child in self._children.values():
            child.render(**kwargs)
        head = self.header.collect()
        styles = [*head.styles, *map(read_asset, self.styles)]
        starts = [self.script.render(**kwargs)]
        scripts = [*head.scripts, *map(read_asset, self.scripts), *starts]
        return (
            _environment()
            .get_template(self.template)
            .render(
                **self.context,
                policy=_policy(styles, scripts, images=self.images, chunks=self.chunks),
                styles=[Markup(_closed(text)) for text in styles],  # noqa: S704 (our own assets)
                scripts=[Markup(_closed(text)) for text in scripts],  # noqa: S704 (our own assets)
                map_container=Markup(self.html.render(**kwargs)),  # noqa: S704 (no data in it)
            )
        )


class ClosedPage(Figure):  # type: ignore[misc]
    """A figure that writes a page of a template of ours; no request of any kind may leave it.

    Parameters
    ----------
    context
        What the template is given beside the map: text is escaped there.
    package, template
        Where the template stands.
    styles, scripts
        Assets after those of the map, in the order that they need each other.
    """

    def __init__(
        self,
        context: Mapping[str, Any],
        *,
        package: str,
        template: str,
        styles: Sequence[str],
        scripts: Sequence[str],
    ) -> None:
        super().__init__()
        self._id = "page"
        self.context = context
        self.template_place = (package, template)
        self.assets = (tuple(styles), tuple(scripts))
        self.header = OfflineHead()
        self.header._parent = self  # noqa: SLF001 (as Figure itself does)

    def render(self, **kwargs: Any) -> str:  # noqa: ANN401 (the base's signature)
        """Write the page."""
        for child in self._children.values():
            child.render(**kwargs)
        head = self.header.collect()
        own_styles, own_scripts = self.assets
        styles = [*head.styles, *map(read_asset, own_styles)]
        scripts = [*head.scripts, *map(read_asset, own_scripts), self.script.render(**kwargs)]
        package, template = self.template_place
        return (
            _environment(package)
            .get_template(template)
            .render(
                **self.context,
                policy=_policy(styles, scripts, images="", chunks=False),
                styles=[Markup(_closed(text)) for text in styles],  # noqa: S704 (our own assets)
                scripts=[Markup(_closed(text)) for text in scripts],  # noqa: S704 (our own assets)
                map_container=Markup(self.html.render(**kwargs)),  # noqa: S704 (no data in it)
            )
        )


class _RegionMap(folium.Map):  # type: ignore[misc]
    """Folium's map without the libraries that this page has no use for."""

    default_js = [link for link in folium.Map.default_js if link[0] not in _NOT_NEEDED]  # noqa: RUF012 (as the base)
    default_css = [link for link in folium.Map.default_css if link[0] not in _NOT_NEEDED]  # noqa: RUF012 (as the base)


class _Start(MacroElement):  # type: ignore[misc]
    """Hand the map to our own script, which reads the data block."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "planner.start({{ this._parent.get_name() }});"
        "{% endmacro %}"
    )


def region_map(*, south_west: tuple[float, float], north_east: tuple[float, float]) -> folium.Map:
    """Make the Folium map, without tiles: nothing is asked of the network.

    Parameters
    ----------
    south_west, north_east
        Corners of the territory, latitude then longitude in degrees.
    """
    shell = _RegionMap(
        location=[(a + b) / 2 for a, b in zip(south_west, north_east, strict=True)],
        tiles=None,
        zoom_start=8,
        zoom_control=False,
        # without tiles Folium leaves these to Leaflet, under Leaflet's names
        minZoom=6,
        maxZoom=18,
        zoomSnap=0.25,
        attributionControl=False,
    )
    shell._id = "region"  # noqa: SLF001 (Folium draws it at random)
    start = _Start()
    start._id = "start"  # noqa: SLF001 (same)
    shell.add_child(start)
    return shell


def _policy(styles: list[str], scripts: list[str], *, images: str, chunks: bool) -> str:
    allowed = [_hash(text) for text in scripts] + (["'self'", "file:"] if chunks else [])
    return "; ".join(
        [
            "default-src 'none'",
            "connect-src 'none'",
            f"img-src data: {images}".rstrip(),
            "font-src data:",
            "script-src " + " ".join(allowed),
            "style-src " + " ".join(_hash(text) for text in styles),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(_closed(text).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _closed(text: str) -> str:
    """Refuse what would end the block that it stands in."""
    if re.search(r"</(?:script|style)|<!--", text, re.IGNORECASE):
        raise UnknownAssetError(f"an asset can't stand inline: {text[:60]!r}")
    return text


@cache
def _environment(package: str = "planner.export.map") -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
