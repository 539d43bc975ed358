"""A dishonest clerk: issues with the authority's own keys what the engine would never lay out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import docgen
from docgen import assembly
from docgen.page import Document, GlyphRun, Image
from tests.support.demo_home import shared_home
from tests.verify.packages import record

Change = Callable[[Document], Document]


def _same(document: Document) -> Document:
    return document


@contextmanager
def _patched(change: Change, ofd: Change, pdf: Change, seal_png: bytes | None) -> Iterator[None]:
    compose, write_ofd, write_pdf = assembly.compose, assembly.write_ofd, assembly.pdf_writer.write_pdf

    def write(document: Document, **named: Any) -> Any:
        return write_pdf(pdf(document), **(named if seal_png is None else {**named, "seal_png": seal_png}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "compose", lambda *values, **named: change(compose(*values, **named)))
        patch.setattr(assembly, "write_ofd", lambda document, **named: write_ofd(ofd(document), **named))
        patch.setattr(assembly, "require_legible", lambda *_: None)
        patch.setattr(assembly, "require_released", lambda *_: None)
        patch.setattr(assembly.pdf_writer, "write_pdf", write)
        yield


def issue(change: Change = _same, *, ofd: Change = _same, pdf: Change = _same, seal_png: bytes | None = None,
          number: int = 1, of: dict[str, Any] | None = None,
          attachments: Mapping[str, bytes] | None = None) -> docgen.Issued:
    """Issue a worked example with a changed page model, or with another picture as the seal of the PDF.

    Args:
        ofd, pdf: a change of the page model in one of the two formats alone.
        of: the record, if it is none of the worked examples of the first kind.
        attachments: the earlier documents that it names.
    """
    with tempfile.TemporaryDirectory() as folder, _patched(change, ofd, pdf, seal_png):
        home = Path(folder) / "home"          # a book of its own: the true one would hand out what it issued before
        shutil.copytree(shared_home().path, home, ignore=shutil.ignore_patterns("issued"))
        return docgen.issue(record(number) if of is None else of, home=home, attachments=attachments or {})


def on_page(change: Callable[[tuple[GlyphRun | Path | Image, ...]], tuple[GlyphRun | Path | Image, ...]],
            page: int = 0) -> Change:
    """Change what is drawn on one page."""
    def made(document: Document) -> Document:
        pages = list(document.pages)
        pages[page] = replace(pages[page], items=change(pages[page].items))
        return replace(document, pages=tuple(pages))
    return made
