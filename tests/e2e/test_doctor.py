"""--doctor: a line about each step of a run, and the status that the run would have."""
import functools
import pathlib
import signal

import frames
import harness
import pytest
import trustme
from gateway import SECRET
from harness import QUEUE
from notice_frames import answer, forbidden, limited, queue

OTHER = frames.QUEUES[1]
IDLE = {"rate": 0.01, "heartbeat": 60}          # nothing is published
QUIET = [[("sleep", 60)]]
CHANNEL = ["channels", "new channel", "topics", "socket", "first message", "pong"]
NEEDS = "Analytics > Queue Observation > View"


class Report:
    """steps: (mark, step, text) of each line"""

    def __init__(self, result):
        self.status, self.err, self.text = result.status, result.err, result.out
        self.steps = [(line[:4].strip(), line[6:19].strip(), line[21:])
                      for line in result.out.splitlines()]

    def marks(self, mark):
        return [step for its, step, text in self.steps if its == mark]

    def of(self, step):
        """The only line about this step."""
        found = [(mark, text) for mark, its, text in self.steps if its == step]
        assert len(found) == 1, self.text
        return found[0]


@pytest.fixture
def doctor(tool):
    def run(*args, status=0, **more):
        return Report(tool.run("--doctor", *args, status=status, **more))
    return run


@pytest.fixture
def check(doctor):
    """check(…): with this source"""
    return functools.partial(doctor, "--source", "notifications")


def names(service):
    return [request["name"] for request in service.requests]


def keeps_nothing(tool):
    assert [path for path in tool.dir.rglob("*") if path.name != "ca.pem"] == []


# -- all is well


def test_stream(doctor, gate, tool):
    r = doctor(QUEUE, OTHER)
    assert r.marks("OK") == ["credentials", "hosts", "token", "clock", "stream", "first message",
                             "intervals", "queue", "queue"]
    assert len(r.steps) == 9 and r.err == ""
    assert "client ID from GENESYS_CLIENT_ID" in r.of("credentials")[1]
    assert gate.host in r.of("hosts")[1] and "GENESYS_API_HOST" in r.of("hosts")[1]
    assert harness.eventually(lambda: gate.closes == [1000])
    keeps_nothing(tool)


def test_channel(check, notify, tool):
    service = notify(**IDLE)
    r = check(QUEUE, OTHER)
    assert r.marks("OK") == ["credentials", "hosts", "token", "clock", "query", *CHANNEL[:3],
                             "queue", "queue", *CHANNEL[3:]]
    assert r.err == "" and service.pings == 1
    assert names(service) == ["token", "snapshot", "channels", "create", "replace", "unsubscribe"]
    assert service.asked("channels")[0]["query"] == {"includechannels": "oauthclient"}
    assert harness.eventually(lambda: not any(c.topics for c in service.channels.values()))
    keeps_nothing(tool)


def test_first_message_is_told(check, notify):
    notify(rate=50, sockets=[[("silence",), ("run",)]])
    r = check(QUEUE, "--pong-timeout", "1s", status=5)
    assert r.of("first message") == ("OK", "an event of queue " + QUEUE)
    assert r.of("pong")[0] == "FAIL" and "although other messages came" in r.of("pong")[1]


def test_names_are_looked_up(check, notify, tool):
    service = notify(**IDLE)
    r = check("--queue-name", "queue 0*")
    assert r.of("queue list") == ("OK", "60 queues")
    assert r.marks("OK").count("queue") == 9
    assert "Queue 01 (%s): its values came" % QUEUE in r.text
    assert names(service)[:3] == ["token", "queues", "snapshot"]
    keeps_nothing(tool)


def test_now_has_no_channel(check, service):
    r = check("--now", QUEUE)
    assert r.marks("OK")[2:] == ["token", "clock", "query", "queue"]
    assert names(service) == ["token", "snapshot"]


def test_no_snapshot_asks_nothing(check, notify):
    service = notify(**IDLE)
    r = check("--no-snapshot", QUEUE)
    assert r.of("queue") == ("OK", QUEUE + ": permitted")
    assert "snapshot" not in names(service)


def test_cache_is_neither_read_nor_written(check, tool, notify):
    service = notify(**IDLE)
    tool.run("--source", "notifications", "--now", QUEUE, status=0)
    kept = {path: path.read_bytes() for path in tool.dir.rglob("*") if path.is_file()}
    assert len(kept) > 1
    check(QUEUE)
    assert service.count("token") == 2
    assert {path: path.read_bytes() for path in tool.dir.rglob("*") if path.is_file()} == kept


