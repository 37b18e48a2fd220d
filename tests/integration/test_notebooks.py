"""The guide to notebooks works as it stands, and the handle it opens only reads."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from graph import local as graph_server
from graph.errors import GraphRefused
from graph.questions.declaration import QuestionError
from pipelines.errors import RefusedError
from pipelines.notebooks import open_graph
from tests.scenarios.world import TODAY, World, days_before, fresh_world

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "notebooks.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[World]:
    with fresh_world(tmp_path_factory.mktemp("notebook"), embedded_server) as world:
        for number in range(3):
            customer = f"due-{number}"
            world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
        world.run()
        yield world


@pytest.fixture(autouse=True)
def environment(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_guide_runs_and_prints_a_table(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec("from pipelines.notebooks import open_graph\n" + example, names)  # noqa: S102  (our own guide)
    tables = [value for value in names.values() if isinstance(value, pd.DataFrame)]
    assert tables
    assert any(len(table) for table in tables)
    assert capsys.readouterr().out.strip()


def test_columns_have_a_row_per_relationship_with_types() -> None:
    with open_graph() as graph:
        bought = graph.columns(
            "MATCH (k:Category)<-[b:BOUGHT]-(c:Customer) WHERE b.count >= $least RETURN k.category_id AS category, "
            "collect(c.customer_id) AS customer, collect(b.count) AS days, collect(b.last_at) AS last",
            least=2,
        )
    assert sorted(bought["customer"]) == ["due-0", "due-1", "due-2"]
    assert bought["days"].dtype == "int64"
    assert set(bought["last"].dt.date) == {days_before(TODAY, 13)}


@pytest.mark.parametrize(
    "statement", ["MATCH (c:Customer) SET c.x = 1", "CREATE (n) RETURN n", "CALL { CREATE (n) } RETURN 1"]
)
def test_the_handle_writes_nothing(statement: str) -> None:
    with open_graph() as graph:
        for ask in (graph.table, graph.columns):
            with pytest.raises(GraphRefused):
                ask(statement)


def test_a_parameter_that_is_missing_is_named() -> None:
    with open_graph() as graph, pytest.raises(QuestionError, match=r"\$least"):
        graph.table("MATCH (c:Customer) WHERE c.pclv > $least RETURN c.customer_id AS customer")


def test_whoever_may_not_see_personal_data_opens_nothing(shop: World) -> None:
    people = shop.playbook / "people.yaml"
    people.write_text(
        "people:\n  vic: {name: Vic, role: viewer}\n  ana: {name: Ana, role: analyst}\n", encoding="utf-8"
    )
    try:
        with pytest.raises(RefusedError), open_graph(actor="person:vic"):
            pass
        with open_graph(actor="person:ana") as graph:
            assert len(graph.table("what-did-the-runs-do")) == 1
    finally:
        people.unlink()
