"""Issued packages, taken apart, changed and sealed again: what an attacker, or a dishonest signer, can make.

``Forger`` writes a seal anew with any part exchanged; nothing here asks the verifier's own readers.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docgen
from certs import ses_build
from certs.authority import Authority
from certs.home import Home
from certs.ses import SesSeal
from certs.signer import Signer
from certs.sm3 import sm3
from tests.support.demo_home import CITY, PROVINCE, shared_home
from tests.verify.archives import archive, item
from verify import verify
from verify.report import Report

SAMPLES = Path(__file__).parents[2] / "layouts" / "K0" / "samples"
SIGN = "Doc_0/Signs/Sign_0/"
SIGNATURE, VALUE, SEAL = SIGN + "Signature.xml", SIGN + "SignedValue.dat", SIGN + "Seal.esl"
PAGE, PUBLIC, RECORD = "Doc_0/Pages/Page_0/Content.xml", "Doc_0/PublicRes.xml", "Doc_0/Attachs/record.xml"
RENDITION = "Doc_0/Attachs/rendition.pdf"
TEMPLATE, FONT = "Doc_0/Tpls/Tpl_0/Content.xml", "Doc_0/Res/Font_0.ttf"
Entries = dict[str, bytes]


def record(number: int = 1, **changes: object) -> dict[str, object]:
    """A worked example, with fields exchanged."""
    return {**json.loads((SAMPLES / f"example-{number}.json").read_bytes()), **changes}


@functools.cache
def issued(number: int = 1) -> docgen.Issued:
    """A worked example as issued from the shared demo home."""
    return docgen.issue(record(number), home=shared_home())


def entries(data: bytes | None = None) -> Entries:
    """The entries of a package, by the standard library's reader."""
    with zipfile.ZipFile(io.BytesIO(data or issued().ofd)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def pack(parts: Mapping[str, bytes]) -> bytes:
    """A canonical archive of entries."""
    return archive([item(name, data) for name, data in parts.items()])


def changed(name: str, change: Callable[[bytes], bytes], data: bytes | None = None) -> bytes:
    """The package with one entry changed and nothing sealed anew."""
    parts = entries(data)
    after = change(parts[name])
    assert after != parts[name], f"{name} was not changed"
    return pack({**parts, name: after})


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    """Exchange a piece of text."""
    return lambda data: data.replace(old.encode(), new.encode(), 1)


def check(data: bytes, **options: object) -> Report:
    """Verify against the shared demo trust."""
    options.setdefault("trust", shared_home().trust())
    return verify(data, **options)  # type: ignore[arg-type]


def codes(report: Report) -> set[str]:
    """All reason codes of a report."""
    return {reason.code for reason in report.reasons}


@dataclass
class Forger:
    """Seals entries anew. Every field can be exchanged; by default all is as the true issuer does it."""

    home: Home = field(default_factory=shared_home)
    who: tuple[str, str] = CITY
    seal: SesSeal | None = None
    signer: Signer | None = None
    moment: dt.datetime | None = None
    property_info: str = "/" + SIGNATURE
    listed: Callable[[list[str]], list[str]] = field(default=lambda names: names)
    edit: Callable[[bytes], bytes] = field(default=lambda data: data)
    edit_value: Callable[[bytes], bytes] = field(default=lambda data: data)
    beside: bytes | None = None

    def authority(self) -> Authority:
        """The sealing authority."""
        return self.home.authority(*self.who)

    def apply(self, parts: Mapping[str, bytes]) -> bytes:
        """Seal ``parts`` (their old seal is dropped) and pack them."""
        authority = self.authority()
        seal = self.seal or authority.seal.seal
        signer = self.signer or authority.sealing_signer
        old = parts[SIGNATURE].decode()
        claimed = re.search(r"SignatureDateTime>([0-9]{14})Z<", old)
        assert claimed
        moment = self.moment or dt.datetime.strptime(claimed.group(1), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
        made = {name: data for name, data in parts.items() if name not in (SIGNATURE, VALUE)}
        made[SEAL] = seal.der if self.beside is None else self.beside
        names = self.listed(list(made))
        references = "".join(
            f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>'
            f"{base64.b64encode(sm3(made.get(name, b''))).decode()}</ofd:CheckValue></ofd:Reference>"
            for name in names)
        head, _, rest = old.partition("<ofd:Reference ")
        tail = rest[rest.rindex("</ofd:Reference>") + len("</ofd:Reference>"):]
        text = re.sub(r"(SignatureDateTime>)[0-9]{14}Z", rf"\g<1>{moment:%Y%m%d%H%M%S}Z",
                      head + references + tail)
        made[SIGNATURE] = self.edit(text.encode())
        to_sign = ses_build.build_to_sign(seal=seal, signed_at=moment, data_hash=sm3(made[SIGNATURE]),
                                          property_info=self.property_info)
        made[VALUE] = self.edit_value(ses_build.assemble_signature(
            to_sign, signer.certificate.der, signer.sign(to_sign)).der)
        return pack(made)


def forged(name: str, change: Callable[[bytes], bytes], **facts: object) -> bytes:
    """One entry changed and everything sealed anew by the true authority."""
    parts = entries()
    after = change(parts[name])
    assert after != parts[name], f"{name} was not changed"
    return Forger(**facts).apply({**parts, name: after})  # type: ignore[arg-type]


__all__ = [
    "CITY", "FONT", "PAGE", "PROVINCE", "PUBLIC", "RECORD", "RENDITION", "SEAL", "SIGNATURE", "TEMPLATE",
    "VALUE", "Entries", "Forger", "changed", "check", "codes", "entries", "forged", "issued", "pack",
    "record", "swap",
]
