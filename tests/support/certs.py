"""A certificate authority of the moment, and a server context signed by it."""
import datetime
import functools
import ssl

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# One authority and one certificate a process: Debian 12's trustme makes RSA keys, which cost
# more than the rest of most tests.
authority = functools.cache(trustme.CA)


@functools.cache
def certificate(*names):
    return authority().issue_cert(*names)


def certificate_at(directory, begin, end):
    """For localhost, valid from begin to end (days from now), as a file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority().cert_pem.bytes())
    issuer_key = serialization.load_pem_private_key(authority().private_key_pem.bytes(), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(issuer.subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=begin))
            .not_valid_after(now + datetime.timedelta(days=end))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), True)
            .sign(issuer_key, hashes.SHA256()))
    path = directory / "dated.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return path


class Authority:
    def __init__(self, directory):
        self.path = str(directory / "ca.pem")
        authority().cert_pem.write_to_path(self.path)

    def context(self, *names):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context
