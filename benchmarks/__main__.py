"""Run every benchmark in a process of its own, then print every aim with what was measured."""

import argparse
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
    """Run all, or those that are named; the exit code is that of the first that fails."""
    names = [module.removeprefix("benchmarks.") for module in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"by default all, which takes hours: {', '.join(names)}"
    )
    asked = parser.parse_args().names
    if unknown := sorted(set(asked) - set(names)):
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    for module in (f"benchmarks.{name}" for name in names if name in asked or not asked):
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
