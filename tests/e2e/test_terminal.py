"""A terminal: sentences in place of audit lines, and tables where rows go to it."""
import json
import os
import re
import signal
import subprocess

import frames
import harness
import notice_frames
import notices
import pytest
from gateway import answer
from harness import NOTICES, QUEUE, SAMPLE
from terminal import ToolTerminal, shown

LOSES = {"streams": [[("frame", QUEUE), ("sleep", 0.1), ("close", 1001, "going away")],
                     [("run",)]]}
FAILS = {"tokens": [answer(503)]}


def lines(terminal):
    """What is left on it."""
    left = shown(terminal.text)
    assert left.pop() == ""
    return left


def on_terminal(tool, *args, status=0, columns=80):
    """What the run prints to a terminal that is its standard output, without styles."""
    terminal = ToolTerminal(columns)
    process = terminal.start(tool, *args)
    assert terminal.finish(process) == status, process.stderr.read()
    return re.sub(r"\x1b\[\d*m", "", terminal.text).replace("\r\n", "\n")


@pytest.fixture
def see(tool):
    """see(args): status and lines of a run whose standard error is a terminal; out: its rows."""
    def run(*args, stdout=subprocess.PIPE):
        terminal = ToolTerminal(columns=200)
        process = terminal.start(tool, *args, stdout=stdout, stderr=True)
        status = terminal.finish(process)
        run.out = process.stdout.read().decode() if process.stdout else None
        return status, lines(terminal)
    return run


def test_a_good_run_says_nothing(see):
    assert see("--replay", SAMPLE, "-w", "1m", "--outlier", "none") == (0, [])
    assert len(see.out.splitlines()) == 30


def test_rows_are_the_same_wherever_standard_error_goes(see, tool):
    for args in ([], ["-f", "csv"], ["-f", "table"]):
        assert see("--replay", SAMPLE, "-w", "1m", *args)[0] == 0
        assert see.out == tool.run("--replay", SAMPLE, "-w", "1m", *args).out


def test_redirected_standard_error_has_audit_lines(tool):
    terminal = ToolTerminal()
    process = terminal.start(tool, "--replay", SAMPLE, "-w", "1m")
    assert terminal.finish(process) == 0 and "gsqstat" not in terminal.text
    audit = harness.parse_audit(process.stderr.read().decode())
    assert [audit[0]["event"], audit[-1]["event"]] == ["run.start", "run.end"]


def test_warnings_are_sentences(see, tool):
    tool.write("in", "{\n" + 3 * (frames.frame(QUEUE, at="2026-11-24T02:00:01Z") + "\n"))
    assert see("--replay", "in", "-w", "1m") == (0, [
        "gsqstat: warning: line 1 of the recording is broken: not strict JSON",
        "gsqstat: warning: dropped a frame: duplicate, queue %s; more of them are only counted"
        % QUEUE])


def test_silent_leaves_warnings_of_wrong_numbers(see):
    assert see("--replay", SAMPLE, "-w", "1m", "-s") == (0, [
        "gsqstat: warning: 9 frames were dropped by the default --outlier 'waitTime.avg>30000'; "
        "use --outlier none to keep them"])


def test_silent_run_that_succeeds_prints_only_rows(see, tool, serve, notify):
    """Mail from cron means trouble."""
    def prints_only_rows(*args):
        r = tool.run("-s", *args, status=0)
        assert r.err == "" and r.rows
        assert see("-s", *args) == (0, [])

    serve(**LOSES)
    prints_only_rows("-w", "3s", QUEUE)
    prints_only_rows("--replay", SAMPLE, "-w", "1m", "--outlier", "none")
    notify()
    prints_only_rows("--queue-name", "Queue 01", "-w", "300ms")
    prints_only_rows("--queue-name", "Queue 01", "--now")


def test_error_is_printed_once(see, notify):
    notify()
    status, said = see("--source", "notifications", "--queue-name", "Qeue 01")
    assert (status, said) == (2, ['gsqstat: no queue has the name "Qeue 01"; similar names: '
                                  '"Queue 01", "Queue 02", "Queue 03"'])


