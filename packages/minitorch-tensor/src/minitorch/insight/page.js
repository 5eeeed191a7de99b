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
const bytesText = (n) => n < 1024 ? n + " B" : n < 1 << 20 ? (n / 1024).toFixed(1) + " kB" : (n / (1 << 20)).toFixed(1) + " MB";
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
  const chosen = unflat(v, row * matrix(v).wide + column);
  if (template.derivatives !== undefined) return plugDerivatives(template, v, chosen, row, column);
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

function plugDerivatives(template, v, chosen, row, column) {  // each g times the derivative of its result
  const k = flat(v, chosen), terms = [];
  const at = locate(v, row, column), start = `<p class="formula plugged" id="plugged"><span class="soft">${esc(v.name)}${indexText(chosen)} =</span> <span class="mono">`;
  for (const [derivatives, incoming] of template.derivatives) {
   const d = D.values[derivatives], g = D.values[incoming], many = d.shape[1];
   if (d.rows) return "";  // the page has too many values
   for (let j = 0; j < many; j++) if (+array(d)[k * many + j] !== 0) {
    const index = unflat(g, j), said = elementAt(g, index), name = g.name + indexText(index);
    const number = (s, kind, title) => `<span class="number${kind}" title="${esc(title)}">${esc(s.startsWith("-") ? "(" + s + ")" : s)}</span>`;
    terms.push(number(said === null ? name : said, " g", name) + " · " + number(text(d, k * many + j), "", "derivative of the result " + indexText(index) + " by this element"));
   }
  }
  const shown = terms.length > 8 ? [...terms.slice(0, 5), `<span class="soft">… ${terms.length - 5} more</span>`] : terms;
  return start + (shown.join(" + ") || "0") + `</span> = <span class="number result">${at < 0 ? "?" : esc(text(v, at))}</span></p><p class="soft">Each incoming gradient that this element has a part in, times the derivative of its result by the element.</p>`;
}

// --- the graph -----------------------------------------------------------------------------------

