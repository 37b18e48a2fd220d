"""A small playbook with CSV sources, written in a few sentences, and the command line that works on it.

A world says who buys what, what there is to say, and which rules hold. What it does not say has a default: nobody is
held out, everybody may be written to, there is one channel `email`, and one reminder per category.
"""

import csv
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Engine, event

from graph import local as graph_server
from graph.target import database_name

TIMEZONE = "Europe/Berlin"
TODAY = date(2026, 3, 6)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)

Document = dict[str, Any]
Row = dict[str, Any]


def local(day: date | str, at: str = "10:00:00") -> datetime:
    """A moment of the world's time zone, as UTC."""
    moment = datetime.combine(_as_date(day), time.fromisoformat(at), tzinfo=ZoneInfo(TIMEZONE))
    return moment.astimezone(UTC)


def moment(text: str) -> datetime:
    """A time as commands print it."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def days_before(day: date, count: float) -> date:
    """The date so many days earlier."""
    return day - timedelta(days=count)


@dataclass(frozen=True)
class Answer:
    """What a command answered: its exit code, the document on stdout, the lines on stderr."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Document:
        """The one JSON document on stdout."""
        read: Document = json.loads(self.stdout)
        return read

    @property
    def error(self) -> Mapping[str, str]:
        """What, where and remedy of the error."""
        said = self.document
        assert set(said) == {"error"}, f"not an error's shape: {said}"
        assert set(said["error"]) == {"what", "where", "remedy"}
        return dict(said["error"])


