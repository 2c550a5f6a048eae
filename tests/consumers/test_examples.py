"""The files of examples/, each used by the program that it is for."""
import base64
import getpass
import grp
import hashlib
import hmac
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import frames
import harness
import jsonschema
import notice_frames
import notices
import pytest
import yaml
from harness import NOTICES, SAMPLE, TOP
from test_docs import start_postgres
from test_prometheus import query, scraping
from test_shard import shard_of

EXAMPLES = TOP / "examples"
KUBERNETES = jsonschema.Draft202012Validator(json.loads(
    (pathlib.Path(__file__).parent / "kubernetes.schema.json").read_text()))
NAMED = [notice_frames.queue(q, name) for q, name in zip(
    frames.QUEUES, ("Sales", "Support EN", "Support DE", "Billing"))]


@pytest.fixture
def tool(tmp_path):
    return harness.Tool(tmp_path)


@pytest.fixture
def service(tool):
    """A local service whose queues have names; `gsqstat` in PATH has short windows."""
    with notices.Notices(tool.dir, notices.Scenario(queues=NAMED, rate=40)) as started:
        tool.login(started)
        (tool.dir / "bin").mkdir()
        tool.write("bin/gsqstat", '#!/bin/sh\ncase $* in *--now*) ;; *) set -- "$@" -w 300ms ;; '
                   'esac\nexec %s "$@"\n' % harness.PROGRAM, 0o755)
        tool.env["PATH"] = "%s:%s:/usr/sbin:/sbin" % (tool.dir / "bin", tool.env["PATH"])
        yield started


def call(tool, *command, status=0, data=None):
    done = subprocess.run([*map(str, command)], cwd=tool.dir, env=tool.env, input=data, text=True,
                          capture_output=True, timeout=harness.PATIENCE)
    assert done.returncode == status, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_every_file_is_listed_and_says_what_it_is():
    listed = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.rglob("*"):
        if path.is_file() and path.name != "README.md":
            assert path.name.split(".")[0] in listed, path
            if path.suffix != ".json":
                assert len(path.read_text().split("\n\n")[0].splitlines()) > 1, path


# -- systemd, cron, logrotate

def test_units_are_valid_and_hardened(tool):
    for name in ("gsqstat.service", "gsqstat.timer"):
        text = (EXAMPLES / "systemd" / name).read_text()
        text = text.replace("/usr/local/bin/gsqstat", harness.PROGRAM)
        tool.write(name, re.sub(r"(?m)^Documentation=.*\n", "", text))
    assert call(tool, "systemd-analyze", "verify", tool.dir / "gsqstat.service",
                tool.dir / "gsqstat.timer") == ""
    said = call(tool, "systemd-analyze", "security", "--offline=true", "--threshold=15",
                tool.dir / "gsqstat.service")
    assert float(re.search(r"exposure level for gsqstat.service: ([\d.]+)", said)[1]) <= 1.5


def calls(name):
    """The system calls of one of systemd's sets."""
    found = set()
    said = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, text=True,
                          capture_output=True).stdout
    for word in map(str.strip, said.splitlines()[1:]):
        found |= calls(word) if word.startswith("@") else {word}
    return found


def test_unit_runs_the_program_with_the_secret_as_a_credential(tool, service):
    """What systemd would do: the words of ExecStart, the environment and the credential."""
    unit = (EXAMPLES / "systemd/gsqstat.service").read_text()
    command = re.search(r"(?m)^ExecStart=((?:.*\\\n)*.*)", unit)[1].replace("\\\n", " ")
    words = shlex.split(command.replace("/usr/local/bin/gsqstat", "gsqstat"))
    secret = re.search(r"(?m)^LoadCredential=([\w-]+):", unit)[1]
    (tool.dir / "credentials").mkdir()
    tool.write("credentials/" + secret, tool.env.pop("GENESYS_CLIENT_SECRET"), 0o400)
    tool.env["CREDENTIALS_DIRECTORY"] = str(tool.dir / "credentials")
    tool.env["STATE_DIRECTORY"] = str(tool.dir)
    trace = ("strace", "-f", "-qq", "-o", tool.dir / "calls")
    assert call(tool, *words) == ""
    first = tool.lines("rows.ndjson")
    assert call(tool, *trace, *words) == ""
    rows = tool.lines("rows.ndjson")
    assert rows[:len(first)] == first != rows
    assert {row["queueName"] for row in rows} == {"Support EN", "Support DE"}
    allow, forbid = re.findall(r"(?m)^SystemCallFilter=(.*)", unit)
    allowed = set.union(*map(calls, allow.split())).difference(*map(calls, forbid[1:].split()))
    made = set(re.findall(r"(?m)^\d+ +(\w+)\(", (tool.dir / "calls").read_text()))
    assert len(made) > 20 and made <= allowed, made - allowed


