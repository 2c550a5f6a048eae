"""The command line: what is refused before the first packet, and how it is said."""
import base64
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time

import frames
import gateway
import harness
import pytest
from certs import Authority
from harness import QUEUE, SAMPLE, TOP

HOST = ("-H", "localhost:1")


@pytest.fixture
def user(tool):
    tool.env.update(GENESYS_CLIENT_ID="id", GENESYS_CLIENT_SECRET="secret-value")
    return tool


def refused(tool, *args, words=(), **more):
    r = tool.run(*args, **more)
    assert r.status == 2 and r.out == "", (args, r.err)
    assert all(line.startswith("gsqstat: ") for line in r.err.splitlines()), r.err
    for word in words:
        assert word in r.err, (word, r.err)
    return r.err.splitlines()


def test_all_bad_values_are_reported_at_once(user):
    lines = refused(user, "-f", "cvs", "-i", "PT11S", "-m", "waittime", "-n", "0", "-w", "5",
                    "--audit", "xml", *HOST, QUEUE)
    text = "\n".join(lines)
    for flag, hint in (("cvs", "csv"), ("PT11S", "PT10S"), ("waittime", "waitTime"),
                       ("--count", "1 to 1000000"), ("--window", "5s, 5m or 5h"), ("xml", "json")):
        assert any(flag in line and hint in line for line in lines), (flag, text)


@pytest.mark.parametrize("args, words", [
    (["-w", "99ms"], ["--window", "100ms"]), (["-w", "25h"], ["24h"]), (["-w", "1.0005s"], []),
    (["-w", "30"], ["--window '30': has no unit; did you mean 30s or 30m?\n"]),
    (["--pong-timeout", "1500"], ["'1500': has no unit; did you mean 1500ms or 1500s?"]),
    (["--resync", "2.5"], ["--resync '2.5': has no unit; did you mean 2.5s, 2.5m or 2.5h?"]),
    (["-w", "99999999"], ["must be 100ms to 24h"]), (["-w", "0"], ["must be 100ms to 24h"]),
    (["--retry-for", "-1s"], ["--retry-for"]),
    (["-n", "1000001"], ["1000000"]), (["-n", "1x"], ["--count"]),
    (["--lateness", "31m"], ["60 windows"]), (["--time", "evnt"], ["event"]),
    (["--outlier", "waitTime.avg"], ["METRIC.FIELD OP NUMBER"]),
    (["--outlier", "waittime.avg>1"], ["waitTime"]),
    (["--outlier", "none", "--outlier", "waitTime.avg>1"], ["none"]),
    (["--subscribe", "mesage"], ["message"]), (["--cacert", "nowhere"], ["--cacert"]),
    (["--cacert", "/dev/null"], ["--cacert"]), (["--cacert", "/dev/zero"], ["PEM"]),
    (["-Q", "nowhere"], ["--queue-file"]), (["-q", "x"], ["UUID"]),
    (["--align=yes"], ["--align"]), (["-Z"], ["-Z"]),
    (["-o", "no/such/dir"], ["no/such/dir"]),
    (["-o", "a", "--record", "a"], ["same file"]), (["--record", "a", "--rejects", "./a"], []),
    (["--record", "/dev/stdout"], ["standard output and --record are the same"]),
    (["--rejects", "/dev/fd/1", "-o", "/dev/stdout"], ["--output and --rejects are the same"]),
    (["--audit-file", "/proc/self/fd/1"], ["standard output and --audit-file are the same"]),
    (["--record", "/dev/stdout", "--rejects", "/dev/fd/1", "-o", "a"], ["same file"]),
    (["-H", "http://example.com"], ["loopback"]), (["-H", "https://u:p@example.com"], ["--host"]),
    (["-H", "host/path"], ["--host"]), (["-H", "[::::]"], ["--host"]),
    (["-H", "[1.2.3.4]"], ["--host"]), (["-H", "a..example"], ["--host"]),
    (["-H", "x" * 64 + ".example"], ["--host"]), (["--client-secret-file", "nowhere"], ["nowhere"]),
    (["--replay", "nowhere"], ["--replay"]), (["--replay", "/"], ["directory"]),
    (["--replay", "-", "-Q", "-"], ["stdin"]), (["-Q", "-", "-Q", "-"], ["reads stdin already"]),
    (["--cacert", "/"], ["--cacert", "directory"]),
    (["--cacert", harness.__file__], ["no PEM certificate"]),
    (["-o", "/"], ["must be a file"]), (["--record", "/"], ["must be a file"])])
def test_bad_value_exits_with_2_and_is_named(user, args, words):
    refused(user, *args, *([] if "-H" in args else HOST), QUEUE, words=words)


@pytest.mark.parametrize("args, problem", [
    (["--sourec", "notifications", "--fail-if", "oWaiting.count.last > 5", QUEUE],
     "unknown option --sourec; did you mean --source?"),
    (["--chek", "nagios", "-W", "oWaiting.count.last=1", QUEUE],
     "unknown option --chek; did you mean --check?"),
    (["--callbck", "https://x", "--callback-spool", "d", QUEUE],
     "unknown option --callbck; did you mean --callback?"),
    (["--now=yes", "--source", "stream", QUEUE, "-m", "oWaiting"], "--now takes no value"),
    (["-Z", "-o", "no/such/dir"], "unknown option -Z; see --help"),
    (["-w"], "--window needs a value"), (["--queue", QUEUE, "-m"], "--metric needs a value"),
    (["-w", QUEUE], "--window '%s': must be 100ms to 24h, for example" % QUEUE),
    (["-w", "-n", "3", QUEUE], "--window '-n': must be 100ms to 24h, for example"),
    (["-n", "--now", "--resync", "1m", "--queue-name", "A"], "--count '--now': must be 1"),
    (["-f", "promethues", "--stat", "last", QUEUE], "--format 'promethues': must be"),
    (["-f", "htlm", "-W", "waitTime.avg.last=1", QUEUE], "--format 'htlm': must be"),
    (["-f", "prometheu", "--list-queues"], "--format 'prometheu': must be")])
