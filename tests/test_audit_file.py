"""The rows that the audit vouches for."""
import hashlib
import pathlib

import pytest
from harness import QUEUE

SAMPLE = str(pathlib.Path(__file__).parent / "sample.ndjson")


def sha(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("args", [[], ["-f", "csv"], ["-f", "csv", "--no-header"]])
def test_rows_digest_is_of_the_bytes_printed(tool, args):
    r = tool.run("--replay", SAMPLE, "-w", "1m", *args)
    data, at = r.out.encode(), 0
    for line in r.events("window.flush"):
        part = data[at:at + line["rowsBytes"]]
        assert line["rowsDigest"] == sha(part)
        at += len(part)
    assert at == len(data) and r.out.startswith("window,") == (args == ["-f", "csv"])


def test_rows_of_notifications_have_a_digest(tool):
    (tool.dir / "in").write_text('{"at":"2026-11-24T02:00:00.000000Z","stream":0,'
                                 '"state":"connected"}\n{"at":"2026-11-24T02:00:09.000000Z",'
                                 '"state":"end"}\n')
    r = tool.run("--replay", "in", "--source", "notifications", "--no-snapshot", QUEUE)
    (line,) = r.events("window.flush")
    assert r.out and (line["rowsDigest"], line["rowsBytes"]) == (sha(r.out.encode()), len(r.out))
