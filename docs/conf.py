"""How Sphinx builds these pages: ``nox -s docs``. The API reference is made of the docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

sys.path.insert(0, str(Path(__file__).parent))
from pages import MODULES, members, page

project = "MiniTorch"
copyright = "2026, the MiniTorch authors"
release = metadata.version("minitorch-tensor")
extensions = [
    "exercises", "explained", "myst_nb",
    "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode",
]  # fmt: skip
html_theme = "furo"
html_title = f"MiniTorch {release}"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
pygments_dark_style = "github-dark"
html_copy_source = False
html_math_renderer = "mathml"
exclude_patterns = ["_build", "**/.pytest_cache", "lessons/solutions"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_code_prompt_show = "Show the code of the figure"
nb_code_prompt_hide = "Hide the code of the figure"
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures say what matters; Args say the rest

SPECIAL = re.compile(r"(?<!\\)[*|]|_(?!\w)")


def prose(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Names PyTorch's page, and lets signs of mathematics stand in docstrings: outside of code they
    mean themselves."""
    address = page(name)
    if address and not any("Follows http" in line for line in lines):
        lines += ["", f"Follows {address}"]
    code = False
    for number, line in enumerate(lines):
        code = line.lstrip().startswith(">>>") or (code and bool(line.strip()))
        if code:
            continue
        parts = re.split(r"(``.*?``|https?://\S+)", line)
        parts[::2] = [SPECIAL.sub(r"\\\g<0>", part) for part in parts[::2]]
        parts[1::2] = [f"`<{p}>`__" if p.startswith("http") else p for p in parts[1::2]]
        lines[number] = "".join(parts)


def visit_formula(self: Any, node: Any) -> None:
    """MathML, which browsers read and read out without a library from elsewhere."""
    block = isinstance(node, nodes.math_block)
    self.body.append(tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", prose, priority=400)  # before napoleon
    app.add_html_math_renderer("mathml", (visit_formula, None), (visit_formula, None))


def write_reference() -> None:
    """A page for each module of ``MODULES``, and a page that lists them."""
    folder = Path(__file__).parent / "api"
    folder.mkdir(exist_ok=True)
    for path in MODULES:
        entries = [
            f".. {'autoclass' if inspect.isclass(each) else 'autofunction'}:: {path}.{name}"
            for name, each in members(path)
        ]
        blocks = "\n\n".join([f".. currentmodule:: {path}", *entries])
        (folder / f"{path}.md").write_text(f"# {path}\n\n```{{eval-rst}}\n{blocks}\n```\n")
    listed = "\n".join(MODULES)
    (folder / "index.md").write_text(
        f"# API reference\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )


write_reference()