def test_what_only_follows_from_an_error_is_not_reported(user, args, problem):
    (line,) = refused(user, *HOST, *args)
    assert line.startswith("gsqstat: " + problem)


def test_errors_of_values_are_reported_beside_an_unknown_option(user):
    text = "\n".join(refused(user, *HOST, "--formt", "csv", "-i", "PT11S", "-n", "0", QUEUE))
    assert "--formt" in text and "PT11S" in text and "--count '0'" in text


@pytest.mark.parametrize("args, near", [
    (["-f", "josn"], "ndjson"), (["-f", "json"], "ndjson"), (["-f", "prom"], "prometheus"),
    (["--source", "notif"], "notifications"), (["--callback-format", "cloud"], "cloudevents"),
    (["-i", "10s"], "PT10S"), (["--audit", "fmt"], "logfmt"),
    (["--media", "voce"], "voice"), (["--stat", "lst"], "last"), (["--time", "events"], "event"),
    (["--subscribe", "msg"], None), (["--format", "excel"], None)])
def test_word_that_is_not_in_the_list_of_an_option_gets_the_nearest(user, args, near):
    (line, *_) = refused(user, *HOST, *args, QUEUE)
    hint = line.partition("; did you mean ")
    assert " '%s': must be " % args[1] in line
    assert hint[2] == (near + "?" if near else "")


def test_replay_checks_the_same_options_as_a_live_run(tool):
    refused(tool, "--replay", SAMPLE, "-H", "a b", "--client-secret-file", "nowhere",
            words=["--host 'a b'", "--client-secret-file 'nowhere'"])
    refused(tool, "--replay", "-", words=["stdin is closed"], preexec_fn=lambda: os.close(0))


def test_one_file_for_two_options_is_refused(user):
    user.write("a", QUEUE + "\n")
    os.link(user.dir / "a", user.dir / "hard")
    (user.dir / "soft").symlink_to("a")
    (user.dir / "second").symlink_to("first")
    (user.dir / "first").symlink_to("new")
    both = [*HOST, QUEUE]
    for args in (["-o", "hard", "--record", "soft"], ["-Q", "a", "-o", "hard"],
                 ["-o", "second", "--record", "new"], ["--rejects", "second", "-o", "./first"],
                 ["--client-secret-file", "a", "--record", "soft"]):
        refused(user, *both, *args, words=["are the same file"])
    user.env["SSL_CERT_FILE"] = Authority(user.dir).path
    refused(user, *both, "-o", user.env["SSL_CERT_FILE"], words=["SSL_CERT_FILE"])

    def with_a_as(stream, mode, *args):
        with open(user.dir / "a", mode) as file:
            process = subprocess.run([harness.PROGRAM, *HOST, *args], env=user.env, cwd=user.dir,
                                     **{"stderr": subprocess.DEVNULL, stream: file})
        assert process.returncode == 2
    with_a_as("stdin", "r", "-Q", "-", "-o", "hard")
    with_a_as("stderr", "a", QUEUE, "-o", "soft")       # rows would take the audit's place
    assert "the same file" in (user.dir / "a").read_text()


def test_stdout_and_stderr_may_be_one_file(tool):
    with open(tool.dir / "log", "w") as log:
        assert subprocess.run([harness.PROGRAM, "--replay", SAMPLE], env=tool.env,
                              stdout=log, stderr=log).returncode == 0


def test_live_needs_a_queue_credentials_and_a_host(tool):
    refused(tool, QUEUE, words=["GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET",
                                "GENESYS_API_HOST"])


@pytest.mark.parametrize("form", ["%s S3CRET-typed", "%s=S3CRET-typed"])
@pytest.mark.parametrize("flag", ["--client-secret", "--client", "--cl", "--secret", "--token",
                                  "--access-token", "--password"])
def test_secret_on_the_command_line_is_refused_and_not_shown(user, flag, form):
    for more in ([], ["--check", "nagios"]):
        r = user.run(*HOST, *(form % flag).split(), QUEUE, *more, status=3 if more else 2)
        assert "S3CRET" not in r.out + r.err and "--client-secret-file" in r.out + r.err
        assert r.err.count("\n") == 1, r.err


@pytest.mark.parametrize("args", [["--client-secret-", "nowhere"], ["--token-m", "1x"],
                                  ["--", "--token"]])
def test_value_that_only_looks_like_a_secret_is_shown(user, args):
    refused(user, *HOST, *args, words=[args[1]])


@pytest.mark.parametrize("value", ["http://u:S3CRET@127.0.0.1:99999", "foo://u:S3CRET@h:1",
                                   "u:S3CRET@h:port", "http://u:S3 CRET@h"])
def test_invalid_proxy_is_refused_and_not_shown(user, value):
    for name in ("https_proxy", "ALL_PROXY"):
        user.env[name] = value
        (line,) = refused(user, *HOST, QUEUE, words=[name + ": "])
        assert "S3" not in line and "CRET" not in line
        del user.env[name]
    user.env["https_proxy"] = value
    assert user.run("--replay", SAMPLE).status == 0     # where no network is used
    refused(user, "-H", "http://127.0.0.1:1", "--formt", "x", QUEUE, words=["--formt"])
    assert user.run("-H", "http://127.0.0.1:1", "--dry-run", QUEUE).status == 0


def test_ssl_cert_dir_must_be_a_directory(user):
    for value in ("nowhere", str(user.dir) + ":nowhere", __file__):
        user.env["SSL_CERT_DIR"] = value
        refused(user, *HOST, QUEUE, words=["SSL_CERT_DIR '%s'" % value.split(":")[-1]])
    user.env["SSL_CERT_DIR"] = ":%s:" % user.dir
    assert user.run(*HOST, "--dry-run", QUEUE).status == 0
    user.env["SSL_CERT_DIR"] = "nowhere"
    assert user.run(*HOST, "--cacert", Authority(user.dir).path, "--dry-run", QUEUE).status == 0


def test_option_without_its_value_is_refused(user):
    refused(user, *HOST, QUEUE, "--window", words=["--window needs a value"])


def test_run_without_a_queue_is_refused(user):
    refused(user, *HOST, words=["no queue"])


