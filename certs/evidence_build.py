"""Making and renewing evidence records (RFC 4998): many files at a time, one timestamp for all.

Each function returns new records in the order of what it was given and changes nothing: what a caller had stays good
until the new records are kept. A record is renewed by a further timestamp before its newest one weakens
(:func:`renew`), or by a further chain, over the file itself, before its digest does (:func:`rehash`); :func:`due` says
when, at the latest. What will be needed to judge a token after years (its authority's certificates, revocation lists,
OCSP answers) is put into it first, where the renewal covers it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from certs.evidence_record import (
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
from certs.strength import DIGESTS, STRONG, Strength
from certs.timestamp_token import TimestampToken, digest
from certs.token_evidence import NOTHING, Material, complete, linked, newest_on, path_of, rewritten, token_due

__all__ = ["MARGIN", "Material", "Stamper", "completed", "due", "new_record", "rehash", "renew", "tidied", "weakens"]

MARGIN: Final = timedelta(days=90)
"""How long before its last moment a record is due."""



class Stamper(Protocol):
    """Whatever gives verified tokens; :class:`certs.tsa.Timestampers` does."""

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """The DER of a TimeStampToken over ``imprint``, a digest by ``algorithm``."""


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


def renew(records: Sequence[bytes], timestamper: Stamper, material: Material, *,
          beside: Sequence[Sequence[bytes]] = ()) -> list[bytes]:
    """Renew the timestamps of records: one further timestamp for all records of one digest.

    Args:
        beside: for each record, digests (by that of its newest chain) that its new time-stamp covers as well: they
            stand in the first list of its tree.

    Raises:
        EngineError: a record cannot be read, or of ``timestamper``.
    """
    parsed = _completed(records, material)
    beside = beside or [()] * len(parsed)
    renewed: dict[int, bytes] = {}
    for algorithm in dict.fromkeys(record.newest.algorithm for record in parsed):
        places = [place for place, record in enumerate(parsed) if record.newest.algorithm == algorithm]
        # a token that was renewed before is covered again: some judges ask the newest for all of its chain
        groups = [tuple(sorted({digest(algorithm, stamp.token.der) for stamp in parsed[place].chains[-1]}))
                  for place in places]
        stamps = _stamped(groups, algorithm, timestamper, [beside[place] for place in places])
        for place, stamp in zip(places, stamps, strict=True):
            record = parsed[place]
            chains = [[one.der for one in chain] for chain in record.chains]
            chains[-1].append(stamp)
            renewed[place] = write_record(chains, (chain[0].algorithm for chain in record.chains))
    return [renewed[place] for place in range(len(parsed))]


def rehash(records: Sequence[bytes], datas: Sequence[bytes | Callable[[], bytes]], algorithm: str,
           timestamper: Stamper, material: Material, *, beside: Sequence[Sequence[bytes]] = ()) -> list[bytes]:
    """Give records a further chain by a new digest, over the files themselves; one timestamp for all.

    Args:
        datas: the files, in the order of their records; each as bytes or as what reads them.
        beside: as of :func:`renew`, digests by ``algorithm``.

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
    stamps = _stamped(leaves, algorithm, timestamper, beside)
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
    path = path_of(token, material)
    beside = linked(token, path)
    lists, answers = [one.der for one in token.crls], list(token.ocsp)
    if path:
        authorities = (*path, *beside, *material.certificates)
        lists = list(dict.fromkeys(
            one.der for one in (*revoking(token.crls, authorities), *newest_on(path, token.crls))))
        answers = telling(token.ocsp, authorities)
    kept = {one.der for one in beside}
    found = _with_token(parsed, read_token(rewritten(
        token.der, [one.der for one in token.certificates if one.der in kept], lists, answers)))
    return write_record([[stamp.der for stamp in chain] for chain in found.chains],
                        [chain[0].algorithm for chain in found.chains])


def due(record: bytes, *, material: Material = NOTHING, strength: Strength = STRONG,
        margin: timedelta = MARGIN) -> datetime:
    """When a record has to be renewed at the latest: ``margin`` before its newest token or its digest weakens.

    Args:
        material: certificates of the authority that the token does not carry.

    Raises:
        EvidenceError: ``evidence.bad-request``: the authority's certificate is not at hand.
        EngineError: the record cannot be read.
    """
    token, algorithm = _newest(record)
    found = token_due(token, algorithm, material=material, strength=strength, margin=margin)
    if found is None:
        raise _bad("时间戳服务的证书不在记录中，也未另外提供",
                   "the certificate of the time-stamp's authority is neither in the record nor given")
    return found


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


def _stamped(groups: Sequence[tuple[bytes, ...]], algorithm: str, timestamper: Stamper,
             beside: Sequence[Sequence[bytes]] = ()) -> list[bytes]:
    """An archive time-stamp (DER) for each group of digests and those beside them, all under one token.

    The tree is binary over the groups in ascending order of their digests; a node without a neighbour rises.
    """
    if not groups:
        return []
    groups = [tuple(sorted({*group, *more})) for group, more in zip(
        groups, beside or [()] * len(groups), strict=True)]
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
    token = complete(timestamper.token(root, algorithm), NOTHING)
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


def _completed(records: Iterable[bytes], material: Material) -> list[EvidenceRecord]:
    """Records whose newest tokens carry what will judge them; a token that many share is completed once."""
    tokens: dict[bytes, TimestampToken] = {}
    found = []
    for record in records:
        parsed = EvidenceRecord.parse(record)
        newest = parsed.newest
        token = tokens.get(newest.token.der)
        if token is None:
            token = tokens[newest.token.der] = read_token(complete(newest.token.der, material))
        found.append(_with_token(parsed, token))
    return found


def _with_token(record: EvidenceRecord, token: TimestampToken) -> EvidenceRecord:
    newest = record.newest
    stamp = dataclasses.replace(newest, der=write_timestamp(newest.algorithm, newest.tree, token.der), token=token)
    return dataclasses.replace(record, chains=(*record.chains[:-1], (*record.chains[-1][:-1], stamp)))
