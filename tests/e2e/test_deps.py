"""make deps: what it would do on machines that this one is not (dry run)."""
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / ".ci" / "deps"
LIBS = SCRIPT.parent / "libs"

DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/own.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
INLINE_KEY = """\
Types: deb deb-src
URIs: https://mirror.example/debian/
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYB
 -----END PGP PUBLIC KEY BLOCK-----
"""
BACKPORTS = DEB822.replace("bookworm-updates", "bookworm-updates bookworm-backports")
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/own.gpg] http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
"""


class Machine:
    """A fake apt directory, os-release and commands before the real ones."""

    def __init__(self, path):
        self.path = path
        self.apt = path / "apt"
        self.bin = path / "bin"
        self.os_release = path / "os-release"
        (self.apt / "sources.list.d").mkdir(parents=True)
        self.bin.mkdir()
        self.debian("12")
        self.command("id", "echo 0")
        self.command("apt-get", "exit 0")
        self.command("apt-cache", "echo '  Depends: clang-14'")
        self.command("dpkg-query", "exit 1")
        self.command("sudo", "exit 1")

    def debian(self, version):
        self.os_release.write_text(f'ID=debian\nVERSION_ID="{version}"\n')

    def command(self, name, body):
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def source(self, name, text):
        (self.apt / name).write_text(text)

    def deps(self, *goals, have="", dry=True, status=0):
        env = {
            "PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEPS_OS_RELEASE": str(self.os_release),
            "DEPS_APT_DIR": str(self.apt),
            "DEPS_HAVE": have,
        }
        done = subprocess.run([SCRIPT, *["--dry-run"][:dry], *goals], env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        assert done.returncode == status, done.stderr
        return done

    def installs(self, *goals, have=""):
        line, = [x for x in self.deps(*goals, have=have).stdout.splitlines() if " install " in x]
        words = line.split()
        return [x for x in words[words.index("install") + 1:] if x[0] != "-"]


@pytest.fixture
def machine(tmp_path):
    """Debian 12, whose sources nothing is known of."""
    return Machine(tmp_path)


@pytest.fixture
def bookworm(machine):
    """The same with its sources."""
    machine.source("sources.list", ONE_LINE)
    return machine


@pytest.fixture
def trixie(machine):
    machine.debian("13")
    return machine


def test_nothing_is_done_where_all_is_there(machine):
    for goals in [], ["demo"], ["check"]:
        done = machine.deps(*goals, have="all")
        assert done.stdout == "deps: all that is needed is here\n"


def test_demo_installs_what_building_and_showing_need_and_no_more(trixie):
    small = trixie.installs("demo")
    assert {"gcc", "make", "libcurl4-openssl-dev", "libcjson-dev", "libssl-dev"} <= set(small)
    assert not {"valgrind", "postgresql", "python3-pytest", "prometheus"} & set(small)
    assert small == trixie.installs("all", "demo")


@pytest.mark.parametrize("goals", [[], ["check"], ["demo", "check"], ["check", "demo"], ["lint"]])
def test_any_other_goal_installs_everything(trixie, goals):
    wanted = trixie.installs(*goals)
    assert {"gcc", "valgrind", "postgresql", "python3-pytest", "prometheus",
            "prometheus-node-exporter", "icinga2-bin"} <= set(wanted)


def test_consumers_have_packages_of_their_own(trixie):
    more = set(trixie.installs("check-consumers")) - set(trixie.installs("check"))
    assert {"chromium", "cron", "logrotate", "systemd", "util-linux"} <= more
    assert more <= set(trixie.installs()) and more <= set(trixie.installs("check-consumers", "all"))
    assert not more & set(trixie.installs("demo"))


def test_only_what_is_missing_is_installed(trixie):
    have = " ".join(x for x in trixie.installs("demo") if x != "libcjson-dev")
    assert trixie.installs("demo", have=have) == ["libcjson-dev"]


def test_the_sanitizers_runtime_is_that_of_clangs_version(trixie):
    trixie.command("apt-cache", "echo '  Depends: clang-19'")
    wanted = trixie.installs("check")
    assert "libclang-rt-19-dev" in wanted and "libclang-rt-dev" not in wanted


def test_debian_13_needs_no_backports(trixie):
    trixie.source("sources.list.d/debian.sources", DEB822.replace("bookworm", "trixie"))
    done = trixie.deps()
    assert "backports" not in done.stdout


LIST, DEBIAN = "sources.list", "sources.list.d/debian.sources"


@pytest.mark.parametrize("sources, said", [
    # They come from a source of the machine's own,
    ({DEBIAN: DEB822}, ["adding bookworm-backports as APT/sources.list.d/gsqstat-backports.sources",
                        """\
    Types: deb
    Suites: bookworm-backports
    Components: main
    URIs: http://mirror.example/debian
    Signed-By: /usr/share/keyrings/own.gpg
