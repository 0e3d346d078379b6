"""What the bytes of a Shapefile say of its count and of its encoding."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Self

from planner.findings import Finding
from planner.io.files import ENCODINGS, read_bytes
from planner.vocab import Severity

__all__ = ["ShapefileParts"]

_DBF_COUNT: Final = struct.Struct("<4xI")
_DBF_FIELD_BYTES: Final = 32  # of the header, and of each field in it
_DBF_NAME_BYTES: Final = 11
_SHX_HEADER_BYTES: Final = 100
_SHX_RECORD_BYTES: Final = 8


@dataclass(frozen=True, kw_only=True)
class ShapefileParts:
    """The table, the size of the index and the declared encoding of a Shapefile.

    Parameters
    ----------
    dbf
        Bytes of the ``.dbf``.
    shx_bytes
        Size of the ``.shx``.
    declared
        Text of the ``.cpg``, empty without one.
    """

    dbf: bytes
    shx_bytes: int
    declared: str

    @classmethod
    def read(cls, path: Path, member: str | None) -> Self:
        """Read them beside ``path``, or beside its ``member`` in a ZIP."""
        parts = {".dbf": b"", ".shx": b"", ".cpg": b""}
        if member is None:
            for part in path.parent.iterdir():
                if part.stem == path.stem and part.suffix.lower() in parts:
                    parts[part.suffix.lower()] = read_bytes(part)
        else:
            stem = member[: -len(".shp")]
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            for name in names:
                suffix = PurePosixPath(name).suffix.lower()
                if name[: -len(suffix) or None] == stem and suffix in parts:
                    parts[suffix] = read_bytes(path, member=name)
        declared = parts[".cpg"].decode("ascii", "replace").strip()
        return cls(dbf=parts[".dbf"], shx_bytes=len(parts[".shx"]), declared=declared)

    @property
    def count(self) -> int:
        """Records declared by the table and by the index, whichever has more."""
        in_table = _DBF_COUNT.unpack_from(self.dbf)[0] if len(self.dbf) >= _DBF_COUNT.size else 0
        in_index = max(0, self.shx_bytes - _SHX_HEADER_BYTES) // _SHX_RECORD_BYTES
        # a damaged header can declare billions: no more rows than bytes to hold them
        return max(min(in_table, len(self.dbf)), in_index)

    def _text(self) -> bytes:
        """Return the names of the columns and the rows, without the numbers of the header."""
        start = int.from_bytes(self.dbf[8:10], "little")
        names = (
            self.dbf[at : at + _DBF_NAME_BYTES].split(b"\x00")[0]
            for at in range(_DBF_FIELD_BYTES, start - 1, _DBF_FIELD_BYTES)
        )
        return b"\n".join(names) + self.dbf[start:]

    def find_encoding(self, file: str, asked: str | None) -> tuple[str | None, tuple[Finding, ...]]:
        """Return the encoding to read with, and what to say of it."""
        if asked is not None or self.dbf.isascii():
            return asked, ()
        text = self._text()
        if text.isascii():
            return None, ()
        found = next(name for name in ENCODINGS if _decodes(text, name))
        declared = _python_name(self.declared)
        if declared == found or (declared and found != "utf-8" and _decodes(text, declared)):
            return declared, ()
        rule, severity = "io.encoding_found", Severity.INFO
        if declared:
            rule, severity = "io.encoding_wrong", Severity.WARNING
        finding = Finding.of(
            rule, severity=severity, table="", place=file, encoding=found, declared=self.declared
        )
        return found, (finding,)


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except (ValueError, LookupError):
        return False
    return True


def _python_name(declared: str) -> str | None:
    """Return Python's name of what a ``.cpg`` declares; None when it declares nothing known."""
    folded = declared.lower().replace(" ", "").replace("_", "-")
    named = {"utf8": "utf-8", "1252": "cp1252", "88591": "latin-1", "iso-8859-1": "latin-1"}
    name = named.get(folded, folded)
    return name if name and _decodes(b"", name) else None
