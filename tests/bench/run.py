#!/usr/bin/python3
"""make bench: whole processes side by side, medians and ratios in one table.

run.py PROGRAM BUILD_DIR. BENCH_FRAMES, BENCH_NOTICES and BENCH_RUNS change how much of each
source and how often; BENCH_SOURCE names what to measure: stream, notifications, sinks.
"""
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

# Debian's names, by what a source needs: modules of Python, commands.
MODULES = {"stream": {"trustme": "python3-trustme", "websockets": "python3-websockets"},
           "notifications": {"trustme": "python3-trustme"},
           "sinks": {"trustme": "python3-trustme", "aiohttp": "python3-aiohttp"}}
COMMANDS = {"stream": {"curl": "curl"}, "notifications": {}, "sinks": {"openssl": "openssl"}}


def missing(sources):
    """The packages that these sources need and this machine does not have."""
    lacks = {package for source in sources for name, package in MODULES[source].items()
             if importlib.util.find_spec(name) is None}
    return sorted(lacks | {package for source in sources
                           for name, package in COMMANDS[source].items()
                           if shutil.which(name) is None})


SOURCES = os.environ.get("BENCH_SOURCE", " ".join(MODULES)).split()
unknown = [name for name in SOURCES if name not in MODULES]
if unknown:
    raise SystemExit("bench: BENCH_SOURCE %s: the sources are %s" % (
        " ".join(unknown), ", ".join(MODULES)))
if missing(SOURCES):
    raise SystemExit("bench: missing: %s (Debian's names); \"make deps bench\" installs them" %
                     " ".join(missing(SOURCES)))

import frames as F  # noqa: E402
import trustme  # noqa: E402

FRAMES = int(os.environ.get("BENCH_FRAMES", 400000))
NOTICES = int(os.environ.get("BENCH_NOTICES", 200000))
RUNS = int(os.environ.get("BENCH_RUNS", 5))
BUILD = pathlib.Path(sys.argv[2]).absolute()


def measure(args, env=None, stdout=subprocess.DEVNULL):
    """(CPU seconds, peak KiB) of one whole process."""
    read, write = os.pipe()
    # bash: dash knows no descriptor above 9
    subprocess.run(["bash", "-c", 'exec 3>&%d "$@"' % write, "bash", BUILD / "measure", *args],
                   env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.DEVNULL,
                   pass_fds=[write], check=True)
    os.close(write)
    with os.fdopen(read) as told:
        cpu, peak, status = told.read().split()
    if status != "0":
        raise SystemExit("%s ended with %s" % (args[0], status))
    return float(cpu), int(peak)


class Server:
    """Both services; the lines of its output are the requests that came."""

    def __init__(self, build, certs, count):
        self.count = count
        self.log = tempfile.TemporaryFile(dir=certs)
        self.process = subprocess.Popen([build / "server", certs / "cert", certs / "key",
                                         str(count)], stdout=self.log)
        while b"\n" not in self.said():
            time.sleep(0.01)
        self.host = "localhost:%d" % int(self.said())

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0)

    def requests(self):
        return self.said().decode().splitlines()[1:]

    def url(self, path):
        return "wss://%s%s" % (self.host, path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()


def ours(program, server, directory, ca, window, *args):
    env = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(directory),
           "GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s"}
    rows = directory / "rows"
    with rows.open("wb") as out:
        figures = measure([program, "--cacert", ca, "-H", server.host, "-w", window,
                           "--audit", "none", "--idle-timeout", "2m", *args], env, out)
    updates = sum(json.loads(line)["updates"] for line in rows.read_text().splitlines())
    if updates != server.count:
        raise SystemExit("void: %d updates of %d frames" % (updates, server.count))
    return figures


def median(figures, index):
    return statistics.median(f[index] for f in figures)


def node(build):
    if not (build / "node_modules/ws").exists():
        if not shutil.which("npm"):
            return None
        r = subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", build, "ws"],
                           stdin=subprocess.DEVNULL, capture_output=True)
        if r.returncode:
            return None
    return {**os.environ, "NODE_PATH": str(build / "node_modules")}


