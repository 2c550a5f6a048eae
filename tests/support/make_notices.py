#!/usr/bin/python3
"""Writes tests/notices.ndjson: five minutes of the notification service, four queues with names
of every width, the same at each call."""
import pathlib
import random

import notice_frames

START = 1795510800000 + 480000		# 2026-11-24T09:08:00Z
NAMES = ["Sales", "Support für Geschäftskunden (Montag bis Freitag)", "サポート東京 一般",
         "Zoe\u0308 \U0001f469 night shift"]
QUEUES = ["%s0000000-5b1d-4e0a-9c77-3d20c1d6a90%d" % ("abcd"[i], i) for i in range(4)]
LOST = (170.5, 183.25)		# seconds without a connection
WANTED = ["oWaiting", "oInteracting", "oLongestWaiting", "oOnQueueUsers"]


def main():
    chance = random.Random(20261124)
    queues = [notice_frames.Queue(queue, seed=9) for queue in QUEUES]
    lines = []

    def add(seconds, text):
        lines.append('{"at":"%s",%s}\n' % (
            notice_frames.iso(START + round(seconds * 1000)), text))

    add(-0.2, '"answer":"queues","frame":' + notice_frames.dumps({"entities": [
        {"id": queue, "name": name} for queue, name in zip(QUEUES, NAMES)]}))
    add(-0.1, '"stream":0,"state":"connected"')
    add(0, '"answer":"snapshot","asked":"%s","frame":%s' % (
        notice_frames.iso(START - 50), notice_frames.dumps({"results": [
            result for queue in queues for result in queue.snapshot(WANTED, "data")]})))
    seconds = 0.0
    while True:
        seconds += chance.expovariate(0.2)
        if seconds >= 300:
            break
        queue = chance.choice(queues)
        if LOST[0] <= seconds < LOST[1]:
            continue
        for family, body in queue.step(START + round(seconds * 1000) - 30):
            add(seconds, '"stream":0,"frame":' + notice_frames.notification(
                notice_frames.topic(queue.id, family), body))
    add(LOST[0], '"stream":0,"state":"lost"')
    add(LOST[1], '"stream":0,"state":"connected"')
    add(300, '"state":"end"')
    lines.sort(key=lambda line: line[:len('{"at":"2026-11-24T09:08:00.000Z"')])
    path = pathlib.Path(__file__).parent.parent / "notices.ndjson"
    path.write_text("".join(lines))


if __name__ == "__main__":
    main()
