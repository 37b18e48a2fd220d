"""Reading a playbook: what is accepted, what is refused, and on which line."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.clock import read_clock
from pipelines.errors import PlaybookError, UsageError
from pipelines.home import find_home
from pipelines.playbook_reading import load_playbook

WARRANT = "name: corner-shop\ncurrency: EUR\ntimezone: Europe/Berlin\n"
CHANNELS = "channels:\n  email:\n    kind: file\n"
ASSET = "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "warrant.yaml": WARRANT,
        "channels.yaml": CHANNELS,
        "sources/customers.sql": "SELECT 1",
        "content/hello.md": ASSET,
    }.items():
        write(tmp_path, name, text)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def complaint(folder: Path) -> PlaybookError:
    with pytest.raises(PlaybookError) as caught:
        load_playbook(folder)
    return caught.value


def test_four_files_are_enough_and_the_rest_has_defaults(folder: Path) -> None:
    playbook = load_playbook(folder)
    assert playbook.name == "corner-shop"
    assert playbook.warrant.objective.value_window_days == 28
    assert playbook.warrant.holdout_share == 0.05
    assert list(playbook.source_files) == ["customers"]
    assert playbook.content_frame()["asset_id"].tolist() == ["hello"]
    assert playbook.channel_frame()["channel_id"].tolist() == ["email"]


@pytest.mark.parametrize("missing", ["warrant.yaml", "channels.yaml"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    assert missing in complaint(folder).what


def test_a_missing_folder_is_an_error_and_not_an_empty_playbook(tmp_path: Path) -> None:
    assert complaint(tmp_path / "nowhere").where.endswith("nowhere")


def test_no_source_at_all_is_an_error(folder: Path) -> None:
    (folder / "sources/customers.sql").unlink()
    assert "no source query" in complaint(folder).what


def test_a_typing_mistake_names_its_line_and_the_nearest_known_name(folder: Path) -> None:
    write(folder, "warrant.yaml", WARRANT + "holdout_shar: 0.1\n")
    error = complaint(folder)
    assert error.where.endswith("warrant.yaml:4")
    assert "Did you mean `holdout_share`?" in error.remedy


def test_a_typing_mistake_inside_a_channel_is_found_on_its_own_line(folder: Path) -> None:
    write(folder, "channels.yaml", CHANNELS + "    capasity: 10\n")
    error = complaint(folder)
    assert error.where.endswith("channels.yaml:4")
    assert "`capasity`" in error.what


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("timezone: Mars/Olympus", "IANA"),
        ("currency: euros", "match"),
        ("name: Corner Shop", "match"),
    ],
)
def test_a_value_that_cannot_be_is_refused(folder: Path, line: str, said: str) -> None:
    key = line.split(":", 1)[0]
    kept = "\n".join(row for row in WARRANT.splitlines() if not row.startswith(key))
    write(folder, "warrant.yaml", f"{kept}\n{line}\n")
    error = complaint(folder)
    assert said in error.what
    assert error.where.endswith("warrant.yaml:3")


def test_the_same_key_twice_is_refused_since_the_first_would_be_lost(folder: Path) -> None:
    write(folder, "warrant.yaml", WARRANT + "currency: USD\n")
    error = complaint(folder)
    assert "twice" in error.what
    assert error.where.endswith(":4")


def test_broken_yaml_names_the_line(folder: Path) -> None:
    write(folder, "channels.yaml", "channels:\n  email: [\n")
    assert "channels.yaml:" in complaint(folder).where


def test_a_day_that_does_not_exist_is_named(folder: Path) -> None:
    write(folder, "warrant.yaml", WARRANT + "as_of: 2026-02-30\n")
    error = complaint(folder)
    assert "day is out of range" in error.what
    assert error.where.endswith("warrant.yaml")


def test_content_in_another_encoding_says_so(folder: Path) -> None:
    (folder / "content/hello.md").write_bytes(ASSET.encode("utf-16"))
    assert "UTF-8" in complaint(folder).what


def test_an_unknown_entry_is_not_silently_ignored(folder: Path) -> None:
    write(folder, "channel.yaml", CHANNELS)
    assert "Did you mean `channels.yaml`?" in complaint(folder).what


def test_a_policy_needs_exactly_one_kind(folder: Path) -> None:
    write(folder, "policies/mine.yaml", "- id: nothing\n  because: I forgot.\n- id: ok\n  because: x\n  deny: 'true'\n")
    error = complaint(folder)
    assert "exactly one of deny, require, cap" in error.what
    assert error.where.endswith("mine.yaml:1")


def test_quiet_hours_without_quotes_are_read_as_a_clock_reads(folder: Path) -> None:
    write(folder, "channels.yaml", CHANNELS + "    quiet_hours: {from: 21:00, until: 08:30}\n")
    hours = load_playbook(folder).channels.channels["email"].quiet_hours
    assert hours is not None
    assert (hours.from_.hour, hours.until.hour, hours.until.minute) == (21, 8, 30)


@pytest.mark.parametrize("hours", ["{from: 21, until: 8}", "{from: 2100, until: 800}"])
def test_quiet_hours_that_could_be_minutes_or_seconds_are_refused(folder: Path, hours: str) -> None:
    write(folder, "channels.yaml", CHANNELS + f"    quiet_hours: {hours}\n")
    assert "no time of the day" in complaint(folder).what


@pytest.mark.parametrize("line", ["capacity: .inf", "budget: .inf", "cost_per_touch: .inf", "budget: .nan"])
def test_a_limit_without_end_is_written_by_leaving_it_out(folder: Path, line: str) -> None:
    write(folder, "channels.yaml", CHANNELS + f"    {line}\n")
    assert complaint(folder).where.endswith("channels.yaml:4")


@pytest.mark.parametrize("days", [".inf", "1e9", "0"])
def test_a_cap_needs_a_window_that_can_be_counted(folder: Path, days: str) -> None:
    write(folder, "policies/mine.yaml", f"- id: rarely\n  because: x\n  cap: {{count: 1, days: {days}}}\n")
    assert "`days`" in complaint(folder).what


@pytest.mark.parametrize("name", ["../outside", "e/mail", ".hidden"])
def test_a_channel_is_no_path_because_its_exports_are_named_after_it(folder: Path, name: str) -> None:
    write(folder, "channels.yaml", CHANNELS.replace("email", f'"{name}"'))
    assert complaint(folder).where.endswith("channels.yaml:2")


@pytest.mark.parametrize(
    "name", ["policies/legal.yml", "policies/more/legal.yaml", "sources/consents.SQL.bak", "content/hello.markdown"]
)
def test_a_file_that_nothing_reads_is_refused_since_its_rules_would_not_hold(folder: Path, name: str) -> None:
    write(folder, name, "- id: never\n  because: x\n  deny: 'true'\n")
    assert complaint(folder).where.endswith(name)


def test_what_editors_leave_behind_is_no_part_of_a_playbook(folder: Path) -> None:
    before = load_playbook(folder).digest
    write(folder, "policies/.legal.yaml", "- broken")
    write(folder, "content/.hello.md.swp", "")
    playbook = load_playbook(folder)
    assert playbook.policies == ()
    assert playbook.digest == before


def test_content_without_front_matter_is_refused(folder: Path) -> None:
    write(folder, "content/bare.md", "Buy now!\n")
    assert complaint(folder).where.endswith("bare.md:1")


def test_a_mistake_in_front_matter_names_its_line_in_the_file(folder: Path) -> None:
    write(folder, "content/hello.md", ASSET.replace("kind: reminder", "kind: reminder\ncategory: tea"))
    assert complaint(folder).where.endswith("hello.md:5")


def test_the_digest_follows_what_configures_and_not_the_data(folder: Path) -> None:
    before = load_playbook(folder).digest
    write(folder, "data/purchases.csv", "a\n")
    assert load_playbook(folder).digest == before
    write(folder, "warrant.yaml", WARRANT + "seed: 2\n")
    assert load_playbook(folder).digest != before


def test_relative_files_are_looked_up_where_the_environment_says(folder: Path, tmp_path: Path) -> None:
    playbook = load_playbook(folder)
    assert playbook.search_path({}) == (folder / "data",)
    assert playbook.search_path({"WARRANT_DATA": str(tmp_path)}) == (tmp_path,)


def test_data_of_a_package_that_is_not_installed_says_so(folder: Path) -> None:
    write(folder, "warrant.yaml", WARRANT + "data: package:no_such_package/data\n")
    with pytest.raises(PlaybookError, match="not installed"):
        load_playbook(folder).search_path({})


def test_an_empty_variable_is_no_state_folder() -> None:
    assert find_home({"WARRANT_HOME": ""}).root == Path(".warrant").resolve()
    assert find_home({"WARRANT_HOME": "state"}).root == Path("state").resolve()


def test_a_day_starts_at_midnight_of_the_playbooks_time_zone() -> None:
    clock = read_clock(day=date(2017, 11, 13), playbook_day=None, timezone="America/New_York", environment={})
    assert clock.as_of == datetime(2017, 11, 13, 5, tzinfo=UTC)
    assert not clock.is_simulated


def test_a_told_time_simulates_the_clock() -> None:
    clock = read_clock(
        day=None, playbook_day=None, timezone="Europe/Berlin", environment={"WARRANT_NOW": "2026-03-01T23:30:00Z"}
    )
    assert clock.is_simulated
    assert clock.latest_known == datetime(2026, 3, 1, 23, 35, tzinfo=UTC), "five minutes for the clocks of sources"
    assert clock.day == date(2026, 3, 2)
    assert clock.as_of == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_a_told_time_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not a time"):
        read_clock(day=None, playbook_day=None, timezone="UTC", environment={"WARRANT_NOW": "soon"})
