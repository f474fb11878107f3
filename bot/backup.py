"""`kadens backup FILE` and `kadens restore FILE`: everything in one file, which fits SQLite and PostgreSQL alike.

The file is gzipped text, readable by its owner only. What is sealed in the database stays sealed in it; everything else
is people's words as they stand there.
"""

import errno
import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bot.settings import Mistake, shown
from storage import archive, schema
from storage.archive import Told, Unfit
from storage.engine import Store
from storage.postgres import patient

LEVEL = 6  # zlib's own balance; a million rows take some seconds more than with 1 and half the place


def utc() -> datetime:
    return datetime.now(UTC)


async def backup(url: str, path: Path, now: Callable[[], datetime] = utc) -> str:
    """Write everything as it stands now into the file; `kadens serve` may go on meanwhile. Returns what was done.

    Under its own name the file is only ever whole. Raises Mistake where that name is taken by something else than a
    backup, or the database cannot be read.
    """
    _there(url)
    _free(path)
    part = path.with_name(f"{path.name}.part")
    store, rows = Store(patient(url)), 0
    try:
        with _written(part) as (packed, raw):
            async for line in archive.lines(store, now()):
                packed.write(line)
                rows += line.startswith(b"[")
            packed.close()
            raw.flush()
            os.fsync(raw.fileno())
            size = raw.tell()
        os.replace(part, path)
        _kept(path.parent)
    except Unfit as unfit:
        raise Mistake(str(unfit)) from None
    except OSError as error:
        raise _about_files(path, error) from None
    finally:
        part.unlink(missing_ok=True)
        await store.close()
    return f"{path} holds {rows} rows of {shown(url)}, {size / 1e6:.1f} MB. Keep it safe: people's words stand in it."


async def restore(url: str, path: Path, replace: bool = False) -> str:
    """Put the backup in the file into the database: all of it or nothing. Returns what was done.

    Raises Mistake where the file is no whole backup, or the database has something in it and `replace` is not said.
    """
    try:
        told = archive.read(_lines(path))
        await archive.restore(url, told, _lines(path), replace)
    except Unfit as unfit:
        raise Mistake(str(unfit)) from None
    except OSError as error:
        raise _about_files(path, error) from None
    rows = f"{told.rows} rows in {len(told.tables)} tables, counted and compared{_since(told)}"
    return f"{shown(url)} holds the backup of {told.made:%Y-%m-%d %H:%M} UTC: {rows}."


def _about_files(path: Path, error: OSError) -> Exception:
    """The database's line can break too: that is told elsewhere."""
    ours = error.filename or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
    return Mistake(f"{path}: {error.strerror}") if ours else error


def _since(told: Told) -> str:
    return "" if told.revision == schema.head() else f", and brought from revision {told.revision} to {schema.head()}"


def _lines(path: Path) -> Iterator[bytes]:
    """Raises Unfit for what is no gzip; a file that cannot be opened raises its OSError."""
    with path.open("rb") as raw, gzip.open(raw) as packed:
        try:
            yield from packed
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Unfit(_broken(error)) from None


def _broken(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "The backup ends too early: it was cut off. It is not used."
    return "That is no backup of Kadens, or it is damaged: it is not used."


def _there(url: str) -> None:
    """Reading an SQLite file that is not there would make one."""
    if url.startswith("sqlite") and not Path(url.partition(":///")[2].partition("?")[0]).exists():
        raise Mistake(f"There is no database {shown(url)}.")


def _free(path: Path) -> None:
    """A backup may take an older one's place, and nothing else's."""
    if not path.exists():
        return
    if path.is_dir():
        raise Mistake(f"{path} is a folder: name a file in it.")
    try:
        first = next(_lines(path), b"")
    except (Unfit, OSError):
        first = b""
    if not first.startswith(b'{"kadens":'):
        raise Mistake(f"{path} is there already, and is no backup: choose another name.")


@contextmanager
def _written(part: Path) -> Iterator[tuple[gzip.GzipFile, IO[bytes]]]:
    part.unlink(missing_ok=True)
    private = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(private, "wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
        yield packed, raw


def _kept(folder: Path) -> None:
    """The name itself is on the disk."""
    if sys.platform == "win32":
        return
    found = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(found)
    finally:
        os.close(found)
