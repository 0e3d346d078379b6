"""Steiner instances in the PACE and SteinLib text format (``.gr``, ``.stp``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planner.errors import DataFileError
from planner.io.files import decode, file_failure, read_bytes
from planner.texts import Message

__all__ = ["SteinerInstance", "read_steinlib"]

_EDGES: Final = {"e", "a"}
_WORDS: Final = {
    "graph": {"nodes": 1, "edges": 1, "arcs": 1, "e": 3, "a": 3},
    "terminals": {"terminals": 1, "t": 1, "root": 1, "rootp": 1},
}
_NEEDED: Final = ("graph", "terminals")


@dataclass(frozen=True, kw_only=True, eq=False)
class SteinerInstance:
    """Nodes to connect in a graph.

    Attributes
    ----------
    file
        Name of the file.
    node_count
        Number of nodes, from 0 here (the file counts from 1).
    u, v, weight
        Ends and weight of each edge, int64, in the order of the file.
    terminals
        Nodes to connect, sorted, each once.
    """

    file: str
    node_count: int
    u: NDArray[np.int64]
    v: NDArray[np.int64]
    weight: NDArray[np.int64]
    terminals: NDArray[np.int64]


def read_steinlib(path: Path | str) -> SteinerInstance:
    """Read an instance; sections other than *Graph* and *Terminals* are skipped.

    Raises
    ------
    DataFileError
        When the file can't be read, a line is not of the format, a node is not announced, or the
        file holds fewer or more edges or terminals than it says.
    """
    path = Path(path)
    file = path.name
    if not path.is_file():
        raise file_failure("missing_file", file=str(path))
    content = read_bytes(path)
    text = decode(content, file=file).content.decode("utf-8")
    section, ended = "", set[str]()
    parsed = _Parsed(file)
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        head = words[0].lower()
        if head == "section":
            section = words[1].lower() if len(words) > 1 else ""
        elif head in {"end", "eof"}:
            ended.add(section)
            section = ""
        elif section in _WORDS and not parsed.take(section, head, words[1:]):
            raise DataFileError(
                Message.of(
                    "steiner.steinlib_line",
                    file=file,
                    line=number,
                    text=line.strip()[:60],
                    section=section.title(),
                ),
                Message.of("steiner.steinlib_line_remedy"),
            )
    for needed in _NEEDED:
        if needed not in ended:
            raise DataFileError(
                Message.of("steiner.steinlib_part", file=file, section=needed.title()),
                Message.of("steiner.steinlib_part_remedy"),
            )
    return parsed.finish()


class _Parsed:
    """What the lines read so far say."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.said: dict[str, int] = {}
        self.edges: list[tuple[int, int, int]] = []
        self.terminals: list[int] = []

    def take(self, section: str, head: str, words: list[str]) -> bool:
        """Understand a line; return False when it isn't of the format."""
        values = _whole(words)
        if values is None or _WORDS[section].get(head) != len(values):
            return False
        last = self.said.get("nodes", 0)
        if head in _EDGES:
            a, b, weight = values
            self.edges.append((a - 1, b - 1, weight))
            return 0 < a <= last and 0 < b <= last and weight >= 0
        if head == "t":
            self.terminals.append(values[0] - 1)
            return 0 < values[0] <= last
        self.said["edges" if head == "arcs" else head] = values[0]
        return True

    def finish(self) -> SteinerInstance:
        """Compare what was announced with what was found."""
        for what, found in (("edges", len(self.edges)), ("terminals", len(self.terminals))):
            said = self.said.get(what, found)
            if said != found:
                raise DataFileError(
                    Message.of(
                        "steiner.steinlib_count", file=self.file, what=what, said=said, found=found
                    ),
                    Message.of("steiner.steinlib_count_remedy"),
                )
        table = np.array(self.edges, dtype=np.int64).reshape(-1, 3)
        return SteinerInstance(
            file=self.file,
            node_count=self.said.get("nodes", 0),
            u=table[:, 0],
            v=table[:, 1],
            weight=table[:, 2],
            terminals=np.unique(np.array(self.terminals, dtype=np.int64)),
        )


def _whole(words: list[str]) -> list[int] | None:
    """Read whole numbers; None where a word isn't one."""
    try:
        return [int(word) for word in words]
    except ValueError:
        return None
