"""Records of people who were erased: their place among a run's records, their digest, and what they bid."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lake.runs import RunRow
from pipelines.day import Day

if TYPE_CHECKING:
    from decisioning.bids import Bids, Common, NamedPrices, NamedRounds
    from decisioning.rhythms import Usual
    from graph.view import View

ERASED_RECORDS: Final = "erased_records"
ERASED_RUNS: Final = "erased_runs"
COLUMNS: Final = ("run_id", "place", "digest", "bids")


def erased_records(day: Day, run_id: str | None = None) -> pd.DataFrame:
    """What stays of erased records, of a run or of all.

    Returns:
        `run_id`; `place` among all records of the run in order of customer; `digest`; `bids` as JSON, or None where it
        is not known what they bid: `options`, a list of stand-in asset, channel, value and the three costs each, and
        `owners`, whose limits they count for, see `decisioning.bids.Bids`.
    """
    rows = day.lake.read_log(ERASED_RECORDS)
    if rows is None:
        return pd.DataFrame(columns=list(COLUMNS))
    chosen = rows if run_id is None else rows[rows["run_id"] == run_id]
    return chosen[list(COLUMNS)].sort_values(["run_id", "place"], ignore_index=True)


def erased_digests(day: Day, run: RunRow) -> dict[int, str]:
    """Digests of a run's erased records by their place."""
    rows = erased_records(day, run.run_id)
    return {int(place): str(digest) for place, digest in zip(rows["place"], rows["digest"], strict=True)}


def absent_bids(day: Day, run: RunRow, view: "View") -> "Bids":
    """What the erased of a run bid when it was decided, and what everybody did then."""
    from decisioning.bids import Bids
    from decisioning.options import Options

    rows = erased_records(day, run.run_id)
    kept = [json.loads(text) if isinstance(text, str) else {"options": [], "owners": {}} for text in rows["bids"]]
    bids = [(place, *option) for place, text in zip(rows["place"], kept, strict=True) for option in text["options"]]
    place, asset, channel, *amounts = zip(*bids, strict=True) if bids else ((),) * 7
    options = Options(
        np.array(place, dtype=np.int32),
        view.assets.positions(asset),
        view.channels.positions(channel),
        *(np.array([np.nan if each is None else each for each in column], dtype=np.float64) for column in amounts),
    )
    owners = {
        name: np.array([text["owners"].get(name) for text in kept], dtype=object)
        for name in sorted({name for text in kept for name in text["owners"]})
    }
    places = rows["place"].to_numpy(dtype=np.int32)
    if not len(rows):
        return Bids(places, options, None, owners)
    return Bids(places, options, usual_of(day, run, view), owners, _rounds_of(day, run), _common_of(day, run))


def usual_of(day: Day, run: RunRow, view: "View") -> "Usual | None":
    """What everybody did in each category when the run was decided, where somebody was erased from it since."""
    from decisioning.rhythms import Usual

    kept = _kept_of(day, run)
    if kept is None:
        return None
    by_category = json.loads(kept["usual"])
    figures = np.array([by_category[str(key)] for key in view.categories.keys], dtype=np.float64).reshape(-1, 3)
    return Usual(*figures.T)


def _rounds_of(day: Day, run: RunRow) -> "NamedRounds | None":
    """The prices at which the run looked through candidates, where somebody was erased from it since."""
    kept = _kept_of(day, run)
    return None if kept is None else tuple(_prices(prices) for prices in json.loads(kept["rounds"]))


def _common_of(day: Day, run: RunRow) -> "Common | None":
    """What everybody's competition led to, where somebody was erased from the run since."""
    from decisioning.bids import Common

    kept = _kept_of(day, run)
    if kept is None:
        return None
    common = json.loads(kept["common"])
    return Common(
        most=_prices(common["most"]),
        least=_prices(common["least"]),
        used=_prices(common["used"]),
        templates={channel: tuple(assets) for channel, assets in common["templates"].items()},
        undone=tuple(common["undone"]),
    )


def _prices(rows: list[dict[str, Any]]) -> "tuple[NamedPrices, ...]":
    from decisioning.bids import NamedPrices

    return tuple(
        NamedPrices(tuple(each["customers"]), np.array(each["prices"]).reshape(len(each["customers"]), -1))
        for each in rows
    )


def _rows(prices: "tuple[NamedPrices, ...]") -> list[dict[str, Any]]:
    return [{"customers": each.customers, "prices": each.prices.tolist()} for each in prices]


def _kept_of(day: Day, run: RunRow) -> "dict[str, str] | None":
    rows = day.lake.read_log(ERASED_RUNS)
    kept = [] if rows is None else rows.loc[rows["run_id"] == run.run_id].to_dict("records")
    return {str(name): str(text) for name, text in kept[0].items()} if kept else None


def keep_what_was_common(day: Day, run: RunRow, view: "View", bids: "Bids") -> None:
    """Keep what everybody did and what their competition led to, before the first of them is erased.

    These are numbers per category and limit, of nobody.
    """
    if _kept_of(day, run) is not None or bids.usual is None or bids.rounds is None or bids.common is None:
        return
    usual, common = bids.usual, bids.common
    figures = zip(usual.margin.tolist(), usual.spend.tolist(), usual.rhythms.tolist(), strict=True)
    by_category = dict(zip((str(key) for key in view.categories.keys), figures, strict=True))
    led_to = {name: _rows(getattr(common, name)) for name in ("most", "least", "used")}
    kept = {
        "run_id": run.run_id,
        "usual": json.dumps(by_category),
        "rounds": json.dumps([_rows(prices) for prices in bids.rounds]),
        "common": json.dumps(led_to | {"templates": common.templates, "undone": common.undone}),
    }
    day.lake.append_log(ERASED_RUNS, [kept])


def places_of(records: pd.DataFrame, erased: Mapping[int, str], customer_ids: frozenset[str]) -> dict[int, int]:
    """Where records of some customers stand: the place among all records of the run, by their row in `records`.

    Args:
        records: Those that are here, in order of customer.
        erased: Those that were erased before, by place.
        customer_ids: Whose.
    """
    here = np.setdiff1d(np.arange(len(records) + len(erased)), np.array(list(erased), dtype=np.int64))
    rows = np.flatnonzero(records["customer_id"].isin(list(customer_ids)))
    return {int(row): int(here[row]) for row in rows}
