"""`warrant audit`: whoever edits, removes, puts in or moves anything on record is found out, or it is said that not."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import write_deltalake

from graph import local as graph_server
from lake.journal import JOURNAL, Actor, Journal
from lake.runs import LEDGER
from lake.signing import VARIABLE, new_private_key, public_key_of
from lake.store import Lake, arrow_table
from tests.scenarios.world import TODAY, Answer, World, days_before, fresh_world

BROKEN = 6
PRIVATE = new_private_key()
PUBLIC = public_key_of(PRIVATE)


@dataclass(frozen=True)
class Record:
    """What two days have left: the world, its state folder, what the second run printed."""

    world: World
    home: Path
    run: dict[str, Any]

    def audit(self, *arguments: str, home: Path | None = None, key: str = PRIVATE) -> Answer:
        """What `warrant audit` answers about a state folder."""
        environment = {"WARRANT_HOME": str(home or self.home), VARIABLE: key}
        return self.world.command("audit", *arguments, environment=environment)

    def copied(self, into: Path) -> Path:
        """A state folder that may be spoilt."""
        return Path(shutil.copytree(self.home, into / "state", symlinks=True))

    def lake(self, home: Path) -> Lake:
        """The lake of a state folder."""
        return Lake(home / "lake" / self.world.name)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[Record]:
    with (
        fresh_world(tmp_path_factory.mktemp("audited"), embedded_server) as world,
        pytest.MonkeyPatch.context() as set_,
    ):
        set_.setenv(VARIABLE, PRIVATE)
        world.play("replenishment-due")
        for number in range(3):
            world.customer(f"due-{number}").buys(f"due-{number}", "coffee", every=14, last=days_before(TODAY, 13))
        world.today = days_before(TODAY, 1)
        world.command("run", str(world.playbook), environment={VARIABLE: PRIVATE})
        world.today = TODAY
        run = world.command("run", str(world.playbook), environment={VARIABLE: PRIVATE}).document
        yield Record(world, Path(world.environment["WARRANT_HOME"]), run)


def test_what_nobody_touched_holds_and_what_is_not_shown_is_said(record: Record) -> None:
    answer = record.audit("verify", key="")
    assert answer.exit_code == 0
    found = answer.document
    assert [check["what"] for check in found["checks"]] == ["journal", "records", "files"]
    assert all(check["is_intact"] for check in found["checks"])
    assert found["events"] == 2
    assert any("--anchor" in sentence for sentence in found["unproven"])
    assert any("--key" in sentence for sentence in found["unproven"])


def test_a_run_is_sealed_once_however_often_it_is_run(record: Record) -> None:
    before = Journal(record.lake(record.home)).head()
    assert record.world.run()["run_id"] == record.run["run_id"]
    assert Journal(record.lake(record.home)).head() == before


def test_manifests_state_a_signed_head_that_the_journal_is_held_to(record: Record) -> None:
    (manifest,) = [path for path in record.run["files"] if path.endswith("email.manifest.json")]
    stated = json.loads(Path(manifest).read_bytes())["journal"]
    head = Journal(record.lake(record.home)).head()
    assert head is not None
    assert (stated["position"], stated["digest"], stated["public_key"]) == (head.position, head.digest, PUBLIC)
    found = record.audit("verify", "--anchor", manifest, "--key", PUBLIC, key="").document
    assert found["checks"][-1] == {
        "what": "anchor",
        "is_intact": True,
        "said": "signed, event 1 is the one that was published",
    }


def edited_record(lake: Lake, run_id: str) -> None:
    frame = lake.read_slice("decisions", run_id)
    lake.write_slice("decisions", run_id, frame.assign(value=[1e-9, *frame["value"][1:]]))


def removed_record(lake: Lake, run_id: str) -> None:
    lake.write_slice("decisions", run_id, lake.read_slice("decisions", run_id).iloc[1:])


def record_put_in(lake: Lake, run_id: str) -> None:
    frame = lake.read_slice("decisions", run_id)
    lake.write_slice("decisions", run_id, pd.concat([frame, frame.iloc[:1].assign(customer_id="zoe")]))


def record_given_to_another(lake: Lake, run_id: str) -> None:
    frame = lake.read_slice("decisions", run_id)
    lake.write_slice("decisions", run_id, frame.assign(customer_id=frame["customer_id"].to_numpy()[[1, 0, 2]]))


def edited_event(lake: Lake, _: str) -> None:
    rewrite_journal(lake, lambda rows: rows.assign(system_user=["somebody", *rows["system_user"][1:]]))


def removed_event(lake: Lake, _: str) -> None:
    rewrite_journal(lake, lambda rows: rows[rows["position"] != 0])


def moved_event(lake: Lake, _: str) -> None:
    rewrite_journal(lake, lambda rows: rows.assign(position=rows["position"][::-1].to_numpy()))


def cut_tail(lake: Lake, _: str) -> None:
    rewrite_journal(lake, lambda rows: rows[rows["position"] == 0])


@pytest.mark.parametrize(
    ("tamper", "what", "said"),
    [
        (edited_record, "records", "records are not those that were decided"),
        (removed_record, "records", "records are not those that were decided"),
        (record_put_in, "records", "records are not those that were decided"),
        (record_given_to_another, "records", "records are not those that were decided"),
        (edited_event, "journal", "event 0 of the journal is not what was written"),
        (removed_event, "journal", "event 0 of the journal is missing"),
        (moved_event, "journal", "event 0 of the journal"),
        (cut_tail, "records", "the journal has no event of it"),
    ],
)
def test_whatever_was_tampered_with_is_named(
    record: Record, tmp_path: Path, tamper: Callable[[Lake, str], None], what: str, said: str
) -> None:
    home = record.copied(tmp_path)
    tamper(record.lake(home), record.run["run_id"])
    answer = record.audit("verify", home=home)
    assert answer.exit_code == BROKEN
    broken = [check for check in answer.document["checks"] if not check["is_intact"]]
    assert any(check["what"] == what and said in check["said"] for check in broken), broken


def test_a_file_that_waits_for_its_channel_is_held_to_its_manifest(record: Record, tmp_path: Path) -> None:
    home = record.copied(tmp_path)
    (file,) = home.glob(f"exports/*/{record.run['run_id']}/email.csv")
    file.write_bytes(file.read_bytes().replace(b"due-0", b"due-9"))
    answer = record.audit("verify", home=home)
    assert answer.exit_code == BROKEN
    assert any("email.csv is not what its manifest says" in check["said"] for check in answer.document["checks"])


def test_a_tail_cut_off_together_with_its_runs_is_shown_by_an_anchor_alone(record: Record, tmp_path: Path) -> None:
    anchor, home = tmp_path / "head.json", record.copied(tmp_path)
    assert record.audit("head", "--file", str(anchor)).exit_code == 0
    lake = record.lake(home)
    cut_tail(lake, "")
    runs = lake.read_log(LEDGER)
    assert runs is not None
    overwrite(lake, LEDGER, runs[runs["run_id"] != record.run["run_id"]])
    shutil.rmtree(next(home.glob(f"exports/*/{record.run['run_id']}")))
    assert record.audit("verify", home=home).exit_code == 0, "hashes on one machine cannot show it"
    answer = record.audit("verify", "--anchor", str(anchor), home=home)
    assert answer.exit_code == BROKEN
    assert "has lost its end" in answer.document["checks"][-1]["said"]


def test_a_journal_computed_anew_is_shown_by_heads_that_left(record: Record, tmp_path: Path) -> None:
    home = record.copied(tmp_path)
    lake = record.lake(home)
    events = Journal(lake).events()
    overwrite(lake, JOURNAL, Lake(record.lake(record.home).root).read_log(JOURNAL).iloc[:0])  # type: ignore[union-attr]  # there is one
    for event in events.to_dict("records"):
        actor = Actor("person:nobody", event["role"], event["system_user"])
        Journal(lake).append(event["kind"], actor, event["payload"], at=event["at"], because=event["because"])
    answer = record.audit("verify", home=home)
    assert answer.exit_code == BROKEN
    broken = [check for check in answer.document["checks"] if not check["is_intact"]]
    assert {check["what"] for check in broken} == {"files"}, "the chain itself holds"
    assert all("is not the one that was published" in check["said"] for check in broken)


def test_a_head_signed_by_somebody_else_proves_nothing(record: Record, tmp_path: Path) -> None:
    anchor = tmp_path / "head.json"
    record.audit("head", "--file", str(anchor), key=new_private_key())
    answer = record.audit("verify", "--anchor", str(anchor))
    assert answer.exit_code == BROKEN
    assert "not by the key that is known" in answer.document["checks"][-1]["said"]
    unsigned = tmp_path / "unsigned.json"
    record.audit("head", "--file", str(unsigned), key="")
    assert "is not signed" in record.audit("verify", "--anchor", str(unsigned)).document["checks"][-1]["said"]


def test_the_trail_of_a_customer_is_every_decision_about_them_in_order(record: Record) -> None:
    rows = record.audit("trail", "--customer", "due-0").document["trail"]
    assert [row["kind"] for row in rows] == ["decided", "decided"]
    assert rows[0]["at"] < rows[1]["at"]
    assert "send “Time for coffee?” by email (replenishment-due)" in rows[0]["what"]
    assert all(row["source"].startswith("decision/") for row in rows)
    assert record.audit("trail", "--customer", "nobody").document["trail"] == []
    events = record.audit("trail").document["trail"]
    assert [row["source"] for row in events] == ["journal/0", "journal/1"]


def checked(pack: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What the script says that knows no code of ours."""
    script = Path(__file__).parents[2] / "docs" / "verify_evidence.py"
    command = [sys.executable, "-I", str(script), str(pack), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_outsider_checks_the_evidence_with_a_script_of_its_own(record: Record, tmp_path: Path) -> None:
    pack, anchor = tmp_path / "evidence.zip", tmp_path / "head.json"
    record.audit("head", "--file", str(anchor))
    exported = record.audit("export", str(pack)).document
    assert (exported["events"], exported["runs"], exported["records"]) == (2, 2, 6)
    found = checked(pack, "--anchor", str(anchor), "--key", PUBLIC, "--show", "due-1")
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.count("as sealed in the journal") == 2
    assert '"customer_id": "due-1"' in found.stdout
    assert record.audit("export", str(pack)).exit_code == 2, "a pack is never overwritten"
    assert checked(pack, "--key", public_key_of(new_private_key())).returncode == BROKEN


@pytest.mark.parametrize(
    ("name", "was", "now", "said"),
    [
        (".records", b"Time for coffee?", b"Time for coffin?", "does not lead to its roots"),
        ("journal.jsonl", b"the run has decided", b"the run was decided", "has another because"),
        ("journal.jsonl", b'"kind": "decided"', b'"kind": "deceded"', "is not what was written"),
    ],
)
def test_a_changed_byte_of_the_evidence_is_found(  # noqa: PLR0917 -- one case
    record: Record, tmp_path: Path, name: str, was: bytes, now: bytes, said: str
) -> None:
    pack, forged = tmp_path / "evidence.zip", tmp_path / "forged.zip"
    record.audit("export", str(pack))
    with zipfile.ZipFile(pack) as before, zipfile.ZipFile(forged, "w") as after:
        for one in before.namelist():
            content = before.read(one)
            after.writestr(one, content.replace(was, now, 1) if one.endswith(name) else content)
    found = checked(forged)
    assert found.returncode == BROKEN
    assert said in found.stdout


def test_a_pair_of_keys_is_printed_and_works(record: Record) -> None:
    pair = record.audit("key").document
    assert public_key_of(pair["private_key"]) == pair["public_key"]


def rewrite_journal(lake: Lake, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    rows = lake.read_log(JOURNAL)
    assert rows is not None
    overwrite(lake, JOURNAL, change(rows.sort_values("position", ignore_index=True)))


def overwrite(lake: Lake, log: str, rows: pd.DataFrame) -> None:
    write_deltalake(str(lake.root / "logs" / log), arrow_table(rows), mode="overwrite", schema_mode="overwrite")
