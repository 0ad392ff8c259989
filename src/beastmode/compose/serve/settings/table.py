"""Table: every setting of the gateway, once. Flags, variables, keys of beast.toml, schema and docs are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beastmode.compose.serve.settings.forms import (
    CONCURRENCY,
    HEAD_SIZE,
    HEALTH,
    HOST,
    PATH,
    PORT,
    RATE,
    SIZE,
    TIME,
    TOKENS,
    UPSTREAM,
    UPSTREAMS,
    VARIABLE,
    Form,
    count,
    one_of,
    size_above_0,
    time_above_0,
)
from beastmode.runner.home import HOME


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    name: with underscores.   field: where its value goes: in `Serving`, or in `UpstreamSettings` for one of an
    upstream.   default: as one would write it; "" for none.   help: one sentence, without its default.
    of_upstream: its key in `[upstreams.NAME]`; "" for one of `[serve]`.
    """

    name: str
    field: str
    default: str
    form: Form
    help: str
    of_upstream: str = ""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        # BEAST_PORT is what Kubernetes sets, to tcp://…, for a service named beast.
        return "BEAST_HOME" if self.name == "home" else f"BEAST_SERVE_{self.name.upper()}"

    @property
    def place(self) -> str:
        """Where it stands in beast.toml, in words."""
        return f"[upstreams.NAME] {self.of_upstream}" if self.of_upstream else f"[serve] {self.name}"

    @property
    def file_form(self) -> Form:
        """How it is written in beast.toml: one upstream has one URL."""
        return UPSTREAM if self.name == "upstream" else self.form


