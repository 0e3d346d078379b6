"""Read a ballot that a bulletin of concertation saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from planner.errors import DataFileError
from planner.texts import Message

__all__ = ["BULLETIN_EDITION", "BULLETIN_FORMAT", "BulletinFile", "BulletinWish", "read_bulletin"]

BULLETIN_FORMAT: Final = "fibre-planner/bulletin"
BULLETIN_EDITION: Final = 1
_STANCES: Final = {None: None, "required": "required", "refused": "refused"}
_TEXTS: Final = (
    "epci_siren", "scenario", "version", "sectors_sha256", "rules_sha256", "signature",
)  # fmt: skip
_SHOWN: Final = 5
_BIGGEST: Final = 10_000_000  # bytes; a ballot of a thousand sectors has a hundred thousand


@dataclass(frozen=True, kw_only=True)
class BulletinWish:
    """What is written beside one sector: a rank, ``required`` or ``refused``, or several."""

    sector_id: str
    rank: int | None
    stance: Literal["required", "refused"] | None


@dataclass(frozen=True, kw_only=True)
class BulletinFile:
    """A ballot as the page saved it.

    Parameters
    ----------
    file
        Name of the file.
    epci_siren
        Who votes.
    contact
        Who filled it in, as they wrote it; empty when they didn't.
    scenario, version
        The question that it answers.
    sectors_sha256, rules_sha256, signature
        Checksums of the sheet that it was made on.
    wishes
        What is written, in the order of the file.
    lines, net_cents
        What the page said that it comes to; None when it didn't.
    """

    file: str
    epci_siren: str
    contact: str
    scenario: str
    version: str
    sectors_sha256: str
    rules_sha256: str
    signature: str
    wishes: tuple[BulletinWish, ...]
    lines: int | None
    net_cents: int | None


def read_bulletin(path: str | Path) -> BulletinFile:
    """Read a ballot that a bulletin saved.

    Raises
    ------
    DataFileError
        When the file is missing, isn't a ballot, is of a later edition, or holds a wish that can't
        be; every wrong wish is named.
    """
    place = Path(path)
    values = _values(place)
    if values.get("edition") != BULLETIN_EDITION:
        raise _failure("edition", place, edition=str(values.get("edition")), known=BULLETIN_EDITION)
    broken = [name for name in _TEXTS if not isinstance(values.get(name), str)]
    if broken:
        raise _failure("incomplete", place, keys=", ".join(broken))
    comes_to = values.get("comes_to")
    shown: Mapping[str, Any] = comes_to if isinstance(comes_to, dict) else {}
    contact = values.get("contact")
    return BulletinFile(
        file=place.name,
        contact=" ".join(contact.split()) if isinstance(contact, str) else "",
        wishes=_wishes(values.get("wishes"), place),
        lines=_whole(shown.get("lines")),
        net_cents=_whole(shown.get("net_cents")),
        **{name: values[name] for name in _TEXTS},
    )


def _values(place: Path) -> Mapping[str, Any]:
    try:
        if place.stat().st_size > _BIGGEST:
            raise _failure("not_a_ballot", place)
        values = json.loads(place.read_bytes().decode("utf-8-sig"))
    except OSError:
        raise _failure("missing", place) from None
    except (ValueError, RecursionError):
        raise _failure("not_a_ballot", place) from None
    if not isinstance(values, dict) or values.get("format") != BULLETIN_FORMAT:
        raise _failure("not_a_ballot", place)
    return values


def _wishes(rows: Any, place: Path) -> tuple[BulletinWish, ...]:  # noqa: ANN401 (as JSON has it)
    if not isinstance(rows, list):
        raise _failure("incomplete", place, keys="wishes")
    wishes, wrong, seen = [], [], set()
    for number, row in enumerate(rows, start=1):
        wish = _wish(row)
        if wish is None or wish.sector_id in seen:
            wrong.append(str(number) if wish is None else f"{number} ({wish.sector_id})")
            continue
        seen.add(wish.sector_id)
        wishes.append(wish)
    if wrong:
        listed = ", ".join(wrong[:_SHOWN]) + (", …" if len(wrong) > _SHOWN else "")
        raise _failure("wrong_wishes", place, count=len(wrong), rows=listed)
    return tuple(wishes)


def _wish(row: Any) -> BulletinWish | None:  # noqa: ANN401 (as JSON has it)
    """Return a wish, None when it can't be one."""
    if not isinstance(row, dict) or not isinstance(row.get("sector_id"), str):
        return None
    rank, stance = row.get("rank"), row.get("stance")
    if not isinstance(stance, str | None) or stance not in _STANCES:
        return None
    if rank is not None and (_whole(rank) is None or rank < 1):
        return None
    return BulletinWish(sector_id=row["sector_id"], rank=rank, stance=stance)  # type: ignore[arg-type]


def _whole(value: Any) -> int | None:  # noqa: ANN401 (as JSON has it)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _failure(key: str, place: Path, **values: object) -> DataFileError:
    return DataFileError(
        Message.of(f"bulletin.file_{key}", file=place.name, **values),
        Message.of(f"bulletin.file_{key}_remedy", **values),
    )
