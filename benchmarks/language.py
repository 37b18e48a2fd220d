"""How well inbound messages are read, on texts written by other people than the examples that were learnt from.

The examples are those of a playbook. The evaluation file is a CSV with the columns of `language.csv` (`hand` says
where a row comes from, an empty cell that it is no example of a task); it is no part of the repository, since its texts
belong to others: docs/forecasting/language.md says where each row stands and how its labels were mapped.

Per task: how many texts are answered, how many of the answers are right (with a 95 % Wilson interval), what confidence
was stated for them, and the same for the rival, the keyword list of the same playbook. Beside it the same for each hand
of the playbook's own examples when the model has not seen that hand.

    python -m benchmarks.language [--playbook examples/saas] [--evaluation FILE ...]
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.language.keyword_rule import by_keywords
from forecasting.language.model import LanguageModel
from forecasting.language.settings import HAND, TEXT, LanguageSettings, Task
from pipelines.playbook_reading import load_playbook

RESULTS = Path(__file__).parent / "results" / "language.json"
QUANTILE = 1.96
AIM_COVERAGE = 0.6


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--playbook", type=Path, default=Path("examples/saas"))
    parser.add_argument("--evaluation", type=Path, nargs="*", default=[], help="CSV files of texts by others")
    arguments = parser.parse_args()
    settings = load_playbook(arguments.playbook).language
    if settings is None:
        print(f"{arguments.playbook} has no language.yaml", file=sys.stderr)
        return 2
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    results["examples"] = len(settings.examples)
    results["hands_left_out"] = hands_left_out(settings)
    others = results.setdefault("other_people", {})
    for path in arguments.evaluation:
        others[path.stem] = other_people(settings, path)
    for name, found in {"hands left out": results["hands_left_out"], **others}.items():
        print(f"\n{name}")
        print(pd.DataFrame(found["tasks"]).T.to_string())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def hands_left_out(settings: LanguageSettings) -> dict[str, Any]:
    """Each hand of the examples read by a model that learnt from the other hands."""
    examples = settings.examples
    parts = []
    for hand in sorted(examples[HAND].unique()):
        is_out = examples[HAND] == hand
        model = LanguageModel(settings.tasks).fit(examples[~is_out])
        parts.append(answers(model, settings.tasks, examples[is_out]))
    return {"hands": int(examples[HAND].nunique()), "tasks": summary(pd.concat(parts), settings.tasks)}


def other_people(settings: LanguageSettings, path: Path) -> dict[str, Any]:
    """The evaluation file read by a model that learnt from all examples."""
    texts = pd.read_csv(path, dtype=object)
    read = answers(LanguageModel(settings.tasks).fit(settings.examples), settings.tasks, texts)
    sources = {str(hand): summary(rows, settings.tasks) for hand, rows in read.groupby("hand") if len(rows)}
    return {
        "texts": len(texts),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "tasks": summary(read, settings.tasks),
        "by_source": sources,
    }


def answers(model: LanguageModel, tasks: Sequence[Task], texts: pd.DataFrame) -> pd.DataFrame:
    """One row per text and task with a label: task, hand, truth, best, label, confidence, keyword."""
    given = texts[TEXT].tolist()
    parts = []
    for task, found in zip(tasks, model.predict(given), strict=True):
        frame = pd.DataFrame(
            {
                "task": task.name,
                "hand": texts[HAND].to_numpy(dtype=object),
                "truth": texts[task.name].to_numpy(dtype=object),
                "best": found.best,
                "label": found.label,
                "confidence": found.confidence,
                "keyword": by_keywords(given, task),
            }
        )
        parts.append(frame[pd.notna(frame["truth"])])
    return pd.concat(parts, ignore_index=True)


def summary(read: pd.DataFrame, tasks: Sequence[Task]) -> dict[str, dict[str, Any]]:
    """Coverage, accuracy and stated confidence per task, and the keyword list's."""
    found = {}
    for task in tasks:
        rows = read[read["task"] == task.name]
        if rows.empty:
            continue
        sure = rows[pd.notna(rows["label"])]
        told = rows[pd.notna(rows["keyword"])]
        right = int((sure["label"] == sure["truth"]).sum())
        low, high = wilson(right, len(sure))
        stated = float(sure["confidence"].mean()) if len(sure) else None
        accuracy = right / len(sure) if len(sure) else None
        coverage = len(sure) / len(rows)
        found[task.name] = {
            "texts": len(rows),
            "coverage": round(coverage, 3),
            "accuracy": rounded(accuracy),
            "low": rounded(low),
            "high": rounded(high),
            "stated": rounded(stated),
            "is_met": bool(
                coverage >= AIM_COVERAGE and accuracy is not None and stated is not None and accuracy >= stated
            ),
            "accuracy_if_always": rounded(float((rows["best"] == rows["truth"]).mean())),
            "keyword_coverage": round(len(told) / len(rows), 3),
            "keyword_accuracy": rounded(float((told["keyword"] == told["truth"]).mean()) if len(told) else None),
        }
        if "yes" in task.labels:
            positive = rows[rows["truth"] == "yes"]
            found[task.name]["yes_texts"] = len(positive)
            found[task.name]["yes_found"] = int((positive["label"] == "yes").sum())
            found[task.name]["yes_false"] = int(((rows["label"] == "yes") & (rows["truth"] != "yes")).sum())
    return found


def wilson(right: int, of: int) -> tuple[float | None, float | None]:
    """The 95 % Wilson interval of a share."""
    if not of:
        return None, None
    share, square = right / of, QUANTILE**2
    centre = (share + square / (2 * of)) / (1 + square / of)
    half = QUANTILE * np.sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    return float(centre - half), float(centre + half)


def rounded(value: float | None) -> float | None:
    """To three decimals."""
    return None if value is None else round(value, 3)


if __name__ == "__main__":
    sys.exit(main())
