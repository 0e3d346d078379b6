"""The swap of folders: new outputs are built beside the old ones, then take their place.

Whatever kills a run, and whenever, the old outputs or the new ones are whole, and the next run
tidies up.  Files reach the disk before the swap, so that a power cut is no worse than a kill.
Beside the folder ``plan`` there may be, hidden, while a run goes on or after one died:

``.plan.lock``
    Held by the run that writes; the system lets go of it when the process dies.
``.plan.building-????????``
    What is being built, then, after an exchange, the old outputs on their way out.
``.plan.old``
    The old outputs, where the system can't exchange two folders in one step.

A folder is *whole* when it holds ``manifest.json``, which is written last; a folder on its way out
loses its manifest first, so that half of one is never taken for a whole one.  States that a run may
find, and what it does (:func:`recover_folder`):

=======  =============  =======  ==================================================
target   ``.old``       build    action
=======  =============  =======  ==================================================
there    any            any      both go
missing  any            whole    the build takes the place, ``.old`` goes
missing  whole          partial  the old outputs come back, the build goes
missing  partial, none  partial  all go
=======  =============  =======  ==================================================
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from planner.errors import PlannerError
from planner.export.manifest import MANIFEST, is_planner_manifest, listed_outputs
from planner.texts import Message

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FolderError", "recover_folder", "replacing_folder"]

_SHOWN: Final = 5
# What systems and programs leave beside files; it may go with them.
_LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_SIDE_FILES: Final = ("-journal", "-wal", "-shm")
_AT_FDCWD: Final = -100  # linux/fcntl.h: paths are relative to the working folder
_RENAME_EXCHANGE: Final = 2  # linux/fs.h: swap the two paths in one step
_NO_EXCHANGE: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EROFS})


class FolderError(PlannerError, OSError):
    """A folder of outputs can't be written or replaced."""


@contextlib.contextmanager
def replacing_folder(target: str | Path) -> Iterator[Path]:
    """Give a folder to build in, which takes the place of ``target`` when the block ends well.

    Parameters
    ----------
    target
        The folder of outputs: missing, empty, or written by an earlier run.  Parents are made.

    Yields
    ------
    Path
        An empty folder on the same file system.  The block must write ``manifest.json`` in it,
        last.  When the block raises, this folder goes and ``target`` is left as it was.

    Raises
    ------
    FolderError
        When another run is writing there; when the folder holds what no run has written; when it
        can't be written to; or when the block has left no manifest.
    """
    place = Path(os.path.realpath(target))
    with _readable_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        with _readable_errors(place):
            _recover(place)
            _refuse_foreign(place)
            building = Path(tempfile.mkdtemp(prefix=_building_prefix(place), dir=place.parent))
        try:
            yield building
            if not _is_whole(building):
                raise FolderError(
                    Message.of("export.no_manifest", folder=place.name),
                    Message.of("export.no_manifest_remedy"),
                )
            with _readable_errors(place):
                _refuse_foreign(place)  # minutes have passed
                _settle(building)
                building.chmod(0o777 & ~_umask())  # mkdtemp's folder is for its owner alone
                _take_place(building, place)
        finally:
            with contextlib.suppress(OSError):  # the next run tidies up
                _discard(building)


def recover_folder(target: str | Path) -> None:
    """Tidy up after a run that died, as the next run would.

    Parameters
    ----------
    target
        A folder of outputs.

    Raises
    ------
    FolderError
        When a run is writing there.
    """
    place = Path(os.path.realpath(target))
    if not place.parent.is_dir():
        return
    with _locked(place), _readable_errors(place):
        _recover(place)


def _building_prefix(place: Path) -> str:
    return f".{place.name}.building-"


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _is_whole(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def _builds(place: Path) -> list[Path]:
    # tempfile's own eight characters: never a folder that someone else has named
    name = re.compile(re.escape(_building_prefix(place)) + r"[a-z0-9_]{8}")
    return sorted(p for p in place.parent.iterdir() if name.fullmatch(p.name) and p.is_dir())


def _recover(place: Path) -> None:
    old, builds = _old(place), _builds(place)
    whole = [folder for folder in (*builds, old) if _is_whole(folder)]
    if whole and not place.exists():
        whole[0].rename(place)
    for leftover in (*builds, old):
        _discard(leftover)


def _discard(folder: Path) -> None:
    """Delete a folder, its manifest first: half of one must not look whole."""
    if not folder.is_dir():
        return
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder)


