"""Limits that a process takes before it works on what a stranger gave: time, memory, size of files.

What the system does not have (``prctl`` outside of Linux, a limit of memory on some) is left out; the others hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

__all__ = ["address_space_mb", "bounded", "end_with_parent", "keep_memory_private", "limit_time", "resident_mb",
           "set_limits"]

_MEGA = 1024 * 1024
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_GONE = 1                       # exit code of a process whose parent has ended before it began
_bounded = False


def bounded() -> bool:
    """Whether this process has limits."""
    return _bounded


def set_limits(*, memory_mb: int, file_mb: int, processor_s: int | None = None) -> None:
    """Take these limits for this process, for good; beyond them the system ends it or refuses memory.

    Args:
        memory_mb: address space.
        file_mb: the largest file that may be written.
        processor_s: seconds of processor time; None for no limit.
    """
    global _bounded
    limits = [(resource.RLIMIT_AS, memory_mb * _MEGA), (resource.RLIMIT_FSIZE, file_mb * _MEGA),
              (resource.RLIMIT_CORE, 0)]
    if processor_s is not None:
        limits.append((resource.RLIMIT_CPU, processor_s))
    for what, value in limits:
        _, hard = resource.getrlimit(what)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (ceiling, ceiling))
    _bounded = True


def address_space_mb() -> int:
    """The address space that this process has now, which :func:`set_limits` counts; 0 where the system does not tell.
    """
    return _now_mb(0)


def resident_mb() -> int:
    """The memory that this process holds now; 0 where the system does not tell. (The peak would count its parent's.)"""
    return _now_mb(1)


def _now_mb(field: int) -> int:
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[field]) * resource.getpagesize() >> 20
    except (OSError, ValueError, IndexError):
        return 0


def limit_time(seconds: int) -> None:
    """Have the system end this process after so many seconds more of processor time, whatever it is doing then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def keep_memory_private() -> None:
    """Have the system write no image of this process's memory, and let no other process of its user look into it."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_parent(parent: int, *, clock_s: int | None = None) -> None:
    """Have the system end this process when its parent ends, and on the clock whoever lives.

    Args:
        parent: the process whose child this one is; where it has ended already, this one does so now.
        clock_s: seconds on the clock; None for no such end.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if clock_s is not None:
        signal.alarm(clock_s)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(_GONE)
