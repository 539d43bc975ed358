"""BouncyCastle (RFC 4998) takes our evidence records, and we take its."""

from __future__ import annotations

from pathlib import Path

import pytest

from certs.evidence_build import new_record, rehash, renew
from certs.timestamp_token import DIGEST_BY_OID, digest
from certs.tsp_build import build_response
from tests.interop.judges import CryptoJudge
from tests.support.years import YearsOfTime, day

OID = {name: oid for oid, name in DIGEST_BY_OID.items()}
DATAS = [b"%d" % number * 100 for number in range(7)]


@pytest.mark.judge
@pytest.mark.parametrize("kind", ["sm2", "p256"])
@pytest.mark.parametrize(("count", "more"), [(1, 0), (2, 0), (7, 0), (1, 5), (7, 1)])
def test_bouncycastle_takes_our_records_at_each_step_of_their_lives(
        crypto_judge: CryptoJudge, tmp_path: Path, kind: str, count: int, more: int) -> None:
    """Their renewals cover the digests of ``more`` files beside them."""
    years = YearsOfTime(kind)
    algorithm, stronger = ("sm3", "sha384") if kind == "sm2" else ("sha256", "sm3")
    datas = DATAS[:count]
    records = new_record([digest(algorithm, data) for data in datas], algorithm, years)
    moments = [day(2026)]

    def judged(*, good: bool = True) -> None:
        for data, record in zip(datas, records, strict=True):
            (tmp_path / "data").write_bytes(data if good else data + b"x")
            (tmp_path / "record").write_bytes(record)
            answer = crypto_judge.evidence(tmp_path / "record", tmp_path / "data")
            assert answer.ok is good, answer.text
            if good:
                assert answer.text.split() == [str(int(moment.timestamp())) for moment in moments]
                assert years.judged(record, data).proven_at == day(2026)

    def beside(algorithm: str) -> list[list[bytes]]:
        return [[digest(algorithm, b"beside %d" % number) for number in range(more)] for _ in datas]

    judged()
    judged(good=False)
    for year in (2027, 2028, 2029):
        years.now = day(year)
        years.renewed_keys()
        records = renew(records, years, years.material(), beside=beside(algorithm))
        moments.append(years.now)
    judged()
    years.now = day(2030)
    records = rehash(records, datas, stronger, years, years.material(), beside=beside(stronger))
    moments.append(years.now)
    judged()
    judged(good=False)
    years.now = day(2031)
    years.renewed_keys()
    records = renew(records, years, years.material(), beside=beside(stronger))
    moments.append(years.now)
    judged()


@pytest.mark.judge
@pytest.mark.parametrize(("kind", "algorithm"), [("sm2", "sm3"), ("p256", "sha256"), ("p256", "sha512")])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_records_of_bouncycastle_are_read_judged_and_renewed(
        crypto_judge: CryptoJudge, tmp_path: Path, kind: str, algorithm: str, count: int) -> None:
    years = YearsOfTime(kind)
    files = [tmp_path / f"{number}.dat" for number in range(count)]
    for file, data in zip(files, DATAS, strict=False):
        file.write_bytes(data)
    token = years.token(crypto_judge.evidence_root(OID[algorithm], *files), algorithm)
    (tmp_path / "response").write_bytes(build_response(token))
    made = crypto_judge.make_evidence(OID[algorithm], tmp_path / "response", *files)
    assert made.ok, made.text
    records = [(tmp_path / f"{file.name}.er").read_bytes() for file in files]
    for file, record in zip(files, records, strict=True):
        result = years.judged(record, file.read_bytes())
        assert result.ok and result.proven_at == day(2026), result.en
        assert not years.judged(record, b"other").ok
    years.now = day(2028)
    years.renewed_keys()
    for file, record in zip(files, renew(records, years, years.material()), strict=True):
        assert years.judged(record, file.read_bytes()).proven_at == day(2026)
        (tmp_path / "renewed").write_bytes(record)
        answer = crypto_judge.evidence(tmp_path / "renewed", file)
        assert answer.ok, answer.text
