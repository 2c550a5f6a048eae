"""--config and GSQSTAT_CONFIG: what a file may say, what of it is used, and how it is named."""
import os
import signal

import frames
import pytest
from harness import QUEUE, SAMPLE, TOP

QUEUE2 = frames.QUEUES[1]
NOTICES = str(TOP / "tests/notices.ndjson")
HOST = ("-H", "localhost:1")


@pytest.fixture
def user(tool):
    tool.env.update(GENESYS_CLIENT_ID="id", GENESYS_CLIENT_SECRET="secret-value",
                    GENESYS_API_HOST="localhost:1")
    return tool


def settings(tool, *args, text=None, **more):
    """The settings that a dry run prints, as {option: (value, from)}, of what is no default."""
    if text is not None:
        tool.write("gs.conf", text)
    r = tool.run("--config", "gs.conf", "--dry-run", *args, status=0, **more)
    return {name: (s.get("value"), s["from"]) for name, s in r.settings.items()
            if name != "schema" and s["from"] not in ("default", None)}


def start(result):
    return result.events("run.start")[0]


def problems(tool, text, *args, status=2, out="", **more):
    tool.write("gs.conf", text)
    r = tool.run("--config", "gs.conf", *args, status=status, **more)
    assert r.out == out and "hush" not in r.err, r.err
    return [line.removeprefix("gsqstat: ") for line in r.err.splitlines()]


# --- the form of the file -----------------------------------------------------------------

def test_forms_of_a_line(user):
    found = settings(user, text=f"""\ufeff# the first line
queue = {QUEUE}
  --queue\t{QUEUE2}  # the second

window: 5m\r
count=3
--align
stat = "mean","min"
""".replace('"mean","min"', "mean,min") + 'output "a \\"b\\" \\\\ #c"\nformat prometheus')
    assert found["queue"] == ([QUEUE, QUEUE2], "gs.conf:3")
    assert found["window"] == ("5m", "gs.conf:5")
    assert found["count"] == (3, "gs.conf:6")
    assert found["align"] == (True, "gs.conf:7")
    assert found["stat"] == (["min", "mean"], "gs.conf:8")
    assert found["output"] == ('a "b" \\ #c', "gs.conf:9")
    assert found["format"] == ("prometheus", "gs.conf:10")
    assert found["config"] == ("gs.conf", "flag")


@pytest.mark.parametrize("line, words", [
    ("widow = 5s", "unknown option 'widow'; did you mean window?"),
    ("-w 5s", "unknown option '-w'; did you mean window?"),
    ("wind = 5s", "unknown option 'wind'; did you mean window?"),
    ("---window 5s", "unknown option '-window'"),
    ("=5s", "unknown option ''; see --help"),
    ("GENESYS_CLIENT_SECRET = hush", "unknown option 'GENESYS_CLIENT_SECRET'"),
    ("token = hush", "token cannot be given"),
    ("--client-secret:hush", "client-secret cannot be given"),
    ("callback = https://example.com/hush", "callback must be @FILE"),
    ("config = b.conf", "config cannot be used in a configuration file"),
    ("help", "help cannot be used"), ("version", "version cannot be used"),
    ("align = yes", "align takes no value"), ("window", "window needs a value"),
    ("window = # 5s", "window needs a value"),
    ("metric = state waitTime", "metric has a value with blanks; put it in double quotes"),
    ('metric = "state" x', "metric has text behind its quotes"),
    ('metric = "state"#x', "metric has text behind its quotes"),
    ('metric = "state', "metric has a quote that does not end"),
    ('metric = "state\\"', "metric has a quote that does not end"),
    ('metric = "st\\ate"', "metric has an unknown escape"),
    ('metric = "state\\', "metric has an unknown escape"),
    (b"metric = st\xffte", "the line is not UTF-8"),
    (b"metric = st\0te", "the line contains a NUL byte"),
    ("window = 5", "window '5': has no unit; did you mean 5s, 5m or 5h?"),
    ("window =", "window needs a value"),
    ('output = ""', "output '': must be the name of a file"),
    ("metric = state,wattTime", "metric 'wattTime': must be"),
    ("queue-file = nowhere", "queue-file 'nowhere': cannot be read"),
    ("record = no/such", "record 'no/such': cannot be opened"),
    ("fail-if = updates", "fail-if 'updates': 'updates' has no operator"),
    ("cacert = nowhere", "cacert 'nowhere': cannot be read"),
    ("client-secret-file = nowhere", "client-secret-file 'nowhere': cannot be read"),
    ("callback = @nowhere", "callback 'nowhere': cannot be read"),
    ("callback-timeout = 5s", "callback-timeout '5s' needs --callback"),
    ("lateness = 31m", "lateness '31m': must be at most 60 windows")])
