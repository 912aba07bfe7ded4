// What the timeline draws: lanes of goroutines, slices, markers of hits, gaps. timeline.js has what the user does with it.

const LANE = { row: 17, low: 5, tall: 7, gap: 9, label: 128, least: 0.7 };

// layOut gives each lane its place from top to bottom. Lanes with nothing in the range have none, unless they are wanted. Of
// deep stacks the inner levels are low, until the lane is opened.
function layOut(d, state) {
  let y = 6;
  d.shown = state.idle ? d.lanes : d.lanes.filter((l) => active(d, l, state.from, state.to));
  for (const l of d.shown) {
    l.tall = l.open || l.rows.length <= LANE.tall + 2 ? l.rows.length : LANE.tall;
    l.y = y;
    l.height = Math.max(LANE.row, rowTop(l, l.rows.length));
    y += l.height + LANE.gap;
  }
  d.lanesHeight = y;
}

// active reports whether a lane has a call or a hit in a range. All other calls are within those of the first row.
function active(d, l, from, to) {
  const row = l.rows[0] || [], k = firstFrom(d, row, from);
  return k < row.length && d.slices.start[row[k]] <= to || l.hits.some((i) => d.hits[i][0] >= from && d.hits[i][0] <= to);
}

// rowTop is where a level begins, from the lane's top.
const rowTop = (l, level) => Math.min(level, l.tall) * LANE.row + Math.max(0, level - l.tall) * LANE.low;
const rowHeight = (l, level) => (level < l.tall ? LANE.row : LANE.low);

// spreadHits gives each lane its hits. Those of goroutines without a lane get one together.
function spreadHits(d) {
  const laneOf = new Map(d.lanes.map((l) => [l.g, l]));
  for (const l of d.lanes) l.hits = [];
  let rest = null;
  d.hits.forEach((h, i) => { // h: [time, hook, goroutine, fields]
    let l = laneOf.get(h[2]);
    if (!l) {
      if (!rest) d.lanes.push(rest = { g: 0, label: "hooks", busy: 0, calls: 0, slices: 0, rows: [], hits: [] });
      l = rest;
    }
    l.hits.push(i);
  });
}

// firstFrom is the first of a row's slices that is not over before t.
function firstFrom(d, row, t) {
  let lo = 0, hi = row.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (d.slices.start[row[mid]] + d.slices.took[row[mid]] < t) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

// drawLanes draws all of what can be seen and returns the boxes drawn, for the pointer. Of slices that fall into one
// pixel the first is drawn, and the next is looked for behind that pixel, so a row costs no more than its width.
function drawLanes(g, d, state, view) {
  const { width, height, scroll, hover } = view;
  const left = LANE.label, span = Math.max(1, state.to - state.from), scale = (width - left) / span;
  const X = (t) => left + (t - state.from) * scale;
  const dark = isDark(), color = {
    text: cssColor("--frame-text"), muted: cssColor("--muted"), line: cssColor("--line"), accent: cssColor("--accent"),
    card: cssColor("--card"), loss: cssColor("--loss"), hook: cssColor("--hook"), fg: cssColor("--text"),
  };
  const small = "11px " + cssColor("--mono");
  const fit = textFitter(g, small);
  g.textBaseline = "middle";
  const boxes = [];
  g.save();
  g.beginPath();
  g.rect(left, 0, width - left, height);
  g.clip();
  drawGrid(g, X, state, width, height, color);
  drawGaps(g, d, X, width, height, color, boxes);
  const match = matcher(state.q), fits = new Map();
  const dimmed = (f) => {
    if (!match) return false;
    if (!fits.has(f)) fits.set(f, match(d.nameOf(f)));
    return !fits.get(f);
  };
  const chosen = new Set(state.sel);
  for (const l of d.shown) {
    const top = l.y - scroll;
    if (top > height || top + l.height < 0) continue;
    l.rows.forEach((row, level) => {
      const y = top + rowTop(l, level), h = rowHeight(l, level);
      if (y > height || y + h < 0) return;
      for (let k = firstFrom(d, row, state.from); k < row.length;) {
        const i = row[k], t = d.slices.start[i], took = d.slices.took[i];
        if (t > state.to) break;
        const x0 = Math.max(left - 2, X(t)), x1 = Math.min(width + 2, X(t + took)), w = Math.max(x1 - x0, LANE.least);
        slice(i, x0, w, y, h);
        // What ends within this pixel is not told apart.
        if (x1 - x0 < 1) k = Math.max(k + 1, firstFrom(d, row, t + 1 / scale));
        else k++;
      }
    });
  }
  function slice(i, x, w, y, h) {
    const f = d.slices.func[i];
    g.globalAlpha = dimmed(f) ? 0.22 : 1;
    g.fillStyle = funcColor(d.funcs[f], dark);
    g.fillRect(x, y, w > 3 ? w - 1 : w, h - 1);
    if (w > 30 && h > 12) {
      g.fillStyle = color.text;
      const label = fit(shortName(d.nameOf(f)), w - 7);
      if (label) g.fillText(label, x + 3, y + h / 2);
    }
    g.globalAlpha = 1;
    if (d.slices.flags[i] && w > 4) { // the end was not seen: a torn edge
      g.fillStyle = color.card;
      for (let k = 0; k < h - 1; k += 6) {
        g.beginPath();
        g.moveTo(x + w, y + k);
        g.lineTo(x + w - 4, y + k + 3);
        g.lineTo(x + w, y + k + 6);
        g.fill();
      }
    }
    if (chosen.has(f) || i === state.slice || i === hover) {
      g.lineWidth = i === state.slice ? 2.5 : 1.5;
      g.strokeStyle = i === state.slice || i === hover ? color.fg : color.accent;
      g.strokeRect(x + 1, y + 1, Math.max(1, w - 3), h - 3);
    }
    boxes.push({ kind: "slice", i, x, y, w: Math.max(w, 2), h });
  }
  drawHits(g, d, X, view, state, color, boxes);
  g.restore();
  drawLabels(g, d, view, color, fit, boxes);
  return boxes;
}

function drawGrid(g, X, state, width, height, color) {
  g.strokeStyle = color.line;
  g.lineWidth = 1;
  for (const t of ticks(state.from, state.to, (width - LANE.label) / 110)) {
    const x = Math.round(X(t)) + 0.5;
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, height);
    g.stroke();
  }
}

