"""What the two suites run in, so that no machine of anybody's changes what they find."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import harness

CI = Path(__file__).resolve().parent.parent.parent / ".ci"


def test_the_suite_has_a_home_of_its_own():
    assert Path.home().parent == Path(os.environ["TMPDIR"])
    assert not [x for x in os.environ if x.startswith("XDG_") and x.endswith("_HOME")]


SIGNALS = signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM


def test_no_signal_is_ignored_here():
    assert not [s for s in SIGNALS if signal.getsignal(s) == signal.SIG_IGN]


def test_a_suite_started_by_nohup_or_in_the_background_heeds_signals():
    def ignore():
        for s in SIGNALS:
            signal.signal(s, signal.SIG_IGN)
    done = subprocess.run(
        [CI / "e2e", "tests/e2e/test_suite.py", "-k", "no_signal_is_ignored"],
        env={**os.environ, "JOBS": "1"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        preexec_fn=ignore)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


HOSTILE = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere", "HTTPS_PROXY": "http://nowhere",
           "GENESYS_API_HOST": "nowhere", "GENESYSCLOUD_ACCESS_TOKEN": "x", "NO_COLOR": "1",
           "CREDENTIALS_DIRECTORY": "/nowhere", "XDG_CACHE_HOME": "/nowhere"}


def test_nothing_that_the_shell_says_reaches_a_suite():
    assert [name for name in HOSTILE if os.environ.get(name) == HOSTILE[name]] == []


@pytest.mark.parametrize("suite", ["units", "e2e"])
def test_a_suite_in_an_environment_made_for_the_program(tmp_path, suite):
    if suite == "units":
        unit = tmp_path / "test_environment"
        unit.write_text("#!/bin/sh\n! env | grep -E '^(%s)='\n" % "|".join(HOSTILE))
        unit.chmod(0o755)
        args = ["", unit]
    else:
        args = ["tests/e2e/test_suite.py", "-k", "the_shell_says"]
    done = subprocess.run([CI / suite, *args], capture_output=True, text=True,
                          env={**os.environ, **HOSTILE, "JOBS": "1"}, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout or "1 passed" in done.stdout


def test_counts_of_coverage_are_whole_under_a_limit_of_file_sizes(tmp_path):
    """A torn file of counts makes every later run of the coverage build complain."""
    (tmp_path / "one.c").write_text(
        "int main(int n, char **v) { (void)v; return n > 1 ? n > 2 ? 2 : 1 : 0; }\n")
    subprocess.run(["gcc", "--coverage", "-O0", "-Wl,--wrap=_exit", "one.c",
                    CI.parent / "tests/support/coverage.c", "-o", "one"], cwd=tmp_path, check=True)
    for args in ([], ["a"], ["a", "b"], []):
        done = subprocess.run(["./one", *args], cwd=tmp_path, capture_output=True, text=True,
                              preexec_fn=harness.limit_file_size(50))
        assert (done.returncode, done.stderr) == (len(args), "")
    subprocess.run(["gcov", "one-one.gcda"], cwd=tmp_path, check=True, capture_output=True)
    assert "        4:    1:" in (tmp_path / "one.c.gcov").read_text()


BENCH = CI.parent / "tests" / "bench" / "run.py"


@pytest.mark.parametrize("lacks, source, words", [
    *((lacks, {}, 'bench: missing: python3-%s (Debian\'s names); "make deps bench" installs '
       "them\n" % lacks) for lacks in ("websockets", "trustme")),
    (None, {"BENCH_SOURCE": "steam"},
     "bench: BENCH_SOURCE steam: the sources are stream, notifications, sinks\n")])
def test_bench_names_what_is_missing_or_unknown(tmp_path, lacks, source, words):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda n, p=None: None if n == '%s' else real(n, p)\n" % lacks)
    done = subprocess.run([sys.executable, BENCH, "gsqstat", tmp_path],
                          env={**os.environ, "PYTHONPATH": str(tmp_path), **source},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words)
