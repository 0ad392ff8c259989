"""The keys of a home: made, changed and taken away by a person, read by gateways, which write what each has used."""

from __future__ import annotations

import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from beastmode.errors import PreconditionError
from beastmode.settings import Rate, parse_rates
from beastmode.store.allowance import Use, parse_allowances, period_names, plain, written
from beastmode.store.keys.file import BUSY_S, keys_fault, open_keys
from beastmode.store.keys.key import Key, KeyLimits, parse_models
from beastmode.store.keys.secret import hash_of, new_secret
from beastmode.store.sqlite.file import file_id, transaction

Spent = Mapping[tuple[str, str], Use]
"""By the id of a key and the name of a day or month."""

_ID_BYTES = 6
_NONE = "none"
_NEW_KEY = """
    INSERT INTO keys (id, name, models, rates, budgets, rights, created_unix, expires_unix)
    VALUES (:id, :name, :models, :rates, :budgets, :rights, :created_unix, :expires_unix)
"""
_CHANGED = """
    UPDATE keys SET models = :models, rates = :rates, budgets = :budgets, rights = :rights, expires_unix = :expires_unix
    WHERE id = :id
"""
_AMOUNTS = ", ".join(Use._fields)
_NEW_SECRET = "INSERT INTO secrets (hash, key) VALUES (?, ?)"  # noqa: S105 a statement
_UNTIL = "UPDATE secrets SET until_unix = min(coalesce(until_unix, ?), ?) WHERE key = ?"
_LATEST = "UPDATE keys SET used_unix = max(coalesce(used_unix, ?), ?) WHERE id = ?"


def _spent(together: str) -> str:
    """The statement that joins what a key has used in a period with what is there of it.   together: of two amounts."""
    joined = ", ".join(f"{name} = {together.format(name, f'excluded.{name}')}" for name in Use._fields)
    values = ", ".join("?" * (2 + len(Use._fields)))
    return (
        f"INSERT INTO spent (key, period, {_AMOUNTS}) VALUES ({values}) "  # noqa: S608 names of ours
        f"ON CONFLICT (key, period) DO UPDATE SET {joined}"
    )


_ADD, _RAISE = _spent("{} + {}"), _spent("max({}, {})")


