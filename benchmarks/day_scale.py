"""The whole day of a large shop by stage, on both graph servers: files ▶ graph ▶ view ▶ decisions ▶ graph ▶ export.

The command line runs as a user runs it, in a process of its own with a new state folder, on an empty graph; a day of a
hundred customers before it compiles what is compiled on first use. Stages: perceive (files into the lake), relate (into
the graph, and the view), forecast, propose, decide (records written and hashed), project (decisions into the graph),
deliver (exports).

    python -m benchmarks.day_scale [--customers 100000] [--servers embedded,neo4j]

Neo4j: as `benchmarks.graph_scale`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.day import run_measured, warrant
from benchmarks.graph_writes import server
from benchmarks.worlds.shop_files import DAY, write_shop

RESULTS = Path(__file__).parent / "results" / "day_scale.json"
FEW = 100


def main() -> int:
    """Measure every server, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--servers", default="embedded,neo4j", help="which servers, by comma")
    arguments = parser.parse_args()
    measured("embedded", FEW)
    results: dict[str, Any] = {"cores": os.cpu_count(), "customers": arguments.customers, "servers": {}}
    for kind in arguments.servers.split(","):
        found = measured(kind, arguments.customers)
        if found is None:
            print(f"{kind}: not to be had here, left out", flush=True)
            continue
        results["servers"][kind] = found
        show(kind, found)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(kind: str, customers: int) -> dict[str, Any] | None:
    """One day on one server; None when there is none to be had."""
    with tempfile.TemporaryDirectory(prefix="warrant-bench-") as name:
        folder, days = Path(name), f"{DAY.isoformat()}T05:00:00+00:00"
        if kind == "embedded":
            return day(folder, customers, {"WARRANT_NOW": days})
        with server(kind) as target:
            if target is None:
                return None
            signed_in = {"WARRANT_GRAPH_USER": target.user, "WARRANT_GRAPH_PASSWORD": target.password}
            return day(folder, customers, {"WARRANT_NOW": days, "WARRANT_GRAPH": target.uri, **signed_in})


def day(folder: Path, customers: int, settings: dict[str, str]) -> dict[str, Any]:
    """One `warrant run` in a state folder of its own; an embedded server is started by it, and stopped afterwards."""
    playbook, environment = folder / "shop", os.environ | settings | {"WARRANT_HOME": str(folder / "home")}
    write_shop(playbook, customers)
    found = run_measured(environment, playbook)
    if "WARRANT_GRAPH" not in settings:
        subprocess.run([*warrant(), "graph", "down"], env=environment, check=True, capture_output=True)
    return found | {"load": round(os.getloadavg()[0], 1)}


def show(kind: str, found: dict[str, Any]) -> None:
    """One server, as a person reads it, the longest stage first."""
    spent = found["seconds_per_step_when_done"]
    stages = ", ".join(
        f"{step} {seconds:.1f} ({seconds / found['seconds']:.0%})"
        for step, seconds in sorted(spent.items(), key=lambda one: -float(one[1]))
    )
    rest = found["seconds"] - sum(spent.values())
    print(
        f"{kind}: {found['customers']:,} customers, {found['sends']:,} sends in {found['seconds']} s: {stages}; "
        f"starting and the rest {rest:.1f}; peak {found['peak_mebibytes']:,} MiB, load {found['load']}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
