"""Making and renewing evidence records (RFC 4998): many files at a time, one timestamp for all.

Each function returns new records in the order of what it was given and changes nothing: what a caller had stays good
until the new records are kept. A record is renewed by a further timestamp before its newest one weakens
(:func:`renew`), or by a further chain, over the file itself, before its digest does (:func:`rehash`); :func:`due` says
when, at the latest. What will be needed to judge a token after years (its authority's certificates, revocation lists,
OCSP answers) is put into it first, where the renewal covers it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from certs import der_build as build
from certs.crl import Crl
from certs.der import INTEGER, SEQUENCE, SET, Reader, context
from certs.evidence_record import (
    MAX_TOKEN,
    EvidenceCode,
    EvidenceError,
    EvidenceRecord,
    bound_leaf,
    node_hash,
    read_token,
    write_record,
    write_timestamp,
)
from certs.kept_words import revoking, telling
from certs.ocsp import OcspResponse
from certs.strength import DIGESTS, STRONG, Strength
from certs.timestamp_token import MAX_CERTIFICATES, OID_OCSP_ANSWER, TimestampToken, digest
from certs.x509 import Certificate

__all__ = ["MARGIN", "Material", "Stamper", "completed", "due", "new_record", "rehash", "renew", "tidied", "weakens"]

MARGIN: Final = timedelta(days=90)
"""How long before its last moment a record is due."""

_OID_OCSP: Final = build.oid(OID_OCSP_ANSWER)
_MAX_PATH: Final = 8
_LARGE: Final = 256 * 1024              # bytes of a list that is left out where an OCSP answer says the same


class Stamper(Protocol):
    """Whatever gives verified tokens; :class:`certs.tsa.Timestampers` does."""

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """The DER of a TimeStampToken over ``imprint``, a digest by ``algorithm``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What judges timestamp authorities today: certificates (roots among them), revocation lists, OCSP answers."""

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()


_NOTHING: Final = Material()


def new_record(digests: Sequence[bytes], algorithm: str, timestamper: Stamper) -> list[bytes]:
    """Records of files, all under one timestamp.

    Args:
        digests: of the files, by ``algorithm``.
        algorithm: ``sm3``, ``sha256``, ``sha384`` or ``sha512``.

    Raises:
        EvidenceError: ``evidence.bad-request``: another algorithm, or a digest of another length.
        EngineError: of ``timestamper``.
    """
    _require_digest(algorithm)
    if any(len(one) != len(digest(algorithm, b"")) for one in digests):
        raise _bad("文件摘要的长度与算法不符", "a digest of a file has another length than its algorithm gives")
    stamps = _stamped([(one,) for one in digests], algorithm, timestamper)
    return [write_record([[stamp]], [algorithm]) for stamp in stamps]


def renew(records: Sequence[bytes], timestamper: Stamper, material: Material) -> list[bytes]:
    """Renew the timestamps of records: one further timestamp for all records of one digest.

    Raises:
        EngineError: a record cannot be read, or of ``timestamper``.
    """
    parsed = _completed(records, material)
    renewed: dict[int, bytes] = {}
    for algorithm in dict.fromkeys(record.newest.algorithm for record in parsed):
        places = [place for place, record in enumerate(parsed) if record.newest.algorithm == algorithm]
        # a token that was renewed before is covered again: some judges ask the newest for all of its chain
        groups = [tuple(sorted({digest(algorithm, stamp.token.der) for stamp in parsed[place].chains[-1]}))
                  for place in places]
        for place, stamp in zip(places, _stamped(groups, algorithm, timestamper), strict=True):
            record = parsed[place]
            chains = [[one.der for one in chain] for chain in record.chains]
            chains[-1].append(stamp)
            renewed[place] = write_record(chains, (chain[0].algorithm for chain in record.chains))
    return [renewed[place] for place in range(len(parsed))]


def rehash(records: Sequence[bytes], datas: Sequence[bytes | Callable[[], bytes]], algorithm: str,
           timestamper: Stamper, material: Material) -> list[bytes]:
    """Give records a further chain by a new digest, over the files themselves; one timestamp for all.

    Args:
        datas: the files, in the order of their records; each as bytes or as what reads them.

    Raises:
        EvidenceError: ``evidence.other-file``: a record is not of its file; ``evidence.bad-request``.
        EngineError: a record cannot be read, or of ``timestamper``.
    """
    _require_digest(algorithm)
    parsed = _completed(records, material)
    leaves = []
    for record, source in zip(parsed, datas, strict=True):
        data = source() if callable(source) else source
        last = record.chains[-1][0]
        if not last.holds(bound_leaf(last.algorithm, digest(last.algorithm, data),
                                     record.earlier(len(record.chains) - 1))):
            raise EvidenceError(EvidenceCode.OTHER_FILE, "存证记录不是为这个文件所做，请核对文件与记录",
                                "the evidence record was not made for this file; check which belongs to which")
        leaves.append((bound_leaf(algorithm, digest(algorithm, data), record.earlier(len(record.chains))),))
    stamps = _stamped(leaves, algorithm, timestamper)
    return [write_record([*([one.der for one in chain] for chain in record.chains), [stamp]],
                         [*(chain[0].algorithm for chain in record.chains), algorithm])
            for record, stamp in zip(parsed, stamps, strict=True)]


def completed(record: bytes, material: Material) -> bytes:
    """A record as :func:`renew` and :func:`rehash` would renew it: its newest token carries what will judge it.

    Raises:
        EngineError: the record cannot be read, or what judges it does not go into it.
    """
    (found,) = _completed([record], material)
    return write_record([[stamp.der for stamp in chain] for chain in found.chains],
                        [chain[0].algorithm for chain in found.chains])


def tidied(record: bytes, material: Material) -> bytes:
    """A record without what in its newest token says nothing: certificates that lead nowhere from its authority's own,
    strangers' lists and answers, and of the CAs at hand those that others at hand make needless.

    Nothing signs what lies there beside the time, so anybody could add things that keep the token from being believed
    or leave no room in it for its renewal. Whatever tells a revocation stays, whichever CA at hand tells it of whom.

    Args:
        material: its certificates are the CAs at hand, those of the file itself and their other keys among them.

    Raises:
        EngineError: the record cannot be read.
    """
    parsed = EvidenceRecord.parse(record)
    token = parsed.newest.token
    path = _path(token, material)
    linked = _linked(token, path)
    lists, answers = [one.der for one in token.crls], list(token.ocsp)
    if path:
        authorities = (*path, *linked, *material.certificates)
        lists = list(dict.fromkeys(
            one.der for one in (*revoking(token.crls, authorities), *_newest_on(path, token.crls))))
        answers = telling(token.ocsp, authorities)
    kept = {one.der for one in linked}
    found = _with_token(parsed, read_token(_rewritten(
        token.der, [one.der for one in token.certificates if one.der in kept], lists, answers)))
    return write_record([[stamp.der for stamp in chain] for chain in found.chains],
                        [chain[0].algorithm for chain in found.chains])


def due(record: bytes, *, material: Material = _NOTHING, strength: Strength = STRONG,
        margin: timedelta = MARGIN) -> datetime:
    """When a record has to be renewed at the latest: ``margin`` before its newest token or its digest weakens.

    Args:
        material: certificates of the authority that the token does not carry.

    Raises:
        EvidenceError: ``evidence.bad-request``: the authority's certificate is not at hand.
        EngineError: the record cannot be read.
    """
    token, algorithm = _newest(record)
    path = _path(token, material)
    if not path:
        raise _bad("时间戳服务的证书不在记录中，也未另外提供",
                   "the certificate of the time-stamp's authority is neither in the record nor given")
    ends = [certificate.not_after for certificate in path]
    weak = strength.end(algorithm, token.signature_algorithm, *(each.signature_algorithm for each in path))
    return min(ends if weak is None else [*ends, weak]) - margin


def weakens(record: bytes, before: datetime, strength: Strength) -> bool:
    """Whether the record's digest weakens before a moment, so that :func:`rehash` is due and :func:`renew` too little.

    Raises:
        EngineError: the record cannot be read.
    """
    return not strength.holds(before, _newest(record)[1])


def _newest(record: bytes) -> tuple[TimestampToken, str]:
    newest = EvidenceRecord.parse(record).newest
    return newest.token, newest.algorithm


def _require_digest(algorithm: str) -> None:
    if algorithm not in DIGESTS:
        raise _bad(f"不支持摘要算法 {algorithm}", f"the digest algorithm {algorithm} is not supported")


def _bad(zh: str, en: str) -> EvidenceError:
    return EvidenceError(EvidenceCode.BAD_REQUEST, f"无法制作或续期存证：{zh}，请更正后重试",
                         f"evidence cannot be made or renewed: {en}; correct it and try again")


# -- hash trees


def _stamped(groups: Sequence[tuple[bytes, ...]], algorithm: str, timestamper: Stamper) -> list[bytes]:
    """An archive time-stamp (DER) for each group of digests, all under one token.

    The tree is binary over the groups in ascending order of their digests; a node without a neighbour rises.
    """
    if not groups:
        return []
    heads = [node_hash(algorithm, group) for group in groups]
    paths: dict[bytes, list[bytes]] = {head: [] for head in heads}
    level: list[tuple[bytes, list[bytes]]] = [(head, [head]) for head in sorted(paths)]
    while len(level) > 1:
        above: list[tuple[bytes, list[bytes]]] = []
        for place in range(0, len(level), 2):
            if place + 1 == len(level):
                above.append(level[place])
                continue
            (left, under_left), (right, under_right) = level[place:place + 2]
            for leaf in under_left:
                paths[leaf].append(right)
            for leaf in under_right:
                paths[leaf].append(left)
            above.append((node_hash(algorithm, (left, right)), under_left + under_right))
        level = above
    root = level[0][0]
    token = _complete(timestamper.token(root, algorithm), _NOTHING)
    read = read_token(token)
    if (read.imprint, read.imprint_algorithm) != (root, algorithm):
        raise _bad("时间戳不是为此摘要所加", "the timestamp is not of the digest that was asked for")
    return [write_timestamp(algorithm, _lists(group, paths[head]), token)
            for group, head in zip(groups, heads, strict=True)]


def _lists(group: tuple[bytes, ...], path: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """The reduced hash tree of a group; no list has one value alone but beside the node that it meets."""
    if len(group) > 1:
        return [group, *((one,) for one in path)]
    return [(*group, path[0]), *((one,) for one in path[1:])] if path else []


# -- what judges a token after years


def _completed(records: Iterable[bytes], material: Material) -> list[EvidenceRecord]:
    """Records whose newest tokens carry what will judge them; a token that many share is completed once."""
    tokens: dict[bytes, TimestampToken] = {}
    found = []
    for record in records:
        parsed = EvidenceRecord.parse(record)
        newest = parsed.newest
        token = tokens.get(newest.token.der)
        if token is None:
            token = tokens[newest.token.der] = read_token(_complete(newest.token.der, material))
        found.append(_with_token(parsed, token))
    return found


def _with_token(record: EvidenceRecord, token: TimestampToken) -> EvidenceRecord:
    newest = record.newest
    stamp = dataclasses.replace(newest, der=write_timestamp(newest.algorithm, newest.tree, token.der), token=token)
    return dataclasses.replace(record, chains=(*record.chains[:-1], (*record.chains[-1][:-1], stamp)))


def _path(token: TimestampToken, material: Material) -> list[Certificate]:
    """The authority's certificate and those above it, as far as they are at hand; the signatures on them hold."""
    pool = (*material.certificates, *token.certificates)    # what is believed leads before what anybody could add
    path = [certificate for certificate in pool if token.names(certificate)][:1]
    while path and not path[-1].is_self_issued and len(path) < _MAX_PATH:
        above = next((one for one in pool if one not in path and path[-1].issued_by(one)), None)
        if above is None:
            break
        path.append(above)
    return path


