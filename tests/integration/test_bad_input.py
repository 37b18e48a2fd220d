"""Whatever is wrong with sources, playbook or graph server: what, where and remedy, and the exit code for it."""

import socket
from collections.abc import Callable
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
        world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13), times=3)
    return world


def perceived(world: World) -> dict[str, int]:
    """Quarantined rows per table, without the tables that have none."""
    return {table: rows for table, rows in world.run(until="perceive")["quarantined"].items() if rows}


def reasons(world: World) -> dict[str, int]:
    """Rows per reason, over all tables, as `warrant check` says."""
    answer = world.command("check", str(world.playbook))
    return {entry["reason"]: entry["rows"] for entry in answer.document["quarantine_reasons"]}


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
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "purchases.sql" in answer.error["where"]
    assert said in answer.error["what"]
    assert answer.error["remedy"]


def test_broken_sql_names_file_and_line(shop: World) -> None:
    shop.source("purchases", "SELECT *\nFORM 'purchases.csv'\n")
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert answer.error["where"].endswith("purchases.sql:2")


def test_a_source_without_a_table_of_its_name_is_an_error(shop: World) -> None:
    shop.source("purchasez", "SELECT 1 AS order_id")
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "purchasez.sql" in answer.error["where"]
    assert "purchases" in answer.error["remedy"]


def test_a_file_without_any_content_is_an_error(shop: World) -> None:
    shop.write()
    shop.source("purchases", "FROM 'nothing.csv'")
    (shop.playbook / "data" / "nothing.csv").write_bytes(b"")
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "purchases.sql" in answer.error["where"]


def test_a_file_with_a_header_and_no_rows_is_an_error(shop: World) -> None:
    shop.source("purchases", "SELECT * FROM 'purchases.csv' WHERE false")
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "purchases.sql" in answer.error["where"]


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
    "spoil",
    [
        unreadable_time,
        unreadable_number,
        missing_value,
        unknown_customer,
        unknown_product,
        nothing_bought,
        negative_sale,
        from_the_future,
        unknown_kind,
        the_same_row_again,
    ],
)
def test_one_wrong_row_is_set_aside_with_its_reason(shop: World, spoil: Callable[[World], None]) -> None:
    spoil(shop)
    assert perceived(shop) == {"purchases": 1}
    assert list(reasons(shop).values()) == [1]


def test_rows_of_one_key_that_contradict_each_other_are_all_set_aside(shop: World) -> None:
    shop.rows["purchases"].append(shop.rows["purchases"][-1] | {"net_value": 99})
    assert perceived(shop) == {"purchases": 2}


def test_a_return_may_be_negative(shop: World) -> None:
    shop.purchase("anna", "coffee", on=days_before(TODAY, 3), kind="return", quantity=-1, spend=-20)
    assert perceived(shop) == {}


def test_what_happened_today_is_not_wrong_but_not_yet_known(shop: World) -> None:
    shop.at = "12:00:00"
    shop.purchase("anna", "coffee", on=TODAY)
    document = shop.run(until="perceive")
    assert not any(document["quarantined"].values())
    assert document["later"]["purchases"] == 1


def test_consent_for_a_channel_that_does_not_exist_is_set_aside(shop: World) -> None:
    shop.consents("anna", "pigeon")
    assert perceived(shop) == {"consents": 1}


# ---- the playbook


def test_a_typing_mistake_in_the_playbook_names_its_line_and_what_was_meant(shop: World) -> None:
    shop.setting(holdout_shar=0.1)
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    file, _, line = answer.error["where"].rpartition(":")
    assert file.endswith("warrant.yaml")
    assert Path(file).read_text().splitlines()[int(line) - 1].startswith("holdout_shar:")
    assert "holdout_share" in answer.error["remedy"]


