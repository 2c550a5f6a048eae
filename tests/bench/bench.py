"""The same job in Python: websockets, json, and statistics for each queue and field."""
import asyncio
import datetime
import json
import math
import ssl
import sys
import time

import websockets

BASE = math.log(1.01 / 0.99)


def add(cells, name, x):
    c = cells.setdefault(name, [0, math.inf, -math.inf, 0, 0, {}])
    c[0] += 1
    c[1] = min(c[1], x)
    c[2] = max(c[2], x)
    c[3] += x
    c[4] += x * x
    bucket = math.ceil(math.log(x) / BASE) if x > 0 else None
    c[5][bucket] = c[5].get(bucket, 0) + 1


async def main(url, ca, frames):
    queues = {}
    context = ssl.create_default_context(cafile=ca)
    async with websockets.connect(url, ssl=context, compression=None) as socket:
        for _ in range(int(frames)):
            data = json.loads(await socket.recv())["data"]
            cells = queues.setdefault(data["queueId"], {})
            stamp = datetime.datetime.fromisoformat(data["timestamp"].replace("Z", "+00:00"))
            add(cells, "lag", (time.time() - stamp.timestamp()) * 1000)
            for metric in ("state", "queueState", "conversationCount", "waitTime"):
                for field, value in data[metric].items():
                    add(cells, metric + "." + field, value)
    print(len(queues))


asyncio.run(main(*sys.argv[1:]))