let items = [], place = [];  // what is drawn, from top to bottom; of each row, where it is
const rowsOfCall = D.calls.map(() => []);
D.rows.forEach((row, k) => { for (let c = row.call; c >= 0; c = D.calls[c].parent) rowsOfCall[c].push(k); });
const consumers = D.rows.map(() => []);
D.rows.forEach((row, k) => row.from.forEach((f) => consumers[f].push(k)));
function chain(call) { const found = []; for (; call >= 0; call = D.calls[call].parent) found.unshift(call); return found; }
function arrange() {
  items = []; place = [];
  let open = [];
  D.rows.forEach((row, k) => {
    const path = chain(row.call);
    let depth = 0, hidden = false;
    for (; depth < path.length; depth++) {
      if (open[depth] !== path[depth]) { open = path.slice(0, depth + 1); items.push({call: path[depth], depth, first: k}); if (S.folded.has(path[depth])) { hidden = true; break; } }
      else if (S.folded.has(path[depth])) { hidden = true; break; }
    }
    open = path.slice(0, hidden ? depth + 1 : path.length);
    if (!hidden) items.push({row: k, depth: path.length});
    place[k] = items.length - 1;
  });
  $("space").style.height = items.length * H + 24 + "px";
}
function normOf(id) { const f = D.values[id] && D.values[id].figures; return f ? +f[2] : NaN; }
const measures = {
  norm: (s) => s.kind === "gradient" ? Math.max(...s.grads.map((g) => normOf(g.reduced)), NaN < 0 ? 0 : -1) : s.out.length ? NaN : NaN,
  range: (s) => { const id = s.kind === "gradient" && s.grads.length ? s.grads[0].reduced : s.out[0]; const f = id === undefined ? null : D.values[id].figures; return f ? +f[1] - +f[0] : NaN; },
  seconds: (s) => s.seconds > 0 ? s.seconds : NaN,
  bytes: (s) => s.kind === "gradient" ? s.grads.reduce((a, g) => a + D.values[g.value].bytes, 0) : s.bytes > 0 ? s.bytes : NaN,
};
measures.norm = (s) => {
  const ids = s.kind === "gradient" ? s.grads.map((g) => g.reduced) : ["sum", "accumulate"].includes(s.kind) ? s.out : ["captured", "backward"].includes(s.kind) ? s.in : [];
  const found = ids.map(normOf).filter(Number.isFinite);
  return found.length ? Math.max(...found) : NaN;
};
let scale = null;
function measure() {
  scale = null;
  if (S.colour === "kind") return;
  const all = D.steps.map(measures[S.colour]).filter((x) => Number.isFinite(x) && x > 0);
  if (all.length) { const lows = all.reduce((a, b) => Math.min(a, b)), highs = all.reduce((a, b) => Math.max(a, b)); scale = [Math.log(lows), Math.log(highs)]; }
}
function heat(share) {  // of 0 to 1, between paper and the strong colour
  const style = getComputedStyle(document.documentElement);
  const mix = (a, b) => a.map((x, k) => Math.round(x + (b[k] - x) * share));
  const from = style.getPropertyValue("--middle").split(",").map(Number), to = style.getPropertyValue("--high").split(",").map(Number);
  return `rgb(${mix(from, to.map((x, k) => Math.round(from[k] + (x - from[k]) * .8)))})`;
}
function fill(step, kind) {
  if (S.colour !== "kind" && step) {
    const x = measures[S.colour](step);
    if (!scale || !Number.isFinite(x)) return "var(--paper)";
    if (x <= 0) return heat(0);
    return heat(scale[1] > scale[0] ? (Math.log(x) - scale[0]) / (scale[1] - scale[0]) : .5);
  }
  return {given: "var(--given)", view: "var(--view)", write: "var(--write)", draw: "var(--draw)", optimizer: "var(--optimizer)", error: "var(--error)"}[kind] || "var(--forward)";
}
function legend() {
  const kinds = [["forward", "operation"], ["given", "given"], ["view", "view"], ["draw", "random draw"], ["write", "write in place"], ["backward", "gradient"], ["optimizer", "optimizer"], ["error", "error"]];
  const used = new Set(D.steps.map((s) => ({operation: "forward", gradient: "backward", accumulate: "backward"}[s.kind] || s.kind)));
  $("legend").innerHTML = S.colour === "kind"
    ? kinds.filter(([k]) => used.has(k)).map(([k, name]) => `<span><i style="background:var(--${k})"></i>${name}</span>`).join("")
    : scale ? [0, .25, .5, .75, 1].map((s) => { const x = Math.exp(scale[0] + s * (scale[1] - scale[0])); return `<span><i style="background:${heat(s)}"></i>${S.colour === "seconds" ? timeText(x) : S.colour === "bytes" ? bytesText(x) : short(x)}</span>`; }).join("") : "nothing to measure";
}
const clip = (s, width) => { const most = Math.max(3, Math.floor(width / 7.55)); return s.length > most ? s.slice(0, most - 1) + "…" : s; };
function valueWord(id) {
  const v = D.values[id];
  if (!v) return "";
  if (count(v.shape) === 1 && array(v)) return text(v, 0);
  return "[" + v.shape.join(", ") + "]";
}
function cellWord(step) {
  if (step.kind === "sum") return "+";
  const id = step.kind === "accumulate" ? step.out[0] : step.kind === "gradient" || step.kind === "captured" || step.kind === "backward" ? step.in[0] : undefined;
  const v = D.values[id];
  if (!v) return step.label;
  const small = count(v.shape) === 1 && array(v) ? text(v, 0) : "‖" + short(normOf(id)) + "‖";
  return (step.kind === "accumulate" ? ".grad " : step.kind === "captured" ? "asked " : "g ") + small;
}
function geometry() {
  const width = $("scroller").clientWidth || 600, columns = Math.max(D.columns, 0);
  const small = width < 520;
  [LEFT, RIGHT, GAP] = small ? [34, 30, 14] : [64, 56, 18];
  const cell = columns ? Math.max(small ? 104 : 150, Math.min(230, (width - LEFT - RIGHT - 250) / columns - GAP)) : 0;
  const box = Math.max(small ? 150 : 210, width - LEFT - RIGHT - columns * (cell + GAP) - 8);
  return {width: Math.max(width, LEFT + box + columns * (cell + GAP) + RIGHT), cell, box, column: (c) => LEFT + box + GAP + c * (cell + GAP)};
}
let queued = false;
function draw() { if (!queued) { queued = true; requestAnimationFrame(() => { queued = false; paint(); }); } }
function paint() {
  const scroller = $("scroller"), g = geometry(), current = D.steps[S.now];
  const top = S.all ? 0 : Math.max(0, Math.floor(scroller.scrollTop / H) - 8);
  const bottom = S.all ? items.length : Math.min(items.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / H) + 8);
  const y = (k) => k * H + 8 - top * H, edges = [], boxes = [], options = [], drawn = new Set();
  const nowRow = current ? current.row : -1, back = current && ["gradient", "sum", "accumulate", "captured", "backward"].includes(current.kind);
  function forwardEdge(a, b) {  // of items
    const key = a + "-" + b;
    if (drawn.has(key) || a === b) return;
    drawn.add(key);
    const r1 = items[a], r2 = items[b], now = !back && nowRow >= 0 && place[nowRow] === b && D.rows[nowRow].from.some((f) => place[f] === a) ? " now" : "";
    const x1 = LEFT + (r1.depth || 0) * 8, x2 = LEFT + (r2.depth || 0) * 8;
    if (b - a === 1) edges.push(`<path class="edge${now}" d="M${x1 + 14} ${y(a) + H - 8} L${x2 + 14} ${y(b)}"/>`);
    else { const bulge = Math.min(50, 10 + 5 * Math.log2(b - a)); edges.push(`<path class="edge${now}" d="M${x1} ${y(a) + 14} C${x1 - bulge} ${y(a) + 14} ${x2 - bulge} ${y(b) + 10} ${x2} ${y(b) + 10}"/>`); }
  }
  function backwardEdge(from, to, column, now) {  // up again, from the cell of one item to another's
    const key = "b" + from + "-" + to + "-" + column;
    if (drawn.has(key) || from === to) return;
    drawn.add(key);
    const x = g.column(column) + g.cell, a = y(from) + 13, b = y(to) + 17;
    const bulge = Math.min(44, 8 + 5 * Math.log2(Math.abs(from - to) + 1));
    if (from - to === 1) edges.push(`<path class="edge back${now}" d="M${x - 16} ${y(from)} L${x - 16} ${y(to) + H - 8}"/>`);
    else edges.push(`<path class="edge back${now}" d="M${x} ${a} C${x + bulge} ${a} ${x + bulge} ${b} ${x} ${b}"/>`);
  }
  function cellOf(row, list, column, yy) {
    const x = g.column(column), sums = list.filter((s) => D.steps[s].kind === "sum" || D.steps[s].kind === "backward");
    let main = list.filter((s) => !sums.includes(s));
    const all = main.length;
    if (all > 2) main = [main.includes(S.now) ? S.now : main.filter((s) => s <= S.now).pop() ?? main[0]];  // of many passes
    const told = all > 2 ? ` (${list.filter((s) => !sums.includes(s)).indexOf(main[0]) + 1} of ${all})` : "";
    const width = main.length > 1 ? (g.cell - 4 * (main.length - 1)) / main.length : g.cell;
    main.forEach((s, k) => {
      const step = D.steps[s], cx = x + k * (width + 4);
      boxes.push(`<g class="${s > S.now ? "future" : ""}"><rect class="box${s === S.now ? " now" : ""}" data-step="${s}" x="${cx}" y="${yy}" width="${width}" height="${H - 8}" rx="13" fill="${S.colour === "kind" ? "var(--backward)" : fill(step)}"/><text x="${cx + 12}" y="${yy + 17}">${esc(clip(s <= S.now ? cellWord(step) + told : "", width - 22))}</text></g>`);
    });
    sums.forEach((s, k) => boxes.push(`<g class="${s > S.now ? "future" : ""}"><circle class="box${s === S.now ? " now" : ""}" data-step="${s}" cx="${x - 4 + k * 5}" cy="${yy + 13}" r="8" fill="var(--backward)"/><text x="${x - 8 + k * 5}" y="${yy + 17}">${D.steps[s].kind === "sum" ? "+" : "1"}</text></g>`));
  }
  for (let k = top; k < bottom; k++) {
    const item = items[k], yy = y(k);
    if (item.call !== undefined) {
      const call = D.calls[item.call], shut = S.folded.has(item.call), x = LEFT + item.depth * 8;
      const inside = rowsOfCall[item.call], has = shut && nowRow >= 0 && inside.includes(nowRow);
      const done = inside.some((r) => D.rows[r].step <= S.now);
      const name = (call.name ? call.name + ": " : "") + (call.name === call.kind ? "" : call.kind);
      const outs = D.rows[inside[inside.length - 1]].values;
      const told = shut ? ` · ${inside.length} step${inside.length === 1 ? "" : "s"}` + (outs.length ? " → " + valueWord(outs[0]) : "") : "";
      boxes.push(`<g class="${done ? "" : "future"}"><rect class="box${has ? " now" : ""}" data-call="${item.call}" x="${x}" y="${yy}" width="${g.box - item.depth * 8}" height="${H - 8}" rx="6" fill="${shut ? "var(--forward)" : "transparent"}" ${shut ? "" : 'style="stroke:none"'}/><text class="call" x="${x + 8}" y="${yy + 17}">${esc(clip((shut ? "▸ " : "▾ ") + name + told, g.box - item.depth * 8 - 16))}</text></g>`);
      options.push({k, label: `${shut ? "folded" : "unfolded"} module ${name}, ${inside.length} steps`, now: has});
      if (shut) for (let c = 0; c < D.columns; c++) {
        const inner = inside.flatMap((r) => D.rows[r].cells.filter(([col]) => col === c).flatMap(([, list]) => list));
        if (!inner.length) continue;
        const reached = inner.filter((s) => s <= S.now), here = inner.includes(S.now), cx = g.column(c);
        boxes.push(`<g class="${reached.length ? "" : "future"}"><rect class="box${here ? " now" : ""}" data-step="${Math.min(...inner)}" x="${cx}" y="${yy}" width="${g.cell}" height="${H - 8}" rx="13" fill="var(--backward)"/><text x="${cx + 12}" y="${yy + 17}">${reached.length} of ${inner.length} steps</text></g>`);
      }
      for (const r of inside) if (shut) { D.rows[r].from.forEach((f) => forwardEdge(place[f], k)); consumers[r].forEach((f) => forwardEdge(k, place[f])); }
      continue;
    }
    const row = D.rows[item.row], step = D.steps[row.step], x = LEFT + item.depth * 8, width = g.box - item.depth * 8;
    const future = row.step > S.now, now = row.step === S.now && row.step >= 0;
    const word = !future && row.values.length ? valueWord(row.values[0]) : "";
    const room = width - 22 - word.length * 6.7;
    boxes.push(`<g class="${future ? "future" : ""}"><rect class="box${now ? " now" : ""}" data-step="${row.step}" x="${x}" y="${yy}" width="${width}" height="${H - 8}" rx="6" fill="${fill(step, row.kind)}" ${row.inside ? 'stroke-dasharray="4 3"' : ""}/><text x="${x + 9}" y="${yy + 17}">${esc(clip(row.label.length * 7.55 > room ? row.brief : row.label, room))}</text><text class="small" x="${x + width - 8}" y="${yy + 17}" text-anchor="end">${esc(clip(word, width / 2))}</text></g>`);
    options.push({k, label: `${row.label} ${word}`, now: nowRow === item.row});
    row.from.forEach((f) => forwardEdge(place[f], k));
    consumers[item.row].forEach((f) => forwardEdge(k, place[f]));
    for (const [column, list] of row.cells) {
      cellOf(item.row, list, column, yy);
      for (const s of list) if (D.steps[s].kind === "gradient") for (const d of D.steps[s].grads) if (d.row >= 0) backwardEdge(k, place[d.row], column, s === S.now ? " now" : "");
    }
  }
  const svg = $("drawing");
  svg.setAttribute("width", g.width); svg.setAttribute("height", (bottom - top) * H + 24);
  svg.style.top = top * H + "px";
  svg.innerHTML = edges.join("") + boxes.join("");
  $("space").style.width = g.width + "px";
  $("options").innerHTML = options.map((o) => `<div role="option" id="option-${o.k}" aria-selected="${o.now}" style="top:${o.k * H}px">${esc(o.label)}</div>`).join("");
  const here = options.find((o) => o.now);
  if (here) scroller.setAttribute("aria-activedescendant", "option-" + here.k); else scroller.removeAttribute("aria-activedescendant");
}
function reveal() {
  const step = D.steps[S.now];
  if (!step || step.row < 0) return;
  const scroller = $("scroller"), y = place[step.row] * H;
  if (y < scroller.scrollTop + H || y > scroller.scrollTop + scroller.clientHeight - 2 * H) scroller.scrollTop = y - scroller.clientHeight / 2;
}

