"""Signature values with parts of each other, cut, repeated or changed: an answer each time, never an error, no pass."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from certs import der_build as build
from certs.der import DerError, Reader
from certs.sm3 import sm3
from tests.verify.foreign.values import PLAIN, WHERE, XML, Cms, Ses, judged, raw, unsigned
from verify.foreign.value import read_value

SEEDS: dict[str, Callable[[], bytes]] = {
    "v4": Ses().der, "v1": Ses(layout=1).der, "v5": Ses(number=5).der, "raw": Ses(value=raw).der,
    "unsigned": Ses(value=unsigned, maker_value=unsigned).der, "digests": Ses(list_type=2, listed=[build.sequence(
        build.printable("SM3"), build.octet_string(bytes(32)))]).der,
    "GB/T 35275": Cms().der, "PKCS#7": Cms(arc=PLAIN).der,
    "content": Cms(attributes=False, content=sm3(XML), bare=True).der,
}
HUGE = build.integer(1 << 20_000)


def _parts(data: bytes) -> list[bytes]:
    reader, found = Reader(data), []
    while reader.more():
        found.append(reader.raw())
    return found


def mutate(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """Change one value somewhere in the tree; lengths around it stay right."""
    try:
        tag = data[0]
        parts = _parts(Reader(data).body(tag))
    except (DerError, IndexError):
        parts = []
    if parts and dice.random() < 0.85:
        place = dice.randrange(len(parts))
        parts[place] = mutate(parts[place], others, dice)
        return build.tlv(data[0], b"".join(parts))
    other = dice.choice(others)
    start = dice.randrange(len(other))
    return dice.choice([
        lambda: b"", lambda: data + data, lambda: HUGE, lambda: other, lambda: other[start:start + 40],
        lambda: build.tlv(dice.randrange(256), data[2:]), lambda: build.tlv(data[0], b"") if data else b"",
        lambda: bytes(byte ^ (dice.random() < 0.02) for byte in data), lambda: dice.randbytes(dice.randrange(70)),
        lambda: build.tlv(0x30, data), lambda: data[:len(data) // 2],
    ])()


def said(data: bytes) -> tuple[object, ...]:
    """All that a value says, whatever its spelling."""
    value = read_value(data, where=WHERE)
    return (value.signed, value.signature, value.signer, value.claimed_at, value.digest, value.content,
            value.seal and value.seal.raw, value.timestamp, value.extra)


def fuzzed(seed: int, count: int) -> None:
    """Judge ``count`` changed values; one that passes says exactly what a genuine one says."""
    dice = random.Random(seed)  # noqa: S311 - a fuzzer, seeded on purpose
    genuine = [make() for make in SEEDS.values()]
    known = [said(each) for each in genuine]
    for number in range(count):
        data = mutate(dice.choice(genuine), genuine, dice)
        for _ in range(dice.randrange(3)):
            data = mutate(data, genuine, dice) if data else data
        if judged(data).indication == "TOTAL-PASSED":
            assert said(data) in known, (number, data.hex())


def test_a_sample_of_changed_values() -> None:
    fuzzed(20261126, 1500)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_many_changed_values(seed: int) -> None:
    fuzzed(seed, 20_000)
