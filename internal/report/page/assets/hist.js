// Latency histograms: durations on a logarithmic axis, one row a function, the percentiles marked.

function histogram(funcs) {
  const W = 420, H = funcs.length > 1 ? 64 : 132, AXIS = 20, PAD = 6, TOP = 16;
  const timed = funcs.filter((f) => f.hist.length);
  if (!timed.length) return el("p", { class: "hint" }, "None of its calls has a time.");
  let lo = Infinity, hi = 0;
  for (const f of timed) {
    lo = Math.min(lo, Math.max(1, f.hist[0][0]));
    hi = Math.max(hi, f.max, bucketEnd(f.hist[f.hist.length - 1][0]));
  }
  if (hi / lo < 4) { lo = lo / 2; hi = hi * 2; } // so that a few equal calls don't fill the picture
  const l0 = Math.log2(lo), l1 = Math.log2(hi);
  const x = (ns) => PAD + (W - 2 * PAD) * clamp((Math.log2(Math.max(1, ns)) - l0) / (l1 - l0), 0, 1);
  const height = timed.length * (H + TOP) + AXIS;
  const root = svg("svg", { class: "hist", viewBox: `0 0 ${W} ${height}`, role: "img", "aria-label": "Latency histogram of " + timed.map((f) => f.name).join(", ") });

  // The axis: decades, with their halves where there is room.
  const decades = Math.log10(hi / lo);
  for (let e = Math.floor(Math.log10(lo)); e <= Math.ceil(Math.log10(hi)); e++) {
    for (const m of decades < 2.5 ? [1, 2, 5] : [1]) {
      const v = m * 10 ** e;
      if (v < lo || v > hi) continue;
      root.append(svg("line", { class: "tick", x1: x(v), x2: x(v), y1: 0, y2: height - AXIS + 3 }),
        svg("text", { class: "tick-text", x: clamp(x(v), 14, W - 14), y: height - 5, "text-anchor": "middle" }, duration(v)));
    }
  }

  timed.forEach((f, at) => {
    const base = (at + 1) * (H + TOP);
    // Buckets are not equally wide on this axis, so the height is what makes the area right.
    const bars = f.hist.map(([low, n]) => {
      const a = Math.max(low, lo), b = bucketEnd(low);
      return { low, n, b, x0: x(a), x1: Math.max(x(b), x(a) + 1), density: n / Math.max(0.05, Math.log2(b / Math.max(1, low))) };
    });
    const peak = Math.max(...bars.map((b) => b.density));
    const total = bars.reduce((s, b) => s + b.n, 0);
    const g = svg("g", { class: "hist-bars" });
    g.style.setProperty("--light", funcColor(f, false));
    g.style.setProperty("--dark", funcColor(f, true));
    let seen = 0;
    for (const b of bars) {
      seen += b.n;
      const h = Math.max(1, (H - 4) * b.density / peak);
      const below = seen;
      g.append(svg("rect", {
        x: b.x0, y: base - h, width: Math.max(0.6, b.x1 - b.x0 - 0.4), height: h,
        onpointermove: (e) => tip.show(e.clientX, e.clientY, tipRows(`${duration(b.low)} – ${duration(b.b)}`,
          [["calls", `${count(b.n)} (${share(b.n, total)})`], ["up to here", share(below, total)]])),
        onpointerleave: tip.hide,
      }));
    }
    root.append(g, svg("line", { class: "base", x1: 0, x2: W, y1: base, y2: base }));
    if (timed.length > 1) root.append(svg("text", { class: "hist-name", x: 2, y: base - H + 2 }, shortName(f.name)));
    // Labels that would stand on each other are moved up a line or left out.
    let last = -100;
    for (const [name, v] of [["p50", f.p50], ["p90", f.p90], ["p99", f.p99], ["max", f.max]]) {
      const px = x(v);
      const label = timed.length > 1 ? name : name + " " + duration(v);
      const half = label.length * 3.3;
      root.append(svg("line", { class: "mark " + name, x1: px, x2: px, y1: base - H - 2, y2: base }));
      const cx = clamp(px, half + 1, W - half - 1);
      if (cx - half > last + 3) {
        root.append(svg("text", { class: "mark-text", x: cx, y: base - H - 5, "text-anchor": "middle" }, label));
        last = cx + half;
      }
    }
  });
  return root;
}

// bucketEnd is the bound above a bucket: internal/hist has 8 of them for each power of two.
function bucketEnd(low) {
  return low < 8 ? low + 1 : low + 2 ** (Math.floor(Math.log2(low)) - 3);
}
