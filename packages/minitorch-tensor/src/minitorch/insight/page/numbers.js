"use strict";
(() => {
const D = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const H = 34;
let LEFT = 64, RIGHT = 56, GAP = 18;
const esc = (s) => String(s).replace(/[&<>"]/g, (c) => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}[c]));
const last = D.steps.length - 1;
const S = {now: D.error ? last : 0, tab: 0, colour: "kind", folded: new Set(), picked: new Map(), timer: null, table: false, all: false};
D.calls.forEach((call, k) => { if (call.fold) S.folded.add(k); });

// --- numbers -------------------------------------------------------------------------------------

const fround = Math.fround;
function digits(x, single) {  // the fewest that read back as the same number
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (Object.is(x, -0)) return "-0";
  if (!single) return plain(String(x));
  for (let p = 1; p <= 9; p++) { const s = x.toPrecision(p); if (fround(+s) === x) return plain(String(+s)); }
  return String(x);
}
function plain(text) {  // as NumPy writes: 1e-05 from 0.0001 down, else without exponent
  const x = +text, size = Math.abs(x);
  if (size && (size < 1e-4 || size >= 1e9)) {
    const [m, e] = x.toExponential().split("e");
    const n = Math.abs(+e);
    return m + "e" + (+e < 0 ? "-" : "+") + (n < 10 ? "0" + n : n);
  }
  return text;
}
const short = (x) => typeof x !== "number" ? String(x) : Number.isInteger(x) && Math.abs(x) < 1e6 ? String(x) : plain(String(+x.toPrecision(4)));
const bytesText = (n) => n < 1024 ? Math.round(n) + " B" : n < 1 << 20 ? (n / 1024).toFixed(1) + " kB" : (n / (1 << 20)).toFixed(1) + " MB";
const timeText = (s) => s < 1e-3 ? (s * 1e6).toFixed(1) + " µs" : s < 1 ? (s * 1e3).toFixed(2) + " ms" : s.toFixed(2) + " s";
const count = (shape) => shape.reduce((a, b) => a * b, 1);

function array(v) {  // the elements that the page has
  if (v.array !== undefined || v.data === undefined) return v.array;
  if (v.as === "s") return v.array = v.data;
  const raw = atob(v.data), bytes = new Uint8Array(raw.length);
  for (let k = 0; k < raw.length; k++) bytes[k] = raw.charCodeAt(k);
  const kinds = {f: Float32Array, d: Float64Array, i: Int32Array, b: Uint8Array, c: Float64Array};
  return v.array = new kinds[v.as](bytes.buffer);
}
function matrix(v) {  // its rows and columns, and which of them the page has
  if (v.matrix) return v.matrix;
  const wide = v.shape.length ? v.shape[v.shape.length - 1] : 1, high = wide ? count(v.shape) / wide : 0;
  const rows = v.rows || null, columns = v.columns || null;
  return v.matrix = {high, wide, rows, columns, r: rows ? rows.length : high, c: columns ? columns.length : wide};
}
function locate(v, row, column) {  // where the element is among those, -1 where it is not
  const m = matrix(v);
  const r = m.rows ? m.rows.indexOf(row) : row, c = m.columns ? m.columns.indexOf(column) : column;
  return r < 0 || c < 0 || !array(v) ? -1 : r * m.c + c;
}
function raw(v, at) { const a = array(v); return v.as === "c" ? Math.hypot(a[2 * at], a[2 * at + 1]) : +a[at]; }
function text(v, at) {
  const a = array(v);
  if (v.as === "b") return v.dtype === "bool" ? (a[at] ? "True" : "False") : String(a[at]);
  if (v.as === "c") { const im = digits(a[2 * at + 1], v.dtype === "complex64"); return digits(a[2 * at], v.dtype === "complex64") + (im[0] === "-" ? "" : "+") + im + "j"; }
  return v.as === "f" ? digits(a[at], true) : v.as === "d" && v.dtype.startsWith("float") ? digits(a[at], false) : String(a[at]);
}
function flat(v, index) { let k = 0; v.shape.forEach((n, d) => { k = k * n + index[d]; }); return k; }
function unflat(v, k) { const index = []; for (let d = v.shape.length - 1; d >= 0; d--) { index[d] = k % v.shape[d]; k = Math.floor(k / v.shape[d]); } return index; }
function elementAt(v, index) {  // text, or null where the page has no such element
  const wide = matrix(v).wide, k = flat(v, index), at = locate(v, Math.floor(k / wide), k % wide);
  return at < 0 ? null : text(v, at);
}
const indexText = (index) => "[" + index.join(", ") + "]";
function picked(id) {  // the chosen element of a value: at first the largest
  if (!S.picked.has(id)) {
    const v = D.values[id], a = array(v), m = matrix(v);
    let best = 0, size = -1;
    if (a) for (let k = 0; k < m.r * m.c; k++) { const x = Math.abs(raw(v, k)); if (x > size) { size = x; best = k; } }
    const r = m.c ? Math.floor(best / m.c) : 0, c = m.c ? best % m.c : 0;
    S.picked.set(id, [m.rows ? m.rows[r] : r, m.columns ? m.columns[c] : c]);
  }
  return S.picked.get(id);
}

// --- formulas with the numbers in them -----------------------------------------------------------

function plug(template, result) {
  const v = D.values[result], [row, column] = picked(result);
  if (!count(v.shape)) return "<p>It has no elements.</p>";
  const chosen = unflat(v, row * matrix(v).wide + column);
  if (template.derivatives || template.linear) return plugDerivatives(template, v, chosen, row, column);
  const letters = {}, to = template.to.replace("…", "");
  let batch = [];
  if (to !== "*") {
    [...to].reverse().forEach((letter, k) => { letters[letter] = chosen[chosen.length - 1 - k]; });
    batch = chosen.slice(0, chosen.length - to.length);
  }
  const names = {};
  function place(token, alone) {
    const u = D.values[token.v];
    let shape = u.shape, index;
    if (token.i === "*") index = shape.map((n, d) => { const k = chosen[chosen.length - shape.length + d]; return n === 1 || k === undefined ? 0 : k; });
    else if (token.i === "map") {
      const places = D.values[template.map], at = array(places) && !places.rows ? array(places)[flat(v, chosen)] : undefined;
      if (at === undefined) return token.name || u.name;
      if (at < 0) return "0";
      index = unflat(u, at);
    } else {
      const own = token.i.replace("…", "");
      if (token.flat) {
        const wide = shape[shape.length - 1], k = letters[own[0]] * wide + letters[own[1]];
        index = unflat(u, k);
      } else {
        index = [...own].map((letter) => letter === "1" ? 0 : letters[letter]);
        const lead = shape.length - own.length;
        for (let d = lead - 1; d >= 0; d--) { const k = batch[batch.length - lead + d]; index.unshift(shape[d] === 1 || k === undefined ? 0 : k); }
        index = index.map((k, d) => shape[d] === 1 ? 0 : k);
      }
    }
    if (alone && u !== v) { const k = flat(u, index), wide = matrix(u).wide; if (locate(u, Math.floor(k / wide), k % wide) >= 0) S.picked.set(token.v, [Math.floor(k / wide), k % wide]); }
    const said = elementAt(u, index), name = u.name + indexText(index);
    names[u.name] = 1;
    const kind = u.name.startsWith("∂") ? "number g" : "number";
    return `<span class="${kind}" title="${esc(name)}">${esc(said === null ? name : said.startsWith("-") ? "(" + said + ")" : said)}</span>`;
  }
  function size(letter, tokens) {
    for (const token of tokens) if (token.v !== undefined) {
      const own = token.i.replace("…", ""), k = own.indexOf(letter), shape = D.values[token.v].shape;
      if (k >= 0) return token.flat ? (k ? shape[shape.length - 1] : count(shape.slice(0, -1))) : shape[shape.length - own.length + k];
    }
    return 1;
  }
  function written(tokens, alone) {
    return tokens.map((token) => {
      if (typeof token === "string") return esc(token);
      if (token.index) return String(letters[token.index]);
      if (token.v !== undefined) return place(token, alone);
      const sizes = [...token.over].map((letter) => size(letter, token.each)), total = count(sizes);
      const terms = [], most = total <= 8 ? total : 5, before = {...letters};
      for (let k = 0; k < most; k++) {
        let rest = k;
        for (let d = sizes.length - 1; d >= 0; d--) { letters[token.over[d]] = rest % sizes[d]; rest = Math.floor(rest / sizes[d]); }
        terms.push(written(token.each, false));
      }
      Object.assign(letters, before);
      if (total > most) terms.push(`<span class="soft">… ${total - most} more</span>`);
      return terms.join(" + ");
    }).join("");
  }
  const at = locate(v, row, column);
  const html = written(template.t, true);
  return `<p class="formula plugged" id="plugged"><span class="soft">${esc(v.name)}${indexText(chosen)} =</span> <span class="mono">${html}</span> = <span class="number result">${at < 0 ? "?" : esc(text(v, at))}</span></p>`;
}

function plugDerivatives(template, v, chosen, row, column) {  // elements, each times a derivative
  const k = flat(v, chosen), terms = [], at = locate(v, row, column), forward = template.linear !== undefined;
  const start = `<p class="formula plugged" id="plugged"><span class="soft">${esc(v.name)}${indexText(chosen)} =</span> <span class="mono">`;
  const number = (s, kind, title) => `<span class="number${kind}" title="${esc(title)}">${esc(s.startsWith("-") ? "(" + s + ")" : s)}</span>`;
  for (const [derivatives, other] of forward ? [template.linear] : template.derivatives) {
    const d = D.values[derivatives], u = D.values[other], wide = d.shape[1];
    if (d.rows) return "";  // the page has too many values
    for (let j = 0; j < count(u.shape); j++) {
      const place = forward ? j * wide + k : k * wide + j;
      if (+array(d)[place] === 0) continue;
      const index = unflat(u, j), said = elementAt(u, index), name = u.name + indexText(index);
      terms.push(number(said === null ? name : said, forward ? "" : " g", name) + " · " + number(text(d, place), "", forward ? "what it is multiplied by" : "derivative of the result " + indexText(index) + " by this element"));
    }
  }
  const shown = terms.length > 9 ? [...terms.slice(0, 5), `<span class="soft">… ${terms.length - 5} more</span>`] : terms;
  if (forward && template.bias >= 0) { const b = D.values[template.bias]; shown.push(number(elementAt(b, [chosen[1]]), "", b.name + indexText([chosen[1]]))); }
  return start + (shown.join(" + ") || "0") + `</span> = <span class="number result">${at < 0 ? "?" : esc(text(v, at))}</span></p>` + (forward ? "" : '<p class="soft">Each incoming gradient that this element has a part in, times the derivative of its result by the element.</p>');
}