def test_content_for_a_channel_that_does_not_exist_is_an_error(shop: World) -> None:
    shop.asset("hello", categories=["coffee"], channels=["pigeon"])
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "pigeon" in answer.error["what"]
    assert "hello.md" in answer.error["where"]


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        ("offer.discount_pct >> 10", "20", ">"),
        ("offer.discount_pct > 10 and", "27", ""),
        ("offer.discount > 10", "1", "offer.discount_pct"),
        ("__import__('os')", "1", ""),
    ],
)
def test_a_policy_that_does_not_parse_names_line_and_column(
    shop: World, expression: str, column: str, said: str
) -> None:
    shop.policy("first", deny="offer.discount_pct > 90").policy("broken", deny=expression)
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    error = answer.error
    assert "scenario.yaml:" in error["where"]
    assert f"column {column}" in " ".join(error.values())
    assert said in " ".join(error.values())


def test_a_policy_whose_own_test_fails_stops_the_run(shop: World) -> None:
    shop.policy(
        "no-deep-discounts",
        deny="offer.discount_pct > 20",
        tests=[{"offer": {"discount_pct": 20}, "expect": "deny"}],
    )
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "no-deep-discounts" in " ".join(answer.error.values())


def test_an_unknown_play_and_an_unknown_audience_are_errors(shop: World) -> None:
    shop.play("replenishment-du")
    answer = shop.command("run", str(shop.playbook))
    assert answer.exit_code == BAD_PLAYBOOK
    assert "replenishment-due" in answer.error["remedy"]


# ---- the graph server


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_graph_server_where_one_should_be(shop: World) -> None:
    address = f"bolt://127.0.0.1:{closed_port()}"
    answer = shop.command("run", str(shop.playbook), environment={"WARRANT_GRAPH": address})
    assert answer.exit_code == UNREACHABLE
    assert address in answer.error["where"]
    assert answer.error["remedy"]


def test_a_wrong_password_is_not_taken_for_a_server_that_is_away(
    shop: World, embedded_server: graph_server.Server
) -> None:
    credentials = {"WARRANT_GRAPH_USER": graph_server.USER, "WARRANT_GRAPH_PASSWORD": "wrong"}
    answer = shop.command("run", str(shop.playbook), environment={"WARRANT_GRAPH": embedded_server.uri, **credentials})
    assert answer.exit_code == UNREACHABLE
    assert "password" in answer.error["what"]
    assert "wrong" not in answer.stdout + answer.stderr


def test_a_graph_address_that_is_none_is_a_mistake_of_the_caller(shop: World) -> None:
    answer = shop.command("run", str(shop.playbook), environment={"WARRANT_GRAPH": "http://127.0.0.1:7474"})
    assert answer.exit_code == USAGE
    assert answer.error["where"] == "WARRANT_GRAPH"


def test_a_port_that_another_program_holds_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(GraphUnreachable, match=str(port)):
            graph_server.start(tmp_path, port=port)


def test_a_server_that_is_away_costs_nothing_that_was_done_before(shop: World) -> None:
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


def test_a_customer_whom_no_decision_is_about_is_a_usage_error(shop: World) -> None:
    shop.run()
    answer = shop.command("why", "--customer", "nobody")
    assert answer.exit_code == USAGE
    assert "nobody" in answer.error["what"]


def test_a_clock_that_is_no_time_is_a_usage_error(shop: World) -> None:
    answer = shop.command("run", str(shop.playbook), environment={"WARRANT_NOW": "teatime"})
    assert answer.exit_code == USAGE
    assert answer.error["where"] == "WARRANT_NOW"


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (c:Customer) DETACH DELETE c",
        "CREATE (:Customer {customer_id: 'eve'})",
        "LOAD CSV FROM 'file:///x' AS r RETURN r",
    ],
)
def test_a_question_that_would_write_is_refused(shop: World, statement: str) -> None:
    shop.run()
    answer = shop.command("query", statement)
    assert answer.exit_code == REFUSED
    assert sorted(row["customer"] for row in shop.query("MATCH (c:Customer) RETURN c.customer_id AS customer")) == [
        "anna",
        "bert",
    ]


def test_cypher_that_does_not_parse_is_a_usage_error(shop: World) -> None:
    shop.run()
    assert shop.command("query", "MATCH (c:Customer RETURN c").exit_code == USAGE
