// Days of a figure, one by one: under the pointer, or with the arrow keys. What is said here also stands in the table.
"use strict";

for (const figure of document.querySelectorAll("figure[data-tren]")) {
  const field = figure.querySelector(".tren-bidang");
  const marks = [...field.querySelectorAll(".titik")].map((mark) => {
    const [x, y] = mark.getAttribute("d").slice(1, -2).split(" ").map(Number);
    const { nama, teks } = mark.dataset;
    // Otherwise the browser's own hint would lie over ours.
    mark.querySelector("title").remove();
    return { mark, x, y, text: `${nama}: ${teks}` };
  });
  if (marks.length === 0) continue;
  const tip = document.createElement("output");
  tip.className = "tren-ujung";
  tip.hidden = true;
  field.append(tip);
  let chosen = -1;

  const show = (number) => {
    if (marks[chosen]) marks[chosen].mark.classList.remove("dipilih");
    chosen = number;
    const { mark, x, y, text } = marks[chosen];
    mark.classList.add("dipilih");
    tip.textContent = text;
    tip.hidden = false;
    // Beside the point, on the side that has room.
    tip.classList.toggle("kiri", x > 300);
    tip.style.insetInlineStart = x > 300 ? "auto" : `${x / 6}%`;
    tip.style.insetInlineEnd = x > 300 ? `${100 - x / 6}%` : "auto";
    tip.style.insetBlockStart = `${Math.min(y / 1.6, 75)}%`;
  };
  const hide = () => {
    if (marks[chosen]) marks[chosen].mark.classList.remove("dipilih");
    chosen = -1;
    tip.hidden = true;
  };

  field.addEventListener("pointermove", (event) => {
    const box = field.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * 600;
    let near = 0;
    marks.forEach((each, n) => { if (Math.abs(each.x - at) < Math.abs(marks[near].x - at)) near = n; });
    if (near !== chosen) show(near);
  });
  field.addEventListener("pointerleave", hide);
  field.addEventListener("blur", hide);
  field.addEventListener("focus", () => { if (chosen < 0) show(marks.length - 1); });
  field.addEventListener("keydown", (event) => {
    const last = marks.length - 1;
    const to = { ArrowLeft: Math.max(chosen - 1, 0), ArrowRight: Math.min(chosen + 1, last), Home: 0, End: last }[event.key];
    if (event.key === "Escape") hide();
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
}
