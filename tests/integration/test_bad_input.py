"""Whatever is wrong with sources, playbook or graph server: what, where and remedy, and the exit code for it."""

import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from graph import local as graph_server
from graph.errors import GraphUnreachable
from tests.scenarios.world import TODAY, World, days_before

BAD_PLAYBOOK, USAGE, UNREACHABLE, REFUSED = 3, 2, 4, 5


@pytest.fixture
def shop(world: World) -> World:
    """Two customers who buy coffee; nothing is wrong with it."""
    for customer in ("anna", "bert"):
        world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
    return world


def complaint(shop: World) -> Mapping[str, str]:
    """What `warrant check` says about a playbook that cannot be run."""
    answer = shop.command("check", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    return answer.error


def set_aside(shop: World) -> dict[str, dict[str, int]]:
    """Quarantined rows per table and reason."""
    found: dict[str, dict[str, int]] = {}
    for entry in shop.command("check", str(shop.playbook)).document["quarantine_reasons"]:
        found.setdefault(entry["table"], {})[entry["reason"]] = entry["rows"]
    return found


# ---- sources


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * EXCLUDE (net_value) FROM 'purchases.csv'", "net_value"),
        ("SELECT *, 1 AS nonsense FROM 'purchases.csv'", "nonsense"),
        ("SELECT * FROM 'sales-of-the-moon.csv'", "sales-of-the-moon.csv"),
    ],
    ids=["a required column is missing", "a column that the table does not have", "a file that is not there"],
)
def test_a_source_that_does_not_fit_its_table_is_named(shop: World, sql: str, said: str) -> None:
    shop.source("purchases", sql)
    error = complaint(shop)
    assert "purchases.sql" in error["where"]
    assert said in error["what"]
    assert error["remedy"]


def test_broken_sql_names_file_and_line(shop: World) -> None:
    shop.source("purchases", "SELECT *\nFORM 'purchases.csv'\n")
    assert complaint(shop)["where"].endswith("purchases.sql:2")


def test_a_source_without_a_table_of_its_name_is_an_error(shop: World) -> None:
    shop.source("purchasez", "SELECT 1 AS order_id")
    error = complaint(shop)
    assert "purchasez.sql" in error["where"]
    assert "purchases" in error["remedy"]


def test_a_file_without_any_content_is_an_error(shop: World) -> None:
    shop.write()
    shop.source("purchases", "FROM 'nothing.csv'")
    (shop.playbook / "data" / "nothing.csv").write_bytes(b"")
    assert "purchases.sql" in complaint(shop)["where"]


@pytest.mark.parametrize("table", ["customers", "purchases"])
def test_a_source_without_a_single_row_is_an_error_where_nothing_can_be_decided_without(
    shop: World, table: str
) -> None:
    shop.source(table, f"SELECT * FROM '{table}.csv' WHERE false")  # noqa: S608  (a query of the test's own)
    error = complaint(shop)
    assert f"{table}.sql" in error["where"]
    assert table in error["what"]


def test_a_run_says_the_same_as_a_check_and_writes_no_decision(shop: World) -> None:
    shop.source("purchases", "SELECT *\nFORM 'purchases.csv'\n")
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert answer.error == complaint(shop)
    assert shop.command("why", "--customer", "anna").exit_code == USAGE


def test_a_day_without_a_single_reason_to_write_is_decided_all_the_same(world: World) -> None:
    world.customer("newcomer").purchase("newcomer", "coffee", on=days_before(TODAY, 3))
    document = world.run()
    assert document["state"] == "delivered"
    assert document["none"] == document["customers"] == 1
    assert world.exported(document) == []


# ---- rows


def unreadable_time(shop: World) -> None:
    shop.purchase("anna", "coffee", on=TODAY, occurred_at="the day before yesterday")


def unreadable_number(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), net_value="a lot")


def missing_value(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), net_value=None)


def unknown_customer(shop: World) -> None:
    shop.purchase("nobody", "coffee", on=days_before(TODAY, 3))


def unknown_product(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), product_id="moon-dust")


def nothing_bought(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), quantity=0)


def negative_sale(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), quantity=-1)


def from_the_future(shop: World) -> None:
    shop.purchase("anna", "coffee", on=TODAY + timedelta(days=1))


def unknown_kind(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), kind="gift")


def the_same_row_again(shop: World) -> None:
    shop.rows["purchases"].append(dict(shop.rows["purchases"][-1]))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (unreadable_time, "occurred_at is no time"),
        (unreadable_number, "net_value is no number"),
        (missing_value, "net_value is missing"),
        (unknown_customer, "unknown customer"),
        (unknown_product, "unknown product"),
        (nothing_bought, "a sale with quantity 0 or less"),
        (negative_sale, "a sale with quantity 0 or less"),
        (from_the_future, "a date in the future"),
        (unknown_kind, "kind is not one of sale, return"),
        (the_same_row_again, "the same row twice (order_id, line)"),
    ],
)
def test_one_wrong_row_is_set_aside_with_its_reason(shop: World, spoil: Callable[[World], None], reason: str) -> None:
    spoil(shop)
    assert set_aside(shop) == {"purchases": {reason: 1}}


