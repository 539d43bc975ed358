"""Input number ``n`` of a run: a seed, the layers that are changed, and what is made right again afterwards."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import random
import re
from dataclasses import dataclass, field

from certs import ses_build
from certs.ses import SesSeal
from certs.sm3 import sm3
from tests.fuzz import ders, pdfs, pictures, qr_codes, xmls, zips
from tests.fuzz.corpus import Corpus, Seed
from tests.fuzz.raw import damage

__all__ = ["Input", "make_input"]

_WEIGHTS = {"own-ofd": 20, "own-pdf": 14, "ofd": 28, "ofd-values": 12, "pdf": 22, "photo": 3, "status": 3, "trust": 3}


@dataclass
class Input:
    """One mutated file. ``insider``: a true authority sealed it after the change."""

    number: int
    family: str
    seed: Seed
    data: bytes
    how: list[str] = field(default_factory=list)
    insider: bool = False


def make_input(corpus: Corpus, seed: int, number: int) -> Input:
    """Make it; the same each time."""
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret
    family = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    chosen = dice.choice(corpus.seeds[family])
    other = dice.choice(corpus.seeds[family]).data
    made = Input(number, family, chosen, chosen.data)
    if (dice.random() < 0.15 and chosen.name != "code.txt") or (family == "status" and dice.random() < 0.3):
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            made.data = damage(made.data, dice, other)
        made.how.append("bytes")
    elif family in ("own-ofd", "ofd", "ofd-values"):
        _archive(made, corpus, dice)
    elif family in ("own-pdf", "pdf"):
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            made.data = pdfs.mutate(made.data, dice, other)
        made.how.append("pdf")
    elif chosen.name == "code.txt":
        made.data = qr_codes.drawn(qr_codes.mutate(chosen.data.decode(), dice))
        made.how.append("code")
    elif family == "photo":
        made.data = pictures.mutate(made.data, dice, other)
        made.how.append("picture")
    else:
        made.data = _by_content(chosen.name, made.data, dice, other)
        made.how.append("file")
    return made


def _by_content(name: str, data: bytes, dice: random.Random, other: bytes) -> bytes:
    """A change that suits what the bytes are."""
    start = data.lstrip(b"\xef\xbb\xbf \r\n")[:5]
    if dice.random() < 0.08:
        return damage(data, dice, other)
    if start.startswith(b"<"):
        return xmls.mutate(data, dice, other)
    if start.startswith(b"%PDF"):
        return pdfs.mutate(data, dice, other)
    if start.startswith(b"\x30") or name.endswith((".dat", ".esl", ".cer", ".crl")):
        return ders.mutate(data, dice, other)
    if start.startswith(b"{"):
        return _json(data, dice)
    return pictures.mutate(data, dice, other)


def _json(data: bytes, dice: random.Random) -> bytes:
    """Another value in place of one, or a change of what a value in base 64 holds."""
    found = list(re.finditer(rb'"[^"]*"|-?\d+|true|null|[\[\]{},:]', data))
    if not found:
        return damage(data, dice)
    one = dice.choice(found)
    text = one[0]
    if len(text) > 60 and dice.random() < 0.8:
        try:
            held = base64.b64decode(text[1:-1], validate=True)
            inside = _json(held, dice) if held.startswith(b"{") else ders.mutate(held, dice, held)
            text = b'"' + base64.b64encode(inside) + b'"'
        except ValueError:
            text = damage(text, dice)
    else:
        text = dice.choice((b"null", b"-1", b"1e999", b"[]", b"{}", b'""', b'"\\ud800"', b"9" * 30, b"[" * 3000,
                            dice.choice(found)[0], text + b"," + text, damage(text, dice)))
    return data[:one.start()] + text + data[one.end():]


def _archive(made: Input, corpus: Corpus, dice: random.Random) -> None:
    """Change entries, or how they are packed; then seal again, state the digests anew, or leave it all."""
    parts = zips.parts_of(made.data)
    assert parts is not None, made.seed.name
    if dice.random() < 0.22:
        made.how.append("zip")
        made.data = zips.repack(parts, dice)
        return
    small = [place for place, part in enumerate(parts) if not part[0].endswith("/")]
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        place = dice.choice(small)
        name, data = parts[place]
        parts[place] = (name, _by_content(name, data, dice, dice.choice(parts)[1]))
        made.how.append(name)
    chance = dice.random()
    if chance < 0.45:
        parts = _stated(parts, corpus, seal=chance < 0.33)
        made.insider = chance < 0.33
        made.how.append("sealed" if made.insider else "digests")
    made.data = zips.pack(parts)


def _stated(parts: zips.Parts, corpus: Corpus, *, seal: bool) -> zips.Parts:
    """The digests in every Signature.xml made right; with ``seal`` every signature value too."""
    held = dict(parts)
    for name, data in parts:
        if not name.endswith("/Signature.xml"):
            continue

        def right(one: re.Match[bytes]) -> bytes:
            listed = one[2].decode("utf-8", "replace").lstrip("/")
            digest = base64.b64encode(sm3(held[listed])) if listed in held else one[4]
            return one[1] + one[2] + one[3] + digest

        held[name] = re.sub(rb'(FileRef=")([^"]*)("[^<]*<[\w:]*CheckValue>)([^<]*)', right, data)
        if seal:
            to_sign = ses_build.build_to_sign(
                seal=SesSeal.parse(corpus.sealer.seal), signed_at=_moment(held[name], corpus),
                data_hash=sm3(held[name]), property_info="/" + name)
            held[name.removesuffix("Signature.xml") + "SignedValue.dat"] = ses_build.assemble_signature(
                to_sign, corpus.sealer.certificate, corpus.sealer.sign(to_sign)).der
    return [(name, held[name]) for name, _ in parts]


def _moment(signature: bytes, corpus: Corpus) -> dt.datetime:
    """The time that a Signature.xml of our own claims; the moment of judging for others."""
    claimed = re.search(rb"SignatureDateTime>([0-9]{14})Z<", signature)
    if claimed:
        with contextlib.suppress(ValueError):
            return dt.datetime.strptime(claimed[1].decode() + "+0000", "%Y%m%d%H%M%S%z")
    return corpus.moment("ofd")