"""]),
    # with the key that is within it,
    ({"sources.list.d/own.sources": INLINE_KEY},
     ["".join(f"    {x}\n" for x in INLINE_KEY[INLINE_KEY.index("Signed-By"):].splitlines()),
      "    URIs: https://mirror.example/debian/\n"]),
    # also from one of one line, with options or without.
    ({LIST: ONE_LINE}, ["sources.list.d/gsqstat-backports.list",
                        "    deb [arch=amd64 signed-by=/usr/share/keyrings/own.gpg] "
                        "http://mirror.example/debian bookworm-backports main\n"]),
    ({"sources.list.d/x.list": "deb\thttp://m.example/debian/  bookworm  main\n"},
     ["    deb http://m.example/debian/ bookworm-backports main\n"]),
    # Those that are switched off, or in a comment, do not count.
    *(({"sources.list.d/off.sources": text, "sources.list.d/on.sources": DEB822},
       ["adding bookworm-backports"]) for text in (
          BACKPORTS.replace("Types: deb\n", "Types: deb\nEnabled: no\n"),
          BACKPORTS.replace("Types: deb\n", "Types: deb-src\n"),
          "# " + BACKPORTS.replace("\n", "\n# "))),
    ({LIST: ONE_LINE + "#deb http://m.example/debian bookworm-backports main\n"},
     ["adding bookworm-backports"])])
def test_backports_that_are_missing_are_added(machine, sources, said):
    for name, text in sources.items():
        machine.source(name, text)
    told = machine.deps("demo").stdout.replace(str(machine.apt), "APT")
    assert [words for words in said if words not in told] == [], told


@pytest.mark.parametrize("name,text", [
    (DEBIAN, BACKPORTS),
    (LIST, ONE_LINE + "deb http://m.example/debian bookworm-backports main\n"),
    (LIST, "deb http://m.example/debian bookworm main\n"
     "deb [trusted=yes] http://m.example/debian oldstable-backports main contrib\n"),
])
def test_backports_that_are_there_are_used_as_they_are(machine, name, text):
    machine.source(name, text)
    done = machine.deps("demo")
    assert "adding" not in done.stdout
    assert "libcurl4-openssl-dev/bookworm-backports" in done.stdout


@pytest.mark.parametrize("text", [
    "", "deb cdrom:[Debian 12]/ bookworm main\n", "deb http://m.example/debian trixie main\n",
    "deb http://m.example/debian bookworm contrib\n"])
def test_without_a_source_of_bookworm_it_says_so(machine, text):
    machine.source("sources.list", text)
    done = machine.deps("demo", status=1)
    assert "no source of bookworm" in done.stderr


def test_only_libcurl_comes_from_backports(bookworm):
    wanted = bookworm.installs("demo")
    assert [x for x in wanted if "/" in x] == [
        "libcurl4-openssl-dev/bookworm-backports", "libcurl4/bookworm-backports"]
    assert "libcurl4-openssl-dev" not in wanted


def test_an_installed_curl_moves_with_its_library(bookworm):
    bookworm.command("dpkg-query", "echo installed")
    assert "curl/bookworm-backports" in bookworm.installs("demo")


def test_curl_itself_comes_from_backports_too(bookworm):
    wanted = bookworm.installs("check")
    assert "curl/bookworm-backports" in wanted and "curl" not in wanted


def test_no_backports_where_libcurl_is_good(bookworm):
    done = bookworm.deps("demo", have="libcurl4-openssl-dev")
    assert "backports" not in done.stdout


def test_apt_removes_nothing_and_asks_nothing(bookworm):
    line = [x for x in bookworm.deps("demo").stdout.splitlines() if " install " in x][0]
    assert "--no-remove" in line and "--yes" in line
    assert "DEBIAN_FRONTEND=noninteractive" in line


def assert_named_for_all(text):
    for name in "apt install", "dnf install", "pacman -S", "apk add", "brew install", "8.14":
        assert name in text
    assert "Linux" in text.splitlines()[-1]


@pytest.mark.parametrize("release", [
    "ID=fedora\nVERSION_ID=42\n", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=24.04\n",
    "ID=debian\nVERSION_ID=11\n", ""])
def test_on_another_system_the_packages_are_named(machine, release):
    machine.os_release.write_text(release)
    done = machine.deps("demo", dry=False, status=1)
    assert done.stdout == ""
    assert_named_for_all(done.stderr)


def test_sudo_is_used_where_it_works(bookworm):
    bookworm.command("id", "echo 1000")
    log = bookworm.path / "log"
    bookworm.command("sudo", f'printf "%s\\n" "$*" >>{log}; [ "$1" != tee ] || cat >>{log}')
    bookworm.deps("demo", dry=False)
    lines = log.read_text().splitlines()
    assert lines[0] == "-n true"
    assert lines[1].startswith(f"tee {bookworm.apt}/sources.list.d/gsqstat-backports.list")
    assert "apt-get" in lines[-1] and " install " in lines[-1]


@pytest.mark.parametrize("command, body, words", [
    ("id", "echo 1000", "sudo"),            # no rights
    ("apt-get", 'case " $* " in *" install "*) exit 100 ;; esac', "")])
def test_packages_that_cannot_be_installed_are_named(bookworm, command, body, words):
    bookworm.command(command, body)
    done = bookworm.deps("demo", dry=False, status=1)
    assert words in done.stderr
    assert_named_for_all(done.stderr)


def test_a_failed_update_is_not_the_end(trixie):
    trixie.command("apt-get", 'case " $* " in *" update "*) exit 100 ;; esac')
    done = trixie.deps("demo", dry=False)
    assert "going on" in done.stderr


def test_backports_file_is_written_once(machine):
    machine.source("sources.list.d/debian.sources", DEB822)
    assert "adding" in machine.deps("demo", dry=False).stdout
    written = machine.apt / "sources.list.d" / "gsqstat-backports.sources"
    assert "Suites: bookworm-backports\n" in written.read_text()
    assert os.stat(written).st_mode & 0o777 == 0o644
    assert "adding" not in machine.deps("demo", dry=False).stdout


def test_the_sanitizers_of_gcc_have_packages_of_their_own_in_fedora(machine):
    machine.os_release.write_text("ID=fedora\nVERSION_ID=42\n")
    text = machine.deps("check", dry=False, status=1).stderr
    for line in text.splitlines():
        if "Fedora:" in line:
            assert {"gcc", "libasan", "libubsan"} <= set(line.split())
        if "Debian:" in line or "Arch:" in line:
            assert sorted(set(line.split())) == sorted(line.split())
    assert "libasan" not in machine.deps("demo", dry=False, status=1).stderr


def libs(path, version="8.14.0", protocols="HTTPS WS WSS", there="libcurl libcjson libcrypto"):
    """What .ci/libs says where pkg-config answers this way and curl-config is silent."""
    for name, body in (("curl-config", "exit 1"), ("pkg-config", f"""
        case $1 in
        --exists) case ' {there} ' in *" $2 "*) ;; *) exit 1 ;; esac ;;
        --atleast-version=*) printf '%s\\n' {version} "${{1#*=}}" | sort -CrV ;;
        --modversion) echo {version} ;;
        --variable=supported_protocols) echo '{protocols}' ;;
        esac""")):
        (path / name).write_text(f"#!/bin/sh\n{body}\n")
        (path / name).chmod(0o755)
    done = subprocess.run([LIBS], env={"PATH": f"{path}:/usr/bin:/bin"}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert done.stdout == ""
    assert done.returncode == (done.stderr != "")
    return done.stderr.splitlines()


@pytest.mark.parametrize("protocols", ["HTTPS WS WSS", '"HTTPS WS WSS"', "wss https"])
def test_good_libraries_are_not_spoken_of(tmp_path, protocols):
    assert libs(tmp_path, protocols=protocols) == []


@pytest.mark.parametrize("version", ["7.88.1", "8.9.0", "8.13.0"])
def test_an_old_libcurl_gets_one_line_that_says_what_to_do(tmp_path, version):
    assert libs(tmp_path, version) == [
        f"gsqstat: libcurl {version} is too old, 8.14 with wss is needed: install a newer one; "
        'on Debian 12 "make deps" takes it from bookworm-backports']


@pytest.mark.parametrize("protocols", ["HTTP HTTPS WS", "", "WSSX"])
def test_a_libcurl_without_wss_gets_one_line(tmp_path, protocols):
    line, = libs(tmp_path, protocols=protocols)
    assert "no wss" in line


def test_each_missing_library_gets_a_line_with_its_package(tmp_path):
    lines = libs(tmp_path, there="libcjson")
    assert len(lines) == 2
    assert "libcurl4-openssl-dev" in lines[0] and "libssl-dev" in lines[1]
    assert all('"make deps"' in line for line in lines)


def test_32_bit_machine_is_refused_in_one_line(tmp_path):
    top = SCRIPT.parent.parent
    make = subprocess.run(["make", "-C", top, "-s", "O=%s" % tmp_path, "CC=gcc", "CFLAGS=-m32",
                           "%s/flags" % tmp_path], capture_output=True, text=True, check=False,
                          env={**os.environ, "MAKEFLAGS": ""})
    assert make.returncode == 2
    ours = [line for line in make.stderr.splitlines() if not line.startswith("make")]
    assert ours == ["gsqstat: a 64-bit machine is needed: gcc compiles for another"]
    base = subprocess.run(["gcc", "-m32", "-fsyntax-only", "-x", "c", top / "util/base.h"],
                          capture_output=True, text=True, check=False)
    assert '#error "gsqstat needs a 64-bit machine"' in base.stderr.splitlines()[0]
