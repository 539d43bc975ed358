"""A limit of time on what a stranger's template has done, which says at which line the template was."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

__all__ = ["TimeUp", "time_limit"]


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
