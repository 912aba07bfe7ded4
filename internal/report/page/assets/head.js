// The head: what was recorded, and what to be careful about.

function showHead(d) {
  const m = d.head;
  const fact = (label, value, title) => value === "" || value === undefined ? null
    : el("div", { class: "fact", title }, el("dt", {}, label), el("dd", {}, value));
  const when = new Date(m.started);
  const events = m.events + m.lost > 0 ? share(m.lost, m.events + m.lost) : "";
  byId("head").append(
    el("div", { class: "title" },
      el("h1", {}, m.name),
      el("span", { class: "sub", title: m.program }, m.program)),
    el("dl", { class: "facts" },
      fact("recorded", when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }), when.toISOString()),
      fact("for", duration(d.duration)),
      fact("host", m.host),
      fact("pid", m.pid ? String(m.pid) : ""),
      fact("functions", count(d.funcs.length)),
      fact("calls", count(m.calls)),
      fact("events", count(m.events)),
      m.hits ? fact("hook hits", count(m.hits)) : null,
      fact("lost", m.lost ? count(m.lost) + " (" + events + ")" : "none"),
      fact("build", [m.go, m.arch].filter(Boolean).join(" "), m.build ? "table " + m.build : undefined),
      fact("clock", m.drift === undefined ? "" : "drift " + (m.drift < 0 ? "−" : "+") + duration(Math.abs(m.drift)),
        "How far the wall clock went off the monotonic one while it was recorded"),
      fact("patterns", m.patterns.length > 3 ? m.patterns.slice(0, 3).join("  ") + " …" : m.patterns.join("  "), m.patterns.join("\n"))),
    d.warnings.length ? el("ul", { class: "warnings", role: "alert" }, d.warnings.map((w) => el("li", {}, w))) : "");
  byId("foot").append(
    d.notes.length ? el("ul", { class: "notes" }, d.notes.map((n) => el("li", {}, n))) : "",
    el("p", {}, "Made by gkhi report", m.version ? " " + m.version : "",
      ". One file: nothing is loaded from any network. The address holds the view, so it can be shared together with the file."));
}

const HELP = [
  ["Everywhere", [
    ["/", "to the filter; Esc leaves and clears it"],
    ["Esc", "clears the selection"],
    ["click", "selects a function; Ctrl or ⌘ click adds one, up to four"],
    ["f, g, t", "to functions, flame graph, timeline"]]],
  ["Functions", [
    ["↑ ↓", "to the next row"], ["Enter", "selects it"], ["click on a heading", "sorts; again turns the order"]]],
  ["Flame graph", [
    ["click, Enter", "zooms to a frame and selects it"], ["click on an outer frame", "zooms out to it"],
    ["← → ↑ ↓", "moves between frames"], ["0, Backspace", "all; one frame out"]]],
  ["Timeline", [
    ["Ctrl or ⌘ with the wheel, + −", "zooms"], ["drag, Shift with the wheel, ← →", "moves"],
    ["drag in the overview", "chooses a range; double click: all"],
    ["click", "shows a call; double click zooms to it"], [", .", "to the call before and after"],
    ["p, c", "to the call around it; to the first in it"], ["0", "all"]]],
];

function setUpHelp() {
  const box = byId("help");
  box.append(el("h2", {}, "Keys and gestures"),
    ...HELP.map(([title, rows]) => el("section", {}, el("h3", {}, title),
      el("dl", {}, rows.map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])))),
    el("button", { type: "button", onclick: () => box.close() }, "Close"));
  box.addEventListener("click", (e) => { if (e.target === box) box.close(); });
  byId("help-button").addEventListener("click", () => box.showModal());
}