def first_byte(args, env, listener):
    """Seconds from the start of a process to its first byte at the listener."""
    began = time.perf_counter()
    process = subprocess.Popen(args, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peer, _ = listener.accept()
    peer.recv(1)
    took = time.perf_counter() - began
    peer.close()
    process.kill()
    process.wait()
    return took


def start_up(program, ca, directory):
    env = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(directory / "none"),
           "GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = "localhost:%d" % listener.getsockname()[1]
        pairs = [(first_byte([program, "--cacert", ca, "-H", host, F.QUEUES[0]], env, listener),
                  first_byte(["curl", "-s", "--cacert", ca, "https://%s/" % host], env, listener))
                 for _ in range(50)]
    return [statistics.median(p[i] for p in pairs) for i in (0, 1)]


def replay_lines(path, count):
    with path.open("w") as out:
        out.write('{"at":"2026-11-24T02:00:00.000000Z","stream":0,"state":"connected"}\n')
        for i in range(count):
            stamp = "2026-11-24T02:%02d:%02d.%06d" % (i // 10000000, i // 100000 % 60, i % 100000)
            out.write('{"at":"%sZ","stream":0,"frame":%s}\n' % (stamp, F.frame(
                F.QUEUES[i % 50], at=stamp + "Z")))
        out.write('{"at":"2026-11-24T02:00:09.999999Z","state":"end"}\n')


def row(name, value, ratio="", target=""):
    print("%-34s %14s  %9s  %s" % (name, value, ratio, target), flush=True)


def beside_drain(mine, floor, target):
    cpu = median(mine, 0)
    row("CPU, gsqstat", "%.2f s" % cpu)
    row("CPU, drain by libcurl alone", "%.2f s" % median(floor, 0),
        "%.2f" % (cpu / median(floor, 0)), target)


def memory(mine, many, target):
    row("peak memory", "%.1f MiB" % (median(mine, 1) / 1024), "", target)
    row("peak memory, ten times the frames", "%.1f MiB" % (many[1] / 1024),
        "%.2f" % (many[1] / median(mine, 1)), "1")


def replayed(program, build, work):
    replay_lines(work / "recording", FRAMES)
    runs = [(measure([program, "--replay", work / "recording", "--time", "arrival", "--audit",
                      "none", "-w", "10s", *F.QUEUES[:50]]),
             measure([build / "parse", work / "recording"])) for _ in range(RUNS)]
    again, parse = (median([r[i] for r in runs], 0) for i in (0, 1))
    row("CPU, --replay", "%.2f s" % again)
    row("CPU, cJSON parsing the same lines", "%.2f s" % parse, "%.2f" % (again / parse),
        "<= 1.7")


def sharded(program, work):
    """Finding a shard's queues in a file of a million IDs."""
    ids = work / "ids"
    with ids.open("w") as out:
        for i in range(1000000):
            out.write("%08x-0000-4000-8000-%012x\n" % (i * 2654435761 % 2 ** 32, i))
    env = {"PATH": os.environ["PATH"], "GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s",
           "GENESYS_API_HOST": "localhost"}
    runs = [measure([program, "--shard", "7/4000", "--dry-run", "--source", "notifications", "-Q",
                     ids], env) for _ in range(RUNS)]
    row("CPU, a shard of 1000000 IDs", "%.2f s" % median(runs, 0), "", "< 0.5 s")


def stream(program, build, work, ca):
    row("%d frames, %d runs, medians" % (FRAMES, RUNS), "", "ratio", "target")
    with Server(build, work, FRAMES) as server:
        env, mine, floor, js, py = node(build), [], [], [], []
        url = server.url("/stream")
        for _ in range(RUNS):
            mine.append(ours(program, server, work, ca, "10s", *F.QUEUES[:50]))
            floor.append(measure([build / "drain", url, ca, str(300 * FRAMES)]))
            if env:
                js.append(measure(["node", HERE / "bench.js", url, ca, str(FRAMES)], env))
        py.append(measure([sys.executable, HERE / "bench.py", url, ca, str(FRAMES)]))
    cpu = median(mine, 0)
    beside_drain(mine, floor, "<= 3.5")
    if js:
        row("CPU, Node", "%.2f s" % median(js, 0), "%.2f" % (cpu / median(js, 0)), "< 0.5")
    else:
        row("CPU, Node", "no npm")
    row("CPU, Python (one run)", "%.2f s" % median(py, 0), "%.2f" % (cpu / median(py, 0)))
    with Server(build, work, 10 * FRAMES) as server:
        memory(mine, ours(program, server, work, ca, "20s", *F.QUEUES[:50]), "< 16")
    started = start_up(program, ca, work)
    row("start to first byte, gsqstat", "%.1f ms" % (started[0] * 1000))
    row("start to first byte, curl", "%.1f ms" % (started[1] * 1000),
        "%.2f" % (started[0] / started[1]), "<= 1.2")
    replayed(program, build, work)
    sharded(program, work)


def requests_of_a_start(program, server, work, ca, *args):
    """How many came before the first window, with a token of an earlier run."""
    before = len(server.requests())
    ours(program, server, work, ca, "10s", *args)
    return sum(not line.startswith("DELETE ") for line in server.requests()[before:])


def notifications(program, build, work, ca):
    args = ["--source", "notifications", *("%08x-0000-4000-8000-%012x" % (n, n)
                                           for n in range(1, 501))]
    row("%d notifications, %d runs, medians" % (NOTICES, RUNS), "", "ratio", "target")
    with Server(build, work, NOTICES) as server:
        mine, floor = [], []
        for _ in range(RUNS):
            mine.append(ours(program, server, work, ca, "10s", *args))
            floor.append(measure([build / "drain", server.url("/channels/drain"), ca,
                                  str(600 * NOTICES)]))
        requests = requests_of_a_start(program, server, work, ca, *args)
    beside_drain(mine, floor, "<= 4")
    with Server(build, work, 10 * NOTICES) as server:
        memory(mine, ours(program, server, work, ca, "20s", *args), "< 32")
    row("requests of a start, 500 queues", requests, "", "<= 5")


def sinks(program, build, work, ca):
    """What windows cost that go further than to stdout."""
    import hooks    # needs aiohttp, which the other sources do not
    queues = F.QUEUES[:50]
    row("%d frames, %d runs, medians" % (FRAMES, RUNS), "", "ratio", "target")
    with Server(build, work, FRAMES) as server, hooks.Receiver(work) as receiver:
        both = work / "both"
        both.write_bytes(pathlib.Path(ca).read_bytes() + pathlib.Path(receiver.ca).read_bytes())
        more = ["--audit", "json", "--audit-file", work / "log", "--audit-chain",
                "--fail-if", "waitTime.avg.max > 1e9", "--fail-if", "coverage < 0",
                "--callback", receiver.url, "--callback-allow-private"]
        runs = [(ours(program, server, work, both, "5s", *queues),
                 ours(program, server, work, both, "5s", *more, *queues)) for _ in range(RUNS)]
        if len(receiver.requests) != RUNS:
            raise SystemExit("void: %d callbacks of %d" % (len(receiver.requests), RUNS))
    plain, full = (median([r[i] for r in runs], 0) for i in (0, 1))
    row("CPU, rows alone", "%.2f s" % plain)
    row("CPU, callback, chain, thresholds", "%.2f s" % full, "%.2f" % (full / plain), "<= 1.1")
    verified(program, work)


def chained(path, count):
    """A log of so many lines, 300 bytes each."""
    prev = "0" * 64
    with path.open("wb") as out:
        for seq in range(1, count + 1):
            head = '{"ts":"2026-11-24T02:00:00.000Z","level":"info","event":"window.flush","run":' \
                '"8f7c5d0e-5f0c-4b2e-8d7a-4c399e510b1f","window":%d' % seq
            tail = ',"seq":%d,"prev":"%s"}' % (seq, prev)
            line = (head + ',"x":"%s"' % ("." * (293 - len(head) - len(tail))) + tail).encode()
            prev = hashlib.sha256(line).hexdigest()
            out.write(line + b"\n")


def openssl_rate():
    """Bytes a second of SHA-256 over 256 bytes at a time."""
    said = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes", "256", "-evp", "sha256"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return 1000 * float(re.search(r"(?i)^sha256 +([0-9.]+)k", said.stdout, re.M)[1])


def verified(program, work):
    log = work / "chained"
    chained(log, FRAMES)
    runs = [(log.stat().st_size / measure([program, "--verify-audit", log])[0], openssl_rate())
            for _ in range(RUNS)]
    ours_, theirs = (statistics.median(r[i] for r in runs) for i in (0, 1))
    row("--verify-audit", "%.0f MB/s" % (ours_ / 1e6))
    row("openssl speed, sha256 of 256 bytes", "%.0f MB/s" % (theirs / 1e6),
        "%.2f" % (ours_ / theirs), ">= 0.33")


def main(program, build):
    functions = {"stream": stream, "notifications": notifications, "sinks": sinks}
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        authority = trustme.CA()
        cert = authority.issue_cert("localhost")
        authority.cert_pem.write_to_path(work / "ca")
        cert.private_key_pem.write_to_path(work / "key")
        cert.cert_chain_pems[0].write_to_path(work / "cert")
        for source in SOURCES:
            functions[source](program, build, work, str(work / "ca"))


if __name__ == "__main__":
    main(sys.argv[1], BUILD)
