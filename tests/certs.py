"""A certificate authority of the moment, and a server context signed by it."""
import functools
import ssl

import trustme

# One authority and one certificate a process: Debian 12's trustme makes RSA keys, which cost
# more than the rest of most tests.
authority = functools.cache(trustme.CA)


@functools.cache
def certificate(*names):
    return authority().issue_cert(*names)


class Authority:
    def __init__(self, directory):
        self.path = str(directory / "ca.pem")
        authority().cert_pem.write_to_path(self.path)

    def context(self, *names):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context
