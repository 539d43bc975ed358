"""Parts of files put before the readers that take them: many thousands in the time that a hundred whole files take.

A reader answers or refuses, whatever it is given: with an error that has a code, or with a finding. Nothing else may
come out of it, and neither may it hang nor eat the memory (:mod:`tests.fuzz.running`).
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from certs import canonical_json
from certs.approval import parse_approval
from certs.crl import Crl
from certs.csr import CertificateRequest
from certs.der import require_der
from certs.ocsp import OcspResponse
from certs.seal_import import read_seal
from certs.ses import SesSeal, SesSignature
from certs.ses_v1 import read_v1_seal
from certs.statement import SignedStatement
from certs.status_list import read_status_list
from certs.timestamp_token import TimestampToken
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError
from codes.qr_payload import parse as parse_code
from fonts.outlines import OutlineTable
from fonts.truetype import TrueType
from tests.fuzz import ders, pdfs, pictures, xmls, zips
from tests.fuzz.corpus import Corpus
from tests.fuzz.raw import damage
from verify.foreign.container import read_container
from verify.foreign.pdf_xref import read_chain
from verify.foreign.value import read_value
from verify.jpeg import jpeg_bitmap, jpeg_size
from verify.pdf_cms import read_cms
from verify.pdf_file import Budget, read_file
from verify.pdf_objects import parse_object
from verify.pdf_reasons import PdfRefusal
from verify.pdf_xmp import read_xmp
from verify.png import png_bitmap
from verify.reasons import Findings, Refusal
from verify.record import read_record
from verify.xml import parse_xml
from verify.zip import Limits, read_zip

__all__ = ["Part", "collect_parts", "make_part", "read_part"]

_REFUSED: Final = (EngineError, Refusal, PdfRefusal)
_PLAIN: Final = {"picture": (ValueError,)}   # whose readers say so in their description: who calls them knows the code
_LIMITS: Final = Limits(entries=400, entry_size=4 << 20, total_size=16 << 20)
_LONGEST: Final = 60_000                 # of a part: what is longer is a whole file's work
_SHAPES: Final = {"der": 40, "xml": 14, "pdf": 14, "pdf-object": 8, "zip": 12, "json": 4, "font": 3, "picture": 3,
                  "code": 2}


def _every_object(data: bytes) -> None:
    """Objects one behind another, as far as they can be read."""
    place = 0
    while place < len(data):
        _, place = parse_object(data, place)


def _font(data: bytes) -> None:
    font = TrueType(data)
    font.character_maps()


_READERS: Final[Mapping[str, tuple[Callable[[bytes], Any], ...]]] = {
    "der": (Certificate.load, load_loose, Crl.load, OcspResponse.load, TimestampToken.parse, SesSeal.parse,
            functools.partial(SesSignature.parse, allow_timestamp=True), read_v1_seal, read_seal,
            CertificateRequest.load, require_der, lambda data: read_value(data, where="value"),
            lambda data: read_cms(data, "value")),
    "xml": (lambda data: parse_xml(data, "part"), lambda data: read_record(data, "record.xml"), read_xmp),
    "pdf": (read_file, lambda data: read_chain(data, Budget())),
    "pdf-object": (_every_object,),
    "zip": (lambda data: read_zip(data, _LIMITS), lambda data: read_container(data, Findings(), _LIMITS)),
    "json": (read_status_list, lambda data: SignedStatement.parse(data, type="zhengyin.approval/1"),
             canonical_json.decode, lambda data: parse_approval(data, name="approval")),
    "font": (_font, OutlineTable),
    "picture": (png_bitmap, jpeg_size, jpeg_bitmap),
    "code": (lambda data: parse_code(data.decode("utf-8", "replace")),),
}


@dataclass(frozen=True)
class Part:
    """One mutated part of a file."""

    number: int
    shape: str
    data: bytes


def collect_parts(corpus: Corpus) -> Mapping[str, tuple[bytes, ...]]:
    """All different parts of the seeds, by their shape."""
    found: dict[str, dict[bytes, None]] = {shape: {} for shape in _SHAPES}
    for family, seeds in corpus.seeds.items():
        for seed in seeds:
            if family in ("own-pdf", "pdf"):
                found["pdf"][seed.data] = None
                found["pdf-object"].update(dict.fromkeys(pdfs.bodies(seed.data)))
                found["der"].update(dict.fromkeys(pdfs.signature_values(seed.data)))
            elif seed.name == "code.txt":
                found["code"][seed.data] = None
            elif parts := zips.parts_of(seed.data):
                found["zip"][seed.data] = None
                for name, data in parts:
                    found[_shape(name, data)][data] = None
            else:
                found[_shape(seed.name, seed.data)][seed.data] = None
    return {shape: tuple(data for data in parts if 0 < len(data) <= (600_000 if shape in ("zip", "pdf") else _LONGEST))
            for shape, parts in found.items()}


def _shape(name: str, data: bytes) -> str:
    if name.endswith(".xml"):
        return "xml"
    if name.endswith(".json"):
        return "json"
    if name.endswith((".ttf", ".otf", ".outlines")):
        return "font"
    if name.endswith(".pdf"):
        return "pdf"
    if name.endswith(".ofd"):
        return "zip"
    return "der" if data[:1] == b"\x30" else "picture"


def make_part(parts: Mapping[str, tuple[bytes, ...]], seed: int, number: int) -> Part:
    """Make part ``number`` of a run from what was collected; the same each time."""
    dice = random.Random(f"{seed}/part/{number}")  # noqa: S311 - no secret
    shape = dice.choices(list(_SHAPES), list(_SHAPES.values()))[0]
    data, other = dice.choice(parts[shape]), dice.choice(parts[shape])
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        data = _changed(shape, data, other, dice)
    return Part(number, shape, data)


def _changed(shape: str, data: bytes, other: bytes, dice: random.Random) -> bytes:
    if shape == "zip" and dice.random() < 0.7 and (parts := zips.parts_of(data)):
        return zips.repack(parts, dice)
    if dice.random() < 0.15:
        return damage(data, dice, other)
    if shape == "der":
        return ders.mutate(data, dice, other)
    if shape == "xml":
        return xmls.mutate(data, dice, other)
    if shape == "pdf":
        return pdfs.mutate(data, dice, other)
    if shape == "picture":
        return pictures.mutate(data, dice, other)
    return damage(data, dice, other)


def read_part(part: Part, codes: Counter[str]) -> None:
    """Put it before every reader of its shape, and count what they say.

    Raises:
        Exception: what came out of a reader and is no refusal.
    """
    for reader in _READERS[part.shape]:
        try:
            reader(part.data)
        except _PLAIN.get(part.shape, ()):
            codes[f"{part.shape}: refused"] += 1
        except _REFUSED as refused:
            codes[f"{part.shape}: {refused.code}"] += 1
        else:
            codes[f"{part.shape}: read"] += 1
