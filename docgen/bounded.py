"""Limits that a process sets itself before it carries out a stranger's template: time, memory, size of files.

What the system does not have (``prctl`` outside of Linux, a limit of memory on some) is left out; the others hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from types import FrameType

__all__ = ["TimeUp", "bounded", "end_with_parent", "limit_time", "set_limits", "time_limit"]

_MEGA = 1024 * 1024
_PR_SET_PDEATHSIG = 1
_GONE = 1                       # exit code of a process whose parent has ended before it began
_bounded = False


def bounded() -> bool:
    """Whether this process has limits."""
    return _bounded


def set_limits(*, processor_s: int, memory_mb: int, file_mb: int) -> None:
    """Take these limits for this process, for good; beyond them the system ends it or refuses memory.

    Args:
        processor_s: seconds of processor time.
        memory_mb: address space.
        file_mb: the largest file that may be written.
    """
    global _bounded
    for what, value in ((resource.RLIMIT_CPU, processor_s), (resource.RLIMIT_AS, memory_mb * _MEGA),
                        (resource.RLIMIT_FSIZE, file_mb * _MEGA), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(what)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (ceiling, ceiling))
    _bounded = True


def limit_time(seconds: int) -> None:
    """Have the system end this process after so many seconds more of processor time, whatever it is doing then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def end_with_parent(parent: int, *, clock_s: int) -> None:
    """Have the system end this process when its parent ends, and on the clock whoever lives.

    Args:
        parent: the process whose child this one is; where it has ended already, this one does so now.
        clock_s: seconds on the clock.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(clock_s)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(_GONE)


class TimeUp(BaseException):
    """A drawing has used up its time; ``line`` is the line of the template that was being filled in, if one was."""

    def __init__(self, line: int | None) -> None:
        super().__init__(line)
        self.line = line


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what is done here once it has used so many seconds of processor time.

    Raises:
        TimeUp: in the midst of it.
    """
    def stop(_: int, frame: FrameType | None) -> None:
        raise TimeUp(_template_line(frame))

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _template_line(frame: FrameType | None) -> int | None:
    """The line of the Jinja2 template that a frame, or one of its callers, is carrying out."""
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            line: int = template.get_corresponding_lineno(_code_line(frame))
            return line
        frame = frame.f_back
    return None


def _code_line(frame: FrameType) -> int:
    """The line of code in a frame; the last before it where it has none itself, as the jump back in a loop."""
    line = frame.f_code.co_firstlineno
    for start, _, number in frame.f_code.co_lines():
        if start > frame.f_lasti:
            break
        line = number or line
    return line