@pytest.mark.parametrize("args, why", [
    (["--fail-if", "oWaitng.count.last > 5"],
     "'oWaitng' is not a known metric; did you mean oWaiting?"),
    (["--fail-if", "watTime.avg.max > 5"],
     "'watTime' is not a known metric; did you mean waitTime?"),
    (["--fail-if", "whatever.max > 5"], "'whatever' is not a known metric; see --list-metrics"),
    (["--fail-if", "agentState.idle.max > 5"],
     "--metric does not ask for 'agentState'; add it to --metric or use state, "),
    (["--fail-if", "oWaiting.last > 5"],
     "--metric does not ask for 'oWaiting'; add it to --metric or use state, "),
    (["--source", "stream", "--fail-if", "oWaiting.last > 5"], "'oWaiting' is a metric of "
     "notifications, which cannot be used with --source stream"),
    (["--now", "--fail-if", "waitTime.avg.last > 5"], "'waitTime' is a metric of the stream, which "
     "needs --source stream, but --now chose notifications"),
    (["--now", "--fail-if", "oWaitin.last > 5"], "'oWaitin' is not a known metric; did you mean "),
    (["--now", "--fail-if", "oSomethingElse.last > 5"],
     "--metric does not ask for 'oSomethingElse'; add it to --metric or use oWaiting, ")])
def test_alarm_on_a_metric_that_is_not_asked_for(user, args, why):
    (line,) = refused(user, *HOST, *args, QUEUE)
    assert line.startswith("gsqstat: --fail-if '%s': %s" % (args[-1], why))


def test_name_in_place_of_a_queue_id_gets_the_option_for_names(user):
    bad = "must be a queue ID, a UUID like 11111111-1111-4111-8111-111111111111"
    lines = refused(user, *HOST, "-q", "%s,Sales EMEA" % QUEUE, "Sales", QUEUE[:-1], "https://x")
    assert lines == [
        "gsqstat: --queue 'Sales EMEA': %s; for a name use --queue-name" % bad,
        "gsqstat: QUEUE_ID 'Sales': %s; for a name use --queue-name" % bad,
        "gsqstat: QUEUE_ID '%s': %s" % (QUEUE[:-1], bad), "gsqstat: QUEUE_ID 'https://x': " + bad]


def test_control_characters_of_a_value_are_not_printed(user):
    (line,) = refused(user, "-f", "\x1b[31m\n" + "x" * 5000, *HOST, QUEUE)
    assert "\x1b" not in line and len(line) < 300


@pytest.mark.parametrize("form", ["none", "json", "logfmt"])
def test_control_characters_of_a_close_reason_are_not_printed(tool, serve, form):
    serve(streams=[[("close", 1008, "no \x1b[31m\n\x9b\u202e")]])
    r = tool.run("-w", "300ms", "--audit", form, QUEUE)
    assert r.status == 6 and "1008 no " in r.err
    assert not set(r.err) & set("\x1b\x9b\u202e")
    assert all(line.startswith(("gsqstat: ", "{", "ts=")) for line in r.err.splitlines())


def test_advice_follows_even_a_long_error_of_the_service(tool, serve):
    serve(tokens=[gateway.answer(401, {"error": "invalid_client",
                                       "error_description": "word " * 2000})])
    r = tool.run("-w", "300ms", QUEUE, status=3)
    assert r.end["message"].endswith("; check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET")


def test_help_and_version_win_over_errors(tool):
    r = tool.run("--nonsense", "-h", "-i", "x")
    assert r.status == 0 and r.err == "" and "--queue" in r.out
    assert max(map(len, r.out.splitlines())) <= 80
    r = tool.run("-i", "x", "-V")
    assert r.status == 0 and all(w in r.out for w in ("gsqstat ", "libcurl/", "OpenSSL/", "cJSON/"))


def test_silent_and_verbose_set_the_level(tool, gate):
    assert tool.run("-w", "300ms", "-s", QUEUE).err == ""
    assert {line["level"] for line in tool.run("-w", "300ms", QUEUE).audit} == {"info", "warning"}
    r = tool.run("-w", "300ms", "-s", "-v", QUEUE)
    messages = r.events("stream.message")
    assert len(messages) >= r.end["messages"] > 0
    assert messages[0]["level"] == "debug" and messages[0]["bytes"] > 100
    assert "routing-statistics" not in r.err


def options_in(text):
    return re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", text, re.M)


def test_help_shows_the_most_used_options_on_two_screens(tool):
    text = tool.run("--help").out
    assert len(options_in(text)) == 25 and len(text.splitlines()) <= 48
    assert max(map(len, text.splitlines())) <= 80


def test_help_shows_one_group_or_all(tool):
    short = tool.run("-h").out
    groups = short.split("one of the groups\n")[1].split(".")[0].split(", ")
    everything = tool.run("--help", "all").out
    parts = [tool.run("--help", group).out for group in groups]
    assert len(parts) == 8
    assert [o for part in parts for o in options_in(part)] == options_in(everything)
    assert all(options_in(part) for part in parts)
    assert tool.run("--help=Windows").out == parts[1] == tool.run("-i", "x", "-h", "windows").out
    assert set(options_in(short)) < set(options_in(everything))


def test_help_of_an_unknown_group_exits_with_2(tool):
    r = tool.run("--help", "window")
    assert (r.status, r.out) == (2, "")
    assert "must be all, or a group of options: queues, windows, " in r.err
    assert r.err.endswith(" or messages; did you mean windows?\n")


def test_help_reads_no_file(tool):
    end, writer = os.pipe()     # open all the while
    process = tool.start("-Q", "-", "--help", stdin=end)
    try:
        r = process.finish(within=10)
    finally:
        process.kill()
        os.close(end)
        os.close(writer)
    assert r.status == 0 and "--queue" in r.out and r.err == ""


def test_closed_standard_descriptors_are_handled(user):
    for args in (["--help"], ["--version"], ["--dry-run", *HOST, QUEUE]):
        assert user.run(*args, preexec_fn=lambda: os.close(1)).status == 7
    assert user.run("-f", "x", preexec_fn=lambda: os.close(2)).status == 2


def test_help_to_a_full_disk_exits_with_7(tool):
    with open("/dev/full", "w") as full:
        assert tool.run("--help", stdout=full).status == 7


