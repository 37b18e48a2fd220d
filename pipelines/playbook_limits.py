"""The playbook's own limits, as `warrant.yaml` lists them, and what they mean for the decision core."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from decisioning.settings import LimitSettings
from lake.tables import ASSET_KINDS
from pipelines.errors import PlaybookError

if TYPE_CHECKING:
    from pipelines.playbook import Playbook

Amount = Annotated[float, Field(ge=0)]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Scope(BaseModel):
    """What a limit counts; what is not stated is everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    each: Literal["account", "household", "customer", "asset", "offer", "campaign", "channel"] | None = None
    channels: Names = ()
    campaigns: Names = ()
    assets: Names = ()
    offers: Names = ()
    kinds: Names = ()
    audience: str | None = None


class LimitFile(BaseModel):
    """One limit: how much of a unit may be used within a scope, or is to be reached."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1)]
    unit: Literal["touches", "money", "expected_cost", "exposure"] = "touches"
    scope: Scope = Scope()
    amount: Amount | None = None
    amounts: dict[str, Amount] = {}
    at_least: Amount | None = None
    per: Literal["day", "month", "all", "standing"] = "day"

    @model_validator(mode="after")
    def _sensible(self) -> "LimitFile":
        if self.amount is None and self.at_least is None and not self.amounts:
            raise ValueError("limits nothing; state amount, amounts or at_least")
        if self.amount is not None and self.at_least is not None and self.at_least > self.amount:
            raise ValueError(f"cannot be reached: at least {self.at_least:g} of at most {self.amount:g}")
        if self.amounts and self.scope.each is None:
            raise ValueError("has amounts of single ones, so say of what: scope: {each: account}")
        if self.per == "standing" and self.unit not in ("expected_cost", "exposure"):
            raise ValueError("stands for offers that may still be claimed; its unit is expected_cost or exposure")
        return self


def limit_settings(playbook: "Playbook") -> tuple[LimitSettings, ...]:
    """The limits in their order.

    Raises:
        PlaybookError: Two of one name, an audience or a kind of asset that is not there; with file and line.
    """
    found: list[LimitSettings] = []
    for place, limit in enumerate(playbook.warrant.limits):
        where = _where(playbook, place)
        if any(limit.name == before.name for before in found):
            raise PlaybookError(
                f"there are two limits `{limit.name}`.", where=where, remedy="Give each a name of its own."
            )
        _insist_on_known(playbook, limit, place)
        scope = limit.scope
        found.append(
            LimitSettings(
                name=limit.name,
                unit=limit.unit,
                most=limit.amount,
                least=limit.at_least or 0.0,
                each=scope.each,
                amounts=dict(limit.amounts),
                channels=scope.channels,
                campaigns=scope.campaigns,
                assets=scope.assets,
                offers=scope.offers,
                kinds=scope.kinds,
                audience=scope.audience,
                per=limit.per,
                where=where,
            )
        )
    return tuple(found)


def _insist_on_known(playbook: "Playbook", limit: LimitFile, place: int) -> None:
    """What can be known before any source is read; the rest when the day is decided."""
    for name, wanted, known in (
        ("audience", [limit.scope.audience] if limit.scope.audience else [], sorted(playbook.audiences)),
        ("kinds", limit.scope.kinds, sorted(ASSET_KINDS)),
        ("channels", limit.scope.channels, sorted(playbook.channels.channels)),
    ):
        for each in wanted:
            if each not in known:
                raise PlaybookError(
                    f"the limit `{limit.name}` is about {name} `{each}`, which is not there.",
                    where=_where(playbook, place, "scope", name),
                    remedy=f"Known: {', '.join(known) or 'none'}.",
                )


def _where(playbook: "Playbook", *location: str | int) -> str:
    return playbook.files["warrant.yaml"].where(("limits", *location))
