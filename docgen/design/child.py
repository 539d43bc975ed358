"""The child process that reads, checks and draws a kind; see :mod:`docgen.design.contained`.

It takes one order as JSON on stdin: the job, the kind's folder, the limits. It sets its limits first, then reads the
kind. Its answer stands in ``answer.json``: the findings, and what the job adds.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import layouts
from codes.errors import EngineError
from docgen.design.findings import Finding, FindingCode, from_error, to_json
from docgen.design.folder import KindFolder

__all__ = ["TimeUp", "main", "time_limit"]

_ANSWER = "answer.json"


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


def _set_limits(limits: dict[str, Any]) -> None:
    mega = 1024 * 1024
    for what, value in (
        (resource.RLIMIT_CPU, int(limits["whole_s"])), (resource.RLIMIT_AS, limits["memory_mb"] * mega),
        (resource.RLIMIT_FSIZE, limits["file_mb"] * mega), (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (ceiling, ceiling))


def _known(folder: KindFolder, work: Path) -> None:
    """Make a kind that is not installed known under its own code.

    Raises:
        KindError: a kind of that code is installed already.
    """
    if folder.own:
        parent = work / "kinds"
        parent.mkdir()
        (parent / folder.code).symlink_to(folder.path)
        layouts.add_folder(parent)


def _do(order: dict[str, Any], work: Path) -> dict[str, Any]:
    folder = KindFolder(code=order["code"], path=Path(order["path"]), own=order["own"])
    file = f"{folder.code}/pages.xml"
    seconds = float(order["limits"]["drawing_s"])
    try:
        _known(folder, work)
        if order["job"] == "check":
            from docgen.design.checking import check_kind

            return check_kind(folder, drawing_s=seconds, **order["arguments"])
        from docgen.design.preview import draw_preview

        with time_limit(seconds):
            return draw_preview(folder, out=Path(order["out"]), **order["arguments"])
    except EngineError as error:
        findings = from_error(error, file=f"{folder.code}/kind.json")
    except TimeUp as up:
        findings = [time_finding(file, up, seconds)]
    except MemoryError:
        findings = [memory_finding(file, order["limits"]["memory_mb"])]
    except Exception as error:                              # a fault of ours: it is named, not hidden
        findings = [Finding(
            code=FindingCode.BROKEN.value, file=file, zh=f"程序内部错误（{type(error).__name__}：{error}），请报告",
            en=f"an internal error ({type(error).__name__}: {error}); please report it")]
    return {"findings": to_json(findings)}


def time_finding(file: str, up: TimeUp, seconds: float) -> Finding:
    """The finding for a drawing that took too long."""
    return Finding(
        code=FindingCode.TIME.value, file=file, line=up.line or 1,
        zh=f"绘制超过 {seconds:g} 秒，已停止；请检查此处的循环",
        en=f"drawing took more than {seconds:g} s and was stopped; look at the loop here")


def memory_finding(file: str, megabytes: int) -> Finding:
    """The finding for a drawing that took too much memory."""
    return Finding(
        code=FindingCode.MEMORY.value, file=file, zh=f"绘制需要的内存超过 {megabytes} MB，已停止",
        en=f"drawing needs more than {megabytes} MB of memory and was stopped")


def main() -> None:
    """Carry out the one order that stands on stdin; the working folder is the last argument."""
    work = Path(sys.argv[-1])
    order = json.loads(sys.stdin.buffer.read())
    _set_limits(order["limits"])
    answer = _do(order, work)
    (work / _ANSWER).write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