def test_dry_run_shows_the_settings_and_no_secret(user):
    user.env["GENESYS_API_HOST"] = "api.example.com"
    r = user.run("--dry-run", "-w", "1m", QUEUE.upper(), "-q", QUEUE)
    assert r.status == 0 and "secret-value" not in r.out + r.err and "was given before" in r.err
    settings = r.settings
    assert settings["schema"] == "gsqstat-settings/1"
    assert settings["window"] == {"value": "1m", "from": "flag"}
    assert settings["interval"] == {"value": "PT10S", "from": "default"}
    assert settings["queue"]["value"] == [QUEUE]
    assert settings["host"] == {"value": "https://api.example.com", "from": "environment"}
    assert settings["client-secret"] == {"from": "environment"}


def test_dry_run_says_where_a_value_came_from(user):
    user.env["SSL_CERT_FILE"] = Authority(user.dir).path
    user.write("queues", QUEUE)

    def settings(*args, **more):
        r = user.run("--dry-run", *HOST, *args, **more)
        assert r.status == 0 and "secret-value" not in r.out, r.err
        return json.loads(r.out)

    found = settings("-Q", "queues", "-H", "h:1")
    assert found["queue"] == {"value": [QUEUE], "from": "file"}
    assert found["queue-file"] == {"value": ["queues"], "from": "flag"}
    assert found["host"] == {"value": "https://h:1", "from": "flag"}
    assert found["cacert"] == {"value": user.env["SSL_CERT_FILE"], "from": "environment"}
    assert settings("-Q", "queues", QUEUE)["queue"]["from"] == "flag"
    assert settings("-Q", "-", data=QUEUE)["queue-file"]["value"] == ["-"]
    user.env["SSL_CERT_FILE"] = "nowhere"
    refused(user, *HOST, QUEUE, words=["SSL_CERT_FILE 'nowhere'"])
    user.env["SSL_CERT_FILE"] = ""
    assert settings(QUEUE)["cacert"] == {"value": None, "from": "default"}
    assert user.run("--dry-run", "-s", *HOST, QUEUE, QUEUE).err == ""


def test_dry_run_sends_nothing_and_opens_nothing(tool, gate):
    assert tool.run("--dry-run", "-o", "rows", "--record", "recording", QUEUE).status == 0
    assert not gate.token_requests and not (tool.dir / "rows").exists()
    assert not (tool.dir / "recording").exists()


def test_queue_file(user):
    user.write("queues", "# ours\n\n %s # first\r\n%s\n"
                         % (QUEUE.upper(), frames.QUEUES[1]))
    r = user.run("--dry-run", *HOST, "-Q", "queues", frames.QUEUES[2], "-q", frames.QUEUES[3])
    assert r.settings["queue"]["value"] == [
        QUEUE, frames.QUEUES[1], frames.QUEUES[3], frames.QUEUES[2]]
    r = user.run("--dry-run", *HOST, "-Q", "-", data=QUEUE + "\n")
    assert r.settings["queue"]["value"] == [QUEUE]
    for text in ("\ufeff" + QUEUE + "\r\n", "\t" + QUEUE.upper() + "#x", QUEUE):
        user.write("queues", text)
        assert user.run("--dry-run", *HOST, "-Q", "queues").settings["queue"]["value"] \
            == [QUEUE]
    for text in (QUEUE + "\0", QUEUE + "\r" + QUEUE, "x" * (1 << 20), QUEUE + " " + QUEUE):
        user.write("queues", text)
        (line,) = refused(user, *HOST, "-Q", "queues", words=["'queues', line 1:"])
        assert len(line) < 400
    user.write("empty", "# none\n")
    refused(user, *HOST, "-Q", "empty", QUEUE, words=["contains no queue ID"])
    with open(user.dir / "big", "wb") as big:
        big.truncate(5 << 20)
    refused(user, *HOST, "-Q", "big", words=["too long"])
    user.write("bad", "x\n" + QUEUE + "\ny\n")
    assert len(refused(user, *HOST, "-Q", "bad", words=["line 1", "line 3"])) == 2


@pytest.mark.parametrize("region, host", [
    ("eu-central-1", "https://api.mypurecloud.de"), ("us_east_1", "https://api.mypurecloud.com"),
    ("mypurecloud.ie", "https://api.mypurecloud.ie"),
    ("api.mypurecloud.ie", "https://api.mypurecloud.ie"),
    ("new.example", "https://api.new.example")])
@pytest.mark.parametrize("source", ["stream", "notifications"])
@pytest.mark.parametrize("family, variable", [
    ("GENESYSCLOUD_OAUTHCLIENT_", "GENESYSCLOUD_REGION"),
    ("GENESYS_CLOUD_CLIENT_", "GENESYS_CLOUD_REGION"),
    ("GENESYS_CLOUD_CLIENT_", "GENESYS_CLOUD_ENVIRONMENT")])
def test_variables_of_genesys_clouds_own_tools(tool, region, host, source, family, variable):
    tool.env.update({family + "ID": "i", family + "SECRET": "s", variable: region})
    settings = tool.run("--dry-run", "--source", source, QUEUE).settings
    assert settings["host"]["value"] == host


@pytest.mark.parametrize("given, host", [
    ("eu-central-1", "https://api.mypurecloud.de"), ("EU_central_1", "https://api.mypurecloud.de"),
    ("mypurecloud.de", "https://api.mypurecloud.de"),
    ("https://apps.mypurecloud.de", "https://api.mypurecloud.de"),
    ("https://apps.mypurecloud.de/", "https://api.mypurecloud.de"),
    ("login.usw2.pure.cloud", "https://api.usw2.pure.cloud"),
    ("api.usw2.pure.cloud", "https://api.usw2.pure.cloud")])
@pytest.mark.parametrize("source", ["stream", "notifications"])
def test_known_region_or_domain_has_its_hosts(user, given, host, source):
    for args, env in ([], {"GENESYS_API_HOST": given}), (["-H", given], {}):
        user.env.update(env)
        r = user.run("--dry-run", "--source", source, *args, QUEUE)
        assert r.status == 0 and r.settings["host"]["value"] == host, r.err


