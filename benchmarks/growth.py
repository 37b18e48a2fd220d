"""How the cost of deciding grows with the number of customers, as a picture in docs, from what was measured last.

    python -m benchmarks.growth

Reads benchmarks/results/decide.json and measures nothing itself.
"""

import json
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "decide.json"
PICTURE = Path(__file__).parent.parent / "docs" / "deciding-growth.svg"
GIBIBYTE = 1024


def main() -> int:
    """Draw what was measured."""
    if not RESULTS.is_file():
        raise SystemExit("Nothing was measured: python -m benchmarks.decide")
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["sizes"]
    sizes = sorted(map(int, found))
    draw(
        [float(size) for size in sizes],
        [float(found[str(size)]["total_seconds"]) for size in sizes],
        [float(found[str(size)]["peak_mebibytes"]) / GIBIBYTE for size in sizes],
    )
    print(f"{PICTURE}: {', '.join(f'{size:,}' for size in sizes)} customers")
    return 0


def draw(customers: list[float], seconds: list[float], gibibytes: list[float]) -> None:
    """Seconds and memory against customers, each with a line of proportional growth."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "growth"
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for panel, values, name in zip(panels, (seconds, gibibytes), ("seconds", "GiB at most"), strict=True):
        panel.loglog(customers, values, "o-", color="#1f5fa8", label="measured")
        proportional = [values[0] * count / customers[0] for count in customers]
        panel.loglog(customers, proportional, "--", color="#999999", label="in proportion")
        for count, value in zip(customers, values, strict=True):
            panel.annotate(f"{value:.1f}", (count, value), textcoords="offset points", xytext=(4, 6), fontsize=8)
        panel.set_xlabel("customers")
        panel.set_ylabel(name)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(PICTURE, format="svg", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
