#!/usr/bin/python3
"""Recordings of a contact centre with any number of queues. As a program: writes
man/wallboard.png, the page of -f html for one of them (needs chromium, pngquant, fonts-inter)."""
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import chromium
import notice_frames

TOP = pathlib.Path(__file__).parent.parent.parent
START = 1795510800000		# 2026-11-24T09:00:00Z
ASKED = ["oInteracting", "oLongestWaiting", "oOnQueueUsers", "oWaiting"]
NAMES = [place + topic for topic in (
    "Sales", "Support", "Billing", "Orders", "Returns", "Claims", "Complaints", "Business",
    "Technical", "Appointments", "Deliveries", "Emergency") for place in (
    "", "North ", "South ", "Night ", "EU ")]
ALARMS = ("-W", "oWaiting.last=5", "-C", "oWaiting.last=9", "-C", "oLongestWaiting.last=240000")


def identity(n):
    return "%08x-0000-4000-8000-%012x" % (n + 1, n + 1)


def few(count):
    """The names of so many queues; the first ones differ most."""
    return (NAMES[::5] + [name for name in NAMES if name not in NAMES[::5]])[:count]


def line(seconds, rest):
    return '{"at":"%s",%s}\n' % (notice_frames.iso(START + round(seconds * 1000)), rest)


def recording(names, seconds=600, lost=None, seed=3):
    """Notifications of queues with these names; lost: (from, to) without a connection."""
    chance = random.Random(seed)
    queues = [notice_frames.Queue(identity(n), seed=seed) for n in range(len(names))]
    for queue in queues:
        for status in ("IDLE", "INTERACTING", "COMMUNICATING"):
            queue.agents[status] = chance.randrange(1, 9)
        queue.step_every = chance.choice((6, 9, 14, 25))
    lines = [line(0, '"answer":"queues","frame":' + notice_frames.dumps({"entities": [
        {"id": queue.id, "name": name} for queue, name in zip(queues, names)]})),
        line(0, '"stream":0,"state":"connected"'),
        line(0, '"answer":"snapshot","asked":"%s","metrics":%s,"frame":%s' % (
            notice_frames.iso(START), notice_frames.dumps(ASKED),
            notice_frames.dumps({"results": [result for queue in queues
                                             for result in queue.snapshot(ASKED, "data")]})))]
    for at in range(1, seconds):
        up = not lost or not lost[0] <= at < lost[1]
        for queue in queues:
            if chance.random() * queue.step_every > 1:
                continue
            lines += [line(at, '"stream":0,"frame":' + notice_frames.notification(
                notice_frames.topic(queue.id, family), body))
                for family, body in queue.step(START + at * 1000 - 30) if up]
        if lost and at in lost:
            lines.append(line(at, '"stream":0,"state":"%s"' % (
                "lost" if at == lost[0] else "connected")))
    return "".join(lines) + line(seconds, '"state":"end"')


def picture(program, path):
    """The page of twelve queues, in a font that is the same on each machine that has it."""
    made = subprocess.run([program, "--replay", "-", "-s", "-w", "10s", "-f", "html", *ALARMS],
                          input=recording(few(12)), env={"TZ": "UTC"}, capture_output=True,
                          text=True, check=True).stdout
    # without the script, which would say that the page is old; other text has another hash
    page = re.sub(r"<script>.*</script>\n|<meta http-equiv=.*\n", "", made)
    page = page.replace("system-ui,", "Inter,")
    with tempfile.TemporaryDirectory() as place, chromium.Chromium() as browser:
        file = pathlib.Path(place) / "wall.html"
        file.write_text(page)
        browser.show("file://%s" % file)
        path.write_bytes(subprocess.run(["pngquant", "--speed", "1", "64", "-"],
                                        input=browser.screenshot(), capture_output=True,
                                        check=True).stdout)


def main():
    picture(sys.argv[1] if len(sys.argv) > 1 else str(TOP / "gsqstat"),
            TOP / "man/wallboard.png")


if __name__ == "__main__":
    main()
