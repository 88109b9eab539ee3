"""The book and the laboratory in a real browser: formulas are set, no other host gets a request, pictures move."""
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlparse

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
SHOTS = Path(os.environ.get("TINYGAN_SCREENSHOTS", ""))  # a folder for screenshots, to look at
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


class Browser:
    """A headless Chromium that resolves no name but localhost."""

    def __init__(self):
        from selenium import webdriver
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,860",
                     "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))

    def open(self, url):
        self.driver.get_log("browser"), self.driver.get_log("performance")
        self.driver.get(url)

    def find(self, selector):
        return self.driver.find_elements("css selector", selector)

    def wait(self, what, seconds=60):
        """Waits until `what()` is true; returns its result."""
        end = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.2)
        return found

    def press(self, text):
        [button] = [b for b in self.find("button") if b.text.strip() == text]
        button.click()

    def see(self, name):
        if SHOTS.name:
            self.driver.save_screenshot(SHOTS / f"{name}.png")

    def complaints(self):
        """The errors in the console since `open`, and the addresses requested from other hosts."""
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"
                  and "/favicon.ico" not in entry["message"]]  # requested by the browser itself
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        assert asked
        return errors, [url for url in asked if urlparse(url).hostname not in (None, "localhost")]


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("selenium")
    if not (CHROMIUM and DRIVER):
        pytest.skip("no chromium with a chromedriver")
    browser = Browser()
    yield browser
    browser.driver.quit()


@contextlib.contextmanager
def served(port, *command, stdout=subprocess.DEVNULL, **options):
    """A server on this machine while the block lasts: its address."""
    process = subprocess.Popen([sys.executable, *command], stdout=stdout, stderr=subprocess.DEVNULL,
                               env={**os.environ, "PYTHONPATH": str(ROOT)}, **options)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def test_the_book(browser, book, port):
    with served(port, "-m", "http.server", str(port), "--bind", "localhost", cwd=book) as address:
        for page, formulas in [("index", False), ("05-objective", True), ("notebooks/06-playing", True),
                               ("notebooks/labs/gan-laboratory", True), ("api/tinygan.objectives", False)]:
            browser.open(f"{address}/{page}.html")
            if formulas:
                browser.wait(lambda: browser.find("mjx-container"))
                browser.wait(lambda: not browser.find("mjx-merror, mjx-container:empty"))
                assert "\\frac" not in browser.driver.find_element("tag name", "body").text
            time.sleep(1)
            browser.see(page.replace("/", "-"))
            assert browser.complaints() == ([], []), page
            assert all(browser.driver.execute_script("return [...document.images].map(i => i.naturalWidth > 0)"))


def picture(browser):
    """The bytes of the laboratory's picture, as numbers."""
    return browser.driver.execute_async_script("""const done = arguments[0];
        fetch(document.querySelector("img.widget-image").src).then(r => r.arrayBuffer())
            .then(b => done([...new Uint8Array(b)]))""")


def settled(browser, before):
    """The picture when it is no longer `before`, and stays the same for two seconds."""
    last = browser.wait(lambda: (now := picture(browser)) != before and now)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(2)
        if (now := picture(browser)) == last:
            return now
        last = now
    raise AssertionError("the picture does not come to rest")


def test_the_laboratory(browser, port, tmp_path):
    for package in ("voila", "ipywidgets", "ipyevents", "ipykernel"):
        pytest.importorskip(package)
    said = tmp_path / "said"
    with said.open("w") as stdout, served(port, "-m", "tinygan.cli", "lab", "--no-browser", "--port", str(port),
                                          stdout=stdout) as address:
        browser.open(address)
        assert "holds a token" in browser.driver.page_source
        browser.open(browser.wait(lambda: re.search("http:.*token=.+", said.read_text()))[0])
        assert browser.driver.current_url == f"{address}/"
        [image] = browser.wait(lambda: [i for i in browser.find("img.widget-image") if i.size["height"] > 300])
        time.sleep(1)
        browser.see("laboratory-before")
        before = picture(browser)
        for _ in range(10):
            browser.press("step")
        after = settled(browser, before)
        browser.see("laboratory-after")

        browser.press("slow motion")
        browser.press("▶ play")
        time.sleep(4)
        browser.see("laboratory-slow")
        assert picture(browser) != after
        browser.press("slow motion")
        time.sleep(8)
        browser.press("❚❚ pause")
        settled(browser, after)
        browser.see("laboratory-played")

        menu = browser.find("select")[0]
        next(o for o in menu.find_elements("tag name", "option") if o.text == "draw your own").click()
        before = picture(browser)
        drag(browser, image)
        settled(browser, before)
        browser.see("laboratory-drawn")
        assert browser.complaints() == ([], [])


def drag(browser, image):
    """A stroke over the plane."""
    from selenium.webdriver import ActionChains
    actions = ActionChains(browser.driver, duration=60).move_to_element_with_offset(image, -420, 60).click_and_hold()
    for x in range(-420, -40, 20):
        actions.move_to_element_with_offset(image, x, 60 - (x + 230) ** 2 // 400)
    actions.release().perform()