def test_unknown_host_of_the_stream_is_used_as_given(user):
    for given in ("gateway", "gateway.example", "apps.example.com", "login.example:8443",
                  "my-gateway", "127.0.0.1:5"):
        r = user.run("--dry-run", "-H", given, QUEUE)
        assert r.settings["host"]["value"] == "https://" + given


def test_unknown_region_is_refused(user):
    for name in ("GENESYS_API_HOST", "GENESYSCLOUD_REGION", "GENESYS_CLOUD_REGION"):
        user.env[name] = "eu-central-9"
        for source in ("stream", "notifications"):
            refused(user, "--source", source, QUEUE,
                    words=[name + " 'eu-central-9'", "AWS region"])
        del user.env[name]


def test_host_may_come_from_another_family_of_variables(tool):
    ours = {"GENESYS_CLIENT_ID": "i", "GENESYS_CLIENT_SECRET": "s"}
    theirs = {"GENESYSCLOUD_OAUTHCLIENT_ID": "i", "GENESYSCLOUD_OAUTHCLIENT_SECRET": "s"}
    third = {"GENESYS_CLOUD_CLIENT_ID": "i", "GENESYS_CLOUD_CLIENT_SECRET": "s"}
    hosts = {"GENESYS_API_HOST": "mypurecloud.de", "GENESYSCLOUD_REGION": "us-west-2",
             "GENESYS_CLOUD_REGION": "eu_west_1", "GENESYS_CLOUD_ENVIRONMENT": "mypurecloud.jp"}
    urls = dict(zip(hosts, ("de", "usw2", "ie", "jp")))
    env = dict(tool.env)
    for family, order in (
            (ours, ["GENESYS_API_HOST", "GENESYSCLOUD_REGION", "GENESYS_CLOUD_REGION",
                    "GENESYS_CLOUD_ENVIRONMENT"]),
            (theirs, ["GENESYSCLOUD_REGION", "GENESYS_API_HOST", "GENESYS_CLOUD_REGION",
                      "GENESYS_CLOUD_ENVIRONMENT"]),
            (third, ["GENESYS_CLOUD_REGION", "GENESYS_CLOUD_ENVIRONMENT", "GENESYS_API_HOST",
                     "GENESYSCLOUD_REGION"])):
        for first in range(len(order)):
            tool.env = {**env, **family, **{name: hosts[name] for name in order[first:]}}
            r = tool.run("--dry-run", QUEUE, status=0)
            assert urls[order[first]] in r.settings["host"]["value"], (family, first)


def test_variable_that_is_set_but_not_used_is_named(tool):
    tool.env.update(GENESYS_CLOUD_CLIENT_ID="i", GENESYSCLOUD_OAUTHCLIENT_SECRET="hidden",
                    GENESYSCLOUD_REGION="us-west-2", GENESYSCLOUD_ACCESS_TOKEN="hidden")
    text = "\n".join(refused(tool, QUEUE, words=["no client"]))
    assert "GENESYS_CLOUD_CLIENT_ID, GENESYSCLOUD_ACCESS_TOKEN are set but not used" in text
    assert "hidden" not in text
    tool.env.clear()
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLOUD_CLIENT_SECRET="hidden")
    text = "\n".join(refused(tool, *HOST, QUEUE, words=["no client secret"]))
    assert "GENESYS_CLOUD_CLIENT_SECRET is set but not used" in text and "hidden" not in text


@pytest.mark.parametrize("host", ["https://h/p?access_token=HIDDEN", "h/p?access_token=HIDDEN",
                                  "https://u:p@h?HIDDEN", "https://h.x#HIDDEN",
                                  "https://u:HIDDEN?p@h", "https://u:HIDDEN#p@h/",
                                  "https://h?q=a@HIDDEN"])
def test_host_is_shown_without_its_query(user, host):
    for source in ("stream", "notifications"):
        for args, env in ([], {"GENESYS_API_HOST": host}), (["-H", host], {}):
            user.env.update(env)
            text = "\n".join(refused(user, "--source", source, *args, QUEUE))
            assert "HIDDEN" not in text and "h" in text
            user.env.pop("GENESYS_API_HOST", None)
    assert "HIDDEN" not in "\n".join(refused(user, *HOST, "https://h/p?HIDDEN"))


def test_id_and_secret_come_from_one_family_of_variables(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYSCLOUD_OAUTHCLIENT_SECRET="s",
                    GENESYS_API_HOST="h.example")
    refused(tool, QUEUE, words=["GENESYS_CLIENT_SECRET"])
    refused(tool, QUEUE, words=["no client"])
    tool.env.update(GENESYSCLOUD_OAUTHCLIENT_ID="i", GENESYSCLOUD_REGION="us-west-2")
    assert tool.run("--dry-run", QUEUE).settings["host"]["value"] == \
        "https://api.usw2.pure.cloud"
    tool.env["GENESYSCLOUD_REGION"] = "mars-1"
    refused(tool, QUEUE, words=["GENESYSCLOUD_REGION", "mars-1"])


def test_secret_has_a_limit_in_every_place(user):
    user.env["GENESYS_CLIENT_SECRET"] = "s" * 4096
    assert user.run(*HOST, "--dry-run", QUEUE).status == 0
    user.env["GENESYS_CLIENT_SECRET"] += "s"
    refused(user, *HOST, QUEUE, words=["GENESYS_CLIENT_SECRET: the secret has 4097 bytes"])


NOTICES = ("--dry-run", "--source", "notifications", QUEUE)


@pytest.mark.parametrize("variable", ["GENESYS_API_HOST", "GENESYSCLOUD_REGION", "-H"])
@pytest.mark.parametrize("host, url", [
    ("eu-central-1", "https://api.mypurecloud.de"),
    ("mypurecloud.ie", "https://api.mypurecloud.ie"),
    ("login.mypurecloud.ie", "https://api.mypurecloud.ie"),
    ("ws://127.0.0.1:5", "http://127.0.0.1:5")])
