// Small things that all parts of the page use: elements, numbers as text, the tooltip.

// el makes an element. Attributes that begin with "on" are listeners, those in dataset style are set as they are.
// Text only ever becomes text nodes: names come from the recording and must never become markup.
function el(tag, attrs, ...children) {
  const node = document.createElement(tag);
  put(node, attrs, children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attrs, ...children) {
  const node = document.createElementNS(SVG, tag);
  put(node, attrs, children);
  return node;
}

function put(node, attrs, children) {
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const c of children.flat(Infinity)) {
    if (c !== undefined && c !== null && c !== false) node.append(c);
  }
}

const byId = (id) => document.getElementById(id);

// ---- numbers ----

// digits writes v with three significant digits, fewer where they are zeros behind the point.
function digits(v, whole) {
  const s = v.toFixed(whole || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2);
  return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
}

// duration writes nanoseconds as gkhi's tables do: 870ns, 1.23ms, 45.6s, then 12m3s.
function duration(ns) {
  if (ns < 0) return "-" + duration(-ns);
  if (ns >= 60e9) {
    const s = Math.round(ns / 1e9), h = Math.floor(s / 3600);
    return (h ? h + "h" : "") + Math.floor(s / 60) % 60 + "m" + s % 60 + "s";
  }
  for (const [size, unit] of [[1, "ns"], [1e3, "µs"], [1e6, "ms"]]) {
    if (ns / size < 999.5) return digits(ns / size, size === 1) + unit;
  }
  return digits(ns / 1e9) + "s";
}

// moment writes a time since the beginning, to about a thousandth of a span around it.
function moment(ns, span = 1e6) {
  if (ns <= 0) return "0";
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) {
    if (ns >= size) return Number((ns / size).toFixed(clamp(Math.ceil(Math.log10(1000 * size / Math.max(1, span))), 0, 9))) + unit;
  }
  return Math.round(ns) + "ns";
}

// count writes a whole number in groups of three.
const count = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");

// rate writes how often something happens a second.
function rate(v) {
  if (!isFinite(v)) return "–";
  return v >= 1000 ? count(v) : v >= 100 ? v.toFixed(0) : v >= 1 ? v.toFixed(1) : digits(v);
}

function share(part, whole) {
  if (!(whole > 0)) return "–";
  const p = 100 * part / whole;
  return p >= 99.95 ? "100%" : p >= 10 ? p.toFixed(0) + "%" : p >= 0.1 ? p.toFixed(1) + "%" : p > 0 ? "<0.1%" : "0%";
}

const plural = (n, noun) => count(n) + " " + noun + (n === 1 ? "" : "s");

const clamp = (v, lo, hi) => Math.max(lo, Math.min(hi, v));

// ---- names ----

// shortName drops the folders of the import path: server.(*client).parse.
function shortName(name) {
  const bracket = name.indexOf("[");
  const path = bracket < 0 ? name : name.slice(0, bracket);
  return name.slice(path.lastIndexOf("/") + 1);
}

// nameNodes shows a name with its package dimmed.
function nameNodes(name) {
  const short = shortName(name), dot = short.indexOf(".");
  if (dot < 0) return [short];
  return [el("span", { class: "pkg" }, short.slice(0, dot + 1)), short.slice(dot + 1)];
}

// matcher makes a test of names from what was typed: a pattern with * and ? is for a whole name, all else for a part of it.
function matcher(text) {
  text = text.trim();
  if (!text) return null;
  if (!/[*?]/.test(text)) {
    const low = text.toLowerCase();
    return (name) => name.toLowerCase().includes(low);
  }
  // The name of a method, (*T).M, is its own pattern, so a star in parentheses is taken as it is as well.
  const source = text.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, "[^]*").replace(/\?/g, "[^]");
  const re = new RegExp("^" + source + "$", "i");
  return (name) => re.test(name) || re.test(shortName(name));
}

// ---- tooltip ----

const tip = {
  show(x, y, rows) {
    const box = byId("tip");
    box.replaceChildren(...rows);
    box.hidden = false;
    const w = box.offsetWidth, h = box.offsetHeight;
    box.style.left = Math.max(4, Math.min(x + 14, innerWidth - w - 8)) + "px";
    box.style.top = (y + 18 + h > innerHeight ? Math.max(4, y - h - 12) : y + 18) + "px";
  },
  hide() { byId("tip").hidden = true; },
};

// tipRows makes a tooltip's content of a title and pairs.
function tipRows(title, pairs) {
  const list = el("dl");
  for (const [k, v] of pairs) if (v !== undefined) list.append(el("dt", {}, k), el("dd", {}, v));
  return [el("div", { class: "tip-title" }, title), list];
}

// ---- canvas ----

// fitCanvas gives a canvas one pixel for each of the screen's, and returns its context, scaled to CSS pixels.
function fitCanvas(canvas, width, height) {
  const ratio = Math.min(devicePixelRatio || 1, 3);
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return g;
}

// textFitter cuts text to a width. All text is in one monospaced font, so its width is known without measuring each.
function textFitter(g, font) {
  g.font = font;
  const w = g.measureText("mmmmmmmmmm").width / 10;
  return (text, width) => {
    const n = Math.floor(width / w);
    if (text.length <= n) return text;
    return n < 3 ? "" : text.slice(0, n - 1) + "…";
  };
}

// cssColor reads a variable of the style sheet, which differs between light and dark.
const cssColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isDark = () => !printing && matchMedia("(prefers-color-scheme: dark)").matches;
let printing = false;

// onFrame runs f once before the next picture, however often it was asked for.
function onFrame(f) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; f(); });
  };
}
