"""The directive ``exercises``: what a lesson hands out, and a link that opens it in the playground.

```{exercises} lesson_1
```
"""

from __future__ import annotations

import ast
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = Path(__file__).parent / "lessons" / "exercises"
CHECKS = '''

def check():
    """Says which exercises are solved."""
    import traceback

    tests = {name: each for name, each in globals().items() if name.startswith("test_")}
    for name, test in tests.items():
        try:
            test()
        except NotImplementedError:
            said = "to do"
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1].line
            said = f"not yet: {type(error).__name__}: {error or line}"
        else:
            said = "solved"
        print(f"{name.removeprefix('test_'):40} {said}")


check()
'''


def program(name: str) -> str:
    """The functions to be filled in and their tests, as one program that says what is solved."""
    tests = (FOLDER / f"test_{name}.py").read_text()
    docstring, *statements = ast.parse(tests).body
    lines = tests.splitlines()
    own = [each for each in statements if isinstance(each, ast.ImportFrom) and each.module == name]
    for node in [docstring, *own]:
        for number in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[number] = ""
    below = "\n".join(lines).strip()
    return f"{(FOLDER / f'{name}.py').read_text()}\n\n# The tests\n\n{below}\n{CHECKS}"


class Exercises(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        self.env.note_dependency(str(FOLDER / f"{name}.py"))
        self.env.note_dependency(str(FOLDER / f"test_{name}.py"))
        code = (FOLDER / f"{name}.py").read_text()
        address = f"{'../' * self.env.docname.count('/')}playground.html#{quote(program(name))}"
        link = (
            f'<p><a class="run" href="{address}">Do them in the playground</a>: fill in, run.</p>'
        )
        block = nodes.literal_block(code, code, language="python")
        return [nodes.raw("", link, format="html"), block]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("exercises", Exercises)
    return {"parallel_read_safe": True}
