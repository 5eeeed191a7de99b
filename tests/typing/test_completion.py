"""What an editor offers, without running anything."""

import sys

import jedi
import pytest


def offered(source: str) -> set[str]:
    """The completions at the end of ``source``."""
    project = jedi.Project(".", added_sys_path=tuple(sys.path))
    return {found.name for found in jedi.Script(source, project=project).complete()}


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("torch.randn(3).su", "sum"),
        ("torch.randn(3).flo", "float"),
        ("torch.exp(torch.randn(3)).me", "mean"),
        ("torch.randn(3).exp().add", "add_"),
        ("torch.randn(3).T.resh", "reshape"),
        ("torch.max(torch.randn(3), dim=0).val", "values"),
        ("(torch.randn(3) + 1).unsq", "unsqueeze"),
        ("torch.randn(3)[0].it", "item"),
        ("torch.soft", "softmax"),
        ("torch.lin", "linalg"),
    ],
)
def test_completion(expression, name):
    assert name in offered(f"import minitorch as torch\n{expression}")
