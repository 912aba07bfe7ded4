// Puts the page together.

function main() {
  const d = readData();
  const state = makeState(d);
  state.read();
  showHead(d);
  setUpHelp();
  showTable(d, state);
  showDetail(d, state);
  const flame = showFlame(d, state), timeline = showTimeline(d, state);

  // ---- the bar ----
  const filter = byId("filter");
  filter.value = state.q;
  filter.addEventListener("input", () => state.set({ q: filter.value }));
  const goTo = (id) => byId(id).scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
  for (const b of document.querySelectorAll("[data-goto]")) {
    b.addEventListener("click", (e) => { e.preventDefault(); goTo(b.dataset.goto); });
  }
  const chips = () => byId("chips").replaceChildren(...state.sel.map((f) => {
    const func = d.funcs[f];
    return el("span", { class: "chip", title: func.name }, swatch(func), shortName(func.name),
      el("button", { type: "button", "aria-label": "Take " + func.name + " out of the selection", onclick: () => state.select(f, true) }, "×"));
  }));
  chips();

  state.listen((changed) => {
    if (changed.has("q") && filter.value !== state.q) filter.value = state.q;
    if (changed.has("sel")) chips();
  });

  // ---- keys that work everywhere ----
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || byId("help").open) return;
    const typing = e.target === filter;
    if (e.key === "Escape") {
      if (typing) { state.set({ q: "" }); filter.blur(); } else state.set({ sel: [], slice: -1 });
    } else if (typing) return;
    else if (e.key === "/") filter.focus();
    else if (e.key === "?") byId("help").showModal();
    else if (e.key === "f") goTo("functions");
    else if (e.key === "g") goTo("flame");
    else if (e.key === "t") goTo("timeline");
    else return;
    e.preventDefault();
  });

  // ---- light, dark, paper ----
  const redraw = () => { flame.draw(); timeline.draw(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => { printing = true; document.documentElement.classList.add("paper"); redraw(); });
  addEventListener("afterprint", () => { printing = false; document.documentElement.classList.remove("paper"); redraw(); });

  // For tests and the curious: what is where on the pictures.
  window.report = { data: d, state, flame, timeline };
}

main();
