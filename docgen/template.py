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
import re
from collections.abc import Mapping

from certs.process_limits import bounded
from docgen import markup
from docgen.apart import Apart
from docgen.filling import Filler, FillingError
from docgen.memo import Memo
from docgen.template_boxes import check_boxes
from docgen.template_errors import TemplateError, TemplateErrorCode
from docgen.template_faces import check_faces
from docgen.template_layout import Column, Entry, Layout, PageLayout
from docgen.template_marks import CONTROLS, unmarked
from docgen.template_reader import Reader
from layouts import Kind, load_kind, on_change, resource
from layouts.folders import ships

__all__ = [
    "Column", "Entry", "Layout", "PageLayout", "Template", "TemplateError", "TemplateErrorCode", "load_template",
]

_LONE = re.compile("[\ud800-\udfff]")


class Template:
    """A template of one kind, compiled once and filled in for each licence.

    Raises:
        TemplateError: ``template.malformed``: not UTF-8, or a fault in the Jinja2 parts.
    """

    def __init__(self, source: bytes, *, file: str, kind: Kind, apart: bool = False) -> None:
        """Read a template.

        Args:
            file: what errors call it.
            apart: have it compiled and filled in by a child process that has limits.
        """
        self.file = file
        self.kind = kind
        try:
            text = source.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            raise self._fail(line, "应为 UTF-8 文本", "expected UTF-8 text") from error
        found = next((place for place, letter in enumerate(text) if letter in CONTROLS), None)
        if found is not None:
            raise self._fail(text.count("\n", 0, found) + 1, "不允许控制字符", "control characters are not allowed")
        try:
            self._filler = Apart(text) if apart else Filler(text)
        except FillingError as error:
            raise self._of_filling(error) from error
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
        try:
            filled = self._filler.fill(self.kind.code, values)
        except FillingError as error:
            raise self._of_filling(error) from error
        return self._layouts.get(filled, lambda: self._read(filled))

    def _of_filling(self, error: FillingError) -> TemplateError:
        return TemplateError(error.code, error.zh, error.en, file=self.file, line=error.line)

    def _read(self, text: str) -> Layout:
        filled = unmarked(text)
        lone = _LONE.search(filled.xml)
        if lone:
            raise self._fail(filled.at(lone.start()), f"填充出不成对的代理码 U+{ord(lone[0]):04X}，请删去",
                             f"filling in made a lone surrogate, U+{ord(lone[0]):04X}; delete it")
        root = markup.parse(filled.xml.encode("utf-8"), self._fail, filled)
        layout = Reader(self.file, self.kind).template(root)
        check_faces(layout, self.kind)
        check_boxes(layout, self.kind)
        return layout


@functools.cache
def load_template(kind_code: str) -> Template:
    """The template of a kind (``pages.xml`` in its folder), compiled once a process.

    That of a kind which does not ship is a stranger's program: it runs apart, unless this process has limits already.

    Raises:
        TemplateError: with file and line.
        KindError: the kind is not there or has no template.
    """
    source = resource(kind_code, "pages.xml")
    return Template(source, file=f"{kind_code}/pages.xml", kind=load_kind(kind_code),
                    apart=not (ships(kind_code) or bounded()))


on_change(load_template.cache_clear)
