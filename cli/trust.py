"""``zhengyin trust``: signed lists of what verifiers believe, published, received and shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from certs.files import read_file, write_atomic
from certs.home import Home
from certs.moments import write_moment
from certs.trust import LIST_FILE, Trust, is_demo_anchor
from certs.trust_list import (
    LONGEST,
    MAX_BYTES,
    TrustList,
    TrustListCode,
    TrustListError,
    publish_trust_list,
    read_trust_list,
    receive_trust_list,
)
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from cli.spans import read_span
from codes.china_time import time_en, time_zh

__all__ = ["app"]

ROLE = "trust-list"

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """信任列表：发布、接收、查看 / trust lists: publish, receive, show."""


@app.command()
def publish(
    to: Annotated[Path, typer.Option(
        "--to", metavar="FILE", dir_okay=False, help="列表写到的文件 / the file to write")],
    valid_for: Annotated[str, typer.Option(
        metavar="SPAN", help="列表有效多久，如 24h、30d，至多 92d / how long the list is fresh, 92d at most")] = "30d",
    home: Annotated[Path | None, typer.Option(
        "--home", metavar="H", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")] = None,
) -> None:
    """把本单位的信任目录签署为列表 / sign this office's trust folder as a list."""
    opened = Home.open(home)
    signer = opened.service_signer(ROLE)
    if signer is None:
        raise TrustListError(
            TrustListCode.NO_KEY, "没有信任列表的签署证书，请先用 zhengyin certs request --role trust-list 申请",
            "there is no certificate for trust lists: ask for one with zhengyin certs request --role trust-list")
    signed = publish_trust_list(opened.trust_dir, opened.path / ROLE / LIST_FILE, signer=signer, at=opened.clock(),
                                valid_for=read_span(valid_for, most=LONGEST))
    write_atomic(to, signed.to_json(), mode=0o644)
    _tell(read_trust_list(signed.to_json()), "已签署", "signed")


@app.command()
def receive(
    listed: Annotated[Path, typer.Argument(metavar="LIST", exists=True, dir_okay=False, help="列表文件 / the list")],
    into: Annotated[Path, typer.Option(
        "--into", metavar="TRUST", file_okay=False, help="信任目录，可新建 / trust folder, may be new")],
    signer: Annotated[list[Path] | None, typer.Option(
        "--signer", metavar="CERT", exists=True, dir_okay=False,
        help="首次接收时指定可签署列表的证书（DER），须另行核对 / who may sign lists, needed the first time; get it by "
             "another way")] = None,
) -> None:
    """核对并接收信任列表，旧号不替换新号 / check a list and take it; an older number replaces no newer one."""
    pinned = [Certificate.load(read_file(path, max_bytes=MAX_CERTIFICATE)) for path in signer or []]
    received = receive_trust_list(into, read_file(listed, max_bytes=2 * MAX_BYTES), now=datetime.now(UTC),
                                  signers=pinned)
    _tell(received, "已接收", "received")


@app.command()
def show(
    trust: Annotated[Path, typer.Argument(metavar="TRUST", exists=True, file_okay=False,
                                          help="信任目录 / trust folder")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """列出信任目录所信任的内容 / list what a trust folder believes."""
    loaded = Trust.load(trust)
    facts = {
        "name": loaded.name, "lookup_hosts": list(loaded.lookup_hosts),
        "list": None if loaded.trust_list is None else _facts(loaded.trust_list),
        "roots": [_certificate(one) for one in loaded.roots],
        "seal_makers": [_certificate(one) for one in loaded.seal_makers],
        "tsa": [_certificate(one) for one in loaded.tsa],
        "status_signers": [_certificate(one) for one in loaded.status_signers],
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    typer.echo(loaded.name)
    if loaded.trust_list is not None:
        _tell(loaded.trust_list, "信任列表", "trust list")
    for zh, en, certificates in (
            ("根证书", "roots", loaded.roots), ("制章人", "seal makers", loaded.seal_makers),
            ("时间戳", "timestamp authorities", loaded.tsa), ("印章状态", "status lists", loaded.status_signers)):
        typer.echo(f"{zh} / {en}: {len(certificates)}")
        for one in certificates:
            demo = "（演示 / demonstration）" if is_demo_anchor(one) else ""
            typer.echo(f"  {one.subject_cn or one.subject_text}{demo}  SM3 {one.fingerprint[:16]}…  "
                       f"至 / until {one.not_after:%Y-%m-%d}")
    typer.echo("查询域名 / lookup hosts: " + (", ".join(loaded.lookup_hosts) or "—"))


def _tell(listed: TrustList, zh: str, en: str) -> None:
    typer.echo(f"{zh}“{listed.name}”第 {listed.sequence} 号，有效至{time_zh(listed.next_update)} / "
               f"{en}: number {listed.sequence}, fresh until {time_en(listed.next_update)}")


def _facts(listed: TrustList) -> dict[str, object]:
    return {"sequence": listed.sequence, "at": write_moment(listed.this_update),
            "next_update": write_moment(listed.next_update), "signer": _certificate(listed.signed.certificate)}


def _certificate(one: Certificate) -> dict[str, object]:
    return {"subject": one.subject_text, "sm3": one.fingerprint, "not_after": write_moment(one.not_after)}
