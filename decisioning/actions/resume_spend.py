"""`resume_spend`: go on spending on a campaign that was paused. What is not said here is as with pausing."""

from dataclasses import replace

from decisioning.actions.pause_spend import VERB as PAUSE
from decisioning.verb import Inverse

VERB = replace(
    PAUSE,
    name="resume_spend",
    meaning="Lets a paused campaign spend again.",
    consequence="serious",
    inverse=Inverse(PAUSE.name, {}),
)
