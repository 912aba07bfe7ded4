// The table of functions.

// COLUMNS are the table's, with the value that each sorts by. bar: it shows a share; some: only where some function has one.
const COLUMNS = [
  { key: "name", title: "Function", value: (f) => f.name, text: true },
  { key: "calls", title: "Calls", value: (f) => f.calls, show: (f) => count(f.calls), hint: "How often it was called" },
  { key: "rate", title: "Rate/s", value: (f) => f.rate, show: (f) => rate(f.rate), hint: "Calls a second" },
  { key: "errors", title: "Errors", value: (f) => f.errors, show: (f) => (f.errors ? count(f.errors) : ""), hint: "How often its last result was an error that is not nil", some: true },
  { key: "total", title: "Total", value: (f) => f.total, show: (f) => time(f, f.total), bar: true, hint: "Time in it and in what it called; recursive calls once" },
  { key: "self", title: "Self", value: (f) => f.self, show: (f) => time(f, f.self), bar: true, hint: "Time in it without the recorded functions that it called" },
  { key: "p50", title: "P50", value: (f) => f.p50, show: (f) => latency(f, f.p50), hint: "Half of its calls took less" },
  { key: "p90", title: "P90", value: (f) => f.p90, show: (f) => latency(f, f.p90), hint: "Nine of ten calls took less" },
  { key: "p99", title: "P99", value: (f) => f.p99, show: (f) => latency(f, f.p99), hint: "99 of 100 calls took less" },
  { key: "max", title: "Max", value: (f) => f.max, show: (f) => latency(f, f.max), hint: "The longest call" },
  { key: "over", title: "Over time", hint: "Calls over the recording's time, of the function's own peak" },
];

const time = (f, ns) => (f.timed ? (f.scaled ? "~" : "") + duration(ns) : "–");
const latency = (f, ns) => (f.timed ? duration(ns) : "–");

// Rows are added as one scrolls: most people look at the first.
const CHUNK = 150;