// --- the source ----------------------------------------------------------------------------------

const firstAt = new Map();
D.steps.forEach((step, k) => { if (step.place) { const key = step.place.join(":"); if (!firstAt.has(key)) firstAt.set(key, k); } });
$("source").innerHTML = D.files.map((file, f) => `<h3>${esc(file.name)}</h3><div class="lines mono">` + file.lines.map((line) => line === null ? '<div class="gap" aria-hidden="true">⋮</div>' : `<button data-line="${f}:${line[0]}" class="mono ${firstAt.has(f + ":" + line[0]) ? "ran" : ""}" ${firstAt.has(f + ":" + line[0]) ? "" : "disabled"}><b>${line[0]}</b><span>${esc(line[1]) || " "}</span></button>`).join("") + "</div>").join("") || '<p class="gap">No source here</p>';
$("source").innerHTML += `<details class="gap"><summary>The run as a program</summary><pre>${esc(D.code)}</pre></details>`;
$("source").addEventListener("click", (e) => { const b = e.target.closest("[data-line]"); if (b && firstAt.has(b.dataset.line)) go(firstAt.get(b.dataset.line)); });
function markSource(step) {
  document.querySelectorAll("#source .here, #source .also").forEach((b) => b.classList.remove("here", "also"));
  const line = step.place && document.querySelector(`#source [data-line="${step.place.join(":")}"]`);
  if (line) {
    line.classList.add("here");
    const pane = $("source"), box = line.getBoundingClientRect(), outer = pane.getBoundingClientRect();
    if (pane.scrollHeight > pane.clientHeight && (box.top < outer.top || box.bottom > outer.bottom)) pane.scrollTop += box.top - outer.top - pane.clientHeight / 2;
  }
  if (step.pass) {
    const begin = D.steps.find((s) => s.kind === "backward" && s.pass === step.pass);
    const b = begin && begin.place && document.querySelector(`#source [data-line="${begin.place.join(":")}"]`);
    if (b && b !== line) b.classList.add("also");
  }
}

