"""--check nagios: one line and one status, whatever happens; Icinga takes them."""
import contextlib
import fcntl
import getpass
import grp
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import threading

import pytest

import gateway
import harness
import notice_frames
from harness import NOTICES, QUEUE, REPLAY, SAMPLE
from recordings import MS, ONE, begin, end, frame, instant, named, state
from recordings import QUEUES as TWO

CHECK = ("--check", "nagios")
QUEUES = ["5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d0%d" % n for n in (1, 2, 3)]
STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]
LINE = re.compile(r"GSQSTAT (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]*?)(?: \|(.*))?\n")


def told(result):
    """The state and the text of the one line, which the status agrees with."""
    match = LINE.fullmatch(result.out)
    assert match, result.out
    assert result.status == STATES.index(match[1]), result.out
    return match[1], match[2]


def values(result):
    data = LINE.fullmatch(result.out)[3] or ""
    return re.findall(r" '([^'=|]+)'=(-?[\d.]+)(\w*);([^ ;]*);([^ ;]*)", data)


def last_rows(tool):
    rows = tool.run(*REPLAY, "-s").rows
    return [row for row in rows if row["window"] == rows[-1]["window"]]


@pytest.mark.parametrize("ranges, state", [
    ([], "OK"), (["-W", "waitTime.avg.max=~:"], "OK"),
    (["-W", "waitTime.avg.max=20000"], "WARNING"),
    (["--warning", "waitTime.avg.max=20000", "--critical", "waitTime.avg.max=30000"], "WARNING"),
    (["-W", "waitTime.avg.max=20000", "-C", "waitTime.avg.max=@20000:30000"], "CRITICAL"),
    (["-W", "waitTime.avg.max=20000", "-C", "updates=~:6"], "WARNING"),
    (["-W", "updates=5:", "-C", "coverage=0.5:"], "WARNING"),
    (["-C", "updates=5:"], "CRITICAL"),
    (["-C", "waitTime.median.max=9"], "UNKNOWN"),
    (["-W", "waitTime.median.max=9", "-W", "updates=5:"], "WARNING")])
def test_the_worst_of_all_queues_in_the_last_window_decides(tool, ranges, state):
    result = tool.run(*REPLAY, *CHECK, *ranges)
    assert told(result)[0] == state
    assert result.end["exit"] == result.status and result.end["rows"] == 0
    if state != "OK":
        assert result.end["message"] == told(result)[1]


def test_values_of_all_queues_are_performance_data(tool):
    result = tool.run(*REPLAY, *CHECK, "-W", "waitTime.avg.max=20000", "-C", "lagMs.max=~:90",
                      "-W", "coverage=1:", "-C", "waitTime.avg.max=90000")
    wanted = []
    for row in last_rows(tool):
        name = row["queueId"]
        wanted += [(name + " waitTime.avg.max", str(row["metrics"]["waitTime"]["avg"]["max"]),
                    "ms", "20000", "90000"),
                   (name + " coverage", str(row["coverage"]), "", "1:", ""),
                   (name + " lagMs.max", str(row["lagMs"]["max"]), "ms", "", "~:90")]
    assert values(result) == wanted
    assert told(result) == ("WARNING", "waitTime.avg.max of %s is 28468ms, warning range 20000"
                            % QUEUES[0])


def test_only_the_last_window_counts(tool):
    lacking = next(row["window"] for row in tool.run(*REPLAY, "-s").rows if row["coverage"] < 1)
    assert last_rows(tool)[0]["window"] > lacking
    args = *REPLAY, *CHECK, "-C", "coverage=1:"
    assert told(tool.run(*args))[0] == "OK"
    assert told(tool.run(*args, "-n", lacking + 1))[0] == "CRITICAL"


def replay(tool, text, *args):
    return tool.run("--source", "notifications", "--replay", "-", "-w", "10s", "-n", 1, *CHECK,
                    "-m", "*", *args, ONE, data=text + end(10))