function showTable(d, state) {
  const body = el("tbody");
  const columns = COLUMNS.filter((c) => !c.some || d.funcs.some((f) => c.value(f) > 0));
  const heads = columns.map((c) => {
    const th = el("th", { scope: "col", class: c.text ? "name" : "num", title: c.hint, "aria-sort": "none" });
    if (!c.value) th.append(c.title);
    else th.append(el("button", { type: "button", "data-sort": c.key, onclick: () => sortBy(c) }, c.title));
    return th;
  });
  const box = el("div", { class: "scroll", tabindex: "-1" },
    el("table", { class: "grid" }, el("thead", {}, el("tr", {}, heads)), body));
  const empty = el("p", { class: "empty", hidden: true });
  byId("functions").append(el("h2", {}, "Functions"), box, empty);

  function sortBy(c) {
    state.set(state.sort === c.key ? { desc: !state.desc } : { sort: c.key, desc: !c.text });
  }

  const most = { total: Math.max(1, ...d.funcs.map((f) => f.total)), self: Math.max(1, ...d.funcs.map((f) => f.self)) };
  let order = [], shown = 0;

  function row(i) {
    const f = d.funcs[i];
    const tr = el("tr", { "data-func": i, tabindex: "-1" });
    for (const c of columns) {
      if (c.text) tr.append(el("th", { scope: "row", class: "name", title: f.name }, swatch(f), nameNodes(f.name)));
      else if (!c.show) tr.append(el("td", { class: "spark" }, spark(f)));
      else {
        const td = el("td", { class: "num" }, c.show(f));
        if (c.bar) {
          td.classList.add("bar");
          td.style.setProperty("--share", (100 * c.value(f) / most[c.key]).toFixed(2) + "%");
        }
        tr.append(td);
      }
    }
    mark(tr);
    return tr;
  }

  function mark(tr) {
    const on = state.sel.includes(Number(tr.dataset.func));
    tr.classList.toggle("selected", on);
    tr.setAttribute("aria-selected", on);
  }

  function more() {
    const upTo = Math.min(order.length, shown + CHUNK);
    const rows = [];
    for (; shown < upTo; shown++) rows.push(row(order[shown]));
    body.append(...rows);
  }

  function fill() {
    const match = matcher(state.q), c = COLUMNS.find((x) => x.key === state.sort);
    order = d.funcs.map((_, i) => i).filter((i) => !match || match(d.funcs[i].name));
    const sign = state.desc ? -1 : 1;
    order.sort((a, b) => {
      const x = c.value(d.funcs[a]), y = c.value(d.funcs[b]);
      return x < y ? -sign : x > y ? sign : d.funcs[a].name < d.funcs[b].name ? -1 : 1;
    });
    heads.forEach((th, i) => th.setAttribute("aria-sort",
      columns[i].key !== state.sort ? "none" : state.desc ? "descending" : "ascending"));
    shown = 0;
    body.replaceChildren();
    more();
    const first = body.firstElementChild;
    if (first) first.tabIndex = 0;
    box.scrollTop = 0;
    empty.hidden = order.length > 0;
    empty.textContent = d.funcs.length ? "No function matches the filter." : "No function was recorded.";
    byId("matched").textContent = match ? `${count(order.length)} of ${plural(d.funcs.length, "function")}` : "";
  }

  function focusRow(tr) {
    if (!tr) return;
    for (const r of body.querySelectorAll("tr[tabindex='0']")) r.tabIndex = -1;
    tr.tabIndex = 0;
    tr.focus();
  }

  box.addEventListener("scroll", () => {
    if (shown < order.length && box.scrollTop + box.clientHeight > box.scrollHeight - 400) more();
  });
  body.addEventListener("click", (e) => {
    const tr = e.target.closest("tr");
    if (tr) state.select(Number(tr.dataset.func), e.ctrlKey || e.metaKey || e.shiftKey);
  });
  body.addEventListener("keydown", (e) => {
    const tr = e.target.closest("tr");
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[e.key];
    if (step) {
      e.preventDefault();
      const at = [...body.children].indexOf(tr) + step;
      if (at >= shown) more();
      focusRow(body.children[clamp(at, 0, body.children.length - 1)]);
    } else if (e.key === "Enter" || e.key === " ") {
      e.preventDefault();
      state.select(Number(tr.dataset.func), e.ctrlKey || e.metaKey);
    }
  });
  state.listen((changed) => {
    if (["q", "sort", "desc"].some((k) => changed.has(k))) fill();
    else if (changed.has("sel")) {
      for (const tr of body.children) mark(tr);
      // What was selected elsewhere is brought into sight.
      if (state.sel.length === 1) {
        const at = order.indexOf(state.sel[0]);
        while (at >= shown) more();
        reveal(box, body.children[at]);
      }
    }
  });
  fill();
}

// reveal scrolls a box, and only it, until a row of it can be seen.
function reveal(box, tr) {
  if (!tr) return;
  const head = box.querySelector("thead").offsetHeight;
  const top = tr.offsetTop - head, bottom = tr.offsetTop + tr.offsetHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

// swatch is the function's colour in the graphs.
function swatch(f) {
  const s = el("span", { class: "swatch", "aria-hidden": "true" });
  s.style.setProperty("--light", funcColor(f, false));
  s.style.setProperty("--dark", funcColor(f, true));
  return s;
}

// spark draws the calls over time: a digit for each piece, 9 the most.
function spark(f) {
  const n = f.over.length;
  if (!n) return "";
  const points = [...f.over].map((c, i) => `V${17 - 1.7 * Number(c)}H${(i + 1) * 80 / n}`).join("");
  return svg("svg", { viewBox: "0 0 80 18", width: 80, height: 18, "aria-hidden": "true", preserveAspectRatio: "none" },
    svg("path", { class: "spark-area", d: "M0 17" + points + "V17Z" }));
}
