"""Servers that are no more than a function for each connection: proxies, and worse ones."""
import contextlib
import socket
import threading


class Listener:
    """Gives each connection to talk(client), in a thread of its own, for as long as a `with`."""

    def __init__(self, talk):
        self.talk = talk
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self._attend, args=(client,), daemon=True).start()

    def _attend(self, client):
        with contextlib.suppress(OSError), client:
            self.talk(client)


def wait_for_end(client):
    while client.recv(65536):
        pass


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Proxy(Listener):
    """Takes CONNECT; answer: it gives this in place of a connection and waits; to: the port that
    it connects to, whatever it was asked for; seen: the requests."""

    def __init__(self, answer=None, tls=None, to=None):
        super().__init__(self._connect)
        self.answer, self.tls, self.to, self.seen = answer, tls, to, []

    def _connect(self, client):
        if self.tls:
            client = self.tls.wrap_socket(client, server_side=True)
        with client:
            head = client.recv(65536).decode()
            if not head:
                return
            self.seen.append(head)
            if self.answer is not None:
                client.sendall(self.answer)
                wait_for_end(client)
                return
            port = self.to or int(head.split()[1].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()
