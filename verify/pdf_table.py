"""Reason codes of the PDF half: weight, sentence in Chinese, sentence in English.

A code is never renamed or reused once released. Codes ``chain.…`` come from ``certs.chain`` with their own
sentences; ``pdf.timestamp`` and ``pdf.document-timestamp`` get theirs from ``certs.timestamp``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from verify.model import Severity

__all__ = ["PDF_TABLE"]

_NO, _UNSURE, _NOTE = Severity.INVALID, Severity.INDETERMINATE, Severity.NOTE

_SIGNATURE: Final = {
    "pdf.copy": (_NOTE, "版式副本，以 OFD 原件为准", "a rendition; the OFD is the original"),
    "pdf.seal-unproven": (_NOTE, "PDF 中的印章图样无从核对，以 OFD 原件中的电子印章为准",
                          "the picture of the seal in a PDF cannot be checked; the e-seal in the OFD is the original"),
    "pdf.no-signature": (
        _UNSURE, "PDF 没有数字签名，无法证明来源",
        "the PDF has no digital signature: nothing proves its origin"),
    "pdf.signature-removed": (
        _NO, "文件自称本系统签发的版式文件，却没有完整的签名",
        "the file says it is an issued rendition, yet it has no complete signature"),
    "pdf.no-copy-statement": (_UNSURE, "元数据没有“版式副本，以 OFD 原件为准”的声明",
                              "the metadata do not state that this is a rendition"),
    "pdf.no-contents": (
        _NO, "签名域中没有签名值（{where}）",
        "the signature field holds no signature ({where})"),
    "pdf.byte-range": (
        _NO, "签名范围（ByteRange）与签名值的位置不符（{where}）",
        "the ByteRange does not fit the place of the signature value ({where})"),
    "pdf.changed-after-signing": (
        _NO, "签名之后文件被改动：{where} 之后的内容不在签名范围内",
        "the file was changed after signing: what follows {where} is not signed"),
    "pdf.later-revision": (
        _UNSURE, "签名之后附加了内容（{where} 之后），本版本不判定其影响",
        "content was added after signing (from {where}); its effect is not judged in this version"),
    "pdf.later-form": (
        _UNSURE, "签名之后附加的内容不只是验证资料与文档时间戳（{where}），不能确认没有改动",
        "what was added after signing is more than evidence and document timestamps ({where}): it may be a change"),
    "pdf.evidence-odd": (
        _UNSURE, "附加的验证资料中有无法核实的内容（{where}）",
        "the added evidence holds what cannot be verified ({where})"),
    "pdf.evidence-added": (
        _NOTE, "签名之后附加了验证资料与 {count} 个文档时间戳（{where} 之后），显示内容未变",
        "evidence and {count} document timestamps were added after signing (from {where}); what is shown is unchanged"),
    "pdf.digest": (
        _NO, "文件内容与签名不符：签名后被改动",
        "the content does not match the signature: it was changed"),
    "pdf.signature": (
        _NO, "签名值与签名者证书不符",
        "the signature value does not fit the signer's certificate"),
    "pdf.certificate-unbound": (
        _NO, "签名未绑定签名者证书（signing-certificate-v2 不符）",
        "the signature does not bind the signer's certificate (signing-certificate-v2)"),
    "pdf.weak-digest": (
        _NO, "签名使用已被攻破的摘要算法 {what}",
        "the signature uses the broken digest {what}"),
    "pdf.cms": (
        _NO, "签名数据（CMS）不合规范：{was}",
        "the signature data (CMS) are not well-formed: {what}"),
    "pdf.cms-not-der": (
        _UNSURE, "签名数据（CMS）不是唯一的 DER 写法：{was}",
        "the signature data (CMS) are not in their one DER form: {what}"),
    "pdf.cms-form": (
        _UNSURE, "签名数据含本版本不支持的内容：{what}",
        "the signature data hold what this version does not support: {what}"),
    "pdf.contents-form": (
        _UNSURE, "签名值的写法不唯一（应为小写十六进制，只以零补齐）",
        "the signature value is not in its one form (lower-case hex, zero padding)"),
    "pdf.subfilter": (_UNSURE, "不支持的签名类型 {what}", "unsupported signature type {what}"),
    "pdf.no-time": (
        _UNSURE, "签名没有可读的声明时间（M）",
        "the signature has no readable claimed time (M)"),
    "pdf.time-future": (
        _UNSURE, "声明的签名时间 {time} 晚于检查时间",
        "the claimed signing time {time} lies in the future"),
    "pdf.time-outside-certificate": (
        _UNSURE, "声明的签名时间 {time} 不在证书有效期内",
        "the claimed signing time {time} is outside the certificate's validity"),
    "pdf.timestamp-order": (
        _UNSURE, "声明的签名时间晚于时间戳 {time}",
        "the claimed signing time is after the timestamp {time}"),
    "pdf.many-signatures": (
        _UNSURE, "文件有 {count} 个签名，本版本不支持",
        "the file has {count} signatures; not supported in this version"),
    "pdf.not-certified": (
        _UNSURE, "签名不是认证签名（DocMDP），不能排除后续改动（{where}）",
        "the signature is no certification (DocMDP): later changes are not excluded ({where})"),
    "pdf.permissions": (
        _UNSURE, "认证签名允许后续改动（P = {value}，应为 1）",
        "the certification allows changes (P = {value}, must be 1)"),
    "pdf.name-differs": (_UNSURE, "签名字典所写的签名者与证书单位“{signer}”不同",
                         "the name in the signature dictionary is not the certificate's, {signer}"),
    "pdf.signer-differs": (
        _NO, "签名单位“{signer}”不是文件所写的发证机关“{author}”",
        "signed by {signer}, not by the authority that the file names, {author}"),
}

_FORM: Final = {
    "pdf.form-unsupported": (
        _UNSURE, "本版本不支持这种 PDF 结构（{what}，{where}）",
        "this form of PDF is not supported in this version ({what}, {where})"),
    "pdf.header": (_UNSURE, "文件开头不是 PDF 1.x 标识", "the file does not begin with a PDF 1.x header"),
    "pdf.tail": (
        _UNSURE, "文件不以 startxref 和 %%EOF 结束",
        "the file does not end in startxref and %%EOF"),
    "pdf.xref": (
        _UNSURE, "交叉引用表与实际位置不符（{where}）",
        "the cross-reference table does not tell the truth ({where})"),
    "pdf.hidden-bytes": (
        _UNSURE, "文件含有不属于任何对象的字节（{where}）",
        "the file holds bytes that belong to no object ({where})"),
    "pdf.syntax": (_UNSURE, "PDF 语法错误（{where}）", "PDF syntax error ({where})"),
    "pdf.duplicate-key": (
        _UNSURE, "字典中键 {key} 出现两次（{where}）",
        "key {key} occurs twice in a dictionary ({where})"),
    "pdf.length": (_UNSURE, "流的长度不实（{where}）", "a stream's length is not true ({where})"),
    "pdf.stream": (_UNSURE, "流已损坏（{where}）", "a stream is damaged ({where})"),
    "pdf.external": (
        _UNSURE, "文件引用外部内容（{where}）",
        "the file refers to content outside itself ({where})"),
    "pdf.dangling": (
        _UNSURE, "引用的对象不存在（{where}）",
        "a referenced object does not exist ({where})"),
    "pdf.type": (
        _UNSURE, "对象类型不符，应为 {kind}（{where}）",
        "an object has the wrong type, {kind} is due ({where})"),
    "pdf.unknown-key": (
        _UNSURE, "含有不允许的键 {key}（{where}）",
        "a key that is not allowed: {key} ({where})"),
    "pdf.unused-objects": (
        _UNSURE, "有 {count} 个对象不被使用（如 {where}），可能用于隐藏内容",
        "{count} objects are used by nothing (such as {where}): they may hide content"),
    "pdf.too-large": (_UNSURE, "超过检查上限（{where}）", "beyond the limits of checking ({where})"),
    "pdf.unreadable": (
        _UNSURE, "检查“{where}”时无法解析（{what}）",
        "could not be parsed while checking {where} ({what})"),
}

_ACTS: Final = {
    "pdf.action": (
        _UNSURE, "文件含有动作 {what}（{where}），打开时可能改变显示",
        "the file holds an action {what} ({where}): it may change what is shown"),
    "pdf.javascript": (_UNSURE, "文件含有脚本（{where}）", "the file holds JavaScript ({where})"),
    "pdf.xfa": (_UNSURE, "文件含有 XFA 表单（{where}）", "the file holds an XFA form ({where})"),
    "pdf.need-appearances": (
        _UNSURE, "表单外观由阅读器重画（NeedAppearances），显示不确定",
        "readers redraw the form (NeedAppearances): what is shown is not fixed"),
    "pdf.optional-content": (
        _UNSURE, "文件含有可切换显示的图层（{where}）",
        "the file holds layers that can be switched ({where})"),
    "pdf.collection": (_UNSURE, "文件是 PDF 文件包", "the file is a PDF portfolio"),
    "pdf.alternates": (_UNSURE, "图片有替代图（{where}）", "a picture has alternates ({where})"),
    "pdf.fields": (
        _UNSURE, "表单应只有一个签名域（{where}，{count} 个）",
        "the form must have exactly one signature field ({where}, {count})"),
    "pdf.widget": (
        _UNSURE, "签名域的外观不合要求（{what}，{where}）",
        "the signature field's widget is not in our form ({what}, {where})"),
    "pdf.annotation": (
        _UNSURE, "页面有签名域以外的批注（{where}）",
        "a page has an annotation beside the signature field ({where})"),
    "pdf.attachments": (
        _UNSURE, "附件目录与关联文件不一致（{where}）",
        "attachments and associated files disagree ({where})"),
    "pdf.metadata-differ": (
        _UNSURE, "文档信息与 XMP 的 {where} 不一致",
        "document information and XMP disagree on {where}"),
    "pdf.xmp": (_UNSURE, "XMP 元数据不可读", "the XMP metadata cannot be read"),
}

_PICTURE: Final = {
    "pdf.pages": (_UNSURE, "页面结构不合要求（{where}）", "the pages are not in our form ({where})"),
    "pdf.content": (
        _UNSURE, "页面内容含不支持的指令 {what}（{where}）",
        "page content holds an unsupported instruction {what} ({where})"),
    "pdf.font": (_UNSURE, "字体不合要求（{where}）", "a font is not in our form ({where})"),
    "pdf.to-unicode": (
        _UNSURE, "字体的文字对照表不唯一（{where}）",
        "a font's map to characters is not one to one ({where})"),
    "pdf.glyph-mismatch": (
        _UNSURE, "画出的字形与文字 {char} 不符（{where}）",
        "the glyph drawn is not that of {char} ({where})"),
    "pdf.image": (_UNSURE, "图片格式不支持（{where}）", "a picture's format is not supported ({where})"),
    "pdf.picture-cut": (_UNSURE, "图片被裁切或超出页面（{where}）", "a picture is cut off ({where})"),
    "pdf.picture-covered": (
        _NO, "图片上有后画的图形或文字（{where}）", "something is drawn over a picture ({where})"),
    "pdf.text-hidden": (
        _UNSURE, "有看不见的文字“{text}”（{where}）",
        "there is text that cannot be seen: {text} ({where})"),
    "pdf.text-covered": (_UNSURE, "文字“{text}”被遮盖（{where}）", "text is covered: {text} ({where})"),
    "pdf.text-turned": (
        _UNSURE, "文字“{text}”被旋转或变形（{where}）",
        "text is turned or distorted: {text} ({where})"),
}

PDF_TABLE: Final = MappingProxyType({**_SIGNATURE, **_FORM, **_ACTS, **_PICTURE})
"""Code to (weight, Chinese, English)."""