def _refuse_foreign(place: Path) -> None:
    """Refuse a place that holds anything which no run has written."""
    if not place.exists():
        return
    if not place.is_dir():
        raise FolderError(
            Message.of("export.not_a_folder", folder=str(place)),
            Message.of("export.other_folder_remedy"),
        )
    if place.is_mount():
        raise FolderError(
            Message.of("export.mount_point", folder=str(place)),
            Message.of("export.mount_point_remedy"),
        )
    present = [
        p.relative_to(place).as_posix()
        for p in place.rglob("*")
        if p.is_symlink() or not p.is_dir()
    ]
    if present and not is_planner_manifest(place / MANIFEST):
        raise FolderError(
            Message.of("export.not_outputs", folder=str(place)),
            Message.of("export.other_folder_remedy"),
        )
    known = {MANIFEST, *listed_outputs(place)} if present else set()
    foreign = sorted(name for name in present if not _is_ours(name, known))
    if foreign:
        raise FolderError(
            Message.of(
                "export.foreign_files", folder=str(place), count=len(foreign),
                files=", ".join(foreign[:_SHOWN]),
            ),
            Message.of("export.foreign_files_remedy"),
        )  # fmt: skip


def _is_ours(name: str, known: set[str]) -> bool:
    if name in known or name.rpartition("/")[2].casefold() in _LITTER:
        return True
    return any(name.endswith(end) and name.removesuffix(end) in known for end in _SIDE_FILES)


def _settle(folder: Path) -> None:
    """Wait until every file is on the disk: a power cut after the swap must find them whole."""
    for path in (*folder.rglob("*"), folder):
        if path.is_dir() and sys.platform == "win32":  # it can't open a folder
            continue
        handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise
        finally:
            os.close(handle)


def _take_place(building: Path, place: Path) -> None:
    """Put ``building`` where ``place`` is; afterwards one of them, or ``.old``, is to discard."""
    if not place.exists():
        building.rename(place)
        return
    if _exchange(building, place):
        return  # the old outputs now bear the name of the build
    old = _old(place)
    place.rename(old)
    try:
        building.rename(place)
    except OSError:
        old.rename(place)
        raise
    with contextlib.suppress(OSError):  # the next run tidies up
        _discard(old)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can; tell whether it was done."""
    renameat2 = _renameat2()
    if renameat2 is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


@cache
def _renameat2() -> ctypes._NamedFuncPointer | None:
    """Return the system's ``renameat2`` (Linux ≥ 3.15, glibc ≥ 2.28), or None without one."""
    if not sys.platform.startswith("linux"):
        return None
    function: ctypes._NamedFuncPointer | None = getattr(
        ctypes.CDLL(None, use_errno=True), "renameat2", None
    )
    if function is None:
        return None
    function.argtypes = (
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    )  # fmt: skip
    function.restype = ctypes.c_int
    return function


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    path = place.with_name(f".{place.name}.lock")
    with _readable_errors(place):
        handle = _lock(path)
    if handle is None:
        raise FolderError(
            Message.of("export.locked", folder=str(place)),
            Message.of("export.locked_remedy"),
        )
    try:
        yield
    finally:
        if sys.platform == "win32":  # an open file can't go there
            os.close(handle)
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            path.unlink(missing_ok=True)
            os.close(handle)


def _lock(path: Path) -> int | None:
    """Return an open, locked file, or None when another run holds it.

    The system drops the lock with the process, so that no stale one can be left; the file may be.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if error.errno in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
                return None
            raise
        if _is_same_file(handle, path):
            return handle
        os.close(handle)  # its last holder has just removed it: take the new one


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _readable_errors(place: Path) -> Iterator[None]:
    """Turn what the system refuses into a failure with its remedy."""
    try:
        yield
    except FolderError:
        raise
    except OSError as error:
        raise FolderError(
            Message.of("export.unwritable", folder=str(place), reason=error.strerror or str(error)),
            Message.of("export.unwritable_remedy"),
        ) from error
