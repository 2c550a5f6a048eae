"""The sample's rows, kept byte for byte: tests/golden/NAME.args beside NAME.out.

Words NAME=VALUE at the begin of the arguments are the environment's; of two --replay the last
one holds, and its file is in this directory. `make golden` writes the .out files anew; the
diff is what a review reads.
"""
import os
import pathlib
import shlex

import pytest

HERE = pathlib.Path(__file__).parent
CASES = sorted((HERE / "golden").glob("*.args"))


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_rows_are_as_kept(tool, case):
    words = shlex.split(case.read_text())
    while "=" in words[0]:
        name, value = words.pop(0).split("=")
        tool.env[name] = value
    words = [HERE / word if word.endswith(".ndjson") else word for word in words]
    r = tool.run("--replay", HERE / "sample.ndjson", *words)
    assert r.status == 0, r.err
    kept = case.with_suffix(".out")
    if os.environ.get("GOLDEN") == "rewrite":
        kept.write_text(r.out)
    assert r.out == kept.read_text()


def test_there_are_cases():
    assert len(CASES) >= 4
