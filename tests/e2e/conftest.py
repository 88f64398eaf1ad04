"""A JupyterLab as a student gets it, and a real Chromium to drive it."""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_addoption(parser):
    parser.addoption("--repeat", type=int, default=1, help="run every browser test so often")
    parser.addoption("--every-lesson", action="store_true", help="run them all in JupyterLite")


def pytest_generate_tests(metafunc):
    times = metafunc.config.getoption("--repeat", 1)
    if times > 1:
        metafunc.fixturenames.append("time")
        metafunc.parametrize("time", range(times))


def pytest_terminal_summary(terminalreporter):
    """Say how often every lesson passed, and how long a reader waits for a new picture."""
    stats = terminalreporter.stats.values()
    reports = [r for found in stats for r in found if getattr(r, "when", "") == "call"]
    lessons = [r for r in reports if "explorers_move" in r.nodeid]
    passed = sum(report.passed for report in lessons)
    told = [name_and_times for report in lessons for name_and_times in report.user_properties]
    rows = [row for r in reports for name, row in r.user_properties if name == "in the browser"]
    for row in rows:
        terminalreporter.write_line(row)
    for what in ("slider moved", "slider held"):
        times = [ms for name, found in told for ms in found if name == what]
        if times:
            terminalreporter.write_line(
                f"{len(times)} x {what}: new picture after {statistics.median(times):.0f} ms "
                f"(median), {max(times):.0f} ms (longest)"
            )
    if lessons:
        times = terminalreporter.config.getoption("--repeat")
        names = len(lessons) // times
        terminalreporter.write_line(f"{names} lessons x {times}: {passed} of {len(lessons)} passed")


@pytest.fixture(scope="session")
def browser():
    """Return one Chromium for all tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: the browser tests need Debian's package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, tmp_path, request):
    """Return a fresh page; `page.elsewhere` and `page.errors` collect what must stay empty."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.elsewhere, page.errors = [], []
    here = ("http://127.0.0.1", "http://localhost", "ws://", "data:", "blob:")
    context.on("request", lambda r: r.url.startswith(here) or page.elsewhere.append(r.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    failed = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed:
        page.screenshot(path=tmp_path / "last.png")  # pytest keeps the last three runs' folders
    context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Return the address of JupyterLab, started by the README's first command."""
    log, port = tmp_path_factory.mktemp("lab") / "server.log", _free_port()
    command = [
        sys.executable, "course.py", "study", "--no-browser", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password=",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with log.open("w") as out:
        server = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, env=_student(), start_new_session=True
        )
    address, end = f"http://127.0.0.1:{port}", time.monotonic() + 90
    while not _answers(address):
        assert server.poll() is None and time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.2)
    yield address
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(20)


def _student():
    """Return the environment without what the tests themselves were given."""
    ours = ("PYTEST", "JUPYTER", "IPYTHON", "MPL", "TQDM")
    return {name: text for name, text in os.environ.items() if not name.startswith(ours)}


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _answers(address):
    try:
        with urllib.request.urlopen(f"{address}/api/status", timeout=3):
            return True
    except OSError:
        return False
