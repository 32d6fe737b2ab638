"""Messages, receipts to give and set behaviour, in one SQLite file of the home folder, so that a restart keeps them.

E-mails and SMS share one `sequence`, which only grows: a reader asks for what came after the last it has seen.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["email", "sms"]
Message = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS message (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS recipient (
  sequence INTEGER NOT NULL REFERENCES message ON DELETE CASCADE, kind TEXT NOT NULL, address TEXT NOT NULL,
  PRIMARY KEY (kind, address, sequence)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recipient_sequence ON recipient (sequence);
CREATE TABLE IF NOT EXISTS receipt (
  sms_id TEXT PRIMARY KEY, url TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS behaviour (
  kind TEXT NOT NULL, address TEXT NOT NULL, behaviour TEXT NOT NULL, PRIMARY KEY (kind, address));
"""


@dataclass(frozen=True, slots=True)
class DueReceipt:
    """A receipt that is to be given now: for which SMS, where to, and how often it has been tried."""

    sms_id: str
    url: str
    status: str
    attempts: int


class SentStore:
    """One file, used from the event loop's thread alone; every call is a few rows."""

    def __init__(self, path: Path, *, kept_messages: int) -> None:
        self._kept = kept_messages
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;" + _TABLES
        )

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def add(self, kind: Kind, *, at: str, recipients: Sequence[str], body: Message) -> int:
        """Keep a message and return its sequence; the oldest go when there are too many."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO message (kind, at, body) VALUES (?, ?, ?)", (kind, at, json.dumps(body))
            )
            sequence = cursor.lastrowid
            assert sequence is not None
            connection.executemany(
                "INSERT OR IGNORE INTO recipient VALUES (?, ?, ?)",
                [(sequence, kind, address.lower()) for address in recipients],
            )
            connection.execute("DELETE FROM message WHERE sequence <= ?", (sequence - self._kept,))
        return sequence

    def messages(self, kind: Kind, *, to: str | None, after: int, limit: int) -> list[Message]:
        """Messages after a sequence, oldest first."""
        if to is None:
            rows = self._connection.execute(
                "SELECT sequence, at, body FROM message WHERE kind = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                (kind, after, limit),
            )
        else:
            rows = self._connection.execute(
                "SELECT sequence, at, body FROM message JOIN recipient USING (sequence, kind)"
                " WHERE kind = ? AND address = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                (kind, to.lower(), after, limit),
            )
        return [{"sequence": sequence, "at": at, **json.loads(body)} for sequence, at, body in rows]

    def newest(self, limit: int) -> list[tuple[Kind, Message]]:
        """The last messages of both kinds, newest last."""
        rows = self._connection.execute(
            "SELECT kind, sequence, at, body FROM message ORDER BY sequence DESC LIMIT ?", (limit,)
        ).fetchall()
        return [
            (kind, {"sequence": sequence, "at": at, **json.loads(body)}) for kind, sequence, at, body in reversed(rows)
        ]

    def last_sequence(self) -> int:
        (last,) = self._connection.execute("SELECT coalesce(max(sequence), 0) FROM message").fetchone()
        return int(last)

    def promise_receipt(self, *, sms_id: str, url: str, status: str, due: float) -> None:
        """Remember to call `url`; `due` is machine time in seconds."""
        self._connection.execute("INSERT INTO receipt VALUES (?, ?, ?, 0, ?)", (sms_id, url, status, due))

    def due_receipts(self, now: float) -> list[DueReceipt]:
        rows = self._connection.execute(
            "SELECT sms_id, url, status, attempts FROM receipt WHERE due <= ? ORDER BY due LIMIT 50", (now,)
        )
        return [DueReceipt(*row) for row in rows]

    def seconds_to_next_receipt(self) -> float | None:
        """How long until a receipt is due; None when none is waiting."""
        (due,) = self._connection.execute("SELECT min(due) FROM receipt").fetchone()
        return None if due is None else max(0.0, float(due) - time.time())

    def settle_receipt(self, sms_id: str) -> None:
        """Forget a receipt that was taken, or is given up."""
        self._connection.execute("DELETE FROM receipt WHERE sms_id = ?", (sms_id,))

    def postpone_receipt(self, sms_id: str, *, attempts: int, due: float) -> None:
        self._connection.execute("UPDATE receipt SET attempts = ?, due = ? WHERE sms_id = ?", (attempts, due, sms_id))

    def hasten_receipts(self, now: float) -> None:
        """Make every receipt due: one may have been under way when the last process ended."""
        self._connection.execute("UPDATE receipt SET due = min(due, ?)", (now,))

    def mark_sms(self, sms_id: str, status: str) -> None:
        """Write an SMS's delivery state into what `/sent/sms` shows."""
        self._connection.execute(
            "UPDATE message SET body = json_set(body, '$.status', ?)"
            " WHERE kind = 'sms' AND json_extract(body, '$.id') = ?",
            (status, sms_id),
        )

    def behaviour_for(self, kind: Kind, address: str) -> str | None:
        row = self._connection.execute(
            "SELECT behaviour FROM behaviour WHERE kind = ? AND address = ?", (kind, address.lower())
        ).fetchone()
        return None if row is None else str(row[0])

    def all_behaviour(self) -> dict[str, dict[str, str]]:
        rows = self._connection.execute("SELECT kind, address, behaviour FROM behaviour ORDER BY kind, address")
        found: dict[str, dict[str, str]] = {"email": {}, "sms": {}}
        for kind, address, behaviour in rows:
            found[kind][address] = behaviour
        return found

    def set_behaviour(self, kind: Kind, address: str, behaviour: str | None) -> None:
        """Set how an address behaves from now on; None makes it ordinary again."""
        if behaviour is None:
            self._connection.execute("DELETE FROM behaviour WHERE kind = ? AND address = ?", (kind, address.lower()))
        else:
            self._connection.execute(
                "INSERT OR REPLACE INTO behaviour VALUES (?, ?, ?)", (kind, address.lower(), behaviour)
            )

    def clear_behaviour(self) -> None:
        self._connection.execute("DELETE FROM behaviour")