def crontab():
    text = (EXAMPLES / "crontab").read_text()
    lines = [re.match(r"(?:\S+ ){5}(.*)", line)[1] for line in text.splitlines()
             if re.match(r"[\d*]", line)]
    assert len(lines) == 3
    return lines


def test_crontab_is_one(tool):
    call(tool, "crontab", "-T" if "-T" in call(tool, "sh", "-c", "crontab -h 2>&1 || :")
         else "-n", EXAMPLES / "crontab")


@pytest.mark.parametrize("n, made", enumerate(("rows.ndjson", "gsqstat.prom", "half-hours.csv")))
def test_lines_of_crontab_run(tool, service, n, made):
    said = call(tool, "/bin/sh", "-c", crontab()[n].replace("--align", ""))
    assert said == "" and (tool.dir / made).read_text().count("Support EN") >= 1


def test_logrotate_leaves_chains_that_can_be_proved(tool):
    rule = (EXAMPLES / "logrotate").read_text()
    tool.write("rule", rule.replace("/var/log/gsqstat/", str(tool.dir) + "/"), 0o644)
    (tool.dir / "logrotate").mkdir()
    log = tool.dir / "audit.jsonl"
    for _ in range(3):
        tool.run("--replay", SAMPLE, "-n", 2, "--audit-file", log, "--audit-chain", status=0)
        tool.run("--replay", SAMPLE, "-n", 2, "--audit-file", log, "--audit-chain", status=0)
        call(tool, "logrotate", "-f", "-s", tool.dir / "state", tool.dir / "rule")
        assert not log.exists()
        said = tool.run("--verify-audit", str(log) + ".1", status=0).out
        assert re.match(r"lines 8 last [0-9a-f]{64}\n", said)
    assert (tool.dir / "audit.jsonl.3.gz").exists()


# -- Prometheus and Grafana

def test_alert_rules_pass_their_tests(tool):
    for command in ("check rules alerts.yml", "test rules alerts_test.yml"):
        done = subprocess.run(["promtool", *command.split()], cwd=EXAMPLES / "prometheus",
                              capture_output=True, text=True)
        assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr
    rules = yaml.safe_load((EXAMPLES / "prometheus/alerts.yml").read_text())
    tests = (EXAMPLES / "prometheus/alerts_test.yml").read_text()
    names = [rule["alert"] for rule in rules["groups"][0]["rules"]]
    assert len(names) == 7 and all("alertname: " + name in tests for name in names)


def dashboard():
    found = json.loads((EXAMPLES / "grafana/dashboard.json").read_text())
    panels = {panel["title"] + str(panel["id"]): [t["expr"] for t in panel["targets"]]
              for panel in found["panels"]}
    assert len(panels) == len(found["panels"]) == 12
    return found, panels