def test_refused_login_is_printed_once(see, serve):
    serve(tokens=[answer(401)])
    status, said = see(QUEUE)
    assert status == 3 and len(said) == 1 and said[0].startswith("gsqstat: the client ID or ")


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}])
def test_retries_have_no_line(see, serve, tool, env):
    gate = serve(**FAILS)
    tool.env.update(env)
    status, said = see("--retry-for", "1s", QUEUE)
    assert status == 5 and len(gate.token_requests) > 1
    assert len(said) == 1 and said[0].endswith("; gave up after --retry-for 1s")


def test_first_retry_has_a_line_where_no_progress_is_shown(see, serve, tool):
    gate = serve(**FAILS)
    tool.env["TERM"] = "dumb"
    status, said = see("--retry-for", "1s", QUEUE)
    assert status == 5 and len(gate.token_requests) > 2 and len(said) == 2
    assert said[0].startswith("gsqstat: warning: cannot connect: the token endpoint failed: ")
    assert said[0].endswith("HTTP 503; trying again")


def test_first_failed_attempt_after_a_loss_has_a_line(see, serve, tool):
    """The loss itself is no failed attempt."""
    serve(streams=[LOSES["streams"][0], answer(503), answer(503), [("run",)]])
    tool.env["TERM"] = "dumb"
    status, said = see("-w", "3s", QUEUE)
    lost, failed = [line for line in said if "--window" not in line]
    assert status == 0 and lost.endswith("the connection was lost: close code 1001, going away")
    assert "cannot connect: the service refused the stream: " in failed and "503" in failed


def test_loss_is_no_failed_attempt(see, serve, tool):
    serve(**LOSES)
    tool.env["TERM"] = "dumb"
    status, said = see("-w", "3s", QUEUE)
    assert status == 0 and "cannot connect" not in "".join(said)


def test_replay_of_chosen_queues_says_nothing_of_the_others(see):
    status, said = see("--replay", SAMPLE, "-w", "1m", "5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d01")
    assert status == 0 and not [line for line in said if "foreign-queue" in line]


def test_progress_counts_the_attempts(tool, serve):
    serve(**FAILS)
    terminal = ToolTerminal()
    process = terminal.start(tool, "--retry-for", "1m", QUEUE, stderr=True)
    terminal.wait("0 frames  connecting  attempt [2-9]")
    process.terminate()
    assert terminal.finish(process) == 143
    assert len(lines(terminal)) == 1


def test_lost_connection_is_one_line(see, serve):
    serve(**LOSES)
    status, said = see("-w", "10s", "-n", 1, "--retry-for", "30s", "--lateness", "1s", QUEUE,
                       "--fail-if", "coverage >= 0", "--fail-fast", "-w", "1500ms")
    assert status == 1
    assert [line for line in said if "lost" in line] == [
        "gsqstat: warning: the connection was lost: close code 1001, going away"]
    # the threshold is not repeated at the end
    held = [line for line in said if "held" in line]
    assert len(held) == 1 and held[0].startswith(
        "gsqstat: --fail-if 'coverage >= 0' held: queue " + QUEUE)


def test_refused_queue_is_a_sentence(see, notify):
    notify(rejected={QUEUE: ("not allowed", [])})
    status, said = see("--source", "notifications", "--skip-refused", "-w", "200ms", QUEUE,
                       frames.QUEUES[1])
    assert status == 0
    assert [line for line in said if "refused" in line][0].startswith(
        "gsqstat: warning: a queue was refused: %s: " % QUEUE)


def test_callback_that_does_not_arrive_is_a_sentence(see):
    status, said = see("--replay", SAMPLE, "-w", "5m", "-n", 1, "--outlier", "none", "--callback",
                       "http://127.0.0.1:%d/" % harness.free_port(), "--callback-allow-private",
                       "--retry-for", "0")
    assert status == 9 and len(said) == 2
    assert re.match(r"gsqstat: warning: a callback to http://127\.0\.0\.1:\d+ was dropped: ",
                    said[0])
    assert said[1].startswith("gsqstat: 1 callback was not delivered; the last failure: http://")


