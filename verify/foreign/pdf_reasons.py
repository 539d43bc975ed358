"""What the judge of foreign PDFs has to say: codes with weight, Chinese, English; refusals of its readers.

A code is never renamed or reused once released. Codes ``form.…`` tell what was forgiven; ``chain.…`` come from
``certs.chain`` with their own sentences, and those of the timestamps from ``certs.timestamp``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from verify.model import Finding, Reason, Severity
from verify.pdf_reasons import PdfRefusal
from verify.reason_table import Meaning
from verify.reasons import clean, clean_facts

__all__ = ["FOREIGN_PDF", "ForeignRefusal", "foreign_finding"]

_NO, _UNSURE, _NOTE = Severity.INVALID, Severity.INDETERMINATE, Severity.NOTE

_FORGIVEN: Final = {
    "form.pdf-hybrid": Meaning(
        _NOTE, "文件同时有交叉引用表和交叉引用流，按新式阅读器的方式读取（{where}）",
        "the file has both a cross-reference table and a stream; read as current readers do ({where})"),
    "form.pdf-linearized": Meaning(
        _NOTE, "文件为网页浏览作过线性化（{where}）", "the file is linearized for viewing on the web ({where})"),
    "form.pdf-offset": Meaning(
        _NOTE, "交叉引用的位置指到了前一个换行（{where}）",
        "the offset of a cross-reference names the line end before it ({where})"),
    "form.pdf-loose-bytes": Meaning(
        _NOTE, "文件含有不属于任何对象的字节（{where}）",
        "the file holds bytes that belong to no object ({where})"),
    "form.pdf-null-entry": Meaning(
        _NOTE, "交叉引用表把 {where} 记在第 0 字节，视为不存在",
        "the cross-reference table puts {where} at byte 0; taken as absent"),
    "form.pdf-no-type": Meaning(
        _NOTE, "签名字典没有写明类型（{where}）", "the signature dictionary does not name its type ({where})"),
    "form.pdf-filter": Meaning(
        _NOTE, "签名由 {what} 处理程序生成（{where}）", "the signature names the handler {what} ({where})"),
    "form.pdf-no-time": Meaning(
        _NOTE, "签名没有可读的声明时间（{where}）", "the signature has no readable claimed time ({where})"),
    "form.pdf-unbound": Meaning(
        _NOTE, "签名未把证书列入签名属性（PKCS#7 旧式签名，{where}）",
        "the signed attributes do not name the certificate (plain PKCS#7, {where})"),
    "form.pdf-weak-binding": Meaning(
        _NOTE, "签名用 SHA-1 标识证书（signing-certificate 第 1 版，{where}）",
        "the certificate is named by SHA-1 (signing-certificate, version 1, {where})"),
    "form.pdf-cms": Meaning(
        _NOTE, "签名 {where} 的数据（CMS）有不合标准的写法，不影响所签内容：{what}",
        "the data (CMS) of signature {where} are spelt as no standard has it, which changes nothing signed: {what}"),
    "form.pdf-font": Meaning(
        _NOTE, "字体 {what} 未嵌入，字形由阅读器提供", "the font {what} is not embedded: readers bring their own"),
    "form.pdf-empty-field": Meaning(
        _NOTE, "有 {count} 个尚未签名的签名域", "there are {count} signature fields that nobody has signed"),
    "form.pdf-attachment": Meaning(
        _NOTE, "文件内含附件，在签名范围内，内容未检查",
        "the file holds attachments; they are signed, their content is not looked at"),
    "form.pdf-link": Meaning(
        _NOTE, "文件含有链接，所指内容不在签名范围内", "the file holds links; what they point to is not signed"),
}

_FORM: Final = {
    "fpdf.header": Meaning(_UNSURE, "文件不以 PDF 标识开头", "the file does not begin with a PDF header"),
    "fpdf.tail": Meaning(
        _UNSURE, "文件不以 startxref 和 %%EOF 结束，须经修复才能打开，不同阅读器所见可能不同",
        "the file does not end in startxref and %%EOF: it opens only after repair, and readers may differ"),
    "fpdf.trailing-bytes": Meaning(
        _UNSURE, "文件结束标志之后还有空白字节（{where}），不在签名范围内",
        "blank bytes follow the end of the file ({where}); no signature covers them"),
    "fpdf.trailing-content": Meaning(
        _NO, "文件结束标志之后附加了内容（{where}），不在签名范围内",
        "content was added behind the end of the file ({where}); no signature covers it"),
    "fpdf.xref": Meaning(
        _UNSURE, "交叉引用与实际位置不符（{where}），不同阅读器所见可能不同",
        "the cross-reference does not tell the truth ({where}); readers may see different files"),
    "fpdf.xref-back": Meaning(
        _UNSURE, "后来的修订把 {where} 指向早先的字节，旧内容可能被重新启用",
        "a later revision points {where} back at earlier bytes: old content may have been revived"),
    "fpdf.hybrid-differs": Meaning(
        _UNSURE, "交叉引用表与交叉引用流对 {where} 的说法不同，新旧阅读器所见不同",
        "table and stream disagree on {where}: old and new readers see different files"),
    "fpdf.xref-odd": Meaning(
        _UNSURE, "交叉引用的写法少见（{where}），有的阅读器会自行修复文件，所见可能不同",
        "the cross-reference is written in an uncommon way ({where}): some readers repair the file and may show "
        "another"),
    "fpdf.hidden-object": Meaning(
        _UNSURE, "文件含有交叉引用没有登记的对象（{where}），修复文件的阅读器可能采用它",
        "the file holds an object that no cross-reference names ({where}); readers that repair may use it"),
    "fpdf.object-twice": Meaning(
        _UNSURE, "同一修订中对象 {where} 出现两次，不同阅读器所见可能不同",
        "object {where} occurs twice in one revision; readers may see different files"),
    "fpdf.page-count": Meaning(
        _UNSURE, "页面树写明的页数不实，不同阅读器显示的页数可能不同",
        "the page tree states a wrong count: readers may show other pages"),
    "fpdf.content-form": Meaning(
        _UNSURE, "第 {where} 页的内容列法不合规范，不同阅读器所见可能不同",
        "page {where} lists its content in an odd way: readers may see different pages"),
    "fpdf.page-size": Meaning(
        _UNSURE, "第 {where} 页没有合规范的尺寸、裁切或方向，不同阅读器所见可能不同",
        "page {where} has no proper size, crop or rotation: readers may see different pages"),
    "fpdf.form-box": Meaning(
        _UNSURE, "图形 {where} 没有写明范围（BBox），不同阅读器所见可能不同",
        "the drawing {where} does not tell its box (BBox): readers may see different pages"),
    "fpdf.stream-end": Meaning(
        _UNSURE, "流 {where} 之内另有结束标志，不同阅读器读到的内容可能不同",
        "stream {where} holds another end marker: readers may read different content"),
    "fpdf.stream-object": Meaning(
        _UNSURE, "流 {where} 之内另有写成对象的字节，修复文件的阅读器可能采用它",
        "stream {where} holds bytes that are written as an object; readers that repair may use it"),
    "fpdf.revived": Meaning(
        _UNSURE, "文件引用了已被删除的对象（{where}），有的阅读器会重新找到它",
        "the file refers to an object that was deleted ({where}); some readers find it again"),
    "fpdf.stream-damaged": Meaning(
        _UNSURE, "流 {where} 已损坏或过大，不同阅读器所见可能不同",
        "stream {where} is damaged or too large: readers may see different content"),
    "fpdf.filter": Meaning(
        _UNSURE, "流 {where} 使用未知的压缩方式", "stream {where} names a filter that the standard does not have"),
    "fpdf.overlap": Meaning(
        _UNSURE, "对象互相重叠（{where}）", "objects overlap ({where})"),
    "fpdf.object-stream": Meaning(
        _UNSURE, "对象流与交叉引用不一致（{where}）", "an object stream and the cross-reference disagree ({where})"),
    "fpdf.unsupported": Meaning(
        _UNSURE, "不支持这种 PDF 结构（{what}，{where}）", "this form of PDF is not supported ({what}, {where})"),
    "fpdf.encrypted": Meaning(
        _UNSURE, "文件已加密，无法检查内容",
        "the file is encrypted: its content cannot be checked"),
    "fpdf.too-large": Meaning(_UNSURE, "超过检查上限（{where}）", "beyond the limits of checking ({where})"),
    "fpdf.type": Meaning(_UNSURE, "对象类型不符（{what}，{where}）", "an object has the wrong type ({what}, {where})"),
    "fpdf.unreadable": Meaning(
        _UNSURE, "检查“{where}”时无法解析（{what}）", "could not be parsed while checking {where} ({what})"),
}

_SIGNATURE: Final = {
    "fpdf.no-signature": Meaning(
        _UNSURE, "PDF 没有数字签名，无法证明来源", "the PDF has no digital signature: nothing proves its origin"),
    "fpdf.stray-signature": Meaning(
        _UNSURE, "文件含有不属于任何签名域的签名（{where}）",
        "the file holds a signature that belongs to no field ({where})"),
    "fpdf.many-signatures": Meaning(
        _UNSURE, "签名超过 {count} 个，不予检查", "there are more than {count} signatures: not checked"),
    "fpdf.no-contents": Meaning(
        _NO, "签名域 {where} 没有签名值", "the signature field {where} holds no signature"),
    "fpdf.byte-range": Meaning(
        _NO, "签名 {where} 的范围（ByteRange）与签名值的位置不符",
        "the ByteRange of signature {where} does not fit the place of its value"),
    "fpdf.not-a-revision": Meaning(
        _UNSURE, "签名 {where} 所覆盖的不是一份完整的修订", "what signature {where} covers is no complete revision"),
    "fpdf.signature-place": Meaning(
        _UNSURE, "签名 {where} 不在它所签的修订里", "signature {where} does not stand in the revision that it signs"),
    "fpdf.contents-form": Meaning(
        _UNSURE, "签名 {where} 的写法被动过（十六进制大小写混用、夹有空白，或不以零补齐）",
        "the value of signature {where} was touched (mixed case, blanks, or padding other than zeros)"),
    "fpdf.subfilter": Meaning(
        _UNSURE, "不支持的签名类型 {what}（{where}）", "unsupported type of signature, {what} ({where})"),
    "fpdf.cms": Meaning(
        _UNSURE, "签名 {where} 的数据（CMS）无法判断：{was}",
        "the data (CMS) of signature {where} cannot be judged: {what}"),
    "fpdf.cms-not-der": Meaning(
        _UNSURE, "签名 {where} 的数据（CMS）不是唯一的 DER 写法：{was}",
        "the data (CMS) of signature {where} are not in their one DER form: {what}"),
    "fpdf.cms-loose": Meaning(
        _UNSURE, "签名 {where} 夹带了签名不保护的内容：{what}",
        "signature {where} carries what it does not protect: {what}"),
    "fpdf.weak-digest": Meaning(
        _NO, "签名 {where} 使用已被攻破的摘要算法 {what}", "signature {where} uses the broken digest {what}"),
    "fpdf.digest": Meaning(
        _NO, "文件内容与签名 {where} 不符：签名后被改动",
        "the content does not match signature {where}: it was changed"),
    "fpdf.signature": Meaning(
        _NO, "签名 {where} 的值与签名者证书不符",
        "the value of signature {where} does not fit the signer's certificate"),
    "fpdf.certificate-unbound": Meaning(
        _NO, "签名 {where} 绑定的是另一张证书", "signature {where} names another certificate than the one inside"),
    "fpdf.timestamp": Meaning(
        _UNSURE, "签名 {where} 的时间戳不可信：{zh}", "the timestamp of signature {where} is not trusted: {en}"),
    "fpdf.timestamp-forged": Meaning(
        _NO, "签名 {where} 的时间戳与签名不符：{zh}", "the timestamp of signature {where} does not fit: {en}"),
    "fpdf.time-future": Meaning(
        _UNSURE, "签名 {where} 声明的时间 {time} 晚于检查时间",
        "the time that signature {where} claims, {time}, is in the future"),
    "fpdf.time-outside-certificate": Meaning(
        _UNSURE, "签名 {where} 声明的时间 {time} 不在证书有效期内",
        "the time that signature {where} claims, {time}, is outside the certificate's validity"),
    "fpdf.timestamp-order": Meaning(
        _UNSURE, "签名 {where} 声明的时间晚于时间戳 {time}",
        "signature {where} claims a time after its timestamp, {time}"),
    "fpdf.rollback": Meaning(
        _NOTE, "按文件现有的签名判断，不能排除其后还有签名或修订被移除",
        "judged by the signatures present; that later signatures or revisions were removed cannot be excluded"),
    "fpdf.not-passed": Meaning(
        _UNSURE, "签名 {where}（{signer}）未能确认有效", "signature {where} ({signer}) could not be confirmed"),
}

_REVISIONS: Final = {
    "fpdf.revision": Meaning(
        _NOTE, "修订 {number}（字节 {where}）：{zh}", "revision {number} (bytes {where}): {en}"),
    "fpdf.page-changed": Meaning(
        _NO, "签名之后页面被改动（修订 {number}）：{zh}",
        "the pages were changed after signing (revision {number}): {en}"),
    "fpdf.changed": Meaning(
        _UNSURE, "签名之后文件被改动（修订 {number}），不能排除影响所见内容：{zh}",
        "the file was changed after signing (revision {number}); what is shown may differ: {en}"),
    "fpdf.not-permitted": Meaning(
        _NO, "认证签名不允许的改动（P = {permission}，修订 {number}）：{zh}",
        "a change that the certification forbids (P = {permission}, revision {number}): {en}"),
    "fpdf.locked-field": Meaning(
        _NO, "已被签名锁定的域 {where} 被改动（修订 {number}）",
        "field {where} was locked by a signature and has changed (revision {number})"),
    "fpdf.form-filled": Meaning(
        _UNSURE, "签名之后填写了表单（修订 {number}）：{zh}",
        "the form was filled in after signing (revision {number}): {en}"),
    "fpdf.annotated": Meaning(
        _UNSURE, "签名之后改动了批注（修订 {number}）：{zh}",
        "annotations were changed after signing (revision {number}): {en}"),
    "fpdf.metadata-changed": Meaning(
        _UNSURE, "签名之后改动了文档信息（修订 {number}）：{zh}",
        "the document's information was changed after signing (revision {number}): {en}"),
    "fpdf.stamp-added": Meaning(
        _UNSURE, "后来的签名 {where} 在第 {page} 页新增了可见签章（{box} mm），可能盖住先前所签的内容",
        "the later signature {where} draws on page {page} ({box} mm) and may hide what was signed before"),
    "fpdf.stamp-undrawn": Meaning(
        _UNSURE, "后来的签名 {where} 在第 {page} 页占有一处（{box} mm）而没有外观，由阅读器自行绘制，可能盖住先前内容",
        "the later signature {where} has a place on page {page} ({box} mm) and no appearance of its own: readers draw "
        "there, and may hide what was signed before"),
    "fpdf.stamp-filled": Meaning(
        _NOTE, "后来的签名 {where} 在第 {page} 页预留的签名域内显示签章（{box} mm）",
        "the later signature {where} shows its stamp in the field prepared on page {page} ({box} mm)"),
    "fpdf.evidence-added": Meaning(
        _NOTE, "签名之后只附加了验证资料或时间戳（修订 {number}），不影响所见内容",
        "only evidence or a timestamp was added after signing (revision {number}); nothing shown has changed"),
    "fpdf.evidence-odd": Meaning(
        _UNSURE, "签名之后附加的验证资料中有无法核实的内容（{where}）",
        "the evidence added after signing holds what cannot be verified ({where})"),
    "fpdf.beyond-evidence": Meaning(
        _UNSURE, "修订 {number} 没有签名者的签名覆盖，却不止于验证资料和时间戳（{where}）",
        "revision {number} holds more than evidence and timestamps ({where}), and no signer's signature covers it"),
    "fpdf.uncovered-revision": Meaning(
        _UNSURE, "最后一个有效签名之后还有改动（修订 {number}）",
        "there are changes after the last good signature (revision {number})"),
}

_ACTS: Final = {
    "fpdf.javascript": Meaning(
        _UNSURE, "文件含有脚本（{where}），所见内容可能改变",
        "the file holds JavaScript ({where}): what is shown may change"),
    "fpdf.action": Meaning(
        _UNSURE, "文件含有动作 {what}（{where}），可能改变所见内容",
        "the file holds an action {what} ({where}): it may change what is shown"),
    "fpdf.xfa": Meaning(
        _UNSURE, "文件含有 XFA 表单，所见内容由脚本生成",
        "the file holds an XFA form: it is drawn by a script"),
    "fpdf.need-appearances": Meaning(
        _UNSURE, "表单外观由阅读器重画（NeedAppearances），所见内容不确定",
        "readers redraw the form (NeedAppearances): what is shown is not fixed"),
    "fpdf.no-appearance": Meaning(
        _UNSURE, "批注或域没有自带外观（{where}），由阅读器自行绘制",
        "an annotation or field has no appearance of its own ({where}): readers draw their own"),
    "fpdf.field-value": Meaning(
        _UNSURE, "域的外观不能证明就是它的值（{where}）：有的阅读器显示外观，有的显示值",
        "the appearance of a field is not proven to show its value ({where}): some readers show one, some the other"),
    "fpdf.reader-dependent": Meaning(
        _UNSURE, "批注 {what} 在不同阅读器中、或随操作与设备而显示不同（{where}）",
        "an annotation, {what}, looks different from reader to reader, or as one touches or prints it ({where})"),
    "fpdf.screen-only": Meaning(
        _UNSURE, "有的批注只在屏幕上出现（{where}），打印时没有",
        "an annotation appears on the screen alone ({where}): paper does not show it"),
    "fpdf.print-only": Meaning(
        _UNSURE, "有的批注只在打印时出现（{where}），屏幕所见与打印不同",
        "an annotation appears in print alone ({where}): screen and paper differ"),
    "fpdf.layers": Meaning(
        _UNSURE, "文件含有可切换显示的图层（{where}）", "the file holds layers that can be switched ({where})"),
    "fpdf.collection": Meaning(
        _UNSURE, "文件是 PDF 文件包，显示的可能是其他文件",
        "the file is a portfolio: another file may be shown"),
    "fpdf.external": Meaning(
        _UNSURE, "文件引用外部内容（{where}）", "the file refers to content outside itself ({where})"),
    "fpdf.alternates": Meaning(_UNSURE, "图片有替代图（{where}）", "a picture has alternates ({where})"),
    "fpdf.media": Meaning(
        _UNSURE, "文件含有多媒体或三维内容 {what}（{where}）", "the file holds media or 3D content, {what} ({where})"),
    "fpdf.usage-rights": Meaning(
        _UNSURE, "文件带有使用权签名（UR），可开启阅读器的编辑功能",
        "the file has a usage-rights signature (UR): readers may allow editing"),
}

FOREIGN_PDF: Final = MappingProxyType({**_FORGIVEN, **_FORM, **_SIGNATURE, **_REVISIONS, **_ACTS})
"""Code to (weight, Chinese, English)."""



class ForeignRefusal(PdfRefusal):
    """A reader of foreign PDFs gives up; becomes a finding and never leaves the verifier."""

    def finding(self) -> Finding:
        """The finding that this refusal becomes."""
        return foreign_finding(self.code, self.where, **self.facts)


def foreign_finding(code: str, where: str = "", **facts: object) -> Finding:
    """Make the finding of a code of ``FOREIGN_PDF``; facts from the file are cleaned."""
    meaning = FOREIGN_PDF[code]
    place = clean(where)
    in_chinese, in_english = clean_facts({"where": place, **facts})
    return Finding(
        reason=Reason(code=code, zh=meaning.zh.format_map(in_chinese), en=meaning.en.format_map(in_english)),
        severity=meaning.severity, where=place)
