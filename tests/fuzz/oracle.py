"""May this input be called genuine? Answered without the verifier's readers, by what genuine files hold.

An input may be 真实 only where it equals a genuine file in everything that the file's signatures cover. What no
signature covers and shapes no picture may differ: the list of signatures of a foreign OFD (and with it later
signatures), entries named below; in a PDF the spelling of a signature value whose signed parts are unchanged, and
validation data behind the last signature.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from tests.fuzz import zips
from tests.fuzz.corpus import Corpus, Seed

__all__ = ["Oracle"]

_SIGNS: Final = re.compile(r"(^|/)Signs/(Signatures\.xml|Sign_\d+/[^/]+)$")
_PARSER: Final = etree.XMLParser(remove_blank_text=True, remove_comments=True, remove_pis=True, resolve_entities=False,
                                 no_network=True)
_FAMILY: Final = re.compile(rb' FamilyName="[^"]*"')    # of a font that is embedded: a name that draws nothing
_START: Final = re.compile(rb"(startxref[\r\n]+|/Prev )(\d{1,10})(?=[\r\n])")
_FREE: Final = re.compile(rb"(xref[\r\n]+)\d{3,10}( 1[\r\n ]+0000000000 65535 f)")    # frees what no seed holds
_DATE: Final = re.compile(r"D:\d{14}(Z|[+-]\d\d'\d\d'?)")
_GAP: Final = re.compile(rb"/Contents\s*<([0-9A-Fa-f]{200,})>")


class Oracle:
    """Knows what the seeds hold."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._parts: dict[str, zips.Parts] = {}

    def why_not(self, family: str, data: bytes, *, insider: bool) -> str:
        """Why an input that is called genuine must not be; "" where it may be.

        Args:
            insider: a true authority sealed it after the change.
        """
        if family == "photo":
            return "a photo is called genuine"
        if family in ("status", "trust"):
            return ""                    # the file that is judged by them is genuine
        seeds = self._corpus.seeds[family]
        if any(data == seed.data for seed in seeds):
            return ""
        if family == "own-pdf":
            return "" if any(_same_bytes(data, seed.data) for seed in seeds) else "no rendition holds the same"
        if family == "pdf":
            return "" if any(_same_pdf(data, seed.data) for seed in seeds) else "no genuine PDF holds the same"
        parts = zips.parts_of(data)
        if parts is None:
            return "the standard library reads no archive there"
        if insider:
            return self._insider(family, parts)
        if family == "own-ofd":
            same = any(sorted(parts) == sorted(self._of(seed)) for seed in seeds)
            return "" if same else "no package has these entries"
        return "" if any(_same_ofd(parts, self._of(seed)) for seed in seeds) else "no genuine OFD holds the same"

    def _insider(self, family: str, parts: zips.Parts) -> str:
        """What an authority sealed itself is its own word; of our own packages all parts must agree still.

        The outlines of the fonts and the characters that they belong to must be the issued ones, not their names.
        """
        if family != "own-ofd":
            return ""
        found = sorted(_weighed(part) for part in parts if not _SIGNS.search(part[0]))
        for seed in self._corpus.seeds[family]:
            if found == sorted(_weighed(part) for part in self._of(seed) if not _SIGNS.search(part[0])):
                return ""
        return "sealed by an insider, and no package has these entries"

    def _of(self, seed: Seed) -> zips.Parts:
        if seed.name not in self._parts:
            self._parts[seed.name] = zips.parts_of(seed.data) or []
        return self._parts[seed.name]


