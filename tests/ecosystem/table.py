"""Writes docs/ecosystem.md: each library of a program, its version, what the program does."""

import ast
from pathlib import Path

HERE = Path(__file__).parent
START = """# Libraries that run

`python -m minitorch program.py` (or `minitorch.as_torch()`) runs programs that use PyTorch's
libraries, unchanged, without PyTorch. `nox -s ecosystem` installs these versions and, for each of
them, runs a program whose numbers PyTorch printed before: they must agree to a thousandth, whole
numbers and all text exactly.

| library | version | what the program does |
| --- | --- | --- |
"""


def table() -> str:
    lines = (HERE / "requirements.txt").read_text().splitlines()
    versions = dict(line.split("==") for line in lines if "==" in line)
    rows = []
    for program in sorted((HERE / "programs").glob("*.py")):
        name = program.stem.removeprefix("use_").replace("_", "-")
        does = (ast.get_docstring(ast.parse(program.read_text())) or "").replace("\n", " ")
        link = f"[{name}](https://pypi.org/project/{name})"
        rows.append(f"| {link} | {versions[name]} | {does} |")
    return START + "\n".join(rows) + "\n"


if __name__ == "__main__":
    (HERE.parents[1] / "docs" / "ecosystem.md").write_text(table())
