"""Seconds and peak memory of the grocer's whole day: the first time, and again.

The command line runs as a user runs it, in a process of its own with a new state folder. Peak memory is that of the
Warrant process; the graph server is a process of its own and is shown beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).parent / "results" / "day.json"
PLAYBOOK = Path(__file__).parent.parent / "examples" / "grocer"
MEBIBYTE = 1024 * 1024


def main() -> int:
    """Measure, print and store."""
    with tempfile.TemporaryDirectory(prefix="warrant-bench-") as folder:
        environment = os.environ | {"WARRANT_HOME": folder}
        first = run_measured(environment)
        again = run_measured(environment)
        server_mebibytes = graph_server_memory(environment)
        subprocess.run([*warrant(), "graph", "down"], env=environment, check=True, capture_output=True)
    result = {"first": first, "again": again, "graph_server_mebibytes": server_mebibytes, "cores": os.cpu_count()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)
    return 0


def warrant() -> list[str]:
    """The installed command line, started with this interpreter."""
    return [sys.executable, "-m", "console.command_line"]


def run_measured(environment: dict[str, str], playbook: Path = PLAYBOOK) -> dict[str, Any]:
    """One `warrant run`: wall seconds, seconds per step, peak resident memory, size of the result."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*warrant(), "run", str(playbook), "--format", "json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    peak = PeakMemory(process.pid)
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the day failed with exit code {process.returncode}: {output}")
    day = json.loads(output)
    return {
        "seconds": round(seconds, 1),
        "seconds_per_step_when_done": day["seconds"],
        "peak_mebibytes": round(peak.stop() / MEBIBYTE),
        "customers": day["customers"],
        "sends": day["sends"],
    }


def graph_server_memory(environment: dict[str, str]) -> int:
    """Resident memory of the embedded graph server."""
    answer = subprocess.run(
        [*warrant(), "graph", "status", "--format", "json"], env=environment, check=True, capture_output=True, text=True
    )
    pid = json.loads(answer.stdout)["pid"]
    return round(psutil.Process(pid).memory_info().rss / MEBIBYTE)


class PeakMemory:
    """Watches the resident memory of a process twenty times a second."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._peak = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The largest number of bytes seen."""
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        try:
            while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
                self._peak = max(self._peak, self._process.memory_info().rss)
                time.sleep(0.05)
        except psutil.NoSuchProcess:
            return


def show(result: dict[str, Any]) -> None:
    """Print the two days side by side."""
    first, again = result["first"], result["again"]
    print(f"{first['customers']:,} customers, {first['sends']:,} sends, {result['cores']} cores")
    print(f"{'':<12}{'first':>10}{'again':>10}")
    print(f"{'wall s':<12}{first['seconds']:>10.1f}{again['seconds']:>10.1f}")
    print(f"{'peak MiB':<12}{first['peak_mebibytes']:>10,}{again['peak_mebibytes']:>10,}")
    for step, seconds in first["seconds_per_step_when_done"].items():
        print(f"{step:<12}{seconds:>10.1f}")
    print(f"graph server: {result['graph_server_mebibytes']:,} MiB resident")


if __name__ == "__main__":
    sys.exit(main())
