"""The house as docs/architecture.md draws it: imports run downward, an operation has one name."""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from minitorch.autograd.primitive import Primitive

ROOT = Path(__file__).parents[2]
CORE = ROOT / "packages" / "minitorch-tensor" / "src" / "minitorch"
SOURCES = {  # module -> file, of all three packages
    ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
    for source in (ROOT / "packages").glob("*/src")
    for path in source.rglob("*.py")
}
ROOMS = (  # upward
    "_types", "kernels", "autograd", "ops", "random", "_tensor", "func", "compiler", "insight",
    "compat",
)  # fmt: skip
ABOVE_FUNC = ("forward_ad", "functional", "grad", "gradcheck")  # and autograd, which names them


def imported(module: str) -> set[str]:
    """The modules of ours that ``module`` imports, at start or on first use."""
    path = SOURCES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()

    def look(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                names.append(name if name in SOURCES else base)
        found.update(name for name in names if name in SOURCES and name != module)
        for child in ast.iter_child_nodes(node):
            look(child)

    look(ast.parse(path.read_text()))
    return found


GRAPH = {module: imported(module) for module in SOURCES}


def test_imports_go_in_no_circles():
    @cache
    def depth(module: str) -> int:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        path.append(module)
        below = [depth(other) for other in GRAPH[module]]
        path.pop()
        return 1 + max(below, default=0)

    path: list[str] = []
    for module in GRAPH:
        depth(module)


def room(module: str) -> int | None:
    inside = module.removeprefix("minitorch.")
    if inside in ("autograd", *(f"autograd.{name}" for name in ABOVE_FUNC)):
        return ROOMS.index("func")
    name = inside.partition(".")[0]
    return ROOMS.index(name) if name in ROOMS else None


def test_imports_run_downward():
    for module, others in GRAPH.items():
        for other in others:
            if room(module) is not None and room(other) is not None:
                assert room(other) <= room(module), f"{module} imports {other}"


def test_the_root_is_small():
    entries = [path for path in CORE.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 30, sorted(path.name for path in entries)


def test_nn_and_optim_use_public_names_and_extend():
    for module, path in SOURCES.items():
        if "minitorch-tensor" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minitorch"):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                private = [name for name in names if re.match("_[^_]", name)]
                assert not private, f"{module} imports {private}"


def test_architecture_counts_lines():
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+\.py)` \| ([\d,]+) \|", text, re.M)
    assert len(rows) == 6
    for name, lines in rows:
        counted = len((CORE / "autograd" / name).read_text().splitlines())
        assert abs(int(lines.replace(",", "")) - counted) <= counted / 20, (name, counted)


@pytest.mark.parametrize("module", [m for m in SOURCES if ".ops." in m or ".nn.functional" in m])
def test_one_name_per_operation(module):
    found = pytest.importorskip(module, reason="not installed")
    for name, value in vars(found).items():
        made = getattr(value, "primitive", None)
        if not isinstance(made, Primitive) or name.startswith("__"):
            continue
        public = hasattr(value, "__wrapped__")  # a typed def over its primitive
        assert public or name.endswith("_p"), f"{module}.{name} is the primitive {made.name}"


IMPORTS = """
import importlib, sys
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
    except ImportError as error:  # an extra, or a package that is not installed
        if error.name in sys.argv:
            raise
"""


def installed(package: str) -> bool:
    try:
        import_module("minitorch" if package == "tensor" else f"minitorch.{package}")
    except ImportError:
        return False
    return True


def test_every_module_imports():
    """In an interpreter of its own: some modules change what Tensor has."""
    folders = [f"minitorch-{name}" for name in ("tensor", "nn", "optim") if installed(name)]
    modules = sorted(
        module
        for module, path in SOURCES.items()
        if path.relative_to(ROOT / "packages").parts[0] in folders and "__main__" not in module
    )
    subprocess.run([sys.executable, "-c", IMPORTS, *modules], check=True)
