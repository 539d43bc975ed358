"""The strict ZIP reader: what it reads, what it refuses, and how it costs little."""

from __future__ import annotations

import functools
import io
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.archives import Item, archive, item
from verify.reasons import Refusal
from verify.zip import Limits, read_zip

TEXT = b"<a>" + b"text " * 200 + b"</a>"
GOOD = [item("OFD.xml", TEXT), item("Doc_0/Document.xml", TEXT), item("Doc_0/Res/a.png", b"\x89PNG")]


def _unicode_path(name: bytes) -> bytes:
    body = b"\x01" + struct.pack("<L", zlib.crc32(b"OFD.xml")) + name
    return struct.pack("<2H", 0x7075, len(body)) + body


def _descriptor(data: bytes, packed: int, sign: bool = True) -> bytes:
    return (b"PK\x07\x08" if sign else b"") + struct.pack("<3L", zlib.crc32(data), packed, len(data))


@functools.cache
def _bomb(size: int) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    return b"".join(engine.compress(block) for _ in range(size >> 20)) + engine.flush()


def test_a_canonical_archive_is_read_and_called_canonical() -> None:
    read = read_zip(archive(GOOD))
    assert read.canonical
    assert [entry.data for entry in read.entries.values()] == [TEXT, TEXT, b"\x89PNG"]


FOREIGN = [
    ("comment", archive(GOOD, comment=b"made by a vendor")),
    ("time", archive([item("OFD.xml", TEXT, time=1, date=0x5000)])),
    ("made by", archive([item("OFD.xml", TEXT, made_by=0x031E)])),
    ("attributes", archive([item("OFD.xml", TEXT, external=0o644 << 16)])),
    ("extra field", archive([item("OFD.xml", TEXT, extra=struct.pack("<2H4s", 0x5455, 4, b"abcd"))])),
    ("entry comment", archive([item("OFD.xml", TEXT, comment=b"x")])),
    ("directory entry", archive([item("OFD.xml", TEXT), item("Doc_0/"), item("Doc_0/a", b"x")])),
    ("OFD.xml is not first", archive([item("Doc_0/a", b"x"), item("OFD.xml", TEXT)])),
    ("name not ASCII", archive([item("OFD.xml", TEXT), Item("附件".encode(), b"x", 0, flags=0x800)])),
    ("name not ASCII", archive([item("OFD.xml", TEXT), Item("附件".encode("gbk"), b"x", 0)])),
    ("flags", archive([item("OFD.xml", TEXT, flags=8, local={"crc": 0, "packed": 0, "size": 0},
                            descriptor=_descriptor(TEXT, len(item("OFD.xml", TEXT).body())))])),
    ("method", archive([item("OFD.xml", TEXT), Item(b"a", b"x", 8)])),
]


@pytest.mark.parametrize(("deviation", "data"), FOREIGN)
def test_an_archive_of_another_writer_is_read_but_not_canonical(deviation: str, data: bytes) -> None:
    read = read_zip(data)
    assert deviation in read.deviations
    assert "OFD.xml" in read.entries