def test_bad_line_is_named(user, line, words):
    lines = problems(user, b"# 1\n" + (line if isinstance(line, bytes) else line.encode()) + b"\n",
                     QUEUE)
    assert len(lines) == 1 and lines[0].startswith("gs.conf:2: " + words), lines


def test_each_bad_line_is_named_by_its_own_number(user):
    lines = problems(user, "\n".join([
        "fail-if = updates>1", "fail-if = updates", "metric = state", "metric = waitime",
        "metric = stat", "outlier = waittime.avg>3", "outlier = waitTime.avg", "window = 1s",
        "queue = 1"]),
        "--lateness", "31m")
    where = {line.split(":")[1]: line for line in lines if line.startswith("gs.conf")}
    assert sorted(where) == ["2", "4", "5", "6", "7", "9"], lines
    assert "'updates'" in where["2"] and "'waitime'" in where["4"] and "'stat'" in where["5"]
    assert [line for line in lines if line.startswith("--lateness")]


@pytest.mark.parametrize("line, flags", [
    ("sourec = notifications", ["--fail-if", "oWaiting.count.last>5", QUEUE]),
    ("queu = " + QUEUE, []), ("check", ["-W", "waitTime.avg.last=1", "-w", "1", QUEUE]),
    ("callback = https://hush.example/", ["--callback-spool", "d", QUEUE])])
def test_what_only_follows_from_a_bad_line_is_not_reported(user, line, flags):
    lines = problems(user, line + "\n", *flags, status=3 if line == "check" else 2,
                     out="GSQSTAT UNKNOWN - gs.conf:1: check needs a value (and 1 more)\n"
                     if line == "check" else "")
    assert lines[0].startswith("gs.conf:1: ") and len(lines) == 1 + ("-w" in flags), lines


def test_control_characters_reach_no_terminal(user):
    for text in ("\033[31mx = 1\n", 'output = "/no/\033[31m\x9b/x"\n', "wind\u202eow = 1\n"):
        user.write("gs.conf", text)
        r = user.run("--config", "gs.conf", QUEUE, status=2)
        assert not set("\033\x9b\u202e") & set(r.err), r.err


def test_file_that_cannot_be_read(user):
    for path, words in (("nowhere", "No such file"), (".", "Is a directory"),
                        ("", "name of a file"),
                        ("/dev/zero", "it is too long"), ("long", "it is too long")):
        user.write("long", "#" * 65537)
        r = user.run("--config", path, status=2)
        assert r.err.startswith(f"gsqstat: --config '{path}': ") and words in r.err, r.err
        assert len(r.err.splitlines()) == 1 or not path, r.err
    user.env["GSQSTAT_CONFIG"] = "nowhere"
    assert user.run(QUEUE, status=2).err == (
        "gsqstat: GSQSTAT_CONFIG 'nowhere': cannot be read: No such file or directory\n")
    user.write("most", "#" * 65535 + "\n")
    assert user.run("--config", "most", "--dry-run", QUEUE).status == 0
    assert user.run("--config", "/dev/null", "--dry-run", QUEUE).status == 0
    r = user.run("--config", "most", "--config", "most", QUEUE, status=2)
    assert "--config 'most': there can be only one configuration file" in r.err
    assert "--config needs a value" in user.run(QUEUE, "--config", status=2).err


def test_program_that_is_given_as_the_file_by_mistake(user):
    user.write("gs.conf", (TOP / "gsqstat").read_bytes()[:60000])
    r = user.run("--config", "gs.conf", QUEUE, status=2)
    assert len(r.err) < 400 and "gs.conf:1: the line" in r.err


# --- where it comes from ------------------------------------------------------------------

def test_flag_beats_environment(user):
    user.write("other.conf", "window = 7m\nno nonsense\n")
    user.env["GSQSTAT_CONFIG"] = "other.conf"
    assert settings(user, QUEUE, text="window = 5m\n")["window"] == ("5m", "gs.conf:1")
    user.write("other.conf", "window = 7m\n")
    found = user.run("--dry-run", QUEUE, status=0).settings
    assert found["window"] == {"value": "7m", "from": "other.conf:1"}
    assert found["config"] == {"value": "other.conf", "from": "environment"}
    user.env["GSQSTAT_CONFIG"] = ""
    assert user.run("--dry-run", QUEUE, status=0).settings["config"]["value"] is None


