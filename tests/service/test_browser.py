"""The page in a real browser: by mouse and by keyboard alone, on a desk and on a telephone."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.html import report_html
from tests.design.browser import Browser
from tests.service.conftest import Site
from tests.verify.packages import PAGE, changed, check, issued, swap

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.judge, pytest.mark.skipif(PROGRAM is None, reason="no Chromium")]

READY = "document.readyState === 'complete' && !!document.getElementById('choose')"
DONE = "document.readyState === 'complete' && !!document.getElementById('answer')"
CONTRAST = """((least) => {
  const parse = (text) => [...text.match(/[\\d.]+/g).map(Number), 1].slice(0, 4);
  const part = (v) => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const above = function* (at) { for (let up = at; up; up = up.parentElement) yield getComputedStyle(up); };
  const faults = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), at = walk.currentNode.parentElement;
    if (!text || at.closest("svg, script, [aria-hidden]") || !at.getClientRects().length) continue;
    let ground = null, opacity = 1;
    for (const style of above(at)) {
      opacity *= Number(style.opacity);
      const colour = parse(style.backgroundColor);
      if (!ground && colour[3] > 0) ground = colour;
    }
    ground = ground || [255, 255, 255];
    const ink = parse(getComputedStyle(at).color).map((v, i) => v * opacity + ground[i] * (1 - opacity));
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < least) faults.push(`${text.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return JSON.stringify(faults);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory() as profile, Browser(PROGRAM, Path(profile)) as made:
        made.command("Page.enable")
        made.command("DOM.enable")
        yield made


@pytest.fixture(params=[1280, 390])
def wide(request: pytest.FixtureRequest, browser: Browser) -> int:
    width: int = request.param
    browser.command("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1,
                    mobile=width < 500)
    return width


@pytest.fixture
def genuine(tmp_path: Path) -> Path:
    path = tmp_path / "genuine.ofd"
    path.write_bytes(issued().ofd)
    return path


@pytest.fixture
def false(tmp_path: Path) -> Path:
    path = tmp_path / "false.ofd"
    path.write_bytes(changed(PAGE, swap("测试甲", "测试乙")))
    return path


def choose(browser: Browser, site: Site, path: Path, lang: str = "zh") -> None:
    """Choose a file, which is verified at once."""
    browser.open(f"{site.url}/?lang={lang}")
    browser.until(READY, True)
    root = browser.command("DOM.getDocument")["root"]["nodeId"]
    node = browser.command("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    browser.command("DOM.setFileInputFiles", files=[str(path)], nodeId=node)
    browser.until(DONE, True)


def press(browser: Browser, key: str, code: int, text: str = "") -> None:
    for kind in ("rawKeyDown", "char", "keyUp") if text else ("rawKeyDown", "keyUp"):
        browser.command("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text)


def tab(browser: Browser) -> str:
    press(browser, "Tab", 9)
    found: str = browser.value("(() => { const a = document.activeElement; return a.id || a.getAttribute('class') || "
                               "a.getAttribute('formaction') || a.dataset.language || a.tagName; })()")
    return found


def test_a_file_is_chosen_and_answered_and_the_page_fits(browser: Browser, site: Site, wide: int, false: Path) -> None:
    choose(browser, site, false)
    assert browser.value("document.title").startswith("不真实")
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.value("document.activeElement.id") == "answer"
    assert browser.value("[...document.images].every((each) => each.complete && each.naturalWidth > 0)")
    top = browser.value("document.getElementById('answer').getBoundingClientRect().bottom")
    assert top < 844, "the answer is seen without scrolling"
    ground = browser.value("getComputedStyle(document.querySelector('.answer.first')).backgroundColor")
    assert ground == "rgb(163, 17, 28)"


def test_text_stands_out_from_its_ground(browser: Browser, site: Site, wide: int, genuine: Path, false: Path) -> None:
    browser.open(site.url)
    browser.until(READY, True)
    assert json.loads(browser.value(f"{CONTRAST}(4.5)")) == []
    assert len(json.loads(browser.value(f"{CONTRAST}(22)"))) > 10, "all text is looked at"
    for path in (genuine, false):
        choose(browser, site, path)
        assert json.loads(browser.value(f"{CONTRAST}(4.5)")) == []


def test_everything_is_reached_by_keyboard(browser: Browser, site: Site, genuine: Path) -> None:
    browser.open(site.url)
    browser.until(READY, True)
    reached = [tab(browser) for _ in range(6)]
    assert reached[0] == "skip" and "brand" in reached and "en" in reached and "file" in reached
    choose(browser, site, genuine)
    reached = [tab(browser) for _ in range(40)]
    assert {"button", "report.pdf", "report.json", "zoom", "paper", "SUMMARY"} <= set(reached)
    assert any(each.startswith("seal") for each in reached)


def test_a_seal_leads_to_who_sealed(browser: Browser, site: Site, genuine: Path) -> None:
    choose(browser, site, genuine)
    for _ in range(30):
        if tab(browser).startswith("seal"):
            break
    press(browser, "Enter", 13, "\r")
    browser.until("location.hash", "#signature-1")
    browser.until("document.querySelector(':target h3').textContent.includes('测试市应急管理局')", True)


def test_the_result_is_read_in_either_language(browser: Browser, site: Site, genuine: Path) -> None:
    choose(browser, site, genuine)
    shown = "document.getElementById('answer').innerText.replace(/\\s+/g, ' ')"
    before, title = browser.value(shown), browser.value("document.title")
    browser.value("document.querySelector('[data-language=en]').click()")
    assert browser.value("document.documentElement.lang") == "en"
    assert title.startswith("真实 · 证照核验") and browser.value("document.title").startswith("genuine · Licence")
    after = browser.value(shown)
    assert "文件" in before and "The file" in after and before != after
    assert browser.value("document.querySelector('.downloads [name=lang]').value") == "en"


def test_a_dropped_file_is_verified_and_two_are_not(browser: Browser, site: Site) -> None:
    drop = """(count) => {
      const data = new DataTransfer();
      for (let n = 0; n < count; n += 1) data.items.add(new File(["none"], `f${n}.ofd`));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    browser.open(site.url)
    browser.until(READY, True)
    browser.value(f"({drop})(2)")
    assert browser.value("document.getElementById('told').textContent") == "一次核验一个文件。"
    browser.value(f"({drop})(1)")
    browser.until(DONE, True)
    assert browser.value("document.title").startswith("不能核验")


def test_a_file_that_is_too_large_is_told_at_once(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    browser.until(READY, True)
    browser.value("""(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(64 * 1024 * 1024 + 1)], "large.ofd"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    })()""")
    assert browser.value("document.getElementById('told').textContent") == "文件超过 64 MB，不能核验。"
    assert browser.value("location.pathname") == "/"


def test_the_page_works_without_scripts(browser: Browser, site: Site, genuine: Path) -> None:
    def off(value: bool) -> None:
        browser.command("Emulation.setScriptExecutionDisabled", value=value)

    off(True)
    try:
        browser.open(f"{site.url}/")
        browser.until("document.readyState", "complete")
        root = browser.command("DOM.getDocument")["root"]["nodeId"]

        def box(selector: str) -> dict[str, Any]:
            node = browser.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
            found: dict[str, Any] = browser.command("DOM.getBoxModel", nodeId=node)["model"]
            return found

        node = browser.command("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        assert box("#file")["width"] > 100
        browser.command("DOM.setFileInputFiles", files=[str(genuine)], nodeId=node)
        x, y = box("#choose button")["content"][:2]
        for kind in ("mousePressed", "mouseReleased"):
            browser.command("Input.dispatchMouseEvent", type=kind, x=x + 5, y=y + 5, button="left", clickCount=1)
        browser.until(DONE, True)
    finally:
        off(False)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_report_with_many_unprotected_parts_fits(browser: Browser, wide: int, tmp_path: Path, lang: str) -> None:
    values = check(changed(PAGE, swap("测试甲", "测试乙"))).to_dict()
    assert len(values["coverage"]["entries"]) > 20 and not values["coverage"]["complete"]
    (tmp_path / "report.html").write_bytes(report_html(values, lang=lang))
    browser.open((tmp_path / "report.html").as_uri())
    browser.until("document.readyState === 'complete' && !!document.querySelector('details[open] td')", True)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    narrowest = browser.value("Math.min(...[...document.querySelectorAll('td')].map((each) => each.clientWidth))")
    assert narrowest > 250, "names of parts stand in lines, not in columns of letters"


def test_nothing_is_fetched_from_elsewhere_and_the_policy_is_kept(browser: Browser, site: Site, genuine: Path) -> None:
    choose(browser, site, genuine)
    names = browser.value("JSON.stringify(performance.getEntriesByType('resource').map((each) => each.name))")
    assert all(name.startswith((site.url, "data:")) for name in json.loads(names))
    assert browser.value("document.cookie") == ""
    browser.value("""window.broken = 0;
      document.addEventListener('securitypolicyviolation', () => window.broken += 1);
      const made = document.createElement('script'); made.textContent = 'window.ran = 1';
      document.body.append(made);""")
    browser.until("window.broken", 1)
    assert browser.value("window.ran") is None
