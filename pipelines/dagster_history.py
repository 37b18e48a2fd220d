"""Dagster's history of runs in SQLite, written through connections that stay open while a command works.

By itself Dagster opens, empties and closes a database for each of the hundreds of events of a run, which takes longer
than the steps of a small day. Files, tables and contents are Dagster's own: its pages read them as they always do.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, NullPool, StaticPool, create_engine, text


class OpenEventLog(SqliteEventLogStorage):
    """Dagster's event log, with one connection to each of its databases until it is disposed of.

    A history that a power failure shortens by its last events misleads nobody: what a run did stands in the ledger. So
    the disk is waited for when SQLite tidies up, and not at each event; a process that ends or is killed loses nothing.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._opening = threading.Lock()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Close all connections."""
        super().dispose()
        with self._opening:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _engine(self, shard: str) -> Engine:
        with self._opening:
            if shard not in self._engines:
                address, patience = self.conn_string_for_shard(shard), {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
                self._initdb(create_engine(address, poolclass=NullPool, connect_args=patience))
                shared = {"check_same_thread": False}  # by the lock around every use
                engine = create_engine(address, poolclass=StaticPool, connect_args=patience | shared)
                with engine.connect() as connection:
                    connection.execute(text("PRAGMA synchronous = NORMAL"))
                self._engines[shard] = engine
            return self._engines[shard]


class OpenStorage(DagsterSqliteStorage):
    """Dagster's storage in SQLite with such an event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(
            str(Path(self._event_log_storage.path_for_shard(INDEX_SHARD_NAME)).parent)
        )

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "OpenStorage":
        """What Dagster calls with the settings of `opened_instance`."""
        return cls.from_local(inst_data=inst_data, **config_value)


def opened_instance(folder: Path) -> DagsterInstance:
    """Dagster as the settings in `folder` say; a storage that somebody else has chosen there stays as it is."""
    settings = InstanceRef.from_dir(str(folder))
    data = settings.storage_data
    if data is not None and data.class_name == DagsterSqliteStorage.__name__:
        storage = ConfigurableClassData(__name__, OpenStorage.__name__, data.config_yaml)
        settings = settings._replace(storage_data=storage)
    return DagsterInstance.from_ref(settings)
