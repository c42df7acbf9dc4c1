"""The demo's web behind a real server on a free port, and a browser that tells what it asked for."""

import shutil
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from dashboards.app import create_web

CHROMIUM = next((path for path in (shutil.which("chromium"), shutil.which("google-chrome")) if path), None)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


@pytest.fixture(scope="package")
def served(demo_home, tmp_path_factory):
    """(settings, address) of a running server; it stops by itself."""
    home: Path = tmp_path_factory.mktemp("browser") / "home"
    shutil.copytree(demo_home.home, home)
    settings = replace(demo_home, home=home)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_web(settings), log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield settings, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)
    listener.close()


@pytest.fixture(scope="package")
def browser():
    assert CHROMIUM, "There is no Chromium: run `make test`, which installs it, or apt-get install chromium."
    with sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def reader(browser, served):
    """reader("medecin") is a page signed in as that demo reader; what went wrong in it fails the test."""
    _, address = served
    opened, wrong = [], []

    def sign_in(name: str | None):
        context = browser.new_context(base_url=address, viewport={"width": 1380, "height": 900}, accept_downloads=True)
        opened.append(context)
        page = context.new_page()
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto("/app/login")
        if name:
            page.locator("form", has=page.locator(f"input[value='{name}@demo.example']")).get_by_role("button").click()
            page.locator("#page-heading").wait_for()
        return page

    yield sign_in
    for context in opened:
        context.close()
    assert not wrong
