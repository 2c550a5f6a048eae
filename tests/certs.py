"""A certificate authority of the moment, and a server context signed by it."""
import ssl

import trustme


class Authority:
    def __init__(self, directory):
        self.ca = trustme.CA()
        self.path = str(directory / "ca.pem")
        self.ca.cert_pem.write_to_path(self.path)

    def context(self, *names):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context
