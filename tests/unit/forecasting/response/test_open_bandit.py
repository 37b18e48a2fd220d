"""Real randomised data: what may be said of 10,000 rows with 38 clicks, and what may not."""

import pandas as pd
import pytest

from benchmarks.open_bandit import OpenBanditUnreachableError, logs
from benchmarks.response_open_bandit import USERS, draws_of
from forecasting.evidence.grading import grade
from forecasting.response.factors.uplift_model import UpliftModel


@pytest.fixture(scope="module")
def uniform() -> pd.DataFrame:
    try:
        return logs("random")
    except OpenBanditUnreachableError as error:
        pytest.skip(f"the package with the Open Bandit logs could not be fetched: {error}")


def test_the_log_is_what_it_says(uniform: pd.DataFrame) -> None:
    assert len(uniform) == 10_000
    assert uniform["item"].nunique() == 80
    assert sorted(uniform["position"].unique()) == [1, 2, 3]
    assert (uniform["propensity"] == 1 / 80).all()


def test_what_was_drawn_uniformly_is_graded_randomised(uniform: pd.DataFrame) -> None:
    assert grade(draws_of(uniform), days=1).grade == "randomised"


def test_no_item_is_claimed_to_be_better_than_others_from_a_handful_of_clicks(uniform: pd.DataFrame) -> None:
    model = UpliftModel(control=None).fit(uniform[USERS], uniform["item"], uniform["click"], uniform["propensity"])
    assert len(model.claims_) == 81
    assert not any(claim.is_found for claim in model.claims_)
