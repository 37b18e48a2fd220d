"""Deliver: each send is checked once more against what holds now, reserved, and written for its channel.

The reservation comes before the file. A process killed in between finds its own reservations again and writes the same
files; another run of the same day finds them taken and leaves those customers out. So nothing is delivered twice.
"""

from typing import Any

import pandas as pd

from decisioning.schedule import caps_reached
from lake.reservations import Reservations
from pipelines.channels.files import write_batch
from pipelines.code_version import code_version
from pipelines.day import SLOT, Day
from pipelines.errors import RefusedError
from pipelines.perceive import read_table_now
from pipelines.playbook_settings import decision_settings

MARKETING = "marketing"


def deliver_batches(day: Day) -> dict[str, Any]:
    """Write one batch per channel.

    Returns:
        `by_channel` rows delivered, `withheld` rows per reason, `files` as absolute paths, `batches` ids per channel.

    Raises:
        RefusedError: The clock is simulated and a channel is not a file.
    """
    _refuse_simulated_clock(day)
    run_id = day.current_run().run_id
    records = day.lake.read_slice("decisions", run_id)
    sends = records[(records["verb"] == "send") & ~records["is_ghost"]].sort_values("customer_id", ignore_index=True)
    reason = _reasons_to_withhold(day, sends)
    allowed = sends[reason.isna()]
    ours = Reservations(day.lake).claim(SLOT, day.clock.day, allowed, run_id)
    taken = allowed[~allowed["decision_id"].isin(set(ours["decision_id"]))]
    reason.loc[taken.index] = "already delivered to in this slot"
    batches = {
        channel_id: _write(
            day,
            channel_id,
            allowed[(allowed["channel_id"] == channel_id) & reason.loc[allowed.index].isna()],
            reason,
            sends,
        )
        for channel_id in sorted(day.playbook.channels.channels)
    }
    return {
        "by_channel": {channel: batch.rows for channel, batch in batches.items()},
        "withheld": {str(name): int(count) for name, count in reason.value_counts().sort_index().items()},
        "files": [str(path) for batch in batches.values() for path in batch.files],
        "batches": {channel: batch.batch_id for channel, batch in batches.items()},
    }