def test_rows_of_one_key_that_contradict_each_other_are_all_set_aside(shop: World) -> None:
    shop.rows["purchases"].append(shop.rows["purchases"][-1] | {"net_value": 99})
    assert sum(set_aside(shop)["purchases"].values()) == 2


def test_a_return_may_be_negative(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), kind="return", quantity=-1, spend=-20)
    assert set_aside(shop) == {}


def test_what_happened_today_is_not_wrong_but_not_yet_known(shop: World) -> None:
    shop.at = "12:00:00"
    shop.purchase("anna", "coffee", on=TODAY)
    report = shop.command("check", str(shop.playbook)).document
    assert report["quarantine_reasons"] == []
    assert {row["table"]: row["later"] for row in report["tables"]}["purchases"] == 1


def test_consent_for_a_channel_that_does_not_exist_is_set_aside(shop: World) -> None:
    shop.consents("anna", "pigeon")
    assert set_aside(shop) == {"consents": {"unknown channel": 1}}


def test_what_is_set_aside_is_counted_by_the_run_and_the_rest_is_decided(shop: World) -> None:
    unknown_customer(shop)
    nothing_bought(shop)
    document = shop.run(until="authorise")
    assert {table: rows for table, rows in document["quarantined"].items() if rows} == {"purchases": 2}
    assert document["sends"] == 2


# ---- the playbook


def test_a_typing_mistake_in_the_playbook_names_its_line_and_what_was_meant(shop: World) -> None:
    shop.setting(holdout_shar=0.1)
    error = complaint(shop)
    file, _, line = error["where"].rpartition(":")
    assert file.endswith("warrant.yaml")
    assert Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].startswith("holdout_shar:")
    assert "holdout_share" in error["remedy"]


def test_content_for_a_channel_that_does_not_exist_is_an_error(shop: World) -> None:
    shop.asset("hello", categories=["coffee"], channels=["pigeon"])
    error = complaint(shop)
    assert "pigeon" in error["what"]
    assert "hello.md" in error["where"]


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        ("offer.discount_pct >> 10", "column 29", ">"),
        ("offer.discount_pct > 10 and", "column 36", "the end"),
        ("offer.discount > 10", "column 9", "offer.discount_pct"),
        ("__import__('os')", "column 9", ""),
    ],
)
def test_a_policy_that_cannot_be_read_names_line_and_column(
    shop: World, expression: str, column: str, said: str
) -> None:
    shop.offer("five-off", discount_pct=5)
    shop.policy("first", deny="offer.discount_pct > 90").policy("broken", deny=expression)
    answer = shop.command("check", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    (error,) = [answer.document["error"]] if "error" in answer.document else answer.document["errors"]
    assert "scenario.yaml:6" in error["where"]  # the line of `deny:` itself
    assert column in error["where"]
    assert said in " ".join(error.values())


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("customer.shoe_size > 45", "there is no attribute `customer.shoe_size`"),
        ("asset.kind > 45", "`asset.kind` is a text and `45` a number"),
    ],
)
def test_a_policy_that_the_days_data_does_not_fit_refuses_what_it_might_and_says_so(
    shop: World, expression: str, said: str
) -> None:
    shop.policy("broken", deny=expression)
    day = shop.run()
    assert day["sends"] == 0
    assert day["refused_by_policy"]["broken"] > 0
    assert said in day["unreadable_policies"]["broken"]


