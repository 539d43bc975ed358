"""Evidence records (RFC 4998), read strictly: that a file existed at a time, kept provable by renewal.

A record is a sequence of chains of archive time-stamps. An archive time-stamp is an RFC 3161 token over the root of a
hash tree and, of that tree, the lists that lead from one leaf to the root. The first one covers the file; each further
one of a chain covers the token before it; the first of a further chain covers the file anew, by a new digest, with all
chains before. What a record proves says :mod:`certs.evidence`.

Optional parts that nothing protects (``cryptoInfos``, ``encryptionInfo``, ``attributes``) are refused; what judging
needs later is in the tokens, where the next renewal covers it.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from certs import der_build as build
from certs.der import OCTET_STRING, SEQUENCE, Reader, context, require_der
from certs.ocsp import OcspResponse
from certs.strength import DIGESTS
from certs.timestamp_token import DIGEST_BY_OID, TimestampToken, digest
from codes.errors import EngineError

__all__ = [
    "MAX_RECORD", "ArchiveTimestamp", "EvidenceCode", "EvidenceError", "EvidenceRecord", "bound_leaf", "node_hash",
    "read_token", "write_record", "write_timestamp",
]

MAX_RECORD: Final = 16 * 1024 * 1024
"""Bytes of the largest record."""

MAX_TOKEN: Final = 4 * 1024 * 1024      # a token with the revocation lists that were in force when it was renewed
MAX_TIMESTAMPS: Final = 256             # of a record
MAX_LISTS: Final = 64                   # of a reduced hash tree: the depth of its tree
MAX_HASHES: Final = 4096                # of a reduced hash tree
_VERSION: Final = 1
_OID_BY_DIGEST: Final = {name: oid for oid, name in DIGEST_BY_OID.items()}


class EvidenceCode(enum.StrEnum):
    """Codes of :class:`EvidenceError`."""

    MALFORMED = "evidence.malformed"
    TOO_LARGE = "evidence.too-large"
    UNSUPPORTED = "evidence.unsupported"
    OTHER_FILE = "evidence.other-file"
    BAD_REQUEST = "evidence.bad-request"


class EvidenceError(EngineError):
    """The bytes are no evidence record that can be relied on, or one cannot be made as asked."""


def _malformed(zh: str, en: str) -> EvidenceError:
    return EvidenceError(EvidenceCode.MALFORMED, f"存证记录{zh}，请取原记录",
                         f"the evidence record {en}; get the original")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTimestamp:
    """One archive time-stamp; ``tree`` are the lists of its reduced hash tree, leaf first, empty without one."""

    der: bytes
    algorithm: str
    tree: tuple[tuple[bytes, ...], ...]
    token: TimestampToken

    def holds(self, leaf: bytes) -> bool:
        """Whether ``leaf`` is among what this is made for: it stands in the first list (RFC 4998 clause 4.3)."""
        return leaf in self.tree[0] if self.tree else leaf == self.token.imprint

    @property
    def sound(self) -> bool:
        """Whether the lists lead to the root that the token stamps."""
        if not self.tree:
            return True
        root = node_hash(self.algorithm, self.tree[0])
        for others in self.tree[1:]:
            root = node_hash(self.algorithm, (root, *others))
        return root == self.token.imprint


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """One record: chains of archive time-stamps, none of them empty, all of one chain with one digest."""

    der: bytes
    chains: tuple[tuple[ArchiveTimestamp, ...], ...]

    @classmethod
    def parse(cls, der: bytes) -> EvidenceRecord:
        """Read a record.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            EvidenceError: ``evidence.malformed``, ``evidence.too-large``, ``evidence.unsupported``.
            TimestampError, CertificateError, CrlError, PublicKeyError: of the tokens and what they carry.
        """
        if len(der) > MAX_RECORD:
            raise EvidenceError(EvidenceCode.TOO_LARGE, "存证记录超过 16 MiB，请检查来源",
                                "the evidence record exceeds 16 MiB; check where it comes from")
        require_der(der)
        return _read_record(der)

    @property
    def stamps(self) -> tuple[ArchiveTimestamp, ...]:
        """All archive time-stamps, oldest first."""
        return tuple(stamp for chain in self.chains for stamp in chain)

    @property
    def answers(self) -> tuple[OcspResponse, ...]:
        """The OCSP answers that the tokens carry, as far as they can be read; not judged."""
        found = []
        for der in dict.fromkeys(der for stamp in self.stamps for der in stamp.token.ocsp):
            with contextlib.suppress(EngineError):
                found.append(OcspResponse.load(der))
        return tuple(found)

    @property
    def newest(self) -> ArchiveTimestamp:
        """The archive time-stamp on which all others rest."""
        return self.chains[-1][-1]

    def __repr__(self) -> str:
        return f"<evidence of {len(self.stamps)} time-stamps in {len(self.chains)} chains>"

    def earlier(self, count: int) -> bytes:
        """The first ``count`` chains as the sequence (DER) that the next chain covers; nothing before the first."""
        return write_sequence([stamp.der for stamp in chain] for chain in self.chains[:count]) if count else b""


def node_hash(algorithm: str, values: Sequence[bytes]) -> bytes:
    """The digest of a node: of its values in ascending order, one after the other; of a single value that itself."""
    return values[0] if len(values) == 1 else digest(algorithm, b"".join(sorted(values)))


def bound_leaf(algorithm: str, file_digest: bytes, earlier: bytes) -> bytes:
    """The leaf of a further chain: the file's digest with that of all chains before it (RFC 4998 clause 5.2)."""
    return digest(algorithm, file_digest + digest(algorithm, earlier)) if earlier else file_digest


