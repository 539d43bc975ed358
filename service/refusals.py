"""Why a request is refused: a status of HTTP, a sentence in Chinese and English."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["REFUSALS", "Refusal", "Refused"]


class Refusal(NamedTuple):
    """What the page of a refusal says."""

    status: int
    zh: str
    en: str


REFUSALS: Final = {
    "no-file": Refusal(400, "没有选择文件：请选择一个 OFD、PDF 文件或证照照片，再点“核验”。",
                       "No file was chosen: choose an OFD or PDF file, or a photo of a licence, then verify."),
    "empty-file": Refusal(400, "文件是空的（0 字节），没有可核验的内容：请重新下载或索取，再选择一次。",
                          "The file is empty (0 bytes), there is nothing to verify: get it again, then choose it."),
    "form": Refusal(400, "请求不完整或格式不对：请回到首页重新选择文件。",
                    "The request is incomplete or malformed: go back and choose the file again."),
    "too-large": Refusal(413, "文件超过 64 MB，不予核验：证照文件一般不到 2 MB，请确认选对了文件。",
                         "The file is larger than 64 MB and is not verified: licences are seldom over 2 MB."),
    "slow": Refusal(408, "上传太慢，已中断：请在网络较好处重试。",
                    "The upload was too slow and was cut off: try again on a better network."),
    "busy": Refusal(503, "现在核验的人很多，请过几秒再试。文件没有保存。",
                    "Many files are being verified just now: try again in a few seconds. Nothing was kept."),
    "token": Refusal(410, "报告已失效或被改动，不能下载：请重新核验文件。",
                     "The report has expired or was changed and cannot be downloaded: verify the file again."),
    "host": Refusal(421, "访问地址不是本站的地址：请从正式网址进入。",
                    "The address is not one of this site: enter by its proper address."),
    "cross-site": Refusal(403, "请求来自另一个网站，已拒绝：请在本站页面选择文件。",
                          "The request comes from another site and is refused: choose the file on this page."),
    "not-found": Refusal(404, "没有这个页面。", "There is no such page."),
    "method": Refusal(405, "这个地址不接受这种请求。", "This address does not take such a request."),
    "failed": Refusal(500, "本站内部出错，没有得出结论：文件真伪未知，请稍后重试。",
                      "The site failed and reached no result: nothing is known of the file. Try again later."),
}


class Refused(Exception):  # noqa: N818 - the answer to a request
    """A request is refused; ``code`` is a key of :data:`REFUSALS`."""

    def __init__(self, code: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def refusal(self) -> Refusal:
        """Status and sentences."""
        return REFUSALS[self.code]