def test_any_host_name_of_the_service_leads_to_its_api(tool, variable, host, url):
    tool.env.update(GENESYSCLOUD_ACCESS_TOKEN="secret-value")
    args = [variable, host] if variable == "-H" else []
    if not args:
        tool.env[variable] = host
    r = tool.run(*NOTICES, *args)
    assert r.status == 0 and "secret-value" not in r.out + r.err, r.err
    settings = r.settings
    assert settings["host"] == {"value": url, "from": "flag" if args else "environment"}
    assert settings["access-token"] == {"from": "environment"}
    assert settings["client-id"] == settings["client-secret"] == {"from": None}
    refused(tool, *NOTICES, "-H", "mars-1", words=["--host 'mars-1'", "AWS region"])


def test_at_most_500_queues(tool):
    tool.env.update(GENESYSCLOUD_ACCESS_TOKEN="t", GENESYSCLOUD_REGION="eu-west-1")
    lines = ["%08x-0000-4000-8000-000000000001" % i for i in range(501)]
    tool.write("queues", "\n".join(lines[:500]))
    r = tool.run(*NOTICES[:-1], "-Q", "queues")
    assert r.status == 0 and r.settings["queue"]["value"] == lines[:500]
    refused(tool, *NOTICES[:-1], "-Q", "queues", lines[500],
            words=["501 queues; --source notifications takes 500"])
    refused(tool, *NOTICES[:-1], "-Q", "queues", lines[500], "--replay", "/dev/null",
            words=["501 queues; --source notifications takes 500"])


def test_more_than_50_queues_of_the_stream_are_refused_and_their_file_is_named(user):
    lines = ["%08x-0000-4000-8000-000000000001" % i for i in range(51)]
    user.write("queues", "\n".join(lines))
    (line,) = refused(user, *HOST, "-Q", "queues", words=["51 queues; the stream takes 50"])
    assert line.startswith("gsqstat: --queue-file 'queues': ")
    (line,) = refused(user, *HOST, "-Q", "queues", "-q", lines[0], words=["51 queues"])
    assert line.startswith("gsqstat: --queue: ")


def test_dry_run_shows_the_source_and_what_belongs_to_it(user):
    def values(*args):
        r = user.run("--dry-run", *HOST, *args)
        assert r.status == 0 and r.err == "", r.err
        return {key: setting.get("value") for key, setting in r.settings.items()
                if key != "schema"}

    stream = ("interval", "lateness", "subscribe", "outlier")
    notices = ("queue-name", "skip-refused", "list-queues", "now", "no-snapshot", "pong-timeout",
               "profile", "resync", "media")
    found = values("--source", "notifications", "--queue-name", "A*", "--queue-name", "b, c",
                   "--now", "--skip-refused")
    assert [found[key] for key in stream] == [None] * 4
    assert [found[key] for key in notices] == [["A*", "b, c"], True, False, True, False, "10s",
                                               None, "5m", ["all"]]
    assert found["source"] == "notifications" and found["idle-timeout"] == "40s"
    assert found["metric"][:2] == ["oWaiting", "oInteracting"]
    found = values(QUEUE)
    assert [found[key] for key in notices] == [None] * 9
    assert [found[key] for key in stream] == ["PT10S", "20s", "url", ["waitTime.avg>30000"]]
    assert values("--source", "notifications", "--list-queues")["list-queues"] is True


@pytest.mark.parametrize("args, values", [
    (["--resync", "0"], {"resync": ("0s", "flag")}),
    (["--resync", "PT0S"], {"resync": ("0s", "flag")}),
    (["--no-snapshot"], {"resync": ("0s", "default with --no-snapshot")}),
    (["--retry-for", "0s", "--doctor"], {"retry-for": ("0s", "flag"),
                                         "no-cache": (True, "default with --doctor")}),
    (["--doctor", "--no-cache"], {"retry-for": ("0s", "default with --doctor"),
                                  "no-cache": (True, "flag")})])
def test_dry_run_shows_what_is_in_force(user, args, values):
    r = user.run("--dry-run", *HOST, "--source", "notifications", *args, QUEUE, status=0)
    assert values == {name: tuple(r.settings[name].values()) for name in values}


def test_dry_run_says_what_chose_the_source(user):
    def source(*args):
        r = user.run("--dry-run", *HOST, *args)
        assert r.status == 0 and r.err == "", r.err
        return tuple(r.settings["source"].values())

    assert source(QUEUE) == ("stream", "default")
    assert source(QUEUE, "--queue-name", "A", "--no-snapshot") == ("notifications", "--queue-name")
    assert source("--list-queues") == ("notifications", "--list-queues")
    assert source(QUEUE, "-m", "oWaiting") == ("notifications", "--metric")
    assert source(QUEUE, "--now", "--source", "notifications") == ("notifications", "flag")
    user.env["GSQSTAT_SOURCE"] = "notifications"
    assert source(QUEUE) == ("notifications", "GSQSTAT_SOURCE")
    assert source(QUEUE, "--source", "stream") == ("stream", "flag")
    assert source("--replay", TOP / "tests/sample.ndjson") == ("stream", "recording")
    user.env["GSQSTAT_SOURCE"] = "stream"
    assert source(QUEUE, "--now") == ("notifications", "--now")
    assert source("--replay", TOP / "tests/notices.ndjson") == ("notifications", "recording")
    user.env["GSQSTAT_SOURCE"] = "s"
    refused(user, *HOST, QUEUE, words=["GSQSTAT_SOURCE 's': must be stream or notifications"])


def test_access_token_beats_id_and_secret_of_the_environment(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s", GENESYS_API_HOST="a.example",
                    GENESYSCLOUD_REGION="b.example", GENESYSCLOUD_ACCESS_TOKEN="secret-value")

    def origins(*args):
        settings = tool.run(*args).settings
        return [settings["host"]["value"].split(".", 1)[1],
                *(settings[key]["from"] for key in ("access-token", "client-id", "client-secret"))]

    # to its own tools' region; the stream has no use for it
    assert origins(*NOTICES) == ["b.example", "environment", None, None]
    assert origins("--dry-run", QUEUE) == ["example", None, "environment", "environment"]
    tool.write("secret", "s")
    assert origins(*NOTICES, "--client-secret-file", "secret") == \
        ["a.example", None, "environment", "file"]
    tool.env["GENESYSCLOUD_ACCESS_TOKEN"] = ""
    assert origins(*NOTICES) == ["a.example", None, "environment", "environment"]
    del tool.env["GENESYS_CLIENT_SECRET"]
    refused(tool, *NOTICES, words=["no client secret"])
    del tool.env["GENESYS_CLIENT_ID"]
    refused(tool, *NOTICES, words=["no client ID", "GENESYSCLOUD_ACCESS_TOKEN"])


