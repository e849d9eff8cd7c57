// Datasette's own pages: names for the fields that have none, and the keyboard for what scrolls.

const words = JSON.parse(document.getElementById("table-words").textContent);
const fields = {
  'select[name^="_filter_column"]': words.column,
  'select[name^="_filter_op"]': words.how,
  'input[name^="_filter_value"]': words.value,
  'select[name="_sort"]': words.sort,
  ".CodeMirror textarea": "SQL",
};

function name() {
  for (const [which, called] of Object.entries(fields)) {
    for (const field of document.querySelectorAll(which)) field.setAttribute("aria-label", called);
  }
}

name();
// The editor for SQL is made when all is loaded.
addEventListener("load", () => setTimeout(name));
for (const long of document.querySelectorAll("dl.column-descriptions, pre, .table-wrapper")) long.tabIndex = 0;
