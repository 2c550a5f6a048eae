"""The option table and the manual say the same; all recipes run."""
import contextlib
import csv
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time

import demo
import frames
import gateway
import harness
import notice_frames
import notices
import pytest
from harness import TOP, options
from manual import COOKBOOK, MANUAL, PAGES, blocks, unroff


def plain(roff):
    text = re.sub(r"\.(?:Li|Ev|Ar|Fl|Sq|Dq|Pq|Ns|Op) ?", "", roff)
    return re.sub(r"\s+", " ", text.replace("\n", " ")).replace(" ,", ",").replace(" .", ".")


def manual_options():
    found = {}
    page = re.sub(r"(?m)^\.Bl.* -compact\n(?:.*\n)*?\.El\n", "", MANUAL)     # lists in an option
    for item in re.findall(r"\.It ((?:Fl \w , )?Fl Fl .*)\n((?:(?!\.It|\.El).*\n)*)", page):
        head, body = item
        letter, name, argument = re.match(
            r"(?:Fl (\w) , )?Fl Fl ([a-z-]+)(?: Ar (.*)| Op Ar \w+)?$", head).groups()
        argument = re.sub(r" ?(Ns|Op|Ar) ?", " ", argument or "")
        argument = re.sub(r" *, *(\w+)", r"[,\1]", re.sub(r"\s+", " ", argument)).replace(" ", "")
        absent = re.search(r" Op Ar (\w+)$", head)
        argument = f"[{absent[1]}]" if absent else argument
        default = re.search(r"Default: (.*)$", plain(body).strip())
        found[name] = (letter or "", argument, default[1].rstrip(".") if default else "")
    return found


def test_manual_has_the_options_of_the_table(tool):
    assert manual_options() == options(tool)


def test_manual_keeps_the_order_of_the_table(tool):
    assert list(manual_options()) == list(options(tool))


def test_manual_says_first_what_an_option_does():
    verbs = ("Accept Act Add Allow Append Ask Begin Check Connect Do Draw Drop Exit Keep Limit "
             "Link Log Make Print Put Read Reconnect Renew Save Send Set Show Sign Trust Try Watch "
             "Write").split()
    first = re.findall(r"\.It (?:Fl \w , )?Fl Fl ([a-z-]+).*\n(\S+)", MANUAL)
    assert [(name, word) for name, word in first if word not in verbs] == [] and len(first) > 60


VALUES = {"DURATION": "1m", "N": "1", "TYPE[,TYPE]...": "voice", "RULE": "oWaiting.last=10",
          "NAME[,NAME]...": "last", "NAME=VALUE": "a=b", "EXPR": "coverage < 1", "SIZE": "1M",
          "URL": "https://example.org/", "CLOCK": "arrival", "ISO8601": "PT10S", "HOW": "url",
          "SOURCE": "notifications", "FORMAT": "csv", "HASH": "0" * 64, "K/N": "0/1",
          "ID": "0f1e2d3c-0000-4000-8000-000000000000"}
WORDS = {"check": "nagios", "callback-format": "plain", "audit": "json", "metric": "state",
         "outlier": "none"}


def with_value(tool, name, argument):
    if not argument or argument.startswith("["):
        return f"--{name}"
    return f"--{name}=" + WORDS.get(name, VALUES.get(argument, str(tool.dir / "file")))


def refused_beside(tool, name, *mode):
    """The options of which the program says that they cannot be used with --name."""
    (tool.dir / "file").write_text("", "utf-8")
    pair = r"--%s(?: '.*?')? cannot be used with --%s\b"
    found = set()
    for other, (_, argument, _) in options(tool).items():
        said = tool.run(*mode, with_value(tool, other, argument)).err
        if re.search(f"{pair % (other, name)}|{pair % (name, other)}", said):
            found.add(other)
    return found


def listed_options(tool, text):
    letters = {letter: long for long, (letter, *_) in options(tool).items() if letter}
    words = re.findall(r"(?m)(?:^\.| , )([a-zA-Z-]+)", text.replace("Fl ", ""))
    return {letters.get(word, word) for word in words}


def entry(name):
    return re.search(r"\.It Fl Fl %s\b(?:.*\n)+?(?=\.It (?:Fl \w , )?Fl Fl )" % name, MANUAL)[0]


