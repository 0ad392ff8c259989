"""Choice: which of several places decides a setting. A flag wins over a variable, that over beast.toml, that over the
default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beastmode.compose.serve.settings.file import FILE, FileSettings, Said, guess, understood
from beastmode.compose.serve.settings.forms import Form
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.compose.serve.settings.statements import read_file
from beastmode.compose.serve.settings.table import BY_NAME, OF_SERVE, OF_UPSTREAM, Setting
from beastmode.errors import SettingError, SettingsError
from beastmode.failures.words import one_line
from beastmode.gateway.limits import ProxyLimits
from beastmode.safeguards.host.folder import origin
from beastmode.store.ledger.writing.upkeep import Retention

DEFAULT = "default"
_VARIABLES = "BEAST_SERVE_"

Flags = Mapping[str, str | Sequence[str] | None]
"""What was given on the command line, by the name of the setting; None where it was not."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What holds.   name: of a setting, or of a pattern of models.   text: as it was written; "" for none.   where: a
    flag, a variable, a line of a file, or the default.   upstream: whose it is; "" for one of the gateway."""

    name: str
    text: str
    where: str
    upstream: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What holds, and where each of it came from."""

    serving: Serving
    chosen: Sequence[Chosen]


def choose(
    flags: Flags,
    environment: Mapping[str, str],
    config: str | None = None,
    *,
    folder: Path = Path(),
    tell: Callable[[str], None] = lambda note: None,
) -> Choice:
    """What holds.   config: a file of settings; None: beast.toml in `folder`, where there is one.   tell: is told what
    a person should know beside.

    Raises SettingsError with everything that is wrong, PreconditionError where the file cannot be read.
    """
    file = _file(config, folder)
    if file is not None:
        tell(f"Settings are read from {file.document.name}.")
    for note in _unknown_variables(environment):
        tell(note)
    choosing = _Choosing(flags, environment, file, tell)
    serving = choosing.serving()
    if serving is None:
        once = {str(fault): fault for fault in choosing.faults}
        raise SettingsError(sorted(once.values(), key=_line))
    return Choice(serving, choosing.chosen)


def _line(fault: SettingError) -> int:
    """Those of the file in its order; flags and variables first."""
    last = fault.where.rpartition(":")[2]
    return int(last) if last.isdecimal() else 0