def test_given_token_is_tried(check, tool, notify):
    service = notify(**IDLE)
    tool.env["GENESYSCLOUD_ACCESS_TOKEN"] = service.new_token()
    del tool.env["GENESYS_CLIENT_ID"], tool.env["GENESYS_CLIENT_SECRET"]
    r = check(QUEUE)
    assert "access token from GENESYSCLOUD_ACCESS_TOKEN" in r.of("credentials")[1]
    assert r.of("token")[1].startswith("as given") and r.of("clock")[0] == "OK"
    service.expire_tokens()
    r = check(QUEUE, status=3)
    assert r.marks("FAIL") == ["query", "channels"]
    assert "check GENESYSCLOUD_ACCESS_TOKEN" in r.of("query")[1]


# -- token, clock, network


@pytest.mark.parametrize("args, rest", [
    ((), ["stream", "first message", "intervals", "queue"]),
    (("--source", "notifications", "--queue-name", "x"), ["queue list", "query", *CHANNEL])])
def test_wrong_secret(doctor, serve, notify, tool, args, rest):
    start = notify if args else serve
    tool.login(start(), "another-secret")
    r = doctor(*(args or (QUEUE,)), status=3)
    assert r.marks("FAIL") == ["token"] and r.marks("-") == rest
    assert "HTTP 401" in r.of("token")[1]
    assert "check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET" in r.of("token")[1]
    assert r.of("clock")[0] == "OK"
    assert r.err == "gsqstat: 1 step failed; see the lines that begin with FAIL\n"
    assert "another-secret" not in r.text + r.err


def test_client_of_another_region(check, notify):
    notify(clients={"another": SECRET})
    r = check(QUEUE, status=3)
    assert "client not found" in r.of("token")[1]
    assert "check the region first (GENESYS_API_HOST)" in r.of("token")[1]


@pytest.mark.parametrize("clock, text", [(61, "behind"), (-61, "ahead of")])
def test_clock_that_differs_is_a_warning(check, notify, clock, text):
    notify(clock=clock, **IDLE)
    r = check("--now", QUEUE)
    mark, told = r.of("clock")
    assert mark == "WARN" and text + " the server's" in told and r.marks("FAIL") == []
    assert any("clock is %d s" % s in told for s in (60, 61, 62))


def test_nobody_listens(check, tool, service):
    tool.env["GENESYS_API_HOST"] = "localhost:%d" % harness.free_port()
    r = check(QUEUE, status=5)
    assert r.marks("FAIL") == ["token"]
    assert "could not connect to server" in r.of("token")[1].lower()
    assert r.of("clock") == ("-", "no answer has told the time")


def test_unknown_host(check, tool, service):
    tool.env["GENESYS_API_HOST"] = "no-such-host.invalid"
    assert "no-such-host.invalid" in check(QUEUE, status=5).of("token")[1]


def test_unknown_certificate(check, tool, service):
    path = pathlib.Path(tool.dir / "foreign.pem")
    trustme.CA().cert_pem.write_to_path(str(path))
    tool.env["SSL_CERT_FILE"] = str(path)
    r = check(QUEUE, status=8)
    assert r.marks("FAIL") == ["token"] and "certificate" in r.of("token")[1]


# -- permissions, and what is independent of them


def test_query_is_forbidden(check, notify):
    service = notify(answers={"snapshot": [forbidden()]}, **IDLE)
    r = check(QUEUE, status=3)
    assert r.marks("FAIL") == ["query"] and NEEDS in r.of("query")[1]
    assert [step for step in r.marks("OK") if step in CHANNEL] == CHANNEL
    assert r.of("queue") == ("OK", QUEUE + ": permitted")
    assert names(service)[-1] == "unsubscribe"


@pytest.mark.parametrize("request_name, step", [("channels", 0), ("create", 1)])
def test_channel_is_forbidden(check, notify, request_name, step):
    notify(answers={request_name: [forbidden()]}, **IDLE)
    r = check(QUEUE, status=3)
    assert r.marks("FAIL") == [CHANNEL[step]] and NEEDS in r.of(CHANNEL[step])[1]
    assert r.marks("-") == CHANNEL[step + 1:]
    assert r.of("socket")[1] == "not checked, because of: " + CHANNEL[step]
    assert r.of("queue") == ("OK", QUEUE + ": its values came")


