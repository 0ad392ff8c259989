"""TLS: whether a certificate and its key will do, found out before the first client does."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from beastmode.errors import PreconditionError, SettingError

_NOT_YET, _EXPIRED = 9, 10
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with its chain, and its private key: PEM files that fit together and are valid now."""

    certificate: Path
    key: Path


def checked_tls(certificate: Path | None, key: Path | None) -> TlsFiles | None:
    """The files to serve TLS with; None where none are named. Shakes hands with itself, in memory.

    Raises SettingError where one is missing, PreconditionError where they cannot be used.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "--tls-cert" if certificate is None else "--tls-key"
        raise SettingError(
            "a certificate and its key go together", where=missing, tip=f"Name both, {missing} too."
        )
    _must_be_readable(certificate, "--tls-cert")
    _must_be_readable(key, "--tls-key")
    _shake_hands(_server(certificate, key), certificate)
    return TlsFiles(certificate, key)


def _must_be_readable(path: Path, flag: str) -> None:
    try:
        with path.open("rb") as file:
            begun = file.read(64 * 1024)
    except OSError as error:
        tip = "Name a file in PEM that this user can read."
        raise PreconditionError(f"{path}: {error.strerror}", where=flag, tip=tip) from None
    if b"-----BEGIN" not in begun:
        tip = "Name a PEM file; of DER one is made by: openssl x509 -inform der -in FILE -out FILE.pem"
        raise PreconditionError(f"{path} is not in PEM", where=flag, tip=tip)


def _server(certificate: Path, key: Path) -> ssl.SSLContext:
    asked = []

    def password() -> str:
        asked.append(True)
        return ""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        if asked:
            what, tip = f"{key} wants a password", f"Write it without: openssl pkey -in {key} -out FILE"
        elif error.reason == "KEY_VALUES_MISMATCH":
            what, tip = (
                f"{key} is not the key of {certificate}",
                "Name the key that the certificate was made for.",
            )
        else:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            what = f"{certificate} and {key} cannot be used: {reason}"
            tip = "Name the certificate (its chain behind it) with --tls-cert and its private key with --tls-key."
        raise PreconditionError(what, where="--tls-key", tip=tip) from None
    return context


def _shake_hands(server: ssl.SSLContext, certificate: Path) -> None:
    """Raises PreconditionError where a client that trusts this certificate would not take it now."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    try:
        for _ in range(4):
            ends = [end for end in ends if not _done(end)]
    except ssl.SSLCertVerificationError as error:
        why = {_EXPIRED: "has expired", _NOT_YET: "is not valid yet"}.get(
            error.verify_code, error.verify_message
        )
        tip = "Renew it, or look at the clock of this machine."
        raise PreconditionError(f"{certificate} {why}", where="--tls-cert", tip=tip) from None


def _done(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
