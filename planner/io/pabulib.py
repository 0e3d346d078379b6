"""Elections in the format of pabulib (``.pb``): three tables of cells between semicolons.

``META`` holds keys and values, ``PROJECTS`` a row for each project with its cost, ``VOTES`` a row
for each voter with the projects named, and their points.  Every column is kept, known or not; costs
and points are exact (a decimal is a fraction), so that reading and writing lose nothing.

Source of the format: "PB-format" as published by pabulib (Faliszewski et al., *Participatory
budgeting: data, tools, and analysis*, 2023).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Final

from planner.errors import DataFileError
from planner.findings import Finding, Findings
from planner.io.files import decode, file_failure, read_bytes
from planner.texts import Message, say
from planner.vocab import Severity

__all__ = [
    "SECTIONS",
    "VOTE_TYPES",
    "PabulibFile",
    "PabulibProject",
    "PabulibVote",
    "parse_pabulib",
    "read_pabulib",
]

SECTIONS: Final = ("META", "PROJECTS", "VOTES")
VOTE_TYPES: Final = ("approval", "choose-1", "ordinal", "cumulative", "scoring")
_WITH_POINTS: Final = ("cumulative", "scoring")
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2},\d{3}")
"""A decimal by the rules of the format, which reads like whole thousands."""
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,2})?")
_SECTION: Final = re.compile(r"[A-Z][A-Z_]{2,}")
_HEADER: Final = re.compile(r"[A-Za-z_ ]*")
_ABSENT: Final = "none"
_AT_LEAST: Final = frozenset({"fewer_named", "cheaper_named", "fewer_points", "lower_points"})
_SHOWN: Final = 20
_LONGEST_CELL: Final = 1 << 24


@dataclass(frozen=True, kw_only=True)
class PabulibProject:
    """One row of ``PROJECTS``: ``cells`` holds every column as written, by name."""

    project_id: str
    cost: Fraction
    cells: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PabulibVote:
    """One row of ``VOTES``.

    Parameters
    ----------
    voter_id
        As written; some files give one twice.
    named
        Projects in the order of the ballot, each once.
    points
        Their points, for ``cumulative`` and ``scoring``; else empty.
    cells
        Every column as written, by name.
    """

    voter_id: str
    named: tuple[str, ...]
    points: tuple[Fraction, ...]
    cells: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PabulibFile:
    """A whole file.

    Parameters
    ----------
    meta
        Keys and values in their order.
    vote_type
        One of :data:`VOTE_TYPES`.
    budget
        In the currency of the file.
    project_columns, vote_columns
        Names of the columns in their order.
    projects, votes
        The rows in their order.
    others
        Sections that the format doesn't know (demographics…), as cells: kept, counted by no rule.
    findings
        What is legal but strange; not compared.
    """

    meta: Mapping[str, str]
    vote_type: str
    budget: Fraction
    project_columns: tuple[str, ...]
    projects: tuple[PabulibProject, ...]
    vote_columns: tuple[str, ...]
    votes: tuple[PabulibVote, ...]
    others: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings, compare=False)


def read_pabulib(path: str | Path) -> PabulibFile:
    """Read an election.

    Parameters
    ----------
    path
        A ``.pb`` file, as it is or compressed with gzip; UTF-8, with or without its mark.

    Raises
    ------
    DataFileError
        When the file is missing or isn't such an election; every broken row is named at once.
    """
    place = Path(path)
    if not place.is_file():
        raise file_failure("missing_file", file=place.name)
    text = decode(read_bytes(place), file=place.name).content.decode()
    return parse_pabulib(text, file=place.name)


def parse_pabulib(text: str, *, file: str = "") -> PabulibFile:
    """Read an election from its text.

    Raises
    ------
    DataFileError
        When it isn't such an election; every broken row is named at once.
    """
    sections = _sections(text, strict=True)
    if any(name not in sections for name in SECTIONS):  # a quotation mark that is never closed
        return _parsed(_sections(text, strict=False), file)
    try:
        return _parsed(sections, file)
    except DataFileError as error:
        if '"' not in text:
            raise
        try:  # such a mark may swallow a few rows only
            return _parsed(_sections(text, strict=False), file)
        except DataFileError:
            raise error from None


def _parsed(sections: Mapping[str, list[_Row]], file: str) -> PabulibFile:
    missing = [name for name in SECTIONS if name not in sections]
    if missing:
        raise _failure("no_section", file=file, sections=", ".join(missing))
    problems = _Problems(file)
    meta = _meta(sections["META"], problems)
    vote_type = meta.get("vote_type", "").casefold()
    if vote_type not in VOTE_TYPES:
        problems.note(0, "vote_type", value=vote_type or "—", known=", ".join(VOTE_TYPES))
    budget = _number(meta.get("budget", ""))
    if budget is None or budget < 0:
        problems.note(0, "budget", value=meta.get("budget", "—"))
    project_columns, project_rows = _table(sections["PROJECTS"], "PROJECTS", problems)
    vote_columns, vote_rows = _table(sections["VOTES"], "VOTES", problems)
    whole = _has(project_columns, ("project_id", "cost"), "PROJECTS", problems)
    needed = ("voter_id", "vote", *(("points",) if vote_type in _WITH_POINTS else ()))
    whole &= _has(vote_columns, needed, "VOTES", problems)
    if not whole or vote_type not in VOTE_TYPES:  # the rows can't be read without these
        problems.stop()
    projects = tuple(_projects(project_rows, problems))
    known = {cells["project_id"] for _, cells in project_rows}
    votes = tuple(_votes(vote_rows, known, vote_type, problems))
    problems.stop()
    return PabulibFile(
        meta=MappingProxyType(meta),
        vote_type=vote_type,
        budget=budget if budget is not None else Fraction(0),
        project_columns=project_columns,
        projects=projects,
        vote_columns=vote_columns,
        votes=votes,
        others=MappingProxyType(
            {
                name: tuple(tuple(cell.strip() for cell in cells) for _, cells in rows)
                for name, rows in sections.items()
                if name not in SECTIONS
            }
        ),
        findings=_strange(file, meta, set(sections) - set(SECTIONS), projects, votes, problems),
    )


_Row = tuple[int, list[str]]


def _failure(problem: str, /, **values: object) -> DataFileError:
    return DataFileError(
        Message.of(f"pabulib.{problem}", **values),
        Message.of(f"pabulib.{problem}_remedy", **values),
    )


@dataclass
class _Problems:
    """Broken rows, gathered to be told at once; and strange ones, counted."""

    file: str
    found: list[tuple[int, Message]] = field(default_factory=list)
    twice: int = 0

    def note(self, row: int, text: str, /, **values: object) -> None:
        self.found.append((row, Message.of(f"pabulib.{text}", **values)))

    def stop(self) -> None:
        if self.found:
            raise _failure(
                "broken", file=self.file, count=len(self.found), lines=_Lines(self.found)
            )


@dataclass(frozen=True)
class _Lines:
    found: Sequence[tuple[int, Message]]

    def say(self, lang: str = "fr", /) -> str:
        """Put the first broken rows into words, one a line."""
        lines = [
            say("pabulib.row", lang, row=row, problem=problem) if row else problem.say(lang)
            for row, problem in self.found[:_SHOWN]
        ]
        left = len(self.found) - _SHOWN
        if left > 0:
            lines.append(say("contract.more", lang, count=left))
        return "\n".join(f"  {line}" for line in lines)


def _sections(text: str, *, strict: bool) -> dict[str, list[_Row]]:
    """Cut the text in its sections: name to rows, the first of which is the header."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        stream = io.StringIO(text, newline="")
        reader = (
            csv.reader(stream, delimiter=";")
            if strict
            else csv.reader(stream, delimiter=";", quoting=csv.QUOTE_NONE)
        )
        every = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error:
        return {}
    finally:
        csv.field_size_limit(before)
    sections: dict[str, list[_Row]] = {}
    rows: list[_Row] = []
    for place, (line, cells) in enumerate(every):
        first = cells[0].strip()
        alone = not any(cell.strip() for cell in cells[1:])
        following = every[place + 1][1] if place + 1 < len(every) else []
        if alone and (first.upper() in SECTIONS or _is_other_section(cells, following)):
            rows = sections.setdefault(first.upper(), [])
        elif not (alone and first.startswith("#")):
            rows.append((line, cells))
    return sections


