"""Vowpal Wabbit scoring the market's candidates with its C++ driver: run by `benchmarks.decide_rivals`."""

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import vowpal_wabbit
from benchmarks.decide import proposed
from benchmarks.vowpal_wabbit import Example
from benchmarks.worlds.market import Market
from decisioning.candidates import Candidates, find_candidates
from decisioning.motives import Motives

RESPONSE = 0.1


def candidates_of(world: Market, customers: Any) -> Candidates:
    """All candidates of some customers."""
    motives = proposed(world)
    rows = np.flatnonzero(np.isin(motives.customers(world.view), customers))
    some = Motives(motives.table.iloc[rows].reset_index(drop=True))
    return find_candidates(world.view, some, world.settings)


def driven_by(world: Market, folder: Path, customers: int, rounds: int) -> dict[str, Any]:
    """Vowpal Wabbit's rate on the candidates of some customers."""
    last = len(world.view.customers)
    some = np.unique(np.linspace(0, last - 1, min(customers, last)).astype(np.int64))
    candidates = candidates_of(world, some)
    text, model, cache, said = (folder / name for name in ("asked.txt", "model", "asked.cache", "said.txt"))
    examples, actions = vowpal_wabbit.write(text, examples_of(world, candidates, learns=False))
    vowpal_wabbit.write(folder / "log.txt", examples_of(world, candidates, learns=True))
    vowpal_wabbit.train(folder / "log.txt", model)
    from_text = [vowpal_wabbit.score(text, model, said) for _ in range(rounds)]
    vowpal_wabbit.score(text, model, said, cache=cache)
    from_cache = [vowpal_wabbit.score(text, model, said, cache=cache) for _ in range(rounds)]
    best = min((statistics.median(from_text), "text"), (statistics.median(from_cache), "cache"))
    return {
        "examples": examples,
        "actions": actions,
        "seconds": round(best[0], 2),
        "from": best[1],
        "seconds_from_text": round(statistics.median(from_text), 2),
        "actions_per_second": actions / best[0],
    }


def examples_of(world: Market, candidates: Candidates, *, learns: bool) -> Iterator[Example]:
    """A decision per customer among the candidates with consent: four features of the customer, four of each action."""
    view = world.view
    has_consent = np.zeros((len(view.customers), len(view.channels)), dtype=np.bool_)
    has_consent[view.consents.sources, view.consents.targets] = True
    rows = np.flatnonzero(has_consent[candidates.customer, candidates.channel])
    customer, asset, channel = (part[rows] for part in (candidates.customer, candidates.asset, candidates.channel))
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    topics = view.topic_interests
    about = view.asset_topics.targets[view.asset_topics.starts[:-1]]
    kind = view.assets.frame["kind"].to_numpy(dtype=object)
    country = view.customers.frame["country"].to_numpy(dtype=object)
    draw = np.random.default_rng(1)
    for start, end in zip(starts, [*starts[1:], len(customer)], strict=True):
        who = customer[start]
        wants = topics.targets[topics.starts[who] : topics.starts[who + 1]]
        features = " ".join([f"c{who}", str(country[who]), *(f"t{topic}" for topic in wants)])
        actions = [
            f"a{asset[row]} h{channel[row]} t{about[asset[row]]} {kind[asset[row]]}" for row in range(start, end)
        ]
        taken = int(draw.integers(0, len(actions))) if learns else None
        yield Example(features, actions, taken, -float(draw.random() < RESPONSE), 1 / len(actions))
