"""The verifier as an application: choose a file, see the answer and the pages, take the report home.

Nothing of a file is kept: it comes in through memory, goes to a contained child, and is let go with the answer. The
page carries the report itself, authenticated, and gives it back when a copy in another form is wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any, Final, Literal

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from certs.signer import Signer
from reports.files import made
from service.admission import Admission, client_of
from service.earlier import genuine_before
from service.forms import Form, Pace, read_form
from service.guard import App, Guard, Scope
from service.pages import LANGUAGES, STATIC, front_page, refusal_page, result_page, static
from service.refusals import Refused
from service.tokens import LARGEST, Tokens
from verify import MAX_FILE_SIZE
from verify.contained import Verifiers

__all__ = ["verifier_app"]

_TYPES: Final = {".html": "text/html; charset=utf-8", ".pdf": "application/pdf", ".xml": "application/xml",
                 ".json": "application/json"}
_NO_TRUST: Final = {
    "zh": "本网站的信任目录暂时无法使用，任何文件都不能判为真实；请联系网站管理者，稍后再试",
    "en": "this site's trust folder cannot be used at present, so no file can be called genuine: tell the site's "
          "keepers, and try again later",
}
_DRAWING_S: Final = 12.0
_HEARD_S: Final = 2.0
_REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def _for_strangers(value: Any) -> Any:
    """The report with one reason said anew: where the site's trust folder lies, and what ails it, is not theirs to
    know, and not theirs to mend."""
    if isinstance(value, dict):
        told = {key: _for_strangers(each) for key, each in value.items()}
        return {**told, **_NO_TRUST} if value.get("code") == "trust.unusable" else told
    return [_for_strangers(each) for each in value] if isinstance(value, list) else value


def verifier_app(verifiers: Verifiers, *, hosts: Collection[str] = (), children: int = 2, signer: Signer | None = None,
                 key: bytes | None = None, pace: Pace | None = None, admission: Admission | None = None,
                 proxies: Collection[str] = ()) -> FastAPI:
    """Make the application; it may be mounted in another one below any path that ends in a slash.

    Args:
        verifiers: who judge the files; to be closed by the caller.
        hosts: names under which the site is reached; requests for others are refused. Empty: the caller looks to it.
        children: how many files are judged at a time.
        signer: signs the reports that are taken home as PDF.
        key: authenticates reports; processes that serve one site share it.
        proxies: addresses of the proxies before the site, whose word is taken for whom a request comes from
            (X-Forwarded-For).
    """
    return _Site(verifiers, children, signer, Tokens(key), pace or Pace(), admission or Admission(),
                 frozenset(proxies)).app(hosts)


class _Site:
    """One site."""

    def __init__(self, verifiers: Verifiers, children: int, signer: Signer | None, tokens: Tokens, pace: Pace,
                 admission: Admission, proxies: frozenset[str]) -> None:
        self._verifiers, self._signer, self._tokens, self._pace = verifiers, signer, tokens, pace
        self._admission, self._proxies = admission, proxies
        self._judging = asyncio.Semaphore(children)
        self._writing = asyncio.Semaphore(1)     # a report is drawn by one thread at a time

    def app(self, hosts: Collection[str]) -> FastAPI:
        """The application with its routes."""
        app = FastAPI(title="证印核验", docs_url=None, redoc_url=None, openapi_url=None)
        app.add_api_route("/", self.front, methods=["GET", "HEAD"], response_class=HTMLResponse)
        app.add_api_route("/static/{name}", self.static, methods=["GET", "HEAD"])
        app.add_api_route("/verify", self.verify, methods=["POST"], response_class=HTMLResponse)
        app.add_api_route("/verify", self.again, methods=["GET", "HEAD"])
        app.add_api_route("/report.{ending}", self.report, methods=["POST"])
        app.add_exception_handler(Refused, _refused)
        app.add_exception_handler(HTTPException, _unknown)
        app.add_exception_handler(ClientDisconnect, _gone)
        app.add_exception_handler(Exception, _failed)
        app.add_middleware(Guard, hosts=hosts, refuse=_answer)
        return app

    async def front(self, request: Request) -> Response:
        """Where a file is chosen."""
        return HTMLResponse(front_page(_language(request), site=request.url.netloc))

    async def static(self, name: str) -> Response:
        """Style, script, sign."""
        if name not in STATIC:
            raise Refused("not-found")
        return Response(static(name), media_type=STATIC[name], headers={"cache-control": "public, max-age=300"})

    async def again(self, request: Request) -> Response:
        """A result that is asked for anew is not there any more."""
        return RedirectResponse("./?lang=en" if _language(request) == "en" else "./", status_code=303)

    async def verify(self, request: Request) -> Response:
        """Judge a file and show it."""
        return await _heard_out(request, self._verified)

    async def _verified(self, request: Request, pieces: AsyncIterator[bytes]) -> Response:
        with self._admission.enter(self._client(request)) as admitted:
            form = await self._form(request, pieces, "file", MAX_FILE_SIZE, admitted.hold)
            if not form.data:
                raise Refused("empty-file" if form.name else "no-file")
            data = bytes(form.data)
            form.data = None
            async with self._judging:
                report, drawing = await run_in_threadpool(self._judge, data, form.name)
            lang = form.fields.get("lang", "zh")
            page = await run_in_threadpool(result_page, report, drawing, self._tokens.seal(report), lang)
        return HTMLResponse(page.encode("utf-8", "replace"))

    def _judge(self, data: bytes, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        answer = self._verifiers.verify(data, name=name)
        before = genuine_before(data, answer.report, lambda state: str(self._verifiers.verify(
            state, name=name).report["verdict"]))
        drawing = self._verifiers.draw(data, seconds=_DRAWING_S, signed_bytes=before)
        return _for_strangers(dict(answer.report)), drawing

    async def report(self, request: Request, ending: Literal["html", "pdf", "xml", "json"]) -> Response:
        """A report that a page gives back, in another form."""
        return await _heard_out(request, functools.partial(self._reported, ending=ending))

    async def _reported(self, request: Request, pieces: AsyncIterator[bytes], ending: str) -> Response:
        with self._admission.enter(self._client(request)) as admitted:
            form = await self._form(request, pieces, "report", LARGEST, admitted.hold)
            report = self._tokens.open((form.data or b"").decode("ascii", "replace"))
            if report is None:
                raise Refused("token")
            lang = form.fields.get("lang", "zh")
            async with self._writing:
                body = await run_in_threadpool(made, report, f".{ending}", lang=lang, signer=self._signer)
        return Response(body, media_type=_TYPES[f".{ending}"], headers={
            "content-disposition": f'attachment; filename="verification-report.{ending}"',
            "content-security-policy": _REPORT_POLICY})

    def _client(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        return client_of(peer, request.headers.getlist("x-forwarded-for"), self._proxies)

    async def _form(self, request: Request, pieces: AsyncIterator[bytes], large: str, limit: int,
                    hold: Callable[[int], None]) -> Form:
        return await read_form(pieces, request.headers.get("content-type", ""),
                               request.headers.get("content-length"), large=large, limit=limit, hold=hold,
                               pace=self._pace)


async def _heard_out(request: Request, answer: Callable[[Request, AsyncIterator[bytes]], Awaitable[Response]],
                     ) -> Response:
    """Answer; where the answer is a refusal, first take in a little more of what is being sent.

    A connection that is closed while bytes are under way is reset, and its sender never reads the refusal.
    """
    pieces = request.stream()
    try:
        return await answer(request, pieces)
    except Refused:
        with contextlib.suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(_HEARD_S):
                async for _ in pieces:
                    pass
        raise


def _language(request: Request) -> str:
    """The language that is asked for; Chinese where none is."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else "zh"


def _page_of(refused: Refused, lang: str) -> Response:
    headers = {} if refused.retry_after_s is None else {"retry-after": str(refused.retry_after_s)}
    if refused.code in ("too-large", "slow", "busy", "form"):
        headers["connection"] = "close"          # what is still to come of the body is not read
    return HTMLResponse(refusal_page(refused, lang), status_code=refused.refusal.status, headers=headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for nothing else
    return _page_of(error, _language(request))


async def _unknown(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return _page_of(Refused("method" if status == 405 else "not-found"), _language(request))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)             # nobody hears it


async def _failed(request: Request, _error: Exception) -> Response:
    return _page_of(Refused("failed"), _language(request))


def _answer(scope: Scope, refused: Refused) -> App:
    """The answer to what the guard refuses."""
    return _page_of(refused, _language(Request(scope)))
