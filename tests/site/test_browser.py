"""The site in a real browser that reaches no other host.

Needs Chromium and its driver: `apt install chromium chromium-driver` on Debian.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from support import ROOT

SITE = ROOT / "site" / "html"
LESSON = "modules/11_embeddings.html"  # it has mathematics and a diagram
PATIENCE = 60  # seconds


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in ("headless=new", "disable-dev-shm-usage", "window-size=1400,1000"):
        options.add_argument(f"--{switch}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's own does not work as root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def wait_for(browser: webdriver.Chrome, script: str) -> object:
    """What the script returns, as soon as that is true."""
    wait = WebDriverWait(browser, PATIENCE)
    return wait.until(lambda b: b.execute_script(f"return {script}"), script)


def complaints(browser: webdriver.Chrome) -> list[str]:
    """What the browser was not content with since it was asked last: a request that failed, too."""
    log = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]


def test_the_start_page_leads_three_ways(site: str, browser: webdriver.Chrome) -> None:
    browser.get(f"{site}/index.html")
    links = [a.get_attribute("href") for a in browser.find_elements(By.CSS_SELECTOR, ".sd-card a")]
    assert links == [f"{site}/{name}.html" for name in ("learn", "grading", "contributing")]
    wait_for(browser, "document.fonts.check('16px Inter')")
    assert not complaints(browser)


def test_a_lesson_shows_mathematics_and_a_diagram(site: str, browser: webdriver.Chrome) -> None:
    browser.get(f"{site}/{LESSON}")
    wait_for(browser, "document.querySelectorAll('mjx-container svg').length >= 2")
    drawn = "document.querySelector('div.mermaid.drawn svg')"
    assert "Embeddings" in str(wait_for(browser, f"{drawn} && {drawn}.textContent"))
    browser.execute_script("document.documentElement.dataset.theme = 'dark'")
    wait_for(browser, f"{drawn} && {drawn}.textContent.includes('Embeddings')")
    assert not complaints(browser)


def test_the_search_finds_a_word_of_a_lesson(site: str, browser: webdriver.Chrome) -> None:
    browser.get(f"{site}/search.html?q=sinusoidal")
    found = "document.querySelector('#search-results a[href*=\"11_embeddings\"]')"
    wait_for(browser, f"{found} && {found}.href")
    assert not complaints(browser)
