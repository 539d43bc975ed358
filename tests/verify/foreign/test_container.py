"""Archives of other writers: each oddity by itself. What means one thing is told, what could mean two weighs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.verify.archives import Item, archive, item
from tests.verify.foreign.vendors import IMAGE, PAGE, check, codes, pack, sealed, weighing
from verify.model import Verdict
from verify.reasons import Findings, Refusal
from verify.zip import Limits

EVIL = b"<other/>"


def items() -> list[Item]:
    return [item(name, data) for name, data in sealed().items()]


def one(name: str, **facts: object) -> list[Item]:
    """The items, one with other header fields."""
    return [replace(each, **facts) if each.name == name.encode() else each  # type: ignore[arg-type]
            for each in items()]


def with_end(data: bytes, **fields: int) -> bytes:
    """The archive with fields of its end record exchanged."""
    names = ("disk", "start_disk", "here", "count", "size", "start", "comment")
    sign, *values = struct.unpack("<4s4H2LH", data[-22:])
    return data[:-22] + struct.pack("<4s4H2LH", sign, *(fields.get(name, value) for name, value in
                                                        zip(names, values, strict=True)))


def descriptors(*, mark: bool = True) -> bytes:
    """Every entry with its sizes behind it."""
    made = []
    for each in items():
        body = struct.pack("<3L", zlib.crc32(each.data), len(each.body()), len(each.data))
        made.append(replace(each, flags=8, local={"crc": 0, "packed": 0, "size": 0},
                            descriptor=(b"PK\x07\x08" if mark else b"") + body))
    return archive(made)


def streamed() -> bytes:
    """Every entry with ZIP64 sizes left open in its local header and given behind it in 8 bytes."""
    made = []
    for each in items():
        body = struct.pack("<LQQ", zlib.crc32(each.data), len(each.body()), len(each.data))
        extra = struct.pack("<2H2Q", 1, 16, 0, 0)
        made.append(replace(each, flags=8, local={
            "crc": 0, "packed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": extra, "needed": 45},
            descriptor=b"PK\x07\x08" + body))
    return archive(made)


def long_sizes() -> bytes:
    """Local headers with their sizes in a ZIP64 field."""
    return archive([replace(each, local={
        "packed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "needed": 45,
        "extra": struct.pack("<2H2Q", 1, 16, len(each.data), len(each.body()))}) for each in items()])


FORGIVEN: list[tuple[str, Callable[[], bytes]]] = [
    ("no entries on this disk", lambda: with_end(pack(sealed()), here=0)),
    ("a comment", lambda: archive(items(), comment=b"made by")),
    ("times differ", lambda: archive(one(PAGE, local={"time": 7, "date": 0x5000}))),
    ("versions differ", lambda: archive(one(PAGE, local={"needed": 10}))),
    ("compression level differs", lambda: archive(one(PAGE, local={"flags": 2}))),
    ("UTF-8 flag on one side of an ASCII name", lambda: archive(one(PAGE, local={"flags": 0x0800}))),
    ("descriptors", descriptors),
    ("descriptors without a mark", lambda: descriptors(mark=False)),
    ("ZIP64 descriptors", streamed),
    ("ZIP64 sizes in local headers", long_sizes),
    ("padded extra fields", lambda: archive(one(IMAGE, local={"extra": b"\0\0\0"}))),
    ("attributes of Unix", lambda: archive(one(PAGE, made_by=0x314, external=0x81A40000))),
    ("times of Info-ZIP", lambda: archive(one(PAGE, extra=struct.pack("<2HBL", 0x5455, 5, 3, 1)))),
    ("name once more in UTF-8", lambda: archive(one(PAGE, extra=struct.pack(
        "<2HBL", 0x7075, 5 + len(PAGE), 1, zlib.crc32(PAGE.encode())) + PAGE.encode()))),
]


@pytest.mark.parametrize("make", [row[1] for row in FORGIVEN], ids=[row[0] for row in FORGIVEN])
def test_what_means_one_thing_is_let_pass(make: Callable[[], bytes]) -> None:
    report = check(make())
    assert report.verdict is Verdict.VALID, weighing(report)


def overlapping() -> bytes:
    """Two names for one piece of data."""
    data = pack(sealed())
    place = data.index(b"PK\x01\x02")
    directory, end = data[place:-22], data[-22:]
    first = directory[:46 + int.from_bytes(directory[28:30], "little")]
    twin = first[:46].replace(b"OFD.xml", b"OFE.xml") + first[46:].replace(b"OFD.xml", b"OFE.xml")
    count = int.from_bytes(end[8:10], "little") + 1
    return with_end(data[:-22] + twin + end, here=count, count=count, size=len(directory) + len(twin))


def hidden_between() -> bytes:
    """An entry that the directory does not name, between others."""
    extra = archive([item(PAGE, EVIL)])
    body = extra[:extra.index(b"PK\x01\x02")]
    return archive([replace(each, gap=body) if number == 2 else each for number, each in enumerate(items())])


def prefixed(shift: int) -> bytes:
    """Bytes before the archive; its offsets count from the file's start or from the archive's."""
    before = b"MZ" + bytes(98)
    return archive(items(), before=before, shift=shift)


DOUBTED: list[tuple[str, Callable[[], bytes], str]] = [
    ("same name twice, the page last", lambda: archive([*items(), item(PAGE, EVIL)]), "zip.twin"),
    ("same name twice, the page first", lambda: archive([item(PAGE, EVIL), *items()]), "zip.twin"),
    ("name in another case", lambda: archive([*items(), item(PAGE.upper(), EVIL)]), "zip.twin"),
    ("name of other width", lambda: archive([*items(), replace(
        item("x", EVIL), name="Ｄoc_0/Document.xml".encode(), flags=0x0800)]), "zip.twin"),
    ("name that reads as another in an old code page", lambda: archive([
        *items(), replace(item("a", EVIL), name="é.xml".encode("cp437")),
        replace(item("b", EVIL), name="é.xml".encode(), flags=0x0800)]), "zip.twin"),
    ("a file that is a folder too", lambda: archive([*items(), item("Doc_0/Pages", EVIL)]), "zip.twin"),
    ("local name differs", lambda: archive(one(PAGE, local={"name": PAGE.replace("0", "9").encode()})), "zip.headers"),
    ("local method differs", lambda: archive(one(PAGE, local={"method": 0})), "zip.headers"),
    ("local size differs", lambda: archive(one(PAGE, local={"size": 3})), "zip.headers"),
    ("local checksum differs", lambda: archive(one(PAGE, local={"crc": 3})), "zip.headers"),
    ("local flag says encrypted", lambda: archive(one(PAGE, local={"flags": 1})), "zip.headers"),
    ("local flag says sizes follow", lambda: archive(one(PAGE, local={"flags": 8})), "zip.headers"),
    ("checksum wrong on both sides", lambda: archive(one(PAGE, crc=3)), "zip.crc"),
    ("size too small on both sides", lambda: archive(one(PAGE, size=20)), "zip.inflate"),
    ("bytes behind the packed stream", lambda: archive([replace(each, packed=each.body() + b"\0")
                                                        if each.name == PAGE.encode() else each
                                                        for each in items()]), "zip.inflate"),
    ("packed data that are none", lambda: archive(one(PAGE, packed=b"\xff" * 40)), "zip.inflate"),
    ("encrypted", lambda: archive(one(PAGE, flags=1)), "zip.encrypted"),
    ("unknown method", lambda: archive(one(PAGE, method=12, packed=b"BZh9")), "zip.method"),
    ("a version to come", lambda: archive(one(PAGE, needed=84)), "zip.zip64"),
    ("a link by its attributes", lambda: archive(one(PAGE, made_by=0x314, external=0xA1FF0000)), "zip.kind"),
    ("a folder by its attributes", lambda: archive(one(PAGE, external=0x10)), "zip.kind"),
    ("another name in an extra field", lambda: archive(one(PAGE, extra=struct.pack(
        "<2HBL", 0x7075, 6, 1, 0) + b"x")), "zip.alias"),
    ("other sizes in an extra field", lambda: archive(one(PAGE, extra=struct.pack("<2H2Q", 1, 16, 3, 3))), "zip.alias"),
    ("extra field that runs on", lambda: archive(one(PAGE, extra=struct.pack("<2H", 9, 400))), "zip.headers"),
    ("bytes before", lambda: prefixed(0), "zip.slack"),
    ("bytes before, offsets from the archive", lambda: prefixed(-100), "zip.slack"),
    ("bytes between entries", lambda: archive(one(PAGE, gap=b"gap")), "zip.slack"),
    ("hidden entry between entries", hidden_between, "zip.slack"),
    ("bytes before the directory", lambda: archive(items(), middle=b"PK\x03\x04 and more"), "zip.slack"),
    ("bytes behind", lambda: pack(sealed()) + b"tail", "zip.slack"),
    ("entries beyond the count", lambda: with_end(pack(sealed()), here=3, count=3), "zip.slack"),
    ("end record in the comment", lambda: archive(items(), comment=b"PK\5\6" + bytes(18)), "zip.two-ends"),
    ("archive in the comment", lambda: archive(items(), comment=archive([item(PAGE, EVIL)])), "zip.two-ends"),
    ("a PDF in the comment", lambda: archive(items(), comment=b"%PDF-1.4 ... startxref 1 %%EOF"), "zip.aside"),
    ("a long comment", lambda: archive(items(), comment=bytes(2000)), "zip.aside"),
    ("a page in the comment of an entry", lambda: archive(one(PAGE, comment=b"<HTML>")), "zip.aside"),
    ("a long extra field", lambda: archive(one(PAGE, extra=struct.pack("<2H", 9, 4000) + bytes(4000))), "zip.aside"),
    ("second archive behind", lambda: pack(sealed()) + archive([item("OFD.xml", EVIL)]), "zip.slack"),
    ("several volumes", lambda: with_end(pack(sealed()), disk=1), "zip.split"),
    ("entries overlap", overlapping, "zip.slack"),
    ("name outside", lambda: archive([*items(), item("../evil.xml", EVIL)]), "zip.name"),
    ("absolute name", lambda: archive([*items(), item("/evil.xml", EVIL)]), "zip.name"),
    ("back slash in a name", lambda: archive([*items(), item("Doc_0\\evil.xml", EVIL)]), "zip.name"),
    ("control character in a name", lambda: archive([*items(), replace(item("x", EVIL), name=b"a\0b")]), "zip.name"),
    ("folder with data", lambda: archive([*items(), item("Doc_0/Res/", EVIL)]), "zip.directory-data"),
    ("ZIP64 locator", lambda: archive([*items(), item("z", b"", comment=b"PK\6\7" + bytes(16))]), "zip.zip64"),
    ("bomb", lambda: archive([*items(), item("bomb", bytes(30 << 20))]), "zip.bomb"),
    ("many bombs", lambda: archive([*items(), *(item(f"bomb{each}", bytes(900_000)) for each in range(90))]),
     "zip.bomb"),
    ("cut off", lambda: pack(sealed())[:-30], "zip.truncated"),
    ("directory elsewhere", lambda: with_end(pack(sealed()), start=10), "zip.slack"),
    ("directory behind the end", lambda: with_end(pack(sealed()), start=1 << 30), "zip.slack"),
    ("directory damaged", lambda: pack(sealed()).replace(b"PK\1\2", b"PK\1\3", 1), "zip.central"),
    ("too many entries", lambda: archive([item(str(number)) for number in range(4001)] + items()), "zip.too-many"),
]


@pytest.mark.parametrize(("make", "reason"), [row[1:] for row in DOUBTED], ids=[row[0] for row in DOUBTED])
def test_what_readers_could_see_differently_is_never_called_genuine(make: Callable[[], bytes], reason: str) -> None:
    report = check(make())
    assert report.verdict is not Verdict.VALID
    assert reason in weighing(report), codes(report)
    assert report.exit_code in (1, 3)


def test_an_archive_with_doubts_is_still_read_for_the_report() -> None:
    report = check(pack(sealed(covers=lambda names: names)) + b"tail")
    assert report.coverage.complete and [each.indication for each in report.signatures] == ["TOTAL-PASSED"]
    assert report.verdict is Verdict.INDETERMINATE


def test_limits_are_told_before_anything_is_inflated() -> None:
    from verify.foreign.container import read_container

    with pytest.raises(Refusal, match=r"zip\.bomb"):
        read_container(pack(sealed()), Findings(), Limits(total_size=1000))
