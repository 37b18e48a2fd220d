import numpy as np
import pandas as pd
import pytest

from decisioning.assignments import COLUMNS, exploration_assignments, holdout_assignments
from decisioning.experiments import is_held_out
from decisioning.exploration import explore
from forecasting.evidence.draws import arms_missing, draws_from_table
from forecasting.evidence.grading import grade
from lake.tables import TABLES
from tests.unit.decisioning.world import World

AT = np.datetime64("2026-03-02T05:00", "us")


def explored_rows(count: int = 4_000, share: float = 0.5) -> pd.DataFrame:
    """Everybody has the assets a and b by e-mail and a by text message on their shortlist, a by e-mail the best."""
    world = World().channel("email").channel("text").asset("a").asset("b")
    view = world.customer(*(f"{number:05}" for number in range(count))).view()
    customer = np.repeat(np.arange(count, dtype=np.int32), 4)
    priced = np.tile([3.0, 2.0, 1.0, -1.0], count)
    asset, channel = (np.tile(np.array(places, dtype=np.int32), count) for places in ([0, 0, 1, 1], [0, 1, 0, 1]))
    chosen = np.arange(count) * 4
    explored = explore(customer, priced, chosen, share=share, seed=1, customer_keys=view.customers.keys)
    return exploration_assignments(view, customer, priced, explored, asset=asset, channel=channel, as_of=AT)


def test_rows_are_those_of_the_canonical_table() -> None:
    known = {column.name for column in TABLES["assignments"].columns}
    assert set(COLUMNS) <= known
    assert set(TABLES["assignments"].key) <= set(COLUMNS)


def test_every_option_is_an_experiment_against_nothing_with_even_chances() -> None:
    rows = explored_rows()
    assert rows["experiment_id"].unique().tolist() == [
        "exploration/a by email",
        "exploration/a by text",
        "exploration/b by email",
    ], "what is on no shortlist is drawn to nobody"
    assert (rows["propensity"] == 0.5).all()
    assert not rows.duplicated(["experiment_id", "customer_id", "assigned_at"]).any()
    for _, part in rows.groupby("experiment_id"):
        shares = part["arm"].value_counts(normalize=True)
        assert shares["nothing"] == pytest.approx(0.5, abs=0.06)
        assert part.loc[part["arm"] == "nothing", ["asset_id", "channel_id"]].isna().all(axis=None)
        assert part.loc[part["arm"] != "nothing", ["asset_id", "channel_id"]].notna().all(axis=None)


def test_evidence_takes_the_rows_for_the_draw_that_they_are() -> None:
    rows = explored_rows()
    part = rows[rows["experiment_id"] == "exploration/b by email"].assign(
        outcome=np.random.default_rng(2).normal(
            1.0, 1.0, int((rows["experiment_id"] == "exploration/b by email").sum())
        )
    )
    draws = draws_from_table(part, unit="customer_id", propensity="propensity")
    assert arms_missing(draws) is None
    assert grade(draws, days=28.0).grade == "randomised"


def test_who_was_drawn_to_something_else_tells_nothing_about_an_option() -> None:
    rows = explored_rows(share=1.0)
    per_customer = rows.groupby("customer_id").size()
    assert set(per_customer) == {1, 3}, "sent one of three, or compared with all three"


def test_without_a_draw_there_are_no_rows() -> None:
    assert explored_rows(share=0.0).empty


def test_the_holdout_is_an_experiment_of_everybody_against_nothing(world: World) -> None:
    view = world.customer(*(str(number) for number in range(400))).view()
    held = is_held_out(view, share=0.1, salt="s")
    rows = holdout_assignments(view.customers.keys, held, share=0.1, salt="s", as_of=AT)
    assert rows["experiment_id"].unique().tolist() == ["global-holdout/s/0.1"]
    arms = dict(zip(rows["customer_id"], zip(rows["arm"], rows["propensity"], strict=True), strict=True))
    for key, is_out in zip(view.customers.keys, held, strict=True):
        assert arms[key] == (("nothing", 0.1) if is_out else ("treated", 0.9))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_nobody_or_everybody_is_held_out_nothing_was_drawn(share: float) -> None:
    customers = np.array(["1"], dtype=object)
    assert holdout_assignments(customers, np.array([share == 1.0]), share=share, salt="s", as_of=AT).empty
