"""The page of -f html in a real Chromium: what it shows, asks for and says to a screen reader."""
import http.server
import re
import struct
import threading

import chromium
import harness
import pytest
import wallboard
from notice_frames import observations

SIZES = [(3840, 2160), (1280, 720), (390, 844)]
pytestmark = pytest.mark.skipif(not chromium.program(), reason="chromium is missing")


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium() as started:
        yield started


@pytest.fixture
def tool(tmp_path):
    return harness.Tool(tmp_path)


def page(tool, names, *args, **more):
    tool.run("--replay", "-", "-s", "-w", "10s", "-f", "html", "-o", "wall.html", *args, status=0,
             data=wallboard.recording(names, **more))
    # a slow machine must not load the page again while it is looked at
    path = tool.dir / "wall.html"
    text, n = re.subn(r'(http-equiv="refresh" content=")\d+', r"\g<1>3600", path.read_text())
    assert n == 1
    path.write_text(text)
    return "file://%s" % path


# of each element: it is cut, or sticks out of its queue
CUT = """[...document.querySelectorAll('.figure b, small, .state, .clock, .pill')].filter(e => {
    let r = e.getBoundingClientRect(), q = (e.closest('article') || document.body)
        .getBoundingClientRect();
    return r.width > 1 && (r.right > q.right + 1 || r.left < q.left - 1 || r.bottom > q.bottom + 1);
}).map(e => e.className + e.textContent + (e.closest('article') || e).innerText)"""
OVERLAPS = """(() => { let boxes = [...document.querySelectorAll('.queue')].map(
    e => e.getBoundingClientRect()), n = 0;
    for (let a of boxes) for (let b of boxes)
        n += a != b && a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return n; })()"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("count", [3, 12, 60])
@pytest.mark.parametrize("size", SIZES)
def test_queues_fit_the_screen(tool, browser, size, count, dark):
    browser.show(page(tool, wallboard.few(count), *wallboard.ALARMS), size, dark)
    picture = browser.screenshot()
    assert struct.unpack("!II", picture[16:24]) == size and len(picture) > 20000
    root = "document.documentElement."
    assert browser.evaluate(root + "scrollWidth") <= size[0]
    if size[0] > 600:       # all queues at once; on a telephone below each other
        assert browser.evaluate(root + "scrollHeight") <= size[1]
    assert browser.evaluate(CUT) == [] and browser.evaluate(OVERLAPS) == 0
    assert browser.evaluate("document.querySelectorAll('.queue').length") == count
    # numbers can be read from afar: in the smallest mode, two per cent of the screen
    tall = browser.evaluate("parseFloat(getComputedStyle(document.querySelector("
                            "'.hero b')).fontSize)")
    assert tall >= (size[1] * (0.018 if count == 60 else 0.05) if size[0] > 600 else 15)
    ink = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ink == "rgb(10, 13, 18)") == dark


# numbers and labels of a queue that cover each other
COVERED = """[...document.querySelectorAll('article')].flatMap(a => {
    let parts = [...a.querySelectorAll('dt, b, small, .state, h2')].map(
        e => [e.textContent, e.getBoundingClientRect()]).filter(([_, r]) => r.width > 1);
    return parts.flatMap(([t, r]) => parts.filter(([u, s]) => u != t && r.left < s.right - 2
        && s.left < r.right - 2 && r.top < s.bottom - 6 && s.top < r.bottom - 6).map(
        ([u]) => t + '|' + u));
})"""


@pytest.mark.parametrize("count", [3, 12, 60])
@pytest.mark.parametrize("size", SIZES)
def test_large_numbers_have_room(tool, browser, size, count):
    names = wallboard.few(count)
    much = "".join(wallboard.line(50 + second, '"stream":0,"frame":' + observations(
        wallboard.identity(n), "voice", (wallboard.START + (50 + second) * 1000, {
            "oWaiting": waiting}))) for second, waiting in ((1, 1999), (5, 345))
        for n in range(count))
    data = wallboard.recording(names, seconds=50)
    data = data[:data.rindex('{"at"')] + much + wallboard.line(60, '"state":"end"')
    tool.run("--replay", "-", "-s", "-w", "10s", "-f", "html", "-o", "wall.html",
             *wallboard.ALARMS, status=0, data=data)
    browser.show("file://%s" % (tool.dir / "wall.html"), size)
    assert "345" in browser.evaluate("document.querySelector('.hero').textContent")
    assert browser.evaluate(COVERED) == [] and browser.evaluate(CUT) == []


@pytest.mark.parametrize("count", [3, 60])
def test_a_screen_reader_gets_headings_lists_and_labels(tool, browser, count):
    names = wallboard.few(count)
    browser.show(page(tool, names, *wallboard.ALARMS))
    tree = browser.tree()
    assert ("heading", "Queues") in tree
    assert sorted(name for role, name in tree if role == "heading") == sorted([*names, "Queues"])
    roles = [role for role, _ in tree]
    assert roles.count("list") >= 1 and roles.count("listitem") >= count
    assert roles.count("term") == 7 * count == roles.count("definition")
    assert sum(name.startswith("waiting in the last 60") for _, name in tree) == count
    words = [name for role, name in tree if role == "StaticText"]
    assert "Critical" in words and "waiting" in words
    assert "Time" in roles or "time" in roles
    assert not [name for role, name in tree if role == "alert" and "not running" in name]


def test_names_are_inert_and_move_no_other_queue(tool, browser):
    rest = wallboard.few(12)[1:]
    place = ("JSON.stringify([...document.querySelectorAll('.queue')].slice(%d).map(e => "
             "Object.values(e.getBoundingClientRect().toJSON())))")
    browser.show(page(tool, ["AAA", *rest], seconds=30))
    usual = browser.evaluate(place % 0)
    for name in ("AAA</script><script>document.title='run'</script><img src=x onerror=alert(1)>",
                 "AAA" + "\u0301" * 450, "AAA" + "x" * 900, "AAA \u202egnp.exe", "\ufdfd" * 300):
        del browser.errors[:]
        browser.show(page(tool, [name, *rest], seconds=30))
        assert browser.evaluate(place % 0) == usual, name[:40]
        assert browser.evaluate("document.title") == "No alarms, 12 queues, 09:00"
        assert browser.evaluate("document.documentElement.scrollWidth") <= 1280
        assert browser.errors == []


def test_only_the_page_is_asked_for_and_an_old_one_says_so(tool, browser):
    page(tool, ["Sales"], seconds=30)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tool.dir))

        def log_message(self, *args):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        del browser.requests[:], browser.errors[:]
        url = "http://127.0.0.1:%d/wall.html" % server.server_port
        browser.show(url)
        # of 2026-11-24, so the script has shown the notice
        assert not browser.evaluate("document.getElementById('old').hidden")
        assert ("alert", "") in [(role, "") for role, _ in browser.tree()]
        assert browser.evaluate("(() => { try { return eval('1') } catch (e) { return 0 } })()") \
            in (0, 1)       # the debugger may
        server.shutdown()
    assert set(asked) == {"/wall.html"} and set(browser.requests) == {url}
    assert browser.errors == []


def test_the_page_is_loaded_again_after_a_window(tool, browser):
    data = wallboard.recording(["Sales"], seconds=30)
    tool.run("--replay", "-", "-s", "-w", "1s", "-f", "html", "-o", "wall.html", data=data,
             status=0)
    browser.show("file://%s" % (tool.dir / "wall.html"))
    seen = browser.loaded
    browser.until(lambda: browser.loaded >= seen + 2)