def test_first_failure_gives_the_status(check, notify):
    notify(answers={"snapshot": [limited(9)], "create": [forbidden()]}, **IDLE)
    r = check(QUEUE, status=4)
    assert r.marks("FAIL") == ["query", "new channel"] and "HTTP 429" in r.of("query")[1]


def test_retries_only_if_asked_for(check, notify):
    service = notify(answers={"snapshot": [answer(503), None]}, **IDLE)
    check("--now", "--retry-for", "20s", QUEUE)
    assert service.count("snapshot") == 2
    service = notify(answers={"snapshot": [answer(503), None]}, **IDLE)
    check("--now", QUEUE, status=5)
    assert service.count("snapshot") == 1


def test_queue_list_is_forbidden(check, notify):
    notify(answers={"queues": [forbidden()]}, **IDLE)
    r = check("--queue-name", "Queue 01", QUEUE, status=3)
    assert r.marks("FAIL") == ["queue list"]
    assert "Routing > Queue > View" in r.of("queue list")[1]
    assert r.marks("OK").count("pong") == 1     # of the queue that is named by its ID
    r = check("--queue-name", "Queue 01", status=3)
    assert r.marks("-") == ["query", *CHANNEL]
    assert r.of("socket")[1] == "not checked: no queue is known"


@pytest.mark.parametrize("status, code, text", [
    (403, 3, "routing:statistics:view"), (404, 6, "--source notifications"), (503, 5, "503")])
def test_stream_is_refused(doctor, serve, status, code, text):
    serve(streams=[{"status": status, "headers": {}}])
    r = doctor(QUEUE, status=code)
    assert r.marks("FAIL") == ["stream"] and text in r.of("stream")[1]
    assert r.marks("-") == ["first message", "intervals", "queue"]


# -- queues


@pytest.mark.parametrize("strict", [False, True])
def test_refused_queue_fails_or_is_a_warning_with_skip_refused(check, notify, strict):
    notify(rejected={QUEUE: ("no access", ["analytics:queueObservation:view"])}, strict=strict,
           **IDLE)
    r = check(QUEUE, OTHER, status=3)
    assert r.marks("FAIL") == ["queue"] and r.marks("OK").count("queue") == 1
    told = next(text for mark, step, text in r.steps if mark == "FAIL")
    assert told.startswith(QUEUE + ": refused: ") and NEEDS in told
    assert "analytics:queueObservation:view" in told
    r = check("--skip-refused", QUEUE, OTHER)
    assert r.marks("WARN") == ["queue"] and r.marks("FAIL") == []


def test_all_queues_are_refused(check, notify):
    service = notify(rejected={QUEUE: ("no access", [])}, **IDLE)
    r = check(QUEUE, status=3)
    assert r.marks("FAIL") == ["topics", "queue"] and "2 steps failed" in r.err
    assert names(service)[-1] == "unsubscribe"


def test_unknown_name_and_unknown_id(check, notify):
    notify(**IDLE)
    r = check("--queue-name", "Qeue 02", status=2)
    assert 'no queue has the name "Qeue 02"' in r.of("queue")[1]
    assert '"Queue 02"' in r.of("queue")[1]
    r = check("99999999-0000-4000-8000-000000000009")
    assert r.of("query") == ("OK", "values of 0 of 1 queues")
    mark, text = r.of("queue")
    assert mark == "WARN" and "the ID does not exist" in text


def test_names_of_too_many_queues(check, notify):
    ids = ["%08x-0000-4000-8000-00000000abcd" % n for n in range(501)]
    service = notify(queues=[queue(q, q) for q in ids], **IDLE)
    r = check("--queue-name", "*", status=2)
    assert r.marks("FAIL") == ["queue"] and "501 queues" in r.text
    assert r.of("topics")[1] == "not checked: there are too many queues"
    assert names(service) == ["token", "queues", "queues"]


# -- channel, socket, messages


def test_no_21st_channel_is_created(check, notify):
    service = notify(**IDLE)
    made = service.fill(20)
    r = check(QUEUE)
    mark, text = r.of("channels")
    assert mark == "WARN" and text.startswith("the client has 20 of 20 channels")
    assert "a run would create another one, and the service would then remove one, " in text
    assert "use an OAuth client of its own" in text
    assert r.marks("-") == CHANNEL[1:] and r.of("queue")[0] == "OK"
    assert "create" not in names(service) and list(service.channels) == made
    assert service.evicted == []


