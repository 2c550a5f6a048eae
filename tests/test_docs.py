"""The option table, the manual and the completions say the same; the README's recipes run."""
import os
import pathlib
import re
import shutil
import subprocess

import frames
import harness
import pytest

TOP = pathlib.Path(__file__).parent.parent
MANUAL = (TOP / "man/gsqstat.1").read_text()
SHELLS = {name: (TOP / "completions" / name).read_text()
          for name in ("gsqstat.bash", "_gsqstat", "gsqstat.fish")}


def options(tool):
    """{long: (letter or "", argument or "", default or "")} out of --help."""
    found, last = {}, None
    for line in tool.run("--help").out.splitlines():
        option = re.match(r"  (?:-(\w),|   ) --([a-z-]+)(?: ([A-Z]\S*))?", line)
        default = re.match(r" {31}\[(.*)\]$", line)
        if option:
            last = option[2]
            found[last] = (option[1] or "", option[3] or "", "")
        elif default:
            found[last] = found[last][:2] + (default[1],)
    assert len(found) == 41
    return found


def plain(roff):
    text = re.sub(r"\.(?:Li|Ev|Ar|Fl|Sq|Dq|Pq|Ns|Op) ?", "", roff)
    return re.sub(r"\s+", " ", text.replace("\n", " ")).replace(" ,", ",").replace(" .", ".")


def manual_options():
    found = {}
    for item in re.findall(r"\.It ((?:Fl \w , )?Fl Fl .*)\n((?:(?!\.It|\.El).*\n)*)", MANUAL):
        head, body = item
        letter, name, argument = re.match(
            r"(?:Fl (\w) , )?Fl Fl ([a-z-]+)(?: Ar (.*))?$", head).groups()
        argument = re.sub(r" ?(Ns|Op|Ar) ?", " ", argument or "")
        argument = re.sub(r" *, *(\w+)", r"[,\1]", re.sub(r"\s+", " ", argument)).replace(" ", "")
        default = re.search(r"Default: (.*)$", plain(body).strip())
        found[name] = (letter or "", argument, default[1].rstrip(".") if default else "")
    return found


def test_manual_has_the_options_of_the_table(tool):
    assert manual_options() == options(tool)


def test_manual_keeps_the_order_of_the_table(tool):
    assert list(manual_options()) == list(options(tool))


@pytest.mark.parametrize("shell, long, letter", [
    ("gsqstat.bash", r"--([a-z][a-z-]+)", r"(?<=[\s|])-(\w)\b"),
    ("_gsqstat", r"--([a-z][a-z-]+)", r"\{-(\w),"),
    ("gsqstat.fish", r"-l ([a-z-]+)", r"-s (\w) -l")])
def test_completions_have_the_options_of_the_table(tool, shell, long, letter):
    table = options(tool)
    text = "\n".join(line for line in SHELLS[shell].splitlines()
                     if not line.startswith(("_arguments", "complete -F", "\tcompopt"))
                     and "compgen" not in line and "# " not in line and "set -l" not in line)
    assert set(re.findall(long, text)) == set(table)
    assert set(re.findall(letter, text)) == {o[0] for o in table.values() if o[0]}


@pytest.mark.parametrize("shell", SHELLS)
def test_completions_have_the_words(tool, shell):
    words = ("state queueState agentState conversationCount waitTime abandonedCount PT10S PT15S "
             "PT30S PT1M PT2M ndjson csv arrival event url message json logfmt none stream "
             "notifications oWaiting oServiceLevel").split()
    assert [w for w in words if not re.search(r"\b%s\b" % w, SHELLS[shell])] == []


def test_manual_has_the_exit_statuses():
    section = MANUAL.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    told = re.findall(r"\.It (\S+)", section)
    known = re.findall(r"ST_\w+ = (\d+)", (TOP / "base.h").read_text())
    assert set(told) == {n for n in known if int(n) < 128} | {"128+N"}
    assert "141" in section


def test_manual_is_clean():
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is missing")
    r = subprocess.run(["mandoc", "-T", "lint", TOP / "man/gsqstat.1"], capture_output=True,
                       text=True)
    # what other manuals are installed is no fault of this one
    assert [line for line in r.stdout.splitlines() if "referenced manual" not in line] == []


def test_manual_examples_hold(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s",
                    GENESYS_API_HOST="h.example")
    tool.env["PATH"] = "%s:%s" % (pathlib.Path(harness.PROGRAM).parent, tool.env["PATH"])
    (tool.dir / "tests").symlink_to(TOP / "tests")
    (tool.dir / "queues.txt").write_text(harness.QUEUE)
    (tool.dir / ".gc").mkdir(mode=0o700)
    (tool.dir / ".gc/config.toml").write_text('[DEFAULT]\nenvironment = "mypurecloud.ie"\n'
                                              'client_credentials = "i"\nclient_secret = "s"\n')
    (tool.dir / "frames.ndjson").symlink_to(TOP / "tests/sample.ndjson")
    section = MANUAL.split(".Sh EXAMPLES")[1].split(".Sh ")[0]
    examples = re.findall(r"\.Dl (.*)", section)
    assert len(examples) == 8
    for example in examples:
        example = re.sub(r"^(\S+ ){5}(?=flock)", "", example).replace("/tmp/", "./")
        if "--replay" not in example:
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


def test_manual_has_every_audit_event(tool):
    section = MANUAL.split(".Sh AUDIT LINES")[1].split(".Sh ")[0]
    told = {w for item in re.findall(r"\.It Li (.*)", section) for w in item.split(" , ")}
    known = set(re.findall(r'"((?:run|token|stream|queue|frame|window|threshold)\.[a-z]+|warning)"',
                           (TOP / "report.c").read_text()))
    assert told == known
    reasons = re.findall(r'\[REJECT_\w+\] = "([a-z-]+)"', (TOP / "report.c").read_text())
    assert len(reasons) == 9 and [r for r in reasons if not re.search(r"\b%s\b" % r, MANUAL)] == []


