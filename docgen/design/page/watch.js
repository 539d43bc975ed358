"use strict";
// The preview's page: shows what was drawn, says what is wrong and where, and sends edited data back.
const $ = (id) => document.getElementById(id);
let form = "";          // what the form was made from: the schema, and where the record comes from
let choices = "";       // the data that the buttons offer
const SIZES = { short: "短 / short", long: "长 / long", empty: "空 / empty", rare: "生僻字 / rare" };
const DRAWING = "绘制中… / drawing…";
const GONE = "预览程序已停止，请在终端重新运行 / the preview has ended; start it again in the terminal";
let posted = Promise.resolve();
let timer = 0;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function input(label, rule, value) {
  if ("const" in rule) return element("input", { value: rule.const, readonly: true });
  if (rule.enum) {
    const options = rule.enum.map((one) => {
      const option = element("option", { value: one ?? "" }, one ?? "—");
      option.selected = (value ?? null) === one;
      return option;
    });
    return element("select", {}, ...options);
  }
  if (rule.type === "array" && rule.items?.enum) {
    const boxes = rule.items.enum.map((one) => {
      const box = element("input", { type: "checkbox", value: one });
      box.checked = (value ?? []).includes(one);
      return element("label", {}, box, " ", one);
    });
    return element("fieldset", {}, ...boxes);
  }
  if (rule.contentEncoding === "base64") {
    const file = element("input", { type: "file", accept: "image/jpeg" });
    file.dataset.value = value ?? "";
    return file;
  }
  if (typeof value === "object" && value !== null || rule.type === "object" || rule.type === "array") {
    const area = element("textarea", { rows: 6, "data-json": true });
    area.value = value === undefined || value === null ? "" : JSON.stringify(value, null, 1);
    return area;
  }
  const long = (rule.maxLength ?? 0) > 60;
  const made = element(long ? "textarea" : "input", { rows: long ? 3 : undefined });
  made.value = value ?? "";
  return made;
}

function photoHint(file) {
  const size = Math.round(file.dataset.value.length * 3 / 4 / 1024);
  return file.dataset.value ? `已有照片 ${size} KB，另选则替换 / a photo is set, ${size} KB; choose to replace it`
    : "没有照片；须为 JPEG / no photo yet; JPEG only";
}

function build(schema, record) {
  const head = [element("h2", {}, "数据 / data"), element("p", {}, "改动只用于预览，不写入文件；* 为必填 / changes are drawn "
    + "and written to no file; * is required")];
  $("form").replaceChildren(...head, ...Object.entries(schema.properties).map(([label, rule]) => {
    const star = (schema.required ?? []).includes(label) ? " *" : "";
    const made = input(label, rule, record[label]);
    made.dataset.label = label;
    const hint = made.type === "file" ? [element("span", { class: "hint" }, photoHint(made))] : [];
    return element("label", {}, element("span", {}, label + star), made, ...hint);
  }));
}

function read(made) {
  if (made.tagName === "FIELDSET") return [...made.querySelectorAll("input:checked")].map((box) => box.value);
  if (made.type === "file") return made.dataset.value || null;
  if (made.value === "") return null;
  return made.hasAttribute("data-json") ? JSON.parse(made.value) : made.value;
}

function tell(text, is) {
  $("status").textContent = text;
  $("status").dataset.is = is;
}

// One after the other: what was typed last arrives last.
function post(where, body) {
  tell(DRAWING, "busy");
  posted = posted.then(() => fetch(where, { method: "POST", headers: { "Content-Type": "application/json" }, body }))
    .catch(() => tell(GONE, "bad"));
}

function send() {
  const record = {};
  for (const made of $("form").querySelectorAll("[data-label]")) {
    made.classList.remove("wrong");
    try {
      const value = read(made);
      if (value !== null) record[made.dataset.label] = value;
    } catch {
      made.classList.add("wrong");
      return;
    }
  }
  post("record", JSON.stringify(record, null, 1));
}

$("form").addEventListener("input", (event) => {
  clearTimeout(timer);
  const file = event.target.type === "file" ? event.target.files[0] : undefined;
  if (!file) {
    timer = setTimeout(send, 400);
    return;
  }
  const hint = event.target.parentElement.querySelector(".hint");
  if (file.type !== "image/jpeg") {
    event.target.classList.add("wrong");
    hint.textContent = `须为 JPEG，${file.name} 不是 / JPEG only; ${file.name} is none`;
    return;
  }
  const reader = new FileReader();
  reader.onload = () => {
    event.target.dataset.value = reader.result.split(",")[1] ?? "";
    hint.textContent = photoHint(event.target);
    send();
  };
  reader.readAsDataURL(file);
});
$("form").addEventListener("submit", (event) => event.preventDefault());

function offer(names, chosen) {
  if (JSON.stringify(names) !== choices) {
    choices = JSON.stringify(names);
    $("data").replaceChildren(...names.map((name) => {
      const made = element("button", { type: "button", "data-name": name }, SIZES[name] ?? name.replace(/^samples\/|\.json$/g, ""));
      made.addEventListener("click", () => post("data", name));
      return made;
    }));
  }
  for (const made of $("data").children) made.setAttribute("aria-pressed", String(made.dataset.name === chosen));
}

function show(which) {
  for (const one of ["ofd", "pdf"]) {
    $(one).hidden = one !== which;
    $(`show-${one}`).setAttribute("aria-pressed", String(one === which));
  }
}
$("show-ofd").addEventListener("click", () => show("ofd"));
$("show-pdf").addEventListener("click", () => show("pdf"));

async function redraw() {
  const state = await (await fetch("state")).json();
  $("name").textContent = `${state.code} ${state.name ?? ""}`;
  if (state.busy) tell(DRAWING, "busy");
  else if (state.count) tell(`${state.count} 处待改 / to mend`, "bad");
  else tell("未发现问题 / nothing to mend", "good");
  $("findings").replaceChildren(...state.findings.map((one) => element("li", {},
    element("code", {}, one.file ? `${one.file}:${one.line}` : one.code), ` ${one.field} ${one.zh}`,
    element("span", {}, one.en))));
  $("ofd").replaceChildren(...state.pages.map((page) => element("figure", {},
    element("img", { src: `${page.file}?${state.version}`, alt: page.role }),
    element("figcaption", {}, `${page.role} · ${page.width_mm} × ${page.height_mm} mm`))));
  $("pdf").replaceChildren(...(state.pages.length
    ? [element("object", { data: `preview.pdf?${state.version}`, type: "application/pdf" },
      "此浏览器不能显示 PDF，请下载 / this browser does not show PDF; download it")] : []));
  offer(state.choices ?? [], state.data);
  const source = JSON.stringify([state.schema ?? null, state.origin]);
  if (state.schema && state.record && source !== form) {
    form = source;
    build(state.schema, state.record);
  }
  for (const made of $("form").querySelectorAll("[data-label]")) {
    made.classList.toggle("wrong", state.findings.some((one) => one.field.split(/[.[]/)[0] === made.dataset.label
      && !one.file.endsWith(".xml")));
  }
  document.body.dataset.version = state.version;
}

const events = new EventSource("events");
events.onmessage = redraw;
events.onerror = () => tell(GONE, "bad");
