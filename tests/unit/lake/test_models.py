import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lake.errors import LakeError
from lake.models import Card, ModelStore, model_hash

CARD = Card(
    name="value",
    subject="what a customer will still bring, in currency",
    playbook="tiny",
    as_of="2026-10-01T00:00:00+00:00",
    trained_until="2026-10-01T00:00:00+00:00",
    data={"purchases": "ab12"},
    code_version="c0de" * 16,
    seed=7,
    splits="fitted before 2026-07-01, judged until 2026-10-01",
    parameters={"horizon_days": 91},
    scores=({"model": "ours", "metric": "mean absolute error", "value": 0.75, "low": None, "high": None, "rows": 9},),
    against=({"rival": "naive", "metric": "mean absolute error", "difference": -0.1, "low": -0.2, "wins": True},),
    notes=("Customers | without orders take the mean.",),
    is_better=True,
)
ARRAYS = {"parameters": np.array([0.24, 4.41]), "names": np.array(["r", "alpha"])}


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def test_a_model_is_read_as_it_was_saved(models: ModelStore) -> None:
    digest = models.save(ARRAYS, CARD)
    arrays, card = models.load("value", digest)
    assert card == CARD
    assert {key: value.tolist() for key, value in arrays.items()} == {
        key: value.tolist() for key, value in ARRAYS.items()
    }
    assert (models.names(), models.hashes("value")) == (("value",), (digest,))


def test_the_same_model_is_kept_once_and_another_one_beside_it(models: ModelStore) -> None:
    first = models.save(ARRAYS, CARD)
    assert models.save(dict(reversed(ARRAYS.items())), CARD) == first
    other = models.save(ARRAYS | {"parameters": np.array([0.24, 4.42])}, CARD)
    assert other != first
    assert set(models.hashes("value")) == {first, other}


@pytest.mark.parametrize(
    "changed",
    [{"seed": 8}, {"data": {"purchases": "ab13"}}, {"notes": ()}, {"is_better": False}],
)
def test_everything_on_the_card_is_under_the_hash(changed: dict[str, Any]) -> None:
    assert model_hash(ARRAYS, dataclasses.replace(CARD, **changed)) != model_hash(ARRAYS, CARD)


def test_shape_and_type_of_an_array_are_under_the_hash() -> None:
    flat, square = np.arange(4.0), np.arange(4.0).reshape(2, 2)
    hashes = {model_hash({"a": each}, CARD) for each in (flat, square, flat.view(np.int64))}
    assert len(hashes) == 3


def test_the_card_can_be_read_by_people(models: ModelStore) -> None:
    digest = models.save(ARRAYS, CARD)
    page = (models.root / "value" / digest / "card.md").read_text(encoding="utf-8")
    assert page.startswith("# value: what a customer will still bring, in currency\n")
    assert "It beats what it has to beat." in page
    assert "| ours | mean absolute error | 0.75 |  |  | 9 |" in page
    assert "| naive | mean absolute error | -0.1 | -0.2 |  | yes |" in page
    assert "- Customers | without orders take the mean." in page


def test_texts_as_objects_are_refused(models: ModelStore) -> None:
    with pytest.raises(LakeError, match="names holds objects"):
        models.save({"names": np.array(["a"], dtype=object)}, CARD)
    assert models.names() == ()


def test_a_number_that_is_none_is_refused(models: ModelStore) -> None:
    with pytest.raises(LakeError, match="JSON"):
        models.save(ARRAYS, dataclasses.replace(CARD, parameters={"x": float("nan")}))


@pytest.mark.parametrize("file", ["arrays.npz", "card.json"])
def test_a_model_that_was_changed_is_not_used(models: ModelStore, file: str) -> None:
    digest = models.save(ARRAYS, CARD)
    path = models.root / "value" / digest / file
    if file == "card.json":
        path.write_text(json.dumps(json.loads(path.read_text()) | {"seed": 9}))
    else:
        np.savez(path, parameters=np.array([0.3, 4.41]), names=ARRAYS["names"])
    with pytest.raises(LakeError, match="not what was saved"):
        models.load("value", digest)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"{"])
@pytest.mark.parametrize("file", ["arrays.npz", "card.json"])
def test_a_torn_file_is_told(models: ModelStore, file: str, content: bytes) -> None:
    digest = models.save(ARRAYS, CARD)
    (models.root / "value" / digest / file).write_bytes(content)
    with pytest.raises(LakeError, match="not what was saved"):
        models.load("value", digest)


def test_an_unknown_model_is_told_with_those_that_there_are(models: ModelStore) -> None:
    digest = models.save(ARRAYS, CARD)
    with pytest.raises(LakeError, match="no model value 0000") as told:
        models.load("value", "0000")
    assert digest in str(told.value.remedy)
