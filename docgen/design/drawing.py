"""Drawings of a kind that ``check`` looks at: its samples, made records, and pages that go on where none would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codes.errors import EngineError
from docgen.compose import MOST_PAGES, compose
from docgen.design.art_inspection import art_findings
from docgen.design.findings import Finding, FindingCode, from_error, memory_finding, time_finding
from docgen.design.folder import KindFolder
from docgen.design.inspection import Inspector
from docgen.design.record_lines import record_findings
from docgen.design.record_values import MOST_ROWS
from docgen.design.records import SIZES, drawable, extreme_record
from docgen.faults import RecordError
from docgen.licence import Licence
from docgen.page import Document
from docgen.record import read_record, validate
from docgen.template import Layout, load_template
from docgen.time_limit import TimeUp, time_limit
from docgen.values import printed_values
from layouts import Check, Face, Field, Format, Kind, Table, Value

__all__ = ["BLANK_QR", "DEMO_SEAL_MM", "Drawings", "draw", "template_lines"]

BLANK_QR = "ZHENGYIN PREVIEW - NOT A LICENCE - " * 8
"""What a QR code says while nothing is issued; as long as a signed one about."""

DEMO_SEAL_MM = 42.0
_DOUBLINGS = 9              # of what runs over pages, until there are two
_LONG_SAMPLES = 4           # samples that are made long
_TWO_PAGES = "two-pages"


def draw(licence: Licence, *, seal_mm: float = DEMO_SEAL_MM, only: str | None = None) -> tuple[Document, Layout]:
    """Lay out a licence with a QR code that says nothing; also the filled template it was laid out by.

    Args:
        only: the role whose pages are wanted alone.

    Raises:
        EngineError: as :func:`docgen.compose.compose`.
    """
    document = compose(licence, BLANK_QR, seal_size_mm=seal_mm, only=only)
    return document, load_template(licence.kind.code).layout(printed_values(licence))


def template_lines(folder: KindFolder, kind: Kind) -> dict[str, int]:
    """Label → the line of the template in which it first stands."""
    labels = [*kind.labels, *(face.role for face in kind.faces)]
    return folder.lines("pages.xml", tuple(dict.fromkeys([*labels, *(
        line.label for face in kind.faces for line in face.lines if line.label)])))


class Drawings:
    """Draws a kind and keeps what was found: ``findings``, the names of the records ``drawn``, ``notes``."""

    def __init__(self, folder: KindFolder, kind: Kind, *, drawing_s: float) -> None:
        """``drawing_s``: seconds of processor time for one document."""
        self.findings: list[Finding] = []
        self.drawn: list[str] = []
        self.notes: list[Finding] = []
        self._folder = folder
        self._kind = kind
        self._drawing_s = drawing_s
        self._inspector = Inspector(f"{folder.code}/pages.xml")
        self._pages: Counter[str] = Counter()               # most pages of each role
        self._rows: dict[str, int] = {}                     # most rows of each table

    def all(self) -> None:
        """Draw every sample, then data made from them, then two pages of what may go on."""
        samples = self._samples()
        if any(finding.code == FindingCode.TIME for finding in self.findings):
            return                                          # every other drawing would end like this one
        longest: Licence | None = None
        for size in SIZES if samples else ():
            for number, sample in enumerate(samples[:_LONG_SAMPLES if size == "long" else 1], 1):
                made = self._extreme(sample, size, size if number == 1 else f"{size}-{number}")
                longest = made if size == "long" and longest is None else longest
        if longest is not None and not self.findings:
            self._two_pages(longest)
        self._unfilled()

    def _samples(self) -> list[dict[str, Any]]:
        """Draw the samples; those that the kind accepts."""
        accepted = []
        for name in self._folder.samples():
            file = f"{self._folder.code}/{name}"
            content = self._folder.read(name) or b""
            try:
                record = read_record(content)
                licence = validate(record, self._kind, lookup_hosts=(), drawable=drawable, demo=True)
            except RecordError as error:
                self.findings += record_findings(error, content, file=file, data=name)
                continue
            self._draw(licence, name)
            self.drawn.append(name)
            accepted.append(record)
            if any(finding.code == FindingCode.TIME for finding in self.findings):
                break
        return accepted

    def _extreme(self, sample: Mapping[str, Any], size: str, name: str) -> Licence | None:
        """Draw a record made of a sample."""
        try:
            _, licence = extreme_record(self._kind, sample, size)
        except RecordError as error:
            self.findings += from_error(error, data=name, file=f"{self._folder.code}/kind.json")
            return None
        self._draw(licence, name)
        self.drawn.append(name)
        return licence

    def _draw(self, licence: Licence, data: str, only: str | None = None) -> Counter[str]:
        """Draw and look; how many pages each role has."""
        file = f"{self._folder.code}/pages.xml"
        pages: Counter[str] = Counter()
        try:
            with time_limit(self._drawing_s):
                document, layout = draw(licence, only=only)
                pages = Counter(page.role for page in document.pages)
                self._pages |= pages
                if only is None or pages[only] > 1:
                    self.findings += self._inspector.inspect(document, layout, data=data)
                self.findings += art_findings(licence.kind.code, layout, data=data)
        except TimeUp as up:
            self.findings.append(time_finding(file, up.line, self._drawing_s))
        except EngineError as error:
            self.findings += from_error(error, data=data, file=file, lines=template_lines(self._folder, licence.kind))
        except MemoryError:
            self.findings.append(memory_finding(file, data=data))
        if only is None:
            self._count_rows(licence, pages, data)
        return pages

    def _count_rows(self, licence: Licence, pages: Counter[str], data: str) -> None:
        """Remember how many rows were drawn; reckon the pages of tables that may be longer than what is drawn."""
        for field in self._tables():
            value = licence.values.get(field.label)
            rows = len(value.rows) if isinstance(value, Table) else 0
            self._rows[field.label] = max(self._rows.get(field.label, 0), rows)
            roles = [face.role for face in self._kind.faces
                     if face.repeats and any(field.label in line.fields for line in face.lines)]
            reckoned = max((pages[role] for role in roles), default=0) * field.max_rows // max(rows, 1)
            if rows == MOST_ROWS < field.max_rows and reckoned > MOST_PAGES:
                self.findings.append(Finding(
                    code=FindingCode.PAGES.value, file=f"{self._folder.code}/kind.json", field=field.label, data=data,
                    line=self._folder.lines("kind.json", (field.label,))[field.label],
                    zh=f"max_rows 为 {field.max_rows}，约需 {reckoned} 页，核验程序最多读 {MOST_PAGES} 页；"
                       "请减小 max_rows",
                    en=f"{field.max_rows} rows (max_rows) make some {reckoned} pages, a verifier reads {MOST_PAGES} at "
                       "most; lower max_rows"))

    def _tables(self) -> list[Field]:
        return [field for field in self._kind.fields
                if field.format is Format.TABLE and field.label in self._kind.drawn]

    def _two_pages(self, longest: Licence) -> None:
        """Draw two pages of a face that may go on and has not done so: with more in it than a record may hold."""
        for face in self._kind.faces:
            if not face.repeats or self._pages[face.role] > 1:
                continue
            licence = longest
            for _ in range(_DOUBLINGS):
                licence = _doubled(licence, face)
                if self._draw(licence, _TWO_PAGES, face.role)[face.role] != 1:
                    break
            if self._pages[face.role] > 1 and _TWO_PAGES not in self.drawn:
                self.drawn.append(_TWO_PAGES)

    def _unfilled(self) -> None:
        """Say which tables were not drawn at their full length, because no row like the sample's can be added."""
        counted = {rule.field for rule in self._kind.rules if rule.check is Check.COUNT}
        for field in self._tables() if self.drawn else ():
            rows = self._rows.get(field.label, 0)
            if rows < min(field.max_rows, MOST_ROWS) and field.label not in counted and not self.findings:
                self.notes.append(Finding(
                    code=FindingCode.UNFILLED.value, file=f"{self._folder.code}/kind.json", field=field.label,
                    line=self._folder.lines("kind.json", (field.label,))[field.label],
                    zh=f"“{field.label}”只画到 {rows} 行（max_rows {field.max_rows}）：请在一条样例中给出它的行",
                    en=f"{field.label} was drawn with {rows} rows only (max_rows {field.max_rows}): give rows of it in "
                       "a sample"))


def _doubled(licence: Licence, face: Face) -> Licence:
    """The licence with twice as much in every line of a face that runs over pages, whatever the kind allows."""
    labels = {label for line in face.lines if line.on == "run" for label in line.fields}
    values = dict(licence.values)
    for label in labels:
        values[label] = _twice(licence.kind.field(label), values.get(label))
    scope = licence.scope
    if licence.kind.scope is not None and licence.kind.scope.field in labels:
        scope = tuple((mode, items * 2) for mode, items in scope)
    return replace(licence, values=values, scope=scope)


def _twice(field: Field, value: Value) -> Value:
    if isinstance(value, Table):
        return Table(value.rows * 2)
    if isinstance(value, str) and field.format in (Format.TEXT, Format.PARAGRAPHS):
        return value + ("\n" if field.format is Format.PARAGRAPHS else "") + value
    return value