def test_access_token_that_does_not_fit_into_a_header_is_refused(tool):
    for token in ("secret value", "x" * 16385, "secr\u00e9t"):
        tool.env.update(GENESYSCLOUD_ACCESS_TOKEN=token, GENESYSCLOUD_REGION="eu-west-1")
        (line,) = refused(tool, *NOTICES, words=["GENESYSCLOUD_ACCESS_TOKEN: must be a token"])
        assert token not in line
    tool.env["GENESYSCLOUD_ACCESS_TOKEN"] = "x" * 16384
    assert tool.run(*NOTICES).status == 0
    del tool.env["GENESYSCLOUD_REGION"]
    refused(tool, *NOTICES, words=["no host: give --host or set GENESYSCLOUD_REGION"])


GC = """[DEFAULT]
environment = "mypurecloud.ie"
client_credentials = "the-id"
client_secret = 'hidden-value'

[Token]
environment = "eu-central-1"
access_token = "hidden-token"
client_credentials = "the-id"
client_secret = "hidden-value"

[login]
environment = "mypurecloud.ie"
client_credentials = "the-id"
grant_type = "3"
oauth_token_data = '{"access_token":"hidden-login","token_type":"bearer",\
"expires_in":86399,"oauth_token_expiry":"%s"}'

[both]
client_credentials = "the-id"
client_secret = "hidden-value"
oauth_token_data = '{"access_token":"hidden-login","oauth_token_expiry":"%s"}'

[id]
client_credentials = "the-id"

[colon]
client_credentials = "the:id"
client_secret = "hidden-value"
"""
LATER, SOON, OVER = "2999-01-01T00:00:00Z", "soon", "2020-01-01T00:00:00Z"


@pytest.fixture
def gc(tool):
    def write(expiry=LATER, mode=0o600):
        if expiry == SOON:
            expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
        (tool.dir / ".gc").mkdir(exist_ok=True)
        tool.write(".gc/config.toml", GC.replace("%s", expiry), mode)
        return tool
    return write


def whose(tool, *args):
    """The host, and where token, ID and secret came from."""
    r = tool.run(*NOTICES, *args)
    assert r.status == 0 and "hidden-" not in r.out + r.err, r.err
    settings = r.settings
    return [settings["host"]["value"], settings["host"]["from"],
            *(settings[key]["from"] for key in ("access-token", "client-id", "client-secret"))]


def test_profile_has_client_and_region(gc):
    tool = gc()
    ie, de = "https://api.mypurecloud.ie", "https://api.mypurecloud.de"
    assert whose(tool, "--profile", "default") == [ie, "profile", None, "profile", "profile"]
    assert whose(tool, "--profile", "TOKEN") == [de, "profile", "profile", None, None]
    assert whose(tool, "--profile", "login") == [ie, "profile", "profile", None, None]
    # before the environment, but for the host that is ours alone
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="hidden-s",
                    GENESYSCLOUD_REGION="us-east-1", GENESYSCLOUD_ACCESS_TOKEN="hidden-t",
                    CREDENTIALS_DIRECTORY=str(tool.dir))
    tool.write("gsqstat-client-secret", "hidden-file")
    assert whose(tool, "--profile", "Token") == [de, "profile", "profile", None, None]
    assert whose(tool, "--profile", "both") == [
        "https://api.mypurecloud.com", "environment", "profile", "profile", "profile"]
    tool.env["GENESYS_API_HOST"] = "a.example"
    assert whose(tool, "--profile", "Token") == [
        "https://api.a.example", "environment", "profile", None, None]
    assert whose(tool, "--profile", "Token", "-H", "mypurecloud.jp") == [
        "https://api.mypurecloud.jp", "flag", "profile", None, None]
    # and none without the option
    tool.write(".gc/config.toml", "[")
    assert whose(tool)[1:] == ["environment", None, "environment", "file"]


def test_last_login_of_gc_is_used_until_it_expires(gc):
    host = ["-H", "a.example"]
    assert whose(gc(SOON), "--profile", "both", *host)[2:] == ["profile"] * 3
    assert whose(gc(SOON), "--profile", "both", "--token-margin", "11m", *host)[2:] == [
        None, "profile", "profile"]
    tool = gc(OVER)
    assert whose(tool, "--profile", "both", *host)[2:] == [None, "profile", "profile"]
    refused(tool, *NOTICES, "--profile", "login", *host, words=["last login has expired"])


def test_unusable_profile_is_refused(gc):
    tool = gc()
    path = tool.dir / ".gc/config.toml"
    refused(tool, *NOTICES, "--profile", "tokn", words=["--profile 'tokn'", '"token"', str(path)])
    refused(tool, *NOTICES, "--profile", "id", words=["client_secret", "no host: give --host"])
    refused(tool, *NOTICES, "--profile", "colon", "-H", "h.de", words=["has no colon"])
    refused(tool, *NOTICES, "--profile", "both", words=["no host"])
    refused(tool, *NOTICES, "--profile", "Token", "--client-secret-file", "x",
            words=["--client-secret-file 'x' cannot be used with --profile"])
    refused(tool, *NOTICES, "--profile", "Token", "-o", path, words=["are the same file"])
    path.write_text(GC + 'client_secret = "hidden-value\n')
    line = GC.count("\n") + 1
    for more in ([], ["--replay", "/dev/null"]):
        lines = refused(tool, *NOTICES, "--profile", "Token", *more,
                        words=["--profile 'Token': %s: line %d: " % (path, line)])
        assert len(lines) == 1 and "hidden-" not in lines[0]
    path.unlink()
    refused(tool, *NOTICES, "--profile", "Token", words=["No such file"])
    del tool.env["HOME"]
    refused(tool, *NOTICES, "--profile", "Token", words=["HOME is not set"])


