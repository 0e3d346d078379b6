"""Rebuild the vendored libraries of the map from the packages that they come from.

Asks the network: each package is fetched with ``npm pack`` in the version named here.  The files,
their licences and the manifest are written the same each time; ``git diff`` then says what changed.

    python scripts/rebuild_assets.py
"""

from __future__ import annotations

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
    archive = folder / f"{vendored.package}-{vendored.version}.tgz"
    if not archive.exists():
        print(f"npm pack {vendored.package}@{vendored.version}")
        subprocess.run(
            ["npm", "pack", f"{vendored.package}@{vendored.version}"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    text = _without_addresses(_member(archive, vendored.member))
    licence = _member(archive, vendored.licence_file)
    (target / vendored.file).write_text(text, encoding="utf-8", newline="\n")
    (target / f"{vendored.package}.LICENSE").write_text(licence, encoding="utf-8", newline="\n")
    digest = hashlib.sha256(text.encode()).hexdigest()
    names = ", ".join(f'"{name}"' for name in vendored.stands_for)
    print(f"  {vendored.file}: {len(text):,} characters, sha256 {digest[:12]}…")
    return (
        f'[[asset]]\nfile = "{vendored.file}"\npackage = "{vendored.package}"\n'
        f'version = "{vendored.version}"\nmember = "{vendored.member}"\n'
        f'licence = "{vendored.licence}"\nlicence_file = "{vendored.package}.LICENSE"\n'
        f'stands_for = [{names}]\nnote = "{vendored.note}"\nsha256 = "{digest}"\n'
    )


def _member(archive: Path, name: str) -> str:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(f"package/{name}")
        if file is None:
            raise FileNotFoundError(name)
        return file.read().decode("utf-8").replace("\r\n", "\n")


def _without_addresses(text: str) -> str:
    """Drop what would make a browser look for a file beside the page."""
    text = re.sub(r"//# sourceMappingURL=\S*", "", text)
    text = re.sub(r"\s*(?:background-image|behavior): url\([^)]*\);", "", text)
    return text.rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
