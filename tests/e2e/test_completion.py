"""Completion: what --complete answers, and what the scripts make of it in real shells."""
import json
import os
import re
import select
import shutil
import subprocess

import harness
import notice_frames
import pytest
import terminal
from harness import QUEUE, TOP, options

IDS = ["%08x-0000-4000-8000-0000000000aa" % n for n in range(1, 99)]
NAMES = ["Sales EMEA", "Sales US", "O'Brien \"VIP\"", "$(touch ran)", "`touch ran`", ";touch ran;",
         "a&touch ran", "客服 一", "50% & more!", "~root", "star*", "back\\slash", "x:y=z, w",
         "[b]{c}<d>|e", "!!", "#1", "customers'", "'quoted'"]
HOSTILE = ["new\nline", "tab\tdone", "\x1b]0;title\x07", "right\u202eleft", "\u0085"]
SHELLS = ("bash", "zsh", "fish")
GC = "[Default]\nenvironment = 'mypurecloud.ie'\n['my $(touch ran)']\n[\"a\\nb\"]\n[other.sub]\n"


def complete(tool, *args):
    """{word: description or ""}, the name of the value."""
    r = tool.run("--complete", *args, status=0)
    assert r.err == ""
    first, *lines = r.out.split("\n")[:-1] or [""]
    return {word: about for word, _, about in (line.partition("\t") for line in lines)}, first


def words(tool, *args):
    return list(complete(tool, *args)[0])


def keep_names(tool, notify, names=(*NAMES, *HOSTILE)):
    """Has the cache filled by a run."""
    notify(queues=[notice_frames.queue(q, name) for q, name in zip(IDS, names)])
    tool.run("--list-queues", status=0)
    (path,) = (tool.dir / "cache/gsqstat").glob("*.names")
    return path


# -- the program's answer

def test_every_option_is_offered_with_its_value(tool):
    found, value = complete(tool, "options")
    lines = dict(line.split("\t")[0::2] if line.count("\t") == 2 else (line.split("\t")[0], "")
                 for line in tool.run("--complete", "options").out.splitlines()[1:])
    table = options(tool)
    assert value == "OPTION" and list(found) == list(lines)
    assert lines == {name: argument for long, (letter, argument, _) in table.items()
                     for name in ["--" + long] + ["-" + letter] * bool(letter)}


def test_words_of_an_option(tool):
    assert complete(tool, "-f") == (dict.fromkeys(
        ("ndjson", "csv", "table", "prometheus", "influx", "html"), ""), "FORMAT")
    assert words(tool, "--source") == words(tool, "--source=") == ["stream", "notifications"]
    assert "p95" in words(tool, "--stat") and "voice" in words(tool, "--media")
    assert words(tool, "--outlier") == ["none", "waitTime.avg>30000"]
    assert words(tool, "--help")[:2] == ["all", "queues"]
    assert "30s" in words(tool, "-vw") and words(tool, "--callback-spool-max") == ["64M", "1G"]
    assert complete(tool, "--replay") == ({}, "FILE")
    assert complete(tool, "--source=stream")[1] == complete(tool, "-v")[1] == "ID[,ID]..."


def test_metrics_are_those_of_the_source(tool):
    both = complete(tool, "-m")[0]
    assert both["oWaiting"] == "Conversations that wait for an agent" and "waitTime" in both
    stream = words(tool, "-m", "--source", "stream")
    theirs = words(tool, "-m", "--source=notifications")
    assert stream + theirs == list(both) and len(stream) == 6
    assert words(tool, "--metric", "-v", "--now") == theirs
    assert words(tool, "-m", "--now", "--source", "stream") == stream
    tool.env["GSQSTAT_SOURCE"] = "notifications"
    assert words(tool, "-m") == theirs and words(tool, "-m", "--source", "stream") == stream
    tool.env["GSQSTAT_SOURCE"] = "stream"
    assert words(tool, "-m") == list(both)
    tool.write("gs.conf", "source = stream\n")
    assert words(tool, "-m", "--config", "gs.conf") == stream
    assert words(tool, "-m", "--config", "gs.conf", "--source", "notifications") == theirs


def test_queues_come_from_the_cache_without_a_request(tool, notify):
    path = keep_names(tool, notify)
    del tool.env["GENESYS_CLIENT_SECRET"]
    assert words(tool, "--queue-name") == sorted(
        NAMES, key=lambda name: (name.lower().encode(), name.encode()))
    found, value = complete(tool, "-q")
    assert value == "ID[,ID]..." and found[IDS[0]] == "Sales EMEA"
    assert set(found) == set(IDS[:len(NAMES + HOSTILE)])
    assert found[IDS[len(NAMES)]] == "new\ufffdline"
    assert complete(tool, "anything") == (found, value)
    # queues rarely change, so an old list is better than none
    text = re.sub(r'"at_ms":\d+', '"at_ms":1', path.read_text())
    path.write_text(text)
    assert complete(tool, "-q")[0] == found
    assert words(tool, "-q", "--no-cache") == []