@pytest.mark.parametrize("name, value", [
    ("now", ""), ("check", "=nagios"), ("list-queues", ""), ("doctor", ""),
    ("replay", f"={TOP}/tests/notices.ndjson"), ("record", "=file"), ("media", "=voice"),
    ("no-snapshot", ""), ("resync", "=1m")])
def test_manual_says_what_an_option_cannot_be_used_with(tool, name, value):
    said = re.search(r"Cannot be used with((?:[^.]|\.Fl)*?)(?:\.\n|\n\.Fl Fl \S+ \.\n)",
                     entry(name))[0]
    refused = refused_beside(tool, name, f"--{name}{value}", "--dry-run")
    refused -= {"list-metrics", "verify-audit"}     # they say what can be given with them
    assert listed_options(tool, said) == refused and len(refused) > 1


@pytest.mark.parametrize("name, value", [("list-metrics", ""), ("verify-audit", "=file")])
def test_manual_says_all_that_can_be_used_with_an_option(tool, name, value):
    said = re.search(r"\n(\.Fl Fl source(?:.*\n)+?|Only(?:.*\n)+?)can be given with it\.",
                     entry(name))[1]
    refused = refused_beside(tool, name, f"--{name}{value}")
    assert listed_options(tool, said) == set(options(tool)) - refused - {name, "help", "version"}


def test_manual_has_the_exit_statuses():
    section = MANUAL.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    told = re.findall(r"\.It (\S+)", section)
    known = re.findall(r"ST_\w+ = (\d+)", (TOP / "util/base.h").read_text())
    assert set(told) == {n for n in known if int(n) < 128} | {"128+N"}
    short = README.split("## Exit status")[1]
    assert sorted(re.findall(r"(?<![+\d])(\d): ", short)) == sorted(set(told) - {"128+N"})
    assert "141" in section


@pytest.mark.parametrize("page", PAGES)
def test_manual_is_clean(page):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is missing")
    r = subprocess.run(["mandoc", "-T", "lint", TOP / "man" / page], capture_output=True, text=True)
    # what other manuals are installed is no fault of this one
    assert [line for line in r.stdout.splitlines() if "referenced manual" not in line] == []


@pytest.mark.parametrize("page", PAGES)
def test_manual_fits_a_terminal(page):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is missing")
    r = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=78", TOP / "man" / page],
                       capture_output=True, text=True)
    lines = re.sub(".\b", "", r.stdout).splitlines()
    assert len(lines) > 100 and [line for line in lines if len(line) > 80] == []
    # what stands in a line of its own is copied: it does not wrap, and is shown as it is typed
    shown = [line.strip() for line in lines]
    text = (TOP / "man" / page).read_text()
    copied = re.findall(r"(?m)^\.Dl (.*)", text) + "".join(blocks(text)).splitlines()
    assert [line for line in copied if unroff(line).strip() not in shown] == []


def test_manual_examples_hold(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s",
                    GENESYS_API_HOST="h.example")
    tool.env["PATH"] = "%s:%s" % (pathlib.Path(harness.PROGRAM).parent, tool.env["PATH"])
    for name, text in (("url", "https://hooks.example/s3cret"), ("keys", "whsec_" + "a" * 32),
                       ("queues", harness.QUEUE), ("queues.txt", harness.QUEUE)):
        tool.write(name, text, 0o600)
    (tool.dir / ".gc").mkdir(mode=0o700)
    tool.write(".gc/config.toml", '[DEFAULT]\nenvironment = "mypurecloud.ie"\n'
                                  'client_credentials = "i"\nclient_secret = "s"\n')
    (tool.dir / "frames.ndjson").symlink_to(TOP / "tests/sample.ndjson")
    section = MANUAL.split(".Sh EXAMPLES")[1].split(".Sh ")[0].replace("\\e\n", "\\\n")
    examples = re.findall(r"(?m)^(?:\.Dl )?((?:(?:\* ){5}flock|gsqstat) (?:.*[\\|]\n)*.*)", section)
    assert len(examples) >= 10 and all(text in "".join(examples)
                                       for text in re.findall(r"\.Dl (.*)", section))
    for example in examples * 2:
        example = re.sub(r"^(\* ){5}", "", example)
        example = example.replace("/usr/local/share/doc/gsqstat", str(TOP / "tests"))
        if "--replay" not in example and "--verify-audit" not in example:
            example += " --dry-run"
        r = subprocess.run(["bash", "-eo", "pipefail", "-c", example], env=tool.env,
                           cwd=tool.dir, capture_output=True, text=True)
        assert r.returncode == 0, (example, r.stderr)


    script = re.search(r"(?s)\.Bd -literal.*?\n(until.*?)\.Ed", section)[1]
    for status, rounds in ((0, 1), (5, 2), (2, 1)):     # as a stub that ends so, then with 0
        r = subprocess.run(["sh", "-c", 'gsqstat() { echo run; n=$((n + 1)); [ $n = 2 ] || '
                            'return %d; }\nsleep() { :; }\n%s' % (status, script)],
                           capture_output=True, text=True)
        assert (r.stdout.count("run"), r.returncode) == (rounds, int(status == 2)), r.stderr