def test_numbers_of_notifications_are_checked(tool):
    half = (notice_frames.interval(1795485601000),
            {"tWait": notice_frames.times(2, 9000, 1000, 8000)})
    result = replay(tool, named(ONE, "Pay='s|\tDesk") + begin()
                    + frame(1, instant(1, {"oWaiting": 7}))
                    + frame(2, notice_frames.observations(ONE, "voice", half)),
                    "-W", "oWaiting.max=5", "-C", "oServiceLevel.ratio=~:")
    assert told(result) == ("WARNING", "oWaiting.max of Pay='s_\ufffdDesk is 7, warning range 5")
    assert values(result) == [("Pay__s_\ufffdDesk oWaiting.max", "7", "", "5", "")]


@pytest.mark.parametrize("waiting, state, words", [
    ([1], "OK", "1 number of 2 queues within range: %s oLongestWaiting.last 15000ms, "
     "1 without a value" % TWO[1]),
    ([], "UNKNOWN", "oLongestWaiting.last of %s has no value (and 1 more)" % ONE)])
def test_longest_wait_is_checked_only_if_somebody_waits(tool, waiting, state, words):
    snapshot = [{"group": notice_frames.group(queue, "voice"), "data": [
        notice_frames.metric(name, value) for name, value in (
            {"oWaiting": 1, "oLongestWaiting": {"calculatedMetricValue": MS - 5000}}
            if n in waiting else {"oWaiting": 0}).items()]} for n, queue in enumerate(TWO)]
    result = tool.run("--source", "notifications", "--replay", "-", "-w", "10s", *CHECK,
                      "-C", "oLongestWaiting.last=20000", *TWO,
                      data=begin(snapshot)
                      + end(10))
    assert told(result) == (state, words)
    assert len(values(result)) == len(waiting)


def test_check_with_now_sends_one_query(tool, service):
    result = tool.run("--source", "notifications", "--now", *CHECK, "--queue-name",
                      "Queue 01", "-m", "oWaiting,oLongestWaiting", "-W",
                      "oWaiting.last=100", "-C", "oLongestWaiting.last=~:")
    assert told(result)[0] in ("OK", "UNKNOWN")     # nobody may wait
    assert ("Queue 01 oWaiting.last", "", "100", "") in [
        (name, unit, w, c) for name, _, unit, w, c in values(result)]
    assert result.end["windows"] == 1


NOTHING = "UNKNOWN", "no queue has a number in the last window"


def test_a_stream_without_a_number_is_unknown_without_a_range(tool, serve):
    serve(streams=[[("send", "not json", "{}")]])
    result = tool.run("-w", "300ms", *CHECK, QUEUE)
    assert told(result) == NOTHING and result.end["message"] == NOTHING[1]
    assert told(tool.run("-w", "300ms", *CHECK, "-W", "waitTime.avg.max=~:", QUEUE))[0] == "UNKNOWN"


def test_without_a_range_one_number_is_enough(tool, serve):
    serve(streams=[[("frame", QUEUES[1])]])
    result = tool.run("-w", "1s", *CHECK, *QUEUES)
    assert told(result) == ("OK", "3 queues, no range given")


@pytest.mark.parametrize("happening, state", [
    ("", NOTHING), (frame(1, instant(1, {"oWaiting": 0})), ("OK", "1 queue, no range given")),
    # totals stand in rows of a media type alone
    (frame(1, notice_frames.observations(ONE, "voice", (
        notice_frames.interval(1795485601000), {"nOffered": {"count": 3}}))),
     ("OK", "1 queue, no range given")),
    (frame(1, instant(1, {"oWaiting": 1})) + state(2, "lost"), NOTHING)])
def test_notifications_without_a_number_are_unknown_without_a_range(tool, happening, state):
    wait = "-n", "2" if "lost" in happening else "1"
    result = replay(tool, begin() + happening + (
        end(20) if "lost" in happening else ""), *wait)
    assert told(result) == state


# -- what goes wrong