def test_replay_needs_no_login_but_warns_of_an_open_profile(gc):
    r = gc(OVER, 0o640).run(*NOTICES, "--profile", "login", "--replay", "/dev/null")
    assert r.status == 0 and "mode 640" in r.err and "chmod 600" in r.err, r.err
    settings = r.settings
    assert settings["access-token"] == {"from": None} and settings["host"]["value"] is None
    assert settings["profile"] == {"value": "login", "from": "flag"}


@pytest.mark.parametrize("how", ["flag", "systemd"])
def test_secret_from_a_file(tool, gate, how):
    tool.env["GENESYS_CLIENT_SECRET"] = "wrong"
    path = tool.write("gsqstat-client-secret", gateway.SECRET + "\n", 0o600)
    args = ["--client-secret-file", path] if how == "flag" else []
    if how == "systemd":
        tool.env["CREDENTIALS_DIRECTORY"] = str(tool.dir)
    r = tool.run("-w", "200ms", *args, QUEUE, status=0)
    assert not r.warnings("chmod")
    if how == "systemd":    # which gives a service's user an ACL, whose mask is shown here
        path.chmod(0o440)
        r = tool.run("-w", "200ms", *args, QUEUE)
        assert not r.warnings("chmod")
    path.chmod(0o644)
    r = tool.run("-w", "200ms", *args, QUEUE)
    assert r.warnings("chmod")


@pytest.fixture
def secrets(tmp_path_factory):
    """Files with secrets, which a user who does not own them can come to."""
    directory = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    for name, text in (("secret", "secret-value"), ("headers", "X-Key: hidden-value"),
                       ("url", "https://hooks.example/hidden-value"), ("audit", "k" * 32),
                       ("keys", "whsec_" + base64.b64encode(b"k" * 32).decode())):
        (directory / name).write_text(text)
    shutil.copy(harness.PROGRAM, directory / "gsqstat")
    (directory / "gsqstat").chmod(0o755)
    (directory / "counts").mkdir()
    (directory / "counts").chmod(0o777)
    yield directory
    shutil.rmtree(directory)


def with_secrets(tool, directory, **more):
    # another user may not write coverage's counts where the objects are
    env = {"GENESYS_CLIENT_ID": "id", "PATH": os.environ["PATH"],
           "GCOV_PREFIX": str(directory / "counts")}
    env.update((name, tool.env[name]) for name in tool.env if "SAN_OPTIONS" in name)
    r = subprocess.run([
        directory / "gsqstat", *HOST, "--dry-run", "--client-secret-file", "secret", "--callback",
        "@url", "--callback-header-file", "headers", "--callback-key-file", "keys",
        "--audit-file", "/dev/null", "--audit-chain", "--audit-key-file", "audit", QUEUE],
        env=env, cwd=directory, capture_output=True, text=True, check=False, **more)
    assert "hidden" not in r.stdout + r.stderr
    return r.returncode, [line.split("gsqstat: ", 1)[1] for line in r.stderr.splitlines()]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o604, 0o620, 0o601, 0o644])
def test_own_secret_file_open_to_others_is_refused_or_warned_of(tool, secrets, mode):
    for name in ("secret", "headers", "url", "keys", "audit"):
        (secrets / name).chmod(mode)
    status, lines = with_secrets(tool, secrets)
    if not mode & 0o077:
        assert status == 0 and not [line for line in lines if "chmod" in line], lines
        return
    assert status == 2
    for name in ("--callback-key-file 'keys': cannot be used: ",
                 "--audit-key-file 'audit': cannot be read: "):
        text = name + "group or others have access to it; run chmod 600 on it"
        assert [line for line in lines if text in line], lines
    (secrets / "keys").chmod(0o600)
    (secrets / "audit").chmod(0o600)
    status, lines = with_secrets(tool, secrets)
    assert status == 0
    for name in ("secret", "headers", "url"):
        text = "warning: %s: group or others have access to it (mode %03o); run chmod 600 on it"
        assert text % (name, mode) in lines


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_secret_file_of_root_may_be_readable_by_a_group(tool, secrets):
    for name in ("secret", "headers", "url", "keys", "audit"):
        os.chown(secrets / name, 0, 54321)
        (secrets / name).chmod(0o440)
    status, lines = with_secrets(tool, secrets, user=65534, group=65534, extra_groups=[54321])
    assert status == 0 and not [line for line in lines if "chmod" in line], lines
    status, lines = with_secrets(tool, secrets, user=65534, group=65534, extra_groups=[])
    assert status == 2 and len([line for line in lines if "Permission denied" in line]) == 5, lines


def test_install_and_uninstall(tmp_path):
    def make(*args):
        return subprocess.run(["make", "-C", TOP, "DESTDIR=%s" % tmp_path, "prefix=/usr", *args],
                              check=True, capture_output=True)

    def files():
        return sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())

    make("install")
    examples = [f"usr/share/doc/gsqstat/{path.relative_to(TOP)}"
                for path in (TOP / "examples").rglob("*") if path.is_file()]
    assert files() == ["usr/bin/gsqstat", "usr/share/bash-completion/completions/gsqstat",
                       *sorted(examples), "usr/share/doc/gsqstat/notices.ndjson",
                       "usr/share/doc/gsqstat/sample.ndjson",
                       *sorted(f"usr/share/doc/gsqstat/schema/{path.name}"
                               for path in (TOP / "schema").iterdir()),
                       "usr/share/fish/vendor_completions.d/gsqstat.fish",
                       "usr/share/man/man1/gsqstat.1", "usr/share/man/man5/gsqstat-rows.5",
                       "usr/share/man/man7/gsqstat-cookbook.7",
                       "usr/share/zsh/site-functions/_gsqstat"]
    plain = (tmp_path / "usr/bin/gsqstat").stat()
    assert stat.S_IMODE(plain.st_mode) == 0o755
    make("install-strip")
    assert (tmp_path / "usr/bin/gsqstat").stat().st_size < plain.st_size
    make("uninstall")
    assert files() == [] and not (tmp_path / "usr/share/doc/gsqstat").exists()
