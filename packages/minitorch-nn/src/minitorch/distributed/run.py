"""``python -m minitorch.distributed.run``: torchrun, by mpiexec.

usage: python -m minitorch.distributed.run --nproc-per-node 2 train.py [arguments of the script]

The script runs as under ``python -m minitorch`` in each process, with torchrun's variables in the
environment: RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT and their kin. If one process
fails all end, and the exit code is 1.

Follows https://docs.pytorch.org/docs/stable/elastic/run.html
"""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from minitorch.extend import absent_names

from .relay import mpiexec

__all__ = ["get_args_parser", "main", "parse_args", "run"]

# what several machines or agents need; one machine's processes find each other without
IGNORED = {
    "--rdzv-backend": "static", "--rdzv-endpoint": "", "--rdzv-id": "none", "--rdzv-conf": "",
    "--node-rank": 0, "--monitor-interval": 0.1, "--start-method": "spawn", "--role": "default",
    "--local-addr": None, "--event-log-handler": "null", "--shutdown-timeout": None,
    "--signals-to-handle": "SIGTERM,SIGINT,SIGHUP,SIGQUIT",
}  # fmt: skip
MISSING = {"--log-dir": None, "--redirects": "0", "--tee": "0", "--local-ranks-filter": ""}


def get_args_parser() -> ArgumentParser:
    """The parser of torchrun's arguments."""
    parser = ArgumentParser(
        prog="python -m minitorch.distributed.run",
        description="Starts a script in several processes on this machine, by mpiexec.",
    )

    def add(name: str, default: Any, **options: Any) -> None:
        variable = "PET_" + name.strip("-").replace("-", "_").upper()
        names = dict.fromkeys((name, "--" + name.strip("-").replace("-", "_")))
        parser.add_argument(*names, default=os.environ.get(variable, default), **options)

    add("--nnodes", "1:1", help="the number of machines: 1; on more use mpiexec itself")
    add("--nproc-per-node", "1", help="the number of processes, or auto or cpu: one for each core")
    add("--max-restarts", 0, type=int, help="how often to start again after a failure")
    add("--master-addr", "127.0.0.1", help="what MASTER_ADDR tells the script")
    add("--master-port", None, type=int, help="what MASTER_PORT tells the script; a free one")
    parser.add_argument("--standalone", action="store_true", help="accepted: one machine is all")
    parser.add_argument("-m", "--module", action="store_true", help="the script is a module's name")
    parser.add_argument("--no-python", "--no_python", action="store_true", help="not supported")
    for name, default in IGNORED.items():
        add(name, default, help="accepted, without effect on one machine")
    for name, default in MISSING.items():
        add(name, default, help="not supported: redirect the output of mpiexec")
    parser.add_argument("training_script")
    parser.add_argument("training_script_args", nargs=REMAINDER)
    return parser


def parse_args(args: Sequence[str] | None) -> Namespace:
    """The arguments, those of ``sys.argv`` for None."""
    parser = get_args_parser()
    found = parser.parse_args(args)
    if found.nnodes not in ("1", "1:1"):
        parser.error(
            f"--nnodes {found.nnodes}: on several machines use mpiexec itself, as in "
            "mpiexec -n 8 -hosts one,two python -m minitorch train.py"
        )
    for name, default in MISSING.items():
        if getattr(found, name.strip("-").replace("-", "_")) != default:
            parser.error(f"{name} is not supported: redirect the output, as in ... > log 2>&1")
    if found.no_python:
        parser.error("--no-python is not supported: use mpiexec itself")
    return found


def process_count(asked: str) -> int:
    """The number of processes that ``--nproc-per-node`` means.

    Raises:
        ValueError: it means none.
    """
    if asked in ("auto", "cpu"):
        mine = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
        return len(mine)
    if asked in ("gpu", "xpu"):
        raise ValueError(f"Unsupported nproc_per_node value: {asked}: there is no such device")
    if not asked.isdecimal() or int(asked) == 0:
        raise ValueError(f"Unsupported nproc_per_node value: {asked}")
    return int(asked)


def free_port() -> int:
    """A port that nobody uses."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(args: Namespace, count: int, attempt: int) -> dict[str, str]:
    """What is the same for all processes; ``python -m minitorch`` adds each one's rank."""
    import uuid

    told = {
        "MASTER_ADDR": args.master_addr,
        "MASTER_PORT": str(args.master_port or free_port()),
        "GROUP_RANK": "0",
        "GROUP_WORLD_SIZE": "1",
        "ROLE_NAME": args.role,
        "ROLE_WORLD_SIZE": str(count),
        "TORCHELASTIC_RESTART_COUNT": str(attempt),
        "TORCHELASTIC_MAX_RESTARTS": str(args.max_restarts),
        "TORCHELASTIC_RUN_ID": args.rdzv_id if args.rdzv_id != "none" else str(uuid.uuid4()),
    }
    for name in (
        "RANK",
        "WORLD_SIZE",
        "LOCAL_RANK",
        "LOCAL_WORLD_SIZE",
    ):  # of a job around this one
        os.environ.pop(name, None)
    return {**os.environ, **told}


def run(args: Namespace) -> None:
    """Runs the script in all processes.

    Raises:
        SystemExit: one of them failed.
    """
    import signal
    import subprocess

    count = process_count(args.nproc_per_node)
    script = ["-m"] if args.module else []
    script += [args.training_script, *args.training_script_args]
    command = [mpiexec(), "-n", str(count), sys.executable, "-u", "-m", "minitorch", *script]
    code = 0
    for attempt in range(args.max_restarts + 1):
        started = subprocess.Popen(command, env=environment(args, count, attempt))
        try:
            code = started.wait()
        except BaseException:
            started.send_signal(signal.SIGTERM)
            started.wait()
            raise
        if code == 0:
            return
    print(
        f"{args.training_script} FAILED: mpiexec ended with exit code {code}; see above which rank "
        "failed first",
        file=sys.stderr,
    )
    sys.exit(1)


def main(args: Sequence[str] | None = None) -> None:
    """Parses the arguments and runs the script."""
    run(parse_args(args))


__getattr__, __dir__ = absent_names(__name__)


if __name__ == "__main__":
    main()
