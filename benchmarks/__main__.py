"""Run every benchmark in a process of its own, then print every aim with what was measured."""

import subprocess
import sys

from benchmarks.aims import main as print_aims

BENCHMARKS = (
    "benchmarks.graph_writes",
    "benchmarks.day",
    "benchmarks.day_scale",
    "benchmarks.decide",
    "benchmarks.growth",
    "benchmarks.decide_rivals",
    "benchmarks.policies",
    "benchmarks.off_policy",
    "benchmarks.identity",
    "benchmarks.graph_scale",
    "benchmarks.belief_reliability",
    "benchmarks.belief_grocer",
    "benchmarks.lifetime_value",
    "benchmarks.language",
    "benchmarks.timing",
    "benchmarks.media_mix",
    "benchmarks.anomaly",
    "benchmarks.lift_null",
    "benchmarks.demand_scale",
    "benchmarks.demand_grocer",
    "benchmarks.allocation",
    "benchmarks.response_scoring",
    "benchmarks.response_calibration",
    "benchmarks.response_open_bandit",
    "benchmarks.response_uplift",
)


def main() -> int:
    """Run all; the exit code is that of the first that fails."""
    for module in BENCHMARKS:
        print(f"\n== {module}", flush=True)
        finished = subprocess.run([sys.executable, "-m", module], check=False)
        if finished.returncode:
            return finished.returncode
    print("\n== aims", flush=True)
    print_aims()
    print("\nResults as JSON: benchmarks/results/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
