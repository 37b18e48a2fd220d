"""The repository speaks of the product alone: no machine's paths, no registry's address, no lock file of one index."""

import re
from pathlib import Path

import pytest

# Put together here, because this file is tracked too.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("conda", "anaconda", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("download", "pytorch", "org"),
    )
)
MACHINE_FOLDERS = tuple("/" + name for name in ("work", "root", "home", "Users", "workspace"))
LOCK_FILE = "uv" + ".lock"
BEFORE_A_PATH = r"(?<![\w.)}~*-])"  # not the tail of a longer path, an address or a variable
AFTER_ITS_FIRST_FOLDER = r"(?![\w.-])"
FORBIDDEN = re.compile(
    "|".join(
        [
            *(rf"\b{re.escape(host)}\b" for host in REGISTRIES),
            *(BEFORE_A_PATH + folder + AFTER_ITS_FIRST_FOLDER for folder in MACHINE_FOLDERS),
            rf"\b{re.escape(LOCK_FILE)}\b",
        ]
    )
)


def test_no_tracked_text_names_a_registry_a_machine_path_or_a_lock_file(root: Path, tracked: tuple[Path, ...]) -> None:
    named = [
        f"{path}:{number}: {match.group()}"
        for path in tracked
        if (text := _text(root / path)) is not None
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := FORBIDDEN.search(line))
    ]
    assert named == []


@pytest.mark.parametrize(
    "line",
    [
        f"--index-url https://{REGISTRIES[0]}/simple",
        f"see files.{REGISTRIES[1]}/packages",
        f"data: {MACHINE_FOLDERS[0]}/main/data",
        f'path = "{MACHINE_FOLDERS[2]}/someone/lake"',
        f"cd {MACHINE_FOLDERS[1]}",
        f"commit {LOCK_FILE} too",
    ],
)
def test_the_rule_recognises_what_it_forbids(line: str) -> None:
    assert FORBIDDEN.search(line)


@pytest.mark.parametrize(
    "line", ["see docs/work/plan.md", "$HOME/work", "https://example.com/home/", "~/home", "/homepage", "${HOME}/work"]
)
def test_the_rule_leaves_ordinary_paths_alone(line: str) -> None:
    assert not FORBIDDEN.search(line)


def _text(path: Path) -> str | None:
    """The file's text, or None for what is not text (data, images)."""
    content = path.read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
