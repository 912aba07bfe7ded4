// The flame graph: calling contexts, as wide as their time. Only what is wide enough to be seen is visited and drawn, so
// the size of the tree does not matter.

function showFlame(d, state) {
  const ROW = 20, LEAST = 0.6;
  const tree = d.tree;
  const canvas = el("canvas", { tabindex: "0", role: "img", "aria-describedby": "flame-status" });
  const box = el("div", { class: "flame-box" }, canvas);
  const crumbs = el("div", { class: "crumbs", "aria-label": "Where the flame graph is zoomed to" });
  const status = el("p", { id: "flame-status", class: "status", role: "status" });
  const flip = el("button", { type: "button", "aria-pressed": "false", title: "Turn it upside down", onclick: () => state.set({ flip: !state.flip }) }, "Flames up");
  const reset = el("button", { type: "button", title: "Show all (0)", onclick: () => state.set({ node: 0 }) }, "All");
  byId("flame").append(
    el("div", { class: "section-head" }, el("h2", {}, "Flame graph"),
      el("span", { class: "hint" }, "Width is time, summed over all goroutines. Click zooms."),
      el("span", { class: "push" }), reset, flip),
    crumbs, box, status);

  let rows = [];              // what is drawn: for each row {node, x0, x1} from left to right
  let focus = -1, hover = -1; // nodes
  let view = null;            // {x, total} in ns: what is shown, on its way to the node's
  let lines = 1;              // rows of the picture
  let match = null, matched = new Map();

  const target = () => ({ x: tree.x[state.node], total: Math.max(1, tree.total[state.node]) });

  // collect finds what is to be drawn, row by row: the frames around the zoomed one, which fill the width, and those in it.
  function collect(width) {
    rows = [];
    const scale = width / view.total;
    const add = (node) => {
      const x0 = (tree.x[node] - view.x) * scale, x1 = x0 + tree.total[node] * scale;
      if (x1 < 0 || x0 > width || x1 - x0 < LEAST) return false;
      (rows[tree.depth[node]] ||= []).push({ node, x0: Math.max(0, x0), x1: Math.min(width, x1) });
      return true;
    };
    for (let i = 0; i < tree.size;) i = add(i) ? i + 1 : tree.end[i];
  }

  // extent is how many rows the zoomed node needs.
  function extent(node) {
    let deepest = 0;
    const least = tree.total[node] * 2 / Math.max(200, box.clientWidth); // hairs don't make it taller
    for (let i = node; i < tree.end[node];) {
      if (tree.total[i] < least) i = tree.end[i];
      else deepest = Math.max(deepest, tree.depth[i++]);
    }
    return deepest + 1;
  }

  const y = (depth) => (state.flip ? (lines - 1 - depth) * ROW : depth * ROW);

  function draw() {
    if (!d.whole) return;
    const width = Math.max(200, box.clientWidth), dark = isDark();
    collect(width);
    const g = fitCanvas(canvas, width, lines * ROW);
    const font = "12px " + cssColor("--mono"), fit = textFitter(g, font);
    const text = cssColor("--frame-text"), accent = cssColor("--accent"), bg = cssColor("--card");
    const chosen = new Set(state.sel);
    g.textBaseline = "middle";
    const zoomDepth = tree.depth[state.node];
    rows.forEach((row, depth) => {
      if (depth >= lines) return;
      for (const r of row) {
        const f = tree.func[r.node], w = r.x1 - r.x0, top = y(depth);
        g.globalAlpha = match && !matched.get(f) ? 0.25 : depth < zoomDepth ? 0.6 : 1;
        g.fillStyle = funcColor(d.funcs[f], dark);
        // A hairline between frames, as long as they are wide enough for one.
        g.fillRect(r.x0, top, w > 2 ? w - 1 : w, ROW - 1);
        if (w > 24) {
          g.fillStyle = text;
          const label = fit(shortName(d.nameOf(f)), w - 9);
          if (label) g.fillText(label, r.x0 + 4, top + ROW / 2);
        }
        g.globalAlpha = 1;
        if (chosen.has(f) && w > 1.5) outline(g, r, top, accent, bg);
        if (r.node === focus && document.activeElement === canvas || r.node === hover) outline(g, r, top, text, bg);
      }
    });
  }

  function outline(g, r, top, color, inner) {
    g.lineWidth = 2;
    g.strokeStyle = color;
    g.strokeRect(r.x0 + 1, top + 1, Math.max(1, r.x1 - r.x0 - 3), ROW - 3);
    if (r.x1 - r.x0 > 10) {
      g.lineWidth = 1;
      g.strokeStyle = inner;
      g.strokeRect(r.x0 + 2.5, top + 2.5, r.x1 - r.x0 - 6, ROW - 6);
    }
  }
  const drawSoon = onFrame(draw);

  // go moves the view to the zoomed node, in a few steps that the eye can follow.
  function go() {
    const from = view, to = target();
    const rowsBefore = lines;
    lines = Math.max(extent(state.node), 1);
    if (!from || matchMedia("(prefers-reduced-motion: reduce)").matches || from.x === to.x && from.total === to.total) {
      view = to;
      return drawSoon();
    }
    const rowsAfter = lines, began = performance.now(), node = state.node;
    lines = Math.max(rowsBefore, rowsAfter);
    const step = (now) => {
      if (state.node !== node) return;
      const t = clamp((now - began) / 180, 0, 1), e = 1 - (1 - t) ** 3;
      view = { x: from.x + (to.x - from.x) * e, total: from.total + (to.total - from.total) * e };
      if (t >= 1) lines = rowsAfter;
      draw();
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  function showCrumbs() {
    const path = [];
    for (let i = state.node; i >= 0; i = tree.parent[i]) path.unshift(i);
    crumbs.replaceChildren(...path.flatMap((i, at) => {
      const name = shortName(d.nameOf(tree.func[i]));
      const last = at === path.length - 1;
      return [at ? el("span", { class: "sep", "aria-hidden": "true" }, "›") : "",
        el("button", { type: "button", disabled: last, "aria-current": last ? "true" : undefined, onclick: () => zoom(i) }, name)];
    }).filter(Boolean));
    crumbs.hidden = path.length < 2;
    reset.disabled = path.length < 2;
  }

  function refilter() {
    match = matcher(state.q);
    matched = new Map();
    if (match) for (const f of new Set(tree.func)) matched.set(f, f !== -1 && match(d.nameOf(f)));
    tell();
  }

  // tell says in words what the picture shows.
  function tell() {
    const parts = [];
    if (match) {
      // Of frames within each other only the outermost counts.
      let sum = 0;
      for (let i = state.node; i < tree.end[state.node];) {
        if (matched.get(tree.func[i])) { sum += tree.total[i]; i = tree.end[i]; } else i++;
      }
      parts.push(`The filter matches ${share(sum, tree.total[state.node])} of the time shown (${duration(sum)}).`);
    }
    if (focus >= 0 && document.activeElement === canvas) {
      parts.push(describe(focus).map(([k, v]) => `${k} ${v}`).join(", ") + ".");
    }
    status.textContent = parts.join(" ");
  }

  function describe(node) {
    const calls = tree.calls[node];
    return [["frame", shortName(d.nameOf(tree.func[node]))], ["total", duration(tree.total[node])], ["self", duration(tree.self[node])],
      ["calls", node ? count(calls) : undefined], ["a call", node && calls ? duration(tree.total[node] / calls) : undefined],
      ["of all", share(tree.total[node], d.whole)],
      ["of what is zoomed to", state.node && node >= state.node ? share(tree.total[node], tree.total[state.node]) : undefined]].filter(([, v]) => v !== undefined);
  }

  function zoom(node) {
    focus = node;
    const f = tree.func[node];
    state.set(f >= 0 ? { node, sel: [f] } : { node });
  }

  function at(e) {
    const b = canvas.getBoundingClientRect(), px = e.clientX - b.left, line = Math.floor((e.clientY - b.top) / ROW);
    const depth = state.flip ? lines - 1 - line : line;
    return rows[depth]?.find((r) => px >= r.x0 && px < r.x1)?.node ?? -1;
  }

  canvas.addEventListener("click", (e) => {
    const node = at(e);
    if (node < 0) return;
    if (e.ctrlKey || e.metaKey) { if (tree.func[node] >= 0) state.select(tree.func[node], true); } else zoom(node);
  });
  canvas.addEventListener("pointermove", (e) => {
    const node = at(e);
    if (node !== hover) { hover = node; drawSoon(); }
    canvas.style.cursor = node >= 0 ? "pointer" : "";
    if (node < 0) return tip.hide();
    tip.show(e.clientX, e.clientY, tipRows(node ? d.nameOf(tree.func[node]) : "all outermost calls", describe(node).slice(1)));
  });
  canvas.addEventListener("pointerleave", () => { hover = -1; tip.hide(); drawSoon(); });
  canvas.addEventListener("focus", () => { if (focus < 0) focus = state.node; tell(); drawSoon(); });
  canvas.addEventListener("blur", () => { tell(); drawSoon(); });
  canvas.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const seen = (node) => rows[tree.depth[node]]?.some((r) => r.node === node);
    const row = rows[tree.depth[focus]] || [], i = row.findIndex((r) => r.node === focus);
    const outward = () => tree.parent[focus];
    const inward = () => (focus + 1 < tree.end[focus] && seen(focus + 1) ? focus + 1 : -1);
    const moves = {
      ArrowLeft: () => row[i - 1]?.node ?? -1, ArrowRight: () => row[i + 1]?.node ?? -1,
      ArrowUp: state.flip ? inward : outward, ArrowDown: state.flip ? outward : inward,
    };
    if (moves[e.key]) {
      const node = moves[e.key]();
      if (node >= 0) focus = node;
      tell();
      drawSoon();
    } else if (e.key === "Enter") zoom(focus < 0 ? 0 : focus);
    else if (e.key === "Backspace") zoom(Math.max(0, tree.parent[state.node]));
    else if (e.key === "0") zoom(0);
    else return;
    e.preventDefault();
  });

  state.listen((changed) => {
    if (changed.has("q")) refilter();
    if (changed.has("node")) { showCrumbs(); tell(); go(); }
    if (changed.has("flip")) {
      flip.setAttribute("aria-pressed", state.flip);
      canvas.scrollIntoView({ block: "nearest" });
    }
    if (["q", "sel", "flip"].some((k) => changed.has(k))) drawSoon();
  });
  new ResizeObserver(() => { if (view) { lines = extent(state.node); drawSoon(); } }).observe(box);
  if (!d.whole) box.replaceChildren(el("p", { class: "empty" }, "No call has a time, so there is nothing to draw."));
  refilter();
  showCrumbs();
  go();
  return {
    draw,
    // frames tells tests where what is.
    frames: () => rows.flatMap((row, depth) => row.map((r) => ({ node: r.node, name: d.nameOf(tree.func[r.node]), x: r.x0, width: r.x1 - r.x0, y: y(depth) + ROW / 2 }))),
    canvas,
  };
}