def _is_other_section(cells: Sequence[str], following: Sequence[str]) -> bool:
    """Say whether a row names a section that the format doesn't know: a header comes after it."""
    return (
        len(cells) == 1
        and _SECTION.fullmatch(cells[0].strip()) is not None
        and len(following) > 1
        and all(_HEADER.fullmatch(cell.strip()) for cell in following)
    )


def _meta(rows: Sequence[_Row], problems: _Problems) -> dict[str, str]:
    """Return keys and values; a value that holds unquoted semicolons is kept whole."""
    body = rows[1:] if rows and rows[0][1][0].strip().casefold() == "key" else rows
    meta: dict[str, str] = {}
    for line, cells in body:
        key, values = cells[0].strip(), cells[1:]
        while values and not values[-1].strip():  # a spreadsheet makes all rows as long
            values = values[:-1]
        value = ";".join(values).strip()
        if meta.setdefault(key, value) != value:
            problems.note(line, "key_twice", key=key, value=value, first=meta[key])
    return meta


def _table(
    rows: Sequence[_Row], name: str, problems: _Problems
) -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Return the columns, and each row with its cells by name."""
    if not rows:
        problems.note(0, "no_header", section=name)
        return (), []
    header = tuple(cell.strip() for cell in rows[0][1])
    while header and not header[-1]:
        header = header[:-1]
    if len(set(header)) < len(header):
        problems.note(rows[0][0], "column_twice", section=name)
    table = []
    for line, cells in rows[1:]:
        extra = [cell for cell in cells[len(header) :] if cell.strip()]
        if extra:
            problems.note(line, "too_long", found=len(cells), expected=len(header))
        padded = [*cells, *("" for _ in range(len(header) - len(cells)))]
        table.append((line, {k: v.strip() for k, v in zip(header, padded, strict=False)}))
    return header, table


def _has(columns: Sequence[str], wanted: Iterable[str], section: str, problems: _Problems) -> bool:
    missing = [name for name in wanted if name not in columns]
    if missing:
        problems.note(0, "no_column", section=section, columns=", ".join(missing))
    return not missing


def _number(text: str) -> Fraction | None:
    """Read a decimal exactly: with a point or a comma, blanks between thousands left out."""
    plain = re.sub(r"[\s\u00a0\u202f]", "", text)
    if not plain.isascii() or not _NUMBER.fullmatch(plain):
        return None
    return Fraction(plain.replace(",", "."))


def _projects(
    rows: Sequence[tuple[int, dict[str, str]]], problems: _Problems
) -> Iterator[PabulibProject]:
    seen: set[str] = set()
    for line, cells in rows:
        key, cost = cells["project_id"], _number(cells["cost"])
        if not key:
            problems.note(line, "no_id", column="project_id")
        elif key in seen:
            problems.note(line, "project_twice", project=key)
        elif cost is None or cost < 0:
            problems.note(line, "cost", project=key, value=cells["cost"] or "—")
        else:
            yield PabulibProject(project_id=key, cost=cost, cells=MappingProxyType(cells))
        seen.add(key)


def _votes(
    rows: Sequence[tuple[int, dict[str, str]]],
    known: set[str],
    vote_type: str,
    problems: _Problems,
) -> Iterator[PabulibVote]:
    for line, cells in rows:
        named = _parts(cells["vote"], known)
        strange = sorted(set(named) - known)
        if strange:
            problems.note(line, "unknown_project", projects=", ".join(strange[:5]))
            continue
        points: list[Fraction] = []
        if vote_type in _WITH_POINTS:
            numbers = [_number(part) for part in _parts(cells["points"])]
            points = [number for number in numbers if number is not None]
            if len(points) != len(named):
                problems.note(line, "points", named=len(named), value=cells["points"] or "—")
                continue
        once = tuple(dict.fromkeys(named))
        if len(once) < len(named):
            if points:
                problems.note(line, "named_twice")
                continue
            problems.twice += 1
        yield PabulibVote(
            voter_id=cells["voter_id"], named=once, points=tuple(points),
            cells=MappingProxyType(cells),
        )  # fmt: skip


def _parts(cell: str, known: Iterable[str] = ()) -> list[str]:
    """Split a cell; ``None``, which some files write for an absent value, is nothing."""
    parts = [part.strip() for part in cell.split(",") if part.strip()]
    absent = len(parts) == 1 and parts[0].casefold() == _ABSENT and parts[0] not in known
    return [] if absent else parts


def _strange(
    file: str,
    meta: Mapping[str, str],
    others: Iterable[str],
    projects: Sequence[PabulibProject],
    votes: Sequence[PabulibVote],
    problems: _Problems,
) -> Findings:
    found = []

    def note(rule: str, count: int, **values: object) -> None:
        found.append(
            Finding.of(f"pabulib.{rule}", severity=Severity.WARNING, table="votes", place=file,
                       count=count, **values)
        )  # fmt: skip

    for key, there in (("num_projects", len(projects)), ("num_votes", len(votes))):
        said = _number(meta.get(key, ""))
        if said is not None and said != there:
            note(f"{key}", there, said=str(said))
    voters = len({vote.voter_id for vote in votes})
    if voters < len(votes):
        note("voter_twice", len(votes) - voters)
    if problems.twice:
        note("counted_once", problems.twice)
    for rule, count, values in _apart(meta, projects, votes):
        note(rule, count, **values)
    for name in sorted(others):
        note("other_section", 1, section=name)
    default = _number(meta.get("default_score", ""))
    if default:
        note("default_score", 1, value=meta["default_score"])
    return Findings.collect(found)


def _apart(
    meta: Mapping[str, str], projects: Sequence[PabulibProject], votes: Sequence[PabulibVote]
) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Return what the file announces of its ballots and isn't so, and amounts of two readings."""
    for rule, count, bound in _out_of_bounds(meta, projects, votes):
        yield rule, count, {"said": bound}
    wrong = _recounted(projects, votes)
    if wrong:
        yield "recounted", len(wrong), {"projects": ", ".join(wrong[:5])}
    money = [meta.get("budget", ""), *(project.cells["cost"] for project in projects)]
    marked = [text for text in money if _THOUSANDS.fullmatch(text)]
    if marked:
        yield "comma", len(marked), {"value": marked[0], "read": marked[0].replace(",", ".")}


