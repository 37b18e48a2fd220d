"""Which graph a playbook uses."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import GraphError
from graph.target import database_name, resolve_target

ADDRESS = "bolt://graph.example:7687"


def test_the_environment_wins_over_the_playbook(tmp_path: Path) -> None:
    environment = {"WARRANT_GRAPH": ADDRESS, "WARRANT_GRAPH_USER": "warrant", "WARRANT_GRAPH_PASSWORD": "secret"}
    target = resolve_target(tmp_path, "grocer", environment, "bolt://other.example:7687")
    assert (target.uri, target.user, target.password, target.kind) == (ADDRESS, "warrant", "secret", "neo4j")
    assert target.database is None
    assert target.lock_folder is None


def test_the_playbook_names_the_server_when_the_environment_does_not(tmp_path: Path) -> None:
    target = resolve_target(tmp_path, "grocer", {}, ADDRESS)
    assert (target.uri, target.user, target.password) == (ADDRESS, "neo4j", "")


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    environment = {"WARRANT_GRAPH": ADDRESS, "WARRANT_GRAPH_PASSWORD": "secret"}
    assert "secret" not in repr(resolve_target(tmp_path, "grocer", environment))


@pytest.mark.parametrize("address", ["localhost:7687", "http://localhost:7474", "bolt://", "bolt://host:port", "neo4j"])
def test_an_address_that_is_none_is_an_error_that_shows_a_right_one(tmp_path: Path, address: str) -> None:
    with pytest.raises(GraphError, match=r"is no Bolt address.*bolt://localhost:7687") as error:
        resolve_target(tmp_path, "grocer", {"WARRANT_GRAPH": address})
    assert error.value.where == "WARRANT_GRAPH"


@pytest.mark.parametrize("address", ["bolt://user:secret@graph.example:7687", "http://user:secret@graph.example"])
def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path, address: str) -> None:
    with pytest.raises(GraphError) as error:
        resolve_target(tmp_path, "grocer", {}, address)
    assert error.value.where == "`graph` in the playbook"
    assert "secret" not in str(error.value)


def test_a_plain_name_is_its_own_database() -> None:
    assert database_name("grocer-2026") == "grocer-2026"


@given(st.text(max_size=80))
def test_every_database_name_is_safe_as_a_folder_and_in_a_command(playbook: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", database_name(playbook))


@given(st.lists(st.text(alphabet="aA- _ö", max_size=6), min_size=2, max_size=2, unique=True))
def test_different_playbooks_get_different_databases(playbooks: list[str]) -> None:
    assert len({database_name(playbook) for playbook in playbooks}) == len(playbooks)


@pytest.mark.parametrize("reserved", ["system", "neo4j"])
def test_names_that_servers_use_themselves_are_avoided(reserved: str) -> None:
    assert database_name(reserved) != reserved
