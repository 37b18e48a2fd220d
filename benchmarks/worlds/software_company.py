"""A B2B software company, simulated from its settings: its tables, and apart from them the truth."""

import numpy as np
import pandas as pd

from benchmarks.worlds import catalogue, surroundings
from benchmarks.worlds.advertising import advertised
from benchmarks.worlds.buying import Orders, caused, needs, orders, purchases
from benchmarks.worlds.minds import Minds, imagine, interest_rows, objection_rows
from benchmarks.worlds.organisations import Organisations, customers, found
from benchmarks.worlds.settings import CompanySettings, Plan
from benchmarks.worlds.signalling import Known, signals
from benchmarks.worlds.touching import Touched, touches
from benchmarks.worlds.trials import conversions, opportunities, trials
from benchmarks.worlds.visiting import Devices, devices, sessions
from benchmarks.worlds.world import Texts, Truth, World


def simulate(settings: CompanySettings | None = None) -> World:
    """Simulate a company: the same settings give the same world.

    100,000 contacts take 17 seconds of a processor and 2 GB of memory (measured); both grow with their number.

    Args:
        settings: Size, time and seed; a company of 2,000 contacts unless told otherwise.
    """
    plan = Plan(settings or CompanySettings())
    world = found(plan)
    minds = imagine(world, plan)
    tried = trials(world, minds, plan)
    wanted = needs(world, minds, conversions(tried, plan), plan)
    assets, campaigns = catalogue.assets(), catalogue.campaigns(plan.calendar)
    sent = touches(world, minds, wanted, plan, campaigns=campaigns, assets=assets)
    by_themselves = orders(wanted, world, minds, plan)
    by_touches = caused(sent.rows, wanted, world, plan)
    bought, order_id = purchases(_both(by_themselves, by_touches), wanted, world, plan)
    order_of_touch = pd.Series(order_id[len(by_themselves.day) :], index=by_touches.cause, dtype=object)
    owned = devices(world, plan)
    visited = sessions(world, minds, owned, sent, plan)
    aimed, paid, opened = advertised(world, opportunities(world, minds, tried, plan), plan)
    touch_rows, outcome_rows = surroundings.touches_and_outcomes(sent, order_of_touch, world, plan)
    tables = {
        "accounts": world.accounts,
        "customers": customers(world, _stages(world, tried, bought, plan), plan),
        "identities": surroundings.identities(world, owned, visited, plan),
        "memberships": surroundings.memberships(bought, plan),
        "categories": catalogue.categories(),
        "products": catalogue.products(),
        "offers": catalogue.offers(),
        "campaigns": _below(campaigns, aimed),
        "assets": assets,
        "opportunities": opened,
        "purchases": bought,
        "signals": signals(Known(world, owned, visited, plan), minds, sent, tried, bought),
        "touches": touch_rows,
        "assignments": surroundings.assignments(sent, world, plan),
        "outcomes": outcome_rows,
        "consents": surroundings.consents(world, outcome_rows, plan),
        "observations": surroundings.observations(world, plan),
        "spend": _below(surroundings.spend(campaigns, plan), paid),
        "assertions": surroundings.assertions(world, minds, plan),
    }
    truth = _truth(
        world,
        minds,
        plan,
        owned=owned,
        sent=sent,
        tried=tried,
        order_of_touch=order_of_touch,
        touch_id=touch_rows["touch_id"],
    )
    return World(tables=tables, truth=truth, since=plan.settings.since, until=plan.settings.until)


def _below(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two frames as one; a column that only one of them has is missing in the other's rows."""
    columns = list(dict.fromkeys([*first.columns, *second.columns]))
    objects = {name: object for name in columns if name not in first or name not in second or first[name].isna().all()}
    parts = [part.reindex(columns=columns).astype(objects) for part in (first, second)]
    return pd.concat(parts, ignore_index=True).infer_objects()


def _both(first: Orders, second: Orders) -> Orders:
    return Orders(
        need=np.concatenate([first.need, second.need]),
        day=np.concatenate([first.day, second.day]),
        cause=np.concatenate([first.cause, second.cause]),
    )


def _stages(world: Organisations, tried: pd.DataFrame, bought: pd.DataFrame, plan: Plan) -> Texts:
    """Stage of each person at the end of the world: what the person did, not what their account did."""
    is_buyer = pd.Index(world.customer_id[: world.persons]).isin(bought["customer_id"])
    in_trial = np.zeros(world.persons, dtype=bool)
    in_trial[tried.loc[tried["ends"] >= plan.days, "person"]] = True
    return np.select([is_buyer, in_trial], ["customer", "trial"], default="prospect").astype(object)


def _truth(
    world: Organisations,
    minds: Minds,
    plan: Plan,
    *,
    owned: Devices,
    sent: Touched,
    tried: pd.DataFrame,
    order_of_touch: "pd.Series[str]",
    touch_id: "pd.Series[str]",
) -> Truth:
    account_id = world.accounts["account_id"].to_numpy(dtype=object)
    records = len(world.record_person)
    return Truth(
        people=pd.DataFrame(
            {
                "person": np.arange(world.persons),
                "account_id": account_id[world.account],
                "behaviour": minds.behaviour,
                "visits_per_day": minds.visits_per_day,
                "responsiveness": minds.responsiveness,
            }
        ),
        interests=interest_rows(minds, plan),
        objections=objection_rows(minds, plan),
        identities=pd.DataFrame(
            {
                "kind": np.repeat(np.array(["customer", "anonymous"], dtype=object), [records, len(owned.person)]),
                "key": np.concatenate([world.customer_id, owned.anonymous_id]),
                "person": np.concatenate([world.record_person, np.where(owned.shared_with >= 0, -1, owned.person)]),
            }
        ),
        effects=pd.DataFrame(
            {
                "touch_id": touch_id,
                "click_probability": sent.rows["click_probability"],
                "extra_order_probability": sent.rows["extra_order_probability"],
                "caused_order_id": order_of_touch.reindex(range(len(touch_id))).to_numpy(dtype=object),
            }
        ),
        trials=pd.DataFrame(
            {
                "account_id": account_id[tried["account"]],
                "person": tried["person"],
                "started_at": plan.calendar.moments(tried["day"].to_numpy(dtype=np.float64)),
                "is_stalled": tried["is_stalled"],
                "is_converted": tried["is_converted"],
            }
        ),
    )
