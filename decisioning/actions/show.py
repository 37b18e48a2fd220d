"""`show`: place something where a customer looks by themselves, such as a page. The rest is as with sending."""

from dataclasses import replace

from decisioning.actions.send import VERB as SEND
from decisioning.verb import Parameter

VERB = replace(
    SEND,
    name="show",
    meaning="Shows something to a customer the next time they come.",
    parameters=(
        Parameter("asset", "text", "what is shown"),
        Parameter("channel", "text", "the place"),
        Parameter("send_at", "text", "from when, UTC"),
    ),
    consequence="trifling",
    cannot_be_undone_because="what was seen cannot be unseen; the place can be given to something else at any time",
)
