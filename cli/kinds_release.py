"""``zhengyin kinds release``: the data of a kind's version and the table of its drawings, written for verifiers.

The table is made of the kind's templates and artwork; then records of every size are laid out and held against it with
the verifier's own eyes. A version that was released stays as it is: what changes is another version.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Final

import layouts
from certs.files import write_atomic
from docgen.compose import compose
from docgen.design.checking import undecided
from docgen.design.drawing import BLANK_QR, DEMO_SEAL_MM
from docgen.design.folder import KindFolder, open_folder
from docgen.design.releasing import artwork_json, licences_of, made_artwork, shapes_of
from docgen.licence import Licence
from docgen.ofd_page import template_file
from docgen.ofd_xml import Numbers
from docgen.page import Artwork, Document, GlyphRun, Page, Path
from docgen.pdf import write_plain_pdf
from docgen.pdf_metadata import PdfMeta
from layouts import Kind, KindError, load_kind
from layouts.kind import KindErrorCode
from layouts.loading import frozen_data
from layouts.released import ARTWORK, KIND, ReleasedArtwork, read_artwork, template_digest
from verify.artwork import hold_against
from verify.face import page_roles
from verify.model import PageView, TextRun
from verify.pdf_pages import grounds_of
from verify.reasons import Findings
from verify.record import RecordData

__all__ = ["release_kind"]

_EPOCH: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_PUBLIC: Final = 0o644


def release_kind(what: str, *, add: bool = False) -> tuple[FilePath, bool]:
    """Write ``released/<version>/`` of a kind.

    Args:
        what: the kind's code, or its folder.
        add: put what the pages draw now beside what they drew when the version was released.

    Returns:
        The folder, and whether anything in it is new.

    Raises:
        KindError: ``kind.released``: the version was released already, and otherwise; ``kind.undecided``: kind.json
            still holds a text that begins with 待定.
        EngineError: the kind cannot be used or drawn.
    """
    folder = open_folder(what)
    if left := undecided(folder):
        places = ", ".join(str(one.line) for one in left)
        raise KindError(
            KindErrorCode.UNDECIDED,
            f"{folder.code}/kind.json 还有 {len(left)} 处待定（第 {places} 行），请写明后再发布",
            f"{folder.code}/kind.json still leaves {len(left)} texts to be decided (lines {places}): write them, then "
            "release", kind=folder.code)
    if folder.code not in layouts.kinds():
        layouts.add_folder(folder.path.parent)
    kind = load_kind(folder.code)
    licences = licences_of(folder, kind)
    table = made_artwork(kind, licences, _digests)
    place = folder.path / "released" / kind.version
    files = {KIND: _json(frozen_data(kind.code)), ARTWORK: artwork_json(_joined(folder, place, table, add=add))}
    _tried(kind, licences, read_artwork(files[ARTWORK], kind.code, kind.version))
    kept = {name: (place / name).read_bytes() for name in files if (place / name).is_file()}
    if kept == files:
        return place, False
    if KIND in kept and json.loads(kept[KIND]) != json.loads(files[KIND]):
        raise _released(folder, kind.version)
    place.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomic(place / name, data, mode=_PUBLIC)
    layouts.forget()
    return place, True


def _joined(folder: KindFolder, place: FilePath, table: ReleasedArtwork, *, add: bool) -> ReleasedArtwork:
    """The table that the version has from now on: never less than it had.

    Raises:
        KindError: ``kind.released``.
    """
    path = place / ARTWORK
    if not path.is_file():
        return table
    old = read_artwork(path.read_bytes(), table.code, table.version)
    if old == table:
        return old
    if not add or old.chosen != table.chosen or any(
            old.loose.get(name, drawing) != drawing for name, drawing in table.loose.items()):
        raise _released(folder, table.version)
    return replace(old, sheets=tuple(dict.fromkeys((*old.sheets, *table.sheets))), loose={**table.loose, **old.loose})


def _released(folder: KindFolder, version: str) -> KindError:
    return KindError(
        KindErrorCode.RELEASED,
        f"{folder.code} 的版本 {version} 已发布，现在的数据或图形与之不同；请提高 kind.json 的 version 再发布",
        f"version {version} of {folder.code} was released already, with other data or drawings; raise version in "
        "kind.json and release that", kind=folder.code, version=version)


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _digests(ground: Artwork) -> tuple[str, ...]:
    """What a verifier sees of a ground: its digest in an OFD, its digest in a PDF."""
    page = Page(role="", width_mm=ground.width_mm, height_mm=ground.height_mm, artwork=ground.name, items=())
    pdf = write_plain_pdf(Document(title="", pages=(page,), artworks={ground.name: ground}),
                          meta=PdfMeta(title="", author="", created=_EPOCH))
    return template_digest(template_file(ground, Numbers()).data), *grounds_of(pdf)


def _tried(kind: Kind, licences: Iterable[Licence], table: ReleasedArtwork) -> None:
    """Lay records out and hold their pages against the table.

    Raises:
        KindError: ``kind.data``: the table would refuse what the kind itself draws.
    """
    found = Findings()
    for licence in licences:
        document = compose(licence, BLANK_QR, seal_size_mm=DEMO_SEAL_MM)
        record = RecordData(kind=kind.code, kind_version=kind.version, identifier="", metadata=(),
                            values={label: value for label, value in licence.values.items() if value is not None},
                            scope=())
        views = [_seen(document, page, number) for number, page in enumerate(document.pages, 1)]
        hold_against(table, record, page_roles(kind, len(views)) or (), views, found)
    for each in found.all():
        raise KindError(KindErrorCode.DATA, f"图形表容不下该种类自己的页面：{each.reason.zh}",
                        f"the table has no room for what the kind itself draws: {each.reason.en}", kind=kind.code)


def _seen(document: Document, page: Page, number: int) -> PageView:
    """A page of the model as a verifier would see it, but for its pictures."""
    runs = tuple(
        TextRun(text=item.text, xs_mm=item.xs_mm, y_mm=item.y_mm, size_mm=item.size_mm, width_mm=item.width_mm,
                font=item.face, font_id=item.face)
        for item in page.items if isinstance(item, GlyphRun))
    grounds = () if page.artwork is None else _digests(document.artworks[page.artwork])[:1]
    return PageView(number=number, width_mm=page.width_mm, height_mm=page.height_mm, runs=runs, pictures=(),
                    grounds=grounds, shapes=shapes_of(item for item in page.items if isinstance(item, Path)))
