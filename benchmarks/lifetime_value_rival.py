"""BG/NBD by the library lifetimes, in an environment of its own: run by benchmarks.lifetime_value."""

import json
import os
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")


def main() -> int:
    """Fit, score, and print what it took."""
    from lifetimes import BetaGeoFitter  # type: ignore[import-untyped]

    known, horizon = np.load(sys.argv[1]), float(sys.argv[2])
    x, t_x, age, weights = (known[name] for name in ("x", "t_x", "age", "weights"))
    few = known["few"].T
    BetaGeoFitter().fit(*few).conditional_expected_number_of_purchases_up_to_time(horizon, *few)
    began, worked = time.perf_counter(), time.process_time()
    model = BetaGeoFitter().fit(x, t_x, age, weights=weights)
    alive = model.conditional_probability_alive(x, t_x, age)
    expected = model.conditional_expected_number_of_purchases_up_to_time(horizon, x, t_x, age)
    found = {
        "customers": int(weights.sum()),
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - worked, 2),
        "load": round(os.getloadavg()[0], 1),
        "estimates": [round(float(value), 4) for value in model.params_],
        "alive": float((alive * weights).sum()),
        "expected": float((np.asarray(expected) * weights).sum()),
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
