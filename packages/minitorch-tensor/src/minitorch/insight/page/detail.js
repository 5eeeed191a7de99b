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
      html += `<h3>The rule in the source</h3>` + sourceText(d.rule, d.rule >= 0 && D.sources[d.rule].text.startsWith("lambda") ? "rule" : "rule, a function");
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
  if (S.result >= 0) for (const [id] of cards) if (String(D.values[id].shape) === String(D.values[S.result].shape) && !D.values[id].rows === !D.values[S.result].rows) S.picked.set(id, picked(S.result));
  pane.innerHTML = html;
  pane.querySelectorAll(".value").forEach(paintValue);
  pane.querySelectorAll("[data-tab]").forEach((b) => b.addEventListener("click", () => { S.tab = +b.dataset.tab; detail(); pane.querySelector(`[data-tab="${S.tab}"]`).focus(); }));
}