@pytest.mark.parametrize("args, words", [
    (["--check", "nagios", "--window", "5"], "--window '5': has no unit; did you mean 5s"),
    (["--check=icinga"], "--check 'icinga': must be nagios"),
    (["--window", "5", "--chec", "nagios"], "--window '5': has no unit"),
    (["--nonsense", "--check"], "unknown option --nonsense; see --help (and 1 more)"),
    ([*CHECK, "-f", "csv"], "--format 'csv' cannot be used with --check"),
    ([*CHECK, "--callback", "https://x.example/"], "cannot be used with --check"),
    ([*CHECK, "-f", "ndjson"], "--format 'ndjson' cannot be used with --check"),
    ([*CHECK, "-o", "rows"], "--output 'rows' cannot be used with --check"),
    ([*CHECK, "--fail-if", "coverage<1"], "--fail-if 'coverage<1' cannot be used with"),
    ([*CHECK, "-W", "waitTime.avg.max"], "'waitTime.avg.max' has no range: write PATH=RANGE"),
    ([*CHECK, "-C", "waitTime.avg.max=5:1"], "'5:1' is not a range"),
    ([*CHECK, "-C", "oWaiting.max=1"],
     "'oWaiting' is a metric of notifications, which needs a recording of notifications"),
    ([*CHECK, "-W", "updates=1", "-W", "updates=2"],
     "an earlier --warning has a range for 'updates'; give only one"),
    ([*CHECK, "--dry-run", "-n", "x|y"], "--count 'x_y': must be 1 to"),
    ([*CHECK, "-Q", "/nowhere"], "--queue-file '/nowhere': cannot be read")])
def test_usage_errors_are_unknown_with_a_status_line(tool, args, words):
    result = tool.run("--replay", SAMPLE, *args)
    state, text = told(result)
    assert state == "UNKNOWN" and words in text
    assert result.err.startswith("gsqstat: ") and not (tool.dir / "rows").exists()


@pytest.mark.parametrize("option", ["-W", "-C"])
def test_ranges_without_check_are_refused(tool, option):
    result = tool.run("--replay", SAMPLE, option, "updates=1")
    assert (result.status, result.out) == (2, "")
    assert "'updates=1' needs --check" in result.err


def test_help_version_and_dry_run_are_as_without_check(tool):
    for option, words in (("--help", "Usage: "), ("--version", "gsqstat "),
                          ("--dry-run", '"check":{"value":"nagios","from":"flag"}')):
        result = tool.run("--replay", SAMPLE, *CHECK, "-W", "updates=1", option)
        assert result.status == 0 and words in result.out and "GSQSTAT " not in result.out


@pytest.mark.parametrize("scenario, words", [
    ({"tokens": [gateway.answer(401, {"error": "invalid_client"})]}, "secret was refused"),
    ({"streams": [gateway.answer(403)]}, "403"),
    ({"streams": [[("close", 1008, "no such queue")]]}, "1008"),
    ({"streams": [[("drop",)]]}, "")])
def test_a_run_that_fails_is_unknown(tool, serve, scenario, words):
    serve(**scenario)
    result = tool.run("-w", "1s", "--retry-for", "0", *CHECK, "-W", "coverage=0:1", QUEUE)
    state, text = told(result)
    assert state == "UNKNOWN" and words in text
    assert result.end["exit"] == 3 and result.end["message"] == text
    assert not values(result)


def test_without_audit_lines_errors_are_printed_once(tool, serve):
    serve(streams=[gateway.answer(403)])
    result = tool.run("--retry-for", "0", *CHECK, "--audit", "none", QUEUE)
    assert told(result)[0] == "UNKNOWN" and result.err == ""


def test_a_stream_that_is_down_at_the_end_is_unknown(tool, serve):
    serve(streams=[[("frame",), ("drop",)], gateway.answer(503)])
    result = tool.run("-w", "400ms", "--retry-for", "20s", *CHECK, "-W", "updates=~:", QUEUE)
    assert told(result) == ("UNKNOWN", "the connection was down when the last window closed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_unknown(tool, gate, number):
    process = tool.start("-w", "1h", *CHECK, "-C", "updates=0:0", QUEUE, until="stream.connected")
    process.send_signal(number)
    state, text = told(process.end(number))
    assert state == "UNKNOWN" and text.startswith("ended by signal %d (" % number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_before_the_run_is_unknown(tool, number):
    process = tool.start(*CHECK, "--replay", SAMPLE, "-Q", "-", stdin=subprocess.PIPE)
    os.write(process.stdin.fileno(), b"# it reads\n")

    def unread():
        waiting = fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4))
        return int.from_bytes(waiting, sys.byteorder)
    assert harness.eventually(lambda: unread() == 0)
    result = process.end(number)
    assert told(result) == ("UNKNOWN", "ended by signal %02d" % number)


