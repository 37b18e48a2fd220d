"""What may be called an effect: joint claims whose chance of any false one is stated (Holm 1979)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.settings import NORMAL_95
from forecasting.values import Floats


@dataclass(frozen=True)
class Claim:
    """One effect and whether it may be claimed.

    Attributes:
        name: The arm, or `personalised`: choosing by unit against the best single arm.
        effect: Its mean, unshrunk, in the outcome's unit.
        low: Lower end of its own 95 % interval.
        high: Upper end.
        p_value: Two-sided, adjusted for all claims made together.
        is_found: Whether it differs from zero at the joint level.
    """

    name: str
    effect: float
    low: float
    high: float
    p_value: float
    is_found: bool


def joint_claims(
    names: Sequence[str], effects: Floats, errors: Floats, level: float, *, can_tell: npt.NDArray[np.bool_]
) -> tuple[Claim, ...]:
    """All claims together, Holm's steps over all of them.

    Args:
        names: Of the effects.
        effects: Means.
        errors: Standard errors; an effect without any error is none (nobody chose differently).
        level: Chance of any false claim.
        can_tell: Whether an effect rests on enough to be claimed at all.
    """
    from scipy.stats import norm

    single = np.where((errors > 0) & can_tell, 2 * norm.sf(np.abs(effects) / np.maximum(errors, 1e-300)), 1.0)
    order = np.argsort(single, kind="stable")
    steps = single[order] * np.arange(len(single), 0, -1)
    adjusted = np.empty(len(single))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return tuple(
        Claim(
            name,
            float(effect),
            float(effect - NORMAL_95 * error),
            float(effect + NORMAL_95 * error),
            float(p_value),
            bool(p_value < level),
        )
        for name, effect, error, p_value in zip(names, effects, errors, adjusted, strict=True)
    )
