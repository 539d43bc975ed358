"""What is mutated: genuine files of many writers, kept in a folder so that every input can be made again.

The folder holds the seeds, the trust folders that they are judged by, the key that seals mutated packages anew and
the moment of judging. It is made once; whoever has it makes input number ``n`` of a run from the run's seed and ``n``.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from certs import der_build, sm2
from certs._sm2_math import N
from certs.sm3 import sm3
from certs.trust import STATUS_LIST, Trust

__all__ = ["FAMILIES", "Corpus", "Sealer", "Seed", "load_corpus", "make_corpus"]

FAMILIES = ("own-ofd", "own-pdf", "ofd", "ofd-values", "pdf", "photo", "status", "trust")
"""Own packages and renditions, foreign files, pictures of printed pages, status lists, files of a trust folder."""
_TRUSTS = {"pdf": "pdf", "ofd-values": "values"}
_SAMPLES = (("K0", "example-1"), ("K0", "example-2"), ("K8", "example-1"), ("D1", "example-1"), ("SDS", "example-1"),
            ("LBL", "example-1"))


@dataclass(frozen=True)
class Seed:
    """One genuine file."""

    name: str
    family: str
    data: bytes


@dataclass(frozen=True)
class Sealer:
    """A true authority's sealing key, certificate and seal, with which an insider seals what was mutated."""

    d: int
    certificate: bytes
    seal: bytes

    def sign(self, message: bytes) -> bytes:
        """A DER signature of SM2 whose nonce comes from the message, so that inputs can be made again."""
        digest = sm2.signed_digest(sm2.PrivateKey(self.d).public, message)
        nonce = int.from_bytes(sm3(self.d.to_bytes(32, "big") + digest), "big") % (N - 2) + 1
        r = (int.from_bytes(digest, "big") + int.from_bytes(sm2.PrivateKey(nonce).public[1:33], "big")) % N
        return der_build.signature_value(r, pow(1 + self.d, -1, N) * (nonce - r * self.d) % N)


@dataclass(frozen=True)
class Corpus:
    """All seeds, by family, and how they are judged."""

    folder: Path
    seeds: Mapping[str, tuple[Seed, ...]]
    moments: Mapping[str, dt.datetime]
    trusts: Mapping[str, Trust]
    sealer: Sealer

    def trust(self, family: str) -> Trust:
        """Whom the files of a family are judged by."""
        return self.trusts[_TRUSTS.get(family, "home")]

    def moment(self, family: str) -> dt.datetime:
        """When they are judged."""
        return self.moments[_TRUSTS.get(family, "home")]


def load_corpus(folder: Path) -> Corpus:
    """Read a folder that :func:`make_corpus` made."""
    facts = json.loads((folder / "facts.json").read_text())
    seeds = {family: tuple(Seed(path.name, family, path.read_bytes())
                           for path in sorted((folder / "seeds" / family).iterdir())) for family in FAMILIES}
    return Corpus(
        folder=folder, seeds=seeds,
        moments={name: dt.datetime.fromisoformat(moment) for name, moment in facts["moments"].items()},
        trusts={name: Trust.load(folder / "trust" / name) for name in facts["moments"]},
        sealer=Sealer(int(facts["d"], 16), bytes.fromhex(facts["certificate"]), bytes.fromhex(facts["seal"])))


def make_corpus(folder: Path) -> Path:
    """Make all seeds with the tests' own writers, and whom to trust for them."""
    from tests.certs.core_pki import AT
    from tests.support import status_lists
    from tests.support.demo_home import CITY, shared_home
    from tests.verify.foreign.pdf_world import world as pdf_world
    from tests.verify.foreign.values import world as values_world

    now = status_lists.now()
    home = shared_home()
    listed = status_lists.status_file(status_lists.entry())
    trusts = {"home": home.trust(), "pdf": pdf_world().trust(), "values": values_world().trust()}
    for name, trust in trusts.items():
        _write_trust(trust, folder / "trust" / name)
    status_lists.put_list(folder / "trust" / "home", listed)
    for number, answer in enumerate(_ocsp_answers()):
        _write(folder / "trust" / "home" / "ocsp" / f"{number}.ors", answer)
    authority = home.authority(*CITY)
    secret: bytes = authority.sealing_signer._key.pkcs8()  # type: ignore[attr-defined]
    begin = secret.index(b"\x02\x01\x01\x04\x20") + 5
    for family, name, data in _all_seeds():
        _write(folder / "seeds" / family / name, data)
    _write(folder / "seeds" / "status" / STATUS_LIST, listed)
    for path in sorted((folder / "trust" / "home").rglob("*")):
        if path.is_file():
            _write(folder / "seeds" / "trust" / path.relative_to(folder / "trust" / "home").as_posix().replace(
                "/", "__"), path.read_bytes())
    facts = {"d": secret[begin:begin + 32].hex(), "certificate": authority.sealing_signer.certificate.der.hex(),
             "seal": authority.seal.seal.der.hex(),
             "moments": {"home": now.isoformat(), "pdf": now.isoformat(), "values": AT.isoformat()}}
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder


def _ocsp_answers() -> Iterable[bytes]:
    """What responders say, good and revoked, by SM2 and by P-256, of certificates of no file here."""
    from certs.crl import Revocation
    from tests.certs.answers import answer_der, responder
    from tests.certs.core_pki import AT, root

    for kind in ("sm2", "p256"):
        ca = root(kind)
        leaf, by = ca.leaf("单位", 3), responder(ca)
        yield answer_der(leaf, ca, by, nonce=b"nonce")
        yield answer_der(leaf, ca, revoked=Revocation(revoked_at=AT, reason="keyCompromise"), by_key=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_trust(trust: Trust, folder: Path) -> None:
    """A trust folder with the same content."""
    _write(folder / "trust.json", json.dumps(
        {"name": trust.name, "lookup_hosts": list(trust.lookup_hosts)}, ensure_ascii=False).encode())
    for name, certificates in (("roots", trust.roots), ("intermediates", trust.intermediates), ("tsa", trust.tsa),
                               ("seal-makers", trust.seal_makers), ("status-signers", trust.status_signers)):
        for number, certificate in enumerate(certificates):
            _write(folder / name / f"{number}.cer", certificate.der)
    for key, certificate in trust.data_signing.items():
        _write(folder / "data-signing" / f"{key}.cer", certificate.der)
    for number, crl in enumerate(trust.crls):
        _write(folder / "crls" / f"{number}.crl", crl.der)


def _all_seeds() -> Iterable[tuple[str, str, bytes]]:
    yield from _own()
    yield from _foreign_ofd()
    yield from _foreign_pdf()
    yield from _photos()


def _own() -> Iterable[tuple[str, str, bytes]]:
    import docgen
    import layouts
    from tests.support.demo_home import shared_home

    made: dict[str, docgen.Issued] = {}
    for code, name in _SAMPLES:
        record, attachments = json.loads(layouts.resource(code, f"samples/{name}.json")), {}
        for key, field in layouts.load_kind(code).earlier.items():
            earlier = made["SDS"]
            attachments[key] = earlier.ofd
            record[field.label] = f"{earlier.identifier} sm3:{sm3(earlier.ofd).hex()}"
        made[code] = docgen.issue(record, home=shared_home(), attachments=attachments)
        yield "own-ofd", f"{code}-{name}.ofd", made[code].ofd
        yield "own-pdf", f"{code}-{name}.pdf", made[code].pdf


def _foreign_ofd() -> Iterable[tuple[str, str, bytes]]:
    from tests.verify.foreign import test_ofd_genuine as genuine
    from tests.verify.foreign.test_ofd_values import FORMS, file
    from tests.verify.foreign.vendors import pack, sealed, zipped

    makers: dict[str, Callable[[], bytes]] = {
        "plain": lambda: pack(sealed()), "closed": lambda: pack(sealed(covers=genuine.everything)),
        "folders": lambda: zipped(sealed(), folders=True, comment=b"made"), "twice": lambda: pack(genuine.twice()),
        "unprefixed": lambda: pack(sealed(style=genuine.unprefixed)),
        "documents": lambda: pack(sealed(genuine.two_documents(), covers=genuine.everything)),
        "version": lambda: pack(sealed(genuine.version())),
        "gbk": genuine.gbk_names, "no-seal-beside": lambda: pack(sealed(seal_file=False)),
        "sha-256": lambda: pack(sealed(method="SHA-256", digest=genuine.digested)),
    }
    for name, make in makers.items():
        yield "ofd", f"{name}.ofd", make()
    for number, (_, value, _) in enumerate(FORMS):
        yield "ofd-values", f"value-{number}.ofd", pack(file(value))


def _foreign_pdf() -> Iterable[tuple[str, str, bytes]]:
    from tests.verify.foreign import pdf_forgeries as f
    from tests.verify.foreign import pdf_writers as w
    from tests.verify.foreign.pdf_world import world

    parties = world()
    makers: dict[str, Callable[[], bytes]] = {
        "pades": lambda: w.sign(w.plain()), "packed": lambda: w.sign(w.packed()),
        "hybrid": lambda: w.sign(w.hybrid()), "form": lambda: w.certify(w.plain(True), 2),
        "pss": lambda: w.sign(w.plain(), parties.rsa, prefer_pss=True), "stamped": lambda: w.sign(
            w.plain(), stamped=True), "visible": lambda: w.sign(w.plain(), box=(100, 100, 250, 160)),
        "pkcs7": lambda: w.sign(w.plain(), form=w.PKCS7), "by-hand": f.by_hand,
        "long-term": lambda: w.long_term(w.plain()), "evidence": lambda: w.long_term(w.packed(), stamp_it=False),
        "two": lambda: w.sign(w.sign(w.plain()), parties.second, name="Sig2"),
        "linearized": lambda: w.by_openssl(w.linearized()),
    }
    for name, make in makers.items():
        yield "pdf", f"{name}.pdf", make()


def _photos() -> Iterable[tuple[str, str, bytes]]:
    """The code of an issued licence on noise, as cameras keep it, and its text."""
    import io

    import zxingcpp
    from PIL import Image

    from tests.verify.packages import entries

    code = Image.open(io.BytesIO(entries()["Doc_0/Res/Image_0.png"])).convert("L")
    code = code.resize((code.width * 2, code.height * 2), Image.Resampling.NEAREST)
    table = Image.effect_noise((code.width + 60, code.height + 40), 60).convert("RGB")
    table.paste(code.convert("RGB"), (30, 20))
    for form, options in (("PNG", {}), ("JPEG", {"quality": 60}), ("WEBP", {})):
        kept = io.BytesIO()
        table.save(kept, form, **options)
        yield "photo", f"photo.{form.lower()}", kept.getvalue()
    yield "photo", "code.txt", zxingcpp.read_barcodes(table)[0].text.encode()