def test_output_that_cannot_be_written_is_unknown(tool):
    with open("/dev/full", "w") as full:
        for args in (REPLAY, ("--window", "5"), ("--help",)):
            assert tool.run(*args, *CHECK, stdout=full).status == 3
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as pipe:
        assert tool.run(*REPLAY, *CHECK, stdout=pipe).status == 3
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', harness.PROGRAM,
                             *map(str, REPLAY), *CHECK], capture_output=True, env=tool.env)
    assert closed.returncode == 3


def test_a_side_file_that_is_full_is_unknown(tool):
    (tool.dir / "full").symlink_to("/dev/full")
    text = SAMPLE.read_text().replace('"interval":"PT10S"', '"interval":5')
    result = tool.run("--replay", "-", "--time", "arrival", "-w", "1m", *CHECK, "-m", "state",
                      "--rejects", "full",
                      data=text.replace('"timestamp":"2026', '"timestamp":"x026'))
    state, text = told(result)
    assert state == "UNKNOWN" and "No space left" in text


def test_no_window_is_unknown(tool, serve):
    result = tool.run("--replay", "-", *CHECK, data=end(0))
    assert told(result)[0] == "UNKNOWN"


def test_value_check_is_not_the_option(tool):
    result = tool.run(*REPLAY, "-o", "--check")
    assert (result.status, result.out) == (0, "")
    assert (tool.dir / "--check").read_text().count("\n") == 30


# -- a real consumer


ICINGA = """
include <itl>
object CheckerComponent "checker" {}
object PerfdataWriter "files" {
  service_perfdata_path = "%(dir)s/perfdata"
  service_temp_path = "%(dir)s/perfdata.tmp"
  host_perfdata_path = "%(dir)s/hosts"
  host_temp_path = "%(dir)s/hosts.tmp"
  rotation_interval = 1s
  service_format_template = "@@$service.name$\\t$service.state$\\t$service.output$"
}
object InfluxdbWriter "numbers" { host = "127.0.0.1"; port = %(port)d; database = "icinga"
  enable_send_thresholds = true; flush_threshold = 1; flush_interval = 1s
  service_template = { measurement = "$service.name$"; tags = {} }
}
object Host "h" { check_command = "dummy"; check_interval = 1h }
template Service "each" { host_name = "h"; check_interval = 1s; max_check_attempts = 1 }
"""
# as the README has it, but for the queues, the source and the ranges
SERVICE = """
object CheckCommand "%(name)s" {
  command = [ "%(program)s", "--check", "nagios", "--audit", "none", %(args)s ]
}
object Service "%(name)s" { import "each"; check_command = "%(name)s" }
"""