@pytest.mark.parametrize("others, mark, text", [
    (18, "OK", "the client has 18 of 20"),
    (19, "WARN", "the client has 19 of 20, and a run has two for moments: the service would then "
     "remove one, first one without a connection; use an OAuth client of its own")])
def test_last_channel_of_a_client_is_a_warning(check, notify, others, mark, text):
    service = notify(**IDLE)
    service.fill(others)
    r = check(QUEUE)
    assert r.of("channels") == (mark, text) and r.of("new channel") == ("OK", "created")
    assert service.evicted == []


@pytest.mark.parametrize("body", [{}, {"entities": {}}, b"[]", b"nonsense"])
def test_list_of_channels_is_malformed(check, notify, body):
    service = notify(answers={"channels": [answer(body=body)]}, **IDLE)
    r = check(QUEUE, status=5)
    assert r.marks("FAIL") == ["channels"] and "malformed" in r.of("channels")[1]
    assert "create" not in names(service)


def test_socket_without_a_pong(check, notify):
    service = notify(sockets=[[("silence",)]])
    r = check("--pong-timeout", "300ms", QUEUE, status=5)
    assert r.marks("FAIL") == ["pong"] and "--pong-timeout" in r.of("pong")[1]
    assert r.of("first message") == ("-", "none came")
    assert harness.eventually(lambda: names(service)[-1] == "unsubscribe")


def test_socket_that_is_closed(check, notify):
    notify(sockets=[[("silence",), ("close", 1008, "not for you")]])
    r = check(QUEUE, status=6)
    assert r.marks("FAIL") == ["pong"] and "1008 not for you" in r.of("pong")[1]


def test_socket_is_refused(check, notify):
    notify(sockets=[answer(503)], **IDLE)
    r = check(QUEUE, status=5)
    assert r.marks("FAIL") == ["socket"] and "503" in r.of("socket")[1]
    assert r.of("topics")[0] == "OK"


def test_silent_stream(doctor, serve):
    serve(streams=QUIET)
    r = doctor("--idle-timeout", "300ms", QUEUE, status=5)
    assert r.marks("FAIL") == ["first message"]
    assert "--idle-timeout 300ms" in r.of("first message")[1]


def test_silent_queue_of_the_stream(doctor, serve):
    frame = "call", lambda about: frames.frame(QUEUE)
    serve(streams=[[frame, ("sleep", 0.5), frame, ("sleep", 0.5), frame, *QUIET[0]]])
    r = doctor("--idle-timeout", "1s", QUEUE, OTHER)
    assert [text.split(":")[0] for mark, step, text in r.steps if mark == "WARN"] == [OTHER]
    assert r.of("intervals")[0] == "OK"


# -- output and options


def test_secrets_are_not_shown(check, notify, tool):
    service = notify(answers={"snapshot": [answer(400, {"message": "%s %s" % (
        SECRET, "ntok-3n~._value/+=1")})]}, **IDLE)
    r = check("--audit-file", "log", QUEUE, status=6)
    text = r.text + r.err + (tool.dir / "log").read_text()
    for secret in (SECRET, *service.tokens, *service.channels):
        assert secret not in text
    assert "run.end" in text


def test_audit_lines_only_if_asked_for(check, notify):
    notify(**IDLE)
    r = check("--audit", "json", QUEUE)
    assert r.err.count('"event":"token.acquired"') == 1 and '"event":"run.end"' in r.err
    assert r.marks("OK")[-1] == "pong"


def test_signal_ends_it(tool, notify):
    service = notify(sockets=[[("silence",)]])
    process = tool.start("--doctor", "--source", "notifications", QUEUE)
    assert harness.eventually(lambda: service.pings)
    r = Report(process.end(signal.SIGTERM, status=143))
    assert r.of("socket")[0] == "OK" and "pong" not in r.marks("FAIL")
    assert harness.eventually(lambda: names(service)[-1] == "unsubscribe")


@pytest.mark.parametrize("args", [
    ("-o", "rows"), ("--record", "x"), ("--rejects", "x"), ("--fail-if", "oWaiting.count.max>1"),
    ("--callback", "https://example.com/"), ("--list-queues",)])
def test_options_that_make_no_sense(doctor, service, args):
    r = doctor("--source", "notifications", QUEUE, *args, status=2)
    assert "cannot be used with --doctor" in r.err and r.text == ""
    assert service.requests == []


def test_check_has_its_own_line(doctor, service):
    r = doctor("--source", "notifications", QUEUE, "--check", "nagios", status=3)
    assert "cannot be used with --doctor" in r.text and service.requests == []
