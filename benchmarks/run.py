"""Times of MiniTorch beside PyTorch and others, as ratios with their spread.

    python benchmarks/run.py [names ...] [--quick] [--against torch mygrad autograd numpy]
                             [--plain] [--growth] [--output FOLDER] [--docs]

Names are those of workloads (``gpt``) or of groups: networks, layers, operations, optimizers, data,
start. Without names all is measured, growth and memory too, in half an hour, and goes into
RESULTS.md and ratios.png beside this file. Each workload is also measured with compiled kernels,
where Numba is installed, and as on a processor without AVX-512; ``--plain`` leaves this out.
``--quick`` shows the same in little more than a minute,
roughly. ``--docs`` puts the short table into docs/performance.md. The machine should do nothing
else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import compiled
import settings
import startup
from harness import HERE, Effort, Worker, WorkloadError, in_turns, peak_memory, warn_of_company
from others import within_reach
from report import (
    GRID,
    HEADINGS,
    NAMES,
    OURS,
    PYTORCH,
    Results,
    Row,
    factor,
    full,
    put_between,
    short,
)
from workloads import WORKLOADS, Workload

FULL, FEW, QUICK = Effort(), Effort(turns=5, seconds=0.02), Effort(3, 0.005, limit=0.3)
QUICK_SIZES = (8, 100_000)  # of the single operations


def cases(names: list[str], quick: bool) -> Iterator[tuple[Workload, int]]:
    for workload in WORKLOADS.values():
        if not names or workload.name in names or workload.group in names:
            few = QUICK_SIZES if workload.name in GRID else workload.sizes[:1]
            for size in few if quick else workload.sizes:
                yield workload, size


def measured(
    workers: Mapping[str, Worker], workload: Workload, size: int, effort: Effort
) -> Row | None:
    """What those libraries need that have the workload; None, with a message, if one fails."""
    able = {
        library: worker
        for library, worker in workers.items()
        if worker.ask("has", workload.name)
        and (library.split()[0] in (OURS, PYTORCH) or within_reach(workload.name, size))
    }
    title = workload.titled(size)
    try:
        seconds = in_turns(able, workload.name, size, effort)
    except WorkloadError as error:
        print(f"{title}: {error}", file=sys.stderr)
        return None
    row = Row(workload.name, workload.group, title, size, seconds)
    against = [
        f"{NAMES[other]} {factor(row.ratio(other).middle)}" for other in seconds if other in NAMES
    ][1:]
    against += [f"{name} {factor(spread.middle)}" for name, spread in row.columns().items()]
    print(f"{title:64} {'   '.join(against)}", flush=True)
    return row


def start(results: Results, turns: int) -> None:
    """Imports, memory after them and files, in new interpreters."""
    plain = [
        library for library in results.libraries if library != "numpy"
    ]  # it is imported before
    both = [library for library in plain if library in startup.WITH_SUBMODULES]
    whole = [startup.WITH_SUBMODULES[library] for library in both]
    seconds = startup.import_seconds(plain, turns)
    title = "`import`, after `import numpy`"
    results.rows.append(Row("import", "start", title, 1, dict(zip(plain, seconds))))
    seconds = startup.import_seconds(whole, turns)
    title += ", with `nn` and `optim`"
    results.rows.append(Row("import_all", "start", title, 1, dict(zip(both, seconds))))
    imports = [startup.WITH_SUBMODULES.get(library, library) for library in results.libraries]
    results.before["resident after `import`"] = startup.resident_after(imports)
    results.before["installed files, without dependencies"] = startup.on_disk(results.libraries)


def arguments() -> argparse.Namespace:
    others = [library for library in NAMES if library != OURS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help="workloads or groups of them")
    parser.add_argument(
        "--quick", action="store_true", help="roughly, in little more than a minute"
    )
    parser.add_argument("--against", nargs="+", choices=others, default=others)
    parser.add_argument("--plain", action="store_true", help="in no other settings")
    parser.add_argument("--growth", action="store_true", help="measured anyway without names")
    parser.add_argument("--output", type=Path, help="folder for RESULTS.md and ratios.png")
    parser.add_argument("--docs", action="store_true", help="the short table, too")
    options = parser.parse_args()
    if unknown := set(options.names) - set(WORKLOADS) - set(HEADINGS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    return options


def main() -> None:
    options = arguments()
    warn_of_company()
    everything = not options.names and not options.quick
    effort = QUICK if options.quick else FULL
    libraries = [OURS, *(library for library in options.against if find_spec(library))]
    results = Results(libraries)
    pytorches = [library for library in libraries if library in (OURS, PYTORCH)]
    with ExitStack() as stack:
        others = [] if options.plain else settings.variants(pytorches)
        workers = {name: stack.enter_context(Worker(name)) for name in (*libraries, *others)}
        for workload, size in cases(options.names, options.quick):
            grid = FEW if workload.name in GRID and not options.quick else effort
            if row := measured(workers, workload, size, grid):
                results.rows.append(row)
        if everything or options.growth:
            both = {library: workers[library] for library in pytorches}
            known = {(row.name, row.size): row for row in results.rows}
            for workload in dict.fromkeys(w for w, _ in cases(options.names, quick=True)):
                for size in workload.growth:
                    row = known.get((workload.name, size))
                    if row := row or measured(both, workload, size, FEW):
                        results.growth.append(row)
    if not options.quick:
        for workload, size in cases(options.names, options.quick):
            if workload.trains:
                peaks = [float(peak_memory(library, workload.name, size)) for library in pytorches]
                results.memory[workload.titled(size)] = peaks
    if not options.names or "start" in options.names:
        start(results, 2 if options.quick else 11)
    print(text := full(results))
    if folder := options.output or (HERE if everything else None):
        from picture import draw

        page = folder / "RESULTS.md"
        page.write_text(text)
        if compiled.MEASURED.exists():
            put_between(page, "compiled", compiled.section())
        draw(results, folder / "ratios.png")
    if options.docs:
        put_between(HERE.parent / "docs" / "performance.md", "speed", short(results))


if __name__ == "__main__":
    main()
