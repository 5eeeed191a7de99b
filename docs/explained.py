"""The directive ``explain``: a short program, and the page that ``minitorch.explain`` makes of it.

    ```{explain} name
    the program
    ```

The program runs when the site is built; its page becomes ``_static/explain/name.html``. With the
option ``:step:`` the program defines a function ``step`` and its arguments, ``inputs``: the page is
of that step, and below it stands what ``minitorch.compile`` makes of it.
"""

from __future__ import annotations

import linecache
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar

import minitorch
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FRAME = """<figure class="explain">
<iframe src="{address}" title="{name}, explained step by step" loading="lazy"></iframe>
<figcaption><a href="{address}">This page by itself</a></figcaption></figure>"""


class Explain(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"step": directives.flag}

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        code = "\n".join(self.content) + "\n"
        source = f"{name}.py"
        linecache.cache[source] = (len(code), None, code.splitlines(keepends=True), source)
        program = compile(code, source, "exec")
        scope: dict[str, Any] = {"__name__": "__main__"}
        if "step" in self.options:
            exec(program, scope)
            page = minitorch.explain(scope["step"])(*scope["inputs"])
        else:
            with minitorch.explain() as page:
                exec(program, scope)
        folder = Path(self.env.app.outdir) / "_static" / "explain"
        folder.mkdir(parents=True, exist_ok=True)
        page.save(folder / f"{name}.html")
        up = "../" * self.env.docname.count("/")
        frame = FRAME.format(address=f"{up}_static/explain/{name}.html", name=name)
        shown = [listing(code), nodes.raw("", frame, format="html")]
        return shown + (compiled(program) if "step" in self.options else [])


def listing(code: str) -> nodes.literal_block:
    return nodes.literal_block(code, code, language="python")


def compiled(program: CodeType) -> list[nodes.Node]:
    """The program of NumPy that the step of ``program`` is compiled to, folded."""
    scope: dict[str, Any] = {}
    exec(program, scope)
    step = minitorch.compile(scope["step"], fullgraph=True)
    step(*scope["inputs"])
    lines = step.source.count("\n")
    opening = f"<details class='compiled'><summary>Compiled: {lines} lines of NumPy</summary>"
    return [
        nodes.raw("", opening, format="html"),
        listing(step.source),
        nodes.raw("", "</details>", format="html"),
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("explain", Explain)
    return {"parallel_read_safe": True}
