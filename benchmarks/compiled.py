"""Steps compiled as a whole, beside torch.compile and JAX jit.

    python benchmarks/compiled.py                       the pages, from compiled.json
    python benchmarks/compiled.py --measure [names ...] measures into compiled.json before
                                  [--part times first memory] [--quick]

What is measured, each library in a process of its own: ``times`` of steps after warm-up, in turns,
as the processor is and as one without AVX-512; ``first`` calls, in new processes; ``memory`` of a
step. Times and first calls are worth nothing while other programs run; memory is the same then.
JAX, transformers, Numba and a C++ compiler (for torch.compile) are used where they are installed.
The pages: a part of RESULTS.md, compiled.png, a table each in README.md and docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

import settings
from harness import (
    HERE,
    Effort,
    Spread,
    Worker,
    WorkloadError,
    in_turns,
    ratio,
    warn_of_company,
)
from report import conditions, factor, markdown, put_between, time
from workloads import WORKLOADS, Workload

MEASURED = HERE / "compiled.json"
ROOT = HERE.parent
STEPS: dict[str, tuple[int, ...]] = {  # name -> sizes, if not the workload's own
    "small_mlp_sgd": (), "small_mlp_adamw": (), "character_mlp": (), "chained_scalars": (),
    "large_mlp_sgd": (), "lstm": (), "digits_cnn": (), "lenet": (), "gpt": (), "layer_norm": (),
    "softmax": (), "gelu": (), "sigmoid": (1_000_000,), "minilm": (),
}  # fmt: skip
PYTORCH = "torch"
EAGER, NUMPY, NUMBA = "minitorch", "minitorch compiled", "minitorch compiled:numba"
COLUMNS = {  # worker -> heading
    EAGER: "MiniTorch", NUMPY: "compiled", NUMBA: "compiled, Numba",
    "torch compiled": "torch.compile", "jax": "JAX jit",
}  # fmt: skip
NEEDS = {  # worker -> what is to be there, and how it gets there
    NUMBA: (find_spec("numba"), "pip install numba"),
    "torch compiled": (shutil.which("g++") or shutil.which("clang++"), "a C++ compiler"),
    "jax": (find_spec("jax"), "pip install jax"),
}
PROCESSORS = {
    "": "the processor as it is",
    " avx2": "without AVX-512",
}  # suffix of workers -> words
IN_SHORT = ("small_mlp_sgd", "character_mlp", "lstm", "digits_cnn", "gpt", "layer_norm")


def cases(names: Sequence[str]) -> Iterator[tuple[Workload, int]]:
    for name, sizes in STEPS.items():
        if (workload := WORKLOADS.get(name)) and (not names or name in names):
            for size in sizes or workload.sizes:
                yield workload, size


def able() -> list[str]:
    """The workers that this machine can have, without suffixes."""
    return [name for name in (PYTORCH, *COLUMNS) if NEEDS.get(name, (True,))[0]]


# --- measuring ------------------------------------------------------------------------------------


def times(
    workers: Mapping[str, Worker], workload: Workload, size: int, effort: Effort
) -> dict[str, list[float]]:
    """Seconds, turn by turn, of all workers that have the workload and do not fail at it."""
    left = {name: worker for name, worker in workers.items() if worker.ask("has", workload.name)}
    while left:
        try:
            return in_turns(left, workload.name, size, effort)
        except WorkloadError as error:
            print(f"{workload.titled(size)}: {error}", file=sys.stderr)
            left = {name: w for name, w in left.items() if not str(error).startswith(f"{name}: ")}
    return {}


def first_calls(workload: Workload, size: int) -> dict[str, Any]:
    """A step's seconds as it is and of the first compiled calls, see worker.Bench.

    With Numba without and with what it keeps on disk.
    """
    found = {}
    with TemporaryDirectory() as folder:
        kept = {"NUMBA_CACHE_DIR": folder, "MINITORCH_CACHE": folder}
        for key, name in ((NUMPY, NUMPY), (NUMBA, NUMBA), (f"{NUMBA} again", NUMBA)):
            if name in able():
                with Worker(name, **kept) as worker:
                    found[key] = worker.ask("first_calls", workload.name, size)
    return found


def memory(workload: Workload, size: int) -> dict[str, int]:
    """Bytes of arrays that a step of MiniTorch's has at most."""
    found = {}
    for name in (EAGER, NUMPY, NUMBA):
        if name in able():
            with Worker(name) as worker:
                found[name] = worker.ask("memory", workload.name, size)
    return found


def measure(names: Sequence[str], parts: Sequence[str], effort: Effort) -> None:
    """Writes compiled.json row by row."""
    data = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    data["conditions"] = conditions()
    with ExitStack() as stack:
        suffixes = [s for s in PROCESSORS if set(s.split()) <= set(settings.available())]
        workers = {
            suffix: {f"{name}{suffix}": stack.enter_context(Worker(f"{name}{suffix}"))
                     for name in able()}
            for suffix in (suffixes if "times" in parts else [])
        }  # fmt: skip
        for workload, size in cases(names):
            row = data.setdefault(f"{workload.name} {size}", {})
            if "times" in parts:
                row["times"] = {}
                for group in workers.values():
                    row["times"] |= times(group, workload, size, effort)
            if "first" in parts:
                row["first"] = first_calls(workload, size)
            if "memory" in parts:
                row["memory"] = memory(workload, size)
            MEASURED.write_text(a_line_each(data))
            print(in_words(workload.titled(size), row), flush=True)


