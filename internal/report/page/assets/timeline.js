// The timeline: a lane a goroutine, the busiest first, with its calls stacked by level.

function showTimeline(d, state) {
  const OVERVIEW = 46, AXIS = 20;
  spreadHits(d);
  layOut(d, state);
  const overview = el("canvas", { class: "overview", role: "img", "aria-label": "Calls over the whole time; drag to choose a range" });
  const axis = el("canvas", { class: "axis", "aria-hidden": "true" });
  const canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": "Timeline of goroutines", "aria-describedby": "timeline-status" });
  const spacer = el("div", { class: "spacer" });
  const box = el("div", { class: "lanes-box" }, canvas, spacer);
  const inspector = el("div", { class: "inspector", id: "timeline-status", role: "status" });
  const range = el("span", { class: "range hint" });
  const button = (label, title, f) => el("button", { type: "button", title, "aria-label": title, onclick: f }, label);
  const idle = button("Idle goroutines", "Also show goroutines with nothing in the range", () => state.set({ idle: !state.idle }));
  byId("timeline").append(
    el("div", { class: "section-head" }, el("h2", {}, "Timeline"),
      el("span", { class: "hint" }, "A lane a goroutine, the busiest first. Ctrl + wheel zooms, dragging moves."
        + (d.seen > d.slices.size ? ` ${count(d.slices.size)} of ${count(d.seen)} calls are here, the longest at each time.` : "")),
      el("span", { class: "push" }), range,
      idle, button("−", "Zoom out", () => zoomBy(2)), button("+", "Zoom in", () => zoomBy(0.5)),
      button("All", "Show the whole time (0)", () => state.set({ from: 0, to: d.duration }))),
    overview, axis, box, inspector);

  let boxes = [], hover = -1, drag = null, tallest = 0;
  const width = () => Math.max(300, box.clientWidth);
  const visible = () => Math.max(60, box.clientHeight || 420);
  const timeAt = (clientX) => {
    const x = clientX - canvas.getBoundingClientRect().left - LANE.label;
    return state.from + clamp(x / (width() - LANE.label), 0, 1) * (state.to - state.from);
  };

  function draw() {
    const w = width();
    if (!drag) { // lanes don't come and go under the hand
      const before = d.lanesHeight;
      layOut(d, state);
      if (d.lanesHeight !== before) resize();
    }
    drawOverview(w);
    const a = fitCanvas(axis, w, AXIS);
    a.font = "11px " + cssColor("--mono");
    a.fillStyle = cssColor("--muted");
    a.textBaseline = "middle";
    for (const t of ticks(state.from, state.to, (w - LANE.label) / 110)) {
      const label = moment(t, state.to - state.from);
      a.fillText(label, LANE.label + (t - state.from) / (state.to - state.from) * (w - LANE.label) + 3, AXIS / 2);
    }
    const h = visible();
    const g = fitCanvas(canvas, w, h);
    boxes = drawLanes(g, d, state, { width: w, height: h, scroll: box.scrollTop, hover });
    range.textContent = `${moment(state.from, state.to - state.from)} – ${moment(state.to, state.to - state.from)} (${duration(state.to - state.from)})`;
  }
  const drawSoon = onFrame(draw);

  // drawOverview shows how many calls began when, of all that were recorded, and what part the lanes show.
  function drawOverview(w) {
    const g = fitCanvas(overview, w, OVERVIEW), left = LANE.label, n = d.activity.length;
    g.font = "11px " + cssColor("--mono");
    g.textBaseline = "middle";
    g.fillStyle = cssColor("--muted");
    g.fillText("all calls", 4, OVERVIEW / 2);
    const most = Math.max(1, ...d.activity), bin = (w - left) * d.bin / d.duration;
    g.fillStyle = cssColor("--area");
    for (let i = 0; i < n; i++) {
      const h = (OVERVIEW - 6) * d.activity[i] / most;
      const x = left + i * bin;
      if (h > 0) g.fillRect(x, OVERVIEW - Math.max(1, h), Math.min(bin, w - x) - (bin > 4 ? 1 : 0), Math.max(1, h));
    }
    g.fillStyle = cssColor("--loss");
    for (const [a, b] of d.gaps) g.fillRect(left + (w - left) * a / d.duration, 0, Math.max(2, (w - left) * (b - a) / d.duration), 4);
    const x0 = left + (w - left) * state.from / d.duration, x1 = left + (w - left) * state.to / d.duration;
    g.fillStyle = cssColor("--veil");
    g.fillRect(left, 0, x0 - left, OVERVIEW);
    g.fillRect(x1, 0, w - x1, OVERVIEW);
    if (state.from > 0 || state.to < d.duration) {
      g.strokeStyle = cssColor("--accent");
      g.lineWidth = 2;
      g.strokeRect(x0 + 1, 1, Math.max(2, x1 - x0 - 2), OVERVIEW - 2);
    }
  }

  // ---- moving ----

  function setRange(from, to) {
    const span = clamp(to - from, Math.min(50, d.duration), d.duration);
    from = clamp(from, 0, d.duration - span);
    state.set({ from, to: from + span });
  }
  function zoomBy(factor, around) {
    const c = around ?? (state.from + state.to) / 2;
    setRange(c - (c - state.from) * factor, c + (state.to - c) * factor);
  }
  const panBy = (part) => { const by = part * (state.to - state.from); setRange(state.from + by, state.to + by); };

  box.addEventListener("wheel", (e) => {
    const sideways = Math.abs(e.deltaX) > Math.abs(e.deltaY) ? e.deltaX : e.shiftKey ? e.deltaY : 0;
    if (e.ctrlKey || e.metaKey) zoomBy(1.0025 ** clamp(e.deltaY, -400, 400), timeAt(e.clientX));
    else if (sideways) panBy(sideways / width());
    else return; // the lanes scroll
    e.preventDefault();
  }, { passive: false });

  canvas.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    drag = { x: e.clientX, y: e.clientY, from: state.from, to: state.to, top: box.scrollTop, moved: false };
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", (e) => {
    if (!drag) return point(e);
    const dx = e.clientX - drag.x, dy = e.clientY - drag.y;
    if (Math.abs(dx) + Math.abs(dy) > 4) drag.moved = true;
    if (!drag.moved) return;
    tip.hide();
    canvas.style.cursor = "grabbing";
    const by = -dx / (width() - LANE.label) * (drag.to - drag.from);
    setRange(drag.from + by, drag.to + by);
    box.scrollTop = drag.top - dy;
  });
  canvas.addEventListener("pointerup", (e) => {
    if (drag && !drag.moved) choose(at(e));
    drag = null;
    canvas.style.cursor = "";
    drawSoon();
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointerleave", () => { tip.hide(); if (hover >= 0) { hover = -1; drawSoon(); } });
  canvas.addEventListener("dblclick", (e) => { const b = at(e); if (b?.kind === "slice") fitSlice(b.i); });
  box.addEventListener("scroll", drawSoon);

  let brush = null;
  const overviewTime = (e) => {
    const x = e.clientX - overview.getBoundingClientRect().left - LANE.label;
    return clamp(x / (width() - LANE.label), 0, 1) * d.duration;
  };
  overview.addEventListener("pointerdown", (e) => { brush = overviewTime(e); overview.setPointerCapture(e.pointerId); });
  overview.addEventListener("pointermove", (e) => {
    if (brush === null) return;
    const t = overviewTime(e);
    if (Math.abs(t - brush) > d.duration / 300) setRange(Math.min(brush, t), Math.max(brush, t));
  });
  overview.addEventListener("pointerup", (e) => {
    const t = overviewTime(e), span = state.to - state.from;
    if (Math.abs(t - brush) <= d.duration / 300 && span < d.duration) setRange(t - span / 2, t + span / 2);
    brush = null;
  });
  overview.addEventListener("dblclick", () => state.set({ from: 0, to: d.duration }));

  // ---- what is where ----

  // at is the topmost thing under the pointer; those drawn later lie above.
  function at(e) {
    const b = canvas.getBoundingClientRect(), x = e.clientX - b.left, y = e.clientY - b.top;
    for (let k = boxes.length - 1; k >= 0; k--) {
      const o = boxes[k];
      if (x >= o.x && x < o.x + o.w && y >= o.y && y < o.y + o.h) return o;
    }
    return null;
  }

  function point(e) {
    const b = at(e), i = b?.kind === "slice" ? b.i : -1;
    if (i !== hover) { hover = i; drawSoon(); }
    canvas.style.cursor = b && b.kind !== "gap" ? "pointer" : "grab";
    if (b) tip.show(e.clientX, e.clientY, tipRows(...describeBox(b)));
    else tip.hide();
  }

  function describeBox(b) {
    if (b.kind === "slice") return [d.nameOf(d.slices.func[b.i]), slicePairs(d, b.i).slice(0, 6)];
    if (b.kind === "label") return [`Goroutine ${b.lane.g}`, [["busy", duration(b.lane.busy)], ["calls", count(b.lane.calls)], ["click", b.lane.open ? "makes inner calls low" : "opens inner calls"]]];
    if (b.kind === "hit") {
      const [t, hook, g, fields] = d.hits[b.i];
      return [d.hooks[hook], [["at", moment(t)], ["goroutine", g ? String(g) : undefined], ["event", fields]]];
    }
    const [from, to, lost] = d.gaps[b.i];
    return ["Events were lost here", [[to > from ? "from" : "before", moment(from)], ["for", to > from ? duration(to - from) : undefined], ["events", lost ? count(lost) : undefined]]];
  }

  function choose(b) {
    if (!b) return state.set({ slice: -1 });
    if (b.kind === "label") return open(b.lane, !b.lane.open);
    if (b.kind === "slice") return state.set({ slice: b.i, sel: [d.slices.func[b.i]].filter((f) => f >= 0) });
    const [title, pairs] = describeBox(b);
    inspector.replaceChildren(el("strong", {}, title), facts(pairs));
  }

  // open shows a lane's inner levels as tall as the outer ones, or no longer.
  function open(lane, wide) {
    lane.open = wide;
    drawSoon();
  }
  function resize() {
    spacer.style.height = d.lanesHeight + "px";
    // The box does not shrink: what is below would jump while one zooms.
    tallest = Math.max(tallest, d.lanesHeight);
    box.style.setProperty("--content", tallest + "px");
  }

  const facts = (pairs) => el("dl", { class: "facts" }, pairs.filter(([, v]) => v !== undefined).map(([k, v]) => el("div", { class: "fact" }, el("dt", {}, k), el("dd", {}, v))));

  function inspect() {
    const i = state.slice;
    if (i < 0) {
      inspector.replaceChildren(el("span", { class: "hint" }, d.slices.size ? "Click a call for its arguments, results and times." : ""));
      return;
    }
    const f = d.slices.func[i], parent = d.slices.parent[i];
    inspector.replaceChildren(
      el("strong", { title: d.nameOf(f) }, f >= 0 ? swatch(d.funcs[f]) : "", nameNodes(d.nameOf(f))), facts(slicePairs(d, i)),
      el("div", { class: "actions" },
        button("Zoom to it", "Zoom to this call", () => fitSlice(i)),
        parent >= 0 ? button("Its caller", "Select the call around it", () => choose({ kind: "slice", i: parent })) : ""));
  }

  function fitSlice(i) {
    const t = d.slices.start[i], took = Math.max(d.slices.took[i], 20);
    setRange(t - took * 0.08, t + took * 1.08);
  }

  // showSlice brings a slice into sight.
  function showSlice(i) {
    const t = d.slices.start[i], end = t + d.slices.took[i], span = state.to - state.from;
    if (end < state.from || t > state.to) setRange(t - span / 3, t + span * 2 / 3);
    layOut(d, state);
    resize();
    const l = d.lanes[d.slices.lane[i]], y = l.y + rowTop(l, d.slices.level[i]);
    if (y < box.scrollTop || y + LANE.row > box.scrollTop + box.clientHeight) box.scrollTop = y - 60;
  }

  canvas.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const step = (by) => {
      const i = state.slice;
      if (i < 0) return;
      const row = d.lanes[d.slices.lane[i]].rows[d.slices.level[i]], next = row[row.indexOf(i) + by];
      if (next !== undefined) choose({ kind: "slice", i: next });
    };
    const inner = () => {
      const i = state.slice;
      if (i >= 0 && d.slices.parent[i + 1] === i) choose({ kind: "slice", i: i + 1 }); // slices are in preorder
    };
    const outer = () => { const p = d.slices.parent[state.slice]; if (p >= 0) choose({ kind: "slice", i: p }); };
    const keys = {
      ArrowLeft: () => panBy(-0.15), ArrowRight: () => panBy(0.15), a: () => panBy(-0.15), d: () => panBy(0.15),
      "+": () => zoomBy(0.6), "=": () => zoomBy(0.6), w: () => zoomBy(0.6), "-": () => zoomBy(1 / 0.6), s: () => zoomBy(1 / 0.6),
      0: () => state.set({ from: 0, to: d.duration }), ",": () => step(-1), ".": () => step(1), c: inner, p: outer,
      Enter: () => { if (state.slice >= 0) fitSlice(state.slice); },
      ArrowUp: () => { box.scrollTop -= 60; }, ArrowDown: () => { box.scrollTop += 60; },
    };
    const f = keys[e.key];
    if (!f) return;
    f();
    e.preventDefault();
    e.stopPropagation();
  });

  state.listen((changed) => {
    if (changed.has("idle")) idle.setAttribute("aria-pressed", state.idle);
    if (changed.has("slice")) { inspect(); if (state.slice >= 0) showSlice(state.slice); }
    if (["slice", "sel", "q", "from", "to", "idle"].some((k) => changed.has(k))) drawSoon();
  });
  idle.setAttribute("aria-pressed", state.idle);
  resize();
  new ResizeObserver(drawSoon).observe(box);
  inspect();
  draw();
  return { draw, boxes: () => boxes.map((b) => ({ ...b, name: b.kind === "slice" ? d.nameOf(d.slices.func[b.i]) : b.kind })), canvas };
}

// slicePairs are the facts of a call, for tooltip and inspector.
function slicePairs(d, i) {
  const s = d.slices, values = s.values[i] || [], parent = s.parent[i];
  return [
    ["took", (s.flags[i] & (OPEN | LOST) ? "at least " : "") + duration(s.took[i])],
    ["self", s.flags[i] & (OPEN | LOST) ? undefined : duration(s.self[i])],
    ["arguments", d.texts[values[0]]],
    ["results", d.texts[values[1]]],
    ["end", s.flags[i] & OPEN ? "under way when the recording ended" : s.flags[i] & LOST ? "not known: events were lost" : s.flags[i] & UNWOUND ? "no return seen: a panic, or its event was lost" : undefined],
    ["goroutine", d.lanes[s.lane[i]].g ? String(d.lanes[s.lane[i]].g) : "not known"],
    ["at", moment(s.start[i])],
    ["caller", parent >= 0 ? shortName(d.nameOf(s.func[parent])) : undefined],
  ];
}
