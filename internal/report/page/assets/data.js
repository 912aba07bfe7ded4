// The embedded data, decoded. Long lists are columns; times are in ns since the recording began.

function readData() {
  const d = JSON.parse(byId("data").textContent);
  d.byName = new Map(d.funcs.map((f, i) => [f.name, i]));
  // nameOf is the name of a function, or of what stands for none: a frame of a stack, what was put together, all.
  d.nameOf = (f) => (f >= 0 ? d.funcs[f].name : f === -1 ? "all" : d.names[-2 - f]);
  d.tree = decodeTree(d.tree);
  d.slices = decodeSlices(d.slices, d.lanes);
  d.whole = d.tree.total[0] || 0; // time in outermost calls
  for (const f of d.funcs) {
    f.hist = decodeHistogram(f.hist);
    f.package = d.packages[f.package] || "";
    f.file = d.files[f.file] || "";
  }
  colorGroups(d);
  return d;
}

// decodeHistogram makes pairs of lower bound and count. internal/hist has eight buckets for each power of two.
function decodeHistogram(h) {
  const out = [];
  for (let i = 0, at = 0; i < h.length; i += 2) {
    at += h[i];
    const e = Math.max(0, Math.floor(at / 8) - 1);
    out.push([(at - 8 * e) * 2 ** e, h[i + 1]]);
  }
  return out;
}

// decodeTree adds parents, positions and children's ends to the calling contexts, which come in preorder, node 0 around all.
function decodeTree(t) {
  const n = t.depth.length;
  const parent = new Int32Array(n).fill(-1), x = new Float64Array(n), next = new Float64Array(n), end = new Int32Array(n);
  const path = [];
  let deepest = 0;
  for (let i = 0; i < n; i++) {
    const depth = t.depth[i];
    for (let j = depth; j < path.length; j++) end[path[j]] = i;
    path.length = depth;
    path.push(i);
    deepest = Math.max(deepest, depth);
    if (depth > 0) {
      const p = path[depth - 1];
      parent[i] = p;
      x[i] = next[p]; // siblings stand side by side, the longest first
      next[p] += t.total[i];
    }
    next[i] = x[i];
  }
  for (const i of path) end[i] = n;
  // end is the first node behind a node's subtree.
  return { size: n, depth: t.depth, func: t.func, calls: t.calls, total: t.total, self: t.self, parent, x, end, deepest };
}

// decodeSlices undoes the differences, and finds each lane's rows. A slice's parent is the call around it.
function decodeSlices(s, lanes) {
  const n = s.func.length;
  const start = new Float64Array(n), parent = new Int32Array(n).fill(-1), lane = new Int32Array(n);
  let i = 0;
  lanes.forEach((l, li) => {
    l.rows = [];
    let t = 0;
    const path = [];
    for (let k = 0; k < l.slices; k++, i++) {
      t += s.start[i];
      start[i] = t;
      lane[i] = li;
      const level = s.level[i];
      // Levels may be missing in between, so the parent is the last slice of a lower one that is not over.
      while (path.length && s.level[path[path.length - 1]] >= level) path.pop();
      if (path.length) parent[i] = path[path.length - 1];
      path.push(i);
      while (l.rows.length <= level) l.rows.push([]);
      l.rows[level].push(i);
    }
  });
  return { size: n, start, parent, lane, func: s.func, level: s.level, took: s.took, self: s.self, flags: s.flags, values: s.values };
}

// Flags of slices.
const UNWOUND = 1, OPEN = 2, LOST = 4;

// colorGroups gives each function a hue: by package where there are some, else by receiver, else its own. The groups with
// most time get the hues that are farthest apart.
function colorGroups(d) {
  const receiver = (f) => f.package + /^[^.]*\.(\([^)]*\))?/.exec(f.name.slice(Math.max(0, f.name.lastIndexOf("/"))))?.[0];
  const keys = [(f) => f.package, receiver, (f) => f.name];
  const key = keys.find((k) => new Set(d.funcs.slice(0, 500).map(k)).size >= 4) || keys[2];
  const time = new Map();
  for (const f of d.funcs) time.set(key(f), (time.get(key(f)) || 0) + f.self + 1);
  const order = [...time].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const hue = new Map(order.map(([k], i) => [k, (HUES[i % HUES.length] + 17 * Math.floor(i / HUES.length)) % 360]));
  for (const f of d.funcs) {
    f.hue = hue.get(key(f));
    let h = 0;
    for (let i = 0; i < f.name.length; i++) h = (h * 31 + f.name.charCodeAt(i)) >>> 0;
    // Neighbours of one group can be told apart.
    f.tone = (h % 7) / 6;
    f.hue += (h >>> 8) % 5 * 7 - 14;
  }
}

const HUES = [48, 250, 150, 20, 305, 195, 85, 275, 125, 345, 225, 65];

// funcColor is a function's colour in graphs.
function funcColor(f, dark) {
  if (!f) return dark ? "oklch(0.36 0.01 260)" : "oklch(0.88 0.01 260)";
  return dark
    ? `oklch(${0.40 + 0.13 * f.tone} 0.085 ${f.hue})`
    : `oklch(${0.78 + 0.12 * f.tone} ${0.115 - 0.03 * f.tone} ${f.hue})`;
}
