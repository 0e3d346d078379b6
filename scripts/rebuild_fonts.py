"""Rebuild the vendored font of the dossiers and figures from the package that it comes from.

Asks the network: the package is fetched with ``npm pack`` in the version named here.

    python scripts/rebuild_fonts.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FONTS = Path(__file__).resolve().parents[1] / "planner" / "export" / "fonts"
PACKAGE, VERSION, LICENCE = "source-sans", "3.52.0", "OFL-1.1"
MEMBERS = {
    "SourceSans3-Regular.ttf": "TTF/SourceSans3-Regular.ttf",
    "SourceSans3-It.ttf": "TTF/SourceSans3-It.ttf",
    "SourceSans3-Semibold.ttf": "TTF/SourceSans3-Semibold.ttf",
    "source-sans.LICENSE": "LICENSE.md",
}


def main() -> int:
    """Fetch, unpack, write the manifest; return 0 when done."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True, capture_output=True
        )
        with tarfile.open(Path(folder) / f"{PACKAGE}-{VERSION}.tgz") as tar:
            for name, member in MEMBERS.items():
                file = tar.extractfile(f"package/{member}")
                if file is None:
                    raise FileNotFoundError(member)
                raw = file.read()
                (FONTS / name).write_bytes(raw)
                rows.append(
                    f'[[asset]]\nfile = "{name}"\npackage = "{PACKAGE}"\nversion = "{VERSION}"\n'
                    f'member = "{member}"\nlicence = "{LICENCE}"\n'
                    f'sha256 = "{hashlib.sha256(raw).hexdigest()}"\n'
                )
    head = "# Written by scripts/rebuild_fonts.py: don't edit.\n\n"
    (FONTS / "fonts.toml").write_text(head + "\n".join(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