def record(tool, start, end, *, snapshot, told, agents=()):
    """A recording of voice: what holds at start, and pairs of seconds and frames."""
    def at(seconds):
        return notice_frames.iso(FIGURES_MS + seconds * 1000)
    lines = [(start, '"stream":0,"state":"connected"'),
             (start, '"answer":"snapshot","asked":"%s","frame":%s' % (
                 at(start), notice_frames.dumps({"results": [{
                     "group": notice_frames.group(harness.QUEUE, "voice"), "data": snapshot}, {
                     "group": notice_frames.group(harness.QUEUE), "data": list(agents)}]}))),
             *((seconds, '"stream":0,"frame":' + frame) for seconds, frame in told),
             (end, '"state":"end"')]
    tool.write("recording", "".join('{"at":"%s",%s}\n' % (at(s), text)
                               for s, text in lines))


def replay(tool, window, *recorded, **told):
    """Voice's figures, window by window."""
    record(tool, *recorded, **told)
    r = tool.run("--source", "notifications", "--replay", "recording", "-w", window, harness.QUEUE)
    assert r.status == 0, r.err
    return [row["metrics"] for row in r.rows if row["mediaType"] == "voice"]


FIGURES_MS = 997500 * notice_frames.HALF_HOUR
FIGURES = plain(MANUAL.split(".Ss Statistics of gauges")[1].split(".Ss ")[0])


def test_manual_example_of_a_gauge_holds(tool):
    rows = replay(tool, "1m", 0, 120, snapshot=[notice_frames.metric("oWaiting", 1)], told=[
        (40, notice_frames.observations(harness.QUEUE, "voice", (0, {"oWaiting": 2})))])
    first, second = [row["oWaiting"]["count"] for row in rows]
    assert ("Then last is %(last)d, min %(min)d, max %(max)d, mean %(mean).3f (one customer for "
            "40 of 60 seconds, two for 20), p50 %(p50)d, carried false, observedMs %(observedMs)d "
            "and events %(events)d." % first) in FIGURES and first["carried"] is False
    assert second == {**dict.fromkeys(first, 2), "stddev": 0, "carried": True,
                      "observedMs": 60000, "events": 0}


def test_manual_example_of_customers_who_wait_for_a_minute_holds(tool):
    rows = replay(tool, "5m", 0, 300, snapshot=[notice_frames.metric("oWaiting", 0)], told=[
        (60 * i, notice_frames.observations(harness.QUEUE, "voice", (60 * i, {"oWaiting": n})))
        for i, n in ((1, 10), (2, 0))])
    text = plain(MANUAL.split(".Ss Gauges, totals")[1].split(".It Em total")[0])
    assert ("five minutes, last is %(last)d, max %(max)d, min %(min)d, mean %(mean)g, p50 %(p50)d "
            "and p90 %(p90)d." % rows[0]["oWaiting"]["count"]) in text


def test_manual_example_of_a_total_holds(tool):
    def offered(minute):
        count = 31 + minute if minute < 30 else minute - 29
        return 60 * minute + 30, notice_frames.observations(harness.QUEUE, "voice", (
            notice_frames.interval(FIGURES_MS + minute * 60000), {"nOffered": count}))
    rows = replay(tool, "5m", 600, 2100, snapshot=[], told=map(offered, range(10, 35)))
    counts = [row["nOffered"]["count"] for row in rows]
    assert counts[0]["delta"] is None and len(counts) == 5
    assert ("In the first window, total is %d, and delta is null, because nobody told the run that "
            "there were 40 before; in the second one, they are %d and %d. In the window that "
            "begins at 09:30, they are %d and %d." % (
                counts[0]["total"], *counts[1].values(), *counts[4].values())) in FIGURES


