"""Drawing an untrusted kind: in a child process, with limits of time, memory and file size.

A template is a small program, and Jinja2's sandbox bounds neither its loops nor its memory. So nothing of a kind that
is not installed is read in this process: a child with a bare environment reads, checks and draws it, and leaves its
answer and its drawings in a folder. What the child cannot finish becomes a finding; nothing is drawn then.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from docgen.design.child import CLOCK
from docgen.design.findings import Finding, FindingCode
from docgen.design.folder import KindFolder

__all__ = ["ANSWER", "Answer", "Limits", "run"]

ANSWER = "answer.json"
"""The file in which the child leaves its answer."""

_START = "import sys; sys.path.insert(0, sys.argv[1]); from docgen.design.child import main; main()"
_GRACE_S = 10                   # on the clock, for a child to be ended by its own alarm
_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may use.

    Attributes:
        drawing_s: seconds of processor time for one document.
        whole_s: seconds of processor time for everything; on the clock :data:`CLOCK` times as many.
        memory_mb: address space.
        file_mb: the largest file that is written.
    """

    drawing_s: float = 15.0
    whole_s: int = 120
    memory_mb: int = 1536
    file_mb: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child found, and what else it says (``facts``)."""

    findings: tuple[Finding, ...]
    facts: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.findings


def run(job: str, folder: KindFolder, *, limits: Limits | None = None, out: Path | None = None,
        **arguments: Any) -> Answer:
    """Do one job on a kind in a child process.

    Args:
        job: ``check`` or ``draw``, see :mod:`docgen.design.child`.
        out: the folder for what is drawn; needed by ``draw``.
        arguments: plain data for the job.

    Returns:
        The child's answer; where it was stopped, one finding that says by which limit.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="zhengyin-design-") as own:
        work = Path(own)
        order = {"job": job, "code": folder.code, "path": str(folder.path), "own": folder.own,
                 "limits": asdict(limits), "out": str(out or work), "arguments": arguments,
                 "parent": os.getpid()}
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module; the kind comes as data
            [sys.executable, "-I", "-c", _START, str(_ROOT), own], cwd=own, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"LANG": "C.UTF-8"})
        try:
            process.communicate(json.dumps(order).encode(), timeout=CLOCK * limits.whole_s + _GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        return _answer(work / ANSWER, process.returncode, folder, limits)


def _answer(path: Path, code: int, folder: KindFolder, limits: Limits) -> Answer:
    file = f"{folder.code}/pages.xml"
    if code == 0 and path.is_file():
        try:
            facts = json.loads(path.read_bytes())
            findings = tuple(Finding(**entry) for entry in facts.pop("findings"))
        except (ValueError, TypeError, KeyError):
            pass
        else:
            return Answer(findings=findings, facts=facts)
    if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
        finding = Finding(
            code=FindingCode.TIME.value, file=file,
            zh=f"绘制超过 {limits.whole_s} 秒，已停止；请检查模板中的循环",
            en=f"drawing took more than {limits.whole_s} s and was stopped; look at the template's loops")
    elif code in (-signal.SIGXFSZ, -signal.SIGSEGV, -signal.SIGABRT):
        finding = Finding(
            code=FindingCode.MEMORY.value, file=file,
            zh=f"绘制超过内存 {limits.memory_mb} MB 或文件 {limits.file_mb} MB 的上限，已停止",
            en=f"drawing passed the limit of {limits.memory_mb} MB of memory or {limits.file_mb} MB a file; stopped")
    else:
        finding = Finding(
            code=FindingCode.BROKEN.value, file=file, zh=f"绘制进程意外结束（{code}），请报告此问题",
            en=f"the drawing process ended unexpectedly ({code}); please report it")
    return Answer(findings=(finding,), facts={})
