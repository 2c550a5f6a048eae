"""The recipe of shards as an array job, with a Slurm of its own on this machine."""
import json
import os
import subprocess

import frames
import gateway
import harness
import pytest
from test_docs import RECIPE
from test_shard import shard_of

CONF = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=%(first)d
SlurmdPort=%(second)d
AuthType=auth/munge
AuthInfo=socket=%(at)s/munge.socket
StateSaveLocation=%(at)s/state
SlurmdSpoolDir=%(at)s/spool
SlurmctldPidFile=%(at)s/ctld.pid
SlurmdPidFile=%(at)s/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MailProg=/bin/true
NodeName=localhost NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:10
"""


@pytest.fixture
def tool(tmp_path):
    return harness.Tool(tmp_path)


def end(process):
    process.terminate()
    process.wait(timeout=harness.PATIENCE)


@pytest.fixture
def slurm(tool):
    """A cluster of one node, which is idle."""
    if os.geteuid() != 0:
        pytest.skip("slurmd has to be root")
    place = tool.dir / "slurm"
    for path in (place, place / "state", place / "spool"):
        path.mkdir(0o755)
    path = tool.write("slurm/slurm.conf", CONF % {
        "at": place, "first": harness.free_port(), "second": harness.free_port()})
    tool.write("slurm/key", os.urandom(1024), 0o600)
    env = {**tool.env, "PATH": tool.env["PATH"] + ":/usr/sbin:/sbin", "SLURM_CONF": str(path)}
    tool.env = env
    names = ("socket", "log-file", "pid-file", "seed-file")
    daemons = [
        ["munged", "--foreground", "--force", "--key-file=%s/key" % place,
         *("--%s=%s/munge.%s" % (name, place, name.split("-")[0]) for name in names)],
        ["slurmctld", "-D"], ["slurmd", "-D", "-N", "localhost"]]
    started = []
    try:
        for command in daemons:
            with (place / (command[0] + ".out")).open("w") as out:
                started.append(subprocess.Popen(command, env=env, stdout=out, stderr=out,
                                                stdin=subprocess.DEVNULL, cwd=place))
            if command[0] == "munged":
                assert harness.eventually((place / "munge.socket").exists)

        def idle():
            return subprocess.run(["sinfo", "-h", "-o", "%t"], env=env, capture_output=True,
                                  text=True).stdout == "idle\n"
        assert harness.eventually(idle), [path.read_text() for path in place.glob("*.out")]
        yield
    finally:
        for process in reversed(started):
            end(process)


def submit(tool):
    done = subprocess.run(["bash", "-ec", RECIPE["sbatch"]], env=tool.env, cwd=tool.dir,
                          capture_output=True, text=True, timeout=2 * harness.PATIENCE)
    assert done.stdout.startswith("Submitted batch job "), done.stderr
    return done.returncode


def test_shards_as_an_array(tool, slurm):
    with gateway.Gateway(tool.dir, gateway.Scenario(rate=40)) as service:
        tool.login(service)
        (tool.dir / "bin").mkdir()
        program = '#!/bin/sh\n%sexec %s -w 300ms "$@"\n'
        tool.write("bin/gsqstat", program % ("", harness.PROGRAM), 0o755)
        tool.env["PATH"] = "%s:%s" % (tool.dir / "bin", tool.env["PATH"])
        tool.write("queues.csv", "id\n" + "\n".join(frames.QUEUES[:12]))
        assert submit(tool) == 0
        for k in range(10):
            rows = [json.loads(line) for line in
                    (tool.dir / ("rows.%d.ndjson" % k)).read_text().splitlines()]
            assert [row["queueId"] for row in rows] == [
                queue for queue in frames.QUEUES[:12] if shard_of(queue, 10) == k]
        fails = '[ "$SLURM_ARRAY_TASK_ID" != 3 ] || exit 5\n'
        tool.write("bin/gsqstat", program % (fails, harness.PROGRAM), 0o755)
        assert submit(tool) == 5