def test_verbose_says_more_but_no_json(see, serve):
    serve(**LOSES)
    status, said = see("-v", "-w", "3s", QUEUE)
    assert status == 0 and all(line.startswith("gsqstat: ") for line in said)
    text = "\n".join(said)
    for words in ("gsqstat: stream.connected stream=0 at=", "gsqstat: warning: stream.retry ",
                  "gsqstat: every window was printed: 1 window, 1 row, 1 reconnect ("):
        assert words in text
    assert "run.end" not in text and '"event"' not in text


@pytest.mark.parametrize("form", ["json", "logfmt"])
def test_audit_lines_are_whole_if_asked_for(see, serve, form):
    serve(**FAILS)
    status, said = see("--audit", form, "--retry-for", "1s", QUEUE)
    assert status == 5 and len([line for line in said if "token.retry" in line]) > 0
    assert "run.start" in said[0] and "run.end" in said[-1]
    assert not [line for line in said if line.startswith("gsqstat: ")]


def test_audit_file_has_the_lines_and_the_terminal_the_error(see, serve, tool):
    serve(**FAILS)
    status, said = see("--audit-file", "log", "--retry-for", "1s", QUEUE)
    assert status == 5 and len(said) == 1 and said[0].startswith("gsqstat: the token endpoint ")
    events = [line["event"] for line in tool.lines("log")]
    assert {"run.start", "token.retry", "run.end"} <= set(events)


def test_no_secret_is_in_a_sentence(see, notify):
    notify(answers={"create": [notice_frames.answer(400, {
        "message": "bad %s here" % notices.SECRET})]})
    status, said = see("--source", "notifications", "-v", QUEUE)
    assert status != 0 and "bad REDACTED here" in said[-1]
    assert notices.SECRET not in "\n".join(said)


# -- the end by a signal

def interrupted(tool, *args, number=signal.SIGINT, until="frames", stdout=subprocess.PIPE):
    terminal = ToolTerminal(columns=200)
    process = terminal.start(tool, *args, stdout=stdout, stderr=True)
    terminal.wait(until)
    process.send_signal(number)
    return terminal, process


def test_interrupt_ends_with_one_line(tool, serve):
    serve(**LOSES)
    terminal, process = interrupted(tool, "-w", "1h", QUEUE,
                                    until=r"the connection was lost(?s:.*)connected")
    assert terminal.finish(process) == 130
    assert re.fullmatch(
        r"gsqstat: ended by signal 2 \(Interrupt\): 1 window, 1 row, 1 reconnect "
        r"\(\d[.\d]*m?s lost\), 0 frames dropped", lines(terminal)[-1])
    assert len(lines(terminal)) == 2
    assert json.loads(process.stdout.read())["partial"]


def test_time_since_a_loss_counts_as_lost(tool, serve):
    serve(streams=[LOSES["streams"][0], answer(503)])
    terminal, process = interrupted(tool, "-w", "1h", QUEUE, until="reconnecting")
    assert terminal.finish(process) == 130
    assert re.search(r", 0 reconnects \([\d.]+m?s lost\), 0 frames dropped$", lines(terminal)[-1])


def test_interrupt_leaves_no_echo_of_its_key(tool, serve):
    serve(streams=[[("frame", QUEUE), ("drop",)], answer(503)])
    terminal, process = interrupted(tool, "-w", "1h", QUEUE, until="connection was lost", number=0)
    os.write(terminal.fd, b"\x03")
    terminal.wait(r"\^C")
    process.send_signal(signal.SIGINT)
    assert terminal.finish(process) == 130
    assert [line[:9] for line in lines(terminal)] == ["gsqstat: "] * 2


