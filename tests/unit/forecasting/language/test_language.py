"""Reading messages: what is learnt, what is masked, when it is not sure, and what bad texts do."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import insist_on_no_leak
from forecasting.errors import ForecastingError
from forecasting.language.confidence import fit_confidence
from forecasting.language.forecast import LANGUAGE_COLUMNS, NOT_SURE, forecast_language
from forecasting.language.keyword_rule import by_keywords
from forecasting.language.model import (
    CLOSE,
    NOTHING,
    TOO_LONG,
    UNFAMILIAR,
    UNTAUGHT,
    LanguageModel,
)
from forecasting.language.settings import LanguageSettings, Task
from forecasting.language.wording import Keywords, masked, words

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
MOOD = Task("mood", {"bad": ("awful", "broke*"), "good": ("great", "love*")})
WISH = Task("wish", {"no": (), "yes": ("a person",)})


def examples() -> pd.DataFrame:
    """Three hands say the same with other words around it."""
    things = ["the tea", "my order", "this shop", "the app", "your mug", "the parcel", "our visit", "the lid"]
    said = {"bad": ("was awful", "broke at once"), "good": ("was great", "is what I love")}
    rows: list[dict[str, Any]] = []
    for hand, opening in (("ann", "Well,"), ("bob", "So"), ("cy", "Honestly")):
        rows += [
            {"text": f"{opening} {thing} {phrase}.", "hand": hand, "mood": mood, "wish": "no"}
            for mood, phrases in said.items()
            for thing, phrase in product(things, phrases)
        ]
        rows += [
            {"text": f"{opening} let me talk to a person about {thing}.", "hand": hand, "mood": None, "wish": "yes"}
            for thing in things
        ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel([MOOD, WISH]).fit(examples())


def test_it_reads_what_it_has_learnt_from_other_words(model: LanguageModel) -> None:
    mood, wish = model.predict(
        ["Dear me, the cake was great", "the cake was awful", "can I talk to a person about it?"]
    )
    assert (mood.task, wish.task) == ("mood", "wish")
    assert mood.label[:2].tolist() == ["good", "bad"]
    assert wish.label.tolist() == ["no", "no", "yes"]
    assert ((mood.confidence[:2] >= MOOD.sure_from) & (mood.confidence[:2] < 1)).all()
    assert mood.because[:2].tolist() == ["", ""]


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", NOTHING),
        ("   \n\t", NOTHING),
        (None, NOTHING),
        (float("nan"), NOTHING),
        ("!!! ... ???", NOTHING),
        ("👍👍👍", NOTHING),
        ("great " * 200_000, TOO_LONG),
        ("Leider ist mein Paket bis heute nicht angekommen", UNFAMILIAR),
        ("Где мой заказ?", UNFAMILIAR),
        ("茶壶坏了", UNFAMILIAR),
    ],
)
def test_it_is_not_sure_of_what_it_cannot_read(model: LanguageModel, text: Any, because: str) -> None:
    for answers in model.predict([text]):
        assert answers.label.tolist() == [None]
        assert answers.because.tolist() == [because]
        assert np.isfinite(answers.confidence).all()


def test_a_text_just_short_enough_is_read() -> None:
    short = LanguageModel([MOOD], longest=30).fit(examples())
    (answers,) = short.predict(["the tea was great" + "." * 13, "the tea was great" + "." * 14])
    assert answers.because.tolist() == ["", TOO_LONG]


def test_an_answer_below_the_stated_confidence_is_left_open() -> None:
    strict = LanguageModel([Task("mood", MOOD.keywords, sure_from=0.99)]).fit(examples())
    (mood,) = strict.predict(["the tea was great"])
    assert (mood.label.tolist(), mood.because.tolist()) == ([None], [CLOSE])
    assert mood.best.tolist() == ["good"]


def test_nothing_is_read_of_no_texts(model: LanguageModel) -> None:
    assert [len(answers.label) for answers in model.predict([])] == [0, 0]


@pytest.mark.parametrize("kept", ["one class", "one example", "one hand", "none", "four of a label"])
def test_too_few_examples_teach_nothing_and_it_says_so(kept: str) -> None:
    given = examples()
    given = {
        "one class": given[given["mood"] != "bad"],
        "one example": given.head(1),
        "one hand": given[given["hand"] == "ann"],
        "none": given.head(0),
        "four of a label": pd.concat([given[given["mood"] == "good"], given[given["mood"] == "bad"].head(4)]),
    }[kept]
    (mood,) = LanguageModel([MOOD]).fit(given).predict(["the tea was great"])
    assert mood.label.tolist() == [None]
    assert mood.because[0] in {UNTAUGHT, UNFAMILIAR}
    assert mood.confidence.tolist() == [0.0]


def test_the_order_of_examples_and_copies_of_them_change_nothing(model: LanguageModel) -> None:
    mixed = pd.concat([examples()] * 2).sample(frac=1.0, random_state=3)
    again = LanguageModel([MOOD, WISH]).fit(mixed)
    texts = ["the cake was great", "it broke", "a person please"]
    for one, other in zip(model.predict(texts), again.predict(texts), strict=True):
        np.testing.assert_allclose(one.confidence, other.confidence, atol=1e-5)
        assert one.label.tolist() == other.label.tolist()


def test_a_model_comes_back_from_its_arrays(model: LanguageModel, tmp_path: Any) -> None:
    arrays: dict[str, Any] = dict(model.arrays())
    np.savez_compressed(tmp_path / "model.npz", **arrays)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = LanguageModel.from_arrays(dict(stored))
    assert again.tasks == model.tasks
    texts = ["the cake was great", "", "let me talk to a person", "x" * 30_000]
    for one, other in zip(model.predict(texts), again.predict(texts), strict=True):
        np.testing.assert_array_equal(one.confidence, other.confidence)
        assert one.label.tolist() == other.label.tolist()
        assert one.because.tolist() == other.because.tolist()


def test_labels_and_columns_that_are_not_there_are_refused() -> None:
    with pytest.raises(ForecastingError, match="`fine` is no label of mood"):
        LanguageModel([MOOD]).fit(examples().assign(mood="fine"))
    with pytest.raises(ForecastingError, match="no column mood"):
        LanguageModel([MOOD]).fit(examples().drop(columns="mood"))
    with pytest.raises(ForecastingError, match="1 labels"):
        Task("mood", {"good": ()})
    with pytest.raises(ForecastingError, match="sure_from"):
        Task("mood", {"good": (), "bad": ()}, sure_from=float("nan"))


def test_what_identifies_people_is_masked_and_leaves_no_trace_in_the_features() -> None:
    text = (
        "Dear Ms. Miller, this is Jane Q Doe. Write to jane.doe@example.com or call +49 (0)30 1234567, "
        "see https://example.com/u?id=7 and @jdoe, IBAN DE89 3704 0044 0532 0130 00, on 12.03.2026 I paid € 49.90."
    )
    said = masked(text)
    for secret in ("Miller", "Jane", "Doe", "example", "1234567", "jdoe", "3704", "2026", "49.90"):
        assert secret not in said
    assert not any(character.isdigit() for character in said)
    assert "I am ANGRY" in masked("I am ANGRY"), "only names are taken out"


def test_words_are_the_same_in_any_unicode_form() -> None:
    assert words(masked("café")) == words(masked("cafe\u0301"))
    assert words(masked("\uff27\uff52\uff45\uff41\uff54")) == ["great"]
    assert words(masked("It’s sooooo GOOD")) == ["its", "soo", "good"]


def test_quoted_lines_are_not_what_the_customer_says() -> None:
    assert words(masked("Thanks\n> we are sorry\n > very sorry")) == ["thanks"]


def test_keywords_are_words_beginnings_and_phrases_and_a_negation_turns_them() -> None:
    keywords = Keywords([("love*", "worth every"), ("broke", "data protect*")])
    assert keywords.counts(["i", "loved", "it"]) == [1, 0, 0, 0]
    assert keywords.counts(["worth", "every", "cent"]) == [1, 0, 0, 0]
    assert keywords.counts(["worth", "nothing"]) == [0, 0, 0, 0]
    assert keywords.counts(["it", "broke", "data", "protection"]) == [0, 2, 0, 0]
    assert keywords.counts(["do", "not", "love", "it"]) == [0, 0, 1, 0]
    assert keywords.counts(["not", "a", "b", "c", "love"]) == [1, 0, 0, 0], "too far away"


def test_the_keyword_rule_answers_where_one_label_leads() -> None:
    texts = ["great, I love it", "awful but great", "hello", "it broke"]
    assert by_keywords(texts, MOOD).tolist() == ["good", None, None, "bad"]
    assert by_keywords(["hello"], MOOD, default="good").tolist() == ["good"]


def test_confidence_falls_when_hands_differ() -> None:
    draws = np.random.default_rng(5)
    margin, known = draws.normal(2, 1, 400), draws.uniform(0.5, 1, 400)
    hands = np.repeat(np.array(list("abcdefgh"), dtype=object), 50)
    alike = (draws.random(400) < 0.85).astype(float)
    apart = (draws.random(400) < np.repeat([1.0, 0.6, 1.0, 0.7, 1.0, 0.8, 1.0, 0.7], 50)).astype(float)
    cautious = fit_confidence(margin, known, apart, hands)
    assert cautious.between_hands > fit_confidence(margin, known, alike, hands).between_hands
    assert cautious.of(np.array([2.0]), np.array([0.8]))[0] < 0.85


def test_a_perfect_record_is_no_certainty() -> None:
    hands = np.repeat(np.array(["a", "b"], dtype=object), 10)
    record = fit_confidence(np.full(20, 3.0), np.ones(20), np.ones(20), hands)
    assert 0.5 < record.of(np.array([3.0]), np.array([1.0]))[0] < 0.99


def messages(**columns: Any) -> pd.DataFrame:
    days = [3, 2, 1, -1]
    return pd.DataFrame(
        {
            "message_id": ["m1", "m2", "m3", "m4"],
            "customer_id": ["a", "a", "b", "b"],
            "direction": ["inbound", "outbound", "inbound", "inbound"],
            "occurred_at": pd.to_datetime([AS_OF - timedelta(days=day) for day in days], utc=True),
            "text": ["the cake was great", "was it awful?", "", "it broke"],
        }
        | columns
    )


def test_the_table_tells_labels_of_inbound_messages_before_as_of_and_no_text() -> None:
    settings = LanguageSettings((MOOD, WISH), examples())
    table = forecast_language({"messages": messages()}, settings, as_of=AS_OF)
    assert list(table.columns) == list(LANGUAGE_COLUMNS)
    assert sorted(set(table["message_id"])) == ["m1", "m3"]
    mood = table[table["task"] == "mood"].set_index("message_id")
    assert mood["label"].tolist() == ["good", NOT_SURE]
    assert mood["because"].tolist() == ["", NOTHING]
    assert not table.astype(str).apply(lambda column: column.str.contains("cake")).any().any()
    assert forecast_language({}, settings, as_of=AS_OF).empty


def test_reading_does_not_look_ahead() -> None:
    settings = LanguageSettings((MOOD,), examples())
    tables = {"messages": messages()}
    insist_on_no_leak(
        lambda known, at: forecast_language(known, settings, as_of=at), tables, AS_OF - timedelta(days=2.5)
    )
