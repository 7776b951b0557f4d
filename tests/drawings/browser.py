"""Drive Debian's Chromium over its DevTools protocol: open pages from disk, press, type, look."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tornado.websocket import websocket_connect

needs_browser = pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium here")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
START_S = 30
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
"""Pictures that tests leave behind for a reviewer to look at."""


class Page:
    """One open tab.

    Attributes
    ----------
    messages
        Texts of the console, of exceptions and of the browser's log.
    requests
        Addresses that were asked for.
    """

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._socket = self._run(lambda: websocket_connect(address, max_message_size=1 << 28))
        self._count = 0
        self.messages: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.call("Network.emulateNetworkConditions", **offline)

    def _run(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        async def until() -> Any:
            return await asyncio.wait_for(ask(), START_S)

        return self._loop.run_until_complete(until())

    def _read(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._run(self._socket.read_message))
        found, name = message.get("params", {}), message.get("method")
        if name == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(one.get("value", one)) for one in found["args"]))
        elif name == "Runtime.exceptionThrown":
            self.messages.append(json.dumps(found["exceptionDetails"]))
        elif name == "Log.entryAdded":
            self.messages.append(found["entry"]["text"])
        elif name == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])
        return message

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Return the answer to a command of the protocol."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": given}
        self._run(lambda: self._socket.write_message(json.dumps(command)))
        while (message := self._read()).get("id") != self._count:
            pass
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def value(self, script: str) -> Any:
        """Return the value of an expression; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script: str) -> Any:
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + START_S
        while not (found := self.value(script)):
            assert time.monotonic() < end, f"never true: {script}; {self.messages}"
            time.sleep(0.03)
        return found

    def resize(self, width: int, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, path: Path, *, width: int = 1400, drawn: bool = True) -> None:
        """Open a file at a width; return when the map is drawn."""
        self.resize(width)
        self.messages.clear()
        self.requests.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.until("document.readyState === 'complete'")
        if drawn:
            self.until("document.getElementById('map')?.dataset.ready")

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def move(self, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def press(self, key: str) -> None:
        codes = {
            "Tab": 9,
            "Enter": 13,
            "End": 35,
            "Home": 36,
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            given = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
            self.call("Input.dispatchKeyEvent", **given, **(more if kind == "keyDown" else {}))

    def picture(self, path: Path, *, whole: bool = True) -> Path:
        """Write what is shown as a PNG file."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
        return path

    def close(self) -> None:
        async def end() -> None:
            self._socket.close()

        self._run(end)
        self._loop.close()


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start a browser with a profile in a folder, without a network; end it and its children."""
    command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    log = folder / "browser.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, stderr=file, stdout=file, start_new_session=True)
    try:
        end = time.monotonic() + START_S
        while not (found := re.search(r"ws://[^/]+:(\d+)/", log.read_text(errors="replace"))):
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.05)
        with urlopen(f"http://127.0.0.1:{found.group(1)}/json") as answer:
            tabs = json.load(answer)
        page = Page(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
        yield page
        page.close()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=START_S)
