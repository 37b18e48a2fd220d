"""What leaves the media mix: returns per channel with intervals and grades, and their response curves."""

from dataclasses import dataclass

from forecasting.values import Floats, Keys


@dataclass(frozen=True, eq=False)
class MediaMix:
    """Returns of spend, one entry per channel, ascending by channel_id. Intervals hold 90 %.

    A return is money brought per money spent. Where `grade` is `assumed`, mean and interval are those of the prior,
    whatever spend and sales did together: that association is told apart, in `association`.

    Attributes:
        channel_id: Keys of channels.
        spend: Spend within the periods that were fitted, in currency.
        roi: Mean return of all that spend, with its interval.
        roi_low: Lower end.
        roi_high: Upper end.
        marginal_roi: What one per cent more spend in every period would bring, per money spent.
        marginal_low: Lower end.
        marginal_high: Upper end.
        prior_low: Lower end of the prior's interval of the marginal return.
        prior_high: Upper end.
        association: Marginal return that the regression finds, with its interval; an effect only where graded so.
        association_low: Lower end.
        association_high: Upper end.
        half_life: Periods after which half of the effect of spend has come.
        grade: `randomised`, `adjusted` or `assumed`, per channel.
        source: How the grade came about, per channel.
        curve_spend: Constant spend per period, shape (channels, levels), in currency.
        curve: What it brings per period once it has carried over, shape (channels, levels), in currency.
        curve_low: Lower end.
        curve_high: Upper end.
    """

    channel_id: Keys
    spend: Floats
    roi: Floats
    roi_low: Floats
    roi_high: Floats
    marginal_roi: Floats
    marginal_low: Floats
    marginal_high: Floats
    prior_low: Floats
    prior_high: Floats
    association: Floats
    association_low: Floats
    association_high: Floats
    half_life: Floats
    grade: Keys
    source: Keys
    curve_spend: Floats
    curve: Floats
    curve_low: Floats
    curve_high: Floats
