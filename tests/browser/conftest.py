"""Pages in a real browser: Chromium without a window, driven by Playwright. ``nox -s browser``.

Plain ``pytest tests`` leaves this folder out; ``pytest tests/browser`` runs it and fails where
there is no browser. ``--screenshots=FOLDER`` keeps what a page looks like, to be looked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Route,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SIZES = {"light": (1280, 900), "dark": (1280, 900), "narrow": (390, 844)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="a folder for pictures of the pages")


class Visit:
    """A page that is open in a tab of its own, and what it said and asked for since."""

    def __init__(self, context: BrowserContext, address: str, pictures: Path):
        self.page: Page = context.new_page()
        self.errors: list[str] = []  # of the console, warnings too, and exceptions nobody caught
        self.requests: list[str] = []  # but the page itself and what it carries (data:, blob:)
        self.pictures = pictures
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(address)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        own = request.is_navigation_request() and request.frame == self.page.main_frame
        if not own and not request.url.startswith(("data:", "blob:", "about:")):
            self.requests.append(request.url)

    def screenshot(self, name: str, *, full: bool = False) -> Path:
        """Writes ``name.png`` into ``--screenshots``; ``full`` takes what lies below, too."""
        path = self.pictures / f"{name}.png"
        self.page.screenshot(path=path, full_page=full, animations="disabled")
        return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: ``$CHROMIUM``, one on the path, or the one that Playwright installed."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        if not found and not Path(playwright.chromium.executable_path).exists():
            pytest.fail("no Chromium here: install it, or set CHROMIUM to its program")
        sandbox = getattr(os, "geteuid", lambda: 1)() != 0  # Chromium has none for root
        yield playwright.chromium.launch(executable_path=found, chromium_sandbox=sandbox)


@pytest.fixture
def visit(
    browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Visit]]:
    """``visit(path_or_address, look="dark")`` opens a page; ``offline=True`` cuts the network.

    ``look`` is light, dark or narrow (a telephone). ``prepare``, a function of Playwright's
    context, is called before the page is opened: routes, permissions, scripts.
    """
    pictures = request.config.getoption("--screenshots") or tmp_path
    pictures.mkdir(parents=True, exist_ok=True)
    contexts: list[BrowserContext] = []

    def visit(
        address: str | Path,
        *,
        look: str = "light",
        offline: bool = False,
        prepare: Callable[[BrowserContext], object] | None = None,
    ) -> Visit:
        width, height = SIZES[look]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if look == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if offline:  # this machine's own pages stay within reach
            context.route(lambda url: not url.startswith(("file:", "http://127.0.0.1")), _refuse)
        if prepare:
            prepare(context)
        return Visit(context, address.as_uri() if isinstance(address, Path) else address, pictures)

    yield visit
    for context in contexts:
        context.close()


def _refuse(route: Route) -> None:
    route.abort("internetdisconnected")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing: pytest's report is enough."""


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """``serve(folder)`` gives the folder's address on this machine, for pages that fetch."""
    servers: list[ThreadingHTTPServer] = []

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
