"""-f html: a page for a screen on a wall, as a browser and its reader find it."""
import random
import re
import threading

import frames
import harness
import html_page
import pytest
import recordings
import wallboard
from harness import QUEUE, REPLAY
from html_page import Page

HTML = ("-f", "html")
FIGURES = ["waiting", "longest wait", "on queue", "idle", "offered", "abandoned", "service level"]


def board(tool, names, *args, status=0, **more):
    """The page of a recording of queues with these names."""
    result = tool.run("--replay", "-", "-s", "-w", "10s", *HTML, *args, status=status,
                      data=wallboard.recording(names, **more))
    return Page(result.out).check()


def rows(tool, names, **more):
    """{queue: its own row in the last window}, and the window's rows of media types."""
    result = tool.run("--replay", "-", "-s", "-w", "10s", data=wallboard.recording(names, **more))
    last = result.rows[-1]["window"]
    return [row for row in result.rows if row["window"] == last]


# -- numbers


def test_page_has_the_numbers_of_the_last_window(tool):
    names = wallboard.few(3)
    page, last = board(tool, names), rows(tool, names)
    assert [queue.name for queue in page.queues] == sorted(names)
    for queue in page.queues:
        own, *media = [row["metrics"] for row in last if row["queueName"] == queue.name]
        seconds = int(own["oLongestWaiting"]["ageMs"]["last"]) // 1000
        level = [sum(row["oServiceLevel"][part] for row in media)
                 for part in ("numerator", "denominator")]
        assert list(queue.figures) == FIGURES
        assert queue.figures == {
            "waiting": str(own["oWaiting"]["count"]["last"]),
            "longest wait": "%d:%02d" % divmod(seconds, 60),
            "on queue": str(own["oOnQueueUsers"]["count"]["last"]),
            "idle": str(own["oOnQueueUsers"]["IDLE"]["count"]["last"]),
            "offered": str(sum(row["nOffered"]["count"]["total"] for row in media)),
            "abandoned": str(sum(row["tAbandon"]["count"]["total"] for row in media)),
            "service level": "%d%%" % (100 * level[0] // level[1])}
    assert page.time == last[0]["end"] == "2026-11-24T09:10:00.000Z"
    assert page.title == "No alarms, 3 queues, 09:10"


def test_metrics_of_m_and_of_the_stream_are_shown(tool):
    names = wallboard.few(2)
    page = board(tool, names, "-m", "oInteracting,oWaiting")
    assert [list(queue.figures) for queue in page.queues] == [["oWaiting", "oInteracting"]] * 2
    page = Page(tool.run(*REPLAY, "-s", *HTML, status=0).out).check()
    last = tool.run(*REPLAY, "-s").rows[-3:]
    assert [queue.name for queue in page.queues] == [row["queueId"] for row in last]
    for queue, row in zip(page.queues, last):
        waiting = row["metrics"]["state"]["waiting"]["last"]
        assert list(queue.figures)[:2] == ["waiting", "mean wait"]
        assert queue.figures["waiting"] == str(waiting)


def test_a_trend_has_the_last_sixty_windows(tool):
    names = wallboard.few(1)
    assert board(tool, names, seconds=100).queues[0].points() == 10
    page = board(tool, names, seconds=900)
    assert page.queues[0].points() == 60
    assert "last 60 windows" in page.queues[0].chart.attrs["aria-label"]


def test_now_shows_this_moment_without_totals_and_trend(tool, service):
    page = Page(tool.run("--queue-name", "*", "--now", "-s", *HTML, status=0).out).check()
    assert {tuple(queue.figures) for queue in page.queues} == {tuple(FIGURES[:4])}
    assert {queue.chart for queue in page.queues} == {None}


# -- alarms and gaps


def test_alarms_are_told_in_words_and_at_their_numbers(tool):
    names = wallboard.few(12)
    page = board(tool, names, *wallboard.ALARMS, "--fail-if", "nOffered.total>20", status=1)
    found = set()
    for queue in page.queues:
        waiting = int(queue.figures["waiting"])
        longest = queue.figures["longest wait"].split(":")
        seconds = int(longest[0]) * 60 + int(longest[-1]) if len(longest) > 1 else 0
        critical = [label for label, held in (("waiting", waiting > 9),
                                              ("longest wait", seconds >= 240)) if held]
        offered = "offered" in queue.bad
        critical += ["offered"] * offered
        warning = ["waiting"] * (waiting > 5)
        assert queue.state == ("Critical" if critical else "Warning" if warning else None)
        assert set(queue.bad) == set(critical + warning), queue.name
        assert queue.node.one("article") and bool(queue.why) == bool(queue.bad)
        found.add(queue.state)
    assert found == {None, "Warning", "Critical"}
    alarms = [queue.name for queue in page.queues if queue.state]
    assert page.title.startswith("%d alarms, 12 queues" % len(alarms))
    links = [a.text for a in page.root.one("nav").all("a")]
    assert sorted(links) == sorted(alarms)


def test_a_threshold_colours_only_the_windows_in_which_it_holds(tool):
    alarm = ("--fail-if", "Sales:window==%d")
    page = board(tool, wallboard.few(3), alarm[0], alarm[1] % 59, status=1)
    assert [queue.name for queue in page.queues if queue.state] == ["Sales"]
    assert [queue.why for queue in page.queues if queue.why] == ["59: Sales:window==59"]
    page = board(tool, wallboard.few(3), alarm[0], alarm[1] % 30, status=1)
    assert [queue.state for queue in page.queues] == [None] * 3


def test_ranges_need_a_check_or_a_page(tool):
    result = tool.run(*REPLAY, "-W", "updates=1", status=2)
    assert "--warning 'updates=1' needs --check or -f html" in result.err
    # they do not change the status of the run
    tool.run(*REPLAY, "-s", *HTML, "-C", "updates=:0", status=0)
    result = tool.run(*REPLAY, *HTML, "-W", "state.gone.max=1", "-C", "updates=:0", status=0)
    assert result.warnings("marks nothing") == [
        "--warning 'state.gone.max=1': no row has this number, so it marks nothing"]
    assert "'updates' has no range" in tool.run(*REPLAY, *HTML, "-C", "updates", status=2).err


def test_a_gap_is_grey_and_told(tool):
    page = board(tool, wallboard.few(3), lost=(585, 593))
    for queue in page.queues:
        assert (queue.state, queue.note) == ("Incomplete", "connected 70% of the window")
        assert {"partial", "gap"} <= set(queue.node.classes())
        assert "not known" in queue.figures["idle"] or queue.figures["idle"].isdigit()
    assert "3 incomplete" in page.root.one("header").text
    # a queue of which nothing came
    lines = recordings.named(recordings.ONE, "Sales") + recordings.begin()
    page = Page(tool.run("--source", "notifications", "--replay", "-", "-w", "10s", "-s", *HTML,
                         recordings.ONE, data=lines + recordings.end(10), status=0).out).check()
    assert (page.queues[0].state, page.queues[0].note) == ("Incomplete", "no numbers yet")


# -- the page


@pytest.mark.parametrize("count,kind", [(1, "cards"), (3, "cards"), (12, "cards"), (20, "cards"),
                                        (21, "rows"), (60, "rows")])
def test_density_follows_the_number_of_queues(tool, count, kind):
    page = board(tool, wallboard.few(count), seconds=30)
    assert kind in page.root.one("main").classes() and len(page.queues) == count
    columns, lines, figures = map(int, re.search(
        r":root\{--c:(\d+);--r:(\d+);--h:[^;]*;--f:(\d+)\}", page.text).groups())
    assert columns * lines >= count > columns * (lines - 1) and figures == 7
    heads = [node for node in page.root.one(name="heads").inside if node != "\n"]
    assert len(heads) == columns


@pytest.mark.parametrize("window,seconds", [("10s", 10), ("1m", 60), ("1500ms", 2)])
def test_page_comes_again_after_a_window(tool, window, seconds):
    page = Page(tool.run("--replay", harness.SAMPLE, "-s", "-w", window, *HTML,
                         status=0).out).check()
    assert page.meta["refresh"] == str(seconds)
    ms = {"10s": 10000, "1m": 60000, "1500ms": 1500}[window]
    assert int(page.root.attrs["data-old"]) >= 2 * ms + 1000
    assert page.root.attrs["data-end"].isdigit()
    (notice,) = [p for p in page.root.all("p") if p.attrs.get("id") == "old"]
    assert "hidden" in notice.attrs and notice.attrs["role"] == "alert"


def test_times_are_those_of_the_machine(tool):
    tool.env["TZ"] = "CET-1"
    clock = board(tool, wallboard.few(1), seconds=30).root.one(name="clock").text
    assert clock.split() == ["2026-11-24", "10:00:30", "CET"]
    clock = board(tool, wallboard.few(1), "--utc", seconds=30).root.one(name="clock").text
    assert clock.split() == ["2026-11-24", "09:00:30", "UTC"]


def test_colours_have_the_contrast_of_wcag_aa(tool):
    sheet = next(board(tool, wallboard.few(1), seconds=30).root.all("style")).text
    listed = list(html_page.rules(sheet))
    for scheme, colours in html_page.variables(sheet).items():
        def colour(text, state=None):
            name = re.fullmatch(r"var\(--([\w-]+)\)", text)[1]
            return colours[name] if name in colours else colour(state["--" + name])

        pairs = 0
        for selector, body in listed:
            if "background" in body and "color" in body and "--" not in "".join(body):
                if "--fill" in body["background"] or "--text" in body["background"]:
                    continue    # below, in each state
                ratio = html_page.contrast(colour(body["background"]), colour(body["color"]))
                assert ratio >= 4.5, (scheme, selector, ratio)
                pairs += 1
        assert pairs >= 5
        page = colours["page"]
        for name in ("ink", "soft"):
            assert html_page.contrast(page, colours[name]) >= 4.5, (scheme, name)
        for state in html_page.STATES:
            (own,) = [body for selector, body in listed
                      if selector == "." + state and "--fill" in body]
            fill = colour(own["--fill"], own)
            for name, least in (("--text", 4.5), ("--mute", 4.5), ("--stroke", 3)):
                ratio = html_page.contrast(fill, colour(own[name], own))
                assert ratio >= least, (scheme, state, name, ratio)


def test_each_background_says_the_colour_of_its_text(tool):
    sheet = next(board(tool, wallboard.few(1), seconds=30).root.all("style")).text
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        assert ("background" in body) <= bool(re.search(r"(^|;)color:", body)), selector


# -- names from outside

HOSTILE = {
    "script": "</style></script><script>alert(1)</script>",
    "attribute": "\" onload=\"alert(1)\" '",
    "entity": "&lt;b&gt; &#x202e; &amp",
    "comment": "<!-- ]]> -->",
    "bidi": "\u202egnp.exe\u2066\u200f",
    "controls": "a\u0000b\u0007c\u001b[31m",
    "combining": "e" + "\u0301" * 450,
    "megabyte": "e" + "\u0301" * 500000,      # too long for a name of the source
    "long": "x" * 1000,
    "wide": "\ufdfd" * 300,
    "empty": "",
    "blank": "   ",
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_a_hostile_name_is_shown_and_inert(tool, kind):
    name = HOSTILE[kind].replace("\0", "")
    page = board(tool, [name, "Sales"], *wallboard.ALARMS, "-C", "updates=:0", seconds=30)
    first, second = sorted(page.queues, key=lambda queue: queue.name == "Sales")
    shown = "".join("\ufffd" if c in "\u202e\u2066\u200f\a\x1b" else c for c in name)
    if not shown.strip() or kind == "megabyte":
        shown = wallboard.identity(0)
    assert first.name == (shown if len(shown) <= 80 else shown[:80] + "\u2026")
    assert second.name == "Sales" and list(second.figures) == FIGURES
    assert not set(page.text) & set("\u202e\u2066\u200f\a\x1b")
    assert len(page.text.encode()) < 60000
    assert first.node.one("h2").attrs["title"] == wallboard.identity(0)


def test_any_names_and_metrics_make_a_whole_page(tool):
    chance = random.Random(18)
    pieces = ["<", ">", "&", '"', "'", "\\", "/", "=", "`", "{", "}", "--", "]]>", "</script>",
              "<!--", "\u202e", "\u0301", "\ud7ff", "\ufffe", "\U0001f680", "\u00ad", " ", "x"]
    for _ in range(25):
        names = ["".join(chance.choice(pieces) for _ in range(chance.randrange(120)))
                 for _ in range(chance.choice((1, 2, 30)))]
        page = board(tool, names, seconds=chance.choice((20, 45)),
                     lost=chance.choice((None, (5, 12))), seed=chance.random())
        assert len(page.queues) == len(names)
    for _ in range(10):
        text = "".join(chance.choice(pieces) for _ in range(40)).replace("\\", "")
        lines = "".join(frames.frame(QUEUE, at="2026-11-24T02:00:%02dZ" % second, state={
            text: 1, "waiting": 2}) + "\n" for second in range(0, 60, 10))
        page = Page(tool.run("--replay", "-", "-m", "state", "-s", "-w", "10s", *HTML, data=lines,
                             status=0).out).check()
        assert page.queues[0].figures["waiting"] == "2"


# -- the file


def test_file_is_replaced_at_each_window(tool, notify):
    """Read all the time, it is always a whole page."""
    notify(queues=[wallboard.notice_frames.queue(QUEUE, "Sales")], rate=20)
    process = tool.start("--queue-name", "Sales", "-w", "150ms", "-n", 12, *HTML, "-o",
                         "wall.html")
    done, times, broken = threading.Event(), [], []

    def look():
        path = tool.dir / "wall.html"
        while not done.is_set():
            text = path.read_text() if path.exists() else ""
            if text and not text.endswith("</html>\n"):
                broken.append(text)
            if text:
                times.append(re.search(r'datetime="([^"]*)"', text)[1])

    thread = threading.Thread(target=look)
    thread.start()
    result = process.finish()
    done.set()
    thread.join()
    assert result.status == 0 and result.out == "" and not broken
    assert len(set(times)) > 3 and times == sorted(times)
    Page((tool.dir / "wall.html").read_text()).check()


def test_a_folder_that_cannot_be_written_ends_before_the_first_packet(tool, gate):
    tool.write("no-folder", "")
    result = tool.run(*HTML, "-o", "no-folder/wall.html", QUEUE, status=2)
    assert "--output 'no-folder/wall.html'" in result.err and not gate.token_requests


def test_no_whole_window_is_told(tool):
    result = tool.run("--replay", "-", "-w", "10m", *HTML, status=0,
                      data=wallboard.recording(["Sales"], seconds=30))
    assert result.out == "" and result.warnings() == [
        "no window was complete, so nothing was written"]
