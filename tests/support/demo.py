#!/usr/bin/python3
"""The real program against a service on this machine, over TLS: `make demo`."""
import os
import subprocess
import sys
import tempfile

import frames
import gateway
import notices

NAMES = ["Billing", "Sales", "Support"]
QUEUES = dict(zip(frames.QUEUES, NAMES))
# of each: its server, and the commands
SOURCES = {
    "stream": (gateway, lambda at: gateway.Gateway(at, gateway.Scenario(rate=5)), [
        "gsqstat -Q queues.csv -w 2s -n 3 -s -f table",
        "gsqstat -Q queues.csv -m conversationCount -w 2s -s |"
        " jq -s '.[0] | {start, queueName, metrics}'"]),
    "notifications": (notices, lambda at: notices.Notices(at, notices.Scenario(
        rate=2, queues=[notices.queue(*pair) for pair in QUEUES.items()])), [
        "gsqstat --queue-name '*' --media none -w 2s -n 3 -s -f table",
        "gsqstat --queue-name Sales --media none -m oWaiting -w 2s -s |"
        " jq '{start, queueName, metrics}'"]),
}
NEXT = """What to try next, without an account:
  ./gsqstat --help                                       the most used options
  ./gsqstat --list-metrics                               what each metric means
  ./gsqstat --replay tests/notices.ndjson -w 5m -s       a recording, as a table
  ./gsqstat --replay tests/sample.ndjson -w 5m -s -f csv another one, as CSV
  man ./man/gsqstat.1                                    how to log in, and all the rest
"""


def show(command, env, directory):
    print("$ " + command, flush=True)
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], env=env, cwd=directory,
                          timeout=60, stdin=subprocess.DEVNULL).returncode


def main(program, source):
    if source not in SOURCES:
        sys.exit("SOURCE is one of: %s" % ", ".join(SOURCES))
    side, start, commands = SOURCES[source]
    with tempfile.TemporaryDirectory() as directory, start(directory) as service:
        os.symlink(program, os.path.join(directory, "gsqstat"))
        with open(os.path.join(directory, "queues.csv"), "w") as file:
            file.write("id,name\n" + "".join("%s,%s\n" % queue for queue in QUEUES.items()))
        env = {"PATH": directory + ":" + os.environ["PATH"], "XDG_CACHE_HOME": directory,
               "TERM": os.environ.get("TERM", "dumb"), "SSL_CERT_FILE": service.ca,
               "GENESYS_CLIENT_ID": side.CLIENT_ID, "GENESYS_CLIENT_SECRET": side.SECRET,
               "GENESYS_API_HOST": service.host}
        for command in commands:
            if show(command, env, directory) != 0:
                return 1
            print()
    print(NEXT, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
