"""``python -m minitorch script.py [args]``: a PyTorch script, on MiniTorch.

usage: python -m minitorch script.py [arguments of the script]
       python -m minitorch -m module [arguments of the module]

Everything else is as when Python runs the script itself.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType
from typing import Any

from . import _alias
from ._alias import as_torch


def without_runner(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this file, the alias, and Python's runners."""
    if trace is None:
        return None
    trace.tb_next = without_runner(trace.tb_next)
    name = trace.tb_frame.f_code.co_filename
    ours = name in (__file__, _alias.__file__) or name.startswith(("<frozen runpy", "<frozen imp"))
    return trace.tb_next if ours else trace


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.__excepthook__(kind, error.with_traceback(without_runner(trace)), error.__traceback__)


def run_script(path: str) -> None:
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        problem = f"[Errno {error.errno}] {error.strerror}"
        print(f"{sys.executable}: can't open file {path!r}: {problem}", file=sys.stderr)
        sys.exit(2)
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    main: Any = ModuleType("__main__")
    main.__file__ = path = os.path.abspath(path)
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__builtins__ = __builtins__
    optional: dict[str, Any] = {"__annotations__": {}, "__cached__": None}  # not in every Python
    before = vars(sys.modules["__main__"])
    main.__dict__.update({name: value for name, value in optional.items() if name in before})
    sys.modules["__main__"] = main
    exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)


def run_module(name: str) -> None:
    import runpy

    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.partition("\n\n")[2], file=sys.stdout if arguments else sys.stderr, end="")
        sys.exit(0 if arguments else 2)
    as_module = arguments[0] == "-m"
    if as_module and len(arguments) == 1:
        print("Argument expected for the -m option", file=sys.stderr)
        sys.exit(2)
    sys.argv[:] = arguments[1:] if as_module else arguments
    sys.excepthook = show
    as_torch()
    (run_module if as_module else run_script)(sys.argv[0])


if __name__ == "__main__":
    run(sys.argv[1:])
