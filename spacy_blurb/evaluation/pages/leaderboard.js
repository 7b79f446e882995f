"use strict";
// Sorting: a click or Enter on a column's button; numbers from the highest down, missing ones last. A row may have fewer cells.
const valueOf = (row, column) => row.cells[column]?.dataset.value ?? "";
const isNumber = (text) => text !== "" && Number.isFinite(Number(text));

function sortBy(table, header) {
  const column = header.cellIndex;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const numeric = rows.some((row) => isNumber(valueOf(row, column)));
  const first = numeric ? "descending" : "ascending";
  const second = numeric ? "ascending" : "descending";
  const order = header.getAttribute("aria-sort") === first ? second : first;
  const sign = order === "ascending" ? 1 : -1;
  rows.sort((a, b) => {
    const [x, y] = [valueOf(a, column), valueOf(b, column)];
    if ((x === "") !== (y === "")) return x === "" ? 1 : -1;
    return numeric ? sign * (Number(x) - Number(y)) : sign * x.localeCompare(y, "en");
  });
  body.append(...rows);
  for (const other of header.parentElement.cells) {
    if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  }
  header.setAttribute("aria-sort", order);
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => sortBy(table, button.closest("th")));
  }
}

const find = document.getElementById("find");
const published = document.getElementById("published");

function filterRows() {
  const wanted = find.value.trim().toLocaleLowerCase();
  const rows = [...document.querySelectorAll("table.board tbody tr")];
  for (const row of rows) {
    const name = row.cells[0].dataset.value.toLocaleLowerCase();
    const isHidden = row.dataset.published === "1" && !published.checked;
    row.hidden = isHidden || !name.includes(wanted);
  }
  const shown = rows.filter((row) => !row.hidden).length;
  document.getElementById("count").textContent = `${shown} of ${rows.length} models`;
}

find.addEventListener("input", filterRows);
published.addEventListener("change", filterRows);
filterRows();
