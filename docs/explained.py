"""The directive ``explain``: a short program, and the page that ``minitorch.explain`` makes of it.

    ```{explain} name
    the program
    ```

The program runs when the site is built; its page becomes ``_static/explain/name.html``.
"""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import Any, ClassVar

import minitorch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FRAME = """<figure class="explain">
<iframe src="{address}" title="{name}, explained step by step" loading="lazy"></iframe>
<figcaption><a href="{address}">This page by itself</a></figcaption></figure>"""


class Explain(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        code = "\n".join(self.content) + "\n"
        block = nodes.literal_block(code, code, language="python")
        if not hasattr(minitorch, "explain"):
            return [block]
        path = Path(self.env.app.outdir) / "_static" / "explain" / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        source = f"{name}.py"
        linecache.cache[source] = (len(code), None, code.splitlines(keepends=True), source)
        with minitorch.explain() as page:
            exec(compile(code, source, "exec"), {"__name__": "__main__"})
        page.save(path)
        up = "../" * self.env.docname.count("/")
        frame = FRAME.format(address=f"{up}_static/explain/{name}.html", name=name)
        return [block, nodes.raw("", frame, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("explain", Explain)
    return {"parallel_read_safe": True}