class KeyStore:
    """The keys at `path`; the file is made where there is none. For one thread at a time, many processes.

    durable: a change survives a power cut, not only kill -9.   busy_s: how long another process may hold it.   Every
    act raises KeysError where the file or its disk fails, and then nothing has changed.
    """

    def __init__(self, path: Path, *, durable: bool = True, busy_s: float = BUSY_S) -> None:
        self.path = path
        self._db = open_keys(path, durable=durable, busy_s=busy_s)
        self._file_id = file_id(path)

    @property
    def gone(self) -> bool:
        """The file was deleted or replaced: this store reads and writes one that nobody else sees."""
        return file_id(self.path) != self._file_id

    @property
    def version(self) -> int:
        """Another number whenever another connection has changed anything. Takes a few microseconds."""
        try:
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise keys_fault(error, self.path) from error

    def all(self) -> list[Key]:
        """Every key, also those taken away, in the order of their names."""
        with self._transaction("BEGIN") as db:
            hashes, used = defaultdict(list), defaultdict[str, dict[str, Use]](dict)
            for hash_, key, until in db.execute("SELECT hash, key, until_unix FROM secrets"):
                hashes[key].append((hash_, until))
            for key, period, *amounts in db.execute(f"SELECT key, period, {_AMOUNTS} FROM spent"):  # noqa: S608 ours
                used[key][period] = Use(*amounts)
            rows = db.execute("SELECT * FROM keys ORDER BY name")
            names = [name for name, *_ in rows.description]
            known = [dict(zip(names, row, strict=True)) for row in rows]
            return [_key(row, hashes[row["id"]], used[row["id"]]) for row in known]

    def find(self, name: str) -> Key:
        """The key of that name or id. Raises PreconditionError where there is none."""
        found = next((key for key in self.all() if name in (key.name, key.id)), None)
        if found is None:
            tip = "`beast keys list` shows those there are; --home says where they lie."
            raise PreconditionError(f"there is no key {name!r}", where=str(self.path), tip=tip)
        return found

    def add(self, name: str, limits: KeyLimits, unix: float) -> tuple[Key, str]:
        """A new key, and its secret, which is kept nowhere. Raises PreconditionError where the name is taken."""
        key, secret = Key(secrets.token_hex(_ID_BYTES), name, limits, unix), new_secret()
        with self._transaction() as db:
            taken = db.execute("SELECT revoked_unix FROM keys WHERE name = ?", (name,)).fetchone()
            if taken is not None:
                raise _taken(name, revoked=taken[0] is not None)
            db.execute(_NEW_KEY, {"id": key.id, "name": name, "created_unix": unix} | _columns(limits))
            db.execute(_NEW_SECRET, (hash_of(secret), key.id))
        return key, secret

    def change(self, name: str, **limits: Any) -> Key:
        """Give a key other limits, those of `KeyLimits` that are named. Raises PreconditionError."""
        key = self._in_force(name)
        changed = replace(key.limits, **limits)
        with self._transaction() as db:
            db.execute(_CHANGED, {"id": key.id} | _columns(changed))
        return replace(key, limits=changed)

    def rotate(self, name: str, grace_s: float, unix: float) -> str:
        """A new secret for a key. The one in force, and any before it that still works, do so for `grace_s` seconds
        more at most. Raises PreconditionError."""
        key, secret, until = self._in_force(name), new_secret(), unix + grace_s
        with self._transaction() as db:
            db.execute(_UNTIL, (until, until, key.id))
            db.execute(_NEW_SECRET, (hash_of(secret), key.id))
        return secret

    def revoke(self, name: str, unix: float) -> Key:
        """Take a key away for good; its name stays taken, as the ledger has it. Raises PreconditionError."""
        key = self._in_force(name)
        with self._transaction() as db:
            db.execute("UPDATE keys SET revoked_unix = ? WHERE id = ?", (unix, key.id))
        return replace(key, revoked_unix=unix)

    def spend(self, spent: Spent, used_unix: Mapping[str, float]) -> None:
        """Add what keys have used since the last time, and when they were used last (by id)."""
        if not spent and not used_unix:
            return
        with self._transaction() as db:
            db.executemany(_ADD, [(*of, *use) for of, use in spent.items()])
            db.executemany(_LATEST, [(unix, unix, key) for key, unix in used_unix.items()])

    def at_least(self, spent: Spent, unix: float) -> None:
        """Let nothing be less than this, as the ledger has it; forget what was used in days and months before."""
        with self._transaction() as db:
            db.execute("DELETE FROM spent WHERE period NOT IN (?, ?)", period_names(unix))
            db.executemany(_RAISE, [(*of, *use) for of, use in spent.items()])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _in_force(self, name: str) -> Key:
        key = self.find(name)
        if key.revoked_unix is not None:
            tip = "Make another with `beast keys add`."
            raise PreconditionError(f"the key {key.name!r} is revoked", where=str(self.path), tip=tip)
        return key

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """All of it or nothing; of what is read, one state."""
        try:
            with transaction(self._db, begin):
                yield self._db
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise keys_fault(error, self.path) from error


def _columns(limits: KeyLimits) -> dict[str, object]:
    return {
        "models": written(limits.models),
        "rates": written(
            [f"{rate.starts}/{plain(rate.span_s)}s" for rate in limits.rates]
        ),  # str(rate) rounds
        "budgets": written(limits.allowances),
        "rights": written(sorted(limits.rights)),
        "expires_unix": limits.expires_unix,
    }


def _key(row: Mapping[Any, Any], hashes: Sequence[tuple[bytes, float | None]], used: dict[str, Use]) -> Key:
    limits = KeyLimits(
        parse_models(row["models"]),
        _rates_in(row["rates"]),
        parse_allowances(row["budgets"]),
        frozenset(row["rights"].split(",")) - {_NONE},
        row["expires_unix"],
    )
    times = {name: row[name] for name in ("created_unix", "revoked_unix", "used_unix")}
    return Key(row["id"], row["name"], limits, secrets=tuple(hashes), used=used, **times)


def _rates_in(text: str) -> tuple[Rate, ...]:
    """Rates as `_columns` writes them: what a person may write today is no bound for what is there. Raises
    SettingError."""
    parts = [part.partition("/") for part in text.split(",") if text != _NONE]
    try:
        return tuple(Rate(int(starts), float(span.removesuffix("s"))) for starts, _, span in parts)
    except ValueError:
        return parse_rates(text)  # which says what is wrong with it


def _taken(name: str, *, revoked: bool) -> PreconditionError:
    if revoked:
        tip = "Choose another name: the ledger has this one for what the old key asked."
        return PreconditionError(f"a key {name!r} was there and is revoked", tip=tip)
    tip = f"Choose another name, or give it a new secret: beast keys rotate {name}"
    return PreconditionError(f"there is a key {name!r} already", tip=tip)