// --- the selected step ---------------------------------------------------------------------------

const sourceText = (k, title) => { if (k === undefined || k < 0) return ""; const s = D.sources[k]; return `<p class="where">${title} · ${esc(s.file)}, line ${s.line}</p><pre><code>${esc(s.text)}</code></pre>`; };
function valueCard(id, role) {
  const v = D.values[id], f = v.figures, m = matrix(v);
  const sampled = m.rows && (m.r < m.high || m.c < m.wide) ? ` · ${m.r} × ${m.c} of ${m.high} × ${m.wide} elements shown` : "";
  return `<div class="value" data-value="${id}"><div class="head"><b class="mono">${esc(v.name)}</b><span class="soft">${role ? esc(role) + " · " : ""}[${v.shape.join(", ")}] ${esc(v.dtype)}</span></div>` +
    (f ? `<div class="soft">${count(v.shape) > 1 ? `${short(f[0])} … ${short(f[1])} · mean ${short(f[3])} · norm ${short(f[2])}` : ""}${sampled}</div>` : v.data === undefined ? '<div class="soft">no values</div>' : "") +
    (v.data !== undefined && m.r * m.c > 1 ? '<div class="picture"></div><div class="numbers"></div>' : v.data !== undefined && m.r * m.c === 1 ? `<div class="number" data-lone="1">${esc(text(v, 0))}</div>` : "") + "</div>";
}
function paintValue(card) {
  const id = +card.dataset.value, v = D.values[id], m = matrix(v), picture = card.querySelector(".picture");
  if (!picture) return;
  const n = m.r * m.c, a = [];
  for (let k = 0; k < n; k++) a.push(raw(v, k));
  const tall = m.c === 1 && m.r > 1, rows = tall ? 1 : m.r, columns = tall ? m.r : m.c;
  const cell = Math.max(1, Math.min(18, Math.floor(Math.min(250 / columns, 150 / rows))));
  picture.innerHTML = `<canvas width="${columns * cell}" height="${rows * cell}" style="width:${Math.max(columns * cell, 24)}px;height:${Math.max(rows * cell, 14)}px" tabindex="0" role="application"></canvas>`;
  const canvas = picture.firstChild, pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const [low, middle, high] = ["--low", "--middle", "--high"].map((name) => style.getPropertyValue(name).split(",").map(Number));
  const top = a.reduce((x, y) => Number.isFinite(y) ? Math.max(x, Math.abs(y)) : x, 0) || 1;
  for (let k = 0; k < n; k++) {
    const share = Math.max(-1, Math.min(1, a[k] / top)), end = share < 0 ? low : high, s = Math.abs(share);
    pen.fillStyle = Number.isNaN(a[k]) ? "#a0f" : `rgb(${middle.map((x, d) => Math.round(x + (end[d] - x) * s))})`;
    pen.fillRect((tall ? k : k % m.c) * cell, (tall ? 0 : Math.floor(k / m.c)) * cell, cell, cell);
  }
  const [row, column] = picked(id), r = m.rows ? m.rows.indexOf(row) : row, c = m.columns ? m.columns.indexOf(column) : column;
  const [px, py] = tall ? [r, 0] : [c, r];
  pen.strokeStyle = style.getPropertyValue("--ink"); pen.lineWidth = Math.max(1, cell / 6);
  pen.strokeRect(px * cell + .5, py * cell + .5, Math.max(cell - 1, 2), Math.max(cell - 1, 2));
  const said = `${v.name}${indexText(unflat(v, row * m.wide + column))} = ${text(v, r * m.c + c)}`;
  canvas.setAttribute("aria-label", `Heat map of ${v.name}; arrow keys choose an element. ${said}`);
  canvas.title = said;
  const pick = (rr, cc) => {
    const chosen = [m.rows ? m.rows[rr] : rr, m.columns ? m.columns[cc] : cc], result = D.values[S.result];
    S.picked.set(id, chosen);
    if (result && String(result.shape) === String(v.shape)) S.picked.set(S.result, chosen);  // whose formula is shown
    const focused = document.activeElement === canvas; detail(); if (focused) { const again = document.querySelector(`[data-value="${id}"] canvas`); if (again) again.focus(); } };
  canvas.onclick = (e) => { const x = Math.floor(e.offsetX / canvas.clientWidth * columns), yy = Math.floor(e.offsetY / canvas.clientHeight * rows); const [rr, cc] = tall ? [x, 0] : [yy, x]; pick(Math.max(0, Math.min(m.r - 1, rr)), Math.max(0, Math.min(m.c - 1, cc))); };
  canvas.onkeydown = (e) => {
    const move = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[e.key];
    if (!move) return;
    e.preventDefault(); e.stopPropagation();
    const [dr, dc] = tall ? [move[1], 0] : move;
    pick(Math.max(0, Math.min(m.r - 1, r + dr)), Math.max(0, Math.min(m.c - 1, c + dc)));
  };
  if (n > 24) picture.insertAdjacentHTML("beforeend", histogram(a));
  const r0 = Math.max(0, Math.min(m.r - 5, r - 2)), c0 = Math.max(0, Math.min(m.c - 5, c - 2)), r1 = Math.min(m.r, r0 + 5), c1 = Math.min(m.c, c0 + 5);
  let html = "<table><tr><th></th>";
  for (let k = c0; k < c1; k++) html += `<th scope="col">${m.columns ? m.columns[k] : k}</th>`;
  for (let i = r0; i < r1; i++) {
    html += `</tr><tr><th scope="row">${m.rows ? m.rows[i] : i}</th>`;
    for (let k = c0; k < c1; k++) html += `<td class="number${i === r && k === c ? " picked" : ""}" data-at="${i},${k}">${esc(text(v, i * m.c + k))}</td>`;
  }
  const numbers = card.querySelector(".numbers");
  numbers.innerHTML = html + "</tr></table>";
  numbers.onclick = (e) => { const td = e.target.closest("[data-at]"); if (td) pick(...td.dataset.at.split(",").map(Number)); };
}
function histogram(a) {
  const fine = a.filter(Number.isFinite), low = fine.reduce((x, y) => Math.min(x, y), Infinity), high = fine.reduce((x, y) => Math.max(x, y), -Infinity);
  if (!fine.length || low === high) return "";
  const bins = new Array(24).fill(0);
  for (const x of fine) bins[Math.min(23, Math.floor((x - low) / (high - low) * 24))]++;
  const most = Math.max(...bins);
  return `<svg width="150" height="70" role="img" aria-label="Histogram from ${short(low)} to ${short(high)}">` + bins.map((b, k) => `<rect x="${k * 6 + 2}" y="${52 - 48 * b / most}" width="5" height="${48 * b / most}"/>`).join("") + `<text x="0" y="65">${short(low)}</text><text x="148" y="65" text-anchor="end">${short(high)}</text></svg>`;
}
function broadcasting(ids, names, out) {
  if (!out) return "";
  const shape = D.values[out[0]] ? D.values[out[0]].shape : [], told = [];
  ids.forEach((id, k) => {
    const v = D.values[id];
    if (typeof id !== "number" || !v || !v.shape.length && !shape.length) return;
    const lead = shape.length - v.shape.length;
    if (lead < 0) return;
    if (!v.shape.every((n, d) => n === 1 || n === shape[lead + d])) return;
    const axes = shape.map((n, d) => d < lead || v.shape[d - lead] !== n ? d : -1).filter((d) => d >= 0);
    if (axes.length) told.push(`${esc(v.name)} [${v.shape.join(", ")}] is repeated along dimension${axes.length > 1 ? "s" : ""} ${axes.join(", ")} to [${shape.join(", ")}]`);
  });
  return told.map((t) => `<p>${t}.</p>`).join("");
}
const KINDS = {given: "given", operation: "operation", view: "view", draw: "random draw", write: "write in place", backward: "backward begins", gradient: "gradient", sum: "gradients meet", accumulate: "into .grad", captured: "asked for", optimizer: "optimizer step", error: "error"};
function detail() {
  const step = D.steps[S.now], pane = $("detail");
  if (!step) { pane.innerHTML = "<p>Nothing ran.</p>"; return; }
  const path = chain(step.call).map((c) => (D.calls[c].name ? D.calls[c].name + ": " : "") + D.calls[c].kind).join(" › ");
  const op = step.op >= 0 ? D.operations[step.op] : null;
  let html = `<h2 class="mono">${esc(step.label)}</h2><p><span class="badge">${KINDS[step.kind]}</span><span class="soft">${step.pass ? `backward pass ${step.pass} · ` : ""}${path ? esc(path) + " · " : ""}${step.place ? `line ${step.place[1]}` : ""}</span></p>`;
  if (step.message) html += `<p class="message">${esc(step.message)}</p>`;
  const cards = [];
  if (step.kind === "gradient") {
    S.tab = Math.min(S.tab, Math.max(0, step.grads.length - 1));
    if (step.grads.length > 1) html += `<div class="tabs" role="tablist" aria-label="Gradient of">` + step.grads.map((d, k) => `<button role="tab" data-tab="${k}" aria-selected="${k === S.tab}" aria-pressed="${k === S.tab}">∂${esc(d.name)}${d.of ? " · " + esc(d.of) : ""}</button>`).join("") + "</div>";
    const d = step.grads[S.tab];
    if (d) {
      if (d.formula) html += `<h3>Formula</h3><p class="formula">${esc(d.formula)}</p>`;
      if (step.op >= 0 && op.formula) html += `<p class="soft">of ${esc(op.formula)}, g being the gradient of the result</p>`;
      if (d.template) html += `<h3>With the numbers of this run</h3>${plug(d.template, d.value)}<p class="soft">Choose another element in the heat map of ${esc(D.values[d.value].name)}.</p>`;
      if (d.axes.length) html += `<h3>Broadcasting undone</h3><p>${esc(D.values[d.value].name)} [${D.values[d.value].shape.join(", ")}] is summed over dimension${d.axes.length > 1 ? "s" : ""} ${d.axes.join(", ")} to [${D.values[d.reduced].shape.join(", ")}], the shape of ${esc(d.of || d.name)}.</p>`;
      html += `<h3>The rule in the source</h3>` + sourceText(d.rule, op && op.definition >= 0 ? "backward kernel" : "rule");
      if (op) { html += sourceText(op.declared, "declaration"); if (op.definition !== undefined) html += sourceText(op.definition, "definition, which create_graph differentiates"); }
      cards.push([d.value, "gradient that the rule gives"]);
      if (d.reduced !== d.value) cards.push([d.reduced, "summed"]);
    } else html += "<p>No input wanted a gradient.</p>";
    step.in.forEach((id) => cards.push([id, "incoming gradient g"]));
    (step.saved || []).forEach(([name, id]) => cards.push([id, "saved as " + name]));
    if (step.forward) {
      step.forward.in.forEach((id, k) => { if (typeof id === "number") cards.push([id, "input " + (step.forward.names[k] || "")]); });
      step.forward.out.forEach((id) => cards.push([id, "result"]));
    }
  } else if (step.kind === "optimizer") {
    html += `<h3>Settings</h3><p class="mono">${step.params.map(([k, x]) => esc(`${k}=${x}`)).join(", ")}</p><h3>Parameters</h3><table><tr><th>parameter</th><th>norm of gradient</th><th>norm before</th><th>after</th></tr>` +
      step.changes.map(([b, g, a]) => `<tr><td class="mono">${esc(D.values[b].name)}</td><td class="n">${short(normOf(g))}</td><td class="n">${short(normOf(b))}</td><td class="n">${short(normOf(a))}</td></tr>`).join("") + "</table>";
    step.changes.slice(0, 6).forEach(([b, g, a]) => cards.push([b, "before"], [g, "gradient"], [a, "after"]));
  } else {
    if (op && op.formula) html += `<h3>Formula</h3><p class="formula">${esc(op.formula)}</p>`;
    if (step.template && step.out.length) html += `<h3>With the numbers of this run</h3>${plug(step.template, step.out[0])}<p class="soft">Choose another element in the heat map of ${esc(D.values[step.out[0]].name)}.</p>`;
    if (step.kind === "error") html += `<h3>The shapes that met</h3><table><tr><th>input</th><th>shape</th></tr>` + step.in.map((id, k) => `<tr><td class="mono">${esc(typeof id === "number" ? D.values[id].name : (step.names[k] || ""))}</td><td class="mono">${esc(typeof id === "number" ? "[" + D.values[id].shape.join(", ") + "]" : id)}</td></tr>`).join("") + "</table>";
    if (step.kind === "sum") html += `<p>Two gradients of one tensor meet and are added.</p>`;
    if (step.kind === "backward") html += `<p>The gradient of the result itself: where the pass begins.</p>`;
    if (step.kind === "accumulate") html += `<p>${step.in.length > 1 ? "Added to what .grad held: " : "The first gradient to arrive; .grad was None: "}<span class="mono">${esc(step.label)}</span></p>`;
    const told = ["operation", "view"].includes(step.kind) ? broadcasting(step.in, step.names, step.out) : "";
    if (told) html += `<h3>Broadcasting</h3>${told}`;
    if (op) {
      html += "<h3>In the source</h3>" + sourceText(op.declared, "declaration");
      if (op.definition !== undefined) html += sourceText(op.definition, "definition");
      if (op.kernel !== undefined) html += sourceText(op.kernel, "kernel");
    }
    step.out.forEach((id) => cards.push([id, step.kind === "accumulate" ? ".grad now" : "result"]));
    (step.in || []).forEach((id, k) => { if (typeof id === "number") cards.push([id, step.kind === "accumulate" ? (k ? ".grad before" : "arrives") : step.names && step.names[k] ? "input " + step.names[k] : ""]); });
    const numbers = (step.in || []).map((x, k) => typeof x === "number" ? null : `${(step.names || [])[k] || "input"}=${x}`).filter(Boolean).concat((step.params || []).map(([k, x]) => `${k}=${x}`));
    if (numbers.length && step.kind !== "error") html += `<h3>Parameters</h3><p class="mono">${esc(numbers.join(", "))}</p>`;
  }
  html += `<h3>Values</h3>` + cards.filter(([id], k) => cards.findIndex(([other]) => other === id) === k).map(([id, role]) => valueCard(id, role)).join("");
  const bytes = measures.bytes(step);
  html += `<h3>Cost</h3><p>${step.seconds ? timeText(step.seconds) + (step.kind === "gradient" ? " for this rule" : "") : "time not measured"}, ${Number.isFinite(bytes) && bytes ? bytesText(bytes) + " of results" : step.kind === "view" ? "no memory: it shares its input's" : "no memory of its own"}</p>`;
  S.result = step.kind === "gradient" ? step.grads.length && step.grads[S.tab].template ? step.grads[S.tab].value : -1 : step.template && step.out.length ? step.out[0] : -1;
  pane.innerHTML = html;
  pane.querySelectorAll(".value").forEach(paintValue);
  pane.querySelectorAll("[data-tab]").forEach((b) => b.addEventListener("click", () => { S.tab = +b.dataset.tab; detail(); pane.querySelector(`[data-tab="${S.tab}"]`).focus(); }));
}

