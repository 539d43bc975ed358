"""Evidence records as an attacker would have them: joined, cut, forged, respelt, huge. None proves an earlier time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import datetime

import pytest

from certs import der_build as build
from certs.der import context
from certs.evidence import EvidenceResult
from certs.evidence_build import Material, new_record, rehash, renew
from certs.evidence_record import (
    MAX_RECORD,
    ArchiveTimestamp,
    EvidenceCode,
    EvidenceError,
    EvidenceRecord,
    node_hash,
    write_record,
    write_timestamp,
)
from certs.strength import Strength
from certs.timestamp_token import digest
from codes.errors import EngineError
from tests.fuzz.ders import mutate
from tests.support.years import YearsOfTime, day

SM3 = "1.2.156.10197.1.401"
FILE, OTHER = b"the licence" * 50, b"another licence" * 50


def _record(years: YearsOfTime, data: bytes = FILE, *, count: int = 5, algorithm: str = "sm3") -> bytes:
    more = (digest(algorithm, b"%d" % number) for number in range(count - 1))
    return new_record([digest(algorithm, data), *more], algorithm, years)[0]


def _later(years: YearsOfTime, record: bytes, at: datetime) -> bytes:
    years.now = at
    years.renewed_keys()
    return renew([record], years, years.material())[0]


def _written(*chains: Sequence[ArchiveTimestamp]) -> bytes:
    return write_record([[stamp.der for stamp in chain] for chain in chains], (chain[0].algorithm for chain in chains))


def _stamp(algorithm: str, tree: Sequence[Sequence[bytes]], token: bytes) -> bytes:
    return write_record([[write_timestamp(algorithm, tree, token)]], [algorithm])


def _outcome(years: YearsOfTime, record: bytes, data: bytes = FILE) -> EvidenceResult | str:
    try:
        return years.judged(record, data)
    except EngineError as error:
        return error.code.value


def _refused(outcome: EvidenceResult | str) -> str:
    if isinstance(outcome, str):
        return outcome
    assert outcome.proven_at is None, outcome
    return outcome.code


# -- joined and cut


def test_parts_of_records_that_do_not_belong_together_prove_nothing() -> None:
    years = YearsOfTime()
    mine, other = _record(years), _record(years, OTHER)
    mine, other = (_later(years, record, day(2028)) for record in (mine, other))
    (first, second), (strange, later) = (EvidenceRecord.parse(record).chains[0] for record in (mine, other))
    assert _refused(_outcome(years, other)) == "evidence.other-file"
    assert _refused(_outcome(years, _written([strange, second]))) == "evidence.other-file"
    assert _refused(_outcome(years, _written([first, later]))) == "evidence.broken-chain"
    assert _refused(_outcome(years, _written([second, first]))) == "evidence.other-file"
    assert _refused(_outcome(years, _written([second]))) == "evidence.other-file"
    assert _refused(_outcome(years, _written([first], [second]))) == "evidence.broken-chain"
    assert _refused(_outcome(years, _written([first, second, second]))) == "evidence.broken-chain"
    assert years.judged(_written([first, second]), FILE).proven_at == day(2026)


def test_a_record_cut_back_proves_what_it_still_can() -> None:
    years = YearsOfTime()
    record = _later(years, _later(years, _record(years), day(2028)), day(2030))
    first, second, third = EvidenceRecord.parse(record).chains[0]
    years.now = day(2030, 3)
    assert years.judged(_written([first, second]), FILE).proven_at == day(2026)     # as before the last renewal
    years.now = day(2031, 6)
    assert _refused(_outcome(years, _written([first, second]))) == "evidence.lapsed"
    without = years.judged(_written([first, third]), FILE)                          # the middle one taken out
    assert (without.code, without.proven_at) == ("evidence.gap", day(2030))


def test_a_further_chain_is_bound_to_all_before_it() -> None:
    years = YearsOfTime()
    record = _record(years, algorithm="sha256")
    years.now = day(2027)
    chains = EvidenceRecord.parse(rehash([record], [FILE], "sm3", years, years.material())[0]).chains
    other = EvidenceRecord.parse(rehash([_record(YearsOfTime(), algorithm="sha256")], [FILE], "sm3", years,
                                        Material())[0]).chains
    assert years.judged(_written(*chains), FILE).proven_at == day(2026)
    assert _refused(_outcome(years, _written(chains[1]))) == "evidence.other-file"
    assert _refused(_outcome(years, _written(other[0], chains[1]))) == "evidence.broken-chain"
    assert _refused(_outcome(years, _written(chains[1], chains[0]))) == "evidence.other-file"
    assert _refused(_outcome(years, _written(chains[0], chains[1], chains[1]))) == "evidence.broken-chain"


# -- forged times


def test_an_authority_that_nobody_trusts_gives_no_earlier_time() -> None:
    years, thief = YearsOfTime(now=day(2029)), YearsOfTime(now=day(2025, 6))
    forged = _record(thief)
    assert _refused(_outcome(years, forged)) == "evidence.lapsed"
    years.now = day(2029)
    record = renew([forged], years, thief.material())[0]
    result = years.judged(record, FILE)
    assert (result.code, result.proven_at) == ("evidence.gap", day(2029))


def test_a_key_that_was_stolen_after_its_end_backdates_nothing() -> None:
    years = YearsOfTime()
    stolen = years.keys[0]
    years.now = day(2031)
    years.renewed_keys()
    forged = new_record([digest("sm3", FILE)], "sm3", _Backdating(years, day(2026), stolen))[0]
    assert _refused(_outcome(years, forged)) == "evidence.lapsed"
    renewed = renew([forged], years, years.material())[0]
    assert years.judged(renewed, FILE).proven_at == day(2031)


class _Backdating:
    def __init__(self, years: YearsOfTime, at: datetime, by: object) -> None:
        self.years, self.at, self.by = years, at, by

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        return self.years.token(imprint, algorithm, gen_time=self.at, certificate=self.by.certificate,  # type: ignore[attr-defined]
                                key=self.by.key)  # type: ignore[attr-defined]


def test_a_time_that_was_changed_in_a_token_is_forged() -> None:
    years = YearsOfTime()
    for record in (_record(years), _later(years, _record(YearsOfTime()), day(2028))):
        assert record.count(b"20260102040000Z") == 1
        assert _refused(_outcome(years, record.replace(b"20260102040000Z", b"20250102040000Z"))) in (
            "timestamp.malformed", "evidence.broken-chain")


def test_times_that_run_backwards_are_refused() -> None:
    years = YearsOfTime(now=day(2027))
    record = _record(years)
    years.now = day(2026, 12)
    record = renew([record], years, years.material())[0]
    years.now = day(2027, 2)
    assert _refused(_outcome(years, record)) == "evidence.order"


def test_a_time_to_come_is_not_believed() -> None:
    years = YearsOfTime(now=day(2027))
    record = _record(years)
    years.now = day(2026, 6)
    assert _refused(_outcome(years, record)) == "evidence.lapsed"


def test_a_signature_that_does_not_hold_takes_the_whole_record() -> None:
    years, thief = YearsOfTime(), YearsOfTime()
    forged = new_record([digest("sm3", FILE)], "sm3", _Signing(years, thief.keys[0].key))[0]
    assert _refused(_outcome(years, forged)) == "evidence.token"
    years.now = day(2028)
    years.renewed_keys()
    assert _refused(_outcome(years, renew([forged], years, years.material())[0])) == "evidence.token"


class _Signing:
    def __init__(self, years: YearsOfTime, key: object) -> None:
        self.years, self.key = years, key

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        return self.years.token(imprint, algorithm, key=self.key)


# -- hash trees


def test_a_branch_that_does_not_lead_to_the_root_is_refused() -> None:
    years = YearsOfTime()
    first = EvidenceRecord.parse(_record(years)).newest
    leaf, token = digest("sm3", FILE), first.token.der
    assert len(first.tree) > 1
    for tree in (
        [first.tree[0]], [*first.tree, (bytes(32),)], [first.tree[0], (bytes(32),), *first.tree[2:]],
        [(leaf, bytes(32)), *first.tree[1:]], [(leaf,), *first.tree[1:]], [*first.tree[:1], *reversed(first.tree[1:])],
    ):
        if [tuple(sorted(one)) for one in tree] != [tuple(sorted(one)) for one in first.tree]:
            assert _refused(_outcome(years, _stamp("sm3", tree, token))) == "evidence.wrong-tree"
    assert _refused(_outcome(years, _stamp("sm3", [first.tree[0], (leaf,), *first.tree[1:]], token))) == (
        "evidence.wrong-tree")
    assert _refused(_outcome(years, _stamp("sm3", (), token))) == "evidence.other-file"


def test_an_inner_node_is_no_file() -> None:
    """What hashes to an inner node is 64 bytes that existed; it is not taken for a leaf of another list."""
    years = YearsOfTime()
    first = EvidenceRecord.parse(_record(years)).newest
    inner = b"".join(sorted(first.tree[0]))
    assert node_hash("sm3", first.tree[0]) == digest("sm3", inner)
    assert _refused(_outcome(years, _written([first]), inner)) == "evidence.other-file"


def test_a_digest_is_not_exchanged_for_a_weaker_one() -> None:
    years = YearsOfTime()
    weak = Strength(weak_from={"sha256": day(2027)})
    strong = _record(years)
    years.now = day(2027)
    record = rehash([strong], [FILE], "sha256", years, years.material())[0]
    assert years.judged(record, FILE, strength=weak).code == "evidence.lapsed"
    token = EvidenceRecord.parse(strong).newest.token
    assert _refused(_outcome(years, _stamp("sha256", (), token.der))) == "evidence.malformed"
    md5 = build.sequence(build.oid("1.2.840.113549.2.5"))
    for oid in ("1.2.840.113549.2.5", "1.3.14.3.2.26"):
        stamp = build.sequence(build.tlv(context(0), build.oid(oid)), token.der)
        assert _refused(_outcome(years, _shell(stamp))) == "evidence.unsupported"
    assert _refused(_outcome(years, _shell(build.sequence(token.der), named=md5))) == "evidence.unsupported"


# -- form


def _shell(stamp: bytes, *, named: bytes | None = None, extra: bytes = b"", version: int = 1) -> bytes:
    sm3 = build.sequence(build.oid(SM3))
    return build.sequence(build.integer(version), build.sequence(sm3 if named is None else named), extra,
                          build.sequence(build.sequence(stamp)))


def test_only_the_one_form_is_read() -> None:
    years = YearsOfTime()
    record = EvidenceRecord.parse(_record(years))
    stamp, token = record.newest.der, record.newest.token.der
    sm3 = build.sequence(build.oid(SM3))
    sha256 = build.sequence(build.oid("2.16.840.1.101.3.4.2.1"))
    assert years.judged(_shell(stamp), FILE).ok
    named = build.tlv(context(0), build.oid(SM3))
    attribute = build.sequence(build.oid("1.2.3"), build.set_of([build.null()]))
    lists = record.newest.tree
    stamp_tree = build.tlv(context(2), b"".join(build.sequence(*map(build.octet_string, one)) for one in lists))
    unsorted = build.tlv(context(2), b"".join(
        build.sequence(*map(build.octet_string, sorted(one, reverse=True))) for one in lists))
    twice = build.tlv(context(2), build.sequence(*[build.octet_string(lists[0][0])] * 2))
    cases = {
        "another version": _shell(stamp, version=2), "cryptoInfos": _shell(stamp, extra=build.tlv(0xA0, attribute)),
        "encryptionInfo": _shell(stamp, extra=build.tlv(0xA1, attribute)),
        "attributes": _shell(build.sequence(build.tlv(0xA1, attribute), token)),
        "more digests": _shell(stamp, named=sm3 + sha256), "other digest": _shell(stamp, named=sha256),
        "digest twice": _shell(stamp, named=sm3 + sm3), "no digest": _shell(stamp, named=b""),
        "a field more": _shell(stamp + build.null()), "in a time-stamp": _shell(build.sequence(token, build.null())),
        "unsorted": _shell(build.sequence(named, unsorted, token)),
        "twice": _shell(build.sequence(named, twice, token)),
        "empty tree": _shell(build.sequence(named, build.tlv(context(2), b""), token)),
        "empty list": _shell(build.sequence(named, build.tlv(context(2), build.sequence()), token)),
        "short digest": _shell(build.sequence(named, build.tlv(context(2), build.sequence(build.octet_string(b"1"))),
                                              token)),
        "no chain": build.sequence(build.integer(1), build.sequence(sm3), build.sequence()),
        "empty chain": build.sequence(build.integer(1), build.sequence(sm3), build.sequence(build.sequence())),
        "no digest named": _shell(build.sequence(stamp_tree, token)),
        "digest without a tree": _shell(build.sequence(build.tlv(context(0), build.oid(SM3)), token)),
        "parameters": _shell(stamp, named=build.sequence(build.oid(SM3), build.null())),
        "trailing": record.der + b"\0", "cut": record.der[:-1], "nothing": b"", "a file": FILE,
        "no token": _shell(build.sequence(build.integer(1))),
        "a long length": record.der[:1] + b"\x83\x00" + record.der[2:],
    }
    for name, data in cases.items():
        with pytest.raises(EngineError):
            EvidenceRecord.parse(data)
            pytest.fail(name)


def test_two_digests_in_one_chain_are_refused() -> None:
    years = YearsOfTime()
    one, two = (EvidenceRecord.parse(_record(years, algorithm=name)).newest for name in ("sm3", "sha256"))
    with pytest.raises(EvidenceError) as caught:
        EvidenceRecord.parse(write_record([[one.der, two.der]], ["sm3", "sha256"]))
    assert caught.value.code is EvidenceCode.MALFORMED


def test_huge_and_deep_records_are_refused_before_anything_is_verified() -> None:
    years = YearsOfTime()
    stamp = EvidenceRecord.parse(_record(years)).newest
    leaf = digest("sm3", FILE)
    deep = build.null()
    for _ in range(60):
        deep = build.sequence(deep)
    values = [number.to_bytes(32, "big") for number in range(5000)]
    for data in (
        b"\x30" * (MAX_RECORD + 1), write_record([[stamp.der] * 257], ["sm3"]), _shell(deep),
        _stamp("sm3", [[leaf]] * 65, stamp.token.der), _stamp("sm3", [values], stamp.token.der),
    ):
        with pytest.raises(EngineError):
            EvidenceRecord.parse(data)


@pytest.mark.parametrize("renewed", [False, True])
def test_no_changed_byte_goes_unnoticed(renewed: bool) -> None:
    years = YearsOfTime()
    record = _record(years)
    if renewed:
        record = _later(years, record, day(2028))
    assert years.judged(record, FILE).ok
    chosen = random.Random(4998)  # noqa: S311 - a fixed choice
    for place in sorted(chosen.sample(range(len(record)), 300)):
        changed = bytearray(record)
        changed[place] ^= 1 << chosen.randrange(8)
        outcome = _outcome(years, bytes(changed))
        if not isinstance(outcome, str):
            assert not outcome.ok, place
            assert outcome.proven_at in (None, day(2028)), place


def test_no_cut_or_doubled_part_goes_unnoticed() -> None:
    years = YearsOfTime()
    record = _later(years, _record(years), day(2028))
    parts = EvidenceRecord.parse(record).chains[0]
    years.now = day(2029, 6)                        # the first alone holds no more
    for size in range(1, 4):
        for chosen in itertools.product(parts, repeat=size):
            outcome = _outcome(years, _written(chosen))
            if chosen == parts:
                assert isinstance(outcome, EvidenceResult) and outcome.ok
            else:
                assert _refused(outcome)


def test_values_that_were_moved_about_are_refused_with_a_code() -> None:
    years = YearsOfTime()
    first = _record(years)
    record = _later(years, rehash([first], [FILE], "sha512", years, years.material())[0], day(2028))
    stamps = [stamp.der for stamp in EvidenceRecord.parse(record).stamps]
    dice = random.Random(3161)  # noqa: S311 - a fixed choice
    judged = 0
    for _ in range(1500):
        changed = mutate(record, dice, first)
        outcome = _outcome(years, changed)          # whatever is not a code would come out of it
        if isinstance(outcome, str):
            continue
        judged += 1
        left = [stamp.der for stamp in EvidenceRecord.parse(changed).stamps]
        if outcome.ok:                              # as it was before its last renewal
            assert left == stamps[:len(left)]
        assert outcome.ok or outcome.proven_at in (None, day(2028))
    assert judged
