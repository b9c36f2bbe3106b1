// Clicking a heading or pressing Enter on it sorts by its column; repeating that reverses the order. Cells without a number come last.
const sort = heading => {
  const table = heading.closest("table");
  const column = heading.cellIndex;
  const down = heading.getAttribute("aria-sort") === "ascending";
  const cell = body => body.rows[0].cells[column];
  const number = body => parseFloat(cell(body).dataset.number);
  const numbers = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return down ? y - x : x - y;
  };
  const words = (a, b) => (down ? -1 : 1) * cell(a).textContent.localeCompare(cell(b).textContent, "en", { numeric: true });
  const order = heading.classList.contains("number") ? numbers : words;
  table.append(...[...table.tBodies].sort(order));
  for (const other of heading.parentNode.cells) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
};
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sort(button.closest("th")));
}

// Expand all sections for printing.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