// --- walking -------------------------------------------------------------------------------------

function go(k, quiet) {
  if (k !== S.now) S.tab = 0;
  S.now = Math.max(0, Math.min(last, k));
  const step = D.steps[S.now];
  $("slider").value = S.now;
  $("position").textContent = last < 0 ? "no steps" : `${S.now + 1} of ${last + 1}`;
  if (!step) { detail(); return; }
  $("slider").setAttribute("aria-valuetext", `step ${S.now + 1} of ${last + 1}: ${step.label}`);
  if (!quiet) reveal();
  draw(); markSource(step); detail();
  if (!S.timer) $("told").textContent = `Step ${S.now + 1} of ${last + 1}, ${KINDS[step.kind]}: ${step.label}`;
  if (S.table) markTable();
}
function play(on) {
  clearInterval(S.timer); S.timer = null;
  if (on && last > 0) {
    if (S.now >= last) go(0);
    S.timer = setInterval(() => { if (S.now >= last) play(false); else go(S.now + 1); }, +$("speed").value);
  }
  $("play").textContent = S.timer ? "Pause" : "Play";
  $("play").setAttribute("aria-label", S.timer ? "Pause" : "Play");
  $("play").setAttribute("aria-pressed", String(!!S.timer));
}
function nextRow(by) {
  const step = D.steps[S.now], at = step && step.row >= 0 ? place[step.row] : 0;
  for (let k = at + by; k >= 0 && k < items.length; k += by) {
    const row = items[k].row !== undefined ? D.rows[items[k].row] : D.rows[items[k].first];
    if (row.step >= 0) { go(row.step); return; }
  }
}
function toggleFold(call) { S.folded.has(call) ? S.folded.delete(call) : S.folded.add(call); arrange(); draw(); foldLabel(); }
function foldLabel() { $("fold").textContent = S.folded.size ? "Unfold modules" : "Fold modules"; $("fold").disabled = !D.calls.length; }
function markTable() {
  const box = $("table");
  if (!box.firstChild) box.innerHTML = "<table><caption class=unseen>All steps in the order of time</caption><thead><tr><th>#</th><th>kind</th><th>step</th><th>line</th><th>result</th><th>norm of gradient</th><th>time</th></tr></thead><tbody>" +
    D.steps.map((s, k) => { const ids = s.kind === "gradient" ? s.grads.map((d) => d.reduced) : s.out; return `<tr data-row="${k}"><td class="n">${k + 1}</td><td>${KINDS[s.kind]}</td><td class="mono"><button data-go="${k}">${esc(s.label)}</button></td><td class="n">${s.place ? s.place[1] : ""}</td><td class="mono">${esc(ids.map((id) => D.values[id].name + " " + valueWord(id)).join("; "))}</td><td class="n">${Number.isFinite(measures.norm(s)) ? short(measures.norm(s)) : ""}</td><td class="n">${s.seconds ? timeText(s.seconds) : ""}</td></tr>`; }).join("") + "</tbody></table>";
  box.querySelectorAll("tr.now").forEach((tr) => tr.classList.remove("now"));
  const tr = box.querySelector(`[data-row="${S.now}"]`);
  if (tr) tr.classList.add("now");
}
function showTable(on) { S.table = on; $("table").hidden = !on; $("scroller").hidden = on; $("table-switch").setAttribute("aria-pressed", String(on)); if (on) markTable(); else draw(); }

