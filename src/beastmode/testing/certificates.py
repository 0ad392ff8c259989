"""Certificates made when a test needs one, by the `openssl` command; none is kept."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that signs itself.   certificate, key: PEM files; a client that trusts the first trusts it."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts it and nothing else."""
        return ssl.create_default_context(cafile=str(self.certificate))


def make_certificate(folder: Path, name: str = "DNS:localhost,IP:127.0.0.1") -> Certificate:
    """A certificate for the hosts of `name`, in openssl's notation, valid for a day. Takes about 20 ms.

    Raises FileNotFoundError where there is no `openssl`.
    """
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    arguments = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    arguments += ["-days", "1", "-subj", "/CN=beastmode test", "-addext", f"subjectAltName={name}"]
    arguments += ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(arguments, check=True, capture_output=True)
    return made
