"""Runs the real program: its rows, its audit lines, its status."""
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time

import frames
import gateway
import pytest
import schemas

TOP = pathlib.Path(__file__).parent.parent.parent
PROGRAM = os.environ.get("GSQSTAT", str(TOP / "gsqstat"))
# Bounds end to end grow where the program is slowed down on purpose.
SLACK = 8.0 if os.environ.get("GSQSTAT_SANITIZE") else 4.0
PATIENCE = 60      # seconds, after which a program counts as hung
QUEUE = frames.QUEUES[0]
SAMPLE, NOTICES = TOP / "tests/sample.ndjson", TOP / "tests/notices.ndjson"
REPLAY = ("--replay", SAMPLE, "--time", "arrival", "-w", "1m")
# A minute of one queue, a frame every five seconds.
BARE = "".join(frames.frame(QUEUE, at="2026-11-24T02:00:%02dZ" % s) + "\n"
               for s in range(0, 60, 5))


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def audit(self):
        return parse_audit(self.err)

    def events(self, name):
        return [line for line in self.audit if line["event"] == name]

    def warnings(self, words=""):
        """The warnings that have these words."""
        return [line["message"] for line in self.events("warning") if words in line["message"]]

    @property
    def settings(self):
        """What --dry-run shows."""
        return json.loads(self.out)

    @property
    def end(self):
        return self.events("run.end")[0]


def parse_audit(text):
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert list(line)[:4] == ["ts", "level", "event", "run"], line
    assert len({line["run"] for line in lines}) <= 1
    return lines


class Tool:
    """The program with its own environment, under a directory."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.dir),
                    "XDG_CACHE_HOME": str(self.dir / "cache"), "TMPDIR": str(self.dir),
                    "TZ": "UTC"}
        for name in os.environ:
            if name.endswith("SAN_OPTIONS") or name.startswith("GCOV"):
                self.env[name] = os.environ[name]

    def login(self, gate, secret=gateway.SECRET):
        self.env.update(GENESYS_CLIENT_ID=gateway.CLIENT_ID, GENESYS_CLIENT_SECRET=secret,
                        GENESYS_API_HOST=gate.host, SSL_CERT_FILE=gate.ca)
        return self

    def write(self, name, text, mode=None):
        """Makes a file in the directory; mode None: as the umask has it."""
        path = self.dir / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if mode is not None:
            path.chmod(mode)
        return path

    def lines(self, name):
        """What the lines of a file of JSON say."""
        return [json.loads(line) for line in (self.dir / name).read_text().splitlines()]

    @staticmethod
    def command(*args):
        return [PROGRAM, *map(str, args)]

    def start(self, *args, until=None, count=1, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
              **more):
        """until: the event that is waited for, count: how often it has to have come."""
        process = Running(self.command(*args), env=self.env, cwd=self.dir, stdin=stdin,
                          stdout=stdout, stderr=subprocess.PIPE, bufsize=0, **more)
        process.directory = self.dir
        if until:
            process.until(until, count)
        return process

    def run(self, *args, data=None, status=None, within=PATIENCE, **more):
        """status: what the run has to end with; within: the seconds that it may take."""
        stdin = subprocess.DEVNULL if data is None else subprocess.PIPE
        data = data.encode() if isinstance(data, str) else data
        return self.start(*args, stdin=stdin, **more).finish(data, status, within)


class Running(subprocess.Popen):
    """Takes stderr line by line, so that a test waits for what happens, not for time."""

    text = b""

    def until(self, event, count=1, timeout=PATIENCE):
        """The line of the event that comes for the count-th time."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            lines = [line for line in self.text.splitlines()
                     if b'"event":"%s"' % event.encode() in line and line.endswith(b"}")]
            if len(lines) >= count:
                return json.loads(lines[count - 1])
            if select.select([self.stderr], [], [], 0.2)[0]:
                more = os.read(self.stderr.fileno(), 65536)
                assert more, "ended before %s:\n%s" % (event, self.text.decode())
                self.text += more
        raise AssertionError("no %s:\n%s" % (event, self.text.decode()))

    def finish(self, data=None, status=None, within=PATIENCE):
        out, err = self.communicate(data, timeout=within)
        result = Result(self.returncode, (out or b"").decode(), (self.text + err).decode())
        schemas.check_lines(result.out)
        schemas.check_lines(result.err)
        self.check_recording()
        assert status in (None, result.status), (result.status, result.err)
        return result

    def check_recording(self):
        if "--record" in self.args and self.returncode == 0:
            path = self.directory / self.args[self.args.index("--record") + 1]
            for line in path.read_text().splitlines() if path.is_file() else ():
                schemas.check("gsqstat-recording-1.json", json.loads(line))

    def end(self, number=signal.SIGTERM, status=None, within=PATIENCE):
        """Sends a signal and waits for the end."""
        self.send_signal(number)
        return self.finish(status=status, within=within)

    def stop(self, seconds):
        """It stands still for so long."""
        self.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.send_signal(signal.SIGCONT)

    def give(self, text):
        """All that is on its stdin."""
        self.stdin.write(text.encode())
        self.stdin.close()
        self.stdin = None

    def leave(self):
        """Its stdout has no reader any more."""
        self.stdout.close()
        self.stdout = None


def limit_file_size(size):
    """For Popen's preexec_fn. The hard limit stays, so that coverage's counts get out."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE,
                           (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    return limit


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def eventually(true, timeout=PATIENCE):
    """The gateway's side of an end may come after the program's."""
    end = time.monotonic() + timeout
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def preload(tool, name, source):
    """Functions written in C take the place of the C library's in what the tool runs."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    if not compiler:
        pytest.skip("there is no C compiler")
    code, library = tool.dir / (name + ".c"), tool.dir / (name + ".so")
    code.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, code], check=True)
    libraries = [str(library)]
    if "address" in os.environ.get("GSQSTAT_SANITIZE", ""):
        asan = subprocess.run([compiler, "-print-file-name=libasan.so"], check=True,
                              capture_output=True, text=True).stdout.strip()
        if not os.path.isabs(asan):
            pytest.skip("this compiler has no libasan.so to put before " + name)
        libraries.insert(0, asan)
    tool.env["LD_PRELOAD"] = " ".join(libraries)


def options(tool):
    """{long: (letter or "", argument or "", default or "")} out of --help all."""
    found, last = {}, None
    for line in tool.run("--help", "all").out.splitlines():
        option = re.match(r"  (?:-(\w),|   ) --([a-z-]+)(?: (\[?[A-Z]\S*))?", line)
        default = re.match(r" {31}\[(.*)\]$", line)
        if option:
            last = option[2]
            found[last] = (option[1] or "", option[3] or "", "")
        elif default:
            found[last] = found[last][:2] + (default[1],)
    assert len(found) > 40
    return found
