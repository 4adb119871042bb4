// Small helps that no page needs: everything works without them.
const all = (selector, f) => document.querySelectorAll(selector).forEach(f);

// The error summary takes the focus, also where autofocus is not obeyed.
const errors = document.getElementById("errors");
if (errors) errors.focus();

// How many characters are left.
all("textarea[data-max]", (area) => {
  const max = Number(area.dataset.max);
  const out = document.createElement("p");
  out.className = "counter";
  out.setAttribute("aria-live", "polite");
  area.after(out);
  const count = () => {
    const left = max - [...area.value].length;
    out.textContent = area.dataset.counter.replace("{n}", left.toLocaleString());
    out.classList.toggle("over", left < 0);
  };
  area.addEventListener("input", count);
  count();
});

// Print and copy: the buttons are in the page only when they can work.
all("[data-print]", (b) => { b.hidden = false; b.addEventListener("click", () => print()); });
all("[data-copy]", (b) => {
  if (!navigator.clipboard) return;
  b.hidden = false;
  b.addEventListener("click", async () => {
    const said = b.textContent;
    await navigator.clipboard.writeText(document.getElementById(b.dataset.copy).textContent.trim());
    b.textContent = b.dataset.done;
    setTimeout(() => { b.textContent = said; }, 2000);
  });
});

// A form is sent once.
all("form", (form) => form.addEventListener("submit", (e) => {
  if (form.dataset.sent && form.id === "send") { e.preventDefault(); return; }
  form.dataset.sent = "1";
  addEventListener("pageshow", () => { delete form.dataset.sent; });
}));