ATTACKS = [
    ("zip.truncated", b""),
    ("zip.truncated", archive(GOOD)[:-1]),
    ("zip.truncated", archive(GOOD)[:200]),
    ("zip.truncated", archive(GOOD, after=b"\0")),
    ("zip.slack", archive(GOOD, before=b"MZ")),
    ("zip.slack", archive(GOOD, before=b"MZ", shift=-2)),
    ("zip.slack", archive(GOOD, middle=b"between")),
    ("zip.slack", archive([item("OFD.xml", TEXT, gap=b"gap"), item("a", b"x")])),
    ("zip.slack", archive(GOOD, count=2)),
    ("zip.central", archive(GOOD, count=4)),
    ("zip.two-ends", archive(GOOD, comment=archive(GOOD))),
    ("zip.twin", archive([item("OFD.xml", TEXT), item("OFD.xml", b"other")])),
    ("zip.twin", archive([item("OFD.xml", TEXT), item("ofd.XML", b"other")])),
    ("zip.twin", archive([Item("é".encode(), b"x", 0, flags=0x800),
                          Item("e\u0301".encode(), b"x", 0, flags=0x800)])),
    ("zip.twin", archive([item("a", b"x"), item("a/b", b"x")])),
    ("zip.twin", archive([item("a/", b""), item("A", b"x")])),
    ("zip.name", archive([item("../x", b"x")])),
    ("zip.name", archive([item("a/../../x", b"x")])),
    ("zip.name", archive([item("/etc/passwd", b"x")])),
    ("zip.name", archive([item("C:/x", b"x")])),
    ("zip.name", archive([item("a\\b", b"x")])),
    ("zip.name", archive([item("a//b", b"x")])),
    ("zip.name", archive([item("a\0b", b"x")])),
    ("zip.name", archive([item("", b"x")])),
    ("zip.name", archive([item("a /b", b"x")])),
    ("zip.name", archive([Item("a\u202eb".encode(), b"x", 0, flags=0x800)])),
    ("zip.name", archive([Item(b"\xff\xfe", b"x", 0, flags=0x800)])),
    ("zip.encrypted", archive([item("OFD.xml", TEXT, flags=1)])),
    ("zip.encrypted", archive([item("OFD.xml", TEXT, flags=0x2000)])),
    ("zip.method", archive([item("OFD.xml", TEXT, method=12)])),
    ("zip.zip64", archive([item("OFD.xml", TEXT, size=0xFFFFFFFF)])),
    ("zip.alias", archive([item("OFD.xml", TEXT, extra=_unicode_path(b"evil.xml"))])),
    ("zip.alias", archive([item("OFD.xml", TEXT, local={"extra": _unicode_path(b"evil.xml")})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, extra=b"abc")])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"name": b"ofd.xml"})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"crc": 1})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"size": 1})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"packed": 1})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"method": 0})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"flags": 8})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, local={"time": 8})])),
    ("zip.headers", archive([item("OFD.xml", TEXT, flags=8, descriptor=_descriptor(b"other", 5))])),
    ("zip.headers", archive([item("a", b"xy", size=1)])),
    ("zip.crc", archive([item("OFD.xml", TEXT, crc=7)])),
    ("zip.inflate", archive([item("OFD.xml", TEXT, packed=b"\xff\xff")])),
    ("zip.inflate", archive([item("OFD.xml", TEXT, packed=item("x", TEXT).body() + b"more")])),
    ("zip.inflate", archive([item("OFD.xml", TEXT, packed=item("x", TEXT).body()[:-4])])),
    ("zip.inflate", archive([item("OFD.xml", TEXT, size=len(TEXT) - 1, crc=zlib.crc32(TEXT[:-1]))])),
    ("zip.inflate", archive([item("OFD.xml", TEXT, size=len(TEXT) + 1)])),
    ("zip.directory-data", archive([item("OFD.xml", TEXT), item("d/", b"hidden data")])),
    ("zip.too-many", archive([item(f"a{number}") for number in range(4001)])),
    ("zip.bomb", archive([item("OFD.xml", TEXT, size=100 << 20)])),
]


@pytest.mark.parametrize(("code", "data"), ATTACKS, ids=[f"{n}-{each[0]}" for n, each in enumerate(ATTACKS)])
def test_an_attack_on_the_container_is_refused_with_its_code(code: str, data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_zip(data)
    assert refused.value.code == code


def test_limits_count_the_whole_archive() -> None:
    with pytest.raises(Refusal) as refused:
        read_zip(archive(GOOD), Limits(total_size=len(TEXT) + 1))
    assert refused.value.code == "zip.bomb"


BOMB_PROBE = """
import sys
from verify.reasons import Refusal
from verify.zip import read_zip
try:
    read_zip(open(sys.argv[1], "rb").read())
except Refusal as refused:
    # the peak of this process alone; ru_maxrss would count the parent that forked it
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(refused.code, int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.parametrize("declared", [2 << 30, 40 << 20, 1000])
def test_a_bomb_is_refused_in_little_memory(tmp_path: object, declared: int) -> None:
    """2 GB of zeros in 2 MB, whatever size its header admits to."""
    path = f"{tmp_path}/bomb.ofd"
    body = _bomb(2 << 30)
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(archive([item("OFD.xml", TEXT), Item(b"bomb", b"", packed=body, size=declared, crc=0)]))
    done = subprocess.run([sys.executable, "-c", BOMB_PROBE, path], capture_output=True, text=True,
                          check=True)
    code, megabytes = done.stdout.split()
    assert code in ("zip.bomb", "zip.inflate")
    assert int(megabytes) < 300


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(archive(GOOD)) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_leaves_every_entry_as_it_was(place: int, change: int) -> None:
    data = bytearray(archive(GOOD))
    data[place] ^= change
    try:
        read = read_zip(bytes(data))
    except Refusal:
        return
    entries = {name: entry.data for name, entry in read.entries.items()}
    assert entries == {each.name.decode(): each.data for each in GOOD} or not read.canonical


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    with pytest.raises(Refusal):
        read_zip(b"PK\x03\x04" + data)


def test_what_the_standard_library_writes_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("OFD.xml", TEXT)
        made.writestr("Doc_0/附件.xml", TEXT)
    read = read_zip(buffer.getvalue())
    assert read.entries["Doc_0/附件.xml"].data == TEXT
    assert not read.canonical
