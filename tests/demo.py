#!/usr/bin/python3
"""The real program against the local gateway, over TLS: `make demo`."""
import os
import subprocess
import sys
import tempfile

import frames
from gateway import CLIENT_ID, SECRET, Gateway, Scenario


def main(program):
    with tempfile.TemporaryDirectory() as directory, \
            Gateway(directory, Scenario(rate=5)) as gateway:
        env = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": directory,
               "GENESYS_CLIENT_ID": CLIENT_ID, "GENESYS_CLIENT_SECRET": SECRET,
               "GENESYS_API_HOST": gateway.host}
        args = ["--cacert", gateway.ca, "--window", "2s", "--count", "2",
                "--audit", "logfmt", *frames.QUEUES[:3]]
        print("$ gsqstat", " ".join(args), file=sys.stderr, flush=True)
        return subprocess.run([program, *args], env=env, timeout=30,
                              stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
