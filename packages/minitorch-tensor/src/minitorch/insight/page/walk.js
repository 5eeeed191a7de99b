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