# -- writing


def write_timestamp(algorithm: str, tree: Sequence[Sequence[bytes]], token: bytes) -> bytes:
    """An ArchiveTimeStamp (DER); it names its digest where it has a tree, whose digest that is."""
    if not tree:
        return build.sequence(token)
    lists = (build.sequence(*(build.octet_string(value) for value in sorted(values))) for values in tree)
    return build.sequence(build.tlv(context(0), build.oid(_OID_BY_DIGEST[algorithm])),
                          build.tlv(context(2), b"".join(lists)), token)


def write_sequence(chains: Iterable[Iterable[bytes]]) -> bytes:
    """An ArchiveTimeStampSequence (DER) of encoded archive time-stamps."""
    return build.sequence(*(build.sequence(*stamps) for stamps in chains))


def write_record(chains: Sequence[Sequence[bytes]], algorithms: Iterable[str]) -> bytes:
    """An EvidenceRecord (DER); ``algorithms`` are the digests of its chains."""
    named = (build.sequence(build.oid(_OID_BY_DIGEST[name])) for name in dict.fromkeys(algorithms))
    return build.sequence(build.integer(_VERSION), build.sequence(*named), write_sequence(chains))


# -- reading


def _read_record(der: bytes) -> EvidenceRecord:
    body = Reader(der).enter(SEQUENCE)
    if body.integer() != _VERSION:
        raise _malformed("的版本不是 1", "is not of version 1")
    listed = body.enter(SEQUENCE)
    named: list[str] = []
    while listed.more():
        named.append(_digest_name(listed.enter(SEQUENCE)))
    if body.peek() in (context(0), context(1)):
        raise EvidenceError(EvidenceCode.UNSUPPORTED, "存证记录带有不受保护的附加信息或为加密数据所做，不予采信",
                            "the evidence record carries information that nothing protects, or is on encrypted data; "
                            "it is not relied on")
    chains: list[tuple[ArchiveTimestamp, ...]] = []
    sequence = body.enter(SEQUENCE)
    body.done()
    count = 0
    while sequence.more():
        chain: list[ArchiveTimestamp] = []
        stamps = sequence.enter(SEQUENCE)
        while stamps.more():
            count += 1
            if count > MAX_TIMESTAMPS:
                raise _malformed("的时间戳过多", "holds too many time-stamps")
            chain.append(_read_timestamp(stamps.raw(SEQUENCE)))
        if not chain or len({stamp.algorithm for stamp in chain}) != 1:
            raise _malformed("有空链，或一条链用了两种摘要算法", "has an empty chain, or one with two digests")
        chains.append(tuple(chain))
    if not chains or named != list(dict.fromkeys(chain[0].algorithm for chain in chains)):
        raise _malformed("没有时间戳，或所列摘要算法与所用不符",
                         "holds no time-stamp, or lists other digests than it uses")
    return EvidenceRecord(der=der, chains=tuple(chains))


def _digest_name(inner: Reader) -> str:
    oid = inner.oid()
    inner.done()
    name = DIGEST_BY_OID.get(oid, "")
    if name not in DIGESTS:
        raise EvidenceError(EvidenceCode.UNSUPPORTED, f"存证记录使用了不接受的摘要算法 {oid}，请换用 SM3",
                            f"the evidence record uses digest {oid}, which is not accepted; use SM3")
    return name


def _read_timestamp(der: bytes) -> ArchiveTimestamp:
    body = Reader(der).enter(SEQUENCE)
    algorithm = _digest_name(body.enter(context(0))) if body.peek() == context(0) else None
    if body.peek() == context(1):
        raise EvidenceError(EvidenceCode.UNSUPPORTED, "存证记录的时间戳带有不受保护的属性，不予采信",
                            "a time-stamp of the evidence record has attributes that nothing protects; "
                            "it is not relied on")
    tree = _read_tree(body.enter(context(2))) if body.peek() == context(2) else ()
    token = read_token(body.raw(SEQUENCE))
    body.done()
    size = len(token.imprint)
    named = token.imprint_algorithm if tree else None
    if algorithm != named or any(len(value) != size for one in tree for value in one):
        raise _malformed("的摘要与时间戳的算法不符", "has digests of another algorithm than its time-stamp")
    return ArchiveTimestamp(der=der, algorithm=token.imprint_algorithm, tree=tree, token=token)


@functools.lru_cache(maxsize=16)
def read_token(der: bytes) -> TimestampToken:
    """A token of a record; one that many records of a batch share is read once."""
    return TimestampToken.parse(der, max_bytes=MAX_TOKEN)


def _read_tree(reader: Reader) -> tuple[tuple[bytes, ...], ...]:
    """A reduced hash tree: lists in ascending order, no value twice."""
    lists: list[tuple[bytes, ...]] = []
    left = MAX_HASHES
    while reader.more():
        values: list[bytes] = []
        inner = reader.enter(SEQUENCE)
        while inner.more():
            values.append(inner.body(OCTET_STRING))
            left -= 1
            if left < 0:
                raise _malformed("的摘要树过大", "has too large a hash tree")
        if not values or any(first >= second for first, second in itertools.pairwise(values)):
            raise _malformed("的摘要树有空列表，或次序有误", "has a hash tree with an empty or unsorted list")
        lists.append(tuple(values))
    if not lists or len(lists) > MAX_LISTS:
        raise _malformed("的摘要树为空或过深", "has an empty or too deep hash tree")
    return tuple(lists)