def _out_of_bounds(
    meta: Mapping[str, str], projects: Sequence[PabulibProject], votes: Sequence[PabulibVote]
) -> Iterator[tuple[str, int, str]]:
    """Return each bound of ``META`` that ballots break, how many of them do, and the bound."""
    least, most = meta.get("min_length", ""), meta.get("max_length", "")
    if meta.get("vote_type", "").casefold() == "choose-1":
        least, most = "1", "1"
    cost = {project.project_id: project.cost for project in projects}
    lengths = [Fraction(len(vote.named)) for vote in votes if vote.named]
    costs = [sum((cost[key] for key in vote.named), Fraction(0)) for vote in votes if vote.named]
    sums = [sum(vote.points, Fraction(0)) for vote in votes if vote.points]
    highest = [max(vote.points) for vote in votes if vote.points]
    lowest = [min(vote.points) for vote in votes if vote.points]
    for rule, text, worths in (
        ("fewer_named", least, lengths),
        ("more_named", most, lengths),
        ("cheaper_named", meta.get("min_sum_cost", ""), costs),
        ("dearer_named", meta.get("max_sum_cost", ""), costs),
        ("fewer_points", meta.get("min_sum_points", ""), sums),
        ("more_points", meta.get("max_sum_points", ""), sums),
        ("lower_points", meta.get("min_points", ""), lowest),
        ("higher_points", meta.get("max_points", ""), highest),
    ):
        bound = _number(text)
        if bound is None:
            continue
        broken = sum(worth < bound if rule in _AT_LEAST else worth > bound for worth in worths)
        if broken:
            yield rule, broken, text


def _recounted(projects: Sequence[PabulibProject], votes: Sequence[PabulibVote]) -> list[str]:
    """Return the projects whose ``votes`` column says another number than the ballots do."""
    counts = Counter(key for vote in votes for key in vote.named)
    said = {project.project_id: _number(project.cells.get("votes", "")) for project in projects}
    return [key for key, there in said.items() if there is not None and there != counts[key]]