def test_panels_and_alerts_have_series_in_a_real_prometheus(tool):
    textfiles = tool.dir / "textfile"
    textfiles.mkdir()
    tool.run("--replay", NOTICES, "-w", "1m", "-s", "-f", "prometheus", "-o",
             textfiles / "gsqstat.prom", status=0)
    found, panels = dashboard()
    rules = yaml.safe_load((EXAMPLES / "prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    names = re.findall(r"gsqstat_\w+", json.dumps(found) + json.dumps([r["expr"] for r in rules]))
    with scraping(tool, textfiles, "500ms") as (_, port):
        assert harness.eventually(lambda: query(port, "gsqstat_updates"), 30)
        for title, expressions in panels.items():
            for expression in expressions:
                assert query(port, expression.replace("$queue", ".*")), (title, expression)
        for name in set(names):
            assert query(port, "count(%s)" % name), name


# -- SQL

def filled(tool, run):
    """Loads both sources' rows with `run(table, file)`."""
    for table, recording in (("stream_rows", SAMPLE), ("notification_rows", NOTICES)):
        path = tool.dir / (table + ".csv")
        tool.run("--replay", recording, "-w", "1m", "-s", "-f", "csv", "-o", path, status=0)
        run(table, path)


def wanted(tool):
    """{queue: service level} at the end of the recording, and what was offered, from the rows."""
    rows = [row for row in tool.run("--replay", NOTICES, "-w", "1m", "-s").rows
            if row["mediaType"]]
    last = [row for row in rows if row["window"] == rows[-1]["window"]]
    levels, offered = {}, {}
    for row in last:
        level = row["metrics"].get("oServiceLevel")
        if level and level["denominator"]:
            top, low = levels.get(row["queueName"], (0, 0))
            levels[row["queueName"]] = (top + level["numerator"], low + level["denominator"])
    for row in rows:
        delta = row["metrics"].get("nOffered", {}).get("count", {}).get("delta")
        offered[row["queueName"]] = offered.get(row["queueName"], 0) + (delta or 0)
    return {name: a / b for name, (a, b) in levels.items()}, offered


def compare(tool, ask):
    levels, offered = wanted(tool)
    end = max(row[0] for row in ask('SELECT "end", queue FROM service_levels'))
    found = {queue: float(level) for when, queue, level in
             ask('SELECT "end", queue, service_level FROM service_levels') if when == end and level}
    assert found == pytest.approx(levels) and levels
    found = {}
    for queue, number in ask("SELECT queue, offered FROM half_hours"):
        found[queue] = found.get(queue, 0) + float(number or 0)
    assert found == pytest.approx(offered) and sum(offered.values()) > 0
    assert len(ask("SELECT queue, waiting FROM worst_waits")) == 4
    assert len(ask("SELECT queue_id, mean_wait_ms FROM stream_waits")) == 3


def test_views_of_sqlite_have_the_numbers_of_the_rows(tool):
    def sql(text):
        return [line.split("|") for line in call(tool, "sqlite3", "q.db", text).splitlines()]
    call(tool, "sqlite3", "q.db", data=(EXAMPLES / "sql/sqlite.sql").read_text())
    filled(tool, lambda table, path: sql(".import --csv --skip 1 %s %s" % (path, table)))
    compare(tool, sql)


def test_views_of_postgresql_have_the_numbers_of_the_rows(tool):
    def sql(text):
        return [line.split("|") for line in call(tool, "psql", "-qAtc", text).splitlines()]
    stop = start_postgres(tool)
    try:
        call(tool, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", EXAMPLES / "sql/postgresql.sql")
        filled(tool, lambda table, path: sql(r"\copy %s FROM %s CSV HEADER" % (table, path)))
        compare(tool, sql)
    finally:
        stop()


# -- the webhook receiver

@pytest.fixture
def receiver(tool):
    """Its URL, and a function that ends it and gives the rows that it printed."""
    key = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    tool.write("key", key + "\n", 0o600)
    port = harness.free_port()
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "webhook-receiver.py", str(port)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=tool.env | {"WEBHOOK_KEYS": "whsec_AAAA " + key})
    assert harness.eventually(lambda: harness.listens(port), 20)

    def end():
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        return [json.loads(line) for line in out.splitlines()]
    yield "http://127.0.0.1:%d/" % port, end
    process.kill()
    process.communicate()


def status_of(url, headers, body):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.parametrize("form", ["plain", "cloudevents"])
def test_receiver_prints_the_rows_of_signed_deliveries(tool, receiver, form):
    url, end = receiver
    run = tool.run("--replay", SAMPLE, "-w", "1m", "--callback", url, "--callback-allow-private",
                   "--callback-key-file", "key", "--callback-format", form, status=0)
    assert run.end["callbacks"]["delivered"] == run.end["windows"] > 1
    assert end() == run.rows


def test_receiver_refuses_what_is_not_signed_now(tool, receiver):
    url, end = receiver
    tool.write("other", "whsec_" + base64.b64encode(bytes(range(1, 33))).decode() + "\n",
               0o600)
    for key in ((), ("--callback-key-file", "other")):
        tool.run("--replay", SAMPLE, "-n", 1, "--callback", url, "--callback-allow-private", *key,
                 "--retry-for", 0, status=9)

    def signed(timestamp, name="x"):
        text = b"%s.%s.{\"rows\":[{}]}" % (name.encode(), timestamp.encode())
        mac = base64.b64encode(hmac.new(bytes(range(32)), text, hashlib.sha256).digest()).decode()
        return {"webhook-id": name, "webhook-timestamp": timestamp,
                "webhook-signature": "v1a,x v1," + mac}
    now, body = str(int(time.time())), b'{"rows":[{}]}'
    assert status_of(url, signed(str(int(time.time()) - 400)), body) == 401
    assert status_of(url, signed("soon"), body) == 401
    assert status_of(url, signed(now), body + b" ") == 401
    assert status_of(url, signed(now), body) == 204
    assert status_of(url, signed(now), body) == 200     # a repeat is not printed again
    assert end() == [{}]


# -- Icinga

def test_icinga_takes_command_and_services_and_the_check_works(tool, service):
    home = tool.dir / "icinga"
    for name in ("DataDir", "LogDir", "InitRunDir", "CacheDir", "SpoolDir"):
        (home / name).mkdir(parents=True)
    text = (EXAMPLES / "icinga/gsqstat.conf").read_text().replace("/usr/local/bin/gsqstat",
                                                                 harness.PROGRAM)
    secret = tool.write("secret", tool.env["GENESYS_CLIENT_SECRET"], 0o600)
    tool.write("icinga.conf", 'include <itl>\nconst GenesysClientId = "%s"\n'
               'const GenesysClientSecretFile = "%s"\nconst GenesysHost = "%s"\n%s\n'
               'object Host "h" { check_command = "dummy"\n'
               '  vars.gsqstat_queues = [ "Sales", "Support EN" ]\n}\n'
               % (tool.env["GENESYS_CLIENT_ID"], secret, service.host, text))
    said = call(tool, "icinga2", "daemon", "-C", "-c", "icinga.conf",
                "-DRunAsUser=" + getpass.getuser(),
                "-DRunAsGroup=" + grp.getgrgid(os.getgid()).gr_name,
                *("-D%s=%s" % (path.name, path) for path in home.iterdir()))
    assert "2 Services" in said and "critical" not in said, said
    command = json.loads(re.search(r"(?m)^\tcommand = (.*)", text)[1])
    given = {"GenesysClientSecretFile": secret, '"10s"': "10s"}
    for option, value in re.findall(r'(?m)^\t\t"(--[a-z-]+)" = ([^{\n]+)$', text):
        command += [option, given.pop(value)]
    assert not given and command[0] == harness.PROGRAM
    command += ["--queue-name", "Sales"]
    for pair in re.findall(r'vars.gsqstat_(w|c)\w+ = \[ (.*) \]', text):
        for value in re.findall(r'"([^"]+)"', pair[1]):
            command += ["-" + pair[0].upper(), value]
    assert command.count("-W") == 2 and command.count("-C") == 1
    done = subprocess.run([*map(str, command)], env=tool.env, cwd=tool.dir, text=True,
                          capture_output=True, timeout=harness.PATIENCE)
    assert re.match(r"GSQSTAT (OK|WARNING|CRITICAL) - .*\| 'Sales oWaiting.last'=", done.stdout)


# -- Kubernetes

def refused(manifest, path, value):
    """Whether the schema refuses it with another value at the path."""
    broken = json.loads(json.dumps(manifest))
    *way, last = path.split("/")
    inner = broken["spec"]
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = value
    return not KUBERNETES.is_valid(broken)


def check_statuses(rules, at_once):
    """The policy says of each status what the manual says."""
    manual = (TOP / "man/gsqstat.1").read_text()
    told = re.search(r"Another run may help after (.*?);\n?\s*after (.*?),? something",
                     manual.replace("\n", " ").replace("; ", ";\n"), re.S)
    for action, text in (("Count", told[1]), (at_once, told[2])):
        (values,) = [rule["onExitCodes"]["values"] for rule in rules if rule["action"] == action]
        assert set(map(int, re.findall(r"\d", text))) == set(values)


def test_cronjob_fits_its_schema_and_the_exit_statuses():
    job = yaml.safe_load((EXAMPLES / "kubernetes/cronjob.yaml").read_text())
    KUBERNETES.validate(job)
    rules = "jobTemplate/spec/podFailurePolicy/rules"
    for path, value in (("concurrencyPolicy", "Never"), ("schedule", None), ("suspended", True),
                        (rules + "/1/action", "FailIndex")):
        assert refused(job, path, value)
    check_statuses(job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"], "FailJob")


def test_cronjob_runs_the_program_with_the_secret_as_a_file(tool, service):
    job = yaml.safe_load((EXAMPLES / "kubernetes/cronjob.yaml").read_text())
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    secret = tool.write("client-secret", tool.env.pop("GENESYS_CLIENT_SECRET"), 0o440)
    (container,) = pod["containers"]
    args = [arg.replace("/run/secrets/gsqstat/client-secret", str(secret))
            for arg in container["args"]]
    assert pod["volumes"][0]["secret"]["defaultMode"] == 0o440
    assert {entry["name"] for entry in container["env"]} == {
        "GENESYS_CLIENT_ID", "GENESYS_API_HOST", "XDG_CACHE_HOME"}
    rows = [json.loads(line) for line in call(tool, "gsqstat", *args).splitlines()
            if line.startswith("{\"schema")]
    assert {row["queueName"] for row in rows} == {"Support EN", "Support DE"}


def test_indexed_job_fits_its_schema_and_the_exit_statuses():
    job = yaml.safe_load((EXAMPLES / "kubernetes/shards.yaml").read_text())
    KUBERNETES.validate(job)
    for path, value in (("completionMode", "NonIndexed"), ("completions", "10"), ("retries", 1),
                        ("template/spec/restartPolicy", "OnFailure"),
                        ("template/spec/containers/0/securityContext/privileged", True)):
        assert refused(job, path, value)
    check_statuses(job["spec"]["podFailurePolicy"]["rules"], "FailIndex")


def action(rules, status, disrupted):
    """What the first rule that matches a failed pod says; a failure that none matches counts."""
    for rule in rules:
        if disrupted and any(condition["type"] == "DisruptionTarget"
                             for condition in rule.get("onPodConditions", ())):
            return rule["action"]
        if status in rule.get("onExitCodes", {}).get("values", ()):
            return rule["action"]
    return "Count"


def control(spec, start, disrupted):
    """Plays the controller of Indexed Jobs. start(index) gives a process, and disrupted(index) says
    whether the node of that pod goes away. Returns what succeeded and failed, with each try."""
    waiting = {index: start(index) for index in range(spec["completions"])}
    tries, counted, output = {index: [] for index in waiting}, dict.fromkeys(waiting, 0), {}
    while waiting:
        index, process = waiting.popitem()
        gone = disrupted(index)
        if gone:
            process.send_signal(signal.SIGKILL)
        out = process.communicate(timeout=harness.PATIENCE)[0]
        tries[index].append(process.returncode)
        if process.returncode == 0:
            output[index] = out
            continue
        what = action(spec["podFailurePolicy"]["rules"], process.returncode, gone)
        counted[index] += what == "Count"
        if what != "FailIndex" and counted[index] <= spec["backoffLimitPerIndex"]:
            waiting[index] = start(index)
    return output, tries


def test_indexed_job_repeats_pods_by_its_policy(tool, service):
    spec = yaml.safe_load((EXAMPLES / "kubernetes/shards.yaml").read_text())["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    secret = tool.write("client-secret", tool.env.pop("GENESYS_CLIENT_SECRET"), 0o440)
    args = [arg.replace("/run/secrets/gsqstat/client-secret", str(secret)).replace(
        "Support*", "*") for arg in container["args"]]
    program = (tool.dir / "bin/gsqstat").read_text()
    # index 1 is refused once; index 2 never gets through; index 3 may not log in; 4 loses its node
    tool.write("bin/gsqstat", program.replace("#!/bin/sh\n", '''#!/bin/sh
echo >>tries.$JOB_COMPLETION_INDEX
case $JOB_COMPLETION_INDEX.$(wc -l <tries.$JOB_COMPLETION_INDEX) in
1.1) exit 4 ;; 2.*) exit 5 ;; 3.*) exit 3 ;; 4.1) exec sleep 60 ;; esac
'''), 0o755)

    def start(index):
        env = {**tool.env, "JOB_COMPLETION_INDEX": str(index)}
        return subprocess.Popen(["gsqstat", *args], env=env, cwd=tool.dir, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    killed = []

    def disrupted(index):
        if index != 4 or killed:
            return False
        return not killed.append(index)
    output, tries = control(spec, start, disrupted)
    assert tries[1] == [4, 0] and tries[2] == [5, 5, 5] and tries[3] == [3]
    assert tries[4] == [-signal.SIGKILL, 0] and sorted(output) == [0, 1, *range(4, 10)]
    rows = {index: [json.loads(line) for line in text.splitlines()]
            for index, text in output.items()}
    for index, found in rows.items():
        assert {row["shard"] for row in found} <= {"%d/10" % index}
    shown = {row["queueId"] for found in rows.values() for row in found}
    assert shown == {entry["id"] for entry in NAMED if shard_of(entry["id"], 10) in output}
    assert len(shown) > 1 and any(not found for found in rows.values())
