// A cache by threshold. Texts only: everything goes in as textContent, never as markup.

function add(parent, tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function addTable(parent, { name, columns, rows }) {
  add(parent, "div", "wb-explorer-caption", name);
  const scroll = add(parent, "div", "wb-explorer-scroll");
  const table = add(scroll, "table");
  const head = add(add(table, "thead"), "tr");
  for (const column of columns) add(head, "th", "", column).scope = "col";
  const body = add(table, "tbody");
  for (const row of rows) {
    const line = add(body, "tr");
    for (const cell of row) add(line, "td", "", cell);
  }
}

function render({ model, el }) {
  const root = add(el, "section", "wb-explorer");
  root.setAttribute("aria-label", "Threshold explorer");
  const title = add(root, "div", "wb-explorer-title");
  const label = add(root, "label", "wb-explorer-label");
  const words = add(label, "span");
  const slider = add(label, "input", "wb-explorer-slider");
  slider.type = "range";
  slider.min = 0;
  slider.step = 1;
  const numbers = add(root, "div", "wb-explorer-numbers");
  numbers.setAttribute("role", "status");
  const tables = add(root, "div");

  function show() {
    const { stops, safe } = model.get("state");
    const stop = stops[Number(slider.value)];
    words.textContent = `Threshold: cosine ${stop.label} (${safe})`;
    slider.setAttribute("aria-valuetext", `cosine ${stop.label}`);
    numbers.replaceChildren();
    for (const [name, figure, note] of stop.numbers) {
      const cell = add(numbers, "div");
      add(cell, "div", "wb-explorer-note", name);
      add(cell, "div", "wb-explorer-figure", figure);
      if (note) add(cell, "div", "wb-explorer-note", note);
    }
    tables.replaceChildren();
    for (const each of stop.tables) addTable(tables, each);
  }

  function update() {
    const state = model.get("state");
    title.textContent = state.title;
    slider.max = state.stops.length - 1;
    slider.value = state.start;
    show();
  }

  slider.addEventListener("input", show);
  model.on("change:state", update);
  update();
  return () => model.off("change:state", update);
}

export default { render };
