"""What a package was judged by, kept inside it: anchors, lists, the status of seals, the data of its kind.

It has the form of a trust folder, so any verifier can be given it. But a package vouches for nothing by itself: whoever
judges by the snapshot alone names the anchors that they believe by their fingerprints, and only those count
(:func:`believed`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from archive.errors import ArchiveCode, ArchiveError
from archive.layout import ADDED_CRLS, ADDED_OCSP, ADDED_TSA
from archive.manifest import are_names
from certs.crl import Crl
from certs.ocsp import OcspResponse
from certs.sm3 import sm3
from certs.strength import Strength
from certs.trust import STATUS_LIST, Trust, key_id
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.china_time import CHINA_TIME
from codes.errors import EngineError
from layouts import folders

__all__ = [
    "KINDS", "TRUST", "believed", "kind_files", "named_files", "renewal_files", "renewal_material", "snapshot_files",
    "snapshot_trust", "unreadable", "with_snapshot",
]

TRUST: Final = "trust/"
KINDS: Final = "kinds/"
_ANCHORS: Final = (f"{TRUST}roots/", f"{TRUST}tsa/", f"{TRUST}seal-makers/")
ALGORITHMS: Final = "algorithms.json"
_MOST_STATUS: Final = 1 << 20            # bytes of a status list that each package may carry
_MOST_KIND: Final = 16 << 20
_LEFT_OUT: Final = ("samples/", "preview/", ".")
_T = TypeVar("_T")


def snapshot_files(trust: Trust, maker: Certificate, data_signer: Certificate | None) -> dict[str, bytes]:
    """The trust folder of one package: everything above, and of makers and signers the ones that it needs.

    Args:
        maker: of the seal; left out where ``trust`` does not accept it.
        data_signer: of the QR code, None where there is none.
    """
    makers = [one for one in trust.seal_makers if one.der == maker.der]
    signers = [] if data_signer is None else [
        one for one in trust.data_signing.values() if one.der == data_signer.der]
    files = {"trust.json": json.dumps(
        {"name": trust.name, "lookup_hosts": list(trust.lookup_hosts)}, ensure_ascii=False).encode()}
    for folder, certificates in (("roots", trust.roots), ("intermediates", trust.intermediates),
                                 ("seal-makers", makers), ("tsa", trust.tsa), ("status-signers", trust.status_signers)):
        files |= {f"{folder}/{one.fingerprint[:16]}.cer": one.der for one in certificates}
    files |= {f"data-signing/{key_id(one).hex()}.cer": one.der for one in signers}
    files |= {f"crls/{_name(crl)}.crl": crl.der for crl in trust.crls}
    files |= {f"ocsp/{sm3(answer.der).hex()[:16]}.ors": answer.der for answer in trust.ocsp}
    if trust.seal_status and len(trust.seal_status) <= _MOST_STATUS:
        files[STATUS_LIST] = trust.seal_status
    if trust.strength.weak_from:
        files[ALGORITHMS] = json.dumps({name: end.astimezone(CHINA_TIME).date().isoformat()
                                        for name, end in sorted(trust.strength.weak_from.items())}).encode()
    files |= {f"fonts/{name}.outlines": data for name, data in trust.font_outlines.items()}
    return {TRUST + name: data for name, data in files.items()}


def _name(crl: Crl) -> str:
    return sm3(crl.der).hex()[:16]


def kind_files(code: str) -> dict[str, bytes]:
    """The data of a kind that does not ship with the engine; nothing for one that does.

    Raises:
        KindError: the kind is not known.
        ArchiveError: ``archive.damaged``: its folder holds more than a kind does; ``archive.names``.
    """
    if folders.ships(code):
        return {}
    folder = folders.kind_folder(code)
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(_LEFT_OUT):
            files[f"{KINDS}{code}/{name}"] = folders.resource(code, name)
    if sum(map(len, files.values())) > _MOST_KIND:
        raise ArchiveError(ArchiveCode.DAMAGED, f"证照种类 {code} 的目录过大，不能存入档案，请清理 {folder}",
                           f"the folder of kind {code} is too large for an archive; clear {folder} up")
    if not are_names(files):
        raise ArchiveError(ArchiveCode.NAMES, f"{folder} 中有不能归档的文件名（仅大小写不同，或含 \\、:），请改名",
                           f"in {folder} are names that no archive takes (equal but for their case, or with \\ or :): "
                           "rename them")
    return files


def snapshot_trust(files: Mapping[str, bytes]) -> Trust | None:
    """The trust of a package with what renewals added to it; None where it cannot be read."""
    try:
        settings = json.loads(files[f"{TRUST}trust.json"])
        certificates = {folder: tuple(map(_certificate, _under(files, f"{TRUST}{folder}/")))
                        for folder in ("roots", "intermediates", "seal-makers", "tsa", "status-signers",
                                       "data-signing")}
        added = renewal_material(files)
        return Trust(
            name=str(settings["name"]), lookup_hosts=tuple(map(str, settings["lookup_hosts"])),
            roots=certificates["roots"], intermediates=certificates["intermediates"],
            seal_makers=certificates["seal-makers"], tsa=_each_once((*certificates["tsa"], *added.tsa)),
            status_signers=certificates["status-signers"],
            data_signing={key_id(one).hex(): one for one in certificates["data-signing"]},
            crls=(*(Crl.load(data) for data in _under(files, f"{TRUST}crls/")), *added.crls),
            ocsp=(*(OcspResponse.load(data) for data in _under(files, f"{TRUST}ocsp/")), *added.ocsp),
            seal_status=files.get(TRUST + STATUS_LIST),
            strength=Strength.read(json.loads(files.get(TRUST + ALGORITHMS, b"{}"))),
            font_outlines={name.rpartition("/")[2].removesuffix(".outlines"): data for name, data in files.items()
                           if name.startswith(f"{TRUST}fonts/")})
    except (EngineError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _certificate(data: bytes) -> Certificate:
    """As the trust folder that it is from reads it."""
    return load_loose(data).certificate


def renewal_material(files: Mapping[str, bytes]) -> Trust:
    """Roots, lists and answers that renewals left under ``evidence/``, as far as they can be read: the others still
    count."""
    return Trust(name="", lookup_hosts=(), roots=(), data_signing={},
                 tsa=tuple(one for _, one in _readable(files, ADDED_TSA, _certificate) if one is not None),
                 crls=tuple(one for _, one in _readable(files, ADDED_CRLS, Crl.load) if one is not None),
                 ocsp=tuple(one for _, one in _readable(files, ADDED_OCSP, OcspResponse.load) if one is not None))


def unreadable(files: Mapping[str, bytes]) -> list[str]:
    """Names of what lies where renewals leave roots, lists and answers, and is none: what it told is not known."""
    told = (*_readable(files, ADDED_TSA, _certificate), *_readable(files, ADDED_CRLS, Crl.load),
            *_readable(files, ADDED_OCSP, OcspResponse.load))
    return [name for name, one in told if one is None]


def _readable(files: Mapping[str, bytes], folder: str, load: Callable[[bytes], _T]) -> Iterator[tuple[str, _T | None]]:
    """Every file of a folder, None for one that cannot be read."""
    for name, data in files.items():
        if name.startswith(folder):
            try:
                yield name, load(data)
            except EngineError:
                yield name, None


def _under(files: Mapping[str, bytes], folder: str) -> Iterable[bytes]:
    return (data for name, data in files.items() if name.startswith(folder))


def _each_once(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    return tuple({one.der: one for one in certificates}.values())


def believed(trust: Trust, fingerprints: Iterable[str]) -> Trust:
    """Cut a snapshot down to what was named: roots, roots of time and seal makers with these fingerprints (SM3, hex).

    A data-signing certificate or a signer of status lists counts where its chain ends at a root that was named, which
    is judged with the file; intermediates and lists are believed by nobody.
    """
    named = {one.lower().replace(":", "") for one in fingerprints}

    def only(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
        return tuple(one for one in certificates if one.fingerprint in named)

    return dataclasses.replace(trust, roots=only(trust.roots), tsa=only(trust.tsa), seal_makers=only(trust.seal_makers))


def renewal_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The anchors, lists and answers that renewals left and that can be read, at their place in a trust folder."""
    added = renewal_material(files)
    return {f"{TRUST}tsa/{one.fingerprint[:16]}.cer": one.der for one in added.tsa} | {
        f"{TRUST}crls/renewal-{number}.crl": crl.der for number, crl in enumerate(added.crls)} | {
        f"{TRUST}ocsp/renewal-{number}.ors": answer.der for number, answer in enumerate(added.ocsp)}


def named_files(files: Mapping[str, bytes], fingerprints: Iterable[str]) -> dict[str, bytes]:
    """Cut the files of a trust folder (under ``trust/``) down to what was named, as :func:`believed` does."""
    named = {one.lower().replace(":", "") for one in fingerprints}
    return {name: data for name, data in files.items() if name.startswith(TRUST) and (
        not name.startswith(_ANCHORS) or sm3(data).hex() in named)}


def with_snapshot(trust: Trust, snapshot: Trust | None) -> Trust:
    """A verifier's own trust with the intermediates of a package beside it: these link, and never anchor.

    Lists of the package show nothing to be good: whoever made it chose them, and of today a verifier's own are asked.
    Those of the day of sealing ride in the original, those of timestamp services in the evidence. A revocation that one
    of them tells counts.
    """
    if snapshot is None:
        return trust
    return dataclasses.replace(trust, intermediates=_each_once((*trust.intermediates, *snapshot.intermediates)),
                               against=(*trust.against, *snapshot.crls, *snapshot.ocsp))
