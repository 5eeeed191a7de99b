// Python in a thread of its own, so that the page answers while a program runs.
// It is told {cdn, wheels, runner}, then {code, explain} for each run, and says {kind, text}.
let python, runner;
const say = (kind, text = "") => postMessage({ kind, text });

async function text(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.text();
}

async function load({ cdn, wheels, source }) {
  let names;
  say("status", "Fetching MiniTorch …");
  try {
    names = JSON.parse(await text(new URL("index.json", wheels)));
  } catch {
    return say("absent", "wheels");
  }
  say("status", "Fetching Python and NumPy, some 10 MB at the first visit …");
  try {
    importScripts(cdn + "pyodide.js");
    python = await loadPyodide({
      indexURL: cdn,
      env: { MPLBACKEND: "agg", HOME: "/home/pyodide" },
      stdout: (line) => say("out", line + "\n"),
      stderr: (line) => say("warning", line + "\n"),
    });
    await python.loadPackage("numpy", { messageCallback: () => {} });
  } catch (error) {
    return say("absent", `pyodide ${error.message ?? error}`);
  }
  say("status", "Starting MiniTorch …");
  const folder = python.runPython("import site; site.getsitepackages()[0]");
  for (const name of names) {
    const wheel = await (await fetch(new URL(name, wheels))).arrayBuffer();
    python.unpackArchive(wheel, "wheel", { extractDir: folder });
  }
  python.FS.writeFile("/home/pyodide/playground.py", await text(source));
  const version = python.runPython("import minitorch; minitorch.__version__");
  runner = python.pyimport("playground");
  say("ready", JSON.stringify({
    version, explain: python.runPython("hasattr(minitorch, 'explain')"),
  }));
}

async function run({ code, explain }) {
  const quiet = { messageCallback: () => {} };
  try {
    await python.loadPackagesFromImports(code, quiet);  // matplotlib, scipy
  } catch {
    // a mistake in the program, or a library out of reach: running it says which
  }
  say("status", "Running …");
  const start = performance.now();
  const done = runner.run.callKwargs(code, say, { explain });
  say(done ? "done" : "failed", ((performance.now() - start) / 1000).toFixed(2));
}

onmessage = ({ data }) => (data.code === undefined ? load(data) : run(data)).catch(
  (error) => say("broken", String(error.message ?? error)));
