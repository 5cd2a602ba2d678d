// The log of calls keeps itself new. Without scripts the link "reload" does the same.
"use strict";

const EACH = 5000;
// A page that is left alone must not keep a session alive: after this long without a person it stops asking.
const LEFT_ALONE = 5 * 60 * 1000;

for (const shown of document.querySelectorAll("[data-segar]")) {
  const state = document.querySelector("[data-segar-keadaan]");
  let touched = Date.now();
  for (const what of ["pointerdown", "keydown", "focus"]) window.addEventListener(what, () => { touched = Date.now(); });
  state.textContent = state.dataset.jalan;

  const refresh = async () => {
    if (document.hidden) return;
    if (Date.now() - touched > LEFT_ALONE) {
      state.textContent = state.dataset.henti;
      return;
    }
    // A link that has the focus would lose it: whoever goes by keyboard is not interrupted.
    if (shown.contains(document.activeElement)) return;
    try {
      const answer = await fetch(shown.dataset.segar, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      shown.innerHTML = await answer.text();
      state.textContent = state.dataset.jalan;
    } catch {
      state.textContent = state.dataset.henti;
    }
  };
  window.setInterval(refresh, EACH);
}
