"""What the program prints today, byte for byte: the cases in tests/golden.

NAME.args has one command line per line. Words NAME=VALUE at its beginning are the environment;
HOOK=503,204 there says what a receiver of callbacks answers, and the word HOOK is its URL;
TERMINAL=80 runs the line on a terminal of so many columns, and NAME.screen is what that shows.
Behind a `<` stand the files that are joined on stdin. Files that the words name are copied from
tests/golden or tests. Beside it: NAME.out, NAME.err, NAME.status (one number per command line)
where one is not 0, NAME.callbacks with the requests as they came, and NAME.FILE for each file
that the program wrote. What differs from run to run is masked. The settings in run.start are kept
in the cases settings-* alone, so that a new option changes few files.

`make golden` writes all of it anew; the diff is what a review reads.
"""
import contextlib
import os
import pathlib
import re
import shlex
import shutil

import harness
import hooks
import pytest
from terminal import Screen, ToolTerminal
from test_audit_file import verified

TESTS = pathlib.Path(__file__).parent.parent
GOLDEN = TESTS / "golden"
CASES = sorted(GOLDEN.glob("*.args"))
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MASKS = [(re.compile(pattern), put) for pattern, put in (
    (r'("ts":"|(?m:^)ts=)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', r"\1TS"),
    (r'("version":"| version=|gsqstat/)\d+\.\d+\.\d+[\w.+-]*', r"\1VERSION"),
    (r'("waitMs":)\d+', r"\1WAIT"),
    (r'("prev":"|"mac":"|last |hash )[0-9a-f]{64}', r"\1HASH"),
    (r"(://localhost:|host: localhost:)\d+", r"\1PORT"))]
REJECTED = re.compile(r'\bframe\.rejected\b.*\breason"?[:=]"?(?:(foreign-queue)'
                      r'|([\w-]+).*\bqueueId"?[:=]"?([\w-]*))')
GIVEN_UP = re.compile(r'\b(callback\.(?:dropped|refused|spooled))\b.*\burl"?[:=]"?([^ "]*)')
RUN_END = re.compile(r'\bevent"?[:=]"?run\.end\b')
CALLBACK = re.compile(r'\bevent"?[:=]"?callback\.')
SUPPRESSED = re.compile(r'(\bsuppressed"?[:=])\d+')
SETTINGS = re.compile(r'("settings":\{).*?(\}(?=[,}]|$))|( settings="\{).*?(\}")')


def masked(text, tool, runs):
    """The IDs of the runs, in the order in which they are met, become RUN-1, RUN-2 …"""
    for run in re.findall(r'(?:"run":"|\brun=)(%s)' % UUID, text):
        if run not in runs:
            runs.append(run)
    for number, run in enumerate(runs, 1):
        text = text.replace(run, "RUN-%d" % number)
    text = text.replace(str(tool.dir), "DIR")
    for pattern, put in MASKS:
        text = pattern.sub(put, text)
    return text


def settled(text):
    """Audit lines without what depends on the time: when an answer to a callback came, and
    whether a second passed, after which a line that has a like is written again."""
    lines, later, told = [], [], set()
    for line in text.splitlines(True):
        alike = REJECTED.search(line) or GIVEN_UP.search(line)
        if alike and alike.groups() in told:
            continue
        if alike:
            told.add(alike.groups())
        if RUN_END.search(line):
            line, told = SUPPRESSED.sub(r"\1N", line), set()
        (later if CALLBACK.search(line) else lines).append(line)
    return "".join(lines + later)


def shown(request, keys):
    """A request of a callback with the headers that it has by itself, and its body."""
    head = dict(request.headers)
    assert head["webhook-timestamp"].isdigit()
    head["webhook-timestamp"] = "TIME"
    if "webhook-signature" in head:
        assert all(request.is_signed_by(key) for key in keys)
        assert len(head["webhook-signature"].split(" ")) == len(keys)
        head["webhook-signature"] = "SIGNED by %d" % len(keys)
    return "%s %s\n%s\n\n%s\n\n" % (request.method, request.target, "\n".join(
        "%s: %s" % header for header in sorted(head.items())), request.body.decode())


