// Sorts, filters and pages the table of trials. Without it, the first page stands as it is.
(() => {
  "use strict";
  const held = document.getElementById("trial-data");
  if (!held) return;
  const { page, columns } = JSON.parse(held.textContent);
  const table = document.getElementById("trial-table");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const at = (id) => document.getElementById(id);
  const state = at("trial-state"), back = at("trial-back"), on = at("trial-on"), where = at("trial-where");
  const total = columns[0].cells.length;
  let by = -1, down = false, first = 0, rows = [];

  const text = (column, i) => {
    const cell = columns[column].cells[i];
    return columns[column].words ? columns[column].words[cell] : cell;
  };

  // What is missing stays at the end, whichever way; ties keep the order best first.
  const compare = (i, j) => {
    const a = text(by, i), b = text(by, j);
    if (a === "" || b === "") return (a === "") - (b === "");
    const order = columns[by].words ? a.localeCompare(b, undefined, { numeric: true }) : Number(a) - Number(b);
    return down ? -order : order;
  };

  const draw = () => {
    const made = rows.slice(first, first + page).map((i) => {
      const row = document.createElement("tr");
      columns.forEach((column, j) => {
        const cell = row.insertCell();
        cell.textContent = text(j, i);
        if (!column.words) cell.className = "number";
        else cell.title = cell.textContent;
      });
      return row;
    });
    body.replaceChildren(...made);
    const last = Math.min(first + page, rows.length);
    where.textContent = rows.length
      ? `${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`
      : "none";
    back.disabled = first === 0;
    on.disabled = last >= rows.length;
  };

  const choose = () => {
    rows = [...Array(total).keys()].filter((i) => !state.value || text(1, i) === state.value);
    if (by >= 0) rows.sort(compare);
    heads.forEach((head, j) => {
      if (j === by) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    first = 0;
    draw();
  };

  // Up, down, and then back to best first.
  const sort = (column) => {
    if (by !== column) [by, down] = [column, false];
    else if (!down) down = true;
    else [by, down] = [-1, false];
    choose();
  };

  heads.forEach((head, j) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.title = "sort";
    button.addEventListener("click", () => sort(j));
    head.replaceChildren(button);
  });
  state.addEventListener("change", choose);
  back.addEventListener("click", () => { first = Math.max(0, first - page); draw(); });
  on.addEventListener("click", () => { first += page; draw(); });
  at("trial-tools").hidden = false;
  const fixed = at("trial-static");
  if (fixed) fixed.hidden = true;
  choose();
})();
