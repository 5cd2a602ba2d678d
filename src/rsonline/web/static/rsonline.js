// What every page gains where scripts run; without them each form still works.
"use strict";

/** Sums of the rows and columns of a grid, while typing. */
function sumGrid(table) {
  const value = (input) => Number.parseInt(input.value, 10) || 0;
  const columns = [];
  let all = 0;
  for (const row of table.tBodies[0].rows) {
    const inputs = [...row.querySelectorAll("input:not([type=checkbox])")];
    let sum = 0;
    inputs.forEach((input, index) => {
      sum += value(input);
      columns[index] = (columns[index] || 0) + value(input);
    });
    row.querySelector("[data-jumlah-baris]").value = sum;
    all += sum;
  }
  table.querySelectorAll("[data-jumlah-kolom]").forEach((output, index) => { output.value = columns[index] || 0; });
  const total = table.querySelector("[data-jumlah-semua]");
  if (total) total.value = all;
}

for (const table of document.querySelectorAll("[data-kisi]")) {
  sumGrid(table);
  table.addEventListener("input", () => sumGrid(table));
}

// "Same as yesterday": a ticked box takes yesterday's value; changing the value takes the tick away.
for (const box of document.querySelectorAll("[data-tetap]")) {
  const input = document.getElementById(box.dataset.tetap);
  box.addEventListener("change", () => {
    if (!box.checked) return;
    input.value = input.dataset.kemarin;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    box.checked = true;
  });
  input.addEventListener("input", () => { if (input.value !== input.dataset.kemarin) box.checked = false; });
}

// All of yesterday's values at once; each is still to be confirmed by its own box.
for (const button of document.querySelectorAll("[data-kemarin-semua]")) {
  button.addEventListener("click", () => {
    for (const input of button.form.querySelectorAll("[data-kemarin]")) {
      if (input.value === "") {
        input.value = input.dataset.kemarin;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
  });
}

for (const button of document.querySelectorAll("[data-cetak]")) button.addEventListener("click", () => window.print());

// A form that is on its way is not sent again by a second click; the number in it would stop it anyway.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.dikirim) event.preventDefault();
    form.dataset.dikirim = "ya";
    window.setTimeout(() => { delete form.dataset.dikirim; }, 4000);
  });
}
