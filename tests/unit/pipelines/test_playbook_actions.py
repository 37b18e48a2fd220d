"""Reading actions.yaml: what is accepted, what is refused, and on which line."""

from pathlib import Path

import pytest

from lake.errors import WarrantError
from pipelines.playbook_reading import load_playbook
from pipelines.playbook_settings import acting_settings, decision_settings

FILES = {
    "warrant.yaml": "name: corner-shop\ncurrency: EUR\ntimezone: Europe/Berlin\n",
    "channels.yaml": "channels:\n  email: {kind: file}\n  google: {kind: ads}\n  linkedin: {kind: ads}\n",
    "sources/customers.sql": "SELECT 1",
    "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n",
}
BID = """
rules:
  bid:
    verb: set_bid
    for: campaign
    because: Why not.
    parameters: {bid: campaign.bid * 2}
    within: {at_least: 1, at_most: 5}
"""
MONEY = """
rules:
  money: {verb: move_budget, for: channel, because: It brings more.}
money_per_month:
  approved: 9000
  by: person:lead
  channels:
    google: {budget: 5000, least: 1000, most: 6000}
    linkedin: {budget: 4000}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def complaint(folder: Path, text: str) -> WarrantError:
    (folder / "actions.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(WarrantError) as caught:
        load_playbook(folder)
    return caught.value


def test_rules_and_money_are_read_with_their_defaults(folder: Path) -> None:
    (folder / "actions.yaml").write_text(MONEY, encoding="utf-8")
    settings = acting_settings(load_playbook(folder))
    assert settings is not None
    (rule,) = settings.rules
    assert (rule.is_from_curves, rule.least_confidence, rule.again_after_days, rule.when) == (True, 0.7, 7.0, "true")
    assert settings.money is not None
    assert [(one.channel_id, one.least, one.most) for one in settings.money.budgets] == [
        ("google", 1000, 6000),
        ("linkedin", 0, 4000),
    ]


def test_without_the_file_nothing_is_done_beside_messages(folder: Path) -> None:
    assert acting_settings(load_playbook(folder)) is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (BID.replace("set_bid", "set_bit"), 4, "no verb `set_bit` is declared"),
        (BID.replace("set_bid", "send"), 4, "chosen by plays"),
        (BID.replace("for: campaign", "for: customer"), 5, "cannot be done to a customer"),
        (BID.replace("parameters: {bid", "parameters: {offer"), 7, "no parameter `offer`"),
        (BID.replace("parameters: {bid: campaign.bid * 2}", "parameters: {}"), 7, "without its parameter bid"),
        (BID.replace(", at_most: 5", ""), 3, "only within parameters"),
        (BID.replace("at_least: 1", "at_least: 6"), 8, "below its at_least"),
        (BID + "    agian_after_days: 3\n", 9, "nothing of this name"),
        (BID + "limits: {set_bidd: 3}\n", 9, "no verb `set_bidd`"),
        (BID.replace("set_bid", "move_budget").replace("campaign\n", "channel\n"), 7, "no parameter `bid`"),
        (MONEY.partition("money_per_month")[0], 3, "nobody has approved any"),
        (MONEY.replace("approved: 9000", "approved: 8999.99"), 5, "add up to 9,000.00"),
        (MONEY.replace("budget: 4000", "budget: .nan"), 9, "finite"),
        (MONEY.replace("linkedin", "linkedout"), 9, "no channel `linkedout`"),
        (MONEY.replace("most: 6000", "most: 4999"), 8, "least <= budget <= most"),
    ],
)
def test_what_cannot_be_is_refused_on_its_line(folder: Path, text: str, line: int, said: str) -> None:
    error = complaint(folder, text)
    assert said in error.what
    assert error.where.endswith(f"actions.yaml:{line}"), error.where
    assert error.exit_code == 3


def test_a_policy_about_actions_is_no_policy_about_messages(folder: Path) -> None:
    (folder / "policies").mkdir()
    (folder / "policies" / "both.yaml").write_text(
        "- {id: bids, because: Dear., deny: action.bid > 5}\n- {id: minors, because: Law., deny: customer.is_minor}\n",
        encoding="utf-8",
    )
    (folder / "actions.yaml").write_text(BID, encoding="utf-8")
    playbook = load_playbook(folder)
    assert [one.identifier for one in decision_settings(playbook).policies] == ["minors"]
    settings = acting_settings(playbook)
    assert settings is not None
    assert [one.identifier for one in settings.policies] == ["bids", "minors"]
