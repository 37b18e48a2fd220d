"""The thin store over Bolt: runs Cypher on either server, reads in columns, writes in batches, and nothing more.

Managed transactions only, one session per call. What belongs here: how a statement reaches the server. What a
statement says belongs to the modules that hold it as a named constant; who owns a database: `graph.ownership`.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, fields
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt
import pandas as pd
from filelock import FileLock, Timeout

from graph.conversion import batches, bindable, flatten, plain
from graph.deadline import StillAtItError, within
from graph.errors import GraphError, GraphRefused
from graph.ownership import claim
from graph.read_only import refuse_writes, without_semicolon
from graph.server_errors import abandoned, connection_error, not_signed_in, statement_error, written_in_a_read
from graph.target import Target, check_address, resolve_target
from graph.tokens import returned_names

if TYPE_CHECKING:
    import neo4j

    _Rows = tuple[list[str], list[neo4j.Record]]

__all__ = ["Answer", "Counters", "GraphStore", "Target", "claim", "resolve_target"]

BATCH_ROWS = 5_000
TRANSACTION_SECONDS = 600.0
WRITE_TURN_SECONDS = 600.0
ABANDON_SECONDS = 3.0
"""How much longer than promised a person waits for a statement that the server was told to end."""

logging.getLogger("neo4j").addHandler(logging.NullHandler())  # or its log goes to the screen beside our errors

_RETRY_SECONDS = {"embedded": 5, "neo4j": 30}
"""For how long conflicts, and a server that is away, are retried: an embedded one that died comes back by no retry."""

_CONNECT_SECONDS = 5
_HANDSHAKE_SECONDS = 10
_FETCH_RECORDS = 10_000


@dataclass(frozen=True)
class Counters:
    """What a statement changed, as the server counted it."""

    nodes_created: int = 0
    nodes_deleted: int = 0
    relationships_created: int = 0
    relationships_deleted: int = 0
    properties_set: int = 0
    labels_added: int = 0
    labels_removed: int = 0
    indexes_added: int = 0
    indexes_removed: int = 0
    constraints_added: int = 0
    constraints_removed: int = 0

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    @property
    def has_changes(self) -> bool:
        """Whether anything changed at all."""
        return self != Counters()


@dataclass(frozen=True)
class Answer:
    """What a person's question returned.

    Attributes:
        columns: Names of the columns, in their order.
        rows: One mapping per row.
        is_truncated: Whether there was more than the rows that were asked for.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    is_truncated: bool


