"""constraints.txt is the one list of versions: complete, hashed, and free of any index's address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, tuple[Requirement, ...]]:
    """The pins per distribution; several where Python versions differ."""
    found: dict[str, tuple[Requirement, ...]] = {}
    for entry in _entries(root):
        requirement = Requirement(entry.split(" --hash")[0].strip())
        name = canonicalize_name(requirement.name)
        found[name] = (*found.get(name, ()), requirement)
    return found


@pytest.fixture(scope="module")
def declared(root: Path) -> tuple[Requirement, ...]:
    """Everything pyproject.toml asks for: run time, build, extras and development."""
    content = tomllib.loads((root / "pyproject.toml").read_text())
    lines = [*content["project"]["dependencies"], *content["build-system"]["requires"]]
    lines += [line for extra in content["project"]["optional-dependencies"].values() for line in extra]
    lines += [line for group in content["dependency-groups"].values() for line in group]
    return tuple(Requirement(line) for line in lines)


def test_every_pin_is_exact_and_carries_a_hash(root: Path) -> None:
    unsafe = [
        entry
        for entry in _entries(root)
        if not HASH.search(entry)
        or [clause.operator for clause in Requirement(entry.split(" --hash")[0]).specifier] != ["=="]
    ]
    assert unsafe == []


def test_the_pins_hold_nothing_but_versions_and_hashes(root: Path) -> None:
    # An option such as an index, or an address, would tie an installation to one machine's network.
    foreign = [
        line
        for line in (root / "constraints.txt").read_text().splitlines()
        if "//" in line or "@" in line or _is_option(line)
    ]
    assert foreign == []


def test_every_declared_dependency_is_pinned_within_its_bounds(
    declared: tuple[Requirement, ...], pins: dict[str, tuple[Requirement, ...]]
) -> None:
    missing = [
        str(wish)
        for wish in declared
        if not (chosen := pins.get(canonicalize_name(wish.name)))
        or not all(wish.specifier.contains(_version(pin), prereleases=True) for pin in chosen)
    ]
    assert missing == []


def test_dagster_its_webserver_and_dg_are_pinned_to_one_version(pins: dict[str, tuple[Requirement, ...]]) -> None:
    # They pin each other exactly and are not always published on the same day.
    family = {
        name: [_version(pin) for pin in pins[name]] for name in ("dagster", "dagster-webserver", "dagster-dg-cli")
    }
    assert len({tuple(versions) for versions in family.values()}) == 1, family


def _entries(root: Path) -> list[str]:
    """One string per pin, its hashes joined to it."""
    joined = (root / "constraints.txt").read_text().replace("\\\n", " ")
    entries = [" ".join(line.split()) for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    assert len(entries) > 100, "the list of pins is cut short"
    return entries


def _version(pin: Requirement) -> str:
    (clause,) = pin.specifier
    return clause.version


def _is_option(line: str) -> bool:
    return line.startswith("-") or (line.strip().startswith("--") and not HASH.search(line))
