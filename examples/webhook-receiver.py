#!/usr/bin/python3
"""Receives what `gsqstat --callback` sends, and prints the rows, one a line.

    KEY=whsec_$(openssl rand -base64 32)
    WEBHOOK_KEYS=$KEY webhook-receiver.py 8080
    echo "$KEY" >key; chmod 600 key
    gsqstat ... --callback http://127.0.0.1:8080/ --callback-allow-private --callback-key-file key

It checks the signature as Standard Webhooks has it, refuses deliveries that are older than five
minutes, and prints a delivery that comes twice once. WEBHOOK_KEYS has one key or several with
blanks between them, so a key can be changed without a gap. Put a server with TLS in front of it.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import time

TOLERANCE = 300                 # seconds that a delivery may be old, or ahead
BODY_MAX = 1 << 20              # bytes; gsqstat sends at most 256 KiB
KNOWN_MAX = 10000               # IDs that are remembered


def is_signed(keys, headers, body):
    """Whether a signature of any key fits."""
    text = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    wanted = [base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
              for key in keys]
    given = [word[3:] for word in headers["webhook-signature"].split() if word.startswith("v1,")]
    return any(hmac.compare_digest(a, b) for a in wanted for b in given)


def is_fresh(timestamp):
    return timestamp.isdigit() and abs(time.time() - int(timestamp)) <= TOLERANCE


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = ()
    known = {}                  # IDs of deliveries that were printed, oldest first

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > BODY_MAX:
            return self.reply(413)
        body = self.rfile.read(int(length))
        if any(name not in self.headers for name in
               ("webhook-id", "webhook-timestamp", "webhook-signature")):
            return self.reply(400)
        if not is_fresh(self.headers["webhook-timestamp"]) \
                or not is_signed(self.keys, self.headers, body):
            return self.reply(401)
        return self.reply(self.take(self.headers["webhook-id"], body))

    def take(self, delivery, body):
        if delivery in self.known:
            return 200          # it was printed, but the answer did not arrive
        window = json.loads(body)
        window = window.get("data", window)     # of a CloudEvent
        for row in window["rows"]:
            print(json.dumps(row), flush=True)
        self.known[delivery] = True
        if len(self.known) > KNOWN_MAX:
            del self.known[next(iter(self.known))]
        return 204

    def reply(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        if status >= 400:
            self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, format, *args):
        print("%s %s" % (self.address_string(), format % args), file=sys.stderr)


def main():
    Receiver.keys = [base64.b64decode(key.removeprefix("whsec_"), validate=True)
                     for key in os.environ.get("WEBHOOK_KEYS", "").split()]
    if not Receiver.keys or len(sys.argv) != 2:
        sys.exit("usage: WEBHOOK_KEYS=whsec_... webhook-receiver.py PORT")
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()


if __name__ == "__main__":
    main()
