"""Reason codes of foreign OFD files: what was forgiven, what no signature protects, what cannot be judged."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from verify.model import Severity
from verify.reason_table import Meaning

__all__ = ["FOREIGN_REASONS"]

_NO, _UNSURE, _NOTE = Severity.INVALID, Severity.INDETERMINATE, Severity.NOTE

_FORGIVEN: Final = {
    "form.zip": (_NOTE, "封装上的非常规写法，已容许：{zh}", "an oddity of the archive, let pass: {en}"),
    "form.path": (_NOTE, "{where} 中的位置“{location}”写法不规范，按通常读法找到",
                  "the location “{location}” in {where} is not written by the standard; found as readers find it"),
    "form.case": (_NOTE, "{where} 中的位置“{location}”大小写不符，按唯一的同名条目读取",
                  "the location “{location}” in {where} differs in case; the only such entry was read"),
    "form.dangling": (_NOTE, "{where} 引用的“{location}”不存在，不影响画面",
                      "{where} refers to “{location}”, which is not there; that does not change the picture"),
    "form.nowhere": (_NOTE, "{where} 中的 {element} 没有写明位置，按没有此项处理",
                     "{element} in {where} names no place; it was taken to be absent"),
    "form.namespace": (_NOTE, "{where} 没有 GB/T 33190 的命名空间", "{where} lacks the name space of GB/T 33190"),
    "form.documents": (_NOTE, "文件含 {count} 个文档，逐个检查",
                       "the file holds {count} documents; each was looked at"),
    "form.version": (_NOTE, "文件含有文档版本（{where}），各版本都已检查",
                     "the file holds a version of its document ({where}); every version was looked at"),
    "form.font": (_NOTE, "字体“{font}”没有嵌入，字形由阅读器决定",
                  "the font “{font}” is not embedded: the reader picks the glyphs"),
    "form.actions": (_NOTE, "文档含有动作（{kinds}；如 {where} 中），不属于画面",
                     "the document has actions ({kinds}; such as in {where}), which are no part of the picture"),
    "form.unread": (_NOTE, "{where} 不影响画面，内容无法解析，未读取",
                    "{where}, which does not change the picture, cannot be parsed and was not read"),
    "form.check-method": (_NOTE, "{where} 没有写明摘要算法，摘要值实为 SM3",
                          "{where} does not name its digest; the values are SM3"),
    "form.signature-type": (_NOTE, "{where} 自称类型为“{type}”，实为 {form}",
                            "{where} calls itself “{type}” and is {form}"),
    "form.signature-time": (_NOTE, "{where} 写明的签名时间与签名值中的不同",
                            "the time in {where} is not the one in the signature value"),
    "form.check-value": (_NOTE, "{where} 的摘要值中有空白", "white space in the digests of {where}"),
}

_FOREIGN: Final = {
    "zip.kind": (_UNSURE, "条目 {where} 的属性说它是目录、链接或设备，而不是文件",
                 "the attributes of {where} say that it is a folder, a link or a device, not a file"),
    "zip.aside": (_UNSURE, "压缩包在 {where} 的注释或扩展字段中带有 {size} 字节，可能是另一个文件，不受签名保护",
                  "the archive carries {size} bytes in a comment or extra field ({where}), perhaps another file; no "
                  "signature protects them"),
    "foreign.no-licence": (
        _NOTE, "文件真实，但不是本系统可读取的证照，内容与效力请人工核对",
        "the file is genuine, but it is no licence that this verifier can read: check what it says and what it is "
        "worth"),
    "foreign.text": (
        _NOTE, "内嵌字体的字形没有与文字逐一核对：复制、检索到的文字可能与所见不同，以所见为准",
        "the glyphs of embedded fonts were not compared with the text: what is copied or searched may not be what is "
        "seen"),
    "foreign.rollback": (
        _NOTE, "签名列表 {where} 不受签名保护：文件按现有签名判断，不能排除其后还有签名被移除",
        "the list of signatures {where} is not protected: judged by the signatures present; that later ones were "
        "removed cannot be excluded"),
    "foreign.whose": (
        _UNSURE, "文件含有多个文档，而签名列表 {where} 不受保护：印章属于哪个文档无法证明",
        "the file holds several documents and the list of signatures {where} is not protected: nothing proves which "
        "document a seal belongs to"),
    "foreign.dangling": (
        _UNSURE, "{where} 引用的“{location}”不存在，可能已被移除，所见可能不完整",
        "{where} refers to “{location}”, which is not there and may have been removed: what is seen may not be all"),
    "foreign.nowhere": (_UNSURE, "{where} 中的 {element} 没有写明位置，所见可能不完整",
                        "{element} in {where} names no place: what is seen may not be all"),
    "foreign.external": (_UNSURE, "{where} 引用了文件包之外的“{location}”，所见不由本文件决定",
                         "{where} refers to “{location}” outside the package: what is seen is not this file's alone"),
    "foreign.guarded": (_UNSURE, "文件采用整包保护或加密（GM/T 0099），本程序不能判断",
                        "the file is protected as a whole or encrypted (GM/T 0099); this program cannot judge it"),
    "foreign.signature": (_UNSURE, "签名 {where} 未通过验证", "the signature {where} does not pass"),
    "foreign.stamp": (_UNSURE, "签名 {where} 的印章外观指向不存在的页面“{page}”",
                      "a stamp of the signature {where} names a page that is not there: “{page}”"),
    "foreign.stamp-place": (_UNSURE, "签名 {where} 在页面“{page}”上的印章位置“{box}”不是左、上、宽、高四个数",
                            "the place “{box}” of a stamp of the signature {where} on the page “{page}” is not four "
                            "numbers: left, top, width, height"),
    "foreign.reference": (_UNSURE, "{where} 中的引用“{location}”不能按标准解释，不计入保护范围",
                          "the reference “{location}” in {where} cannot be read by the standard and protects nothing"),
    "foreign.unlisted": (
        _UNSURE, "{where} 是一份签名，签名 {id} 签署时它已在文件中，签名列表却没有列出它：可能已被移除，"
                 "所见可能少了印章",
        "{where} is a signature that was there when the signature {id} was made, and no list of signatures names it: "
        "it may have been removed, and a seal may be missing from what is seen"),
    "foreign.signed-twice": (_UNSURE, "签名列表两次列出 {where}", "the lists of signatures name {where} twice"),
}

_COVERAGE: Final = {
    "coverage.unsigned": (_UNSURE, "没有可读的签名，文件的 {count} 个部分都不受保护，任何人都可以改动",
                          "no signature that can be read protects any of the file's {count} parts: anybody may change "
                          "them"),
    "coverage.void": (
        _UNSURE, "签名 {id} 未通过验证，因此不保护任何部分：它所列的 {count} 个部分虽与签名时相同，也不受保护",
        "the signature {id} does not pass and so protects nothing, not even the {count} parts that are as they were "
        "signed"),
    "coverage.unreached": (
        _UNSURE, "{where} 不受签名保护，文档也没有引用它；有的阅读器按固定位置读取，可能改变画面",
        "{where} is not protected, and nothing leads to it; readers that look in fixed places may show it"),
    "coverage.harmless": (_NOTE, "{where}（{part}）不受签名保护，不影响画面，其内容未经证实",
                          "{where} ({part_en}) is not protected; it does not change the picture, and what it says is "
                          "unproven"),
    "coverage.partly": (
        _NOTE, "签名 {id} 不保护可能改变画面的 {count} 个部分（如 {where}），它们由其他签名保护",
        "the signature {id} leaves {count} parts that can change the picture (such as {where}) to other signatures"),
    "coverage.stamped-partly": (
        _UNSURE, "签名 {id} 的印章盖在页面上，却不保护可能改变画面的 {count} 个部分（如 {where}）："
                 "印章所属单位未必见过这样的页面",
        "the signature {id} shows a seal on the pages and leaves {count} parts unprotected that can change the picture "
        "(such as {where}): the organisation of the seal need not have seen these pages"),
    "coverage.stamp-over": (
        _UNSURE, "签名 {id} 的印章（第 {page} 页，{box}）可能盖住签名 {other} 所签的内容或其印章："
                 "{other} 的签署方未必见过它",
        "the seal of the signature {id} (page {page}, {box}) may hide what the signature {other} signed, or its seal: "
        "who made {other} need not have seen it"),
    "coverage.page": (_UNSURE, "第 {page} 页的{part}来自不受签名保护的 {where}（位置 {box}）",
                      "the {part_en} on page {page} comes from {where}, which is not protected (at {box})"),
}

FOREIGN_REASONS: Final = MappingProxyType({
    code: Meaning(*meaning) for group in (_FORGIVEN, _FOREIGN, _COVERAGE) for code, meaning in group.items()})
"""All codes of this half. Never renamed or reused once released."""
