// A picture as PNG: the browser draws the SVG that the page offers, twice as large, and hands it over as a file.
// Without scripts the SVG remains.
"use strict";

const TIMES = 2;

for (const link of document.querySelectorAll("a[data-png]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  button.textContent = "PNG";
  button.addEventListener("click", () => {
    button.disabled = true;
    drawn(link.href)
      .then((file) => save(file, link.dataset.png))
      // Whoever cannot have the one is given the other.
      .catch((error) => { console.warn(error); link.click(); })
      .finally(() => { button.disabled = false; });
  });
  link.after(" ", button);
}

/** The picture at an address as a PNG. Rejects where it cannot be loaded or drawn. */
async function drawn(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth * TIMES;
  canvas.height = picture.naturalHeight * TIMES;
  const on = canvas.getContext("2d");
  on.fillStyle = "#fff";
  on.fillRect(0, 0, canvas.width, canvas.height);
  on.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const file = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!file) throw new Error("no PNG");
  return file;
}

/** Let the person keep a file. */
function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