def _file(config: str | None, folder: Path) -> FileSettings | None:
    if config is not None:
        if not config.strip():
            raise SettingError(
                "nothing was given", where="--config", tip="Write a file behind it, or leave it out."
            )
        return understood(read_file(Path(config)))
    here = folder / FILE
    return understood(read_file(here)) if here.exists() else None


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Nobody looks for a variable that is misspelt; but a Kubernetes service may set some of that prefix."""
    known = {setting.variable for setting in BY_NAME.values()}
    for name in sorted(environment):
        if name.startswith(_VARIABLES) and name not in known:
            yield f"{name} is no setting and changes nothing. {guess(name, known, 'See docs/gateway.md; there are')}"


class _Choosing:
    """Takes one setting after the other, and notes what is wrong."""

    def __init__(
        self,
        flags: Flags,
        environment: Mapping[str, str],
        file: FileSettings | None,
        tell: Callable[[str], None],
    ) -> None:
        self._flags, self._environment, self._file, self._tell = flags, environment, file, tell
        self._base = Path(file.document.name).parent if file is not None else Path()
        self.faults: list[SettingError] = list(file.document.faults) if file is not None else []
        self.chosen: list[Chosen] = []

    def serving(self) -> Serving | None:
        """What holds; None where something is wrong."""
        upstreams = self._upstreams()
        values = {
            setting.field: self._value(setting, self._file.serve if self._file is not None else {}, name)
            for name, setting in OF_SERVE.items()
        }
        self._see_tls(values)
        self._see_keys(upstreams)
        if self.faults:
            return None
        nested: dict[str, Any] = {
            "limits": ProxyLimits(**_below("limits", values)),
            "retention": Retention(**_below("retention", values)),
        }
        plain = {name: value for name, value in values.items() if "." not in name}
        return Serving(upstreams=tuple(upstreams), models=self._models(), **nested, **plain)

    def _upstreams(self) -> list[UpstreamSettings]:
        said = self._said_outside(BY_NAME["upstream"])
        if said is not None:
            return self._named_outside(said)
        if self._file is not None and self._file.upstreams:
            return [self._upstream(name, keys) for name, keys in self._file.upstreams.items()]
        if self._file is None or not self._file.document.faults:
            tip = f"Name it with --upstream URL, or as [upstreams.main] with url = … in {FILE}."
            self.faults.append(SettingError("no model server is named", where="--upstream", tip=tip))
        return []

    def _named_outside(self, said: Said) -> list[UpstreamSettings]:
        """Upstreams that flags or variables name; those of the file do not count then."""
        setting = BY_NAME["upstream"]
        urls = self._parsed(setting, setting.form, said) or ()
        if self._file is not None and self._file.upstreams:
            self._tell(f"{said.where} was given: [upstreams] and [models] of the file do not count.")
        names = ["main", *(f"upstream-{number}" for number in range(2, len(urls) + 1))]
        return [
            self._upstream(name, {"url": Said(url, said.where)})
            for name, url in zip(names, urls, strict=False)
        ]

    def _upstream(self, name: str, keys: Mapping[str, Said]) -> UpstreamSettings:
        if self._key_is_outside():  # whichever of the two it is, it wins over both of the file
            keys = {key: said for key, said in keys.items() if key not in _KEYS}
        values = {
            setting.field: self._value(setting, keys, key, name)
            for key, setting in OF_UPSTREAM.items()
            if key != "url" or "url" in keys
        }
        return UpstreamSettings(name=name, **{"url": "", **values})

    def _see_keys(self, upstreams: list[UpstreamSettings]) -> None:
        for one in upstreams:
            if one.key_env and one.key_file:
                what = "its key is named twice, by a variable and by a file"
                self.faults.append(
                    SettingError(what, where=f"upstream {one.name}", tip="Leave one of them out.")
                )
        servers = {origin(one.url) for one in upstreams if one.url}
        bare = [one.name for one in upstreams if not (one.key_env or one.key_file)]
        if len(servers) > 1 and bare:
            self._tell(f"Clients' own credentials go to each upstream without a key: {', '.join(bare)}.")
        if self._key_is_outside() and len(servers) > 1:
            tip = f"Name each with its own key in {FILE}: [upstreams.NAME] with url and key_env."
            what = "one key would go to several servers"
            self.faults.append(SettingError(what, where="--upstream-key-env", tip=tip))

    def _key_is_outside(self) -> bool:
        return any(self._said_outside(OF_UPSTREAM[key]) is not None for key in _KEYS)

    def _see_tls(self, values: Mapping[str, Any]) -> None:
        if bool(values["tls_cert"]) != bool(values["tls_key"]):
            missing = "--tls-key" if values["tls_cert"] else "--tls-cert"
            what = "a certificate and its private key are needed together"
            self.faults.append(SettingError(what, where=missing, tip="Name both files, or none."))

    def _models(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if self._file is None or self._said_outside(BY_NAME["upstream"]) is not None:
            return ()
        for pattern, names, line in self._file.models:
            where = f"{self._file.document.name}:{line}"
            self.chosen.append(Chosen(f"models {pattern}", ", ".join(names), where))
        return tuple((pattern, names) for pattern, names, _line in self._file.models)

    def _value(self, setting: Setting, keys: Mapping[str, Said], key: str, upstream: str = "") -> Any:
        """The value that holds; of a wrong one None."""
        said = keys.get(key) if key == "url" else self._said_outside(setting) or keys.get(key)
        if said is None:
            said = Said(setting.default, DEFAULT)
        self.chosen.append(Chosen(setting.name, said.text, said.where, upstream))
        if said.where == DEFAULT and not setting.default:
            return _EMPTY.get(setting.field)
        value = self._parsed(setting, setting.file_form, said)
        if isinstance(value, Path) and keys.get(key) is said:
            value = self._base / value
        return value

    def _said_outside(self, setting: Setting) -> Said | None:
        """On the command line, or in the environment, where an empty variable is as good as none."""
        given = self._flags.get(setting.name)
        if given is not None and given != []:
            return Said(given if isinstance(given, str) else "\n".join(given), setting.flag)
        text = self._environment.get(setting.variable, "")
        return Said(text, setting.variable) if text.strip() else None

    def _parsed(self, setting: Setting, form: Form, said: Said) -> Any:
        in_file = said.where not in (setting.flag, setting.variable, DEFAULT)
        key = setting.of_upstream or setting.name if in_file else ""
        try:
            if not said.text.strip() and setting.name != "health":
                raise SettingError("nothing was given", tip="Write a value, or leave it out.")
            return form.parse(said.text)
        except SettingError as error:
            said_of_it = one_line(error.what)  # it has the text in it, whatever that is
            what = f"{key}: {said_of_it}" if key else said_of_it
            self.faults.append(SettingError(what, where=said.where, tip=error.tip))
            return None


_KEYS = ("key_env", "key_file")
_EMPTY: Mapping[str, Any] = {"key_env": ""}
"""The values of settings without a default that are not None."""


def _below(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(f"{part}."): value for name, value in values.items() if name.startswith(f"{part}.")
    }