def test_manual_paths_of_answers_are_in_rows(tool):
    table = MANUAL.split(".It Sy question Ta")[1].split(".El")[0]
    paths = re.findall(r"Li (\S+)", table)
    assert len(paths) == 11
    rows = tool.run("--replay", harness.NOTICES, "-w", "1m").rows

    def number(row, path):
        at = row["metrics"]
        for name in path.split("."):
            at = at.get(name) if isinstance(at, dict) else None
        return isinstance(at, (int, float))
    own = [path for path in paths if any(number(r, path) for r in rows if not r["mediaType"])]
    assert own == paths[:4]
    media = [r for r in rows if r["mediaType"]]
    assert [path for path in paths[4:] if not any(number(r, path) for r in media)] == []


ALARMS = re.findall(r"--fail-if '(.*)'", MANUAL.split(".Ss What to alarm on")[1].split(".Ed")[0])


@pytest.mark.parametrize("alarm", ALARMS)
def test_manual_alarm_sounds_when_it_should(tool, alarm):
    def run(status, *, waiting, since, idle, gone, good):
        """Ten minutes in which so many wait, the first since then, and so many give up."""
        def told(second, count):
            return second, notice_frames.observations(harness.QUEUE, "voice", (
                notice_frames.interval(FIGURES_MS + second * 1000), {
                    "tAbandon": notice_frames.times(count, 1000 * count, 1000, 1000),
                    "oServiceLevel": notice_frames.service_level(good, 10)}))
        record(tool, 600, 1200, told=[told(650, 1), told(1000, 1 + gone)], snapshot=[
            notice_frames.metric("oWaiting", waiting), notice_frames.metric("oLongestWaiting", {
                "calculatedMetricValue": FIGURES_MS + since * 1000})],
            agents=[notice_frames.metric(("oOnQueueUsers", "IDLE"), idle)])
        r = tool.run("--source", "notifications", "--replay", "recording", "-w", "5m", "-n", "2",
                     "--audit", "none", "--fail-if", alarm, harness.QUEUE, status=status)
        assert "held" not in r.err or status
    assert len(ALARMS) == 5 and ".It Li %s\n" % alarm in MANUAL
    calm = {"waiting": 10, "since": 1195, "idle": 1, "gone": 5, "good": 8}
    run(0, **calm)
    bad = {"oWaiting": {"waiting": 11}, "oLongestWaiting": {"since": 590},
           "oOnQueueUsers": {"idle": 0}, "tAbandon": {"gone": 6}, "oServiceLevel": {"good": 7}}
    run(1, **{**calm, **bad[alarm.split(".")[0]]})


def listed(begin, end):
    """The words that the manual lists between two texts."""
    text = MANUAL.split(begin)[1].split(end)[0] + end
    lines = re.findall(r"(?m)^\.Li (.*)", text)
    return [word for line in lines for word in re.findall(r"\w+", line)]


def test_manual_has_the_members_and_columns_of_rows(tool):
    r = tool.run("--replay", harness.SAMPLE, "-n", "1")
    assert listed("in this order:", ".Li updatesPerSecond .") == list(r.rows[0])
    r = tool.run("--replay", harness.SAMPLE, "-n", "1", "-f", "csv")
    columns = r.out.splitlines()[0].split(",")
    assert listed("so its columns never change:", ".Li endMs .") == columns
    r = tool.run("--replay", harness.NOTICES, "-n", "1", "-f", "csv")
    assert columns + listed("more at the end:", ".Li delta .") == r.out.splitlines()[0].split(",")


def test_manual_has_every_audit_event(tool):
    section = MANUAL.split(".Sh AUDIT LINES")[1].split(".Sh ")[0]
    told = {w for item in re.findall(r"\.It Li (.*)", section) for w in item.split(" , ")}
    known = set(re.findall(r'"((?:%s)\.[a-z]{2,}|warning|resync)"' % "|".join(
        "run token stream queue frame window audit threshold callback resync".split()),
        (TOP / "run/audit_events.c").read_text() + (TOP / "audit/audit.c").read_text()))
    assert told == known
    reasons = re.findall(r'\[(?:REJECT|VERDICT)_\w+\] = "([a-z-]+)"',
                         (TOP / "run/totals.c").read_text()
                         + (TOP / "window/verdict.c").read_text())
    assert len(reasons) == 9 and [r for r in reasons if not re.search(r"\b%s\b" % r, MANUAL)] == []


# -- the README and the cookbook

