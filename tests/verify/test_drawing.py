"""Pages are drawn as the file has them, by us alone: no byte of a stranger's file is handed on."""

from __future__ import annotations

import base64
import functools
import io
import itertools
import re
from typing import Any

import pytest
from lxml import etree
from PIL import Image

from fonts import face
from tests.support.bounds import not_hanging
from tests.verify.foreign import vendors
from tests.verify.packages import PAGE, TEMPLATE, changed, issued, swap
from verify.contained import Limits, Verifiers
from verify.drawing import PAGE_LIMIT, draw
from verify.drawing.budget import Budget, Spent
from verify.drawing.ofd import draw_ofd
from verify.drawing.outlines import TrueTypeOutlines, open_font

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
PAGE_0 = "Doc_0/Pages/Page_0/Content.xml"


def svg(page: dict[str, Any]) -> etree._Element:
    """The picture of a page, parsed."""
    head, _, body = page["picture"].partition(",")
    assert head == "data:image/svg+xml;base64"
    return etree.fromstring(base64.b64decode(body))


@functools.cache
def own() -> dict[str, Any]:
    """The drawing of a package of ours."""
    return draw(issued().ofd, seconds=300)


def foreign(name: str = PAGE_0, old: str = "", new: str = "") -> dict[str, Any]:
    """The drawing of another writer's file, one entry changed."""
    parts = vendors.plain()
    if old:
        assert old.encode() in parts[name]
        parts[name] = parts[name].replace(old.encode(), new.encode(), 1)
    return draw(vendors.pack(vendors.sealed(parts)), seconds=300)


def test_every_page_of_a_package_is_drawn_with_its_seals() -> None:
    drawing = own()
    assert drawing["count"] == len(drawing["pages"]) == 3
    assert [page["number"] for page in drawing["pages"]] == [1, 2, 3]
    for page in drawing["pages"]:
        assert (page["width_mm"], page["height_mm"]) == (297, 210) and page["lacks"] == []
        assert [seal["box_mm"][2:] for seal in page["seals"]] == [[42, 42]]


def test_what_is_shown_are_outlines_and_no_text() -> None:
    tree = svg(own()["pages"][0])
    names = {etree.QName(element).localname for element in tree.iter()}
    assert names <= {"svg", "defs", "g", "path", "use", "image", "rect", "linearGradient", "radialGradient", "stop",
                     "clipPath"}
    assert not any((element.text or "").strip() for element in tree.iter())
    assert len(tree.findall(f".//{SVG}use")) > 100


def test_a_changed_outline_is_drawn_as_it_was_changed() -> None:
    """What the text says does not count."""
    before = issued().ofd
    after = changed(PAGE, swap("测试甲", "测试丙"))
    one, other = (svg(draw(data, seconds=300)["pages"][0]) for data in (before, after))
    assert etree.tostring(one) != etree.tostring(other)


def test_nothing_in_a_drawing_leads_anywhere() -> None:
    for page in itertools.chain(own()["pages"], foreign()["pages"]):
        for element in svg(page).iter():
            for name, value in element.attrib.items():
                assert not str(name).startswith("on")
                if str(name).endswith("href"):
                    assert re.match(r"#g[0-9]+$|data:image/(?:png|jpeg|svg\+xml);base64,", str(value))


def test_text_attributes_and_names_of_a_stranger_never_become_markup() -> None:
    quoted = HOSTILE.replace("<", "&lt;").replace('"', "&quot;")
    changes = (('Size="', f'Data="{quoted}" Size="'), ('CTM="', f'CTM="{quoted}'),
               ('ResourceID="', f'ResourceID="{quoted}'),
               ("<ofd:AbbreviatedData>", f"<ofd:AbbreviatedData>{quoted} "), ('Boundary="', f'Boundary="{quoted}'))
    for old, new in changes:
        for page in foreign(PAGE_0, old, new)["pages"]:
            text = base64.b64decode(page["picture"].partition(",")[2]).decode()
            assert "script" not in text and "onerror" not in text
            svg(page)


