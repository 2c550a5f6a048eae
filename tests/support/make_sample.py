#!/usr/bin/python3
"""Writes tests/sample.ndjson: ten minutes of three queues, the same at each call."""
import datetime
import json
import pathlib
import random

START = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=datetime.timezone.utc)
QUEUES = ["5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d01", "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d02",
          "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d03"]
LOST = (245.3, 262.81)		# seconds without a connection
SILENT = (300, 480)		# the third queue says nothing


def text(seconds, digits):
    moment = START + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:20 + digits] + "Z"


def main():
    chance = random.Random(20261124)
    lines = [(0.0, '"stream":0,"state":"connected"'), (LOST[0], '"stream":0,"state":"lost"'),
             (LOST[1], '"stream":0,"state":"connected"')]
    waiting = [3, 1, 0]
    for second in range(2, 600, 10):
        for i, queue in enumerate(QUEUES):
            stamp = second + 0.1 * i + chance.random() * 0.01
            arrival = stamp + 0.012 + chance.expovariate(80)
            if LOST[0] <= arrival < LOST[1] or (i == 2 and SILENT[0] <= second < SILENT[1]):
                continue
            waiting[i] = max(0, waiting[i] + chance.choice([-1, -1, 0, 1, 1]))
            average = waiting[i] * 4000 + chance.randint(200, 3500)
            if chance.random() < 0.03:
                average = 86400000	# a broken clock somewhere
            data = {"queueId": queue, "interval": "PT10S", "timestamp": text(stamp, 3),
                    "state": {"active": chance.randint(2, 9), "waiting": waiting[i]},
                    "queueState": {"active": chance.randint(4, 12), "waiting": waiting[i]},
                    "conversationCount": {"total": waiting[i] + chance.randint(2, 9)},
                    "waitTime": {"avail": chance.randint(100, 2500), "avg": average}}
            frame = {"eventType": "routing-statistics-queues", "data": data}
            lines.append((arrival, '"stream":0,"frame":' + json.dumps(
                frame, separators=(",", ":"))))
    lines.sort(key=lambda line: line[0])
    lines.append((600.0, '"state":"end"'))
    path = pathlib.Path(__file__).parent.parent / "sample.ndjson"
    path.write_text("".join('{"at":"%s",%s}\n' % (text(at, 6), rest) for at, rest in lines))


if __name__ == "__main__":
    main()
