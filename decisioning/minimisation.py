"""Data minimisation: what may not be known of a customer is taken out of the view before anything is reasoned of.

A policy `redact` withholds the fields it names from the customers that its `when` may select; `permit` withholds all
but those. Where `when` cannot be decided because a value is missing, they are withheld. Proposing and deciding see only
what is left, so that nothing withheld can reach a motive, a policy, a value or a record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.policies.attributes import Attributes
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import readable
from decisioning.policies.evaluate import holds
from decisioning.policies.fields import NEVER_WITHHELD, WITHHELD_TOGETHER
from decisioning.policies.normal_form import negation_normal_form
from decisioning.policies.rules import WITHHOLDING, Rule, read_rule
from decisioning.screening import attributes_of, customer_table
from decisioning.settings import PolicySpecification
from graph.view import Links, Nodes, View

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Minimised:
    """A view without what may not be known, and what that was.

    Attributes:
        view: What may be reasoned from.
        fields: Every field that can be withheld and is there, sorted.
        withheld: Field to the customers of whom it was withheld, shape (customers,); only fields that were.
        by_policy: Policy id to the customers it applied to, shape (customers,).
    """

    view: View
    fields: tuple[str, ...]
    withheld: Mapping[str, Flags]
    by_policy: Mapping[str, Flags]

    def texts(self) -> npt.NDArray[np.object_]:
        """Per customer the withheld fields, sorted and joined by commas; None where all were permitted."""
        texts = np.full(len(self.view.customers), None, dtype=object)
        if self.withheld:
            names = sorted(self.withheld)
            sets, place = np.unique(np.stack([self.withheld[name] for name in names]), axis=1, return_inverse=True)
            words = [", ".join(name for name, is_in in zip(names, each, strict=True) if is_in) for each in sets.T]
            texts = np.array([text or None for text in words], dtype=object)[place.ravel()]
        return texts

    def facts(self) -> dict[str, Any]:
        """For a run's summary: the fields there are, and customers per field and policy; empty without a policy."""
        if not self.by_policy:
            return {}
        return {
            "fields": list(self.fields),
            "withheld": {name: int(who.sum()) for name, who in sorted(self.withheld.items())},
            "by_policy": {policy: int(who.sum()) for policy, who in sorted(self.by_policy.items())},
        }


def minimised(view: View, policies: Iterable[PolicySpecification], is_held_out: Flags) -> Minimised:
    """Take out of a view what the policies withhold; call it once, on the view as it was read.

    Args:
        view: Everything that is known.
        policies: As written, of any kind.
        is_held_out: Per customer, found before anything is withheld.

    Raises:
        PolicyError: A policy cannot be parsed.
    """
    rules = [read_rule(policy) for policy in policies if policy.kind in WITHHOLDING]
    if not rules:
        return Minimised(view, (), {}, {})
    attributes = attributes_of(view)
    fields = _fields(view, attributes)
    withheld: dict[str, Flags] = {}
    by_policy: dict[str, Flags] = {}
    for rule in rules:
        selected = _selected(rule, view, attributes, is_held_out)
        by_policy[rule.identifier] = selected
        for name in _withheld_by(rule, fields) if selected.any() else ():
            withheld[name] = withheld[name] | selected if name in withheld else selected
    return Minimised(_without(view, withheld) if withheld else view, fields, withheld, by_policy)


def without_withheld(customers: pd.DataFrame, less: Minimised) -> pd.DataFrame:
    """The canonical table customers without what was withheld of each, for forecasts that read attributes."""
    if not less.withheld:
        return customers
    place = less.view.customers.positions(customers["customer_id"].to_numpy(dtype=object))
    blanked = {
        name: who[place] & (place >= 0)
        for field, who in less.withheld.items()
        if (name := field.removeprefix("customer.")) in customers.columns
    }
    return _blanked(customers, blanked)


def _fields(view: View, attributes: Attributes) -> tuple[str, ...]:
    """Everything that can be withheld and is there."""
    columns = {
        f"customer.{name}" for name in view.customers.frame.columns if name != "key"
    } & attributes.declared.keys()
    return tuple(sorted({*(columns - NEVER_WITHHELD), *WITHHELD_TOGETHER}))


def _withheld_by(rule: Rule, fields: Iterable[str]) -> tuple[str, ...]:
    is_permitted = rule.kind == "permit"
    return tuple(name for name in fields if (name in rule.fields) != is_permitted)


def _selected(rule: Rule, view: View, attributes: Attributes, is_held_out: Flags) -> Flags:
    """The customers that `when` may select, shape (customers,)."""
    fitting = readable(rule, attributes)
    table = customer_table(view, attributes, is_held_out)
    known = Attributes({**attributes.declared, **{each.name: each for each in fitting.unknown}})
    table = AttributeTable(table.shape, table.columns, known)
    found = holds(negation_normal_form(fitting.rule.when), table.column, unknown=True)
    return np.broadcast_to(found, (table.shape[0], 1))[:, 0].copy()


def _without(view: View, withheld: Mapping[str, Flags]) -> View:
    """The view in which the fields of their customers are missing."""
    columns = {name.removeprefix("customer."): who for name, who in withheld.items() if name.startswith("customer.")}
    parts: dict[str, Any] = {"customers": Nodes(_blanked(view.customers.frame, columns))}
    for name, who in withheld.items():
        for part in WITHHELD_TOGETHER.get(name, ()):
            kept = getattr(view, part)
            parts[part] = _nameless(kept, who) if part == "signals" else _unlinked(kept, who)
    return replace(view, **parts)


def _blanked(frame: pd.DataFrame, columns: Mapping[str, Flags]) -> pd.DataFrame:
    """The frame with the given rows of the given columns missing, in the way its columns say so."""
    changed: dict[str, Any] = {}
    for name, rows in columns.items():
        column = frame[name]
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            changed[name] = column.mask(rows)
        elif pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
            changed[name] = column.astype(np.float64).mask(rows)
        else:
            changed[name] = column.astype(object).where(~rows, None)
    return frame.assign(**changed)


def _unlinked(links: Links, who: Flags) -> Links:
    """The links without those of some sources."""
    kept = ~who[links.sources]
    facts = {name: values[kept] for name, values in links.facts.items()}
    return Links.build(links.sources[kept], links.targets[kept], len(links.starts) - 1, facts)


def _nameless(signals: Nodes, who: Flags) -> Nodes:
    """The signals, where those of some customers are nobody's."""
    customer = signals.frame["customer"].to_numpy(dtype=np.int32)
    is_withheld = (customer >= 0) & who[customer] if len(who) else np.zeros(len(customer), dtype=np.bool_)
    return Nodes(signals.frame.assign(customer=np.where(is_withheld, np.int32(-1), customer).astype(np.int32)))