def _linked(token: TimestampToken, path: Sequence[Certificate]) -> list[Certificate]:
    """The path without its root, then what else in the token certifies one of these or is akin; no more than a reader
    takes.

    Without a path it is what the token has, for then nothing tells what belongs there.
    """
    if not path:
        return list(token.certificates)
    linked = [one for one in path if not one.is_self_issued]
    for below in itertools.chain(path, linked):
        for one in token.certificates:
            if len(linked) < MAX_CERTIFICATES and one not in linked and below.issued_by(one):
                linked.append(one)
    # other certificates of the same keys, and of a CA by other keys, by which a revocation may be told
    akin = [one for one in token.certificates if one not in linked
            and any(one.public_key.spki == each.public_key.spki or (one.is_ca and one.subject == each.subject)
                    for each in path) and any(one.issued_by(each) for each in path)]
    return [*linked, *akin][:MAX_CERTIFICATES]


def _newest_on(path: Sequence[Certificate], lists: Sequence[Crl]) -> list[Crl]:
    """For each certificate of a path the newest list that may show it to be good."""
    found = []
    for certificate, authority in itertools.pairwise(path):
        fitting = [crl for crl in lists if crl.counts and crl.scope.covers(certificate) and crl.issued_by(authority)]
        found += sorted(fitting, key=lambda crl: crl.newness)[-1:]
    return found


