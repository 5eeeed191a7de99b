// The playground: an editor, buttons, and what the worker says.
const CDN = "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/";
const here = new URL(".", document.currentScript.src);
const get = (id) => document.getElementById("playground-" + id);
const editor = get("code"), output = get("output"), status = get("status");
const [runs, explains, stops] = [get("run"), get("explain"), get("stop")];
const examples = JSON.parse(get("examples").textContent);
let worker, ready = false, waiting = null, canExplain = false;

function add(element, text) {
  if (text !== undefined) element.append(text);
  output.append(element);
  return element;
}

function line(kind, text) {
  const last = output.lastElementChild;
  if (last?.className === kind) last.append(text);
  else Object.assign(add(document.createElement("pre"), text), { className: kind });
}

function frame(html, title) {
  const element = document.createElement("iframe");
  Object.assign(element, { srcdoc: html, title, sandbox: "allow-scripts" });
  add(element);
}

function buttons(busy) {
  runs.disabled = busy;
  explains.disabled = busy || (ready && !canExplain);
  stops.disabled = !busy;
}

const ABSENT = {
  wheels: `MiniTorch's own files are missing here. Build the site with “nox -s docs”, then ` +
    `“python -m http.server --directory docs/_build/html” and open the address that it prints: ` +
    `a browser cannot fetch them from a file.`,
  pyodide: `Python could not be fetched from ${new URL(CDN).host}. You may be offline, or a ` +
    `filter may block that address. Everything else on this site works without it; on your ` +
    `own computer, “pip install .” in a clone gives the same MiniTorch. Run tries again.`,
};

function stop(text) {
  worker?.terminate();
  worker = undefined;
  ready = false;
  waiting = null;
  status.textContent = text;
  buttons(false);
}

const HEARD = {
  status: (text) => { status.textContent = text; },
  out: (text) => line("out", text),
  warning: (text) => line("warning", text),
  error: (text) => line("error", text),
  html: (text) => frame(text, "the value of the last line"),
  page: (text) => frame(text, "the run, explained step by step"),
  png: (text) => add(Object.assign(new Image(), {
    src: "data:image/png;base64," + text, alt: "a figure that the program drew",
  })),
  done: (text) => { status.textContent = `Done in ${text} s.`; buttons(false); },
  failed: (text) => { status.textContent = `Stopped by an error after ${text} s.`; buttons(false); },
  broken: (text) => { stop("The program ended Python itself. Run starts it anew."); line("error", text); },
  absent: (text) => {
    stop("Python is not here.");
    line("error", ABSENT[text.split(" ")[0]]);
  },
  ready: (text) => {
    const told = JSON.parse(text);
    ready = true;
    canExplain = told.explain;
    explains.title = canExplain ? "" : "This version of MiniTorch has no explain";
    if (waiting) send(waiting);
  },
};

function send(task) {
  waiting = null;
  if (task.explain && !canExplain) {
    status.textContent = explains.title;
    return buttons(false);
  }
  worker.postMessage(task);
}

async function start() {
  status.textContent = "Starting …";
  // of a blob: a page that was opened from a file may not start a worker from another file
  const source = here.protocol === "file:" ? null : new URL("playground-worker.js", here);
  if (!source) return HEARD.absent("wheels");
  worker = new Worker(source);
  worker.onmessage = ({ data }) => HEARD[data.kind](data.text);
  worker.onerror = () => HEARD.absent("wheels");
  worker.postMessage({
    cdn: CDN, wheels: new URL("../wheels/", here).href, source: new URL("playground.py", here).href,
  });
}

function run(explain) {
  if (runs.disabled) return;
  output.replaceChildren();
  buttons(true);
  waiting = { code: editor.value, explain };
  history.replaceState(null, "", "#" + encodeURIComponent(editor.value));
  if (ready) send(waiting);
  else if (!worker) start();
}

function indent(back) {
  const { selectionStart: from, selectionEnd: to, value } = editor;
  const begin = value.lastIndexOf("\n", from - 1) + 1;
  if (from === to && !back) return editor.setRangeText("    ", from, to, "end");
  const lines = value.slice(begin, to);
  const moved = back ? lines.replace(/^ {1,4}/gm, "") : lines.replace(/^/gm, "    ");
  editor.setRangeText(moved, begin, to, from === to ? "end" : "select");
}

let leaving = false; // Escape, then Tab goes on to the buttons
editor.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run(event.shiftKey);
  } else if (event.key === "Tab" && !leaving && !event.ctrlKey && !event.altKey) {
    event.preventDefault();
    indent(event.shiftKey);
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    const { selectionStart: at, value } = editor;
    const before = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
    const spaces = before.match(/^ */)[0] + (/:\s*(#.*)?$/.test(before) ? "    " : "");
    editor.setRangeText("\n" + spaces, at, editor.selectionEnd, "end");
  }
  leaving = event.key === "Escape" || (leaving && event.key === "Shift");
});

runs.addEventListener("click", () => run(false));
explains.addEventListener("click", () => run(true));
stops.addEventListener("click", () => stop("Stopped. Run starts Python anew."));

const choice = get("choice");
for (const name of Object.keys(examples)) choice.append(new Option(name));
choice.addEventListener("change", () => {
  editor.value = examples[choice.value].join("\n") + "\n";
  editor.focus();
});
editor.value = location.hash.length > 1
  ? decodeURIComponent(location.hash.slice(1))
  : examples[choice.value].join("\n") + "\n";
buttons(false);
