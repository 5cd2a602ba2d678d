// A table whose lines are saved one by one: only the line is sent and put back, nothing else of the page moves.
"use strict";

// What the page says about all its lines together, after one of them was saved.
async function standing() {
  const place = document.querySelector("[data-segar]");
  if (!place) return;
  try {
    const answer = await fetch(place.dataset.segar, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) place.innerHTML = await answer.text();
  } catch (error) {
    // Without an answer it stays as it was, until the page is opened again.
    console.warn("kesegaran", error);
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const id = form.dataset.baris;
  if (!id || event.defaultPrevented) return;
  event.preventDefault();
  const line = document.getElementById(id);
  const said = new URLSearchParams(new FormData(form, event.submitter || undefined));
  line.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: said, headers: { "X-Bagian": "1", Accept: "text/html" } });
    if (!answer.ok && ![404, 409, 422].includes(answer.status)) throw new Error(String(answer.status));
    const text = await answer.text();
    if (!text.trimStart().startsWith("<tbody")) {
      // The session ended, or the line is gone: the whole page says so.
      window.location.reload();
      return;
    }
    const holder = document.createElement("table");
    holder.innerHTML = text;
    const fresh = holder.tBodies[0];
    if (answer.ok) standing();
    line.replaceWith(fresh);
    if (answer.ok) {
      fresh.classList.add("baris-baru");
      const next = fresh.nextElementSibling && fresh.nextElementSibling.querySelector("input:not([type=hidden])");
      (next || fresh.querySelector("button")).focus();
    } else {
      const wrong = fresh.querySelector("[aria-invalid]");
      if (wrong) wrong.focus();
    }
  } catch (error) {
    line.removeAttribute("aria-busy");
    delete form.dataset.dikirim;
    // Without the script's way there is the browser's own.
    form.submit();
  }
});
