"""Whether MiniTorch became slower from one commit to another, on this machine.

    python benchmarks/guard.py [BASE [HEAD]] [--threshold 0.05] [--only names ...]

BASE is the last commit but one, HEAD the working tree if not given. Both run the workloads of this
checkout, in turns, from folders of their own, with nothing installed. What seems slower is measured
again in new processes. It is slower if both times the middle half of the ratios HEAD / BASE lies
above 1 + threshold: then the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import HERE, Effort, Spread, Worker, WorkloadError, in_turns, ratio
from report import factor, time
from run import cases
from startup import import_ratio
from workloads import WORKLOADS

ROOT = HERE.parent
FIRST, AGAIN = Effort(turns=11, seconds=0.02, limit=3), Effort(turns=21, seconds=0.04, limit=6)


def lay_out(commit: str | None, folder: Path) -> None:
    """One folder with the namespace of all packages, as of the commit or the working tree."""
    source = ROOT
    if commit is not None:
        command = ["git", "-C", str(ROOT), "archive", "--format=tar", commit, "packages"]
        archive = subprocess.run(command, check=True, capture_output=True).stdout
        source = folder / "source"
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(source, filter="data")
    for package in sorted((source / "packages").glob("*/src/minitorch")):
        shutil.copytree(package, folder / "minitorch", dirs_exist_ok=True)


@contextmanager
def processes(folders: Mapping[str, Path]) -> Iterator[dict[str, Worker]]:
    """A worker for each folder, which runs what lies there and nothing else."""
    base, head = folders
    with Worker("minitorch", folders[base]) as one, Worker("minitorch", folders[head]) as other:
        workers = {base: one, head: other}
        for side, worker in workers.items():
            assert Path(worker.ask("file")).is_relative_to(folders[side])
        yield workers


def compared(
    folders: Mapping[str, Path], chosen: Iterable[tuple[str, int]], effort: Effort
) -> dict[tuple[str, int], Spread]:
    """The ratios HEAD / BASE, a line for each printed on the way."""
    spreads = {}
    with processes(folders) as workers:
        for name, size in chosen:
            title = WORKLOADS[name].titled(size)
            try:
                base, head = in_turns(workers, name, size, effort).values()
            except WorkloadError as error:
                print(f"{title:64} not compared: {error}", flush=True)
                continue
            spreads[name, size] = spread = ratio(head, base)
            print(f"{title:64} {time(base):>8} {time(head):>8} {words(spread)}", flush=True)
    return spreads


def words(spread: Spread) -> str:
    return f"{factor(spread.middle):>6}  ({factor(spread.low)} to {factor(spread.high)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("base", nargs="?", default="HEAD~1")
    parser.add_argument("head", nargs="?", help="the working tree if not given")
    parser.add_argument("--threshold", type=float, default=0.05)
    parser.add_argument("--only", nargs="+", default=[], metavar="name", help="workloads or groups")
    options = parser.parse_args()
    limit = 1 + options.threshold
    with TemporaryDirectory() as place:
        folders = {side: Path(place).resolve() / side for side in ("base", "head")}
        lay_out(options.base, folders["base"])
        lay_out(options.head, folders["head"])
        chosen = [(workload.name, size) for workload, size in cases(options.only, quick=True)]
        spreads = compared(folders, chosen, FIRST)
        suspects = [case for case, spread in spreads.items() if spread.low > limit]
        if suspects:
            print("\nSeems slower, so once more:")
        again = compared(folders, suspects, AGAIN) if suspects else {}
        imports = import_ratio(folders["base"], folders["head"], turns=15)
    print(f"{'import':82} {words(imports)}")
    slower = [WORKLOADS[name].titled(size) for (name, size), s in again.items() if s.low > limit]
    slower += ["import"] * (imports.low > limit)
    faster = sum(spread.high < 1 / limit for spread in spreads.values())
    print(f"\n{len(spreads) + 1} compared, {faster} faster, {len(slower)} slower")
    if slower:
        sys.exit("Slower: " + "; ".join(slower))


if __name__ == "__main__":
    main()
