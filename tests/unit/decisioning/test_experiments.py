import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from decisioning.experiments import is_held_out, uniform
from tests.unit.decisioning.world import World


@given(st.lists(st.text(), max_size=20), st.text(), st.text())
def test_every_unit_has_its_own_number_in_the_unit_interval(units: list[str], experiment: str, salt: str) -> None:
    numbers = uniform(units, experiment, salt)
    assert ((numbers >= 0) & (numbers < 1)).all()
    alone = [uniform([unit], experiment, salt)[0] for unit in units]
    assert numbers.tolist() == alone, "a unit's number does not depend on who else there is"


def test_the_numbers_are_spread_evenly_and_differ_by_experiment_and_salt() -> None:
    units = [str(number) for number in range(20_000)]
    one = uniform(units, "a", "salt")
    for other in (uniform(units, "b", "salt"), uniform(units, "a", "pepper")):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert np.histogram(one, bins=10, range=(0, 1))[0].min() > 1_850


def test_a_share_holds_out_about_that_share_and_nobody_or_everybody_at_its_ends(world: World) -> None:
    world.customer(*(str(number) for number in range(4_000)))
    view = world.view()
    assert not is_held_out(view, share=0.0, salt="s").any()
    assert is_held_out(view, share=1.0, salt="s").all()
    assert 0.04 < is_held_out(view, share=0.05, salt="s").mean() < 0.06


def test_who_is_held_out_stays_held_out_when_the_share_grows(world: World) -> None:
    world.customer(*(str(number) for number in range(500)))
    small, large = (is_held_out(world.view(), share=share, salt="s") for share in (0.1, 0.3))
    assert (large | ~small).all()


def test_a_household_is_held_out_as_a_whole_and_a_loner_alone(world: World) -> None:
    for number in range(200):
        world.customer(f"{number}-a", f"{number}-b", household_id=f"home-{number}")
        world.customer(f"{number}-c", f"{number}-d", household_id=None)
    held = dict(zip(world.view().customers.keys, is_held_out(world.view(), share=0.5, salt="s"), strict=True))
    assert all(held[f"{number}-a"] == held[f"{number}-b"] for number in range(200))
    assert any(held[f"{number}-c"] != held[f"{number}-d"] for number in range(200))


def test_a_household_and_a_customer_of_the_same_name_are_two_units(world: World) -> None:
    for number in range(64):
        world.customer(str(number)).customer(f"member-{number}", household_id=str(number))
    held = dict(zip(world.view().customers.keys, is_held_out(world.view(), share=0.5, salt="s"), strict=True))
    assert any(held[str(number)] != held[f"member-{number}"] for number in range(64))