def test_stdin_and_pipe(user):
    r = user.run("--config", "-", "--dry-run", QUEUE, data="\nwindow = 5m", status=0)
    assert r.settings["window"] == {"value": "5m", "from": "stdin:2"}
    end, writer = os.pipe()
    os.write(writer, b"window = 6m")
    os.close(writer)
    r = user.run("--config", f"/dev/fd/{end}", "--dry-run", QUEUE, pass_fds=[end], status=0)
    os.close(end)
    assert r.settings["window"]["value"] == "6m"
    r = user.run("--config", "-", QUEUE, status=2, preexec_fn=lambda: os.close(0))
    assert "--config 'stdin': cannot be read: stdin is closed" in r.err


@pytest.mark.parametrize("line, args, problem", [
    ("", ["-Q", "-"], "--queue-file '-': cannot be read: --config - reads stdin already"),
    ("queue-file -", [QUEUE],
     "stdin:1: queue-file '-': cannot be read: --config - reads stdin already"),
    ("", ["--replay", "-"], "--replay '-': --config - reads stdin already"),
    ("replay -", [], "stdin:1: replay '-': --config - reads stdin already"),
    ("", ["--verify-audit", "-"], "--verify-audit '-': --config - reads stdin already")])
def test_stdin_has_one_reader(user, line, args, problem):
    r = user.run("--config", "-", *args, data=line, status=2)
    assert "gsqstat: " + problem in r.err.splitlines(), r.err


def test_file_is_no_output_too(user):
    lines = problems(user, "record = gs.conf\n", QUEUE)
    assert lines == ["gs.conf:1: record and --config are the same file"]
    assert (user.dir / "gs.conf").read_text() == "record = gs.conf\n"


def test_each_option_of_a_message_has_its_own_line(user):
    lines = problems(user, "record = same\n\nrejects = same\n", QUEUE)
    assert lines == ["gs.conf:1: record and gs.conf:3: rejects are the same file"]
    lines = problems(user, "list-queues\n", "-f", "prometheus")
    assert lines == ["--format 'prometheus' cannot be used with --list-queues; use ndjson, csv or "
                     "table (gs.conf:1)"]
    user.write("gs.conf", "fail-if = waitTime.avg.max>9000\nfail-if = waitTime.avg.max>90000\n")
    r = user.run("--config", "gs.conf", "--replay", SAMPLE)
    assert "gs.conf:2: fail-if 'waitTime.avg.max>90000': the default --outlier drops" in r.err


def test_help_reads_no_file(user):
    user.env["GSQSTAT_CONFIG"] = "nowhere"
    for flag in ("--help", "--version"):
        assert user.run(flag, "--config", "nowhere", status=0).err == ""


# --- flags and modes ----------------------------------------------------------------------

def test_flag_replaces_all_values_of_its_option(user):
    text = (f"queue = {QUEUE}\nqueue = {QUEUE}\nmetric = state\nmetric = waitTime\n"
            "fail-if = updates>1\noutlier = waitTime.avg>5\nwindow = 5m\nsilent\n")
    found = settings(user, "-q", QUEUE2, "-m", "queueState", "--fail-if", "updates>2",
                     "--outlier", "none", "-w", "6m", "-v", text=text)
    assert found["queue"] == ([QUEUE2], "flag") and found["metric"] == (["queueState"], "flag")
    assert found["fail-if"] == (["updates>2"], "flag") and found["outlier"] == ([], "flag")
    assert found["window"] == ("6m", "flag") and found["verbose"] == (True, "flag")
    found = settings(user, QUEUE2)
    assert found["queue"] == ([QUEUE2], "flag") and found["silent"] == (True, "gs.conf:8")
    assert found["metric"] == (["state", "waitTime"], "gs.conf:4")
    # an operand behind -- is one, and so is one that an option follows
    for args in (["--", QUEUE2], [QUEUE2, "--align"]):
        assert settings(user, *args)["queue"] == ([QUEUE2], "flag")
    # abbreviated, and even without its value
    assert settings(user, "--windo", "6m", QUEUE)["window"] == ("6m", "flag")
    assert "--window needs a value" in user.run("--config", "gs.conf", "--window", status=2).err


BOTH = f"""queue = {QUEUE}
queue-name = "Sales*"
interval = PT30S
lateness = 1m
pong-timeout = 5s
outlier = waitTime.avg>5
subscribe = message
profile = team
count = 2
record = tape
warning = updates=1:
critical = "updates = 1:"
fail-if = updates>9
fail-fast
stat = mean
callback = @hook
callback-timeout = 5s
""".replace('"updates = 1:"', "updates=0:")
STREAM = {"interval", "lateness", "outlier", "subscribe"}
NOTIFICATIONS = {"queue-name", "pong-timeout", "profile"}