class Influx(http.server.ThreadingHTTPServer):
    """Takes numbers as InfluxDB does: `service,metric=LABEL value=1,warn=2 time` lines."""
    daemon_threads = True

    def __init__(self):
        self.numbers = {}
        super().__init__(("127.0.0.1", 0), Points)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Points(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        for service, label, fields in re.findall(r"(\w+),metric=((?:\\.|\S)+) (\S+) \d+", body):
            self.server.numbers[service, re.sub(r"\\(.)", r"\1", label)] = {
                key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", fields)}
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def icinga(tool, services):
    if not shutil.which("icinga2"):
        assert os.environ.get("CI") != "true", "icinga2 is missing"
        pytest.skip("icinga2 is missing")
    influx = Influx()
    home = tool.dir / "icinga"
    for name in ("DataDir", "LogDir", "InitRunDir", "CacheDir", "SpoolDir"):
        (home / name).mkdir(parents=True)
    (home / "conf").write_text(ICINGA % {"dir": home, "port": influx.server_address[1]} + "".join(
        SERVICE % {"name": name, "program": harness.PROGRAM,
                   "args": ", ".join(json.dumps(str(arg)) for arg in args)}
        for name, args in services.items()))
    me = getpass.getuser()
    with open(home / "log", "w") as log:
        process = subprocess.Popen(
            ["icinga2", "daemon", "-z", "-c", home / "conf", "-DRunAsUser=" + me,
             "-DRunAsGroup=" + grp.getgrgid(os.getgid()).gr_name,
             *("-D%s=%s" % (path.name, path) for path in home.iterdir() if path.is_dir())],
            stdout=log, stderr=log, env=tool.env, cwd=tool.dir)

    def seen():
        results = [result.split("\t") for path in home.glob("perfdata.[0-9]*")
                   for result in path.read_text().split("@@")[1:]]
        return {name: (state, text.strip()) for name, state, text in results}
    try:
        yield influx.numbers, seen, lambda: (home / "log").read_text()
    finally:
        process.terminate()
        process.wait(10)
        influx.shutdown()
        influx.server_close()


def test_icinga_reads_line_status_and_performance_data(tool):
    services = {
        "fine": [*REPLAY, "-W", "waitTime.avg.max=90000"],
        "slow": [*REPLAY, "-W", "waitTime.avg.max=20000", "-C", "waitTime.avg.max=90000"],
        "bad": [*REPLAY, "-C", "coverage=@1", "-C", "lagMs.max=~:"],
        "lost": ["--replay", "/nowhere"],
        "totals": ["--replay", NOTICES, "--queue-name", "Sales", "-w", "1m",
                   "-C", "oServiceLevel.ratio=0:1e3", "-C", "/voice: tAbandon.delta=50"]}
    rows = tool.run(*services["totals"][:6], "-s").rows
    wanted = {("Sales/%s oServiceLevel.ratio" % row["mediaType"]): row["metrics"]["oServiceLevel"]
              for row in rows if row["window"] == rows[-1]["window"] and row["mediaType"]}
    with icinga(tool, services) as (numbers, seen, log):
        assert harness.eventually(lambda: len(seen()) == 5 and len(numbers) == 15, 15), log()
        states = {name: state for name, (state, _) in seen().items()}
        texts = {name: text for name, (_, text) in seen().items()}
        assert states == dict(zip(services, [*STATES, "OK"]))
        assert {label: number for (service, label), number in numbers.items()
                if service == "totals" and "ratio" in label} == {
                    label: {"value": leaf["ratio"], "crit": 1000}
                    for label, leaf in wanted.items()}
        assert ("totals", "Sales/voice tAbandon.delta") in numbers
        assert texts["slow"] == ("GSQSTAT WARNING - waitTime.avg.max of %s is 28468ms, warning "
                                 "range 20000" % QUEUES[0])
        assert texts["fine"].startswith("GSQSTAT OK - 3 numbers of 3 queues within range: ")
        assert "GSQSTAT UNKNOWN - --replay '/nowhere': cannot be read" in texts["lost"]
        # it has read the numbers, and made seconds of the milliseconds
        for queue, seconds in zip(QUEUES, (28.468, 14.808, 11.365)):
            assert numbers["slow", queue + " waitTime.avg.max"] == {
                "value": seconds, "warn": 20, "crit": 90}
        assert {label.split()[1] for service, label in numbers if service == "bad"} \
            == {"coverage", "lagMs.max"}
        assert "perfdata" not in log().split("Activated all objects")[1].lower(), log()


def test_recipe_in_the_shell(tool):
    """The line that a plugin directory or a shell needs, as the README has it."""
    tool.write("queues.txt", "\n".join(QUEUES))
    command = "%s --check nagios --audit none --replay %s --time arrival -w 1m " \
        "-W waitTime.avg.max=20000 -C waitTime.avg.max=60000 -Q queues.txt" % (
            shlex.quote(harness.PROGRAM), SAMPLE)
    done = subprocess.run(["sh", "-c", command], cwd=tool.dir, env=tool.env,
                          capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.startswith("GSQSTAT WARNING - ")
    assert done.stderr == ""