def test_pictures_are_encoded_anew() -> None:
    """What rides behind the pixels of a picture stays behind."""
    parts = vendors.plain()
    name = next(name for name in parts if name.endswith(".png"))
    parts[name] += b"<?php secret tail"
    for page in draw(vendors.pack(vendors.sealed(parts)), seconds=300)["pages"]:
        for element in svg(page).iter(f"{SVG}image"):
            data = base64.b64decode(str(element.get("href")).partition(",")[2])
            assert b"secret tail" not in data and Image.open(io.BytesIO(data)).format in ("PNG", "JPEG")


def test_a_seal_is_told_by_its_signatures_id_as_the_report_has_it() -> None:
    data = vendors.pack(vendors.sealed())
    ids = {seal["id"] for page in draw(data, seconds=300)["pages"] for seal in page["seals"]}
    assert ids and ids <= {signature["id"] for signature in vendors.check(data).to_dict()["signatures"]}


def test_a_font_that_is_not_embedded_is_told() -> None:
    parts = {**vendors.plain(), "Doc_0/Res/font_0.ttf": b"none"}
    drawing = draw(vendors.pack(vendors.sealed(parts)), seconds=300)
    assert "font" in drawing["pages"][0]["lacks"]
    assert svg(drawing["pages"][0]).findall(f".//{SVG}use")


def test_pages_of_a_pdf_are_pictures_with_the_places_of_signatures() -> None:
    drawing = draw(issued().pdf, seconds=300)
    assert drawing["count"] == len(drawing["pages"]) == 3
    first = drawing["pages"][0]
    assert first["picture"].startswith("data:image/") and "svg" not in first["picture"][:20]
    assert [seal["id"] for seal in first["seals"]] == ["issuer-seal"]
    mine = own()["pages"][0]["seals"][0]["box_mm"]
    assert first["seals"][0]["box_mm"] == pytest.approx(mine, abs=0.05)


