"""``python -m minitorch script.py [args]``: a PyTorch script, on MiniTorch.

usage: python -m minitorch script.py [arguments of the script]
       python -m minitorch -m module [arguments of the module]

The script may be a directory or a zip archive with a __main__.py, or - for the standard input.

Everything else is as when Python runs the script itself. What mpiexec starts finds torchrun's
variables in the environment: RANK, WORLD_SIZE, LOCAL_RANK and their kin.
"""

from __future__ import annotations

import os
import sys
import zipfile
from importlib.machinery import BuiltinImporter, SourceFileLoader
from pkgutil import get_importer
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from .autograd.frames import show_folded
from .compat import alias as _alias
from .compat.alias import as_torch
from .compat.launched import tell_rank


def without_runner(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this file, the alias, and Python's runners."""
    if trace is None:
        return None
    trace.tb_next = without_runner(trace.tb_next)
    name = trace.tb_frame.f_code.co_filename
    ours = name in (__file__, _alias.__file__) or name.startswith(("<frozen runpy", "<frozen imp"))
    return trace.tb_next if ours else trace


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    trace = without_runner(trace)
    show_folded(sys.__excepthook__, kind, error.with_traceback(trace), trace)


def run_script(path: str) -> None:
    main: Any = ModuleType("__main__")
    if os.path.isdir(path) or zipfile.is_zipfile(path):
        first = path = os.path.abspath(path)
        importer: Any = get_importer(path)
        main.__spec__ = spec = importer.find_spec("__main__")
        if spec is None:
            fail(f"can't find '__main__' module in {path!r}", 1)
        code = spec.loader.get_code("__main__")
        main.__file__, main.__loader__, main.__package__ = spec.origin, spec.loader, ""
    elif path == "-":
        first, main.__file__, main.__loader__ = "", "<stdin>", BuiltinImporter
        code = compile(sys.stdin.buffer.read(), "<stdin>", "exec", dont_inherit=True)
    else:
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError as error:
            fail(f"can't open file {path!r}: [Errno {error.errno}] {error.strerror}", 2)
        first, path = os.path.dirname(os.path.realpath(path)), os.path.abspath(path)
        main.__file__, main.__loader__ = path, SourceFileLoader("__main__", path)
        code = compile(source, path, "exec", dont_inherit=True)
    if not sys.flags.safe_path or main.__spec__:
        sys.path[0] = first
    main.__builtins__ = __builtins__
    optional: dict[str, Any] = {"__annotations__": {}, "__cached__": None}  # not in every Python
    before = vars(sys.modules["__main__"])
    main.__dict__.update({name: value for name, value in optional.items() if name in before})
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def fail(problem: str, code: int) -> NoReturn:
    print(f"{sys.executable}: {problem}", file=sys.stderr)
    sys.exit(code)


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
    tell_rank()
    as_torch()
    (run_module if as_module else run_script)(sys.argv[0])


if __name__ == "__main__":
    run(sys.argv[1:])
