"""Training behind a gate: a model is fitted, judged on days it has not seen, registered, and live only when it wins.

The model that goes live is the very one that was judged: fitted on rows before the holdout, and never on the holdout,
so that the next challenger and it can be judged on days that neither has seen.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.backtest import Backtest, known_before
from forecasting.errors import TooLittleDataError
from forecasting.gate import Contest, contest
from forecasting.training import Arrays, Trainer
from lake.journal import Actor, Journal
from lake.models import Card
from lake.promotions import Promotion, champion, promote
from lake.runs import RunRow, playbook_lock
from pipelines.code_version import code_version
from pipelines.day import Day
from pipelines.errors import PipelineError, UsageError
from pipelines.forecasts.backtesting import backtest_part, document, perceived_run, rows_of, verdict
from pipelines.forecasts.parts import Part
from pipelines.forecasts.registry import model_store
from pipelines.people import insist_on
from pipelines.stored import canonical_tables

FIRST: Final = "there was none, and it beats what it has to beat"


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        what: Which forecast.
        digest: The challenger's hash.
        card: Its card.
        is_live: Whether it is the champion now.
        champion: Hash of the model that is live now, if any.
        because: Why it is or is not.
        contest: Challenger against champion; None without a champion.
        backtest: Ours against the rivals.
    """

    what: str
    digest: str
    card: Card
    is_live: bool
    champion: str | None
    because: str
    contest: Contest | None
    backtest: Backtest


def train_now(day: Day, part: Part, actor: Actor) -> Trained:
    """Perceive the day's sources, then train; what a command does.

    Raises:
        WarrantError: As the step `perceive`, and as `train`.
    """
    run = perceived_run(day)
    with playbook_lock(day.lake.root):
        return train(day, run, part, actor)


def train(day: Day, run: RunRow, part: Part, actor: Actor) -> Trained:
    """Fit a challenger, judge it, register it, and make it live when the gate lets it. The caller holds the lock.

    Args:
        day: Of the playbook.
        run: Whose tables to learn from.
        part: Which forecast.
        actor: Who trains; a schedule names nobody.

    Raises:
        TooLittleDataError: There is too little to learn from, or to judge by.
        RefusedError: The actor may not train.
        UsageError: Nothing of this forecast outlives a day.
    """
    if part.trainer is None:
        raise UsageError(
            f"nothing of {part.what} is kept: it is learnt anew each time.",
            where="--what",
            remedy="Score it with `warrant backtest`.",
        )
    insist_on(actor, "train", day.playbook)
    day.progress.started(f"train {part.what}")
    began = time.perf_counter()
    trainer = part.trainer(day.playbook)
    tables = canonical_tables(day, run, part.tables)
    exam = Exam(trainer, tables, day.clock.as_of, day.playbook.timezone)
    day.progress.doing(f"train {part.what}", "scoring it against its rivals")
    backtest = backtest_part(day, part, tables)
    day.progress.doing(f"train {part.what}", f"fitting on rows before {exam.origin:%Y-%m-%d}")
    known = known_before(tables, exam.origin)
    arrays = trainer.fit(known, as_of=exam.origin, timezone=exam.timezone, seed=day.playbook.warrant.seed)
    insist_on_nobody(arrays, tables)
    card = _card(day, run, part, trainer, backtest=backtest, origin=exam.origin)
    trained = _pass_gate(day, exam, arrays, card, backtest=backtest, actor=actor)
    said = f"{trained.digest} {'is live' if trained.is_live else 'is registered, not live'}: {trained.because}"
    day.progress.finished(f"train {part.what}", time.perf_counter() - began, said)
    return trained


@dataclass(frozen=True)
class Exam:
    """What models are judged on: the days before as-of that none of them has learnt from."""

    trainer: Trainer
    tables: Mapping[str, pd.DataFrame]
    until: datetime
    timezone: str

    @property
    def origin(self) -> datetime:
        """The first of these days."""
        return self.until - timedelta(days=self.trainer.holdout_days)

    def losses(self, arrays: Arrays) -> pd.DataFrame:
        """What a model loses on them."""
        return self.trainer.losses(arrays, self.tables, origin=self.origin, until=self.until, timezone=self.timezone)


