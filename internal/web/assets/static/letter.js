// The preview of a letter while it is written: what the button shows on a page of its own
// stands beside the form, a moment after the last key. Without this, the button works.
const form = document.querySelector("form[data-preview]");
const place = document.querySelector("[data-preview-at]");
const pause = 500; // milliseconds

if (form && place) {
  let timer, asking;
  const show = async () => {
    if (asking) asking.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: asking.signal });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const sheet = page.getElementById("sheet");
      if (!sheet) return;
      place.replaceChildren(document.adoptNode(sheet));
      place.hidden = false;
    } catch (e) {
      if (e.name !== "AbortError") place.hidden = true; // what is shown would be old
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, pause); });
  show();
}