README = (TOP / "README.md").read_text()
# What make does in them has tests of its own; what begins with $ is a command and its output.
RECIPES = [text for text in (re.sub(r"(?m)^make .*\n", "", block) for block in
                             re.findall(r"```(?:sh|cron)\n(.*?)```", README, re.S)
                             + blocks(COOKBOOK)) if not text.startswith("$ ")]
DEMOS = re.findall(r"(?m)^make (?:deps )?(demo\b[^#\n]*?) *#", README)
NAMED = [notice_frames.queue(q, name) for q, name in zip(
    frames.QUEUES, ("Sales", "Support EN", "Support DE", "Billing"))]
ROW, NUMBER = r'\{"schema":"gsqstat/1",.*\}\n', r"\d+(\.\d+)?"
# What each prints; a recipe is known by words that stand in it alone.
TABLE = r" +longest +on .*\nUTC +queue .*\n(\S+ +(Support (DE|EN)|message|voice) .*\n){6}"
PRINTS = {
    "./gsqstat": r" +longest +on .*\nUTC +queue .*\n(.+\n){15,}",
    "export GENESYS": "",
    "--doctor": r'(\{"id":.*\}\n){4}(%s){38}(OK .*\n){8,}(%s){4}' % (ROW, ROW),
    "flock": "",
    "as $queue": r"Support DE\t0\t0\nSupport EN\t2\t4\d\d(\.\d+)?\n",
    "--align": r"(20\S+Z\tSupport (DE|EN)\t(message|voice)\t\d*\t\d+\n)+",
    "-f prometheus": "",
    "--check nagios": r"GSQSTAT OK - .* \| 'Sales oWaiting.last'=0;5;20\n",
    "-n 360": TABLE,
    "-f html": "",
    "gnuplot": "",
    ".mean //": r"(20\S+Z\t\S{36}\t(%s|-)\n){30}" % NUMBER,
    "awk": r"\S{36} %s\n" % NUMBER,
    "mlr": r"window .*\n(\d .*\n){3}",
    "sqlite3": r"\d\d\d\n",
    "psql": "",
    "mosquitto": "",
    "--callback @url": None,  # test_callback.py runs it
    "600000": "",
    "parallel": "",
    "sbatch": None,       # tests/consumers/test_slurm.py runs it
    "--verify-audit": r"(lines \d+ last [0-9a-f]{64}\n){2}",
}
RECIPE = {key: text for text in RECIPES for key in PRINTS if key in text}


@pytest.fixture
def shell(tool):
    """shell(stream=…): the program in PATH, logged in to a local service of either source."""
    with contextlib.ExitStack() as stack:
        def enter(make, scenario):
            place = tool.dir / make.__name__
            place.mkdir()
            service = stack.enter_context(make(place, scenario))
            return service, 'export GENESYS_API_HOST="${GENESYS_API_HOST:+%s}" SSL_CERT_FILE=%s' % (
                service.host, service.ca)

        def start(stream=None):
            _, to_gate = enter(gateway.Gateway, stream or gateway.Scenario())
            service, to_service = enter(notices.Notices, notices.Scenario(queues=NAMED, rate=40))
            # the program as it is, but for how long a live window is
            (tool.dir / "bin").mkdir()
            tool.write(
                "bin/gsqstat",
                '#!/bin/sh\ncase $* in *--queue-name*|*--list-queues*) %s ;; *) %s ;; esac\n'
                'case " $* " in *--replay*|*--now*|*--list-queues*|*--doctor*|*--verify-*) ;;\n'
                '*--align*) set -- "$@" -w 300ms -n 2 ;;\n'
                '*-f\\ table*|*-f\\ html*) set -- "$@" -w 300ms -n 1 ;;\n'
                '*) set -- "$@" -w 300ms ;; esac\n'
                'exec %s "$@"\n' % (to_service, to_gate, harness.PROGRAM), 0o755)
            tool.env.update(GENESYS_CLIENT_ID=gateway.CLIENT_ID, GENESYS_API_HOST="api.example",
                            GENESYS_CLIENT_SECRET=gateway.SECRET,
                            PATH="%s:%s:/usr/sbin" % (tool.dir / "bin", tool.env["PATH"]))
            tool.write("queues.csv", "id,name\n%s,Sales\n%s,Support\n" % tuple(frames.QUEUES[:2]))
            (tool.dir / "gsqstat").symlink_to(tool.dir / "bin/gsqstat")
            (tool.dir / "tests").symlink_to(TOP / "tests")
            for name in ("sample.ndjson", "notices.ndjson"):
                (tool.dir / name).symlink_to(TOP / "tests" / name)
            return service
        yield start