def test_queues_are_those_of_the_client_and_host(tool, notify):
    keep_names(tool, notify)
    host = tool.env.pop("GENESYS_API_HOST")
    assert words(tool, "-q") == [] and words(tool, "-q", "-H", "mypurecloud.ie") == []
    assert len(words(tool, "-q", "--host=" + host)) == len(NAMES + HOSTILE)
    tool.write("gs.conf", "host = %s\n" % host)
    assert len(words(tool, "-q", "--config", "gs.conf")) == len(NAMES + HOSTILE)
    tool.env.update(GENESYS_API_HOST=host, GENESYS_CLIENT_ID="11111111-2222-4333-8444-555555555555")
    assert words(tool, "-q") == []


@pytest.mark.parametrize("text", [
    "", "{", '{"schema":"gsqstat-names/1"}', '{"entities":[', "\0" * 100, "\x1b]0;a\x07",
    json.dumps({"entities": [notice_frames.queue(IDS[0], "Sales")]})])
def test_broken_cache_offers_nothing(tool, notify, text):
    path = keep_names(tool, notify)
    path.write_text(text)
    assert words(tool, "-q") == [] and path.read_text() == text


def test_cache_that_others_can_read_offers_nothing(tool, notify):
    keep_names(tool, notify).chmod(0o644)
    assert words(tool, "--queue-name") == []


def test_without_any_setting_nothing_is_offered(tool):
    for kind in ("-q", "--queue-name", "--profile"):
        assert words(tool, kind) == []
    tool.env.clear()
    for kind in ("-q", "--queue-name", "--profile"):
        assert words(tool, kind) == []
    assert tool.run("--complete", status=0).out == ""
    for arg in ("--complet", "--complete=-q", "-v --complete -q"):
        assert tool.run(*arg.split()).status == 2


def test_profiles_are_those_of_gc(tool):
    (tool.dir / ".gc").mkdir()
    tool.write(".gc/config.toml", GC, 0o600)
    assert words(tool, "--profile") == ["default", "my $(touch ran)", "other.sub"]
    tool.write(".gc/config.toml", GC + "[broken", 0o600)
    assert words(tool, "--profile") == []


def test_queues_of_a_profile(tool, notify):
    keep_names(tool, notify)
    client = tool.env.pop("GENESYS_CLIENT_ID")
    (tool.dir / ".gc").mkdir()
    tool.write(".gc/config.toml", "[p]\nclient_credentials = '%s'\nclient_secret = 'x'\n" % client,
               0o600)
    assert words(tool, "-q") == []
    assert len(words(tool, "-q", "--profile", "p")) == len(NAMES + HOSTILE)


def test_completion_is_no_option_that_users_see(tool):
    assert "--complete" not in tool.run("--help", "all").out
    r = tool.run("--dry-run", "-H", "localhost", QUEUE)
    assert "complete" not in r.out


# -- in the shells

class Shell(terminal.Terminal):
    """A shell with the completions, in which gsqstat is a function that prints its arguments."""

    SETUP = {
        "bash": ("rc", "source %s/gsqstat.bash\ngsqstat() { printf '\\n<%%s>' \"$@\"; echo; }\n"
                       "PS1=\nbind 'set enable-bracketed-paste off'\n",
                 ["bash", "--rcfile", "rc", "-i"]),
        "zsh": (".zshrc", "fpath=(%s $fpath)\nautoload -U compinit\ncompinit -u -D\nPS1=\n"
                          "gsqstat() { printf '\\n<%%s>' \"$@\"; echo; }\n"
                          "unset zle_bracketed_paste\n",
                ["zsh", "-d", "-i"]),
        "fish": ("rc", "source %s/gsqstat.fish\nfunction fish_prompt; end\n"
                       "function gsqstat; printf '\\n<%%s>' $argv; echo; end\n",
                 ["fish", "-i", "-N", "-C", "source rc"])}

    def __init__(self, tool, name):
        super().__init__(columns=200)
        (tool.dir / "bin").mkdir()
        (tool.dir / "bin/gsqstat").symlink_to(harness.PROGRAM)
        path, text, command = self.SETUP[name]
        tool.write(path, text % (TOP / "completions"))
        self.process = self.start(
            ["setsid", "-c", *command], stdin=self.end, stderr=True, cwd=tool.dir, env={
                **tool.env, "PATH": "%s/bin:%s" % (tool.dir, tool.env["PATH"]), "TERM": "dumb",
                "LC_ALL": "C.UTF-8", "ZDOTDIR": str(tool.dir)})
        self.count = 0

    def arguments(self, typed):
        """What gsqstat gets after these keys, a tab and the enter key."""
        begin, self.count = len(self.text), self.count + 1
        self.type("gsqstat %s\t\r" % typed)
        self.type("echo e''nd%d\r" % self.count)
        self.wait("\nend%d\r" % self.count)
        return re.findall(r"\n<(.*)>(?=\r)", self.text[begin:])

    def read(self):
        assert select.select([self.fd], [], [], 20)[0], self.text
        return super().read()

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        self.type("exit\r")
        return self.finish(self.process)


