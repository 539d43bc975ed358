"use strict";
(() => {
  const english = () => document.documentElement.lang === "en";
  document.documentElement.classList.add("js");
  const form = document.getElementById("choose");
  if (form) {
    const input = document.getElementById("file"), told = document.getElementById("told"), button = form.querySelector("button");
    const say = (what) => {
      told.className = what === "busy" ? "busy" : "";
      told.textContent = what ? told.dataset[what + (english() ? "En" : "Zh")] : "";
    };
    const fits = () => {
      const file = input.files[0];
      if (file && file.size > 64 * 1024 * 1024) { input.value = ""; say("large"); return false; }
      return Boolean(file);
    };
    let sent = false;
    const go = () => { if (fits() && !sent) form.requestSubmit(); };
    form.addEventListener("submit", (event) => {
      if (sent || !fits()) { event.preventDefault(); return; }
      sent = true;
      say("busy");
      button.disabled = true;
      told.scrollIntoView({ block: "nearest" });
    });
    input.addEventListener("change", () => { say(""); go(); });
    let depth = 0;
    addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; form.classList.add("over"); });
    addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) { depth = 0; form.classList.remove("over"); } });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      form.classList.remove("over");
      const files = event.dataTransfer.files;
      if (files.length > 1) { say("one"); return; }
      if (files.length === 1) { input.files = files; say(""); go(); }
    });
    addEventListener("pageshow", () => { sent = false; button.disabled = false; say(""); });
  }
  const answer = document.getElementById("answer");
  if (answer) {
    if (!location.hash) answer.focus({ preventScroll: true });
    for (const link of document.querySelectorAll("[data-language]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        document.documentElement.lang = link.dataset.language;
        const title = document.querySelector("title");
        document.title = english() ? title.dataset.en : title.dataset.zh;
        for (const each of document.querySelectorAll("[data-language]")) each.removeAttribute("aria-current");
        link.setAttribute("aria-current", "true");
        const lang = document.querySelector(".downloads [name=lang]");
        if (lang) lang.value = english() ? "en" : "zh";
      });
    }
  }
})();
