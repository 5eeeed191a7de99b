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
const measures = {  // of a step, NaN where there is nothing to measure
  norm: (s) => {
    const ids = ["gradient", "captured", "backward"].includes(s.kind) ? s.in : ["sum", "accumulate"].includes(s.kind) ? s.out : [];
    const found = ids.map(normOf).filter(Number.isFinite);
    return found.length ? Math.max(...found) : NaN;
  },
  range: (s) => { const id = s.kind === "gradient" ? s.in[0] : s.out[0]; const f = id === undefined ? null : D.values[id].figures; return f ? +f[1] - +f[0] : NaN; },
  seconds: (s) => s.seconds > 0 ? s.seconds : NaN,
  bytes: (s) => s.kind === "gradient" ? s.grads.reduce((a, g) => a + D.values[g.value].bytes, 0) : s.bytes > 0 ? s.bytes : NaN,
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
  const [from, to] = ["--middle", "--heat"].map((name) => style.getPropertyValue(name).split(",").map(Number));
  return `rgb(${from.map((x, k) => Math.round(x + (to[k] - x) * share))})`;
}
function measured(steps) {  // the colour of some steps together
  const found = steps.map((k) => measures[S.colour](D.steps[k])).filter(Number.isFinite);
  if (!scale || !found.length) return "var(--paper)";
  const x = ["seconds", "bytes"].includes(S.colour) ? found.reduce((a, b) => a + b) : found.reduce((a, b) => Math.max(a, b));
  if (x <= 0) return heat(0);
  return heat(scale[1] > scale[0] ? Math.min(1, Math.max(0, (Math.log(x) - scale[0]) / (scale[1] - scale[0]))) : .5);
}
function fill(k, kind) {
  if (S.colour !== "kind" && k >= 0) return measured([k]);
  return {given: "var(--given)", view: "var(--view)", write: "var(--write)", draw: "var(--draw)", optimizer: "var(--optimizer)", error: "var(--error)", gradient: "var(--backward)"}[kind] || "var(--forward)";
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
      boxes.push(`<g class="${s > S.now ? "future" : ""}"><rect class="box${s === S.now ? " now" : ""}" data-step="${s}" x="${cx}" y="${yy}" width="${width}" height="${H - 8}" rx="13" fill="${fill(s, "gradient")}"/><text x="${cx + 12}" y="${yy + 17}">${esc(clip(s <= S.now ? cellWord(step) + told : "", width - 22))}</text></g>`);
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
      boxes.push(`<g class="${done ? "" : "future"}"><rect class="box${has ? " now" : ""}" data-call="${item.call}" x="${x}" y="${yy}" width="${g.box - item.depth * 8}" height="${H - 8}" rx="6" fill="${shut ? S.colour === "kind" ? "var(--forward)" : measured(inside.map((r) => D.rows[r].step).filter((k) => k >= 0)) : "transparent"}" ${shut ? "" : 'style="stroke:none"'}/><text class="call" x="${x + 8}" y="${yy + 17}">${esc(clip((shut ? "▸ " : "▾ ") + name + told, g.box - item.depth * 8 - 16))}</text></g>`);
      options.push({k, label: `${shut ? "folded" : "unfolded"} module ${name}, ${inside.length} steps`, now: has});
      if (shut) for (let c = 0; c < D.columns; c++) {
        const inner = inside.flatMap((r) => D.rows[r].cells.filter(([col]) => col === c).flatMap(([, list]) => list));
        if (!inner.length) continue;
        const reached = inner.filter((s) => s <= S.now), here = inner.includes(S.now), cx = g.column(c);
        boxes.push(`<g class="${reached.length ? "" : "future"}"><rect class="box${here ? " now" : ""}" data-step="${Math.min(...inner)}" x="${cx}" y="${yy}" width="${g.cell}" height="${H - 8}" rx="13" fill="${S.colour === "kind" ? "var(--backward)" : measured(inner)}"/><text x="${cx + 12}" y="${yy + 17}">${reached.length} of ${inner.length} steps</text></g>`);
      }
      for (const r of inside) if (shut) { D.rows[r].from.forEach((f) => forwardEdge(place[f], k)); consumers[r].forEach((f) => forwardEdge(k, place[f])); }
      continue;
    }
    const row = D.rows[item.row], step = D.steps[row.step], x = LEFT + item.depth * 8, width = g.box - item.depth * 8;
    const future = row.step > S.now, now = row.step === S.now && row.step >= 0;
    const word = future ? "" : row.word || (row.values.length ? valueWord(row.values[0]) : "");
    const room = width - 22 - word.length * 6.7;
    boxes.push(`<g class="${future ? "future" : ""}"><rect class="box${now ? " now" : ""}" data-step="${row.step}" x="${x}" y="${yy}" width="${width}" height="${H - 8}" rx="6" fill="${fill(row.step, row.kind)}" ${row.inside ? 'stroke-dasharray="4 3"' : ""}/><text x="${x + 9}" y="${yy + 17}">${esc(clip(row.label.length * 7.55 > room ? row.brief : row.label, room))}</text><text class="small" x="${x + width - 8}" y="${yy + 17}" text-anchor="end">${esc(clip(word, width / 2))}</text></g>`);
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
  svg.classList.toggle("measured", S.colour !== "kind");
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

