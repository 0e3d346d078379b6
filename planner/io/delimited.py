"""Text tables (CSV): separator and encoding found, every cell kept as text.

A record with too many or too few fields is set aside; a quotation mark that is never closed can't
swallow the lines after it: the file is then read line by line, and that is a finding.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from planner.errors import ContractError
from planner.findings import Finding
from planner.io.files import decode, file_failure
from planner.io.intake import Broken
from planner.io.layers import RawLayer, numbered
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["DelimitedSource"]

_SEPARATORS: Final = (";", ",", "\t", "|")
_BLOCK_BYTES: Final = 1 << 24
_QUOTE: Final = b'"'
_FIRST_LINE: Final = re.compile(rb"[\r\n]*([^\r\n]+)(?:\r\n|\r|\n|$)")
_INK: Final = re.compile(rb"\S")


@dataclass(frozen=True, kw_only=True)
class DelimitedSource:
    """An open CSV file.

    Parameters
    ----------
    file
        Name of the file.
    columns
        Names in the header, stripped.
    separator
        The separator found in the header.
    content, start
        The text as UTF-8, and where the rows begin in it: half a gigabyte is not copied.
    encoding
        The encoding of the file.
    plain
        Whether the text is plain ASCII, so that the encoding doesn't matter.
    """

    file: str
    columns: tuple[str, ...]
    separator: str
    content: bytes
    start: int
    encoding: str
    plain: bool
    crs: str | None = None
    has_geometry: bool = False

    @classmethod
    def open(cls, content: bytes, *, file: str, encoding: str | None = None) -> Self:
        """Read the header.

        Raises
        ------
        DataFileError
            When the file is empty, isn't text, or the encoding given can't read it.
        """
        text = decode(content, file=file, encoding=encoding)
        line, start = _find_header(text.content)
        if not line.strip():
            raise file_failure("empty_file", file=file)
        separator = max(_SEPARATORS, key=lambda mark: (_outside_quotes(line, mark), mark == ";"))
        names = next(csv.reader(io.StringIO(line), delimiter=separator))
        return cls(
            file=file, columns=tuple(name.strip() for name in names), separator=separator,
            content=text.content, start=start, encoding=text.encoding, plain=text.ascii,
        )  # fmt: skip

    def read(self, wanted: Sequence[str]) -> RawLayer:
        """Read these columns as text.

        Raises
        ------
        ContractError
            When two columns have one of these names.
        """
        twice = sorted({name for name in wanted if self.columns.count(name) > 1})
        if twice:
            values = {"file": self.file, "columns": ", ".join(twice)}
            raise ContractError(
                Message.of("io.twice_named", **values),
                Message.of("io.twice_named_remedy", **values),
            )
        which = [self.columns.index(name) for name in wanted]
        parsed, quotes = self._parse(which)
        findings = list(self._encoding_findings())
        if not quotes:
            findings.append(
                Finding.of(
                    "io.open_quote", severity=Severity.WARNING, table="", place=self.file,
                    count=len(parsed.broken),
                )
            )  # fmt: skip
        names = list(dict.fromkeys(wanted))
        table = parsed.table.select([f"c{self.columns.index(name)}" for name in names])
        return RawLayer(
            table=table.rename_columns(names), rows=parsed.rows, broken=parsed.broken,
            findings=tuple(findings),
        )  # fmt: skip

    @property
    def _has_quotes(self) -> bool:
        return self.content.find(_QUOTE, self.start) >= 0

    def _encoding_findings(self) -> list[Finding]:
        if self.plain or self.encoding == "utf-8":
            return []
        return [
            Finding.of(
                "io.encoding_found", severity=Severity.INFO, table="", place=self.file,
                encoding=self.encoding,
            )
        ]  # fmt: skip

    def _parse(self, which: Sequence[int]) -> tuple[_Parsed, bool]:
        """Parse the body; second, whether quotation marks were understood."""
        parsed = self._parse_once(which, quotes=True)
        if not self._has_quotes:
            return parsed, True
        ends = (self.content.count(end, self.start) for end in (b"\n", b"\r"))
        if parsed.count >= max(ends):  # no row holds several lines
            return parsed, True
        bare = self._parse_once(which, quotes=False)
        fewer_broken = len(bare.broken) < len(parsed.broken)
        if fewer_broken or (len(bare.broken) == len(parsed.broken) and bare.count > parsed.count):
            return bare, False
        return parsed, True

    def _parse_once(self, which: Sequence[int], *, quotes: bool) -> _Parsed:
        broken: list[Broken] = []

        def note(row: Any) -> str:  # noqa: ANN401 (pyarrow's own row)
            broken.append(Broken(int(row.number), "broken_line", "", str(row.text)))
            return "skip"

        if _INK.search(self.content, self.start) is None:
            empty = pa.table({f"c{i}": pa.array([], pa.string()) for i in sorted(set(which))})
            return _Parsed(table=empty, rows=numbered(0), broken=())
        try:
            table = self._arrow(which, quotes=quotes, handler=None)
        except pa.ArrowInvalid:
            try:
                table = self._arrow(which, quotes=quotes, handler=note)
            except pa.ArrowException as error:
                raise file_failure("unreadable", file=self.file, detail=str(error)) from error
        every = numbered(table.num_rows + len(broken))
        rows = np.delete(every, [b.row - 1 for b in broken])
        if not quotes:
            table = pa.table({name: _unquoted(table[name]) for name in table.column_names})
        return _Parsed(table=table, rows=rows, broken=tuple(broken))

    def _arrow(self, which: Sequence[int], *, quotes: bool, handler: Any) -> pa.Table:  # noqa: ANN401
        names = [f"c{i}" for i in range(len(self.columns))]
        include = [f"c{i}" for i in sorted(set(which))] or names[:1]
        return pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(self.content).slice(self.start)),
            read_options=pyarrow.csv.ReadOptions(
                column_names=names,
                block_size=max(_BLOCK_BYTES, len(self.content)) if handler else _BLOCK_BYTES,
                use_threads=handler is None,  # only one thread numbers the broken lines
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self.separator,
                quote_char='"' if quotes else False,
                newlines_in_values=quotes and self._has_quotes,
                invalid_row_handler=handler,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=include,
                column_types=dict.fromkeys(include, pa.string()),
                strings_can_be_null=False,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class _Parsed:
    table: pa.Table
    rows: np.ndarray[Any, np.dtype[np.int64]]
    broken: tuple[Broken, ...]

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.broken)


def _find_header(text: bytes) -> tuple[str, int]:
    """Return the first line that isn't blank, and where the next one begins."""
    header = _FIRST_LINE.match(text)
    if header is None:
        return "", len(text)
    return header[1].decode(), header.end()


def _outside_quotes(line: str, mark: str) -> int:
    return sum(part.count(mark) for part in line.split('"')[::2])


def _unquoted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(column, pattern=r'^\s*"(.*)"\s*$', replacement=r"\1")
