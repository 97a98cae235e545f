"""Writes a file so that it is never half there: beside its place, then moved to it."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress


def write(path: str, data: bytes) -> None:
    """Puts these bytes in a file's place, with the mode and the owner of the one that was there. Raises `OSError`.

    A device or a pipe is written to as it is; a file that nobody may write is refused, though its folder would let it
    be replaced.
    """
    before = _found(path)
    if before is not None and not stat.S_ISREG(before.st_mode):
        with open(path, "wb") as file:
            file.write(data)
        return
    if before is not None and not (before.st_mode & 0o222 and os.access(path, os.W_OK)):
        raise PermissionError(0, "is read-only")
    folder, name = os.path.split(path)
    handle, beside = tempfile.mkstemp(prefix=f".{name[:100]}.", dir=folder or os.curdir)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, before.st_mode & 0o7777 if before is not None else 0o666 & ~_umask())
        if before is not None and hasattr(os, "chown") and os.stat(beside)[4:6] != before[4:6]:
            with suppress(OSError):  # only who may give files away can keep their owner
                os.chown(beside, before.st_uid, before.st_gid)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _found(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
