"""Files for a channel: complete, provable, and the same for the same rows."""

import csv
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from pipelines.channels.files import STANDARD_COLUMNS, check_columns, write_batch
from pipelines.errors import PipelineError, PlaybookError


def decisions(count: int) -> pd.DataFrame:
    rows = pd.DataFrame({name: [f"{name}-{n}" for n in range(count)] for name in STANDARD_COLUMNS})
    moment = pd.Timestamp("2026-03-01T09:00:00", tz="UTC").as_unit("us")
    return rows.assign(send_at=moment, expires_at=moment + pd.Timedelta(days=1))


def batch(folder: Path, rows: pd.DataFrame, **changes: object) -> dict[str, object]:
    settings: dict[str, object] = {"formats": ("csv", "parquet"), "columns": {}, "about": {"run_id": "r1"}} | changes
    written = write_batch(folder, "email", rows, **settings)  # type: ignore[arg-type] # varied by the tests
    manifest: dict[str, object] = json.loads(written.files[-1].read_text(encoding="utf-8"))
    return manifest


def test_the_manifest_states_rows_and_the_hash_of_every_file(tmp_path: Path) -> None:
    manifest = batch(tmp_path, decisions(3))
    assert manifest["rows"] == 3
    hashes = manifest["sha256"]
    assert isinstance(hashes, dict)
    assert set(hashes) == {"email.csv", "email.parquet"}
    for name, digest in hashes.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_both_formats_hold_the_same_decisions(tmp_path: Path) -> None:
    batch(tmp_path, decisions(3))
    from_csv = pd.read_csv(tmp_path / "email.csv")
    from_parquet = pd.read_parquet(tmp_path / "email.parquet")
    assert (
        from_csv["decision_id"].tolist()
        == from_parquet["decision_id"].tolist()
        == [f"decision_id-{n}" for n in range(3)]
    )


def test_writing_again_gives_the_same_bytes_and_the_same_batch(tmp_path: Path) -> None:
    first = batch(tmp_path / "a", decisions(2))
    again = batch(tmp_path / "b", decisions(2))
    assert first == again
    assert (tmp_path / "a/email.parquet").read_bytes() == (tmp_path / "b/email.parquet").read_bytes()


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file where the folder should be")
    with pytest.raises(PipelineError, match="channel email cannot be written") as told:
        batch(tmp_path / "exports" / "run", decisions(1))
    assert (told.value.exit_code, "WARRANT_HOME" in told.value.remedy) == (3, True)
    assert str(tmp_path / "exports") in told.value.where


def test_a_channel_may_ask_for_facts_of_the_motive_to_fill_its_message_with(tmp_path: Path) -> None:
    facts = ['{"points_missing":120.0,"next_tier":"Gold"}', "{}"]
    columns = {"points": "fact.points_missing", "tier": "fact.next_tier", "why": "motive_sentence"}
    rows = decisions(2).assign(facts=facts, motive_sentence="Nearly there.")
    write_batch(tmp_path, "email", rows, formats=("csv",), columns=columns, about={"run_id": "r1"})
    found = pd.read_csv(tmp_path / "email.csv", dtype=str, keep_default_na=False)
    assert found[["points", "tier", "why"]].to_numpy().tolist() == [
        ["120", "Gold", "Nearly there."],
        ["", "", "Nearly there."],
    ]


def test_an_empty_batch_has_its_columns_so_that_a_reader_does_not_stumble(tmp_path: Path) -> None:
    manifest = batch(tmp_path, decisions(0))
    assert manifest["rows"] == 0
    assert pd.read_csv(tmp_path / "email.csv").columns.tolist() == list(STANDARD_COLUMNS)


def test_a_channel_gets_its_own_column_names_and_always_the_decision(tmp_path: Path) -> None:
    manifest = batch(tmp_path, decisions(1), columns={"external_id": "customer_id", "subject_line": "title"})
    assert manifest["columns"] == ["decision_id", "external_id", "subject_line"]


def test_a_column_map_to_nothing_is_refused_with_the_known_names() -> None:
    with pytest.raises(PlaybookError, match="customer_id") as caught:
        check_columns({"mail": "email_address"}, "channels.yaml:7")
    assert caught.value.where == "channels.yaml:7"


def test_the_decisions_own_id_cannot_be_hidden_behind_its_name() -> None:
    with pytest.raises(PlaybookError, match="own id"):
        check_columns({"decision_id": "customer_id"}, "channels.yaml:7")


@pytest.mark.parametrize("count", [0, 2])
def test_every_batch_has_the_same_types_even_where_nothing_carries_an_offer(tmp_path: Path, count: int) -> None:
    batch(tmp_path, decisions(count).assign(offer_id=None))
    schema = pyarrow.parquet.read_schema(tmp_path / "email.parquet")
    assert schema.field("offer_id").type == pa.string()
    assert schema.field("send_at").type == pa.timestamp("us", "UTC")


def test_times_say_that_they_are_utc_and_texts_with_signs_are_quoted_as_they_are(tmp_path: Path) -> None:
    batch(tmp_path, decisions(1).assign(title='=1+1, "so"\nmuch'))
    with (tmp_path / "email.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["title"] == '=1+1, "so"\nmuch'
    assert row["send_at"].endswith("Z")
    assert datetime.fromisoformat(row["send_at"]) == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_no_unfinished_file_is_left(tmp_path: Path) -> None:
    batch(tmp_path, decisions(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["email.csv", "email.manifest.json", "email.parquet"]