def used(tool, *args, **more):
    return {name for name, (_, where) in settings(tool, *args, **more).items()
            if where.startswith("gs.conf")}


@pytest.fixture
def both(user):
    user.write("hook", "https://hooks.example.com/secret", mode=0o600)
    user.write("gs.conf", BOTH)
    (user.dir / ".gc").mkdir()
    user.write(".gc/config.toml", '[team]\nenvironment = "mypurecloud.de"\n'
               'client_credentials = "id"\nclient_secret = "s"\n', mode=0o600)
    return user


def test_one_file_serves_both_sources_and_all_modes(both):
    common = {"queue", "count", "record", "fail-if", "fail-fast", "callback", "callback-timeout",
              "stat"}
    assert used(both, "--source", "stream") == common | STREAM
    assert used(both, "--source", "notifications") == common | NOTIFICATIONS
    assert used(both, "--source", "notifications", "--now") == (
        common - {"count", "record"} | NOTIFICATIONS)
    assert used(both, "--source", "notifications", "--list-queues") == (
        NOTIFICATIONS - {"queue-name"} | {"count"})
    assert used(both, "--source", "stream", "--check", "nagios") == (
        {"queue", "count", "record", "warning", "critical"} | STREAM)
    assert used(both, "--replay", SAMPLE, "-q", QUEUE2, "--queue-name", "x",
                "--source", "notifications") == common - {"queue", "record"} | {
                    "pong-timeout", "profile"}


def test_ranges_in_the_file_are_for_what_needs_them(user):
    text = "warning = updates=1:\n"
    for args in (["--check", "nagios"], ["-f", "html"]):
        assert used(user, "--replay", SAMPLE, *args, text=text) == {"warning"}
    assert used(user, "--replay", SAMPLE, text=text + "format = html\n") == {"warning", "format"}
    assert used(user, "--replay", SAMPLE, text=text) == set()


def test_source_in_the_file_decides_as_a_flag_does(both):
    both.write("gs.conf", BOTH + "source = notifications\n")
    assert used(both) >= NOTIFICATIONS and not used(both) & STREAM
    assert used(both, "--source", "stream") >= STREAM
    both.write("gs.conf", "source = stream\n" + BOTH)
    assert used(both) >= STREAM and not used(both) & NOTIFICATIONS
    r = both.run("--config", "gs.conf", "--now", status=2)
    assert "--now cannot be used with --source stream (gs.conf:1)" in r.err


def test_options_that_are_ignored_are_not_even_read(user):
    text = "queue-file = nowhere\nqueue-name = x\ncallback = @nowhere\nwarning = nonsense\n"
    assert used(user, "--source", "notifications", "--list-queues", text=text) == set()
    text = "queue-name = x\nresync = nonsense\npong-timeout = nonsense\n"
    assert used(user, "--source", "stream", QUEUE, text=text) == set()


def test_replay_goes_by_its_recording(user):
    text = "".join(line + "\n" for line in BOTH.splitlines()
                   if line.split()[0] in STREAM | NOTIFICATIONS - {"profile", "queue-name"})
    assert used(user, "--replay", SAMPLE, text=text) == STREAM
    assert used(user, "--replay", NOTICES) == {"pong-timeout"}
    # a recording in a pipe is read only by the run
    with open(SAMPLE) as pipe:
        assert used(user, "--replay", "-", data=pipe.read()) == STREAM | {"pong-timeout"}
    r = user.run("--config", "gs.conf", "--replay", "-", data=open(SAMPLE).read(), status=0)
    assert r.rows and start(r)["settings"]["lateness"] == "1m"
    assert start(r)["settings"]["pong-timeout"] is None


def test_replay_in_the_file(user):
    assert used(user, text=f"replay = {SAMPLE}\nrecord = x\nwindow = 5s\n") == {"replay", "window"}
    lines = problems(user, f"\nreplay = {SAMPLE}\n", "--record", "x")
    assert lines == ["--record 'x' cannot be used with --replay (gs.conf:2)"]
    lines = problems(user, f"now\nreplay = {SAMPLE}\nsource = notifications\n", QUEUE)
    assert lines == [f"gs.conf:2: replay '{SAMPLE}' cannot be used with --now (gs.conf:1)"]


