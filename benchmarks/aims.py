"""What was to be shown, what was measured, and whether that is enough: a line for each aim, from the results.

    python -m benchmarks.aims

Reads what the benchmarks left in benchmarks/results and measures nothing itself. Aims that a playbook's data show are
named with the command that shows them.
"""

import sys

from benchmarks.aim import line_of
from benchmarks.aims_of_deciding import AIMS as DECIDING
from benchmarks.aims_of_forecasts import AIMS as FORECASTS
from benchmarks.aims_of_forecasts import BY_COMMAND


def main() -> int:
    """Print the table; aims that are missed do not make it fail."""
    lines = [line_of(aim) for aim in (*FORECASTS, *DECIDING)]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    for about, aim, state, measured in lines:
        print(f"{about:<{widths[0]}}  {state:<{widths[2]}}  {aim:<{widths[1]}}  {measured}")
    for what, shows in BY_COMMAND:
        print(f"{what:<{widths[0]}}  {'run':<{widths[2]}}  {shows}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
