"""Real randomised data: the small Open Bandit logs, read from the files that ship in the package `obp`.

Saito, Aihara, Matsutani and Narita (2020); the package, with these files in it, is under the Apache License 2.0. It is
fetched by pip with a pinned hash into a cache and never installed: only its CSV files are read.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

LICENCE = "Apache License 2.0"
WHEEL = "obp-0.4.1-py3-none-any.whl"
REQUIREMENT = "obp==0.4.1 --hash=sha256:87dec9caf4283c25ab13036532e0a24566f1c7bdcad1653a8ded43b2f5ef8208"
POLICIES = ("random", "bts")


class OpenBanditUnreachableError(RuntimeError):
    """The package could not be fetched; says what pip said."""


def cache_folder() -> Path:
    """Where the package is kept: the user's cache, or what `XDG_CACHE_HOME` says."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warrant" / "open-bandit"


def fetched() -> Path:
    """The package in the cache, fetched with its hash checked when it is not there yet.

    Raises:
        OpenBanditUnreachableError: pip could not fetch it.
    """
    folder = cache_folder()
    if (folder / WHEEL).exists():
        return folder / WHEEL
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as room:
        asked = Path(room) / "requirements.txt"
        asked.write_text(REQUIREMENT + "\n", encoding="utf-8")
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
            "--python-version", "3.9", "--retries", "1", "--dest", room, "-r", str(asked),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise OpenBanditUnreachableError(done.stderr.strip()[-500:])
        (Path(room) / WHEEL).replace(folder / WHEEL)
    return folder / WHEEL


def logs(policy: str) -> pd.DataFrame:
    """10,000 rows of one policy in order of time.

    Args:
        policy: `random` (every item alike) or `bts` (Thompson sampling).

    Returns:
        Columns timestamp, item (text), position (1 to 3), click (0 or 1), propensity (P(item | position)), user_0 …
        user_3 (texts), affinity (the user's past clicks on the shown item), affinity_0 … affinity_79 (on each item).

    Raises:
        OpenBanditUnreachableError: The package could not be fetched.
    """
    with zipfile.ZipFile(fetched()) as package, package.open(f"obp/dataset/obd/{policy}/all/all.csv") as file:
        rows = pd.read_csv(file, index_col=0)
    rows["timestamp"] = pd.to_datetime(rows["timestamp"], utc=True)
    rows = rows.sort_values("timestamp", kind="stable", ignore_index=True)
    renamed = rows.rename(columns={f"user_feature_{place}": f"user_{place}" for place in range(4)})
    renamed = renamed.rename(columns={f"user-item_affinity_{place}": f"affinity_{place}" for place in range(80)})
    renamed = renamed.rename(columns={"propensity_score": "propensity", "item_id": "item"})
    by_item = renamed[[f"affinity_{place}" for place in range(80)]].to_numpy()
    renamed["affinity"] = by_item[range(len(renamed)), renamed["item"].to_numpy()]
    return renamed.assign(item=[f"item{value:02d}" for value in renamed["item"]])
