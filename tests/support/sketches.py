"""Decodes the sketches of --sketch as gsqstat-rows(5) describes them, and computes statistics."""
import base64
import math
import struct
from fractions import Fraction

GAMMA = 1.01 / 0.99
PERCENT = (50, 90, 95, 99)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, n):
        self.at += n
        assert self.at <= len(self.data)
        return self.data[self.at - n:self.at]

    def number(self, signed=False):
        n = shift = 0
        while True:
            byte = self.bytes(1)[0]
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n - (1 << shift) if signed and byte & 64 else n

    def signed(self):
        return self.number(signed=True)

    def sum(self):
        mantissa = self.signed()
        return mantissa * Fraction(2) ** self.signed()

    def double(self):
        return struct.unpack("<d", self.bytes(8))[0]


class Sketch:
    """weight, s1, s2; values: (x, weight) by x, or None; then level, zero, negative, positive."""

    def __init__(self, text):
        assert text.startswith("1:")
        r = Reader(base64.b64decode(text[2:], validate=True))
        flags = r.number()
        self.arrival = r.number() if flags & 1 else None
        self.by_time = bool(flags & 4)
        self.weight, self.values = 0, []
        if flags & 2:
            self.weight, self.s1, self.s2 = r.number(), r.sum(), r.sum()
            if flags & 8:
                self.values = None
                self.level, self.zero = r.number(), r.number()
                self.negative, self.positive = self.run(r), self.run(r)
            else:
                n = r.number() if self.by_time else self.weight
                self.values = [(r.double(), r.number() if self.by_time else 1)
                               for _ in range(n)]
        assert r.at == len(r.data)

    @staticmethod
    def run(r):
        index, buckets = 0, []
        for i in range(r.number()):
            index = index + r.number() if i else r.signed()
            buckets.append((index, r.number()))
        return buckets

    def mean(self, scale=1):
        return float(self.s1 / self.weight / scale)

    def stddev(self):
        return math.sqrt(float((self.weight * self.s2 - self.s1 ** 2) / self.weight ** 2))

    def bucket_value(self, index):
        bound, gamma = 1.0, GAMMA
        for _ in range(abs(index) << self.level):
            bound = bound * GAMMA if index > 0 else bound / GAMMA
        for _ in range(self.level):
            gamma *= gamma
        return bound / (1 + gamma) * 2

    def entries(self):
        if self.values is not None:
            return self.values
        return ([(-self.bucket_value(i), w) for i, w in reversed(self.negative)]
                + ([(0.0, self.zero)] if self.zero else [])
                + [(self.bucket_value(i), w) for i, w in self.positive])

    def quantiles(self, low, high):
        found, entries = [], self.entries()
        for percent in PERCENT:
            left = -(-self.weight * percent // 100)
            for x, weight in entries:
                left -= weight
                if left <= 0:
                    break
            found.append(min(max(x, low), high))
        return found


def statistics(row):
    """(path, object) of each object of a row's metrics that has statistics."""
    def walk(path, found):
        if any(name in found for name in ("last", "total")) and not any(
                isinstance(found.get(name), dict) for name in ("last", "total")):
            yield path, found
            return
        for name, below in found.items():
            if isinstance(below, dict):
                yield from walk(f"{path}.{name}" if path else name, below)
    yield from walk("", row["metrics"])