@pytest.fixture(params=SHELLS)
def shell(request, tool, notify):
    if not shutil.which(request.param):
        pytest.skip(request.param + " is missing")
    keep_names(tool, notify)
    (tool.dir / ".gc").mkdir()
    tool.write(".gc/config.toml", GC, 0o600)
    tool.write("list of queues", "")
    made = Shell(tool, request.param)
    yield made
    made.close()
    assert not (tool.dir / "ran").exists()


def test_names_are_quoted_and_never_run(shell):
    for typed, name in (
            ("Sales\\ E", NAMES[0]), ("'Sales E", NAMES[0]), ('"Sales E', NAMES[0]),
            ("O", NAMES[2]), ('"O', NAMES[2]), ("'O", NAMES[2]), ("\\$\\(t", NAMES[3]),
            ("'$(t", NAMES[3]), ('"\\$(t', NAMES[3]), ("\\`", NAMES[4]), ("'`", NAMES[4]),
            ("\\;", NAMES[5]), ("';", NAMES[5]), ("a", NAMES[6]), ("客", NAMES[7]),
            ('"客', NAMES[7]), ("50", NAMES[8]), ('"50', NAMES[8]), ("'50", NAMES[8]),
            ("\\~", NAMES[9]), ("st", NAMES[10]), ("back", NAMES[11]), ('"back', NAMES[11]),
            ("x", NAMES[12]), ("'x", NAMES[12]), ("'[", NAMES[13]), ("\\[", NAMES[13]),
            ('"!', NAMES[14]), ("\\#", NAMES[15]), ("'cust", NAMES[16]),
            ("\\'", NAMES[17]), ("\"'", NAMES[17])):
        assert shell.arguments("--queue-name " + typed) == ["--queue-name", name], typed
    assert shell.arguments("--now --queue-name=cust") == ["--now", "--queue-name=customers'"]


def test_words_in_the_shells(shell):
    for typed, wanted in (
            ("--inter", ["--interval"]), ("-i PT3", ["-i", "PT30S"]), ("-f c", ["-f", "csv"]),
            ("-m state,waitT", ["-m", "state,waitTime"]), ("--audit l", ["--audit", "logfmt"]),
            ("--source no", ["--source", "notifications"]),
            ("--now -m oWai", ["--now", "-m", "oWaiting"]),
            ("--source stream -m o", ["--source", "stream", "-m", "o"]),
            ("--source=stream -m ag", ["--source=stream", "-m", "agentState"]),
            ("--metric=tWait,oWai", ["--metric=tWait,oWaiting"]),
            ("--help cred", ["--help", "credentials"]),
            ("--help 00000001", ["--help", "00000001"]),
            ("--profile ot", ["--profile", "other.sub"]),
            ("--profile 'my", ["--profile", "my $(touch ran)"]),
            ("-q 00000001", ["-q", IDS[0]]), ("00000001,00000002", ["00000001," + IDS[1]]),
            ("--queue-file li", ["--queue-file", "list of queues"]),
            ("--queue-name no-such", ["--queue-name", "no-such"]), ("--nothing", ["--nothing"])):
        got = shell.arguments(typed)
        # a shell may invite to go on
        assert [word.rstrip("=,") for word in got] == wanted, (typed, got)


def test_words_in_bash_that_is_without_the_program(tool):
    script = ("source %s/completions/gsqstat.bash; COMP_WORDS=(gsqstat -f c); COMP_CWORD=2; "
              "PATH=/nowhere; _gsqstat; echo ${#COMPREPLY[@]}" % TOP)
    r = subprocess.run(["bash", "-c", script], cwd=tool.dir, capture_output=True, text=True)
    assert (r.stdout, r.stderr) == ("0\n", "")
