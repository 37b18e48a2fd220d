"""What deciding for everybody was to show, and how the results say whether it does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.aim import Aim, Found

OF_BOUND, OF_COPYING, OF_RECORDS = 0.999, 0.15, 0.1
MEBIBYTES_OF_MILLION, MEBIBYTES_OF_FOUR, GROWTH = 1_536, 3_584, 4.6
POLARS, NETWORKX, VOWPAL_WABBIT, POLICIES, PDLP = 30.0, 400.0, 100.0, 25.0, 10.0
MILLION = "1000000"
Read = Callable[[Mapping[str, Any]], Found]


def _times(ratio: float, aim: float, further: str = "") -> Found:
    """A ratio, and by how much it misses what it was to be."""
    lacks = "" if ratio >= aim else f"; {aim / ratio:.1f} times too slow"
    return f"{ratio:.1f} times{further}{lacks}", ratio >= aim


def _at_most(value: float, aim: float, said: str) -> Found:
    """A number, and by how much it misses what it was not to exceed."""
    over = "" if value <= aim else f", {value / aim:.1f} times too much"
    return f"{said}{over}", value <= aim


def _of_size(customers: str, read: Read) -> Read:
    """What is measured at one size; where that was not measured, that is said."""

    def of(found: Mapping[str, Any]) -> Found:
        sizes = found["sizes"]
        if customers not in sizes:
            return f"not measured at {int(customers):,}; measured: {', '.join(sizes)}", False
        return read(sizes[customers])

    return of


def _largest(read: Read) -> Read:
    """What is measured at the largest size that was."""

    def of(found: Mapping[str, Any]) -> Found:
        customers = max(found["sizes"], key=int)
        said, is_met = read(found["sizes"][customers])
        return f"{said} ({int(customers):,} customers)", is_met

    return of


def _bound(size: Mapping[str, Any]) -> Found:
    share = float(size["share_of_bound"])
    lacks = "" if share >= OF_BOUND else f", {OF_BOUND - share:.5f} too little"
    return f"{share:.5f}{lacks}", share >= OF_BOUND


def _copying(size: Mapping[str, Any]) -> Found:
    share = float(size["pass_share_of_copying"])
    lacks = "" if share >= OF_COPYING else f", {OF_COPYING / share:.1f} times too little"
    return f"{share:.1%} at {size['pass_candidates_per_second'] / 1e6:.0f} M candidates/s{lacks}", share >= OF_COPYING


def _records(size: Mapping[str, Any]) -> Found:
    seconds = size["seconds"]
    spent = float(size.get("records_seconds", 0.0)) + sum(seconds.get(name, 0.0) for name in ("hash", "write"))
    share = spent / size["total_seconds"]
    return _at_most(share, OF_RECORDS, f"{share:.0%}")


def _memory(aim: float) -> Read:
    return lambda size: _at_most(size["peak_mebibytes"], aim, f"{size['peak_mebibytes']:,} MiB")


def _growth(found: Mapping[str, Any]) -> Found:
    one, four = found["sizes"].get(MILLION), found["sizes"].get("4000000")
    if one is None or four is None:
        return f"not measured; measured: {', '.join(found['sizes'])}", False
    ratio = four["total_seconds"] / one["total_seconds"]
    return _at_most(ratio, GROWTH, f"{ratio:.2f} times")


def _polars(found: Mapping[str, Any]) -> Found:
    rival = found["polars"]
    same = "the same candidates and verdicts" if rival["same_counts"] else "OTHER candidates or verdicts"
    value = f"; {same}, {rival['share_of_our_bound']:.4f} of our bound, ours {found['ours']['share_of_bound']:.4f}"
    said, is_met = _times(rival["ratio"], POLARS, value)
    return said, is_met and bool(rival["same_counts"])


def _networkx(found: Mapping[str, Any]) -> Found:
    rival = found["networkx"]
    same = "; the same answers" if rival["same_answers"] else "; OTHER answers"
    said, is_met = _times(rival["ratio"], NETWORKX, f"{same} for {rival['customers']} customers")
    return said, is_met and bool(rival["same_answers"])


def _vowpal_wabbit(found: Mapping[str, Any]) -> Found:
    rival = found["vowpal_wabbit"]
    return _times(rival["ratio"], VOWPAL_WABBIT, f"; the pass alone {rival['ratio_of_pass']:.0f} times")


def _off_policy(found: Mapping[str, Any]) -> Found:
    worlds = len(found["worlds"])
    usual = sum(world["ours"]["true"] >= world["ways"]["one pass"] for world in found["worlds"])
    said = (
        f"in {found['at_least']} of {worlds} worlds against its best options by the truth, {found['mean_gain']:+.1%} "
        f"on average; in {usual} against its usual ones"
    )
    return said, found["at_least"] == worlds


def _policies(found: Mapping[str, Any]) -> Found:
    differ = sum(found["different_verdicts"].values())
    said, is_met = _times(found["ratio"], POLICIES, f" the best, {found['best']}; {differ} verdicts differ")
    return said, is_met and not differ


def _pdlp(found: Mapping[str, Any]) -> Found:
    largest = found["worlds"][-1]
    greedy = f"; {largest['of_bound']:.4f} of the bound, greedy {largest['greedy']['of_bound']:.3f}"
    if "PDLP" not in largest:
        return f"PDLP not run{greedy}", False
    return _times(largest["PDLP"]["ratio"], PDLP, f" at {largest['customers']:,} customers{greedy}")


AIMS: Sequence[Aim] = (
    Aim("deciding", ".999 of the certified bound over all candidates", "decide", _largest(_bound)),
    Aim("deciding", "pass at least 15 % of what copying allows", "decide", _largest(_copying)),
    Aim("deciding", "records, hashing and writing at most 10 % of all", "decide", _largest(_records)),
    Aim("deciding", "1 M customers in 1.5 GiB", "decide", _of_size(MILLION, _memory(MEBIBYTES_OF_MILLION))),
    Aim("deciding", "4 M customers in 3.5 GiB", "decide", _of_size("4000000", _memory(MEBIBYTES_OF_FOUR))),
    Aim("deciding", "4 M customers in 4.6 times the time of 1 M", "decide", _growth),
    Aim("deciding", "30 times as fast as Polars and HiGHS", "decide_rivals", _polars),
    Aim("deciding", "400 times as fast as NetworkX", "decide_rivals", _networkx),
    Aim("deciding", "100 times Vowpal Wabbit's actions per second", "decide_rivals", _vowpal_wabbit),
    Aim("deciding", "policy value at least Vowpal Wabbit's", "off_policy", _off_policy),
    Aim("policies", "25 times the best that gathers columns", "policies", _policies),
    Aim("allocation", "10 times as fast as OR-Tools PDLP", "allocation", _pdlp),
)
