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

from sqlalchemy import Connection, create_engine, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from beastmode.errors import PreconditionError
from beastmode.settings import parse_rates
from beastmode.store.allowance import Use, parse_allowances, period_names, plain, written
from beastmode.store.keys.file import BUSY_S, keys_fault, open_keys
from beastmode.store.keys.key import Key, KeyLimits, parse_models
from beastmode.store.keys.schema import KEYS, SECRETS, SPENT
from beastmode.store.keys.secret import hash_of, new_secret
from beastmode.store.sqlite.file import file_id

Spent = Mapping[tuple[str, str], Use]
"""By the id of a key and the name of a day or month."""

_ID_BYTES = 6
_NONE = "none"


class KeyStore:
    """The keys at `path`; the file is made where there is none. For one thread at a time, many processes.

    durable: a change survives a power cut, not only kill -9.   busy_s: how long another process may hold it.   Every
    act raises KeysError where the file or its disk fails, and then nothing has changed.
    """

    def __init__(self, path: Path, *, durable: bool = True, busy_s: float = BUSY_S) -> None:
        self.path = path
        self._db = open_keys(path, durable=durable, busy_s=busy_s)
        self._engine = create_engine("sqlite://", creator=lambda: self._db, poolclass=StaticPool)
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
        with self._transaction("BEGIN") as connection:
            hashes, used = defaultdict(list), defaultdict[str, dict[str, Use]](dict)
            for hash_, key, until in connection.execute(select(SECRETS)):
                hashes[key].append((hash_, until))
            for key, period, *amounts in connection.execute(select(SPENT)):
                used[key][period] = Use(*amounts)
            rows = connection.execute(select(KEYS).order_by(KEYS.c.name)).mappings()
            return [_key(row, hashes[row["id"]], used[row["id"]]) for row in rows]

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
        with self._transaction() as connection:
            taken = connection.execute(select(KEYS.c.revoked_unix).where(KEYS.c.name == name)).first()
            if taken is not None:
                raise _taken(name, revoked=taken[0] is not None)
            connection.execute(
                insert(KEYS).values(id=key.id, name=name, created_unix=unix, **_columns(limits))
            )
            connection.execute(insert(SECRETS).values(hash=hash_of(secret), key=key.id))
        return key, secret

    def change(self, name: str, **limits: Any) -> Key:
        """Give a key other limits, those of `KeyLimits` that are named. Raises PreconditionError."""
        key = self._in_force(name)
        changed = replace(key.limits, **limits)
        with self._transaction() as connection:
            connection.execute(update(KEYS).where(KEYS.c.id == key.id).values(**_columns(changed)))
        return replace(key, limits=changed)

    def rotate(self, name: str, grace_s: float, unix: float) -> str:
        """A new secret for a key. The one in force, and any before it that still works, do so for `grace_s` seconds
        more at most. Raises PreconditionError."""
        key, secret, until = self._in_force(name), new_secret(), unix + grace_s
        with self._transaction() as connection:
            sooner = func.min(func.coalesce(SECRETS.c.until_unix, until), until)
            connection.execute(update(SECRETS).where(SECRETS.c.key == key.id).values(until_unix=sooner))
            connection.execute(insert(SECRETS).values(hash=hash_of(secret), key=key.id))
        return secret

    def revoke(self, name: str, unix: float) -> Key:
        """Take a key away for good; its name stays taken, as the ledger has it. Raises PreconditionError."""
        key = self._in_force(name)
        with self._transaction() as connection:
            connection.execute(update(KEYS).where(KEYS.c.id == key.id).values(revoked_unix=unix))
        return replace(key, revoked_unix=unix)

    def spend(self, spent: Spent, used_unix: Mapping[str, float]) -> None:
        """Add what keys have used since the last time, and when they were used last (by id)."""
        if not spent and not used_unix:
            return
        with self._transaction() as connection:
            for (key, period), use in spent.items():
                _put(connection, key, period, use, lambda new, old: old + new)
            for key, unix in used_unix.items():
                latest = func.max(func.coalesce(KEYS.c.used_unix, unix), unix)
                connection.execute(update(KEYS).where(KEYS.c.id == key).values(used_unix=latest))

    def at_least(self, spent: Spent, unix: float) -> None:
        """Let nothing be less than this, as the ledger has it; forget what was used in days and months before."""
        with self._transaction() as connection:
            connection.execute(delete(SPENT).where(SPENT.c.period.not_in(period_names(unix))))
            for (key, period), use in spent.items():
                _put(connection, key, period, use, func.max)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()
        self._db.close()

    def _in_force(self, name: str) -> Key:
        key = self.find(name)
        if key.revoked_unix is not None:
            tip = "Make another with `beast keys add`."
            raise PreconditionError(f"the key {key.name!r} is revoked", where=str(self.path), tip=tip)
        return key

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[Connection]:
        """All of it or nothing; of what is read, one state."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(begin)
                yield connection  # left by an error, the connection is rolled back as it closes
                connection.exec_driver_sql("COMMIT")
        except DBAPIError as error:
            raise keys_fault(error.orig or error, self.path) from error
        except UnicodeDecodeError as error:
            raise keys_fault(error, self.path) from error


def _put(connection: Connection, key: str, period: str, use: Use, together: Any) -> None:
    amounts = use._asdict()
    new = sqlite.insert(SPENT).values(key=key, period=period, **amounts)
    joined = {name: together(new.excluded[name], SPENT.c[name]) for name in amounts}
    connection.execute(new.on_conflict_do_update(index_elements=["key", "period"], set_=joined))


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
        parse_rates(row["rates"]),
        parse_allowances(row["budgets"]),
        frozenset(row["rights"].split(",")) - {_NONE},
        row["expires_unix"],
    )
    times = {name: row[name] for name in ("created_unix", "revoked_unix", "used_unix")}
    return Key(row["id"], row["name"], limits, secrets=tuple(hashes), used=used, **times)


def _taken(name: str, *, revoked: bool) -> PreconditionError:
    if revoked:
        tip = "Choose another name: the ledger has this one for what the old key asked."
        return PreconditionError(f"a key {name!r} was there and is revoked", tip=tip)
    tip = f"Choose another name, or give it a new secret: beast keys rotate {name}"
    return PreconditionError(f"there is a key {name!r} already", tip=tip)
