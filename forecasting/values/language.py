"""What reading inbound messages gives: labels with confidence, as frozen arrays. The texts are not in it."""

from dataclasses import dataclass

from forecasting.values import Floats, Keys


@dataclass(frozen=True, eq=False)
class Answers:
    """What each text was found to say for one task; n texts.

    Attributes:
        task: sentiment, topic, intent, … as the playbook calls it.
        label: What it says, None where we are not sure, shape (n,).
        confidence: The stated probability that the best label is right, a cautious one: the lower end of what
            held-out writers showed, shape (n,). It is stated for unsure answers too.
        best: The best label, whether sure or not; None where there was nothing to read or to learn from, shape (n,).
        because: Why we are not sure, empty where we are, shape (n,).
    """

    task: str
    label: Keys
    confidence: Floats
    best: Keys
    because: Keys
