#!/usr/bin/python3
"""The real program against a service on this machine, over TLS: `make demo`."""
import os
import shlex
import subprocess
import sys
import tempfile

import frames
import gateway
import notices

SOURCES = {
    "stream": (gateway, lambda at: gateway.Gateway(at, gateway.Scenario(rate=5)),
               frames.QUEUES[:3]),
    # Its rows are wide, and several for each queue.
    "notifications": (notices, lambda at: notices.Notices(at, notices.Scenario(rate=5)),
                      ["--source", "notifications", "--queue-name", "Queue 01",
                       "--queue-name", "Queue 02"]),
}


def main(program, source):
    if source not in SOURCES:
        sys.exit("SOURCE is one of: %s" % ", ".join(SOURCES))
    side, start, own = SOURCES[source]
    with tempfile.TemporaryDirectory() as directory, start(directory) as service:
        env = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": directory,
               "GENESYS_CLIENT_ID": side.CLIENT_ID, "GENESYS_CLIENT_SECRET": side.SECRET,
               "GENESYS_API_HOST": service.host}
        args = ["--cacert", service.ca, "--window", "2s", "--count", "2",
                "--audit", "logfmt", *own]
        print("$ gsqstat", shlex.join(args), file=sys.stderr, flush=True)
        return subprocess.run([program, *args], env=env, timeout=30,
                              stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