def test_option_of_notifications_in_the_file_chooses_them(both):
    found = settings(both)
    assert found["source"] == ("notifications", "--queue-name")
    assert used(both) >= NOTIFICATIONS and not used(both) & STREAM
    r = both.run("--config", "gs.conf", "--interval", "PT30S", status=2)
    assert r.err == ("gsqstat: --interval 'PT30S' needs --source stream, but --queue-name chose "
                     "notifications (gs.conf:2)\n")
    assert settings(both, QUEUE, text="metric = oWaiting\n")["source"][0] == "notifications"


def test_source_is_implied_neither_by_ignored_nor_by_replaced_options(user):
    assert used(user, "--source", "stream", QUEUE, text="now\ncount = 2\n") == {"count"}


def test_rows_are_those_of_the_same_flags(user):
    flags = ["-w", "5s", "-m", "waitTime", "-f", "csv", "--replay", SAMPLE]
    user.write("gs.conf", f"window = 5s\nmetric = waitTime\nformat = csv\nreplay = {SAMPLE}\n")
    assert user.run("--config", "gs.conf", status=0).out == user.run(*flags, status=0).out != ""


def test_verify_audit_is_served_too(user):
    user.write("gs.conf", "audit-file = log\naudit-chain\naudit-key-file = key\nwindow = 5s\n")
    user.write("key", "0123456789abcdef", mode=0o600)
    user.run("--config", "gs.conf", "--replay", SAMPLE, status=0)
    r = user.run("--config", "gs.conf", "--verify-audit", "log", status=0)
    assert r.out.startswith("lines")
    user.write("key", "0123456789abcdeX", mode=0o600)
    assert user.run("--config", "gs.conf", "--verify-audit", "log").status == 8
    user.env["GSQSTAT_CONFIG"] = "gs.conf"
    assert user.run("--verify-audit", "log").status == 8


# --- --check ------------------------------------------------------------------------------

def test_check_in_the_file(user):
    out = "GSQSTAT UNKNOWN - gs.conf:2: window '5': has no unit; did you mean 5s, 5m or 5h?\n"
    problems(user, "check = nagios\nwindow = 5\n", QUEUE, status=3, out=out)
    problems(user, "check\n", QUEUE, status=3,
             out="GSQSTAT UNKNOWN - gs.conf:1: check needs a value\n")
    problems(user, "check = nagios\n", "--nonsense", QUEUE, status=3,
             out="GSQSTAT UNKNOWN - unknown option --nonsense; see --help\n")
    user.write("gs.conf", "check = nagios\nsource = notifications\n")
    assert user.run("--config", "gs.conf", "--list-queues", "-H", "a b").status == 2
    assert user.run("--config", "gs.conf", "--verify-audit", "nowhere").status == 2
    lines = problems(user, "check = nagios\n", "-f", "csv", QUEUE, status=3,
                     out="GSQSTAT UNKNOWN - --format 'csv' cannot be used with --check "
                     "(gs.conf:1)\n")
    assert lines == ["--format 'csv' cannot be used with --check (gs.conf:1)"]


def test_check_option_in_the_file_makes_the_run_a_check(user):
    user.write("gs.conf", f"check = nagios\nwarning = updates=0:\nreplay = {SAMPLE}\nwindow = 5s\n")
    r = user.run("--config", "gs.conf", status=0)
    assert r.out.startswith("GSQSTAT OK - ")


def test_check_in_the_file_and_a_signal_before_the_run(user):
    os.mkfifo(user.dir / "slow")
    user.write("gs.conf", "check = nagios\nreplay = slow\n")
    process = user.start("--config", "gs.conf")
    writer = os.open(user.dir / "slow", os.O_WRONLY)    # it is opened by now
    r = process.end(signal.SIGTERM)
    os.close(writer)
    assert r.status == 3 and r.out == "GSQSTAT UNKNOWN - ended by signal 15\n"


def test_audit_line_names_the_file(user):
    user.write("gs.conf", f"replay = {SAMPLE}\nwindow = 5s\n")
    r = user.run("--config", "gs.conf", status=0)
    assert start(r)["settings"]["config"] == "gs.conf"
    assert start(r)["settings"]["window"] == "5s"


def test_live_run_takes_its_options_from_the_file(tool, gate):
    tool.login(gate)
    tool.write("gs.conf", f"queue = {QUEUE}\nwindow = 300ms\nqueue-name = nobody\n"
               "source = stream\n")
    r = tool.run("--config", "gs.conf", status=0)
    assert [row["queueId"] for row in r.rows] == [QUEUE]