def test_a_photo_is_drawn_upright_without_what_the_camera_says() -> None:
    kept = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera of somebody"
    Image.new("RGB", (80, 60), (200, 30, 30)).save(kept, "JPEG", exif=exif)
    page = draw(kept.getvalue())["pages"][0]
    data = base64.b64decode(page["picture"].partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (60, 80)
    assert b"somebody" not in data


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\nnothing", b"PK\3\4OFD.xml", b"\x89PNG\r\n\x1a\n", b"none"])
def test_what_cannot_be_drawn_has_no_pages(data: bytes) -> None:
    assert draw(data)["pages"] == []


def test_only_the_first_pages_are_drawn() -> None:
    parts = vendors.plain()
    document = parts["Doc_0/Document.xml"].decode()
    line = re.search(r"<ofd:Page [^>]*/>", document)
    assert line is not None
    more = "".join(line.group().replace('ID="', f'ID="9{number}') for number in range(PAGE_LIMIT + 5))
    parts["Doc_0/Document.xml"] = document.replace(line.group(), line.group() + more).encode()
    drawing = draw(vendors.pack(vendors.sealed(parts)), seconds=300)
    assert len(drawing["pages"]) == PAGE_LIMIT < drawing["count"]


@pytest.mark.parametrize("what", [
    ("Doc_0/DocumentRes.xml", "</ofd:Res>", '<ofd:Fonts>{}</ofd:Fonts></ofd:Res>',
     '<ofd:Font ID="{}" FontName="a"/>', 0),
    ("Doc_0/Document.xml", "</ofd:Pages>", "{}</ofd:Pages>", '<ofd:Page ID="{}" BaseLoc="Pages/none/Content.xml"/>', 3),
])
def test_a_walk_through_what_a_file_lists_ends_with_the_time(what: tuple[str, str, str, str, int]) -> None:
    entry, end, around, item, most = what
    many = around.format("".join(item.format(number) for number in range(70_000, 75_000)))
    ticks = itertools.count()
    budget = Budget(seconds=60, clock=lambda: float(next(ticks)))
    drawn = draw_ofd(changed(entry, swap(end, many)), budget, PAGE_LIMIT)
    assert len(drawn["pages"]) <= most and next(ticks) < 200


def test_drawing_ends_when_it_has_cost_enough() -> None:
    with pytest.raises(Spent):
        Budget(seconds=60, objects=2).write((28 << 20) + 1)
    budget = Budget(seconds=60, objects=2)
    budget.object()
    budget.object()
    with pytest.raises(Spent):
        budget.object()
    with not_hanging():
        assert draw(issued().ofd, seconds=0)["pages"] == []


def test_templates_and_composites_that_hold_themselves_end() -> None:
    head = '<ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="900" Width="9" Height="9"><ofd:Content>'
    inner = "".join(f'<ofd:CompositeObject ID="90{n}" Boundary="0 0 9 9" ResourceID="900"/>' for n in range(1, 9))
    tail = "</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    parts = vendors.plain()
    name, whole = "Doc_0/DocumentRes.xml", (head + inner + tail).encode()
    parts[name] = parts[name].replace(b"</ofd:Res>", whole)
    use = '<ofd:CompositeObject ID="890" Boundary="0 0 9 9" ResourceID="900"/></ofd:Layer>'
    parts[PAGE_0] = parts[PAGE_0].replace(b"</ofd:Layer>", use.encode(), 1)
    with not_hanging():
        draw(vendors.pack(vendors.sealed(parts)))


def test_a_child_that_ends_over_a_drawing_costs_the_pages_and_nothing_else() -> None:
    with Verifiers(trust=None, limits=Limits(seconds=60, memory_mb=1536)) as verifiers:
        assert len(verifiers.draw(issued().ofd, seconds=300)["pages"]) == 3
        tight = Verifiers(trust=None, limits=Limits(seconds=0.01, memory_mb=1536))
        assert tight.draw(issued().ofd) == {"count": 0, "pages": []}
        tight.close()
        assert verifiers.verify(issued().ofd).report["file"]["kind"] == "ofd"


@pytest.mark.parametrize("char", list("证印A1，。龘"))
def test_outlines_are_those_of_the_font(char: str) -> None:
    outlines = TrueTypeOutlines(face("song").font)
    glyph = outlines.glyph(char)
    assert glyph is not None
    path = outlines.path(glyph)
    assert path and path.startswith("M") and path.endswith("Z")
    left, bottom, right, top = _bounds(path)
    x_min, y_min, x_max, y_max = _stated(face("song").font.outline(glyph))
    assert left >= x_min - 1 and bottom >= y_min - 1 and right <= x_max + 1 and top <= y_max + 1
    assert right - left > (x_max - x_min) * 0.7


def _bounds(path: str) -> tuple[float, float, float, float]:
    values = [float(each) for each in re.findall(r"-?[0-9.]+", path)]
    xs, ys = values[::2], values[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def _stated(record: bytes) -> tuple[int, int, int, int]:
    values = [int.from_bytes(record[at:at + 2], "big", signed=True) for at in (2, 4, 6, 8)]
    return values[0], values[1], values[2], values[3]


@pytest.mark.parametrize("data", [b"", b"\0\1\0\0", b"OTTO" + bytes(60), b"\0\1\0\0" + b"\xff" * 200, b"wOFF"])
def test_what_is_no_font_is_none(data: bytes) -> None:
    assert open_font(data) is None


def test_the_template_is_drawn_below_the_page() -> None:
    bare = changed(TEMPLATE, lambda data: re.sub(rb"<ofd:PathObject.*</ofd:PathObject>", b"", data, flags=re.S))
    assert len(base64.b64decode(draw(bare, seconds=300)["pages"][0]["picture"].partition(",")[2])) < len(
        base64.b64decode(own()["pages"][0]["picture"].partition(",")[2]))
