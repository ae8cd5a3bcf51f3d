// The page of a running study. Texts only: everything goes in as textContent, never as markup.

function add(parent, tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function render({ model, el }) {
  const root = add(el, "section", "wb-monitor");
  root.setAttribute("aria-label", "Run monitor");
  const head = add(root, "div", "wb-monitor-head");
  const words = add(head, "div", "wb-monitor-words");
  const title = add(words, "div", "wb-monitor-title");
  const label = add(words, "div", "wb-monitor-label");
  label.setAttribute("role", "status");
  const stop = add(head, "button", "wb-monitor-stop", "Stop");
  stop.type = "button";
  stop.title = "Start no new call; keep everything that is finished. Run the same plan again to resume.";
  const bar = add(root, "progress", "wb-monitor-bar");
  bar.setAttribute("aria-label", "Trials done");
  const numbers = add(root, "div", "wb-monitor-numbers");
  const reason = add(root, "p", "wb-monitor-reason");
  let asked = false;

  function update() {
    const state = model.get("state");
    title.textContent = state.title;
    label.textContent = state.label;
    bar.max = Math.max(1, state.planned);
    bar.value = state.planned ? state.done : 1;
    const running = state.running;
    reason.textContent = state.reason;
    stop.disabled = asked || !running;
    stop.hidden = !running;
    stop.textContent = asked ? "Stopping…" : "Stop";
    numbers.replaceChildren();
    for (const [name, figure, note] of state.numbers) {
      const cell = add(numbers, "div");
      add(cell, "div", "wb-monitor-name", name);
      add(cell, "div", "wb-monitor-figure", figure);
      if (note) add(cell, "div", "wb-monitor-note", note);
    }
  }

  stop.addEventListener("click", () => {
    asked = true;
    model.send({ kind: "stop" });
    update();
  });
  model.on("change:state", update);
  update();
  return () => model.off("change:state", update);
}

export default { render };
