"""``preview``: a kind drawn into a folder, again whenever it is asked for.

What is drawn comes from the contained child; this process reads of the kind nothing but the times of its files.
"""

from __future__ import annotations

import contextlib
import html
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from codes.errors import EngineError
from codes.others_words import system_words
from docgen.design.contained import Answer, Limits, run
from docgen.design.findings import DesignError, FindingCode, folded, from_error, to_json
from docgen.design.folder import KindFolder
from docgen.design.preview_folder import DRAWN, MARK_NAME, PreviewFolder

__all__ = ["Preview", "page_resource"]

_MOST_RECORD = 4 * 1024 * 1024


class Preview:
    """One kind's preview: draws it into a folder and remembers what came of it."""

    def __init__(self, folder: KindFolder, *, record: Path | None, out: Path, data: str | None = None,
                 limits: Limits | None = None) -> None:
        """What is drawn.

        Args:
            record: the file with the record; None takes a sample of the kind.
            data: which sample, or which data made of the record; see :func:`docgen.design.preview.draw_preview`.
        """
        self.folder = folder
        self.version = 0
        self.limits = limits
        self._out = PreviewFolder(out)
        self._record = record
        self._data = data
        self._origin = 0                                    # counts what the record comes from: a file, a choice
        self._edited: str | None = None
        self._answer = Answer(findings=(), facts={})

    @property
    def out(self) -> Path:
        """The folder for what is drawn."""
        return self._out.path

    @property
    def files(self) -> list[Path]:
        """What was drawn; nothing after a failure."""
        return self._out.files

    def edit(self, record: str | None) -> None:
        """Draw this record from now on, None: the one of the file again."""
        self._edited = record
        self._origin += record is None

    def choose(self, data: str) -> None:
        """Draw another sample, or data made of the record, from now on."""
        self._edited, self._data = None, data
        self._origin += 1

    def holds_data(self, path: str) -> bool:
        """Whether a file that a drawing depends on says what is drawn, and not how."""
        return path.endswith(".json") or (self._record is not None and path == str(self._record))

    def clear(self) -> None:
        """Take the folder for what is drawn into use.

        Raises:
            DesignError: ``design.out-folder``.
        """
        self._out.clear()

    def draw(self) -> Answer:
        """Draw anew, in a child; a kind or a record that cannot be drawn leaves nothing of the drawing before.

        Raises:
            DesignError: ``design.out-folder``; ``design.record-unreadable``, the record's file cannot be read;
                ``design.cannot-draw``, the system lacks something.
        """
        self._out.clear()
        record, name, data = self._edited, "record", self._data
        if record is not None:
            data = None                                     # it stands in the form, whatever it was made of
        elif self._record is not None:
            record, name = self._read(self._record), self._record.name
        try:
            with tempfile.TemporaryDirectory(prefix="zhengyin-preview-") as folder:
                drawn = Path(folder)
                answer = run("draw", self.folder, out=drawn, limits=self.limits, record=record, record_name=name,
                             data=data)
                files = {path.name: path.read_bytes() for path in sorted(drawn.iterdir())
                         if DRAWN.fullmatch(path.name)} if answer.facts.get("pages") else {}
        except OSError as error:
            zh, en = system_words(error)
            raise DesignError(FindingCode.CANNOT, f"不能绘制（{zh}），请检查磁盘空间和系统资源",
                              f"it cannot be drawn ({en}); check the disk's space and the system") from error
        if files:
            self._out.put({**files, "index.html": _page(self.folder.code, answer).encode("utf-8")})
        self._answer = answer
        self.version += 1
        return answer

    def redraw(self) -> None:
        """Draw anew for whoever watches: what would be raised is a finding, and what is known of the kind stays."""
        try:
            self.draw()
        except EngineError as error:
            file = self._record.name if self._record is not None and error.code is FindingCode.RECORD else ""
            self._answer = Answer(findings=tuple(from_error(error, file=file)),
                                  facts={**self._answer.facts, "pages": []})
            self.version += 1

    def _read(self, path: Path) -> str:
        try:
            if not path.is_file() or path.stat().st_size > _MOST_RECORD:
                raise DesignError(FindingCode.RECORD, f"记录 {path} 不是 4 MB 以内的文件",
                                  f"the record {path} is no file of at most 4 MB")
            return path.read_bytes().decode("utf-8", errors="replace")
        except OSError as error:
            zh, en = system_words(error)
            raise DesignError(FindingCode.RECORD, f"记录 {path} 读不到（{zh}）",
                              f"the record {path} cannot be read ({en})") from error

    def state(self) -> dict[str, Any]:
        """What the page in the browser shows."""
        findings = self._answer.findings
        return {"version": self.version, "findings": to_json(folded(findings)), "count": len(findings),
                "code": self.folder.code, "pages": [], "origin": self._origin, **self._answer.facts,
                "data": self._data or self._answer.facts.get("data", "")}

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Names, times and sizes of the files that a drawing depends on."""
        found, out = [], self.out.resolve()
        with contextlib.suppress(OSError):                  # a folder that goes while it is read: the next look tells
            for path in (*self.folder.path.rglob("*"), *([self._record] if self._record else [])):
                if path.parent == out and (DRAWN.fullmatch(path.name) or path.name.startswith(MARK_NAME)):
                    continue                                # what was drawn is no reason to draw
                with contextlib.suppress(OSError):
                    facts = path.stat()
                    if path.is_file():
                        found.append((str(path), facts.st_mtime_ns, facts.st_size))
        return tuple(sorted(found))


def _page(code: str, answer: Answer) -> str:
    """The page that shows a preview drawn once."""
    facts = answer.facts
    pages = "\n".join(
        f'<figure><img src="{page["file"]}" alt="{html.escape(page["role"])}"><figcaption>'
        f'{html.escape(page["role"])} · {page["width_mm"]:g} × {page["height_mm"]:g} mm</figcaption></figure>'
        for page in facts["pages"])
    title = html.escape(f"{facts['name']} {code}")
    return (f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>'
            f'预览 {title}</title>\n<style>'
            f'{page_resource("watch.css").decode()}</style></head>\n<body><header><h1>预览 · 非正式证照</h1>'
            f'<p>{title} <a href="preview.pdf">PDF</a> <a href="preview.ofd">OFD</a></p></header>\n'
            f'<main class="pages">{pages}</main></body></html>\n')


def page_resource(name: str) -> bytes:
    """A file of the page in the browser."""
    return resources.files(__package__).joinpath("page", name).read_bytes()
