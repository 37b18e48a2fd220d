"""compose.yaml, as far as it can be checked without Docker: closed to the network, without a password of its own."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PUBLISHED = re.compile(r"127\.0\.0\.1:(\d+):(\d+)")
INTERPOLATED = re.compile(r"\$\{(?P<name>\w+)(?::(?P<sort>[?-])(?P<rest>[^}]*))?\}")
SERVICE_KEYS = {"image", "restart", "environment", "ports", "volumes", "healthcheck"}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def neo4j(compose: dict[str, Any]) -> dict[str, Any]:
    service: dict[str, Any] = compose["services"]["neo4j"]
    return service


def test_it_has_the_form_that_compose_reads(compose: dict[str, Any], neo4j: dict[str, Any]) -> None:
    assert set(compose) == {"name", "services", "volumes"}
    assert set(neo4j) <= SERVICE_KEYS
    assert all(isinstance(value, str) for value in neo4j["environment"].values())
    assert neo4j["image"].startswith("neo4j:5.26")
    assert neo4j["image"].endswith("community")
    mounted = [entry.partition(":")[0] for entry in neo4j["volumes"]]
    assert set(mounted) <= set(compose["volumes"])


def test_every_port_is_bound_to_loopback(neo4j: dict[str, Any]) -> None:
    matches = [PUBLISHED.fullmatch(entry) for entry in neo4j["ports"]]
    assert [match and match[2] for match in matches] == ["7687", "7474"]


def test_the_password_comes_from_the_environment_and_from_nowhere_else(root: Path, neo4j: dict[str, Any]) -> None:
    user, _, password = neo4j["environment"]["NEO4J_AUTH"].partition("/")
    told = INTERPOLATED.fullmatch(password)
    assert user == "neo4j"
    assert told
    assert (told["name"], told["sort"]) == ("WARRANT_GRAPH_PASSWORD", "?")
    assert told["rest"], "whoever has set none is told what to do"
    defaults = {found["name"]: found["rest"] for found in INTERPOLATED.finditer((root / "compose.yaml").read_text())}
    assert set(defaults) == {"WARRANT_GRAPH_PASSWORD", "WARRANT_GRAPH_HEAP", "WARRANT_GRAPH_PAGE_CACHE"}


def test_queries_cannot_read_the_servers_disk(neo4j: dict[str, Any]) -> None:
    # Docker's names: a dot is one underscore, an underscore two.
    settings = {
        name.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_"): value
        for name, value in neo4j["environment"].items()
    }
    assert settings["dbms.security.allow_csv_import_from_file_urls"] == "false"
    assert not any("apoc" in name or "PLUGINS" in name for name in settings)


def test_it_says_when_it_is_ready(neo4j: dict[str, Any]) -> None:
    check = neo4j["healthcheck"]
    assert check["test"][0] == "CMD-SHELL"
    assert "7474" in check["test"][1]
    assert all(re.fullmatch(r"\d+s", check[name]) for name in ("interval", "timeout", "start_period"))
    assert check["retries"] > 0
