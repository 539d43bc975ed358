"""The page over HTTP: right answers, and nothing that a stranger sends brings it down, in, or out."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import contextlib
import copy
import io
import json
import logging
import re
import socket
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from lxml import etree
from PIL import Image

from reports import words
from service.admission import Admission, client_of
from service.forms import Pace
from service.guard import host_of
from service.refusals import REFUSALS, Refused
from service.tokens import LASTS_S, Tokens
from service.verifier import verifier_app
from tests.service.conftest import Site, running
from tests.support.bounds import not_hanging
from tests.verify.foreign import vendors
from tests.verify.packages import PAGE, changed, check, issued, swap
from verify.contained import Verifiers

HOSTILE = '<script>alert(1)</script>"\'&\u202e{{7*7}}.ofd'
BOUNDARY = b"xx"
HELD = Pace(between_s=600, whole_s=600, grace_s=600)
"""With it a body that does not come holds its place for as long as a test takes on a busy machine."""


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (80, 60)).save(kept, "PNG")
    return kept.getvalue()


def post(site: Site, data: bytes, name: str = "a.ofd", **fields: str) -> httpx.Response:
    return httpx.post(f"{site.url}/verify", files={"file": (name, data)}, data=fields, timeout=120)


def tree(answer: httpx.Response) -> etree._Element:
    return etree.HTML(answer.text)


def raw(site: Site, *pieces: bytes, wait_s: float = 60) -> bytes:
    """What the server says to bytes on a connection."""
    with socket.create_connection((site.host, site.port), timeout=wait_s) as connection:
        for piece in pieces:
            connection.sendall(piece)
        got = b""
        while piece := connection.recv(65536):
            got += piece
        return got


def head(site: Site, length: int | str, *more: str, path: str = "/verify", method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {site.host}:{site.port}", "Connection: close",
             f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}", f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def part(name: str = "file", data: bytes = b"x", file: str = "a") -> bytes:
    line = f'--xx\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
    return line.encode() + data + b"\r\n"


FILES = {
    "genuine": (lambda: issued().ofd, "valid"), "its PDF": (lambda: issued().pdf, "valid"),
    "changed": (lambda: changed(PAGE, swap("测试甲", "测试乙")), "invalid"),
    "of others": (lambda: vendors.pack(vendors.sealed()), "valid"),
    "a picture": (picture, "indeterminate"), "none": (lambda: b"none", "indeterminate"),
    "a broken PDF": (lambda: b"%PDF-1.7\nnothing", "indeterminate"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_answer_is_that_of_the_verifier(site: Site, name: str, lang: str) -> None:
    data = FILES[name][0]()
    report = check(data, name="a.ofd").to_dict()
    answer = post(site, data, lang=lang)
    assert answer.status_code == 200
    wanted = words.file_answer(report)
    page = tree(answer)
    assert page.get("lang") == ("en" if lang == "en" else "zh-CN")
    assert wanted.word.zh in "".join(page.xpath("//h1[@id='answer']//text()"))
    assert wanted.tone in page.xpath("//h1[@id='answer']/..")[0].get("class").split()
    assert {reason["code"] for reason in report["reasons"]} <= set(page.xpath("//li/code/text()"))


@pytest.mark.parametrize(("name", "code"), [("a.ofd", "empty-file"), ("", "no-file")])
def test_an_empty_file_is_not_called_none(site: Site, name: str, code: str) -> None:
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    body = f"--xx\r\n{disposition}\r\n\r\n\r\n--xx--\r\n".encode()
    answer = httpx.post(f"{site.url}/verify", content=body, timeout=120,
                        headers={"content-type": "multipart/form-data; boundary=xx"})
    assert answer.status_code == 400
    for said, refusal in REFUSALS.items():
        assert (refusal.zh in answer.text and refusal.en in answer.text) == (said == code)


def test_only_a_genuine_file_is_green() -> None:
    for verdict in ("valid", "invalid", "indeterminate"):
        report = {"file": {"kind": "ofd", "own": True}, "verdict": verdict, "findings": [],
                  "licence": None}
        assert (words.file_answer(report).tone == "good") == (verdict == "valid")


def test_pages_are_shown_with_seals_that_lead_to_their_signatures(site: Site) -> None:
    page = tree(post(site, issued().ofd))
    assert len(page.xpath("//img[starts-with(@src, 'data:image/svg+xml;base64,')]")) == 3
    seals = page.xpath("//*[local-name()='a' and contains(@class, 'seal')]")
    assert len(seals) == 3
    for seal in seals:
        assert page.xpath(f"//*[@id='{seal.get('href')[1:]}']") and seal.get("aria-label")
        assert "good" in seal.get("class")


def test_a_false_file_says_so_on_each_of_its_pages(site: Site) -> None:
    page = tree(post(site, FILES["changed"][0]()))
    assert list(page.xpath("//*[contains(@class, 'over')]/*/text()")) == ["不真实", "NOT GENUINE"] * 3
    assert not tree(post(site, issued().ofd)).xpath("//*[contains(@class, 'over ')]")


def test_what_no_signature_protects_is_marked(site: Site) -> None:
    parts = vendors.sealed(covers=lambda names: [name for name in names if "Annotation.xml" not in name])
    page = tree(post(site, vendors.pack(parts)))
    assert page.xpath("//*[contains(@class, 'loose')]//text()[contains(., '注释')]")


def test_nothing_of_a_file_becomes_markup_or_script(site: Site) -> None:
    answer = post(site, issued().ofd, name=HOSTILE)
    assert "<script>alert" not in answer.text and "\u202e" not in answer.text and "49.ofd" not in answer.text
    assert [each.get("src") for each in tree(answer).xpath("//script")] == ["static/verify.js"]
    names = {name for each in tree(answer).iter() for name in each.attrib}
    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_every_answer_has_the_headers_that_protect_it(site: Site) -> None:
    for answer in (httpx.get(site.url, timeout=120), post(site, b"none"), httpx.get(f"{site.url}/none", timeout=120),
                   httpx.get(site.url, headers={"Host": "evil.example"}, timeout=120)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers and "server" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "[::1",
                                  "127.0.0.1:80:80", "localhost:x"])
def test_other_names_are_refused(site: Site, host: str) -> None:
    got = raw(site, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert got.split(b" ", 2)[1] in (b"421", b"400")


@pytest.mark.parametrize(("header", "host"), [
    ("Localhost:80", "localhost"), ("a.b.", "a.b"), ("[::1]:80", "::1"), ("[::1", ""), ("a:b", ""), ("", "")])
def test_the_name_in_a_host_header(header: str, host: str) -> None:
    assert host_of(header) == host


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"}])
def test_a_page_of_another_site_may_not_post(site: Site, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{site.url}/verify", files={"file": ("a", b"none")}, headers=headers, timeout=120)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", [
    "/static/../verifier.py", "/static/..%2f..%2fpyproject.toml", "/static/%2e%2e/base.html", "/static/base.html",
    "/static/", "//etc/passwd", "/report.exe", "/docs", "/openapi.json", "/static/verify.css/../../x", "/%00",
    "/" + "a" * 5000])
def test_no_other_file_is_served(site: Site, path: str) -> None:
    got = raw(site, f"GET {path} HTTP/1.1\r\nHost: {site.host}\r\nConnection: close\r\n\r\n".encode())
    assert got.split(b" ", 2)[1] in (b"404", b"405", b"400", b"422", b"307")
    assert b"setuptools" not in got and b"{% block" not in got


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    assert httpx.request(method, f"{site.url}/verify", timeout=120).status_code in (405, 403)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(site: Site) -> None:
    with not_hanging():
        got = raw(site, head(site, 80 << 20), part(data=b"")[:-2])
    assert got.startswith(b"HTTP/1.1 413") and "64 MB" in got.decode()


def test_a_body_of_unsaid_length_is_cut_off(site: Site) -> None:
    chunk = b"%x\r\n" % (1 << 20) + b"a" * (1 << 20) + b"\r\n"
    start = part(data=b"")[:-2]
    lines = head(site, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    got = b""
    with not_hanging(), socket.create_connection((site.host, site.port), timeout=60) as connection:
        connection.sendall(lines + b"%x\r\n" % len(start) + start + b"\r\n")
        try:
            for _ in range(80):
                connection.sendall(chunk)
        except OSError:
            pass                         # it has stopped to listen
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError:
            pass
    assert not got or got.startswith(b"HTTP/1.1 413")
    assert httpx.get(site.url, timeout=120).status_code == 200


def test_a_body_that_does_not_come_is_given_up(verifiers: Verifiers) -> None:
    with running(verifiers, pace=Pace(between_s=1)) as site, not_hanging():
        assert raw(site, head(site, 5000), part()).startswith(b"HTTP/1.1 408")


def test_a_body_that_comes_by_the_drop_is_given_up(verifiers: Verifiers) -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not over.wait(0.2):
                connection.sendall(b"a")

    with running(verifiers, pace=Pace(between_s=5, whole_s=1)) as site, not_hanging(), \
            socket.create_connection((site.host, site.port), timeout=60) as connection, \
            concurrent.futures.ThreadPoolExecutor(1) as other:
        connection.sendall(head(site, 5000) + part(data=b"")[:-2])
        other.submit(drip, connection)
        got = connection.recv(65536)
        over.set()
    assert got.startswith(b"HTTP/1.1 408")


def test_a_body_keeps_a_least_pace() -> None:
    pace = Pace(between_s=20, whole_s=180, least_bytes_s=8192, grace_s=10)
    assert pace.left_s(0, 0) == 10 and pace.left_s(9.5, 100) < 1, "who sends nothing has the first seconds alone"
    assert pace.left_s(10.5, 1024) == 0, "a byte now and then holds no place for minutes"
    assert pace.left_s(100, 1 << 20) == 20 and pace.left_s(170, 2 << 20) == 10
    assert pace.left_s(181, 64 << 20) == 0


def test_idle_uploads_are_given_up_soon_and_let_others_in(verifiers: Verifiers) -> None:
    with running(verifiers, pace=Pace(grace_s=3), admission=Admission(requests=2)) as site, not_hanging():
        held = [socket.create_connection((site.host, site.port), timeout=60) for _ in range(2)]
        for connection in held:
            connection.sendall(head(site, 5000) + part())
        for connection in held:
            assert connection.recv(65536).startswith(b"HTTP/1.1 408")
            connection.close()
        whole = part(data=b"none") + b"--xx--\r\n"                         # in one piece: it waits for nothing
        assert raw(site, head(site, len(whole)) + whole).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("peer", "forwarded", "client"), [
    ("127.0.0.1", ["192.0.2.7"], "192.0.2.7"), ("127.0.0.1", ["10.0.0.1, 192.0.2.7"], "192.0.2.7"),
    ("127.0.0.1", ["10.0.0.1", "192.0.2.7"], "192.0.2.7"), ("127.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
    ("127.0.0.1", [], "-"), ("127.0.0.1", ["x"], "-"), ("127.0.0.1", ["192.0.2.7, "], "-"),
    ("192.0.2.9", ["192.0.2.7"], "192.0.2.9"), ("::1", ["192.0.2.7"], "::1"), ("", ["192.0.2.7"], ""),
])
def test_only_a_named_proxy_is_believed_and_only_its_own_word(peer: str, forwarded: list[str], client: str) -> None:
    assert client_of(peer, forwarded, frozenset({"127.0.0.1"})) == client


def test_behind_a_proxy_each_address_has_its_share(verifiers: Verifiers) -> None:
    with running(verifiers, pace=HELD, admission=Admission(requests=9, share=1), proxies=("127.0.0.1",)) as site:
        def status(address: str) -> int:
            return httpx.post(f"{site.url}/verify", files={"file": ("a", b"none")}, timeout=120,
                              headers={"x-forwarded-for": address}).status_code

        with socket.create_connection((site.host, site.port), timeout=60) as connection, not_hanging():
            connection.sendall(head(site, 5000, "X-Forwarded-For: 192.0.2.7") + part())
            while status("192.0.2.7") != 503:
                time.sleep(0.05)
            assert status("192.0.2.8") == 200


def test_a_subscriber_of_ipv6_has_one_share() -> None:
    admission = Admission(share=1)
    with admission.enter("2001:db8:1:2::1"):
        with pytest.raises(Refused), admission.enter("2001:db8:1:2:ffff::9"):
            pass
        with admission.enter("2001:db8:1:3::1"):
            pass


def test_a_connection_that_says_nothing_is_ended(site: Site) -> None:
    with not_hanging():
        assert raw(site, b"GET / HT") == b""


def test_connections_that_say_nothing_lock_nobody_out(site: Site) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(540):
            connection = held.enter_context(socket.create_connection((site.host, site.port), timeout=60))
            with contextlib.suppress(OSError):
                connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        with not_hanging():
            assert httpx.get(site.url, timeout=60).status_code == 200


@pytest.mark.parametrize("body", [
    b"", b"--xx--\r\n", b"--xx\r\n", b"junk", part() * 2 + b"--xx--\r\n", part("other", b"x" * 300) + b"--xx--\r\n",
    b"".join(part(f"f{n}") for n in range(20)) + b"--xx--\r\n", part(),
    b"--xx\r\n" + b"A: " + b"b" * 9000 + b"\r\n\r\nx\r\n--xx--\r\n", part("file", b"") + b"--xx--\r\n"])
def test_malformed_forms_are_refused(site: Site, body: bytes) -> None:
    with not_hanging():
        got = raw(site, head(site, len(body)) + body)
    assert got.startswith(b"HTTP/1.1 400"), got[:200]


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 200,
                                  "application/x-www-form-urlencoded"])
def test_other_kinds_of_bodies_are_refused(site: Site, kind: str) -> None:
    answer = httpx.post(f"{site.url}/verify", content=b"file=x", headers={"content-type": kind}, timeout=120)
    assert answer.status_code == 400


def test_when_there_are_too_many_the_others_are_told_to_wait(verifiers: Verifiers) -> None:
    with running(verifiers, pace=HELD, admission=Admission(requests=2)) as site:
        lines = head(site, 5000)
        held = [socket.create_connection((site.host, site.port), timeout=60) for _ in range(2)]
        for connection in held:
            connection.sendall(lines + part())
        with not_hanging():
            while (answer := post(site, b"none")).status_code != 503:
                time.sleep(0.05)
        assert answer.headers["retry-after"] == "5" and REFUSALS["busy"].zh in answer.text
        for connection in held:
            connection.close()
        with not_hanging():
            while post(site, b"none").status_code != 200:
                time.sleep(0.05)


def test_one_address_has_a_share() -> None:
    admission = Admission(requests=10, share=1, bytes_=100)
    with admission.enter("192.0.2.1") as admitted:
        with pytest.raises(Refused), admission.enter("192.0.2.1"):
            pass
        with admission.enter("192.0.2.2"), admission.enter("127.0.0.1"), admission.enter("127.0.0.1"):
            admitted.hold(60)
            with pytest.raises(Refused):
                admitted.hold(60)
    with admission.enter("192.0.2.1") as again:
        again.hold(100)


def test_many_at_once_each_get_their_own_answer(verifiers: Verifiers) -> None:
    with running(verifiers, children=2) as site, concurrent.futures.ThreadPoolExecutor(8) as threads:
        names = ["genuine", "changed", "none", "a picture"] * 3
        told = {name: words.file_answer(check(FILES[name][0]()).to_dict()).word.zh for name in names}
        answers = threads.map(lambda name: post(site, FILES[name][0](), name=f"{name}.ofd"), names)
        for name, answer in zip(names, answers, strict=True):
            word = told[name]
            assert tree(answer).xpath("string(//title)").startswith(word), name
            assert tree(answer).xpath("//p[@class='file-name']/b/text()") == [f"{name}.ofd"]


def token(site: Site, data: bytes) -> str:
    found = tree(post(site, data)).xpath("//input[@name='report']/@value")
    return str(found[0])


def take(site: Site, report: str, ending: str = "json", lang: str = "zh") -> httpx.Response:
    return httpx.post(f"{site.url}/report.{ending}", files={"report": (None, report)}, data={"lang": lang}, timeout=120)


def test_a_report_is_taken_home_in_every_form(site: Site) -> None:
    kept = token(site, issued().ofd)
    starts = {"html": b"<!DOCTYPE html>", "pdf": b"%PDF-", "xml": b"<?xml", "json": b"{"}
    for ending, start in starts.items():
        answer = take(site, kept, ending)
        assert answer.status_code == 200 and answer.content.startswith(start)
        assert answer.headers["content-disposition"] == f'attachment; filename="verification-report.{ending}"'
        assert "sandbox" in answer.headers["content-security-policy"]
    assert take(site, kept).json()["verdict"] == "valid"


def test_a_report_that_was_changed_is_refused(site: Site) -> None:
    whole = base64.b64decode(token(site, FILES["changed"][0]()))
    report = json.loads(zlib.decompress(whole[40:]))
    assert report["verdict"] == "invalid"
    better = copy.deepcopy(report)
    better["verdict"] = "valid"
    packed = whole[32:40] + zlib.compress(json.dumps(better).encode())
    forgeries = [whole[:32] + packed, bytes(32) + packed, packed, b"", whole[:-1], whole[:32],
                 bytes([whole[0] ^ 1]) + whole[1:]]
    bomb = zlib.compress(bytes(200 << 20), 9)
    for forgery in [*forgeries, bytes(32) + bomb, base64.b64decode(Tokens().seal(better))]:
        assert take(site, base64.b64encode(forgery).decode()).status_code in (400, 410)
    assert take(site, "名").status_code == 410
    assert raw(site, head(site, 7 << 20, path="/report.pdf")).startswith(b"HTTP/1.1 413")


def test_processes_that_share_a_key_take_each_others_reports() -> None:
    one, other = Tokens(b"k" * 32), Tokens(b"k" * 32)
    assert other.open(one.seal({"verdict": "valid"})) == {"verdict": "valid"}
    assert Tokens().open(one.seal({"verdict": "valid"})) is None


def test_a_report_is_taken_back_for_a_day() -> None:
    now = [1e9]
    tokens = Tokens(b"k" * 32, clock=lambda: now[0])
    token = tokens.seal({"verdict": "valid"})
    for passed, taken in ((0, True), (LASTS_S, True), (LASTS_S + 1, False), (-300, True), (-301, False)):
        now[0] = 1e9 + passed
        assert (tokens.open(token) is not None) == taken, passed


def test_neither_names_nor_contents_reach_a_log_or_a_disk(site: Site, caplog: pytest.LogCaptureFixture,
                                                          capfd: pytest.CaptureFixture[str], tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with caplog.at_level(logging.INFO):
        post(site, issued().ofd, name="secret-name.ofd")
        post(site, b"none" * (2 << 20), name="secret-name.bin")
    seen = capfd.readouterr()
    assert "secret-name" not in caplog.text + seen.out + seen.err
    assert list(tmp_path.iterdir()) == []


def test_the_page_may_stand_below_a_path(verifiers: Verifiers) -> None:
    outer = FastAPI()
    outer.mount("/verify-a-file", verifier_app(verifiers))

    async def visit() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://any.example") as client:
            front = await client.get("/verify-a-file/")
            for link in re.findall(r'(?:href|src)="(static/[^"]+)"', front.text):
                assert (await client.get(f"/verify-a-file/{link}")).status_code == 200
            answer = await client.post("/verify-a-file/verify", files={"file": ("a.bin", b"none")})
            assert answer.status_code == 200 and "不能核验" in answer.text

    asyncio.run(visit())


def test_a_result_that_is_asked_for_again_leads_to_the_start(site: Site) -> None:
    answer = httpx.get(f"{site.url}/verify?lang=en", timeout=120)
    assert answer.status_code == 303 and answer.headers["location"] == "./?lang=en"


def test_a_failure_inside_is_no_verdict(verifiers: Verifiers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that cannot be made says that nothing is known of the file."""
    import service.verifier as module

    def fail(*_: Any) -> str:
        raise RuntimeError("by design")

    with running(verifiers) as site:
        monkeypatch.setattr(module, "result_page", fail)
        answer = post(site, issued().ofd)
    assert answer.status_code == 500 and REFUSALS["failed"].zh in answer.text and "by design" not in answer.text