@pytest.mark.parametrize("args", [["-s"], ["--audit", "none"], ["--check", "nagios"]])
def test_interrupt_has_no_line_if_none_is_wanted(tool, gate, args):
    terminal = ToolTerminal()
    process = terminal.start(tool, "-w", "1h", QUEUE, *args, stdout=subprocess.PIPE, stderr=True)
    assert harness.eventually(lambda: gate.payloads)
    process.send_signal(signal.SIGINT)
    assert terminal.finish(process) == (3 if "--check" in args else 130)
    assert lines(terminal) == []


def test_second_interrupt_ends_at_once(tool, serve):
    """The end waits for the close of a gateway that does not answer."""
    serve(streams=[[("frame", QUEUE), ("sleep", 30)]])
    terminal, process = interrupted(tool, "-w", "1h", QUEUE)
    process.send_signal(signal.SIGINT)
    assert terminal.finish(process) == 130
    assert len(lines(terminal)) <= 1


def test_status_is_a_line_of_totals(tool, gate):
    terminal, process = interrupted(tool, "-w", "1h", QUEUE, number=signal.SIGUSR1,
                                    until="  connected")
    terminal.wait("gsqstat: connected: 0 windows, 0 rows, 0 reconnects, 0 frames dropped\r\n")
    process.terminate()
    assert terminal.finish(process) == 143


def test_reader_that_leaves_ends_the_run_without_a_word(see):
    reader, writer = os.pipe()
    os.close(reader)
    assert see("--replay", SAMPLE, "-w", "1m", "--outlier", "none", stdout=writer) == (141, [])
    os.close(writer)


# -- tables where rows go to a terminal

ROWS = ("--replay", SAMPLE, "-w", "5m", "-s")


@pytest.mark.parametrize("args", [[], ["-o", "-"], ["-o", "/dev/stdout"], ["--callback", "URL"]])
def test_rows_on_a_terminal_are_a_table(tool, args):
    if "URL" in args:
        args = ["--callback", "http://127.0.0.1:1/", "--callback-allow-private",
                "--retry-for", "0"]
    table = on_terminal(tool, *ROWS, *args, status=9 if len(args) > 2 else 0)
    assert table == on_terminal(tool, *ROWS, "-f", "table")
    assert "queue" in table.splitlines()[1] and len(table.splitlines()) == 8


def test_rows_elsewhere_are_ndjson(tool):
    wanted = tool.run(*ROWS, "-f", "ndjson").out
    assert tool.run(*ROWS).out == wanted
    assert on_terminal(tool, *ROWS, "-o", "rows") == ""
    assert (tool.dir / "rows").read_text() == wanted
    assert on_terminal(tool, *ROWS, "-f", "ndjson") == wanted
    with open(tool.dir / "rows", "w") as rows:
        assert tool.start(*ROWS, stdout=rows).finish().status == 0
    assert (tool.dir / "rows").read_text() == wanted


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}])
def test_terminal_without_colours_gets_the_table_too(tool, env):
    wanted = on_terminal(tool, *ROWS)
    tool.env.update(env)
    assert on_terminal(tool, *ROWS) == wanted


def test_check_keeps_its_line(tool):
    line = on_terminal(tool, *ROWS, "--check", "nagios")
    assert line == tool.run(*ROWS, "--check", "nagios").out
    assert line.startswith("GSQSTAT OK") and line.count("\n") == 1


def test_statistics_of_other_formats_are_refused_as_ever(tool):
    terminal = ToolTerminal()
    process = terminal.start(tool, *ROWS, "--stat", "last")
    assert terminal.finish(process) == 2
    assert b"--stat 'last' needs -f prometheus" in process.stderr.read()


def queues(*names):
    return [dict(notice_frames.queue(queue, name), division={"id": "d", "name": "Home"})
            for queue, name in zip(frames.QUEUES, names)]


LIST = ("--source", "notifications", "--list-queues")


