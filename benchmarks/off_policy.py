"""What our response model and Vowpal Wabbit learn from one log of decisions: the value of what each would do.

Worlds with a known chance of response (`benchmarks.worlds.responding`), of our models' form and not of it. Each logged
decision had twenty actions, an asset on a channel, of which one was drawn with the propensity 1/20. Both learn from the
same decisions and are told the same: of the customer the segment and how often they were written to of late, of the
action asset, kind, category and channel, and how many days of late the customer bought in the category. Vowpal Wabbit
(`--cb_explore_adf -q ca`) learns in each of several ways, and the best of them by the truth counts, which flatters it.
Then both choose for customers and actions that were not logged. What they choose is judged by its true chance, and by
inverse propensity on a further log, with its interval.

    python -m benchmarks.off_policy [--draws 40000] [--seeds 3]
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import vowpal_wabbit
from benchmarks.vowpal_wabbit import Example
from benchmarks.worlds.responding import RespondingWorld, responding_world
from decisioning.off_policy import Log, inverse_propensity
from forecasting.response.factors.model import ResponseModel
from forecasting.response.factors.situations import RECENT
from forecasting.values.response import Target

RESULTS = Path(__file__).parent / "results" / "off_policy.json"
ACTIONS, JUDGED = 20, 4_000
BASE_RATE = 0.1
LEARNT: Target = "p_response"
WAYS = {
    "one pass": (),
    "one pass, doubly robust": ("--cb_type", "dr"),
    "ten passes": ("--passes", "10", "-c", "-k"),
    "a fifth of the rate": ("-l", "0.1"),
    "a twentieth": ("-l", "0.025"),
    "a hundredth": ("-l", "0.005"),
}
Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def main() -> int:
    """Measure, print, and store as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=40_000)
    parser.add_argument("--seeds", type=int, default=3, help="worlds of each form")
    arguments = parser.parse_args()
    worlds = []
    for is_familiar in (True, False):
        for seed in range(1, arguments.seeds + 1):
            worlds.append(measured(arguments.draws, seed, is_familiar=is_familiar))
            show(worlds[-1])
    at_least = sum(world["ours"]["true"] >= world["vowpal_wabbit"]["true"] for world in worlds)
    gain = [world["ours"]["true"] / world["vowpal_wabbit"]["true"] - 1 for world in worlds]
    results = {"draws": arguments.draws, "worlds": worlds, "at_least": at_least, "mean_gain": float(np.mean(gain))}
    print(f"at least Vowpal Wabbit's in {at_least} of {len(worlds)} worlds, {np.mean(gain):+.1%} on average")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def show(found: dict[str, Any]) -> None:
    """One world, as a person reads it."""
    form = "our form" if found["is_familiar"] else "not our form"
    said = ", ".join(
        f"{name} {found[name]['true']:.4f} (by inverse propensity {found[name]['estimate']:.4f} "
        f"[{found[name]['low']:.4f}, {found[name]['high']:.4f}])"
        for name in ("ours", "vowpal_wabbit")
    )
    print(
        f"{form}, seed {found['seed']}: {said}; best {found['best']:.4f}, at random {found['random']:.4f}", flush=True
    )


