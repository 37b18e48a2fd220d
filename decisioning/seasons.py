"""Seasons: named stretches of the year, as the playbook states them, and which assets are out of theirs."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.settings import Season
from graph.view import View


def is_in_season(season: Season, day: date) -> bool:
    """Whether a day lies in a season, both ends included; a season may run over the turn of the year.

    >>> winter = Season("winter", (12, 1), (2, 28))
    >>> is_in_season(winter, date(2026, 1, 15)), is_in_season(winter, date(2026, 3, 1))
    (True, False)
    """
    at = (day.month, day.day)
    if season.starts <= season.ends:
        return season.starts <= at <= season.ends
    return at >= season.starts or at <= season.ends


def is_out_of_season(view: View, seasons: tuple[Season, ...], day: date) -> npt.NDArray[np.bool_]:
    """Whether an asset is about a product whose season it is not, shape (assets,).

    A product whose season the playbook does not describe is out of season: nobody knows when it would be in.

    Args:
        view: Products with their `season`, and what assets are about.
        seasons: The playbook's seasons.
        day: The local day that is decided.
    """
    products = view.products.frame
    stated = products["season"].to_numpy(dtype=object) if "season" in products else np.full(len(products), None)
    current = [season.name for season in seasons if is_in_season(season, day)]
    is_out = ~pd.isna(stated) & ~np.isin(stated.astype(str), current)
    about = view.asset_products
    counts = np.bincount(about.sources, weights=is_out[about.targets], minlength=len(view.assets))
    return np.asarray(counts > 0)