def _complete(token: bytes, material: Material) -> bytes:
    """A token with the certificates of its path, and of each authority in it the newest list and answers.

    Raises:
        EvidenceError: ``evidence.bad-request``: it would become larger than a reader takes.
    """
    read = read_token(token)
    path = _path(read, material)
    certificates = {one.der for one in _linked(read, path)}
    lists = {one.der for one in read.crls}
    answers = set(read.ocsp)
    for certificate, authority in itertools.pairwise(path):
        told = [answer for answer in material.ocsp if answer.on(certificate, authority) is not None]
        answers.update(one.der for one in sorted(told, key=lambda answer: answer.produced_at)[-1:])
        fitting = [crl for crl in material.crls if not (told and len(crl.der) > _LARGE)]
        lists.update(crl.der for crl in _newest_on((certificate, authority), fitting))
    rewritten = _rewritten(token, certificates, lists, answers)
    if len(rewritten) > MAX_TOKEN:
        raise _bad("撤销列表过大，时间戳放不下，而其中没有可以略去的，请改用 OCSP",
                   "the revocation lists are too large for the time-stamp, and none may be left out; use OCSP")
    return rewritten


def _rewritten(token: bytes, certificates: Iterable[bytes], lists: Iterable[bytes], answers: Iterable[bytes]) -> bytes:
    """The token (ContentInfo) with these unsigned parts, in the order of DER; what is signed stays as it is."""
    outer = Reader(token).enter(SEQUENCE)
    kind = outer.raw()
    body = outer.enter(context(0)).enter(SEQUENCE)
    body.raw(INTEGER)
    digests, content = body.raw(SET), body.raw(SEQUENCE)
    while body.peek() != SET:
        body.raw()
    told = [build.tlv(context(1), _OID_OCSP + answer) for answer in answers]
    bag, revocation = b"".join(sorted(certificates)), b"".join(sorted([*lists, *told]))
    return build.sequence(kind, build.explicit(0, build.sequence(
        build.integer(5 if told else 3), digests, content,
        build.tlv(context(0), bag) if bag else b"", build.tlv(context(1), revocation) if revocation else b"",
        body.raw(SET))))