def measured(draws: int, seed: int, *, is_familiar: bool) -> dict[str, Any]:
    """One world."""
    world = responding_world(draws=draws, base_rate=BASE_RATE, seed=seed, is_familiar=is_familiar)
    model = ResponseModel(targets=[LEARNT]).fit(world.tables, as_of=world.until, timezone="UTC")
    chance = model.predict(world.customer, world.asset, world.channel).targets[LEARNT].score()
    draw = np.random.default_rng(seed)
    customer = draw.integers(0, len(world.customer), JUDGED)
    offered = _offered(draw, world, JUDGED)
    truth = world.chance[customer[:, None], offered // len(world.channel), offered % len(world.channel)]
    drawn = draw.integers(0, ACTIONS, JUDGED)
    outcome = (draw.random(JUDGED) < truth[np.arange(JUDGED), drawn]).astype(np.float64)
    said = chance[customer[:, None], offered // len(world.channel), offered % len(world.channel)]
    theirs = {name: told.argmax(axis=1) for name, told in _vowpal_wabbit(world, model, customer, offered).items()}
    true = {name: float(truth[np.arange(JUDGED), choice].mean()) for name, choice in theirs.items()}
    best = max(true, key=lambda name: true[name])

    def judged(choice: Indices) -> dict[str, float]:
        found = inverse_propensity(Log(outcome, np.full(JUDGED, 1 / ACTIONS), (choice == drawn).astype(np.float64)))
        real = float(truth[np.arange(JUDGED), choice].mean())
        return {"true": real, "estimate": found.mean, "low": found.low, "high": found.high}

    return {
        "is_familiar": is_familiar,
        "seed": seed,
        "decisions": len(world.tables["touches"]),
        "ours": judged(said.argmax(axis=1)),
        "vowpal_wabbit": {"way": best, **judged(theirs[best])},
        "ways": true,
        "best": float(truth.max(axis=1).mean()),
        "random": float(truth.mean()),
    }


def _offered(draw: np.random.Generator, world: RespondingWorld, rows: int) -> Indices:
    """Twenty actions for each row, as place of the asset × channels + place of the channel."""
    total = len(world.asset) * len(world.channel)
    return np.argsort(draw.random((rows, total)), axis=1)[:, :ACTIONS].astype(np.int64)


def _vowpal_wabbit(
    world: RespondingWorld, model: ResponseModel, customer: Indices, offered: Indices
) -> dict[str, Floats]:
    """Which action each way of learning takes, as flags of shape (rows, actions)."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vowpal_wabbit.write(folder / "log.txt", _logged(world, model))
        at = np.full(len(customer), np.datetime64(world.until.replace(tzinfo=None), "us"))
        vowpal_wabbit.write(folder / "asked.txt", _examples(world, model, customer, at, offered))
        for way, options in WAYS.items():
            vowpal_wabbit.train(folder / "log.txt", folder / "model", options)
            vowpal_wabbit.score(folder / "asked.txt", folder / "model", folder / "said.txt")
            found[way] = np.eye(ACTIONS)[vowpal_wabbit.chosen(folder / "said.txt")]
    return found


def _logged(world: RespondingWorld, model: ResponseModel) -> Iterator[Example]:
    """Every touch as a decision among twenty actions; the one that was taken stands at a place drawn by chance."""
    touches, outcomes = world.tables["touches"], world.tables["outcomes"]
    clicked = set(outcomes.loc[outcomes["name"] == "clicked", "touch_id"])
    rewarded = touches["touch_id"].isin(clicked).to_numpy(dtype=np.float64)
    asset, channel = (
        np.searchsorted(keys.astype(str), touches[name].to_numpy(dtype=object).astype(str))
        for keys, name in ((world.asset, "asset_id"), (world.channel, "channel_id"))
    )
    customer = np.searchsorted(world.customer.astype(str), touches["customer_id"].to_numpy(dtype=object).astype(str))
    action, draw = asset * len(world.channel) + channel, np.random.default_rng(0)
    sent = np.flatnonzero(np.bincount(asset, minlength=len(world.asset)))
    possible = (sent[:, None] * len(world.channel) + np.arange(len(world.channel))).ravel()
    rank = np.where(possible == action[:, None], 2.0, draw.random((len(action), len(possible))))
    others = possible[np.argsort(rank, axis=1)[:, : ACTIONS - 1]]
    place = draw.integers(0, ACTIONS, len(action))
    offered = np.empty((len(action), ACTIONS), dtype=np.int64)
    is_taken = np.arange(ACTIONS) == place[:, None]
    offered[is_taken], offered[~is_taken] = action, others.ravel()
    at = touches["sent_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    for row, example in enumerate(_examples(world, model, customer, at, offered)):
        yield Example(example.customer, example.actions, int(place[row]), -float(rewarded[row]), 1 / ACTIONS)


def _examples(
    world: RespondingWorld, model: ResponseModel, customer: Indices, at: Any, offered: Indices
) -> Iterator[Example]:
    """Decisions with the features that both sides know."""
    channels, known = len(world.channel), model.known_
    assets = world.tables["assets"]
    segment = world.tables["customers"]["tier"].to_numpy(dtype=object)[customer]
    keys = world.customer[customer]
    recent = known.of_customers(keys, at)[:, RECENT]
    asset = offered // channels
    place = known.positions(world.asset)[asset]
    affinity = known.affinity(np.repeat(keys, ACTIONS), place.ravel(), np.repeat(at, ACTIONS)).reshape(offered.shape)
    kind, category = assets["kind"].to_numpy(dtype=object), assets["categories"].str[0].to_numpy(dtype=object)
    about = [
        f"{name} {of_kind} {of_category}"
        for name, of_kind, of_category in zip(world.asset, kind, category, strict=True)
    ]
    for row in range(len(customer)):
        actions = [
            f"{about[asset[row, slot]]} {world.channel[offered[row, slot] % channels]} likes:{affinity[row, slot]:.4f}"
            for slot in range(ACTIONS)
        ]
        yield Example(f"{keys[row]} {segment[row]} recent:{recent[row]:.4f}", actions)


if __name__ == "__main__":
    sys.exit(main())