class GraphStore:
    """Runs statements on one database. Use it as a context manager, or close it.

    Every method takes Cypher and its `$parameters` by name, and raises `GraphError` or one of its kinds.
    """

    def __init__(self, target: Target, driver: "neo4j.Driver") -> None:
        self.target = target
        self._driver = driver

    @classmethod
    def connect(cls, target: Target) -> Self:
        """Connect, and make sure that a graph server answers, takes the password and has the database.

        Raises:
            GraphUnreachable: When nothing answers, or something that does not speak Bolt.
            GraphAuthenticationFailed: When user and password are not accepted.
            GraphError: When the database is not there.
        """
        import neo4j  # loading the definitions must not load a driver

        check_address(target.uri, where="address of the graph server")
        driver = neo4j.GraphDatabase.driver(
            target.uri,
            auth=(target.user, target.password) if target.password else None,
            connection_timeout=_CONNECT_SECONDS,
            connection_acquisition_timeout=_HANDSHAKE_SECONDS,
            max_transaction_retry_time=_RETRY_SECONDS[target.kind],
            notifications_min_severity="OFF",
            user_agent="warrant",
        )
        store = cls(target, driver)
        try:
            with store._errors("RETURN 1"):
                driver.verify_connectivity()
                store.read("RETURN 1 AS one")
        except GraphError:
            driver.close()
            raise
        return store

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, statement: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Rows as mappings: for few rows; many are read faster by `read_collected`."""
        names, records = self._read(statement, parameters)
        return [dict(zip(names, map(plain, record), strict=True)) for record in records]

    def read_each(self, statements: Sequence[str], /, **parameters: Any) -> list[list[dict[str, Any]]]:
        """Rows of several statements that take the same parameters, in one transaction: one moment and fewer trips."""
        answers = self._read_all(statements, parameters)
        return [[dict(zip(names, map(plain, record), strict=True)) for record in records] for names, records in answers]

    def read_columns(self, statement: str, /, **parameters: Any) -> dict[str, list[Any]]:
        """The same rows, as one list per returned column."""
        names, records = self._read(statement, parameters)
        columns = zip(*records, strict=True) if records else ((),) * len(names)
        return {name: [plain(value) for value in values] for name, values in zip(names, columns, strict=True)}

    def read_collected(self, statement: str, /, **parameters: Any) -> dict[str, npt.NDArray[Any]]:
        """Flat arrays from a statement that collects, grouped by the small side: the fast way to read many rows.

        `MATCH (c:Customer)-[r:LIKES]->(t:Topic) RETURN t.topic_id AS topic, collect(c.customer_id) AS customer`
        gives two arrays with an entry per relationship. A column is flattened when its first value is a list.
        Numbers, booleans and UTC times get their numpy type, everything else is object.

        Raises:
            GraphError: When lists of one row differ in length: collect() leaves nulls out, so give them a stand-in.
        """
        names, records = self._read(statement, parameters)
        return flatten(names, records, statement=statement)

    def write(self, statement: str, /, **parameters: Any) -> Counters:
        """Run a statement that writes, in one managed transaction; conflicts with other writers are retried."""
        return self._write(statement, bindable(parameters))

    def write_batches(
        self,
        statement: str,
        rows: pd.DataFrame | Sequence[Mapping[str, Any]],
        /,
        *,
        size: int = BATCH_ROWS,
        report: Callable[[int], None] | None = None,
        **parameters: Any,
    ) -> Counters:
        """Run a statement over many rows, a managed transaction per batch.

        Args:
            statement: Starts with `UNWIND $rows AS row`, and names the labels it matches.
            rows: A table, or mappings; missing values become null.
            size: Rows per transaction.
            report: Told how many rows are written so far.
            parameters: Further parameters, the same for all batches.

        Returns:
            What all batches together changed. Batches before a failing one stay written.
        """
        if "$rows" not in statement:
            raise GraphError(
                "A statement for batches has to take its rows from $rows.",
                where=statement.strip(),
                remedy="Begin it with UNWIND $rows AS row.",
            )
        shared = bindable(parameters)
        counters = Counters()
        written = 0
        for batch in batches(rows, size):
            counters += self._write(statement, {**shared, "rows": batch})
            written += len(batch)
            if report is not None:
                report(written)
        return counters

    def query_as_person(
        self,
        statement: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit_rows: int = 1_000,
        timeout: float = 30.0,
    ) -> Answer:
        """Answer a person's question without letting it write.

        Three walls: the words of the statement (`graph.read_only`); on Neo4j, what the server says the statement
        would do, and a session for reading; and a transaction that is rolled back whatever happened in it.

        Args:
            statement: Any reading Cypher.
            parameters: Its `$parameters`.
            limit_rows: Return at most so many rows.
            timeout: Seconds after which the statement is ended on the server. A server that does not end it, because
                it is in the midst of one expression, is waited for a little longer and then left alone.

        Raises:
            GraphRefused: When the statement would write.
            GraphStatementFailed: When the server cannot run it, or not in time.
        """
        refuse_writes(statement)
        bound = bindable(parameters or {})

        def answer() -> Answer:
            if self.target.kind == "neo4j":
                self._refuse_unless_read(statement, bound, timeout)
            return self._answer(statement, bound, limit_rows, timeout)

        try:
            return within(timeout + ABANDON_SECONDS, answer)
        except StillAtItError as late:
            raise abandoned(statement, timeout) from late

    def _read(self, statement: str, parameters: Mapping[str, Any]) -> "_Rows":
        return self._read_all([statement], parameters)[0]

    def _read_all(self, statements: Sequence[str], parameters: Mapping[str, Any]) -> "list[_Rows]":
        import neo4j

        bound = bindable(parameters)

        @neo4j.unit_of_work(timeout=TRANSACTION_SECONDS)
        def work(transaction: "neo4j.ManagedTransaction") -> "list[_Rows]":
            return [_answered(transaction, statement, bound) for statement in statements]

        with self._errors(";\n".join(statements)), self._session(fetch_size=_FETCH_RECORDS) as session:
            return session.execute_read(work) if statements else []

    def _write(self, statement: str, bound: Mapping[str, Any]) -> Counters:
        import neo4j

        @neo4j.unit_of_work(timeout=TRANSACTION_SECONDS)
        def work(transaction: "neo4j.ManagedTransaction") -> Counters:
            counted = transaction.run(statement, dict(bound)).consume().counters
            return Counters(*(getattr(counted, part.name) for part in fields(Counters)))

        with self._errors(statement), self._write_turn(), self._session() as session:
            return session.execute_write(work)

    def _refuse_unless_read(self, statement: str, parameters: Mapping[str, Any], timeout: float) -> None:
        with self._as_person(statement, timeout) as transaction:
            explained = transaction.run(f"EXPLAIN {statement}", dict(parameters)).consume().query_type
        if explained != "r":
            raise GraphRefused(
                f"The server says that this statement would write (type `{explained}`).",
                where=statement.strip(),
                remedy="Ask with MATCH … RETURN only; the graph is written by runs, never by hand.",
            )

    def _answer(self, statement: str, parameters: Mapping[str, Any], limit_rows: int, timeout: float) -> Answer:
        token = f"warrant {secrets.token_hex(8)}"
        tagged = f"{without_semicolon(statement)}\n// {token}"
        with self._ended_after(timeout, token), self._as_person(statement, timeout, limit_rows + 1) as transaction:
            result = transaction.run(tagged, dict(parameters))
            names = tuple(result.keys() or returned_names(statement))
            records = result.fetch(limit_rows + 1)
            rows = tuple(dict(zip(names, map(plain, record), strict=True)) for record in records[:limit_rows])
        return Answer(columns=names, rows=rows, is_truncated=len(records) > limit_rows)

    @contextmanager
    def _as_person(self, statement: str, timeout: float, fetch_size: int = 1) -> Iterator["neo4j.Transaction"]:
        """A transaction for reading that ends in a rollback, whatever happened in it."""
        import neo4j

        with (
            self._errors(statement, is_from_person=True),
            self._session(fetch_size=fetch_size, default_access_mode=neo4j.READ_ACCESS) as session,
            session.begin_transaction(timeout=timeout) as transaction,
        ):
            yield transaction
            transaction.rollback()

    @contextmanager
    def _ended_after(self, seconds: float, token: str) -> Iterator[None]:
        """End the statement that carries the token when it takes too long: the embedded server knows no time limit."""
        if self.target.kind == "neo4j":
            yield
            return
        watch = threading.Timer(seconds, self._terminate, args=(token,))
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _terminate(self, token: str) -> None:
        with suppress(GraphError):  # it ended by itself in the meantime
            for running in self.read("SHOW TRANSACTIONS"):
                if str(running["currentQuery"]).endswith(token):
                    self.read("TERMINATE TRANSACTION $transaction", transaction=running["transactionId"])

    def _session(self, **options: Any) -> "neo4j.Session":
        return self._driver.session(database=self.target.database, **options)

    def _write_turn(self) -> AbstractContextManager[object]:
        """The right to write: one process at a time on the embedded server, where transactions collide otherwise."""
        folder = self.target.lock_folder
        if folder is None:
            return nullcontext()
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / f"{self.target.database}.lock")
        try:
            return lock.acquire(timeout=WRITE_TURN_SECONDS)
        except Timeout as held:
            raise GraphError(
                f"Another process has been writing to the graph for more than {WRITE_TURN_SECONDS:.0f} seconds.",
                where=lock.lock_file,
                remedy="Wait until the other run has finished, then start again.",
            ) from held

    @contextmanager
    def _errors(self, statement: str, *, is_from_person: bool = False) -> Iterator[None]:
        """Turn the driver's errors into ours."""
        import neo4j.exceptions as driver_errors

        try:
            yield
        except driver_errors.AuthError as error:
            raise not_signed_in(self.target, error.message) from error
        except driver_errors.Neo4jError as error:
            raise statement_error(
                self.target, statement, error.code, error.message, is_from_person=is_from_person
            ) from error
        except (
            driver_errors.ServiceUnavailable,
            driver_errors.SessionExpired,
            driver_errors.ConnectionPoolError,
            driver_errors.IncompleteCommit,
        ) as error:
            raise connection_error(self.target, str(error)) from error


def _answered(transaction: "neo4j.ManagedTransaction", statement: str, bound: Mapping[str, Any]) -> "_Rows":
    result = transaction.run(statement, dict(bound))
    names, records = list(result.keys()) or returned_names(statement), list(result)
    if result.consume().counters.contains_updates:  # raised here, it rolls back
        raise written_in_a_read(statement)
    return names, records
