"""The template language of licence pages: XML of few words, filled in by Jinja2, lengths in millimetres.

.. code-block:: xml

    <template kind="K0">
      <style name="value" face="kai" size="4.6" least="3.175" colour="#161616" leading="1.5"/>
      <page role="正本" width="297" height="210" artwork="original">
        <art src="border.svg" x="0" y="0" width="297"/>
        <slot name="official" default="ornament.svg" x="128.5" y="23" width="40"/>
        <qr x="237" y="24" size="36"/>
        <line text="{证件类型名称}" style="title" x="20" y="50" width="257" align="center"/>
        <column x="34" y="70" width="229" bottom="144" label-width="33" label-gap="6" space="4">
          <line label="企业名称" text="{企业名称}" style="value" label-style="label"/>
        </column>
        <seal over="发证机关 发证日期" dx="4"/>
        <folio text="{n}/{m}" style="small" x="20" y="190" width="257" align="center"/>
      </page>
    </template>

``art`` and ``slot`` make the ground that the pages of one ``artwork`` share; ``slot`` is the place of a
department's official artwork (``art/official.svg``), with a drawing that stands there until one is given.
``ornament`` is a small drawing of one page alone.

Lines stand in the order of the kind's face and say the same words, or the template is refused (R-000-15).
Jinja2 (sandboxed, undefined names are errors, output escaped) sees ``kind`` and ``values``: label →
printed text. What it writes is read as strictly as what a designer writes. Every error names the file, the
line in it, and what was expected there.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from docgen import markup
from docgen.memo import Memo
from docgen.template_boxes import check_boxes
from docgen.template_faces import check_faces
from docgen.template_layout import Column, Entry, Layout, PageLayout
from docgen.template_marks import CONTROLS, marked, unmarked
from docgen.template_reader import Reader, TemplateError, TemplateErrorCode
from layouts import Kind, load_kind, on_change, resource

__all__ = [
    "Column", "Entry", "Layout", "PageLayout", "Template", "TemplateError", "TemplateErrorCode", "load_template",
]

_MAX_OUTPUT = 1_000_000


class Template:
    """A template of one kind, compiled once and filled in for each licence.

    Raises:
        TemplateError: ``template.malformed``: not UTF-8, or a fault in the Jinja2 parts.
    """

    def __init__(self, source: bytes, *, file: str, kind: Kind) -> None:
        self.file = file
        self.kind = kind
        try:
            text = source.decode("utf-8-sig").replace("\r\n", "\n")
            if CONTROLS & set(text):
                raise self._fail(1, "不允许控制字符", "control characters are not allowed")
            environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
            self._jinja = environment.from_string(marked(text))
        except UnicodeDecodeError as exc:
            raise self._fail(1, "应为 UTF-8 文本", "expected UTF-8 text") from exc
        except TemplateSyntaxError as exc:
            raise self._fail(exc.lineno, f"Jinja2 语法有误（{exc.message}）",
                             f"the Jinja2 syntax is wrong ({exc.message})") from exc
        self._layouts: Memo[str, Layout] = Memo(16)

    def _fail(self, line: int, zh: str, en: str) -> TemplateError:
        return TemplateError(TemplateErrorCode.MALFORMED, zh, en, file=self.file, line=line)

    def layout(self, values: Mapping[str, str]) -> Layout:
        """Fill in the template.

        Args:
            values: label → printed text of every field of the kind.

        Raises:
            TemplateError: with file and line.
        """
        filled = self._fill(values)
        return self._layouts.get(filled, lambda: self._read(filled))

    def _fill(self, values: Mapping[str, str]) -> str:
        pieces, size = [], 0
        try:
            for piece in self._jinja.generate(kind=self.kind.code, values=values):
                size += len(piece)
                if size > _MAX_OUTPUT:
                    raise self._fail(1, f"填充后超过 {_MAX_OUTPUT} 个字符",
                                     f"the filled template is longer than {_MAX_OUTPUT} characters")
                pieces.append(piece)
        except (JinjaError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError,
                MemoryError) as exc:
            lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__)
                     if frame.filename == "<template>"]
            raise TemplateError(TemplateErrorCode.FILLING, f"填充失败（{exc}）", f"filling in failed ({exc})",
                                file=self.file, line=(lines[-1] if lines else None) or 1) from exc
        return "".join(pieces)

    def _read(self, text: str) -> Layout:
        filled = unmarked(text)
        root = markup.parse(filled.xml.encode("utf-8"), self._fail, filled)
        layout = Reader(self.file, self.kind).template(root)
        check_faces(layout, self.kind)
        check_boxes(layout, self.kind)
        return layout


@functools.cache
def load_template(kind_code: str) -> Template:
    """The template of a kind (``pages.xml`` in its folder), compiled once a process.

    Raises:
        TemplateError: with file and line.
        KindError: the kind is not there or has no template.
    """
    source = resource(kind_code, "pages.xml")
    return Template(source, file=f"{kind_code}/pages.xml", kind=load_kind(kind_code))


on_change(load_template.cache_clear)
