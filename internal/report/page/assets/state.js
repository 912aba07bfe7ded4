// What the user chose, and its form in the URL's fragment, so that a view can be shared.

// makeState holds the choices. set changes some and tells the listeners, once, which those were.
function makeState(data) {
  const listeners = [];
  const state = {
    sel: [],            // indices of selected functions
    q: "",              // the filter
    sort: "self",       // column
    desc: true,
    node: 0,            // of the tree, which the flame graph shows
    from: 0,            // range of the timeline, in ns
    to: data.duration,
    flip: false,        // flames up instead of icicles down
    idle: false,        // lanes stay that have nothing in the range
    slice: -1,          // selected in the timeline
    listen(f) { listeners.push(f); },
    set(changes) {
      const changed = new Set();
      for (const [k, v] of Object.entries(changes)) {
        if (JSON.stringify(state[k]) !== JSON.stringify(v)) {
          state[k] = v;
          changed.add(k);
        }
      }
      if (changed.size === 0) return;
      for (const f of listeners) f(changed);
      writeSoon();
    },
  };

  // select chooses a function alone, or with add one more or one less.
  state.select = (f, add) => {
    if (!add) return state.set({ sel: state.sel.length === 1 && state.sel[0] === f ? [] : [f] });
    state.set({ sel: state.sel.includes(f) ? state.sel.filter((x) => x !== f) : state.sel.concat(f).slice(-4) });
  };

  const defaults = { q: "", sort: "self", desc: true, node: 0, slice: -1 };

  function fragment() {
    const p = new URLSearchParams();
    if (state.sel.length) for (const f of state.sel) p.append("sel", data.funcs[f].name);
    if (state.q) p.set("q", state.q);
    if (state.sort !== defaults.sort || !state.desc) p.set("sort", state.sort + (state.desc ? "" : ".up"));
    if (state.node) p.set("node", state.node);
    if (state.from > 0 || state.to < data.duration) p.set("t", Math.round(state.from) + "-" + Math.round(state.to));
    if (state.flip) p.set("flip", "1");
    if (state.idle) p.set("idle", "1");
    if (state.slice >= 0) p.set("slice", state.slice);
    return p.toString();
  }

  let written = null, timer = 0;
  function write() {
    timer = 0;
    const f = fragment();
    if (f === written) return;
    written = f;
    try {
      history.replaceState(null, "", f ? "#" + f : location.pathname + location.search);
    } catch {
      // Some browsers refuse it for files. The view still works; it just can't be shared.
    }
  }
  // Browsers limit how often the address may change, and dragging changes it often.
  function writeSoon() { if (!timer) timer = setTimeout(write, 150); }
  state.flush = () => { clearTimeout(timer); write(); };

  // read takes the choices from the fragment. What isn't in this page is passed over.
  function read() {
    const text = location.hash.replace(/^#/, "");
    if (text === written) return;
    written = text;
    const p = new URLSearchParams(text);
    const whole = (key, most) => {
      const n = Number(p.get(key) ?? NaN);
      return Number.isInteger(n) && n >= 0 && n < most ? n : undefined;
    };
    const names = p.getAll("sel");
    const [column, up] = (p.get("sort") || "").split(".");
    const range = /^(\d+)-(\d+)$/.exec(p.get("t") || "");
    let from = 0, to = data.duration;
    if (range && Number(range[1]) < Number(range[2]) && Number(range[1]) < to) {
      from = Number(range[1]);
      to = Math.min(Number(range[2]), to);
    }
    state.set({
      sel: names.map((n) => data.byName.get(n)).filter((f) => f !== undefined).slice(0, 4),
      q: p.get("q") || "",
      sort: COLUMNS.some((c) => c.key === column) ? column : defaults.sort,
      desc: up !== "up",
      node: whole("node", data.tree.size) ?? 0,
      slice: whole("slice", data.slices.size) ?? -1,
      flip: p.get("flip") === "1",
      idle: p.get("idle") === "1",
      from, to,
    });
  }
  addEventListener("hashchange", read);
  state.read = read;
  return state;
}
