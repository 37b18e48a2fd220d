"""Batches without some people: their rows are gone, and the manifest proves the files as they are then."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.channels.erasing import clear_exports, rows_naming
from pipelines.channels.files import STANDARD_COLUMNS, write_batch


def batch(folder: Path, *customers: str, columns: dict[str, str] | None = None, about_all: str | None = None) -> None:
    rows = pd.DataFrame({name: [about_all] * len(customers) for name in STANDARD_COLUMNS}, dtype=object)
    rows["customer_id"] = list(customers)
    rows["decision_id"] = [f"decision-of-{customer}" for customer in customers]
    rows["title"] = 'Tea, "now"'
    rows["send_at"] = rows["expires_at"] = pd.Timestamp("2026-03-06T10:00:00Z")
    write_batch(folder, "email", rows, formats=["csv", "parquet"], columns=columns or {}, about={"run_id": "a-run"})


def test_only_the_persons_rows_go_from_all_files_and_the_manifest_fits(tmp_path: Path) -> None:
    batch(tmp_path / "run", "anna", "bert")
    batch(tmp_path / "as-if", "bert")
    (done,) = clear_exports(tmp_path, ["anna"])
    assert (done.channel, done.rows_removed) == ("email", 1)
    for kind in ("csv", "parquet"):
        left = (tmp_path / "run" / f"email.{kind}").read_bytes()
        assert left == (tmp_path / "as-if" / f"email.{kind}").read_bytes(), "as if they had never been in it"
        manifest = json.loads((tmp_path / "run" / "email.manifest.json").read_text())
        assert manifest["sha256"][f"email.{kind}"] == hashlib.sha256(left).hexdigest()
    assert (manifest["rows"], manifest["is_rewritten_after_erasure"]) == (1, True)
    assert clear_exports(tmp_path, ["anna"]) == []


def test_rows_of_others_stay_where_their_version_or_offer_is_written_like_the_persons_id(tmp_path: Path) -> None:
    batch(tmp_path, "1", "bert", about_all="1")
    (done,) = clear_exports(tmp_path, ["1"])
    assert done.rows_removed == 1
    assert [found["row"]["customer_id"] for found in rows_naming(tmp_path, ["bert"])] == ["bert"]


@pytest.mark.parametrize("name", ["anna", "decision-of-anna"])
def test_a_channels_own_columns_are_searched_too(tmp_path: Path, name: str) -> None:
    batch(tmp_path, "anna", "bert", columns={"ref": "decision_id", "user": "customer_id"})
    assert [found["row"]["user"] for found in rows_naming(tmp_path, [name])] == ["anna"]
    clear_exports(tmp_path, [name])
    assert rows_naming(tmp_path, [name]) == []
    assert [found["row"]["user"] for found in rows_naming(tmp_path, ["bert"])] == ["bert"]


def test_a_batch_whose_files_were_fetched_is_left_alone(tmp_path: Path) -> None:
    batch(tmp_path, "anna")
    for path in tmp_path.glob("email.[cp]*"):
        path.unlink()
    assert clear_exports(tmp_path, ["anna"]) == []