def _pass_gate(day: Day, exam: Exam, arrays: Arrays, card: Card, *, backtest: Backtest, actor: Actor) -> Trained:
    store = model_store(day)
    digest = store.save(arrays, card)
    journal = Journal(day.lake)
    live = champion(journal, card.name)
    judged = None
    if live is not None and live.digest != digest:
        before, stood = store.load(card.name, live.digest)
        insist_on_unseen(stood, exam.origin)
        judged = contest(exam.losses(arrays), exam.losses(before), metric=exam.trainer.metric)
    wins, because = _gate(live, digest, backtest, judged)
    if wins:
        facts = asdict(judged) if judged else {}
        promote(journal, card.name, digest, facts, actor=actor, at=day.clock.now, because=because)
    is_live = wins or (live is not None and live.digest == digest)
    stays = live.digest if live else None
    return Trained(card.name, digest, card, is_live, digest if is_live else stays, because, judged, backtest)


def _gate(live: Promotion | None, digest: str, backtest: Backtest, judged: Contest | None) -> tuple[bool, str]:
    """Whether the challenger goes live, and why."""
    if live is not None and live.digest == digest:
        return False, "it is the model that is live already"
    if not backtest.is_better:
        return False, verdict(backtest)
    if judged is None:
        return True, FIRST
    numbers = f"{judged.metric} {judged.challenger:.4g} against {judged.champion:.4g}"
    interval = f"difference {judged.difference:.3g}, 95 % interval {judged.low:.3g} to {judged.high:.3g}"
    return judged.is_won, f"{numbers} on {judged.units:,} units: {interval}"


def insist_on_unseen(card: Card, origin: datetime) -> None:
    """The champion must not have learnt from the days that it is judged on.

    Raises:
        TooLittleDataError: It has; names the day from which on a fair contest can be held.
    """
    seen_until = datetime.fromisoformat(card.trained_until)
    if seen_until > origin:
        raise TooLittleDataError(
            f"The champion learnt from rows until {seen_until:%Y-%m-%d} and would be judged from {origin:%Y-%m-%d} on.",
            where=card.name,
            remedy=f"Train as of a day that is {math.ceil((seen_until - origin).total_seconds() / 86_400)} days later.",
        )


def insist_on_nobody(arrays: Arrays, tables: Mapping[str, pd.DataFrame]) -> None:
    """A kept model holds sums and coefficients, nobody's rows: it must not name a customer.

    Raises:
        PipelineError: An array holds a customer's id.
    """
    customers = set(tables["customers"]["customer_id"]) if "customers" in tables else set()
    for name, array in arrays.items():
        if array.dtype.kind == "U" and customers.intersection(np.unique(array).tolist()):
            raise PipelineError(
                f"The array {name} names customers.",
                where="model",
                remedy="Keep what was learnt from everybody; compute what is somebody's when it is asked for.",
            )


def _card(day: Day, run: RunRow, part: Part, trainer: Trainer, *, backtest: Backtest, origin: datetime) -> Card:
    return Card(
        name=part.what,
        subject=backtest.subject,
        playbook=day.playbook.name,
        as_of=day.clock.as_of.isoformat(),
        trained_until=origin.isoformat(),
        data={name: run.pins[name].digest for name in part.tables if name in run.pins},
        code_version=code_version(),
        seed=day.playbook.warrant.seed,
        splits=backtest.splits,
        parameters=dict(trainer.parameters),
        scores=tuple(rows_of(backtest.scores)),
        against=tuple(rows_of(backtest.against)),
        notes=backtest.notes,
        is_better=backtest.is_better,
    )


def described(trained: Trained) -> dict[str, Any]:
    """What came of a training, as plain JSON values."""
    return {
        "what": trained.what,
        "hash": trained.digest,
        "is_live": trained.is_live,
        "champion": trained.champion,
        "because": trained.because,
        "contest": asdict(trained.contest) if trained.contest else None,
        "backtest": document(trained.backtest),
    }