def a_line_each(data: Any) -> str:
    """JSON with a line for each row, times with four digits."""

    def rounded(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: rounded(value) for key, value in x.items()}
        if isinstance(x, list):
            return list(map(rounded, x))
        return float(f"{x:.4g}") if isinstance(x, float) else x

    lines = (f"{json.dumps(key)}: {json.dumps(rounded(value))}" for key, value in data.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def in_words(title: str, row: Any) -> str:
    found = {suffix: ratios(row, suffix) for suffix in PROCESSORS}
    texts = [f"{COLUMNS[name]}{suffix} {factor(spread.middle)}" for suffix, group in found.items()
             for name, spread in group.items()]  # fmt: skip
    return f"{title:60} {'   '.join(texts)}"


# --- the pages ------------------------------------------------------------------------------------


def ratios(row: Any, suffix: str) -> dict[str, Spread]:
    """By worker without suffix: its times by PyTorch's."""
    seconds = row.get("times", {})
    if f"{PYTORCH}{suffix}" not in seconds:
        return {}
    return {
        name: ratio(seconds[f"{name}{suffix}"], seconds[f"{PYTORCH}{suffix}"])
        for name in COLUMNS if f"{name}{suffix}" in seconds
    }  # fmt: skip


def rows(data: Any, names: Sequence[str] = ()) -> dict[str, Any]:
    """The measured rows by title."""
    found = ((w.titled(size), data.get(f"{w.name} {size}")) for w, size in cases(names))
    return {title: row for title, row in found if row}


def ratio_table(data: Any, suffix: str, names: Sequence[str] = ()) -> str:
    lines = []
    for title, row in rows(data, names).items():
        if found := ratios(row, suffix):
            cells = [factor(found[name].middle) if name in found else "" for name in COLUMNS]
            cells[1:3] = [f"**{cell}**" if cell else "" for cell in cells[1:3]]
            lines.append([title, time(row["times"][f"{PYTORCH}{suffix}"]), *cells])
    return markdown(["step", "PyTorch", *COLUMNS.values()], lines)


def first_table(data: Any) -> str:
    lines = []
    for title, row in rows(data).items():
        if first := row.get("first"):
            eager, calls = first[NUMPY]
            cells = [time([value]) for value in (eager, calls[0], sum(calls))]
            cells.insert(2, f"**{factor(calls[0] / eager)}**")
            numbas = (first.get(key) for key in (NUMBA, f"{NUMBA} again"))
            lines.append(
                [title, *cells, *(time(found[1][:1]) if found else "" for found in numbas)]
            )
    head = ["step", "as it is", "first call", "by it", "four calls"]
    return markdown([*head, "first, Numba", "first, Numba, kept on disk"], lines)


def memory_table(data: Any) -> str:
    lines = []
    for title, row in rows(data).items():
        if sizes := row.get("memory"):
            eager = sizes[EAGER]
            cells = [
                factor(sizes[name] / eager) if name in sizes else "" for name in (NUMPY, NUMBA)
            ]
            lines.append([title, f"{eager / 1e6:,.3g} MB", *cells])
    return markdown(["arrays at most", "MiniTorch", "compiled", "compiled, Numba"], lines)


def section() -> str:
    """What RESULTS.md says."""
    data = json.loads(MEASURED.read_text())
    absent = [f"{COLUMNS[name]} ({how})" for name, (there, how) in NEEDS.items() if not there]
    return "\n\n".join([
        "## Compiled steps",
        "`torch.compile` on whole steps, after warm-up. PyTorch's column is its eager time; the "
        "others are ratios to it, below 1 they are faster. `python benchmarks/compiled.py "
        "--measure` measures this part.",
        "![Compiled steps beside PyTorch's](compiled.png)",
        *(f"Not measured: {'; '.join(absent)}." for _ in absent[:1]),
        ratio_table(data, ""),
        "Without AVX-512, all libraries:",
        ratio_table(data, " avx2"),
        "In new processes, after steps that ran as they are, MiniTorch's first compiled calls:",
        first_table(data),
        "The arrays of a step, beyond model and data, and what the program keeps for the next:",
        memory_table(data),
        data["conditions"],
    ])  # fmt: skip


def in_short(data: Any) -> str:
    """What README.md says."""
    return "\n\n".join([
        "PyTorch's time for a step, and what the others take of it, below 1 they are faster; "
        "[more of them](benchmarks/RESULTS.md#compiled-steps), and without AVX-512:",
        ratio_table(data, "", IN_SHORT),
        "![Compiled steps beside PyTorch's](benchmarks/compiled.png)",
    ])  # fmt: skip


def write_pages() -> None:
    data = json.loads(MEASURED.read_text())
    from picture import draw_panels

    put_between(HERE / "RESULTS.md", "compiled", section())
    put_between(ROOT / "docs" / "performance.md", "compiled", ratio_table(data, ""))
    put_between(ROOT / "README.md", "compiled", in_short(data))
    panels = {
        words: {title: {COLUMNS[name]: spread for name, spread in ratios(row, suffix).items()}
                for title, row in rows(data).items()}
        for suffix, words in PROCESSORS.items()
    }  # fmt: skip
    label = "Time by that of PyTorch, eager: left of 1 is faster"
    draw_panels(panels, list(COLUMNS.values()), label, HERE / "compiled.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(STEPS))
    parser.add_argument("--measure", action="store_true", help="else the pages alone")
    parser.add_argument("--part", nargs="+", choices=["times", "first", "memory"],
                        default=["times", "first", "memory"])  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="roughly")
    options = parser.parse_args()
    if unknown := set(options.names) - set(STEPS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if options.measure:
        warn_of_company()
        measure(options.names, options.part, Effort(3, 0.005, 0.3) if options.quick else Effort())
    elif not MEASURED.exists():
        parser.error("nothing was measured yet: --measure")
    write_pages()


if __name__ == "__main__":
    main()