def test_a_policy_whose_own_test_fails_makes_the_playbook_not_ready(shop: World) -> None:
    tests = [{"offer": {"discount_pct": 20}, "expect": "deny"}]
    shop.policy("no-deep-discounts", deny="offer.discount_pct > 20", tests=tests).offer("five-off", discount_pct=5)
    answer = shop.command("check", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    (error,) = answer.document["errors"]
    assert "scenario.yaml:1" in error["where"]
    assert "test 1" in error["what"]


def test_an_unknown_play_is_an_error_that_names_the_known_ones(shop: World) -> None:
    shop.play("replenishment-du")
    error = complaint(shop)
    assert "plays.yaml:" in error["where"]
    assert "replenishment-due" in error["remedy"]


# ---- deciding


def test_what_was_sent_that_cannot_be_read_any_more_stops_the_day_before_anything_leaves(shop: World) -> None:
    shop.setting(limits=[{"name": "a month", "amount": 100, "per": "month"}])
    assert shop.run()["delivered"] == {"email": 2}
    (log,) = (shop.folder / "state" / "lake").glob("*/logs/reservations/_delta_log/*0.json")
    whole = log.read_text(encoding="utf-8")
    log.write_text("{ this was a line of the log", encoding="utf-8")
    shop.today += timedelta(days=1)

    answer = shop.command("run", str(shop.playbook))

    assert answer.exit_code == BAD_PLAYBOOK
    assert "reservations" in answer.error["where"]
    log.write_text(whole, encoding="utf-8")
    assert shop.run()["state"] == "delivered"


def test_a_day_for_which_the_memory_is_too_small_says_so_and_goes_on_when_there_is_more(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 12.0 GiB")

    with monkeypatch.context() as small:
        small.setattr("pipelines.deciding.decide_all", too_much)
        answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == 1
    assert "memory" in answer.error["what"]
    assert "12.0 GiB" in answer.error["what"]
    assert not list((shop.folder / "state").glob("exports/*/*/email.csv")), "nothing left"
    assert shop.run()["delivered"] == {"email": 2}


def test_two_limits_that_contradict_each_other_are_kept_and_what_is_not_reached_is_named(shop: World) -> None:
    shop.channel("email", capacity=1)
    shop.setting(limits=[{"name": "reach", "scope": {"channels": "email"}, "at_least": 2}])
    day = shop.run(until="authorise")
    assert day["sends"] == 1
    (short,) = day["shortfalls"]
    assert (short["name"], short["least"], short["reached"]) == ("reach", 2.0, 1.0)


def test_without_any_money_nothing_is_sent_and_the_budget_is_the_reason(shop: World) -> None:
    shop.setting(budget_per_day=0)
    day = shop.run(until="authorise")
    assert (day["sends"], day["cost"]) == (0, 0.0)
    assert day["none_by_reason"] == {"limits: total budget": 2}


# ---- the graph server


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_graph_server_where_one_should_be(shop: World) -> None:
    address = f"bolt://127.0.0.1:{closed_port()}"
    answer = shop.command("query", "RETURN 1 AS one", environment={"WARRANT_GRAPH": address})
    assert answer.exit_code == UNREACHABLE
    assert address in answer.error["where"]
    assert answer.error["remedy"]


def test_a_wrong_password_is_not_taken_for_a_server_that_is_away(
    shop: World, embedded_server: graph_server.Server
) -> None:
    credentials = {"WARRANT_GRAPH_USER": graph_server.USER, "WARRANT_GRAPH_PASSWORD": "a-wrong-one"}
    answer = shop.command("query", "RETURN 1 AS one", environment={"WARRANT_GRAPH": embedded_server.uri, **credentials})
    assert answer.exit_code == UNREACHABLE
    assert graph_server.USER in answer.error["what"]
    assert "WARRANT_GRAPH_PASSWORD" in answer.error["remedy"]
    assert "a-wrong-one" not in answer.stdout + answer.stderr


def test_a_graph_address_that_is_none_is_a_mistake_of_the_caller(shop: World) -> None:
    answer = shop.command("query", "RETURN 1 AS one", environment={"WARRANT_GRAPH": "http://127.0.0.1:7474"})
    assert answer.exit_code == USAGE
    assert answer.error["where"] == "WARRANT_GRAPH"


def test_a_port_that_another_program_holds_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(GraphUnreachable, match=str(port)):
            graph_server.start(tmp_path, port=port)


def test_a_run_that_finds_no_server_can_go_on_when_it_is_back(shop: World) -> None:
    address = f"bolt://127.0.0.1:{closed_port()}"
    answer = shop.command("run", str(shop.playbook), environment={"WARRANT_GRAPH": address})
    assert answer.exit_code == UNREACHABLE
    assert shop.run()["state"] == "delivered"


# ---- commands


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deliver", "0123456789abcdef"), "0123456789abcdef"),
        (("why", "--customer", "anna"), ""),
        (("run", "--as-of", "yesterday"), "yesterday"),
        (("run", "--until", "lunch"), "lunch"),
        (("replay", "0123456789abcdef"), "0123456789abcdef"),
    ],
)
def test_a_question_about_something_that_is_not_there_is_a_usage_error(
    shop: World, arguments: tuple[str, ...], said: str
) -> None:
    answer = shop.command(*arguments)
    assert answer.exit_code == USAGE
    assert said in answer.error["what"]


def test_a_clock_that_is_no_time_is_a_usage_error(shop: World) -> None:
    answer = shop.command("run", str(shop.playbook), environment={"WARRANT_NOW": "teatime"})
    assert answer.exit_code == USAGE
    assert answer.error["where"] == "WARRANT_NOW"


def test_questions_that_cannot_be_answered_say_so_and_change_nothing(shop: World) -> None:
    shop.run()
    nobody = shop.command("why", "--customer", "nobody")
    assert nobody.exit_code == USAGE
    assert "nobody" in nobody.error["what"]
    for statement in (
        "MATCH (c:Customer) DETACH DELETE c",
        "CREATE (:Customer {customer_id: 'eve'})",
        "LOAD CSV FROM 'file:///secrets.csv' AS row RETURN row",
    ):
        assert shop.command("query", statement).exit_code == REFUSED
    assert shop.command("query", "MATCH (c:Customer RETURN c").exit_code == USAGE
    customers = {row["customer"] for row in shop.query("MATCH (c:Customer) RETURN c.customer_id AS customer")}
    assert customers == {"anna", "bert"}
