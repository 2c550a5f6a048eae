#!/usr/bin/python3
"""Fails one allocation of a run, then another, over the length of several kinds of run.

sweep.py PROGRAM [RUNS [SCENARIO...]]: PROGRAM is linked with fault_alloc.c and should be
sanitized. Each of RUNS (200) runs of a scenario has one allocation that fails, evenly spread. Such
a run may end in any documented way, but it must not crash, hang or leak, and if it ends with 0 its
rows are those of a run in which nothing failed. SWEEP_AT=N,... runs these and shows where memory
ended and what they said.
"""
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import hooks
import notice_frames
import notices
from frames import QUEUES

TESTS = pathlib.Path(__file__).parent.parent
SANITIZER = 86
ENDS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
NOTICE_QUEUES = QUEUES[:3]


class Run:
    """A directory, an environment and what the program said in them."""

    def __init__(self, program, args, env, at=None):
        with tempfile.TemporaryDirectory() as directory:
            self.count = pathlib.Path(directory) / "count"
            env = {"PATH": os.environ["PATH"], "HOME": directory, "TMPDIR": directory,
                   "ASAN_OPTIONS": "detect_leaks=1:exitcode=%d" % SANITIZER,
                   "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=%d" % SANITIZER,
                   "FAULT_COUNT": str(self.count), **env}
            if at is not None:
                env["FAULT_AT"] = str(at)
            if os.environ.get("SWEEP_AT"):
                env["FAULT_TRACE"] = "yes"
            try:
                r = subprocess.run([program, *map(str, args)], env=env, cwd=directory,
                                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                self.status, self.out, self.err = r.returncode, r.stdout, r.stderr
            except subprocess.TimeoutExpired as late:
                self.status, self.out = "no end in 60 s", late.stdout or b""
                self.err = late.stderr or b""
            self.allocations = int(self.count.read_text()) if self.count.exists() else 0


class Replay:
    """Its rows are always the same bytes. The last argument may be a recording's lines."""

    def __init__(self, *args):
        self.args, self.env = args, {}

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.directory = self.stack.enter_context(tempfile.TemporaryDirectory())
        if isinstance(self.args[-1], list):
            path = pathlib.Path(self.directory) / "recording"
            path.write_text("".join(line + "\n" for line in self.args[-1]))
            self.args = (*self.args[:-1], path)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def rows(self, run):
        return run.out


class Callback(Replay):
    """A replay whose windows go to a receiver through a spool; each arrives if all is well."""

    def __enter__(self):
        super().__enter__()
        self.hook = self.stack.enter_context(hooks.Receiver(self.directory))
        self.env = {"SSL_CERT_FILE": self.hook.ca}
        self.args = (*self.args, "--callback", self.hook.url, "--callback-allow-private",
                     "--callback-spool", "spool", "--retry-for", "3s")
        return self

    def rows(self, run):
        ids = re.findall(rb'"run":"([^"]+)"', run.err)
        mine = [q for q in list(self.hook.requests) if ids and q.place[0] == ids[0].decode()]
        return run.out, {q.place[1:]: q.json["rows"] for q in mine}


class Live(Replay):
    """The values of a snapshot, over a real connection; the rest depends on the moment."""

    answers = {}

    def __enter__(self):
        super().__enter__()
        scenario = notices.Scenario(sockets=[[]], per_minute=1 << 30, max_channels=1 << 20,
                                    answers=self.answers)
        self.service = self.stack.enter_context(notices.Notices(self.directory, scenario))
        self.env = {"SSL_CERT_FILE": self.service.ca, "GENESYS_CLIENT_ID": notices.CLIENT_ID,
                    "GENESYS_CLIENT_SECRET": notices.SECRET,
                    "GENESYS_API_HOST": self.service.host}
        return self

    def rows(self, run):
        """A row of a window that a lost connection cut has other values, and says so."""
        rows = [json.loads(line) for line in run.out.splitlines()]
        return {(row["window"], row["queueId"], row.get("media")):
                None if row["coverage"] != 1 else sorted(
                    (metric, path, field["last"])
                    for metric, fields in row["metrics"].items()
                    for path, field in leaves(fields) if field["last"] is not None)
                for row in rows}


class Doctor(Live):
    """The steps of --doctor; their texts may have times. The client never has 20 channels."""

    answers = {"channels": [notice_frames.answer(body={"entities": []})]}

    def rows(self, run):
        return [line[:19] for line in run.out.splitlines()]


def leaves(fields, path=""):
    if "last" in fields:
        yield path, fields
    for name, field in fields.items():
        if isinstance(field, dict) and name != "last":
            yield from leaves(field, path + "." + name)


def same(rows, wanted):
    if not isinstance(wanted, dict):
        return rows == wanted
    return rows.keys() == wanted.keys() and all(
        value is None or wanted[key] is None or value == wanted[key]
        for key, value in rows.items())


def line(second, **members):
    return json.dumps({"at": "2026-11-30T09:00:%02d.000000Z" % second, **members})


# What the samples lack: keys and texts with escapes, for which the parsers need memory.
ODD_STREAM = [
    line(0, stream=0, state="connected"),
    *(line(1 + n, stream=0, frame={
        "eventType": "routing-statistics-queues", "data": {
            "queueId": QUEUES[n % 3], "interval": "PT10S", "timestamp":
            "2026-11-30T09:00:%02d.000Z" % (1 + n),
            "waitTime": {"a\u00e4\n%d" % (n % 4): n, "b.c": {"d\t": n + 1}}}})
      for n in range(12)),
    line(20, stream=0, state="lost")]
ODD_NOTICES = [
    line(0, answer="subscriptions", frame={"entities": [
        {"id": "v2.analytics.queues.%s.observations" % queue, "state": "Rejected",
         "rejectionReason": "no \u00e4\n permission"} for queue in QUEUES[3:5]]}),
    line(0, stream=0, state="connected"),
    *(line(second, answer="snapshot", asked="2026-11-30T09:00:%02d.000000Z" % second, frame={
        "systemToOrganizationMappings": {
            "AWAY\u00e4%d" % n: ["5e5c5c66-ea97-4e7f-ac41-6424784829%02x" % n] for n in range(20)},
        "results": [{"group": {"queueId": queue}, "data": [
            {"metric": "oUserPresences", "stats": {"count": n + second},
             "qualifier": "5e5c5c66-ea97-4e7f-ac41-6424784829%02x" % n} for n in range(20)]}
                    for queue in QUEUES[:5]]}) for second in (1, 11)),
    line(15, stream=0, frame={"topicName": "channel.metadata",
                              "eventBody": {"message": "WebSocket Heartbeat"}}),
    line(30, stream=0, state="lost")]

SCENARIOS = {
    "odd-stream": Replay("-w", "10s", "-m", "waitTime", "--replay", ODD_STREAM),
    "odd-notices": Replay("--source", "notifications", "-w", "10s", "-m", "oUserPresences",
                          *QUEUES[:5], "--replay", ODD_NOTICES),
    "stream": Replay("--replay", TESTS / "sample.ndjson", "-w", "1m"),
    "notices": Replay("--replay", TESTS / "notices.ndjson", "--source", "notifications",
                      "--queue-name", "*", "-w", "1m"),
    "page": Replay("--replay", TESTS / "notices.ndjson", "-w", "1m", "-f", "html", "-W",
                   "oWaiting.last=:1", "-C", "oLongestWaiting.last=:60000"),
    "callback": Callback("--replay", TESTS / "sample.ndjson", "-w", "1m"),
    "live": Live("--source", "notifications", "-w", "300ms", "-n", "2", "--retry-for", "5s",
                 *NOTICE_QUEUES),
    "doctor": Doctor("--doctor", "--source", "notifications", "--queue-name", "Queue 0*"),
}


def fault(scenario, run, wanted):
    """What is wrong with a run; None: nothing."""
    if run.status not in ENDS:
        return "status %s" % run.status
    if b"Sanitizer" in run.err or b"runtime error" in run.err:
        return "a sanitizer's report"
    if run.status == 0 and not same(scenario.rows(run), wanted):
        return "status 0 with other rows"
    return None


def spread(last, count):
    return sorted({1 + i * last // count for i in range(count)})


def sweep(name, program, count, pool):
    """How many runs went wrong."""
    with SCENARIOS[name] as scenario:
        def one(at=None):
            return at, Run(program, scenario.args, scenario.env, at)
        plain = one()[1]
        wanted = scenario.rows(plain)
        if plain.status != 0 or not plain.out or not plain.allocations:
            print("%s: the run without a fault: status %s\n%s" % (
                name, plain.status, plain.err.decode(errors="replace")))
            return 1
        numbers = spread(plain.allocations, count)
        if os.environ.get("SWEEP_AT"):
            numbers = [int(n) for n in os.environ["SWEEP_AT"].split(",")]
        wrong, ended_well = [], 0
        for at, run in pool.map(one, numbers):
            what = fault(scenario, run, wanted)
            ended_well += run.status == 0
            if what:
                wrong.append((at, what))
            if what or os.environ.get("SWEEP_AT"):
                print("--- %s, allocation %d: %s (status %s)\n%s" % (
                    name, at, what or "as it should be", run.status,
                    run.err.decode(errors="replace")[-6000:]))
        print("%s: %d of %d allocations failed, one a run; %d runs ended with 0, %d are wrong%s"
              % (name, len(numbers), plain.allocations, ended_well, len(wrong),
                 "".join("\n  %d: %s" % pair for pair in itertools.islice(wrong, 50))),
              flush=True)
        return len(wrong)


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    names = sys.argv[3:] or list(SCENARIOS)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(2 * jobs) as pool:
        return 1 if sum([sweep(name, program, count, pool) for name in names]) else 0


if __name__ == "__main__":
    sys.exit(main())