def wait(service, queue, seconds):
    """Two wait in a queue, and one of them for so long."""
    now = int(time.time() * 1000)
    service._queue(queue).waiting["voice"] += [now - seconds * 1000, now]


def test_every_recipe_is_known():
    assert [[key for key in PRINTS if key in text] for text in RECIPES] == [
        [key] for key in PRINTS]
    assert DEMOS == ["demo", "demo SOURCE=notifications"]


def start_postgres(tool):
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not places:
        pytest.skip("postgresql is missing")
    place = tool.dir / "pg"
    place.mkdir()
    as_user = []
    if os.geteuid() == 0:
        shutil.chown(place, "postgres")
        for parent in (tool.dir, *tool.dir.parents[:-2]):
            parent.chmod(parent.stat().st_mode | 0o011) if str(parent) != "/tmp" else None
        as_user = ["runuser", "-u", "postgres", "--"]
    bin_ = str(places[-1].parent)
    run = dict(check=True, cwd="/", capture_output=True, timeout=60)
    subprocess.run([*as_user, bin_ + "/initdb", "-D", place / "data", "-A", "trust"], **run)
    subprocess.run([*as_user, bin_ + "/pg_ctl", "-D", place / "data", "-w", "-o",
                    "-c listen_addresses= -c fsync=off -k %s" % place, "-l", place / "log",
                    "start"], **run)
    tool.env.update(PGHOST=str(place), PGDATABASE="postgres", PGUSER="postgres")
    if not as_user:
        del tool.env["PGUSER"]
    return lambda: subprocess.run([*as_user, bin_ + "/pg_ctl", "-D", place / "data", "-m",
                                   "immediate", "stop"], **run)


def start_mosquitto(tool):
    broker = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not os.path.exists(broker) or not shutil.which("mosquitto_pub"):
        pytest.skip("mosquitto is missing")
    port = harness.free_port()
    process = subprocess.Popen([broker, "-p", str(port)], stderr=subprocess.DEVNULL)
    for name in ("pub", "sub"):
        tool.write("bin/mosquitto_" + name, '#!/bin/sh\nexec %s -p %d "$@"\n' % (
            shutil.which("mosquitto_" + name), port), 0o755)
    assert harness.eventually(lambda: harness.listens(port))
    return lambda: (process.terminate(), process.wait())


