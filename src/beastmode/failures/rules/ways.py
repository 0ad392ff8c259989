"""Ways: what went wrong between here and there, by words and by names of exceptions."""

from __future__ import annotations

from beastmode.failures.rules.row import NONE, UNSAID, row

WAYS = (
    row(
        "invalid_response",
        "an answer that is no HTTP, by httpx, requests, Go, undici, curl",
        on=UNSAID,
        says="illegal status line | badstatusline | malformed http | invalid http | bad status line | "
        "received http/0.9 | expected http/ | hpe_invalid_constant",
        effect="dropped",
    ),
    row(
        "rate_limit",
        "a limit, told in a broken stream or by a client",
        on=UNSAID,
        says="rate limit | rate-limit | rate_limit | too many requests | ratelimit",
        also="exceed | reached | too many | limited",
    ),
    row(
        "server_error",
        "openai-responses-failed-event as Codex shows it",
        on=(NONE, 200, 500),
        says="an error occurred while processing your request",
    ),
    row(
        "connection_reset",
        "reset-104-ollama: a reset in the middle of a body is also one",
        on=UNSAID,
        says="connection reset | econnreset | errno 104 | errno 54] | 10054 | connectionreseterror | "
        "reset by peer",
    ),
    row(
        "truncated_stream",
        "h11-incomplete-chunked, httpcore-incomplete-chunked, codex: stream ended before its end",
        on=UNSAID,
        says="incomplete chunked read | without sending complete message body | "
        "response ended prematurely | payload is not completed | premature close | "
        "stream disconnected before completion | stream closed before | stream ended before | "
        "stream ended without | unexpected end of | unexpected eof | "
        "err_incomplete_chunked_encoding | connection broken: incompleteread | "
        "transfer closed with | stream was interrupted | stream interrupted | "
        "not enough data for satisfy | not enough data to satisfy | <eof",
    ),
    row(
        "tls",
        "urllib3-ssleof: a handshake cut short can be a passing fault",
        on=UNSAID,
        says="ssleoferror | eof occurred in violation | unexpected_eof_while_reading",
        passing=True,
        tip="tls_cut",
    ),
    row(
        "tls",
        "tls-local-issuer-retried, facts 13 (shown as InternalServerError)",
        on=(*UNSAID, 525, 526),
        says="certificate_verify_failed | certificate verify | wrong_version_number | "
        "wrong version number | self-signed certificate | self signed certificate | "
        "unable to get local issuer | unable to verify the first certificate | "
        "unable_to_verify_leaf | certificate has expired | cert_has_expired | err_tls | err_cert | "
        "depth_zero_self | handshake failure | handshake_failure | tlsv1 | x509: | "
        "hostname mismatch | doesn't match | certificate_unknown | [ssl: | ssl routines | "
        "self_signed_cert | sslerror | ssl_error | sslcertverification | invalid peer certificate | "
        "packet length too long",
    ),
    row(
        "dns",
        "dns-errno-2-dbgpt, facts 14: no such name",
        on=UNSAID,
        unless="public_host",
        passing=False,
        tip="no_such_name",
        says="errno -2] | name or service not known | no such host | errno -5] | no address associated | "
        "could not resolve host",
    ),
    row(
        "dns",
        "a name that is not known here; of a known provider it is the network that is away",
        on=UNSAID,
        traits="public_host",
        says="enotfound | nodename nor servname | getaddrinfo failed | errno 11001 | "
        "failed to lookup address | dns error | errno -2] | name or service not known | no such host | errno -5] | "
        "no address associated | could not resolve host",
    ),
    row(
        "dns",
        "ENOTFOUND and its kin",
        on=UNSAID,
        passing=False,
        tip="no_such_name",
        says="enotfound | nodename nor servname | getaddrinfo failed | errno 11001 | "
        "failed to lookup address",
    ),
    row(
        "dns",
        "dns-errno-3-urllib3: the resolver could not answer just now",
        on=UNSAID,
        says="unknownhost | unknown host | temporary failure in name resolution | eai_again | errno -3] | "
        "name resolution | failed to resolve | nameresolutionerror | gaierror | dns error | "
        "server misbehaving | dns lookup",
    ),
    row(
        "connection_reset",
        "reset-requests, reset-104-ollama",
        on=UNSAID,
        says="connection reset | econnreset | errno 104 | errno 54] | 10054 | broken pipe | epipe | "
        "socket hang up | server disconnected | remote end closed connection | goaway | "
        "stream error: stream id | disconnect/reset before headers | und_err_socket | "
        "connection closed | connection aborted | other side closed | forcibly closed | "
        "prematurely closed | connectionreseterror | remotedisconnected | reset by peer | "
        'connection lost | connection was closed | ": eof | : eof',
    ),
    row(
        "connection_refused",
        "refused-asyncio, httpx: All connection attempts failed",
        on=UNSAID,
        says="unable to connect | could not connect | couldn't connect | can't connect to | "
        "may not be running | is it running | no connection could be made | "
        "connection could not be established | connection refused | econnrefused | "
        "connect call failed | errno 111 | errno 61] | 10061 | all connection attempts failed | "
        "actively refused | no route to host | network is unreachable | host is unreachable | "
        "enetunreach | ehostunreach | connectionrefusederror | "
        "failed to establish a new connection | could not connect to ollama | failed to connect to | "
        "cannot connect to host | couldn't connect to server | could not connect to server",
    ),
    row(
        "timeout",
        "httpcore-timed-out, urllib3-read-timed-out, vercel-25s, cf-524-dify",
        on=(NONE, 200, 500, 502),
        says="i/o timeout | timed out | timeout | time-out | deadline exceeded | "
        "did not return an initial response within | etimedout | took too long | timedout | "
        "stopped as it did not | no response within | request was aborted due to",
    ),
)
NAMES = (
    row(
        "tls",
        "aiohttp, httpx, requests, ssl",
        kinds="SSLError CertificateError ClientSSLError ServerFingerprintMismatch SSLCertVerificationError",
    ),
    row(
        "dns",
        "socket, aiohttp, urllib3",
        kinds="gaierror ClientConnectorDNSError NameResolutionError",
    ),
    row(
        "bad_request",
        "an address that is none",
        kinds="InvalidURL InvalidUrlClientError MissingSchema InvalidSchema UnsupportedProtocol",
    ),
    row(
        "truncated_stream",
        "aiohttp, httpx, requests, urllib: the end is missing",
        kinds="TransferEncodingError ContentLengthError IncompleteRead IncompleteReadError "
        "ClientPayloadError ChunkedEncodingError EventStreamError",
    ),
    row(
        "invalid_response",
        "an answer that is no HTTP",
        kinds="HttpProcessingError BadHttpMessage BadStatusLine LineTooLong LocalProtocolError "
        "ContentTypeError",
    ),
    row(
        "connection_refused",
        "socket",
        kinds="ConnectionRefusedError ECONNREFUSED EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN "
        "NewConnectionError",
    ),
    row(
        "timeout",
        "asyncio, httpx, requests, urllib3, SDKs",
        kinds="TimeoutError TimeoutException Timeout ETIMEDOUT ReadTimeoutError ConnectTimeoutError "
        "ReadTimeout ConnectTimeout PoolTimeout APITimeoutError SocketTimeout",
    ),
    row(
        "connection_reset",
        "socket, asyncio, httpx, requests",
        kinds="ConnectionResetError BrokenPipeError ConnectionAbortedError ECONNRESET EPIPE ECONNABORTED "
        "ServerDisconnectedError ClientConnectionResetError RemoteDisconnected RemoteProtocolError "
        "ReadError WriteError CloseError ProtocolError",
    ),
    row(
        "connection_refused",
        "a connection that failed, and nothing says how",
        kinds="ClientConnectorError ConnectError",
    ),
    row(
        "connection_reset",
        "likewise, once it was open",
        kinds="ClientConnectionError ClientOSError ConnectionError",
    ),
)
