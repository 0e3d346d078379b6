"""Rebuild the vendored libraries of the map from the packages that they come from.

Asks the network: each package is fetched with ``npm pack`` in the version named here.  The files,
their licences and the manifest are written the same each time; ``git diff`` then says what changed.

    python scripts/rebuild_assets.py
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "planner" / "export" / "assets"
TESTS = ROOT / "tests" / "browser"


@dataclass(frozen=True, kw_only=True)
class Vendored:
    """One file of one package."""

    file: str
    package: str
    version: str
    member: str
    licence: str
    licence_file: str
    stands_for: tuple[str, ...]
    note: str


VENDORED = (
    Vendored(
        file="leaflet.js",
        package="leaflet",
        version="1.9.4",
        member="dist/leaflet.js",
        licence="BSD-2-Clause",
        licence_file="LICENSE",
        stands_for=("leaflet.js",),
        note="without the address of its source map",
    ),
    Vendored(
        file="leaflet.css",
        package="leaflet",
        version="1.9.4",
        member="dist/leaflet.css",
        licence="BSD-2-Clause",
        licence_file="LICENSE",
        stands_for=("leaflet.css",),
        note="without its pictures, which this page doesn't show",
    ),
    Vendored(
        file="tiny-inflate.js",
        package="tiny-inflate",
        version="1.0.3",
        member="index.js",
        licence="MIT",
        licence_file="LICENSE",
        stands_for=(),
        note="given the name tinyInflate; for browsers without DecompressionStream",
    ),
    Vendored(
        file="source-sans-3.css",
        package="@fontsource-variable/source-sans-3",
        version="5.3.1",
        member="files/source-sans-3-latin-wght-normal.woff2",
        licence="OFL-1.1",
        licence_file="LICENSE",
        stands_for=(),
        note="the Latin letters of the font, inside a style",
    ),
)
TEST_ASSETS = (
    Vendored(
        file="axe.min.js",
        package="axe-core",
        version="4.14.1",
        member="axe.min.js",
        licence="MPL-2.0",
        licence_file="LICENSE",
        stands_for=(),
        note="as it is; used by the tests only, no part of the distribution",
    ),
)


def main() -> int:
    """Fetch, cut, write; return 0 when done."""
    with tempfile.TemporaryDirectory() as folder:
        for target, files in ((ASSETS, VENDORED), (TESTS, TEST_ASSETS)):
            rows = [_write(vendored, target, Path(folder)) for vendored in files]
            head = "# Written by scripts/rebuild_assets.py: don't edit.\n\n"
            (target / "assets.toml").write_text(head + "\n".join(rows), encoding="utf-8")
    return 0


def _write(vendored: Vendored, target: Path, folder: Path) -> str:
    name = vendored.package.removeprefix("@").replace("/", "-")
    archive = folder / f"{name}-{vendored.version}.tgz"
    if not archive.exists():
        print(f"npm pack {vendored.package}@{vendored.version}")
        subprocess.run(
            ["npm", "pack", f"{vendored.package}@{vendored.version}"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    text = _as_asset(vendored, _member(archive, vendored.member))
    licence = _text(_member(archive, vendored.licence_file))
    (target / vendored.file).write_text(text, encoding="utf-8", newline="\n")
    (target / f"{name}.LICENSE").write_text(licence, encoding="utf-8", newline="\n")
    digest = hashlib.sha256(text.encode()).hexdigest()
    stood = ", ".join(f'"{name}"' for name in vendored.stands_for)
    print(f"  {vendored.file}: {len(text):,} characters, sha256 {digest[:12]}…")
    return (
        f'[[asset]]\nfile = "{vendored.file}"\npackage = "{vendored.package}"\n'
        f'version = "{vendored.version}"\nmember = "{vendored.member}"\n'
        f'licence = "{vendored.licence}"\nlicence_file = "{name}.LICENSE"\n'
        f'stands_for = [{stood}]\nnote = "{vendored.note}"\nsha256 = "{digest}"\n'
    )


def _member(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(f"package/{name}")
        if file is None:
            raise FileNotFoundError(name)
        return file.read()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8").replace("\r\n", "\n")


def _as_asset(vendored: Vendored, raw: bytes) -> str:
    """Return what the page holds of a member: a script under a name, or a font in its style."""
    if vendored.member.endswith(".woff2"):
        data = base64.b64encode(raw).decode()
        return (
            "@font-face {\n  font-family: 'Source Sans 3 Variable'; font-style: normal;\n"
            "  font-weight: 200 900; font-display: swap;\n"
            f"  src: url(data:font/woff2;base64,{data}) format('woff2');\n}}\n"
        )
    text = _without_addresses(_text(raw))
    if "module.exports" in text and vendored.package == "tiny-inflate":
        return (
            f"var tinyInflate = (function (module) {{\n{text}return module.exports;\n}})({{}});\n"
        )
    return text


def _without_addresses(text: str) -> str:
    """Drop what would make a browser look for a file beside the page."""
    text = re.sub(r"//# sourceMappingURL=\S*", "", text)
    text = re.sub(r"\s*(?:background-image|behavior): url\([^)]*\);", "", text)
    return text.rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
