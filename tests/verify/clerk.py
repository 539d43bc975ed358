"""A dishonest clerk: issues with the authority's own keys what the engine would never lay out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
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


@contextmanager
def _patched(change: Change, seal_png: bytes | None) -> Iterator[None]:
    compose, writer = assembly.compose, assembly.pdf_writer.write_pdf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "compose", lambda *values, **named: change(compose(*values, **named)))
        patch.setattr(assembly, "require_legible", lambda *_: None)
        if seal_png is not None:
            def write(document: Document, **named: Any) -> Any:
                return writer(document, **{**named, "seal_png": seal_png})
            patch.setattr(assembly.pdf_writer, "write_pdf", write)
        yield


def issue(change: Change = lambda document: document, *, seal_png: bytes | None = None,
          number: int = 1) -> docgen.Issued:
    """Issue a worked example with a changed page model, or with another picture as the seal of the PDF."""
    with tempfile.TemporaryDirectory() as folder, _patched(change, seal_png):
        home = Path(folder) / "home"          # a book of its own: the true one would hand out what it issued before
        shutil.copytree(shared_home().path, home, ignore=shutil.ignore_patterns("issued"))
        return docgen.issue(record(number), home=home)


def on_page(change: Callable[[tuple[GlyphRun | Path | Image, ...]], tuple[GlyphRun | Path | Image, ...]],
            page: int = 0) -> Change:
    """Change what is drawn on one page."""
    def made(document: Document) -> Document:
        pages = list(document.pages)
        pages[page] = replace(pages[page], items=change(pages[page].items))
        return replace(document, pages=tuple(pages))
    return made