def _weighed(part: tuple[str, bytes]) -> tuple[str, bytes]:
    """An entry: of a font what shapes the picture, of XML what it says however it is spelt.

    A revocation list or OCSP answer that goes with a package proves itself, or is not used.
    """
    name, data = part
    if name.endswith((".crl", ".ors")):
        return name, b""
    if name.endswith(".xml"):
        data = _FAMILY.sub(b"", data) if name.endswith("PublicRes.xml") else data
        try:
            plain = etree.tostring(etree.fromstring(data, _PARSER), method="c14n", with_comments=False)
            return name, re.sub(rb"[ \t\r\n]*([<>])[ \t\r\n]*", rb"\1", plain)
        except (etree.XMLSyntaxError, ValueError):
            return part
    if not name.endswith(".ttf"):
        return part
    tables = {}
    for row in range(12, 12 + 16 * int.from_bytes(data[4:6], "big"), 16):
        start, size = (int.from_bytes(data[row + place:row + place + 4], "big") for place in (8, 12))
        tables[data[row:row + 4]] = data[start:start + size]
    drawn = [*_outlines(tables), tables.get(b"cmap", b""), tables.get(b"CFF ", b"")]
    return name, b"|".join(drawn) + tables.get(b"head", b"")[18:20]


def _outlines(tables: Mapping[bytes, bytes]) -> list[bytes]:
    """The outline of every glyph but the first one, which stands for no character and is drawn nowhere."""
    wide = tables.get(b"head", bytes(54))[50:52] == b"\0\1"
    loca, glyf = tables.get(b"loca", b""), tables.get(b"glyf", b"")
    step, factor = (4, 1) if wide else (2, 2)
    places = [factor * int.from_bytes(loca[at:at + step], "big") for at in range(0, len(loca), step)]
    return [glyf[start:end] for start, end in itertools.pairwise(places[1:])]


def _same_ofd(parts: zips.Parts, genuine: zips.Parts) -> bool:
    """All but the signatures' own files is equal, and a genuine signature is there with all that it signs."""
    found, wanted = dict(_files(parts)), dict(_files(genuine))
    if len(found) != len(_files(parts)):
        return False
    rest = {name: data for name, data in wanted.items() if not _SIGNS.search(name)}
    if {name: data for name, data in found.items() if not _SIGNS.search(name)} != rest or set(found) - set(wanted):
        return False
    held = [name for name in wanted if name.endswith("/Signature.xml") and name in found]
    return bool(held) and all(_same_signature(name, found, wanted) for name in held)


