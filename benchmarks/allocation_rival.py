"""OR-Tools' PDLP on the linear programme of `benchmarks.allocation`, which runs this in an environment that has it.

    python allocation_rival.py FOLDER

The folder holds `programme.npz` (value, size) and `matrix.npz`. Prints one line of JSON: seconds of the solver alone,
the value of its solution, why it stopped, and how many of its shares are fractions.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

TOLERANCE = 1e-4
NEARLY = 1e-3


def main() -> int:
    """Solve and print."""
    print(json.dumps(pdlp(Path(sys.argv[1]))))
    return 0


def pdlp(folder: Path) -> dict[str, Any]:
    """Seconds that PDLP takes to a relative tolerance of 1e-4 on all cores."""
    from ortools.pdlp import solve_log_pb2, solvers_pb2  # type: ignore[import-not-found,unused-ignore]
    from ortools.pdlp.python import pdlp as solver  # type: ignore[import-not-found,unused-ignore]
    from scipy.sparse import load_npz

    given, matrix = np.load(folder / "programme.npz"), load_npz(folder / "matrix.npz")
    asked = solver.QuadraticProgram()
    asked.resize_and_initialize(matrix.shape[1], matrix.shape[0])
    asked.objective_vector = -given["value"]
    asked.constraint_matrix = matrix
    asked.constraint_lower_bounds = np.full(matrix.shape[0], -np.inf)
    asked.constraint_upper_bounds = given["size"]
    asked.variable_lower_bounds = np.zeros(matrix.shape[1])
    asked.variable_upper_bounds = np.ones(matrix.shape[1])
    parameters = solvers_pb2.PrimalDualHybridGradientParams()
    criteria = parameters.termination_criteria.simple_optimality_criteria
    criteria.eps_optimal_relative = TOLERANCE
    criteria.eps_optimal_absolute = 1e-6
    parameters.num_threads = os.cpu_count() or 1
    began, cpu = time.perf_counter(), time.process_time()
    solved = solver.primal_dual_hybrid_gradient(asked, parameters)
    seconds, worked = time.perf_counter() - began, time.process_time() - cpu
    shares = np.clip(solved.primal_solution, 0, 1)
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(worked, 2),
        "value": round(float(given["value"] @ shares), 2),
        "status": solve_log_pb2.TerminationReason.Name(solved.solve_log.termination_reason),
        "fractional": int(((shares > NEARLY) & (shares < 1 - NEARLY)).sum()),
    }


if __name__ == "__main__":
    sys.exit(main())