_BOTH = "0 may mean not at all, or for ever"
_ANSWERS_KEPT = time_above_0(_BOTH, 'Write a time like 24h; to keep none, --cache off, or cache = "off".')
_REQUESTS_KEPT = time_above_0(
    _BOTH, "Write a time like 30d; each is recorded, and kept for at least some time."
)
_BODIES_KEPT = time_above_0(_BOTH, 'Write a time like 7d; to record none, --record none, or record = "none".')
_LIMIT = time_above_0(
    "0 would leave no time at all", "Write a time like 30s; for hardly any limit a long one, like 7d."
)
_BODY = size_above_0(
    "0 would refuse every body", "Write a size like 64MB; for hardly any limit a large one, like 100GB."
)
_LEDGER = size_above_0("0 would keep no request", "Write a size like 1GB; its oldest requests go first.")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "upstream",
        "url",
        "",
        UPSTREAMS,
        "The model server: its base URL, with or without /v1; several are tried in their order.",
        "url",
    ),
    Setting(
        "upstream_key_env",
        "key_env",
        "",
        VARIABLE,
        "The variable with its key, which replaces the clients' own; without, theirs pass through.",
        "key_env",
    ),
    Setting(
        "upstream_key_file", "key_file", "", PATH, "The file with its key, instead of a variable.", "key_file"
    ),
    Setting(
        "rate",
        "rates",
        "8/s",
        RATE,
        "Requests that an upstream bears: 8/s, 60/min, several with commas, or none.",
        "rate",
    ),
    Setting(
        "tokens", "tokens", "none", TOKENS, "Tokens that an upstream bears: 200000/min, or none.", "tokens"
    ),
    Setting(
        "upstream_concurrency",
        "concurrency",
        "3",
        CONCURRENCY,
        "Requests in flight that an upstream bears: a number, none, or auto: found out, at most 32 (auto:16: 16).",
        "concurrency",
    ),
    Setting(
        "limits_per",
        "limits_per",
        "upstream",
        one_of("upstream", "credential"),
        "Whether the limits hold for the upstream as a whole, or for each credential at it.",
        "limits_per",
    ),
    Setting(
        "health",
        "health",
        "none",
        HEALTH,
        "Nothing is sent without evidence that an upstream is well: a URL, tcp://host:port, command: LINE, or none.",
        "health",
    ),
    Setting("host", "host", "127.0.0.1", HOST, "Address to listen on."),
    Setting("port", "port", "8080", PORT, "Port to listen on; 0 for any that is free."),
    Setting("tls_cert", "tls_cert", "", PATH, "Certificate (PEM, with its chain) to serve https with."),
    Setting("tls_key", "tls_key", "", PATH, "Private key of that certificate (PEM)."),
    Setting(
        "keys",
        "keys",
        "auto",
        one_of("auto", "required", "optional"),
        "Whether a request needs a key of `beast keys`; auto: as soon as there is one, and always off loopback.",
    ),
    Setting("home", "home", HOME, PATH, "Where the ledger, the keys and the cache live."),
    Setting(
        "cache",
        "cache",
        "deterministic",
        one_of("off", "deterministic", "all"),
        "Which answers are kept for identical requests: none, those of deterministic requests, or all.",
    ),
    Setting("cache_memory", "cache_memory_bytes", "64MB", SIZE, "How much of the cache is kept in memory."),
    Setting("cache_disk", "cache_disk_bytes", "1GB", SIZE, "How much of it is kept on disk; 0: nothing."),
    Setting("cache_ttl", "cache_ttl_s", "24h", _ANSWERS_KEPT, "How long an answer is kept."),
    Setting(
        "queue_timeout",
        "limits.queue_timeout_s",
        "15m",
        _LIMIT,
        "How long a request waits in line, then 503.",
    ),
    Setting(
        "queue_length",
        "limits.most_waiting",
        "1000",
        count(1),
        "Requests in line at once; one more gets 503.",
    ),
    Setting(
        "silence",
        "limits.silence_s",
        "30s",
        _LIMIT,
        "How long a client that waits for a stream hears nothing; then a sign of life.",
    ),
    Setting("keepalive", "limits.keepalive_s", "15s", _LIMIT, "Time between two such signs."),
    Setting(
        "retries",
        "limits.retries",
        "2",
        count(0),
        "Tries after the first, before the first byte of an answer has gone to the client.",
    ),
    Setting("idle_timeout", "idle_s", "10m", _LIMIT, "The longest silence of an upstream."),
    Setting("connect_timeout", "connect_s", "10s", _LIMIT, "How long a connection to an upstream may take."),
    Setting(
        "linger",
        "linger_s",
        "2s",
        TIME,
        "How much longer a place is held after a call that was cut off: the server may still be at work.",
    ),
    Setting("drain", "drain_s", "30s", TIME, "How long what has left may go on after TERM or Ctrl-C."),
    Setting(
        "max_body",
        "limits.most_body_bytes",
        "64MB",
        _BODY,
        "Largest body of a request; a larger one gets 413.",
    ),
    Setting(
        "max_head",
        "limits.most_head_bytes",
        "64kB",
        HEAD_SIZE,
        "Line and headers of a request; more gets 431. At most 128kB.",
    ),
    Setting(
        "max_answer",
        "limits.most_answer_bytes",
        "8MB",
        SIZE,
        "Of an answer that is held until it is whole, so that it can be tried again; a longer one flows as it comes.",
    ),
    Setting(
        "slow_client",
        "limits.slow_client_s",
        "60s",
        _LIMIT,
        "How long a client may stand still: with a piece unread, in a head, or for 16 KB of a body.",
    ),
    Setting(
        "ledger",
        "strict",
        "lax",
        one_of("lax", "strict", of=lambda word: word == "strict"),
        "Where the ledger cannot be written: traffic passes with an alarm, or gets 503.",
    ),
    Setting(
        "record",
        "record",
        "failures",
        one_of("failures", "all", "none"),
        "Whose bodies are recorded: without what looks like a secret, at most 1 MB of each.",
    ),
    Setting(
        "keep_requests", "retention.age_s", "30d", _REQUESTS_KEPT, "How long requests are kept in the ledger."
    ),
    Setting(
        "keep_bodies", "retention.bodies_age_s", "7d", _BODIES_KEPT, "How long recorded bodies are kept."
    ),
    Setting(
        "ledger_size",
        "retention.size_bytes",
        "1GB",
        _LEDGER,
        "Size of the ledger; the oldest requests go first.",
    ),
    Setting(
        "ui",
        "ui",
        "on",
        one_of("on", "off", of=lambda word: word == "on"),
        "Whether a dashboard is served beside the gateway, at the same address.",
    ),
    Setting(
        "ui_port",
        "ui_port",
        "",
        PORT,
        "Port of the dashboard; 0 for any that is free. Default 8090, or any that is free where that is taken.",
    ),
    Setting("log_format", "log_format", "text", one_of("text", "json"), "How log lines are written."),
    Setting(
        "log_level",
        "log_level",
        "info",
        one_of("debug", "info", "warning", "error"),
        "From which level on they are.",
    ),
    Setting(
        "otel",
        "otel",
        "off",
        one_of("off", "on", of=lambda word: word == "on"),
        "Whether traces are sent by OpenTelemetry; its own OTEL_* variables say where to.",
    ),
)

BY_NAME: Mapping[str, Setting] = {one.name: one for one in SETTINGS}
OF_SERVE: Mapping[str, Setting] = {one.name: one for one in SETTINGS if not one.of_upstream}
OF_UPSTREAM: Mapping[str, Setting] = {one.of_upstream: one for one in SETTINGS if one.of_upstream}
"""By their keys in beast.toml."""