def _same_signature(name: str, found: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> bool:
    folder = name.removesuffix("Signature.xml")
    values = [each for each in wanted if each.startswith(folder) and each.endswith(".dat")]
    seals = [each for each in wanted if each.startswith(folder) and each.endswith(".esl")]
    return (found[name] == wanted[name]
            and all(found.get(each) == wanted[each] for each in seals)
            and all(each in found and _same_value(found[each], wanted[each]) for each in values))


def _same_value(found: bytes, wanted: bytes) -> bool:
    """What is signed stands in it unchanged: the first value inside a seal signature; the digest in another one."""
    first = _inside(wanted)
    return found == wanted or (len(first) > 200 and first in found) or (
        first[:1] == b"\x06" and _same_cms(found, wanted))


def _inside(data: bytes) -> bytes:
    """The first value inside a value."""
    def head(place: int) -> tuple[int, int]:
        count = data[place + 1] & 127 if data[place + 1] & 128 else 0
        size = int.from_bytes(data[place + 2:place + 2 + count], "big") if count else data[place + 1]
        return place + 2 + count, size

    begin, _ = head(0)
    body, size = head(begin)
    return data[begin:body + size]


def _same_cms(found: bytes, wanted: bytes) -> bool:
    """Signed attributes (or signed content) and certificates of the genuine value stand in the other one."""
    pieces = [one[0] for one in re.finditer(rb"\x04\x20.{32}", wanted, re.S)]
    certificates = [wanted[one.start():one.start() + 4 + int.from_bytes(one[1], "big")]
                    for one in re.finditer(rb"\x30\x82(..)\x30\x82..\xa0\x03\x02\x01\x02", wanted, re.S)]
    return all(piece in found for piece in pieces) and any(each in found for each in certificates)


def _files(parts: zips.Parts) -> zips.Parts:
    return [part for part in parts if not part[0].endswith("/")]


def _same_pdf(data: bytes, genuine: bytes) -> bool:
    """A state of the genuine file, from its start to one of its ends, and at most validation data behind it."""
    data = _FREE.sub(rb"\g<1>0\2", _START.sub(lambda found: _pointed(data, found), data))
    for end in re.finditer(rb"%%EOF[\r\n]*", genuine):
        state = genuine[:end.end()]
        if b"/ByteRange" not in state:
            continue
        if _same_bytes(data.rstrip(b"\r\n"), state.rstrip(b"\r\n")):
            return True
        if _same_bytes(data[:len(state)], state) and _only_evidence(data, len(state)):
            return True
    return False


def _pointed(data: bytes, found: re.Match[bytes]) -> bytes:
    """A pointer to the line end before a table leads every reader to the table: a report notes it."""
    place = int(found[2])
    if data[place:place + 1] in (b"\r", b"\n") and data[place + 1:place + 5] == b"xref":
        return found[1] + str(place + 1).encode()
    return found[0]


def _same_bytes(data: bytes, state: bytes) -> bool:
    """Equal but for how the signature values are spelt."""
    if len(data) != len(state):
        return False
    if data == state:
        return True
    place = 0
    for gap in _GAP.finditer(state):
        begin, end = gap.span(1)
        if data[place:begin] != state[place:begin] or not _same_gap(data[begin:end], state[begin:end]):
            return False
        place = end
    return data[place:] == state[place:]


def _same_gap(found: bytes, wanted: bytes) -> bool:
    try:
        return _same_cms(bytes.fromhex(found.decode("ascii")), bytes.fromhex(wanted.decode("ascii")))
    except ValueError:
        return False


def _only_evidence(data: bytes, end: int) -> bool:
    """Behind ``end`` every object that stood there before is the same, but for what the catalogue says of evidence."""
    import pypdf

    try:
        before, after = (pypdf.PdfReader(io.BytesIO(each)) for each in (data[:end], data))
        for number in sorted(set().union(*(before.xref[each] for each in before.xref)) | set(before.xref_objStm)):
            old, new = (_written(reader, number) for reader in (before, after))
            if old != new:
                return False
        return b"/DSS" in data[end:] or b"/DocTimeStamp" in data[end:]
    except Exception:                    # whatever another reader cannot read is no evidence
        return False


def _written(reader: Any, number: int) -> bytes:
    import pypdf

    value = pypdf.generic.IndirectObject(number, 0, reader).get_object()
    if isinstance(value, pypdf.generic.DictionaryObject) and (
            value.get("/Type") == "/Metadata" or {"/VRI", "/Certs", "/CRLs"} & set(value)):
        return b""                       # told of, and shown nowhere
    if isinstance(value, pypdf.generic.DictionaryObject) and value.get("/Type") == "/Catalog":
        value = pypdf.generic.DictionaryObject({
            key: held for key, held in value.items() if key not in ("/DSS", "/Extensions", "/AcroForm", "/Metadata")})
    if isinstance(value, pypdf.generic.DictionaryObject) and "/Info" in reader.trailer and (
            reader.trailer.raw_get("/Info") == pypdf.generic.IndirectObject(number, 0, reader)):
        value = pypdf.generic.DictionaryObject({
            key: pypdf.generic.NullObject() if _tells_of_saving(key, held) else held for key, held in value.items()})
    kept = io.BytesIO()
    if value is not None:
        value.write_to_stream(kept)
    return kept.getvalue()


def _tells_of_saving(key: str, held: Any) -> bool:
    """Whether a text of the document information says when, or by which program, a file was saved, and no more."""
    return isinstance(held, str) and (key == "/Producer" or (key == "/ModDate" and bool(_DATE.fullmatch(held))))