@dataclass
class World:
    """A playbook in the making.

    Attributes:
        folder: Where playbook and state folder are written.
        name: The playbook's name; its database in the graph is named after it.
        shared: Parts of the state folder that every world of a session shares, by name: the graph server's home, and
            Dagster's history, which takes a second to create.
        today: The day that commands believe it is.
        at: The local time of that day at which they run.
    """

    folder: Path
    name: str
    shared: Mapping[str, Path]
    today: date = TODAY
    at: str = "06:00:00"
    has_default_reminders: bool = True
    settings: Document = field(default_factory=dict)
    channels: dict[str, Document] = field(default_factory=dict)
    plays: dict[str, Document] = field(default_factory=dict)
    audiences: dict[str, str] = field(default_factory=dict)
    policies: list[Document] = field(default_factory=list)
    agents: dict[str, Document] = field(default_factory=dict)
    contents: dict[str, Document] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    # ---- who is there and what they did

    def customer(self, customer_id: str, *, consents: bool = True, **attributes: Any) -> Self:
        """Somebody, with further columns of the table customers; without consents they may not be written to."""
        self._row("customers", customer_id=customer_id, **attributes)
        if consents:
            for channel_id in self.channels or {"email": {}}:
                self.consents(customer_id, channel_id)
        return self

    def consents(self, customer_id: str, channel_id: str = "email", *, at: datetime = LONG_AGO) -> Self:
        """They agreed to be written to."""
        return self._consent(customer_id, channel_id, granted=True, at=at)

    def withdraws(self, customer_id: str, channel_id: str = "email", *, at: datetime) -> Self:
        """They do not want to be written to any more."""
        return self._consent(customer_id, channel_id, granted=False, at=at)

    def category(self, category_id: str) -> Self:
        """A category, with one product of its own."""
        if not self._has("categories", "category_id", category_id):
            self._row("categories", category_id=category_id, name=category_id.title())
        return self

    def product(self, product_id: str, category_id: str, **columns: Any) -> Self:
        """A product."""
        self.category(category_id)
        self._row("products", product_id=product_id, category_id=category_id, name=product_id.title(), **columns)
        return self

    def buys(
        self,
        customer_id: str,
        what: str,
        *,
        every: int | Sequence[int],
        last: date | str,
        times: int = 8,
        spend: float = 20.0,
    ) -> Self:
        """They bought a product (or a category's own) `times` times, the last time on `last`.

        `every` is the gap in days, or several gaps that take turns, the latest one first.
        """
        gaps = [every] if isinstance(every, int) else list(every)
        day = _as_date(last)
        for visit in range(times):
            self.purchase(customer_id, what, on=day, spend=spend)
            day = days_before(day, gaps[visit % len(gaps)])
        return self

    def purchase(self, customer_id: str, what: str, *, on: date | str, spend: float = 20.0, **columns: Any) -> Self:
        """One purchase of a product, or of a category's own product."""
        number = len(self.rows.get("purchases", [])) + 1
        row = {
            "order_id": f"order-{number}",
            "line": "1",
            "customer_id": customer_id,
            "product_id": self._product_of(what),
            "kind": "sale",
            "quantity": 1,
            "net_value": spend,
            "occurred_at": local(on),
        }
        return self._row("purchases", **row | columns)

    def touch(self, customer_id: str, *, at: datetime, channel_id: str = "email", **columns: Any) -> Self:
        """Something was sent to them."""
        number = len(self.rows.get("touches", [])) + 1
        keys = {"touch_id": f"touch-{number}", "customer_id": customer_id, "channel_id": channel_id, "sent_at": at}
        return self._row("touches", **keys | columns)

    def outcome(self, touch_id: str, name: str, *, at: datetime, **columns: Any) -> Self:
        """What came of a touch."""
        number = len(self.rows.get("outcomes", [])) + 1
        return self._row(
            "outcomes", outcome_id=f"outcome-{number}", touch_id=touch_id, name=name, occurred_at=at, **columns
        )

    def views(self, customer_id: str, product_id: str, *, times: int, last: date | str) -> Self:
        """A customer looks at a product on so many consecutive days, the last of them as given."""
        for back in range(times):
            signal_id = f"{customer_id}-{product_id}-{back}"
            columns = {"name": "Product Viewed", "occurred_at": local(days_before(_as_date(last), back))}
            self._row("signals", signal_id=signal_id, customer_id=customer_id, product_id=product_id, **columns)
        return self

    def signal(self, name: str, *, on: date | str, at: str = "10:00:00", **columns: Any) -> Self:
        """Something that somebody did, as a customer (`customer_id`) or as a visitor (`anonymous_id`)."""
        number = len(self.rows.get("signals", [])) + 1
        keys = {"signal_id": f"signal-{number}", "name": name, "occurred_at": local(on, at)}
        return self._row("signals", **keys | columns)

    def identity(self, kind: str, value: str, customer_id: str, *, on: date | str) -> Self:
        """An identifier, such as an address, was first seen with a customer."""
        keys = {"kind": kind, "value": value, "customer_id": customer_id}
        return self._row("identities", **keys, first_seen_at=local(on))

    def estimate(self, customer_id: str, name: str, value: float) -> Self:
        """A forecast about a customer that the company brings along, such as `pclv`."""
        return self._row("estimates", subject_kind="customer", subject_id=customer_id, name=name, value=value)

    def row(self, table: str, **columns: Any) -> Self:
        """A row of any other canonical table."""
        return self._row(table, **columns)

    # ---- what there is to say, and how

    def asset(
        self,
        asset_id: str,
        *,
        categories: Sequence[str] = (),
        products: Sequence[str] = (),
        kind: str = "reminder",
        **front: Any,
    ) -> Self:
        """Something to say about categories or products."""
        for category_id in categories:
            self.category(category_id)
        front = {"asset_id": asset_id, "title": asset_id.replace("-", " ").capitalize(), "kind": kind} | front
        self.contents[asset_id] = front | {"categories": list(categories), "products": list(products)}
        return self

    def offer(self, offer_id: str, *, discount_pct: float, unit_cost: float = 0.0, **columns: Any) -> Self:
        """A discount; unless said otherwise somebody else pays for it."""
        keys = {"offer_id": offer_id, "kind": "discount", "discount_pct": discount_pct, "unit_cost": unit_cost}
        return self._row("offers", **keys | columns)

    def channel(self, channel_id: str, **settings: Any) -> Self:
        """A channel; say it before the customers, who then agree to it."""
        self.channels[channel_id] = {"kind": "file", "cost_per_touch": 0.001} | settings
        return self

    # ---- which rules hold

    def policy(self, policy_id: str, **rule: Any) -> Self:
        """A policy, as in `policies/*.yaml`."""
        self.policies.append({"id": policy_id, "because": "The scenario says so."} | rule)
        return self

    def agent(self, name: str, **remit: Any) -> Self:
        """An agent that may send e-mails for whoever is due, under a remit that holds unless said otherwise."""
        self.agents[name] = {
            "agent": name,
            "owner": OWNER,
            "goal": {
                "metric": "value",
                "direction": "increase",
                "by_pct": 5,
                "within_days": 90,
                "while": ["harm <= 1"],
            },
            "may": {"verbs": ["send"], "channels": ["email"], "plays": ["replenishment-due"]},
            "limits": {"spend_per_month": 10_000},
            "escalate": {"confidence_below": 0},
            "review": {"weekly": {"what": "results", "minutes": 60}},
        } | remit
        return self

    def play(self, name: str, **settings: Any) -> Self:
        """A play that is on; a world that names none has all of them on."""
        self.plays[name] = settings
        return self

    def audience(self, name: str, condition: str) -> Self:
        """A named condition over customers."""
        self.audiences[name] = condition
        return self

    def setting(self, **values: Any) -> Self:
        """Entries of `warrant.yaml`."""
        self.settings.update(values)
        return self

    def source(self, table: str, sql: str) -> Self:
        """A source query other than `SELECT * FROM '<table>.csv'`."""
        self.sources[table] = sql
        return self

    # ---- the playbook's files

    @property
    def playbook(self) -> Path:
        """The playbook's folder."""
        return self.folder / "playbook"

    def write(self) -> Path:
        """Write the playbook; rows that changed since change their file."""
        self._write_yaml("warrant.yaml", self._warrant())
        self._write_yaml("channels.yaml", {"channels": self.channels or {"email": EMAIL}})
        if self.plays:
            self._write_yaml("plays.yaml", {"plays": self.plays})
        if self.audiences:
            self._write_yaml("audiences.yaml", self.audiences)
        if self.policies:
            self._write_yaml("policies/scenario.yaml", self.policies)
        if self.agents:
            self._write_yaml("people.yaml", {"people": {"ops-manager": {"name": "Operations", "role": "owner"}}})
            self._write_yaml("metrics.yaml", {"metrics": METRICS})
        for name, remit in self.agents.items():
            self._write_yaml(f"remits/{name}.yaml", {key: value for key, value in remit.items() if value is not None})
        for front in self._contents():
            given = {key: value for key, value in front.items() if value not in (None, [], ())}
            self._write(f"content/{front['asset_id']}.md", f"---\n{yaml.safe_dump(given)}---\nGood morning.\n")
        for table, rows in self.rows.items():
            self._write_csv(table, rows)
        for table in self.rows.keys() | self.sources.keys():
            self._write(f"sources/{table}.sql", self.sources.get(table, f"FROM '{table}.csv'\n"))
        return self.playbook

    def _warrant(self) -> Document:
        return {
            "name": self.name,
            "currency": "EUR",
            "timezone": TIMEZONE,
            "holdout_share": 0,
            "objective": {"margin_pct": 30, "value_window_days": 28},
        } | self.settings

    def _contents(self) -> list[Document]:
        contents = list(self.contents.values())
        if self.has_default_reminders:
            told = {category for front in contents for category in front["categories"]}
            for row in self.rows.get("categories", []):
                category_id = row["category_id"]
                if category_id not in told:
                    title = f"Time for {category_id}?"
                    front = {"asset_id": f"{category_id}-reminder", "title": title, "kind": "reminder"}
                    contents.append(front | {"categories": [category_id]})
        return contents

    # ---- the command line

    @property
    def environment(self) -> dict[str, str]:
        """What the commands find in their environment."""
        return {
            "WARRANT_HOME": str(self._home()),
            "WARRANT_NOW": local(self.today, self.at).isoformat(),
            "WARRANT_PLAYBOOK": str(self.playbook),
            **({"WARRANT_ACTOR": OWNER} if self.agents else {}),
        }

    def command(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Answer:
        """Write the playbook, then call the command line in this process, with JSON as its format."""
        from typer.testing import CliRunner

        from console.command_line import app

        self.write()
        outside = {name: None for name in os.environ if name.startswith("WARRANT_")}
        variables: dict[str, str | None] = {**outside, **self.environment, **(environment or {})}
        result = CliRunner().invoke(app, [*arguments, "--format", "json"], env=variables)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def run(self, *, until: str = "deliver", as_of: date | str | None = None) -> Document:
        """Run the day; what came out."""
        options = ["--until", until, *(["--as-of", str(as_of)] if as_of else [])]
        return self._succeed("run", str(self.playbook), *options)

    def deliver(self, run_id: str) -> Document:
        """Deliver a decided run."""
        return self._succeed("deliver", run_id)

    def why(self, customer_id: str) -> Document:
        """What was decided for a customer, and why."""
        return self._succeed("why", "--customer", customer_id)

    def why_decision(self, decision_id: str) -> Document:
        """A decision of any run, by its id."""
        return self._succeed("why", "--decision", decision_id)

    def query(self, cypher: str) -> list[Row]:
        """What the graph answers to an analyst."""
        rows: list[Row] = self._succeed("query", cypher)["rows"]
        return rows

    def health(self, *, exit_code: int = 0) -> Document:
        """How well the graph is; exit code 6 stands for an alarm."""
        answer = self.command("graph", "health")
        assert answer.exit_code == exit_code, f"{answer.stdout}\n{answer.stderr}"
        return answer.document

    @staticmethod
    def exported(document: Document, channel_id: str = "email") -> list[dict[str, str]]:
        """The rows that a delivered run handed to a channel."""
        (path,) = [Path(name) for name in document["files"] if Path(name).name == f"{channel_id}.csv"]
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _succeed(self, *arguments: str) -> Document:
        answer = self.command(*arguments)
        assert answer.exit_code == 0, f"{' '.join(arguments)}\n{answer.stdout}\n{answer.stderr}"
        return answer.document

    def _home(self) -> Path:
        home = self.folder / "state"
        if not home.exists():
            home.mkdir(parents=True)
            for name, folder in self.shared.items():
                folder.mkdir(exist_ok=True)
                (home / name).symlink_to(folder, target_is_directory=True)
        return home

    # ---- writing

    def _row(self, table: str, **columns: Any) -> Self:
        self.rows.setdefault(table, []).append(columns)
        return self

    def _consent(self, customer_id: str, channel_id: str, *, granted: bool, at: datetime) -> Self:
        keys = {"customer_id": customer_id, "channel_id": channel_id, "purpose": "marketing", "granted": granted}
        return self._row("consents", **keys, recorded_at=at, source="shop", basis="consent")

    def _has(self, table: str, key: str, value: str) -> bool:
        return any(row[key] == value for row in self.rows.get(table, []))

    def _product_of(self, what: str) -> str:
        if self._has("products", "product_id", what):
            return what
        product_id = f"{what}-standard"
        if not self._has("products", "product_id", product_id):
            self.product(product_id, what)
        return product_id

    def _write_csv(self, table: str, rows: Sequence[Row]) -> None:
        path = self.playbook / "data" / f"{table}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([[_cell(row.get(name)) for name in columns] for row in rows])

    def _write_yaml(self, name: str, content: Any) -> None:
        self._write(name, yaml.safe_dump(content, sort_keys=False))

    def _write(self, name: str, text: str) -> None:
        path = self.playbook / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@event.listens_for(Engine, "connect")
def trust_the_system(connection: Any, _: object) -> None:
    """Dagster's history waits for the disk at each of its hundreds of events; only a power failure would need that."""
    connection.execute("PRAGMA synchronous = OFF")


OWNER = "person:ops-manager"
METRICS: Document = {
    "value": {"meaning": "What the agent is for", "direction": "increase"},
    "harm": {"meaning": "What must not come of it", "direction": "decrease"},
}
EMAIL: Document = {"kind": "file", "cost_per_touch": 0.001}


@contextmanager
def fresh_world(folder: Path, server: graph_server.Server) -> Iterator[World]:
    """A world with a database of its own on the session's server, gone afterwards."""
    name = f"world-{secrets.token_hex(6)}"
    worker = os.environ.get("PYTEST_XDIST_WORKER", "all")
    yield World(folder, name, {"graph": server.home, "dagster": server.home.with_name(f"dagster-of-{worker}")})
    graph_server.drop_database(server, database_name(name))


def _as_date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
