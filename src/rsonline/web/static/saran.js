// Suggestions beside a field while typing. Without this the code can be typed.
"use strict";

for (const input of document.querySelectorAll("[data-saran]")) {
  const list = document.createElement("datalist");
  list.id = `${input.id}-saran`;
  input.after(list);
  input.setAttribute("list", list.id);
  let waiting = 0;
  let asked = "";
  input.addEventListener("input", () => {
    window.clearTimeout(waiting);
    const words = input.value.trim();
    if (words.length < 2 || words === asked) return;
    waiting = window.setTimeout(async () => {
      asked = words;
      const answer = await fetch(`${input.dataset.saran}?cari=${encodeURIComponent(words)}`).catch(() => null);
      if (!answer || !answer.ok || asked !== words) return;
      list.replaceChildren(...(await answer.json()).map(([code, text]) => {
        const option = document.createElement("option");
        option.value = code;
        option.label = `${code} · ${text}`;
        option.textContent = option.label;
        return option;
      }));
    }, 250);
  });
}
