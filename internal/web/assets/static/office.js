// Keys for those who work here all day. Every one has its link or button on the page;
// where a letter could disturb a screen reader or speech input, they are switched off.
const off = "office-keys-off";
const on = () => localStorage.getItem(off) !== "1";
const rows = [...document.querySelectorAll("[data-keys] tbody tr")];
const link = (row) => row.querySelector("th a");
const current = () => rows.findIndex((row) => row.contains(document.activeElement));
const visible = (el) => el && el.offsetParent !== null;

const move = (by) => {
  if (!rows.length) return;
  const at = current();
  const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
  link(rows[next]).focus();
  rows[next].scrollIntoView({ block: "nearest" });
};

const follow = (selector) => {
  const el = document.querySelector(selector);
  if (!visible(el)) return;
  if (el.tagName === "A") el.click(); else el.focus();
};

const acts = {
  j: () => move(1),
  k: () => move(-1),
  e: () => {
    const at = current();
    if (at >= 0) location.href = link(rows[at]).href + "#acts"; else follow('[data-key="e"]');
  },
  n: () => follow('[data-key="n"]'),
  u: () => follow('[data-key="u"]'),
  "/": () => document.querySelector('input[type="search"]')?.focus(),
  "?": () => { location.hash = location.hash === "#keys" ? "#main" : "#keys"; },
};

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash === "#keys") { location.hash = "#main"; return; }
  if (!on() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  const act = acts[event.key];
  if (act) { event.preventDefault(); act(); }
});

// The case whose next step was asked for by its key begins at that step.
if (location.hash === "#acts") document.querySelector('[data-key="e"]')?.focus();

for (const button of document.querySelectorAll("[data-keys-switch]")) {
  const say = () => { button.textContent = on() ? button.dataset.off : button.dataset.on; };
  button.hidden = false;
  button.addEventListener("click", () => { on() ? localStorage.setItem(off, "1") : localStorage.removeItem(off); say(); });
  say();
}

// A panel that opens takes the focus to its first input.
const enter = () => {
  const panel = location.hash.startsWith("#do-") && document.getElementById(location.hash.slice(1));
  if (panel) panel.querySelector("input:not([type=hidden]), select, textarea, button")?.focus({ preventScroll: true });
};
addEventListener("hashchange", enter);
enter();

// The menu of further steps closes when one is chosen or the page is touched elsewhere.
for (const more of document.querySelectorAll("details.more")) {
  addEventListener("click", (event) => { if (!more.contains(event.target) || event.target.closest("a")) more.open = false; });
  more.addEventListener("keydown", (event) => { if (event.key === "Escape") { more.open = false; more.querySelector("summary").focus(); } });
}

// A form that is long to fill in asks before it is left with something unsaved.
for (const form of document.querySelectorAll("form[data-guard]")) {
  let dirty = "dirty" in form.dataset;
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => { dirty = false; });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
}
