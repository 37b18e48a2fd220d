"""What a touch changes, as long as no randomised test has said so: the stated prior, graded `assumed`."""

from collections.abc import Iterable

import numpy as np

from forecasting.settings import ForecastSettings
from forecasting.values import Uplift


def stated_uplift(settings: ForecastSettings, kinds: Iterable[str]) -> Uplift:
    """The relative uplift of each kind of asset, as the settings state it.

    Args:
        settings: Priors by kind; a kind they do not name takes `default_uplift`, or no entry when there is none.
        kinds: Kinds of the assets that exist.
    """
    priors = {kind: settings.uplift.get(kind, settings.default_uplift) for kind in {*settings.uplift, *kinds}}
    stated = {kind: prior for kind, prior in sorted(priors.items()) if prior is not None}
    return Uplift(
        asset_kind=np.array(list(stated), dtype=object),
        mean=np.array([prior.mean for prior in stated.values()], dtype=np.float64),
        sd=np.array([prior.sd for prior in stated.values()], dtype=np.float64),
        grade="assumed",
        source=settings.uplift_source,
    )