def run_crontab(tool, text):
    """As cron does: no variable of a login, but those of the lines above."""
    env = {"HOME": str(tool.dir), "LOGNAME": "ops", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    ran = 0
    for line in text.splitlines():
        variable = re.fullmatch(r"(\w+)=(.*)", line)
        if variable:
            env[variable[1]] = variable[2]
            continue
        command = re.fullmatch(r"(?:\* ){5}([^%]+)", line)[1]
        r = subprocess.run(["/bin/sh", "-c", command], env=env, cwd=tool.dir,
                           capture_output=True, text=True, timeout=60)
        assert r.returncode == 0 and not r.stdout + r.stderr, (line, r.stdout, r.stderr)
        ran += 1
    rows = [(tool.dir / name).read_text() for name in ("rows.ndjson", "now.ndjson")]
    assert [len(re.findall(ROW, text)) for text in rows] == [2, 2] and ran == 2
    return r


def compare_pictures(made, kept):
    """The same but for gnuplot's version; another one's may differ in more than its name."""
    version = re.compile(r"(?m)^<desc>.*</desc>$")
    queues = set(re.findall(r"5f0c6b2e-\S{23}2d0\d", kept))
    assert len(queues) == 3 and queues == set(re.findall(r"5f0c6b2e-\S{23}2d0\d", made))
    assert re.findall(r"\d\d:\d\d</", made) == re.findall(r"\d\d:\d\d</", kept) != []
    assert abs(made.count("\n") - kept.count("\n")) < 50
    if version.findall(made) == version.findall(kept):
        assert made == kept


def run_recipe(tool, key, old="", new=""):
    text = RECIPE[key].replace(old, new)
    text = text.replace("GENESYS_CLIENT_ID=...", "GENESYS_CLIENT_ID=" + gateway.CLIENT_ID)
    text = text.replace("SECRET=...", "SECRET=" + gateway.SECRET)
    text = text.replace("/var/lib/prometheus/node-exporter/", "./")
    if key == "flock":
        return run_crontab(tool, text.replace("/usr/local/bin", str(tool.dir / "bin")))
    return subprocess.run(["bash", "-eo", "pipefail", "-c", text], env=tool.env, cwd=tool.dir,
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("key", [key for key, text in PRINTS.items() if text is not None])
def test_recipe_runs_as_printed(tool, shell, key):
    for word in ("jq", "mlr", "sqlite3", "psql", "flock", "awk", "gnuplot", "parallel"):
        if word in RECIPE[key] and not shutil.which(word):
            pytest.skip(word + " is missing")
    wait(shell(), frames.QUEUES[1], 400)
    stop = start_postgres(tool) if key == "psql" else \
        start_mosquitto(tool) if key == "mosquitto" else lambda: None
    try:
        listener = None
        if key == "mosquitto":
            listener = subprocess.Popen([tool.dir / "bin/mosquitto_sub", "-t", "queues", "-C", "6"],
                                        stdout=subprocess.PIPE)
            time.sleep(0.5)
        r = run_recipe(tool, key)
        assert r.returncode == 0, r.stderr
        assert re.fullmatch(PRINTS[key], r.stdout), r.stdout
        if key == "gnuplot":
            compare_pictures((tool.dir / "plot.svg").read_text(),
                             (TOP / "man/plot.svg").read_text())
        elif listener:
            assert listener.communicate(timeout=20)[0].count(b'"schema"') == 6
        elif key == "psql":
            create = re.search(r"(?s)psql -qc 'CREATE TABLE.*?\)'\n", RECIPE[key])[0]
            r = run_recipe(tool, key, create)
            assert r.returncode == 0, r.stderr
            for table, wanted in (("stream.csv", '"queueName" IS NULL'),
                                  ("notices.csv", '"queueName" IS NOT NULL')):
                cells = list(csv.DictReader((tool.dir / table).open()))
                r = subprocess.run(["psql", "-Atc", "SELECT count(*), count(delta), sum(updates),"
                                    " max(p95) FROM rows WHERE " + wanted],
                                   env=tool.env, capture_output=True, text=True)
                found = [float(number or 0) for number in r.stdout.split("|")]
                # the recipe ran twice
                assert found == [2 * len(cells), 2 * sum(bool(c.get("delta")) for c in cells),
                                 2 * sum(int(c["updates"]) for c in cells),
                                 max(float(c["p95"]) for c in cells if c["p95"])], r.stderr
                assert len(cells) > 100
    finally:
        stop()


def test_recipe_of_a_gate_fails_where_it_should(tool, shell):
    long = [("call", lambda asked: frames.frame(asked["queueIds"][0], waitTime={"avg": 700000}))]
    shell(stream=gateway.Scenario(streams=[long]))
    r = run_recipe(tool, "600000")
    assert (r.returncode, r.stdout) == (1, "") and "threshold.held" in r.stderr, r.stderr
    r = run_recipe(tool, "600000", "avg.max", "mean.max")
    assert (r.returncode, r.stdout) == (0, "") and "no row has" in r.stderr, r.stderr
    tool.env.update(GENESYS_CLIENT_SECRET="wrong", XDG_CACHE_HOME=str(tool.dir / "empty"))
    r = run_recipe(tool, "600000")
    assert (r.returncode, r.stdout) == (3, ""), r.stderr


def test_recipe_of_shards_repeats_those_that_failed(tool, shell):
    if not shutil.which("parallel"):
        pytest.skip("parallel is missing")
    shell()
    tool.write("queues.csv", "id\n" + "\n".join(frames.QUEUES[:20]))
    whole, secret = (tool.dir / "bin/gsqstat").read_text(), tool.env["GENESYS_CLIENT_SECRET"]
    tool.write("bin/gsqstat", whole.replace(
        "#!/bin/sh\n", "#!/bin/sh\ncase $* in *3/10*|*7/10*) exit 5 ;; esac\n"), 0o755)
    assert run_recipe(tool, "parallel").returncode == 2     # how many failed
    log = [line.split("\t") for line in (tool.dir / "shards.log").read_text().splitlines()[1:]]
    assert sorted((line[0], line[6]) for line in log if line[6] != "0") == [("4", "5"), ("8", "5")]
    tool.write("bin/gsqstat", whole, 0o755)
    again = re.search(r"\.Ql (parallel --retry-failed .*)", COOKBOOK)[1]
    r = subprocess.run(["bash", "-c", again], env=tool.env, cwd=tool.dir, capture_output=True,
                       text=True, timeout=60)
    assert r.returncode == 0 and secret not in (tool.dir / "shards.log").read_text(), r.stderr
    rows = [json.loads(line) for path in tool.dir.glob("rows.?.ndjson")
            for line in path.read_text().splitlines()]
    assert len(list(tool.dir.glob("rows.?.ndjson"))) == 10
    assert sorted(row["queueId"] for row in rows) == frames.QUEUES[:20]


def test_recipe_of_an_auditor_runs_again(tool, shell):
    shell()
    lines = []
    for _ in range(2):
        r = run_recipe(tool, "--verify-audit")
        assert r.returncode == 0, r.stderr
        lines.append(int(r.stdout.split()[1]))
    assert lines[1] > lines[0] + 5


def test_recipe_of_sqlite_adds_to_a_table(tool, shell):
    if not shutil.which("sqlite3"):
        pytest.skip("sqlite3 is missing")
    assert ".Ql .import --csv --skip 1\n" in COOKBOOK
    shell()
    first = run_recipe(tool, "sqlite3")
    again = run_recipe(tool, "sqlite3", ".import --csv", ".import --csv --skip 1")
    assert again.returncode == 0, again.stderr
    assert int(again.stdout) == 2 * int(first.stdout) > 200


def test_recipe_of_a_plugin_reports_waiting_calls(tool, shell):
    service = shell()
    for _ in range(3):
        wait(service, frames.QUEUES[0], 1)
    r = run_recipe(tool, "--check nagios")
    assert r.returncode == 1 and r.stdout.startswith("GSQSTAT WARNING - "), r


@pytest.mark.parametrize("goal", DEMOS)
def test_demo_shows_rows(tool, goal, capfd):
    """What make would do, with shorter windows."""
    would = subprocess.run(["make", "-n", *goal.split()], cwd=TOP, capture_output=True, text=True)
    _, script, _, source = shlex.split(would.stdout.splitlines()[-1])
    assert (TOP / script).samefile(demo.__file__)
    tool.write("short", '#!/bin/sh\nexec %s "$@" -w 200ms\n' % harness.PROGRAM, 0o755)
    status = demo.main(str(tool.dir / "short"), source)
    out, err = capfd.readouterr()
    assert (status, err) == (0, "")
    table, row, hints = re.split(r"(?m)^\$ .*\n|^What", out)[1:]
    assert [line.split()[1] for line in table.splitlines()[-10:] if line] == demo.NAMES * 3
    assert json.loads(row)["queueName"] in demo.NAMES and hints.count("\n") == 6
    assert all(part.count("\n") < 24 for part in (table, row))


def test_contributing_names_every_folder():
    text = (TOP / "CONTRIBUTING.md").read_text()
    folders = {path.parent.name for path in TOP.glob("*/*.c")}
    assert [name for name in folders if "| `%s/` |" % name not in text] == []
    named = re.findall(r"`((?:[a-z]+/)?[a-z_]+\.(?:[ch]|py))`", text)
    assert [name for name in named
            if not (TOP / name).exists() and not (TOP / "tests" / name).exists()] == []


def test_readme_is_short_and_names_the_recordings_that_are_installed():
    assert README.count("\n") <= 110
    would = subprocess.run(["make", "-n", "install"], cwd=TOP, capture_output=True, text=True)
    (place,) = re.findall(r"(?m)^\.Dl cp (/.*)/\*\.ndjson", COOKBOOK)
    assert all("'%s'" % path in would.stdout
               for path in [*re.findall(r"--replay (/\S+)", MANUAL),
                            *("%s/%s" % (place, name) for name in
                              re.findall(r"--replay (\w+\.ndjson)", COOKBOOK))])


def test_cookbook_shows_real_output():
    (block,) = [text for text in blocks(COOKBOOK) if text.startswith("$ ")]
    command, shown = re.fullmatch(r"\$ ((?:.*[|\\]\n)*.*\n)((?:.*\n)+)", block).groups()
    r = subprocess.run(["bash", "-c", command.replace("gsqstat", harness.PROGRAM)],
                       cwd=TOP / "tests", capture_output=True, text=True)
    assert r.stdout == shown, r.stderr