$("first").onclick = () => go(0); $("last").onclick = () => go(last); $("next").onclick = () => go(S.now + 1); $("previous").onclick = () => go(S.now - 1);
$("play").onclick = () => play(!S.timer);
$("slider").max = Math.max(last, 0); $("slider").oninput = (e) => { play(false); go(+e.target.value); };
$("speed").onchange = () => { if (S.timer) play(true); };
$("colour").onchange = (e) => { S.colour = e.target.value; measure(); legend(); draw(); };
$("fold").onclick = () => { if (S.folded.size) S.folded.clear(); else D.calls.forEach((c, k) => { if (c.parent >= 0 || c.kind === "Optimizer" || c.kind === "Function" || !D.calls.some((x) => x.parent === k)) S.folded.add(k); }); arrange(); reveal(); draw(); foldLabel(); };
$("table-switch").onclick = () => showTable(!S.table);
$("table").onclick = (e) => { const b = e.target.closest("[data-go]"); if (b) go(+b.dataset.go); };
$("theme").onclick = () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark"; legend(); draw(); detail();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { legend(); draw(); detail(); });
$("scroller").addEventListener("scroll", draw, {passive: true});
$("drawing").addEventListener("click", (e) => {
  const box = e.target.closest("[data-step],[data-call]");
  if (!box) return;
  $("scroller").focus({preventScroll: true});
  if (box.dataset.call !== undefined) toggleFold(+box.dataset.call);
  else if (+box.dataset.step >= 0) { play(false); go(+box.dataset.step, true); }
});
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
  const typing = e.target.tagName === "BUTTON" && (e.key === " " || e.key === "Enter");
  if (typing) return;
  const graph = document.activeElement === $("scroller");
  const keys = {
    ArrowRight: () => go(S.now + 1), ArrowLeft: () => go(S.now - 1), Home: () => go(0), End: () => go(last), " ": () => play(!S.timer),
    PageDown: () => go(S.now + 10), PageUp: () => go(S.now - 10),
    ...(graph ? {ArrowDown: () => nextRow(1), ArrowUp: () => nextRow(-1), Enter: () => { const s = D.steps[S.now]; if (s && s.row >= 0 && D.rows[s.row].call >= 0) toggleFold(chain(D.rows[s.row].call).find((c) => S.folded.has(c)) ?? D.rows[s.row].call); }} : {}),
  };
  if (keys[e.key]) { e.preventDefault(); if (e.key !== " ") play(false); keys[e.key](); }
});
addEventListener("resize", draw);
addEventListener("beforeprint", () => { if (items.length <= 600) S.all = true; $("table").hidden = false; markTable(); paint(); });
addEventListener("afterprint", () => { S.all = false; $("table").hidden = !S.table; draw(); });

$("summary").innerHTML = esc(D.summary) + (D.error ? ` · <span class="bad">${esc(D.error)}</span>` : "");
play(false); arrange(); foldLabel(); measure(); legend(); go(S.now); paint();
window.minitorchExplain = {data: D, go, state: S};
})();
