"""The fixture sees what a page does: errors, requests, looks."""

import pytest

PAGE = """<!doctype html><html lang="en"><title>a page</title>
<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }
</style><img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" alt=""><p>text"""


@pytest.fixture
def page(tmp_path):
    def write(extra=""):
        path = tmp_path / "page.html"
        path.write_text(PAGE + extra)
        return path

    return write


def test_a_quiet_page(visit, page):
    seen = visit(page())
    assert seen.page.title() == "a page"
    assert seen.errors == []
    assert seen.requests == []


@pytest.mark.parametrize(
    "script",
    ["console.error('wrong')", "console.warn('wrong')", "throw Error('wrong')",
     "Promise.reject(Error('wrong'))"],
)  # fmt: skip
def test_errors_are_seen(visit, page, script):
    seen = visit(page(f"<script>{script}</script>"))
    seen.page.wait_for_timeout(50)
    assert "wrong" in "".join(seen.errors)


def test_requests_are_seen_and_cut_off(visit, page):
    seen = visit(page("<img src='https://example.org/a.png' alt=''>"), offline=True)
    assert seen.requests == ["https://example.org/a.png"]
    assert "ERR_INTERNET_DISCONNECTED" in "".join(seen.errors)


@pytest.mark.parametrize(
    ("look", "background", "width"),
    [("light", "rgb(255, 255, 255)", 1280), ("dark", "rgb(0, 0, 0)", 1280),
     ("narrow", "rgb(255, 255, 255)", 390)],
)  # fmt: skip
def test_looks(visit, page, look, background, width):
    seen = visit(page(), look=look)
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == background
    assert seen.page.evaluate("innerWidth") == width
    assert seen.screenshot(f"visit-{look}").read_bytes().startswith(b"\x89PNG")


def test_a_folder_is_served(visit, page, serve):
    address = serve(page("<script>fetch('page.html')</script>").parent)
    seen = visit(f"{address}/page.html", offline=True)
    seen.page.wait_for_timeout(50)
    assert [url.removeprefix(address) for url in seen.requests if "favicon" not in url] == [
        "/page.html"
    ]
