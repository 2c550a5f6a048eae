"""Chromium without a window, over its DevTools protocol."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def program():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """with Chromium() as browser: one page, whose requests and errors are kept."""

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.write = os.pipe()
        self.read, to_write = os.pipe()

        def pipes():    # the protocol's descriptors are 3 and 4
            os.dup2(to_read, 200)
            os.dup2(to_write, 201)
            os.dup2(200, 3)
            os.dup2(201, 4)

        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe",
             "--disable-dev-shm-usage", "--user-data-dir=" + self.home.name, "about:blank"],
            env={"HOME": self.home.name, "PATH": os.environ["PATH"], "TZ": "UTC"},
            close_fds=False, preexec_fn=pipes, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.rest, self.session = 0, b"", None
        self.requests, self.errors, self.loaded = [], [], 0
        self.documents = set()          # loader IDs of those that have loaded
        (page,) = [target for target in self.ask("Target.getTargets")["targetInfos"]
                   if target["type"] == "page"]
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"],
                                flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.ask(domain + ".enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.write)
        os.close(self.read)
        self.home.cleanup()

    def _next(self, end):
        while b"\0" not in self.rest:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.read], [], [], left)[0], "no answer"
            more = os.read(self.read, 1 << 20)
            assert more, "the browser has ended"
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        method, params = message.get("method"), message.get("params")
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(params))
        elif method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Page.lifecycleEvent" and params["name"] == "load":
            self.documents.add(params["loaderId"])
        return message

    def ask(self, method, patience=60, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + patience
        while True:
            answer = self._next(end)
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def until(self, condition, patience=60):
        end = time.monotonic() + patience
        while not condition():
            self._next(end)

    def show(self, url, size=(1280, 720), dark=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                 deviceScaleFactor=1, mobile=size[0] < 600)
        self.ask("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        # the page before may load itself again meanwhile
        loader = self.ask("Page.navigate", url=url)["loaderId"]
        self.until(lambda: loader in self.documents)

    def evaluate(self, expression):
        return self.ask("Runtime.evaluate", expression=expression,
                        returnByValue=True)["result"].get("value")

    def screenshot(self):
        """PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot")["data"])

    def tree(self):
        """(role, name) of what a screen reader finds, in its order."""
        return [(node["role"]["value"], node.get("name", {}).get("value", ""))
                for node in self.ask("Accessibility.getFullAXTree")["nodes"]
                if not node["ignored"]]