class Case:
    def __init__(self, tool, path):
        self.tool, self.runs, self.inputs = tool, [], set()
        self.commands = [shlex.split(line) for line in path.read_text().splitlines()]
        self.keeps_settings = path.stem.startswith("settings-")
        self.before = set(os.listdir(tool.dir))
        self.screens = ""

    def play(self):
        """{"out": …, "err": …, …}, without what is empty."""
        with contextlib.ExitStack() as stack:
            self.hook = None
            results = [self.run(words, stack) for words in self.commands]
        made = {"out": "".join(r.out for r in results), "screen": self.screens,
                "err": settled("".join(r.err for r in results))}
        if any(r.status for r in results):
            made["status"] = "".join("%d\n" % r.status for r in results)
        if self.hook:
            assert self.hook.errors == []
            keys = (GOLDEN / "keys").read_text().split()
            made["callbacks"] = "".join(shown(request, keys) for request in self.hook.requests)
        for name in sorted(set(os.listdir(self.tool.dir)) - self.before - self.inputs):
            if (self.tool.dir / name).is_file():
                made[name] = self.written(self.tool.dir / name)
        return {name: masked(text, self.tool, self.runs) for name, text in made.items() if text}

    def run(self, words, stack):
        words, data, columns = list(words), None, None
        while "=" in words[0] and words[0][0] != "-":
            name, value = words.pop(0).split("=")
            if name == "HOOK":
                answers = [int(a) if a.isdigit() else a for a in value.split(",")]
                (self.tool.dir / "hook").mkdir()
                self.hook = stack.enter_context(
                    hooks.Receiver(self.tool.dir / "hook", *answers, plain=True))
            elif name == "TERMINAL":
                columns = int(value)
            else:
                self.tool.env[name] = value
        if "<" in words:
            at = words.index("<")
            data = b"".join(self.source(name).read_bytes() for name in words[at + 1:])
            words = words[:at]
        for name in words:
            if self.source(name) and not (self.tool.dir / name).exists():
                self.inputs.add(name)
                shutil.copyfile(self.source(name), self.tool.dir / name)
                (self.tool.dir / name).chmod(0o600)
        words = [self.hook.url if word == "HOOK" else word for word in words]
        if columns:
            return self.run_on_terminal(columns, words)
        r = self.tool.run(*words, data=data)
        r.err = self.without_settings(r.err)
        return r

    def run_on_terminal(self, columns, words):
        terminal = ToolTerminal(columns)
        status = terminal.finish(terminal.start(self.tool, *words, stderr=True))
        self.screens += str(Screen(columns, terminal.text))
        return harness.Result(status, "", "")

    @staticmethod
    def source(name):
        found = [path / name for path in (GOLDEN, TESTS)
                 if "/" not in name and (path / name).is_file()]
        return found[0] if found else None

    def written(self, path):
        data = path.read_bytes()
        if b'"prev":"' in data:
            verified(data, (GOLDEN / "audit-key").read_bytes()[:-1]
                     if b'"mac":"' in data else None)
        return self.without_settings(settled(data.decode()))

    def without_settings(self, text):
        return text if self.keeps_settings else SETTINGS.sub(r"\1\3\2\4", text)


def kept(case):
    return {path.suffix[1:]: path for path in case.parent.glob(case.stem + ".*")
            if path.suffix not in (".args", ".ndjson")}


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_output_is_as_kept(tool, case):
    made = Case(tool, case).play()
    if os.environ.get("GOLDEN") == "rewrite":
        for path in kept(case).values():
            path.unlink()
        for name, text in made.items():
            case.with_suffix("." + name).write_text(text)
    assert made == {name: path.read_text() for name, path in kept(case).items()}


def test_every_file_is_of_a_case_or_read_by_one():
    words = {word for case in CASES for word in shlex.split(case.read_text())}
    for path in GOLDEN.iterdir():
        assert path.name in words or path.with_suffix(".args") in CASES, path
