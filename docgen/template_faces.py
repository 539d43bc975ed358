"""Does a template say what the kind's faces say, word for word and in order (R-000-15)?"""

from __future__ import annotations

from collections.abc import Sequence

from docgen.template_errors import TemplateError, TemplateErrorCode
from docgen.template_layout import Column, Entry, Flow, Layout, PageLayout, Photo, Table
from layouts import FOLIOS, Face, Kind, Line, heads

__all__ = ["check_faces"]


def check_faces(layout: Layout, kind: Kind) -> None:
    """Compare all pages with the faces of their kind.

    Raises:
        TemplateError: ``template.face``, with the line of the file and what should stand there.
    """
    roles, expected = [page.role for page in layout.pages], [face.role for face in kind.faces]
    if roles != expected:
        at = next((index for index, (one, other) in enumerate(zip(roles, expected, strict=False)) if one != other),
                  min(len(roles), len(expected)))
        line = layout.pages[min(at, len(roles) - 1)].source_line if roles else 1
        raise _refuse(layout, line, f"各页应依次为{'、'.join(expected)}，实为{'、'.join(roles) or '无'}",
                      f"expected the pages {', '.join(expected)} in this order, found {', '.join(roles) or 'none'}")
    for page, face in zip(layout.pages, kind.faces, strict=True):
        _check_page(layout, page, face, face.lines)
        _check_seals(layout, page, page.entries)
        _check_flow(layout, page, face, kind)
        _check_folio(layout, page, face)
        if page.following is not None:
            if not face.repeats:
                raise _refuse(layout, page.following.source_line, f"{face.role}不续页，不应有 continues 的页",
                              f"{face.role} does not repeat: there is no page to continue it")
            _check_page(layout, page.following, face, [line for line in face.lines if line.on in ("each", "last")])
            _check_seals(layout, page.following, (*page.following.entries, *page.entries))
            _check_folio(layout, page.following, face)
            flow = page.following.flow
            if flow is None or flow.items:
                raise _refuse(layout, page.following.source_line, "continues 的页应有一个空的 flow",
                              "expected one empty flow on a page that continues")


def _refuse(layout: Layout, line: int, zh: str, en: str) -> TemplateError:
    return TemplateError(TemplateErrorCode.FACE, zh, en, file=layout.file, line=line)


def _check_page(layout: Layout, page: PageLayout, face: Face, lines: Sequence[Line]) -> None:
    """The lines of a page, its seals."""
    entries = page.entries
    for index, wanted in enumerate(lines):
        words = (wanted.label, _pattern(wanted))
        found = (entries[index].label, entries[index].text) if index < len(entries) else None
        if found != words:
            line = entries[index].source_line if index < len(entries) else page.source_line
            shown = f"“{found[0]}”“{found[1]}”" if found else "没有"
            raise _refuse(layout, line, f"{page.role}第 {index + 1} 行应为“{words[0]}”“{words[1]}”，实为{shown}",
                          f"line {index + 1} of {page.role} should be {words}, found {found}")
    if len(entries) > len(lines):
        extra = entries[len(lines)]
        raise _refuse(layout, extra.source_line, f"{page.role}多出一行“{extra.label}”“{extra.text}”",
                      f"{page.role} has one line too many: {(extra.label, extra.text)}")
    if len(page.seals) != face.seals.count or (page.straddle is not None) != face.seals.straddle:
        raise _refuse(layout, page.source_line,
                      f"{page.role}应有 {face.seals.count} 个 seal、{int(face.seals.straddle)} 个 straddle",
                      f"expected {face.seals.count} seal and {int(face.seals.straddle)} straddle on {page.role}")


def _check_seals(layout: Layout, page: PageLayout, entries: Sequence[Entry | Photo]) -> None:
    """What a seal stands over is there: labels, or fields, of the page's lines."""
    lines = [entry for entry in entries if isinstance(entry, Entry)]
    known = frozenset[str]().union(*(entry.names for entry in lines))
    for seal in page.seals:
        for name in seal.over:
            if name not in known:
                shown = list(dict.fromkeys(entry.label or min(entry.names) for entry in lines if entry.names))
                raise TemplateError(
                    TemplateErrorCode.VALUE, f"over：{page.role}上没有“{name}”这一行；有{'、'.join(shown)}",
                    f"over: there is no line {name} on {page.role}; there are {', '.join(shown)}", file=layout.file,
                    line=seal.source_line)


def _check_folio(layout: Layout, page: PageLayout, face: Face) -> None:
    """Pages that repeat are numbered, in a form that the verifier reads; other pages are not."""
    if not face.repeats and page.folio is not None:
        raise _refuse(layout, page.source_line, f"{face.role}只有一页，不应有 folio",
                      f"{face.role} is one page: expected no folio")
    if face.repeats and (page.folio is None or page.folio.text not in FOLIOS):
        raise _refuse(layout, page.source_line, f"{face.role}应有 folio，text 为{'、'.join(FOLIOS)}之一",
                      f"expected a folio on {face.role} with one of the texts {', '.join(FOLIOS)}")


def _check_flow(layout: Layout, page: PageLayout, face: Face, kind: Kind) -> None:
    """What runs over pages stands in a flow (or ends a column), and nothing else does; tables have their heads."""
    running = {number for number, line in enumerate(face.lines) if line.on == "run"}
    for block in page.blocks:
        if isinstance(block, Flow):
            if not block.items or (face.repeats and not {entry.number for entry in block.entries} <= running):
                raise _refuse(layout, block.source_line, "flow 内应为该页中 on 为 run 的行",
                              "expected lines whose on is run in the flow")
            for item in block.items:
                number = item.entry.number if isinstance(item, Table) else item.number
                _check_table(layout, item, len(heads(kind, face.lines[number])))
            running -= {entry.number for entry in block.entries}
        elif isinstance(block, Column) and block.entries:
            running -= {block.entries[-1].number}
    if running:
        number = min(running)
        raise _refuse(layout, page.entries[number].source_line, "on 为 run 的行应在 flow 内",
                      "expected a line whose on is run inside a flow")


def _check_table(layout: Layout, item: Entry | Table, wanted: int) -> None:
    """Tables are drawn as tables, with a column for each head."""
    columns = len(item.columns) if isinstance(item, Table) else 0
    if columns != wanted:
        source = item.entry.source_line if isinstance(item, Table) else item.source_line
        raise _refuse(layout, source, f"此处应为有 {wanted} 列的 table，实有 {columns} 列" if wanted
                      else "此行不是表格，应为 text",
                      f"expected a table of {wanted} columns, found {columns}" if wanted
                      else "this line is no table: expected text")


def _pattern(line: Line) -> str:
    return "".join(part.text if part.field is None else f"{{{part.field}}}" for part in line.parts)
