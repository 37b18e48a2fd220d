"""The arrays that the fused pass reads, by what they are about; `decisioning.terrain` fills them."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy.typing as npt

from decisioning.learnt import Linear

if TYPE_CHECKING:
    from decisioning.policies.programs import CrossingPrograms, PlainComparisons

Array = npt.NDArray[Any]

TOUCHES, MONEY, EXPECTED_COST, EXPOSURE = 0, 1, 2, 3
"""What a limit counts."""


class Reasons(NamedTuple):
    """Who may be talked to about what: motives of customers, and the assets that answer each distinct motive.

    Attributes:
        motive_starts: Shape (customers + 1,): those of customer c are motive_starts[c] to motive_starts[c + 1], the
            strongest first, then by the order of plays and of subjects.
        answer: Row of `answer_starts` that answers each motive.
        starts_at: From when on each motive holds, microseconds.
        until: Until when (excluded).
        answer_starts: Shape (answers + 1,): assets of each answer.
        answer_assets: Positions of assets.
        is_for_new: Whether an answer leaves out what the customer already bought, shape (answers,).
        fits: Whether an asset fits a channel, shape (assets, channels).
        is_permitted: Whether an agent may send for the reason of an answer on a channel, shape (answers, channels).
        bought_starts: Customers × products that they bought.
        bought_products: Positions of products.
        product_starts: Products × assets about them.
        product_assets: Positions of assets.
        said_starts: What assets say (topics, then categories and what these lie within) × the assets that say it.
        said_assets: Positions of assets.
        order: Which order of messages holds for each motive, as row of `ranks`; -1 for none.
        tried: Highest rank of it that the customer was sent of late, -1 for none.
        ranks: Rank of every asset as an answer to the motive, shape (orders, assets).
        elsewhere: Rank of every asset as an answer to another motive of the same customer, shape (orders, assets).
    """

    motive_starts: Array
    answer: Array
    starts_at: Array
    until: Array
    answer_starts: Array
    answer_assets: Array
    is_for_new: Array
    fits: Array
    is_permitted: Array
    bought_starts: Array
    bought_products: Array
    product_starts: Array
    product_assets: Array
    said_starts: Array
    said_assets: Array
    order: Array
    tried: Array
    ranks: Array
    elsewhere: Array


class Rules(NamedTuple):
    """What policies say.

    Attributes:
        customer_words: Shape (customers, channels, words).
        asset_words: Shape (assets, channels, words).
        masks: The bits of each policy, shape (policies, words). The holdout has none: it is an arm and refuses nothing.
        refusing: All bits of all masks, shape (words,).
        plain: Comparisons between the sides that set one column against another.
        customer_values: The columns of customers that these read, one after the other, NaN where missing.
        asset_values: The columns of assets.
        gates: Bits of all other comparisons, shape (words,).
        programs: All comparisons, as programs.
        objection_starts: Customers × what they object to, as rows of `Reasons.said_starts`.
        objections: These rows.
        is_service: Assets that no objection stops.
        objection: Place of the objection among the counts of refusals.
        cost_unknown: Place of offers whose cost is not known.
        no_hour: Place of missing hours.
        out_of_dates: Place of the asset's dates, which explain a missing hour already.
        waiting: Place of messages that wait behind others.
        outside_remits: Place of what no agent may send.
    """

    customer_words: Array
    asset_words: Array
    masks: Array
    refusing: Array
    plain: "PlainComparisons"
    customer_values: Array
    asset_values: Array
    gates: Array
    programs: "CrossingPrograms"
    objection_starts: Array
    objections: Array
    is_service: Array
    objection: int
    cost_unknown: int
    no_hour: int
    out_of_dates: int
    waiting: int
    outside_remits: int


class Worth(NamedTuple):
    """What a candidate's value is made of; money in currency.

    Attributes:
        habit_starts: Customers × categories of their own rhythms.
        habit_category: Position of the category.
        habit_margin: E[margin | none] over the value window.
        habit_log_none: log P(no purchase) within the window.
        habit_chance: P(purchase).
        habit_spend: P(purchase) × spend on a day of purchase.
        recent_starts: Customers × categories bought of late.
        recent_category: Position of the category.
        recent_days: Shopping days within 91 days.
        covers_starts: Assets × categories that they cover.
        covers: Positions of categories.
        usual_margin: What a typical customer brings in each category.
        is_typical: Customers of whom too little is known.
        trigger_starts: Customers × what moves them to act, as rows of `said_starts`.
        triggers: These rows.
        said_starts: What assets say × the assets that say it, as `Reasons`.
        said_assets: Positions of assets.
        uplift: Relative uplift of each asset's kind.
        has_offer: Assets with an offer.
        is_automatic: Assets whose offer nobody has to claim.
        cost_fixed: What a redemption costs, whoever redeems; NaN where it depends on what is spent.
        cost_share: Our share of what is spent that a redemption costs.
        least_spend: What an offer asks to be spent; 0 where it asks for nothing.
        usual_spend: Mean spend on a day of purchase in the asset's categories, NaN when nobody buys there.
        may_lack_cost: Assets for which a redemption's cost is not known for everybody.
        redeem_customer: Log-odds of redemption: intercept and customer's effect, shape (customers,).
        redeem_asset: Asset's effect.
        redeem_slope: Per log(1 + recent shopping days).
        touch_cost: Shape (channels,).
        opt_out_cost: P(opt out) × future margin, as stated, shape (channels,).
        future_margin: Incremental margin that an opt-out loses, shape (channels,).
        gain: Learnt uplift in currency, in place of margin × uplift.
        redeem: Learnt P(redeem), in place of the redemption model.
        opt_out: Learnt P(opt out), in place of what is stated.
        boost: What people favour each asset by, which is ranked by and is no margin, shape (assets,).
    """

    habit_starts: Array
    habit_category: Array
    habit_margin: Array
    habit_log_none: Array
    habit_chance: Array
    habit_spend: Array
    recent_starts: Array
    recent_category: Array
    recent_days: Array
    covers_starts: Array
    covers: Array
    usual_margin: Array
    is_typical: Array
    trigger_starts: Array
    triggers: Array
    said_starts: Array
    said_assets: Array
    uplift: Array
    has_offer: Array
    is_automatic: Array
    cost_fixed: Array
    cost_share: Array
    least_spend: Array
    usual_spend: Array
    may_lack_cost: Array
    redeem_customer: Array
    redeem_asset: Array
    redeem_slope: float
    touch_cost: Array
    opt_out_cost: Array
    future_margin: Array
    gain: Linear
    redeem: Linear
    opt_out: Linear
    boost: Array


class Hours(NamedTuple):
    """When something may be sent; all times are microseconds.

    Attributes:
        day_starts: The moment the run knows the world at.
        day_ends: End of the day that is decided.
        opens: From when on each asset may be sent, shape (assets,).
        closes: Until when (excluded).
        is_dated: Assets that are not always open.
        zone: Time zone of each customer.
        spans: Stretches outside quiet hours, shape (zones, channels, spans, 2); empty ones start and end at 0.
        sends_at: When each channel sends, shape (customers, channels).
    """

    day_starts: int
    day_ends: int
    opens: Array
    closes: Array
    is_dated: Array
    zone: Array
    spans: Array
    sends_at: Array


class Prices(NamedTuple):
    """What a candidate pays for the limits that it uses.

    Attributes:
        keeps_losses: Whether candidates that are worth less than nothing are kept: something is to be reached.
        of_place: For what every send of an asset on a channel uses alike, currency, shape (assets, channels).
        of_expected_cost: Per unit of expected offer cost, shape (assets, channels).
        of_exposure: Per unit of what one redemption costs, shape (assets, channels).
        has_room: Whether a send fits the limits when nothing else is sent, shape (assets, channels).
        group_price: Price per limit of each family of limits that depend on the customer, shape (families, limits).
        group_of_customer: Shape (families, customers), -1 for no limit.
        group_of_place: Shape (families, assets, channels), -1 for no limit.
        groups_of_place: How many groups of places a family has, shape (families,).
        unit: What each family counts, of `TOUCHES`, `MONEY`, `EXPECTED_COST`, `EXPOSURE`, shape (families,).
        pays_costs: Whether anything is paid per unit of expected cost or of exposure.
    """

    keeps_losses: bool
    of_place: Array
    of_expected_cost: Array
    of_exposure: Array
    has_room: Array
    group_price: Array
    group_of_customer: Array
    group_of_place: Array
    groups_of_place: Array
    unit: Array
    pays_costs: bool


class Blocks(NamedTuple):
    """What answers each motive, side by side in memory: assets of an answer, then those of them that fit each channel.

    L assets of answers (`Reasons.answer_assets`, in that order), B = answers × channels blocks with P places together.

    Attributes:
        gain: What was learnt of each asset's gain, shape (L,).
        gain_factor: Its factors, an answer after the other and of each answer factor after factor, float32,
            shape (L × factors,).
        redeem: exp(-log-odds of redemption) of each asset, shape (L,).
        cost: What a redemption costs, 0 without an offer, shape (L,).
        is_plain: Answers for which these tell everything to customers without rhythms, shape (answers,).
        asks_spend: Answers of which some offer asks for something to be spent, shape (answers,).
        starts: Block b has the places starts[b] to starts[b + 1], shape (B + 1,).
        asset: The asset at each place, shape (P,).
        link: Which of the answer's assets it is, shape (P,).
        place: Asset × channels + channel, shape (P,).
        words: The asset's side of policies, shape (words, P).
        shared: Bits with which whatever is in a block refuses a customer who has them too, shape (B, words).
        widest: Most assets of an answer.
        is_dated: Whether any asset has dates.
        may_lack_cost: Whether any asset's cost of a redemption may be unknown.
    """

    gain: Array
    gain_factor: Array
    redeem: Array
    cost: Array
    is_plain: Array
    asks_spend: Array
    starts: Array
    asset: Array
    link: Array
    place: Array
    words: Array
    shared: Array
    widest: int
    is_dated: bool
    may_lack_cost: bool
