"""The child process that reads, checks and draws a kind; see :mod:`docgen.design.contained`.

It takes one order as JSON on stdin: the job, the kind's folder, the limits. It sets its limits first, then reads the
kind. Its answer stands in ``answer.json``: the findings, and what the job adds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import layouts
from certs.process_limits import end_with_parent, set_limits
from codes.errors import EngineError
from docgen.design.findings import Finding, FindingCode, from_error, memory_finding, time_finding, to_json
from docgen.design.folder import KindFolder
from docgen.time_limit import TimeUp, time_limit

__all__ = ["CLOCK", "main"]

CLOCK = 4
"""Seconds on the clock for each of processor time that a child may use: other programs want the machine too."""

_ANSWER = "answer.json"


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
    except layouts.KindError as error:
        from docgen.design.describing import kind_findings

        findings = kind_findings(folder.code, error)
    except EngineError as error:
        findings = from_error(error, file=f"{folder.code}/kind.json")
    except TimeUp as up:
        findings = [time_finding(file, up.line, seconds)]
    except MemoryError:
        findings = [memory_finding(file)]
    except Exception as error:                              # a fault of ours: it is named, not hidden
        findings = [Finding(
            code=FindingCode.BROKEN.value, file=file, zh=f"程序内部错误（{type(error).__name__}：{error}），请报告",
            en=f"an internal error ({type(error).__name__}: {error}); please report it")]
    return {"findings": to_json(findings)}


def main() -> None:
    """Carry out the one order that stands on stdin; the working folder is the last argument."""
    work = Path(sys.argv[-1])
    order = json.loads(sys.stdin.buffer.read())
    limits = order["limits"]
    end_with_parent(order["parent"], clock_s=CLOCK * limits["whole_s"])
    set_limits(processor_s=limits["whole_s"], memory_mb=limits["memory_mb"], file_mb=limits["file_mb"])
    answer = _do(order, work)
    (work / _ANSWER).write_text(json.dumps(answer), encoding="ascii")      # lone surrogates of a stranger's texts too
