// The panel of the selected functions: figures, latency histograms, callers and callees.

function showDetail(d, state) {
  const root = byId("detail");
  const callers = new Map(), callees = new Map();
  const push = (map, key, e) => (map.has(key) ? map.get(key).push(e) : map.set(key, [e]));
  for (const [caller, callee, calls, total] of d.edges) {
    push(callers, callee, { f: caller, calls, total });
    push(callees, caller, { f: callee, calls, total });
  }

  function show() {
    root.replaceChildren();
    if (!state.sel.length) return overview();
    if (state.sel.length === 1) one(state.sel[0]);
    else several(state.sel);
  }

  // overview is what stands here until a function is selected.
  function overview() {
    const busy = d.funcs.map((f, i) => [f, i]).filter(([f]) => f.self > 0).sort((a, b) => b[0].self - a[0].self).slice(0, 10);
    const all = d.funcs.reduce((sum, f) => sum + f.self, 0);
    root.append(el("h2", {}, "Where the time went"), el("p", { class: "hint" }, "Time by the function that spent it itself, of all that was recorded. Select a function for its latencies, callers and callees."));
    const list = el("ol", { class: "bars" });
    for (const [f, i] of busy) list.append(el("li", {}, barButton(f, i, f.self, busy[0][0].self, share(f.self, all), duration(f.self))));
    root.append(list);
    if (!busy.length) root.append(el("p", { class: "empty" }, "No call has a time."));
  }

  function barButton(f, i, value, most, left, right) {
    const b = el("button", { type: "button", class: "barline", title: f ? f.name : "", disabled: i < 0, onclick: (e) => state.select(i, e.ctrlKey || e.metaKey) },
      el("span", { class: "share" }, left),
      el("span", { class: "label" }, f ? [swatch(f), nameNodes(f.name)] : i < -1 ? [nameNodes(d.nameOf(i)), el("span", { class: "hint" }, " not recorded")] : "none that was recorded"),
      el("span", { class: "value" }, right));
    b.style.setProperty("--share", (100 * value / Math.max(1, most)).toFixed(2) + "%");
    return b;
  }

  function title(f, i) {
    return el("div", { class: "detail-title" },
      el("h2", { title: f.name }, swatch(f), nameNodes(f.name)),
      el("button", { type: "button", class: "close", title: "Take it out of the selection", "aria-label": "Take " + f.name + " out of the selection", onclick: () => state.select(i, true) }, "×"));
  }

  function one(i) {
    const f = d.funcs[i];
    root.append(title(f, i), el("p", { class: "place" }, f.package + (f.file ? "  " + f.file + (f.line ? ":" + f.line : "") : "")));
    const tile = (k, v) => el("div", {}, el("dt", {}, k), el("dd", {}, v));
    root.append(el("dl", { class: "tiles" },
      tile("calls", count(f.calls)), tile("a second", rate(f.rate)),
      tile("total", time(f, f.total)), tile("self", time(f, f.self)),
      f.timed ? tile("mean", duration(f.mean)) : null,
      f.errors ? tile("errors", count(f.errors)) : null,
      f.open ? tile("under way at the end", count(f.open)) : null,
      f.unwound ? tile("no return seen", count(f.unwound)) : null));
    root.append(el("h3", {}, "Latency"), histogram([f]));
    lists(i);
  }

  function several(sel) {
    for (const i of sel) root.append(title(d.funcs[i], i));
    root.append(el("h3", {}, "Latency"), histogram(sel.map((i) => d.funcs[i])));
    const head = el("tr", {}, ["", "calls", "p50", "p90", "p99", "max"].map((t) => el("th", { scope: "col" }, t)));
    const rows = sel.map((i) => {
      const f = d.funcs[i];
      return el("tr", {}, el("th", { scope: "row", title: f.name }, swatch(f), nameNodes(f.name)),
        [count(f.calls), ...[f.p50, f.p90, f.p99, f.max].map((v) => latency(f, v))].map((v) => el("td", { class: "num" }, v)));
    });
    root.append(el("table", { class: "compare" }, el("thead", {}, head), el("tbody", {}, rows)));
  }

  function lists(i) {
    const list = (heading, edges, none) => {
      root.append(el("h3", {}, heading));
      edges = (edges || []).slice().sort((a, b) => b.total - a.total || b.calls - a.calls);
      if (!edges.length) return root.append(el("p", { class: "hint" }, none));
      const sum = edges.reduce((s, e) => s + e.total, 0);
      const ol = el("ol", { class: "bars" });
      for (const e of edges.slice(0, 12)) {
        const li = el("li", {}, barButton(d.funcs[e.f], e.f, e.total, edges[0].total, share(e.total, sum), `${duration(e.total)}  ${count(e.calls)}×`));
        ol.append(li);
      }
      if (edges.length > 12) ol.append(el("li", { class: "hint" }, `and ${edges.length - 12} more with less time`));
      root.append(ol);
    };
    list("Called by", callers.get(i), "No caller was recorded.");
    list("Calls", callees.get(i), "It called no recorded function.");
  }

  state.listen((changed) => { if (changed.has("sel")) show(); });
  show();
}