def test_list_of_queues_is_a_table_too(tool, notify):
    notify(queues=queues("Vertrieb", "\u7a93\u53e3", "evil\n\x1b[31mred"))
    table = on_terminal(tool, *LIST)
    assert table.splitlines() == [
        "id                                    division  name",
        "%s  Home      evil\ufffd\ufffd[31mred" % frames.QUEUES[2],
        "%s  Home      Vertrieb" % frames.QUEUES[0],
        "%s  Home      \u7a93\u53e3" % frames.QUEUES[1]]
    assert tool.run(*LIST, "-f", "table").out == table
    assert on_terminal(tool, *LIST, "-f", "table", "--no-header") == "".join(
        table.splitlines(True)[1:])
    assert [row["name"] for row in tool.run(*LIST).rows] == [
        "evil\n\x1b[31mred", "Vertrieb", "\u7a93\u53e3"]


def test_long_names_of_a_list_are_wrapped(tool, notify):
    notify(queues=queues("a name of a queue that is too long"))
    assert on_terminal(tool, *LIST, columns=60).splitlines() == [
        "id                                    name",
        "%s  a name of a queue that" % frames.QUEUES[0],
        38 * " " + "is too long"]


# -- the settings

def settings(tool, *args, **more):
    """{option: (mark, [values], from)} as the table of --dry-run has them."""
    made, last = {}, None
    text = on_terminal(tool, "--dry-run", *args, columns=120, **more)
    (titles, *lines), end = [part.splitlines() for part in text.rstrip().split("\n\n")]
    assert len(end) == 1 and end[0].startswith("These settings are valid. The run would ")
    value, origin = titles.index("value"), titles.index("from")
    for line in lines:
        if line[2:value].strip():
            last = line[2:value].strip()
            made[last] = (line[0], [], line[origin:])
        made[last][1].append(line[value:origin].strip())
    return made


def test_settings_are_a_table_on_a_terminal(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s3cret/x",
                    GENESYS_API_HOST="h.example")
    table = settings(tool, "-w", "1m", "-q", ",".join(frames.QUEUES[:2]))
    assert table["queue"] == ("*", frames.QUEUES[:2], "flag")
    assert table["window"] == ("*", ["1m"], "flag")
    assert table["interval"] == (" ", ["PT10S"], "default")
    assert table["format"] == (" ", ["table"], "default on a terminal")
    assert table["record"] == (" ", ["-"], "default")
    assert table["host"][0] == "*" and table["host"][2] == "environment"
    assert table["client-secret"] == ("*", ["(not shown)"], "environment")
    assert "access-token" not in table
    # options that this run cannot have
    assert not {"queue-name", "now", "verify-audit", "expect"} & set(table)


def test_settings_of_a_replay_come_from_it(tool):
    assert settings(tool, "--replay", NOTICES)["source"] == ("*", ["notifications"], "recording")


def test_settings_of_a_file_name_its_lines(tool):
    tool.write("default.conf", "window = 5m\nlabel = site=Bonn\nlabel = team=a\n")
    table = settings(tool, "--replay", NOTICES, "--config", "default.conf")
    assert table["window"] == ("*", ["5m"], "default.conf:1")
    assert table["label"] == ("*", ["site=Bonn", "team=a"], "default.conf:3")


def test_settings_elsewhere_are_json(tool):
    text = tool.run("--dry-run", *ROWS).out
    assert json.loads(text)["format"] == {"value": "ndjson", "from": "default"}
    terminal = ToolTerminal()
    process = terminal.start(tool, "--dry-run", *ROWS, stdout=subprocess.PIPE, stderr=True)
    assert terminal.finish(process) == 0 and terminal.text == ""
    there = json.loads(process.stdout.read())
    assert there.pop("audit") == {"value": "sentences", "from": "default on a terminal"}
    here = json.loads(text)
    assert here.pop("audit") == {"value": "json", "from": "default"} and here == there


def test_verbose_terminal_sees_only_settings_that_differ(see):
    status, said = see("-v", "--replay", SAMPLE, "-w", "5m", "--fail-if", "coverage < 2 for 9",
                       "-n", 9)
    assert re.fullmatch(r"gsqstat: version \S+; window 5m \(flag\); count 9 \(flag\); fail-if "
                        r"coverage < 2 for 9 \(flag\); replay \S+ \(flag\); source stream "
                        r"\(recording\); verbose true \(flag\)", said[0])
