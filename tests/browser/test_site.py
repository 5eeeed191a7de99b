"""The pages of the site: nothing fails, nothing is fetched from elsewhere, all fits the window."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
PAGES = sorted(
    path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    for folder in ("docs", "docs/lessons")
    for path in (ROOT / folder).glob("*.md")
)
# what is wider than the window although the window could be scrolled within it
WIDER = """[...document.querySelectorAll('article *')].filter(each => {
    for (let p = each; p; p = p.parentElement)
        if (getComputedStyle(p).overflowX !== 'visible') return false;
    return each.getBoundingClientRect().right > innerWidth + 1;
}).map(each => each.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("page", PAGES)
def test_it_opens_from_the_disk(visit, page):
    seen = visit(SITE / f"{page}.html", offline=True)
    seen.screenshot(f"site-{page.replace('/', '-')}", full=True)
    assert seen.errors == []
    assert [url for url in seen.requests if not url.startswith("file:")] == []
    assert seen.page.evaluate("[...document.images].filter(i => !i.naturalWidth).length") == 0
    assert seen.page.evaluate("document.querySelectorAll('h1').length") == 1


@pytest.mark.parametrize("page", PAGES)
def test_it_fits_a_telephone(visit, page):
    seen = visit(SITE / f"{page}.html", look="narrow", offline=True)
    seen.screenshot(f"site-{page.replace('/', '-')}-narrow")
    assert seen.page.evaluate(WIDER) == []


@pytest.mark.parametrize("page", ["index", "gallery", "lessons/1_scalar_engine"])
def test_dark(visit, page):
    seen = visit(SITE / f"{page}.html", look="dark", offline=True)
    seen.screenshot(f"site-{page.replace('/', '-')}-dark", full=True)
    background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, background[4:-1].split(","))) < 150


def test_the_front_page_shows_what_is_true(visit):
    """Its picture has the numbers of the program beside it."""
    import minitorch as torch

    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    squares = x * x
    squares.retain_grad()
    y = squares.sum()
    y.retain_grad()
    y.backward()
    seen = visit(SITE / "index.html", offline=True)
    for kind, tensors in {
        "value": [x.detach(), squares.detach(), y.detach()],
        "gradient": [x.grad, squares.grad, y.grad],
    }.items():
        shown = seen.page.locator(f".front text.{kind}").all_text_contents()[:3]
        said = [str(each.numpy()).removesuffix("0") for each in tensors]
        assert [each.rstrip(".") for each in shown] == [each.rstrip(".") for each in said]