// ticks are round moments, about n of them.
function ticks(from, to, n) {
  const rough = (to - from) / Math.max(1, n), power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) || power;
  const out = [];
  for (let t = Math.ceil(from / step) * step; t <= to && out.length < 100; t += step) out.push(t);
  return out;
}

// drawGaps hatches where events were lost: no call is known there.
function drawGaps(g, d, X, width, height, color, boxes) {
  g.strokeStyle = color.loss;
  g.fillStyle = color.loss;
  for (let i = 0; i < d.gaps.length; i++) { // [from, to, events]
    const x0 = X(d.gaps[i][0]), x1 = Math.max(X(d.gaps[i][1]), x0 + 2);
    if (x1 < LANE.label || x0 > width) continue;
    g.globalAlpha = 0.13;
    g.fillRect(x0, 0, x1 - x0, height);
    g.globalAlpha = 0.5;
    g.lineWidth = 1;
    g.save();
    g.beginPath();
    g.rect(x0, 0, x1 - x0, height);
    g.clip();
    g.beginPath();
    if (x1 - x0 > 3) for (let k = Math.max(x0, LANE.label) - height; k < Math.min(x1, width); k += 9) { g.moveTo(k, height); g.lineTo(k + height, 0); }
    g.stroke();
    g.restore();
    g.globalAlpha = 1;
    boxes.push({ kind: "gap", i, x: x0 - 1, y: 0, w: x1 - x0 + 2, h: height });
  }
}

function drawHits(g, d, X, view, state, color, boxes) {
  const mark = (i, x, y, crowded) => {
    g.fillStyle = color.hook;
    boxes.push({ kind: "hit", i, x: x - (crowded ? 1 : 5), y: y - 5, w: crowded ? 2 : 10, h: crowded ? 6 : 12 });
    if (crowded) return g.fillRect(x - 0.5, y - 4, 1, 5);
    g.strokeStyle = color.card;
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(x, y + 7);
    g.lineTo(x - 4.5, y);
    g.lineTo(x, y - 3);
    g.lineTo(x + 4.5, y);
    g.closePath();
    g.fill();
    g.stroke();
  };
  for (const l of d.shown) {
    const top = l.y - view.scroll;
    if (top > view.height || top + l.height < 0) continue;
    const seen = l.hits.filter((i) => d.hits[i][0] >= state.from && d.hits[i][0] <= state.to);
    const xs = seen.map((i) => X(d.hits[i][0]));
    let last = -100;
    seen.forEach((i, k) => {
      if (xs[k] - last < 1.5) return;
      // Those that stand close to others are ticks, in place of diamonds.
      mark(i, xs[k], top - 1, xs[k] - last < 11 || xs[k + 1] - xs[k] < 11);
      last = xs[k];
    });
  }
}

function drawLabels(g, d, view, color, fit, boxes) {
  g.fillStyle = color.card;
  g.fillRect(0, 0, LANE.label - 4, view.height);
  for (const l of d.shown) {
    const top = l.y - view.scroll;
    if (top > view.height || top + l.height < 0) continue;
    g.fillStyle = color.fg;
    const deep = l.rows.length > LANE.tall + 2;
    g.fillText((deep ? (l.open ? "▾ " : "▸ ") : "") + fit(l.label || "G" + l.g, 74), 4, top + LANE.row / 2);
    if (deep) boxes.push({ kind: "label", lane: l, x: 0, y: top, w: LANE.label - 4, h: Math.min(l.height, 40) });
    g.fillStyle = color.muted;
    g.textAlign = "right";
    if (l.busy) g.fillText(duration(l.busy), LANE.label - 12, top + LANE.row / 2);
    g.textAlign = "left";
    g.strokeStyle = color.line;
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(0, Math.round(top + l.height + LANE.gap / 2) - 0.5);
    g.lineTo(view.width, Math.round(top + l.height + LANE.gap / 2) - 0.5);
    g.stroke();
  }
}
