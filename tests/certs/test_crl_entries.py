"""The entries of lists: the quick way reads what the long way reads, and nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from certs import der_build as build
from certs.crl import Crl, Revocation, build_crl, is_signed_by
from certs.crl_entries import REASONS, CrlError, read_entries
from certs.der import SEQUENCE, DerError, Reader
from certs.x509_build import extension
from codes.errors import EngineError
from tests.certs.core_pki import AT, DAY, root

TIME = build.x509_time(AT)
REASON, INVALIDITY = "2.5.29.21", "2.5.29.24"


def entry(serial: bytes = b"\x05", time: bytes = TIME, extensions: bytes = b"") -> bytes:
    return build.sequence(build.tlv(0x02, serial), time, extensions)


def reason(code: int, *, critical: bool = False) -> bytes:
    return build.sequence(extension(REASON, build.tlv(0x0A, bytes((code,))), critical=critical))


def utc(text: str) -> bytes:
    return build.tlv(0x17, text.encode())


@pytest.mark.parametrize("serial", [
    0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, -1, -128, -129, 1 << 63, (1 << 159) + 5, 1 << 766, 1 << 900])
@pytest.mark.parametrize("name", sorted(set(REASONS.values()) - {"removeFromCRL"}))
def test_every_serial_number_and_reason_is_read(serial: int, name: str) -> None:
    code = next(number for number, known in REASONS.items() if known == name)
    size = (serial if serial >= 0 else ~serial).bit_length() // 8 + 1
    number = serial.to_bytes(size, "big", signed=True)
    read = read_entries(entry(number, extensions=reason(code)) + entry(b"\x2a\x2a"))
    assert read == {serial: Revocation(revoked_at=AT, reason=name), 0x2A2A: Revocation(revoked_at=AT)}
    assert serial in read and read.get(serial) == Revocation(revoked_at=AT, reason=name)
    assert serial + 1 not in read and read.get(serial + 1) is None
    assert sorted(read) == sorted((serial, 0x2A2A)) and len(read) == 2


@pytest.mark.parametrize(("time", "moment"), [
    (utc("250228235959Z"), datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC)),
    (utc("240229000000Z"), datetime(2024, 2, 29, tzinfo=UTC)),
    (utc("991231000000Z"), datetime(1999, 12, 31, tzinfo=UTC)),
    (build.tlv(0x18, b"20500101000000Z"), datetime(2050, 1, 1, tzinfo=UTC))])
def test_every_time_is_read(time: bytes, moment: datetime) -> None:
    assert read_entries(entry(time=time)) == {5: Revocation(revoked_at=moment)}


def test_unusual_entries_are_read_too() -> None:
    since = extension(INVALIDITY, build.generalized_time(AT - DAY))
    both = build.sequence(*(extension(REASON, build.tlv(0x0A, b"\x01")), since))
    other = build.sequence(extension("1.2.3", b""))
    read = read_entries(entry(extensions=both) + entry(b"\x06", extensions=other)
                        + entry(b"\x07", extensions=reason(4, critical=True)))
    assert read == {5: Revocation(revoked_at=AT, reason="keyCompromise", invalid_since=AT - DAY),
                    6: Revocation(revoked_at=AT), 7: Revocation(revoked_at=AT, reason="superseded")}


WRONG = {
    "a padded serial number": entry(b"\x00\x05"), "a padded negative one": entry(b"\xff\x85"), "none": entry(b""),
    "twice": entry() + entry(b"\x06") + entry(), "twice, spelt in two ways": entry() + entry(extensions=reason(1)),
    "twice, lifted once": entry() + entry(extensions=reason(8)),
    "month 13": entry(time=utc("251301000000Z")), "month 0": entry(time=utc("250001000000Z")),
    "day 30 of February": entry(time=utc("250230000000Z")), "day 0": entry(time=utc("250100000000Z")),
    "hour 24": entry(time=utc("250101240000Z")), "minute 60": entry(time=utc("250101006000Z")),
    "second 60": entry(time=utc("250101000060Z")), "no seconds": entry(time=utc("2501010000Z")),
    "another zone": entry(time=utc("250101000000+0800")), "no zone": entry(time=utc("2501010000000")),
    "reason 7": entry(extensions=reason(7)), "reason 11": entry(extensions=reason(11)),
    "a critical extension": entry(extensions=build.sequence(extension("1.2.3", b"", critical=True))),
    "a field more": build.sequence(build.tlv(0x02, b"\x05"), TIME, build.null()),
    "a field behind": build.sequence(build.tlv(0x02, b"\x05"), TIME, reason(1), build.null()),
    "a long length": b"\x30\x81" + entry()[1:], "cut off": entry() + entry(b"\x06")[:-1], "a lone byte": entry() + b"0",
    "not a sequence": entry() + build.null(), "a set": b"\x31" + entry()[1:], "empty": build.sequence(),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused(what: str) -> None:
    with pytest.raises((DerError, CrlError)):
        read_entries(entry(b"\x2a") + WRONG[what])


def test_bytes_changed_anywhere_are_judged_as_the_long_way_judges_them() -> None:
    chance = random.Random(20261126)  # noqa: S311
    sound = entry(b"\x11\x22\x33", extensions=reason(4))
    for _ in range(3000):
        spoilt = bytearray(sound)
        for _ in range(chance.randint(1, 2)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        data = bytes(spoilt)
        try:
            found = dict(read_entries(data))
        except EngineError:
            found = None
        assert found == _slowly(data), data.hex()


def _slowly(data: bytes) -> dict[int, Revocation] | None:
    """One entry by the reader of DER alone; None where it is refused."""
    try:
        reader = Reader(data)
        fields = reader.enter(SEQUENCE)
        reader.done()
        serial, moment, name = fields.integer(), fields.time(), "unspecified"
        if fields.more():
            held = fields.enter(SEQUENCE)
            while held.more():
                single = held.enter(SEQUENCE)
                oid, critical = single.oid(), single.peek() == 0x01
                if critical and not single.boolean():
                    return None
                value = Reader(single.octets())
                single.done()
                if oid == REASON:
                    name = REASONS[value.body(0x0A)[0]]
                    value.done()
                elif critical or oid == INVALIDITY:
                    return None
        fields.done()
    except (EngineError, KeyError, IndexError):
        return None
    return {} if name == "removeFromCRL" else {serial: Revocation(revoked_at=moment, reason=name)}


def test_whose_a_list_is_can_be_asked_before_its_entries_are_read() -> None:
    top, other = root(), root()
    made = build_crl(issuer=top.certificate, issuer_key=top.key, this_update=AT, next_update=AT + DAY, number=1,
                     revoked={5: Revocation(revoked_at=AT)})
    assert is_signed_by(made.der, top.certificate) and not is_signed_by(made.der, other.certificate)
    spoilt = made.der.replace(build.x509_time(AT) + build.x509_time(AT + DAY), build.x509_time(AT) * 2)
    assert spoilt != made.der and not is_signed_by(spoilt, top.certificate)
    assert Crl.load(spoilt).next_update == AT
    for wrong in (b"", b"\x30\x00", made.der + b"\0"):
        with pytest.raises(DerError):
            is_signed_by(wrong, top.certificate)
    with pytest.raises(CrlError) as caught:
        is_signed_by(bytes(16 * 1024 * 1024 + 1), top.certificate)
    assert caught.value.code == "crl.too-large"


def test_what_one_list_says_beyond_another_is_found_without_reading_the_rest() -> None:
    long = build.sequence(extension("1.2.3", bytes(200)))
    one = read_entries(entry() + entry(b"\x06", extensions=reason(6)) + entry(b"\x07", extensions=long) + entry(
        b"\xff", extensions=reason(6)))
    same = read_entries(entry(b"\xff", extensions=reason(6)) + entry(b"\x07", extensions=long) + entry())
    other = read_entries(entry(extensions=reason(1)) + entry(b"\x06", build.x509_time(AT + DAY), reason(6))
                         + entry(b"\x07", extensions=build.sequence(extension("1.2.3", bytes(199) + b"\1"))))
    assert list(one.beyond(one)) == [] and list(read_entries(b"").beyond(one)) == []
    assert list(one.beyond(same)) == [6] and list(same.beyond(one)) == []
    assert list(one.beyond(other)) == [5, 6, 7, -1] and list(other.beyond(one)) == [5, 6, 7]
    assert list(one.holds()) == [6, -1]
    assert list(read_entries(entry(b"\x0a\x01\x06") + entry(extensions=reason(1))).holds()) == []