def test_completions_in_their_shells():
    script = {
        "bash": 'source completions/gsqstat.bash; COMP_WORDS=(gsqstat %s); COMP_CWORD='
                '$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _gsqstat; echo "${COMPREPLY[@]}"',
        "fish": "source completions/gsqstat.fish; complete -C 'gsqstat %s'"}
    for shell, text in script.items():
        if not shutil.which(shell):
            pytest.skip(shell + " is missing")
        for words, wanted in (("--inter", "--interval"), ("-i PT3", "PT30S"), ("-f c", "csv"),
                              ("-m state,wai", "state,waitTime"), ("--audit l", "logfmt"),
                              ("--source no", "notifications"),
                              ("--source notifications -m tWait,oW", "tWait,oWaiting")):
            r = subprocess.run([shell, "-c", text % words], cwd=TOP, capture_output=True, text=True)
            assert wanted in r.stdout.split(), (shell, words, r.stdout, r.stderr)


def test_completion_in_zsh(tmp_path):
    if not shutil.which("zsh"):
        pytest.skip("zsh is missing")
    script = """
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; fpath=($1 \\$fpath); autoload -U compinit; compinit -u -D; cd $2; echo re''ady"
zpty -r z out '*ready*'
for words in 'gsqstat --inter' 'gsqstat -i PT3' 'gsqstat -f c' 'gsqstat -m sta'; do
	zpty -n -w z "$words"$'\\t'
	sleep 0.3
	zpty -n -w z $'\\C-u'
done
sleep 0.3
while zpty -rt z out; do print -rn -- "$out"; done
"""
    r = subprocess.run(["zsh", "-fc", script, "z", str(TOP / "completions"), str(tmp_path)],
                       capture_output=True, text=True, env={**os.environ, "TERM": "dumb"})
    for wanted in ("--interval", "PT30S", "csv", "state"):
        assert wanted in r.stdout, (wanted, r.stdout, r.stderr)


# -- the README

RECIPES = re.findall(r"\n([^\n]+):\n\n```(?:sh|cron)\n(.*?)```",
                     (TOP / "README.md").read_text().split("## Recipes")[1], re.S)


def test_there_are_recipes():
    assert len(RECIPES) == 8


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
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    process = subprocess.Popen([broker, "-p", str(port)], stderr=subprocess.DEVNULL)
    for name in ("pub", "sub"):
        (tool.dir / "bin" / ("mosquitto_" + name)).write_text(
            '#!/bin/sh\nexec %s -p %d "$@"\n' % (shutil.which("mosquitto_" + name), port))
        (tool.dir / "bin" / ("mosquitto_" + name)).chmod(0o755)
    assert harness.eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
    return lambda: (process.terminate(), process.wait())


@pytest.mark.parametrize("title, text", RECIPES, ids=[title[:24] for title, _ in RECIPES])
def test_recipe_runs_as_printed(tool, serve, title, text):
    serve()
    (tool.dir / "queues.txt").write_text("\n".join(frames.QUEUES[:2]))
    (tool.dir / "sample.ndjson").symlink_to(TOP / "tests/sample.ndjson")
    (tool.dir / "bin").mkdir()
    # the program as it is, but for how long a live window is
    (tool.dir / "bin/gsqstat").write_text(
        '#!/bin/sh\ncase " $* " in *--replay*) exec %s "$@" ;; esac\nexec %s "$@" -w 300ms\n'
        % (harness.PROGRAM, harness.PROGRAM))
    (tool.dir / "bin/gsqstat").chmod(0o755)
    tool.env["PATH"] = "%s:%s:/usr/sbin" % (tool.dir / "bin", tool.env["PATH"])
    for word in ("jq", "mlr", "sqlite3", "psql", "flock", "awk"):
        if word in text and not shutil.which(word):
            pytest.skip(word + " is missing")
    stop = start_postgres(tool) if "psql" in text else \
        start_mosquitto(tool) if "mosquitto" in text else lambda: None
    text = re.sub(r"^(\S+ ){5}(?=flock)", "", text).replace("/tmp/", str(tool.dir) + "/")
    try:
        listener = None
        if "mosquitto" in text:
            listener = subprocess.Popen([tool.dir / "bin/mosquitto_sub", "-t", "queues", "-C", "6"],
                                        stdout=subprocess.PIPE)
            harness.time.sleep(0.5)
        r = subprocess.run(["bash", "-eo", "pipefail", "-c", text], env=tool.env, cwd=tool.dir,
                           capture_output=True, text=True, timeout=60)
        assert r.returncode == 0, r.stderr
        if listener:
            assert listener.communicate(timeout=20)[0].count(b'"schema"') == 6
        elif "psql" in text:
            r = subprocess.run(["psql", "-Atc", "SELECT count(*) > 100 FROM rows"],
                               env=tool.env, capture_output=True, text=True)
            assert r.stdout.strip() == "t", r.stderr
        elif "flock" in text:
            assert (tool.dir / "rows.ndjson").read_text().count("\n") == 2
            assert "run.end" in (tool.dir / "audit.log").read_text()
        else:
            assert r.stdout.strip()
    finally:
        stop()


def test_readme_shows_real_output():
    command, shown = re.search(r"```console\n\$ (.*?)\n(.*?)```",
                               (TOP / "README.md").read_text(), re.S).groups()
    r = subprocess.run(["bash", "-c", command.replace("./gsqstat", harness.PROGRAM)], cwd=TOP,
                       capture_output=True, text=True)
    assert r.stdout == shown
