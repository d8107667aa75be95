"""Posts and transcripts: words that somebody said without a quotation mark. All texts are invented."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.quotations import mark_quotations
from dedup.tokens import QUOTED, tokenize

POST = "Great meeting at the harbour today, more to come! — Orla Venn (@orlavenn) March 10, 2026"
PROSE = " ".join(f"word{i}" for i in range(90)) + "."


def spoken(*texts: str) -> list[str]:
    """The quoted words of each text."""
    column = pa.array([POST, *texts, POST], pa.large_string()).slice(1, len(texts))  # as of a longer one
    tokens = tokenize(column)
    flags = mark_quotations(tokens, column)
    return [
        " ".join(
            texts[number].encode()[tokens.start[i] : tokens.end[i]].decode()
            for i in range(first, last)
            if flags[i] & QUOTED
        )
        for number, (first, last) in enumerate(zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True))
    ]


def test_a_block_that_a_signature_ends_is_a_post() -> None:
    assert spoken(f"{PROSE}\n\n{POST}\n\n{PROSE}")[0].endswith("Orla Venn orlavenn March 10 2026")
    assert spoken(f"{PROSE}\n\n{POST}\n\n{PROSE}")[0].startswith("Great meeting")


def test_a_page_run_together_is_no_post() -> None:
    found = spoken(f"{PROSE} {POST} {PROSE}")[0].split()
    assert {"Great", "harbour", "orlavenn", "2026"} <= set(found)
    assert len(found) <= 64 + 8 + 7
    assert " ".join(found).endswith("orlavenn March 10 2026 word0 word1 word2")  # six words may date it
    assert spoken(f"{PROSE} — Orla Venn (@orlavenn)\n\n{PROSE}")[0].split()[-1] == "orlavenn"
    assert spoken(f"{POST} {PROSE}")[0].endswith("orlavenn March 10 2026 word0 word1 word2")
    assert spoken(f"{POST} {PROSE}")[0].startswith("Great meeting")


def test_a_block_that_is_not_long_is_the_post_as_a_whole() -> None:
    block = " ".join(["word"] * 50) + f" {POST} as four words say"
    assert len(spoken(block)[0].split()) == 50 + 9 + 6 + 4


def test_many_posts_run_together_take_no_more_time_each() -> None:
    def seconds(posts: int) -> float:
        column = pa.array(["— Orla Venn (@orlavenn) March 10, 2026 " * posts])
        tokens = tokenize(column)
        begin = time.process_time()
        mark_quotations(tokens, column)
        return time.process_time() - begin

    assert seconds(16_000) < 8 * min(seconds(4_000) for _ in range(3)) + 0.2


def test_a_post_without_spaces_has_twice_as_many_characters() -> None:
    found = spoken("港" * 300 + " — 汐見 (@shiomi) 2026年3月10日 " + "雨" * 300)[0].split()
    assert 128 <= found.count("港") <= 2 * 64
    assert found.count("雨") < 6


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (" ".join(["—", *"abcdefgh", "(@orlavenn)"]), True),
        (" ".join(["—", *"abcdefghi", "(@orlavenn)"]), False),  # too many words for a name
        ("– Orla Venn (@orlavenn)", True),
        ("-- Orla Venn (@orlavenn)", True),
        ("- Orla Venn (@orlavenn)", True),
        ("Orla Venn (@orlavenn)", False),
        ("— at five (@ the pier)", False),  # no handle
        ("— at the pier (@", False),
    ],
)
def test_a_signature_has_a_name_and_a_handle(signature: str, said: bool) -> None:
    assert spoken("A text of its own.", signature)[0] == ""
    assert bool(spoken("A text of its own.", f"Great meeting. {signature}")[1]) == said


@pytest.mark.parametrize(
    ("heads", "transcript"),
    [
        (["ANNA VENN", "HOST"] * 3, True),
        (["A B C D E", "HOST"] * 3, True),
        (["A B C D E F", "HOST"] * 2, False),  # of six words it is no name
        (["HOST"] * 3, False),
        (["The EU", "The WHO"] * 3, False),
        (["NORTHPORT and the EU", "NORTHPORT and the WHO"] * 3, False),
        (["1 PM", "2 PM"] * 3, False),
        (["iOS", "macOS"] * 3, False),
        (["ANNA VENN", "HOST", "MODERATOR", "PAUL REED"], False),  # labels, each once
        (["READ MORE", "WATCH", "BREAKING", "PICTURED"], False),
        (["HOST", "ANNA VENN"], False),
    ],
)
def test_speakers_come_again(heads: list[str], transcript: bool) -> None:
    first, other = "\n\n".join(f"{head}: we shall see." for head in heads), "A plain line."
    found = spoken(other, first, first + f"\n\n{other}", other)
    assert [bool(words) for words in found] == [False, transcript, transcript, False]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "– I dag slutar ett gräl, säger regionrådet Anja Lomander. Den som väntar vet varför.",
            "Bron blir lång.",
        ),
        ("- I dag slutter et skænderi, siger formanden, Anja Lomholt.", "Broen bliver lang."),
        ("– I dag slutter en krangel, sier fylkesråd Anja Lomund.", "Brua blir lang."),
        ("– Tänään riita päättyy, sanoo Anja Lomala.", "Sillasta tulee pitkä."),
        ("— Сегодня спор заканчивается, — сказала министр Ломарева.", "Мост будет длинным."),
        ("- Dziś kończy się spór - powiedziała marszałek Lomarska.", "Most będzie długi."),
    ],
)
def test_a_dash_opens_what_somebody_says(said: str, told: str) -> None:
    bare = said.replace("– ", "").replace("— ", "").replace("- ", "")
    reply = said[:2] + "42 57."  # nobody is named again
    listed = said[:2] + told
    words, none, answer, items = spoken(
        f"{told}\n\n{said}\n\n{told}",
        bare,
        f"{said}\n{reply}\n{told}",
        f"{said}\n{listed}\n{listed}\n{listed}",
    )
    assert words
    assert told.split()[0] not in words
    assert not none
    assert answer.endswith("42 57")
    assert not items


@pytest.mark.parametrize(
    ("dash", "speech"), [("- ", True), ("– ", True), ("―", True), ("-", False), ("• ", False), ("‐ ", False)]
)
def test_what_is_a_dash(dash: str, speech: bool) -> None:
    assert spoken(f"{dash}Vi väntade, säger Anna Berg.") == ["Vi väntade säger Anna Berg" * speech]


def test_a_speaker_may_have_the_last_word() -> None:
    assert spoken("\n\n".join(["HOST: YES", "ANNA: NO"] * 2)) == ["HOST YES ANNA NO HOST YES ANNA NO"]


def test_some_labels_in_a_long_text_make_no_transcript() -> None:
    turns = "\n\n".join(["HOST: we shall see."] * 4)
    assert [bool(spoken(f"{turns}\n\n" + "A plain line.\n\n" * plain)[0]) for plain in (22, 23)] == [
        True,
        False,
    ]


def test_a_list_behind_dashes_is_no_speech() -> None:
    assert spoken(
        "- The ferry is late, said the mayor.\n- The bridge is open, he says.\n— The town — small."
    ) == [""]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("'We waited for years,' he said. 'It's late.' Then he left.", "We waited for years It's late"),
        (
            "Hij zei: 'Wie 's ochtends wacht, weet dat', en ging. 's Avonds is het stil in de foto's'.",
            "Wie s ochtends wacht weet dat",
        ),
        ("L'assessora: 'Abbiamo aspettato l'opera', poi dell'altro.", "Abbiamo aspettato l'opera"),
        ("Hij zei: 'Wie wacht'… en 'weet dat'.", "Wie wacht weet dat"),
        ("그는 '오래 기다렸다'하고 말했다. '늦었다'고 했다.", "오 래 기 다 렸 다 늦 었 다"),
        ("The ★'star' of the boys' club", ""),
        (
            "국장은 '오래 기다렸다'며 ‘이제는 늦었다’고 말했다. 그리고 나갔다.",
            "오 래 기 다 렸 다 이 제 는 늦 었 다",
        ),
        ("उन्होंने कहा, 'हमने इंतजार किया' और चले गए", "हमने इंतजार किया"),
        ("The workers' rights of the '90s and the boys' club", ""),
        ("The workers ' rights and the boys' club", ""),
        ("She said: 'We waited and 'nobody came.", ""),
        ("'We ''never'' waited,' she said.", "We never waited"),
        ("rock'n'roll, o'clock, 6' tall, 't is gedaan", ""),
        ("'An unpaired one\n\nends with its block,' no more", ""),
    ],
)
def test_one_sign_is_both_single_marks(text: str, said: str) -> None:
    assert spoken(text) == [said]


@pytest.mark.parametrize("letter", "stnkmrSTNKMR")
def test_a_letter_by_itself_is_what_is_left_of_a_word(letter: str) -> None:
    assert spoken(f"Hij zag '{letter} bij de foto's', zei ze.") == [""]


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u200a", "\u202f", "&nbsp;"])
@pytest.mark.parametrize(
    "text",
    [
        "He said: 'We waited for years,' and 'It is late.' Then he left.",
        "Er sagte: ‚Wir haben lange gewartet‘ und ging.",
        "국장은 ‘오래 기다렸다’며 나갔다.",
        "- Vi väntade, säger Anna Berg.",
    ],
)
def test_a_space_that_does_not_break_is_a_space(text: str, space: str) -> None:
    said = spoken(text)[0].split()
    assert said
    assert spoken(text.replace(" ", space))[0].split() == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "She said: 'We waited.\n\n'Nobody's come.\n\n'It's late now.'\n\nThen she left.",
            "We waited Nobody's come It's late now",
        ),
        (
            "She said: ‘We’ve waited.\n\n‘Nobody came.’ Then she left.",
            "We’ve waited Nobody came",
        ),
        ("She said: ‘We waited.\n\n‘오래 기다렸다’며 나갔다.", "We waited 오 래 기 다 렸 다"),
        ("The boys' club closed.\n\n'Nobody came,' she said.", "Nobody came"),
        ("She said: 'We waited.\n\nNobody came.\n\n'It is late.'", "It is late"),
        ("She said: 'We waited.' She left.\n\n'Nobody came.'", "We waited Nobody came"),
        ("She said: ‘We waited.’ She left.\n\n‘Nobody came.’", "We waited Nobody came"),
        ("국장은 ‘오래 기다렸다’며 나갔다.\n\n‘늦었다.’", "오 래 기 다 렸 다 늦 었 다"),
        ("The ’90s were better.\n\n‘Nobody came,’ she said.", "Nobody came"),
        ("Rock‘n’roll was better.\n\n‘Nobody came,’ she said.", "Nobody came"),
    ],
)
def test_a_single_mark_is_carried_on_by_the_one_that_opens_the_next_block(text: str, said: str) -> None:
    assert spoken(text) == [said]
    assert spoken(text, "'A text of its own.'") == [said, "A text of its own"]
    assert spoken("It ends: 'in the open.", text) == ["", said]
    assert spoken("It ends: 'in the open.", "'A text of its own.'") == ["", "A text of its own"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is a hoax.\n\nThe page reads:\n\nThe pier will close.\n\nIt will not.", "The pier will close"),
        ("In Brief erklärt das Amt:\nDie Brücke bleibt zu.\nMehr nicht.", "Die Brücke bleibt zu"),
        ("В заявлении говорится:\n\nМост закрыт.\n\nИ всё.", "Мост закрыт"),
        ("声明全文如下：\n大桥星期二关闭。\n没有更多消息。", "大 桥 星 期 二 关 闭"),
        ("声明全文如下，\n大桥星期二关闭。\n没有更多消息。", ""),
        ("The Latest, all times local:\n\n7:10 a.m.\n\nThe pier is closed.", ""),
        ("What was found:\n\n- a rope\n\n- a boot", ""),
        ("NEW HALLOW:\n\nThe pier is closed.", ""),
        ("Hallow:\n\nThe pier is closed.", ""),
        ("The pier is closed, the page reads:", ""),
    ],
)
def test_a_colon_announces_an_excerpt(text: str, said: str) -> None:
    assert spoken(text, "A text of its own.") == [said, ""]


def test_a_line_that_was_stripped_announces_nothing() -> None:
    column = pa.array(["Share this:\n\nThe pier will close.", "The page reads:\n\nIt will not."])
    tokens = tokenize(column)
    body = np.ones(len(tokens.hash), bool)
    body[1] = False
    flags = mark_quotations(tokens, column, None, body)
    assert (flags & QUOTED != 0).tolist() == [False] * 9 + [True] * 3


def test_what_an_agency_is_said_to_report_is_no_quotation() -> None:
    column = pa.array(["She writes:\n\nIt will not.", "Newswire reports:\n\nThe pier will close."])
    tokens = tokenize(column)
    flags = mark_quotations(tokens, column, np.array([5]))
    assert (flags & QUOTED != 0).tolist() == [False] * 2 + [True] * 3 + [False] * 6


words = st.lists(st.text("abcdeéł", min_size=2, max_size=6), min_size=1, max_size=4).map(" ".join)


@given(st.lists(st.tuples(words, words), max_size=4), words)
def test_typewritten_marks_are_what_typeset_ones_are(parts: list[tuple[str, str]], last: str) -> None:
    typeset = " ".join(f"{told}: ‘{said}’," for told, said in parts) + f" {last}"
    typed = typeset.replace("‘", "'").replace("’", "'")
    assert spoken(typed) == spoken(typeset) == [" ".join(said for _, said in parts)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Sie sagte: ‚Wir haben lange gewartet.‘ Dann ging sie.", "Wir haben lange gewartet"),
        ("Sie sagte: ‚Wir haben lange gewartet.’ Dann ging sie.", "Wir haben lange gewartet"),
        ("Sie sagte: ›Wie geht’s, alter Freund?‹ Dann ging sie.", "Wie geht’s alter Freund"),
        ("Il a dit : ‹Nous avons attendu›, puis il est parti.", "Nous avons attendu"),
        ("Der ‚Kurier‘, der ›Neue Bote‹ und die ‹Gazette›", ""),
        (
            "›Wir haben gewartet‹, sagte die alte Frau, ›und niemand kam‹.",
            "Wir haben gewartet und niemand kam",
        ),
        ("Es kostet ‚ein oder zwei Euro, sagt ‘Anna hier", ""),
        ("Das Menü Datei›Neu aus einer Vorlage‹ fehlt", ""),
        ("Erst sind wir ☺ und dann sind wir traurig☹", ""),
        ("״ראינו את צה״ל שם״, אמרה.", "ראינו את צה״ל שם"),
        ("Он дал городу лёд", ""),  # a letter that ends with the same byte
        ("״חיכינו. זה מאוחר.״, אמרה. צה״ל הודיע, ואז ב״קול הנמל״ כתבו", "חיכינו זה מאוחר"),
        ("اس نے کہا ’’ہم نے انتظار کیا‘‘ اور چلا گیا۔ ’اب دیر ہے۔‘", "ہم نے انتظار کیا اب دیر ہے"),
        ('他说＂等了太久＂和"走"。', "等 了 太 久 走"),
        ("rock ’n’ roll of the ’90s, “‘We waited”", "We waited"),
        ("‚Eine ohne ihre zweite\n\nendet mit dem Block‘, mehr nicht", ""),
    ],
)
def test_rare_marks(text: str, said: str) -> None:
    assert spoken(text) == [said]


longer = st.lists(st.text("abcdeéł", min_size=2, max_size=6), min_size=3, max_size=6).map(" ".join)
hebrew = st.lists(st.text("אבגדה", min_size=2, max_size=6), min_size=1, max_size=6).map(" ".join)
urdu = st.lists(st.text("ابپتٹ", min_size=2, max_size=6), min_size=1, max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("marks", "language"),
    [("‚‘", longer), ("‚’", longer), ("›‹", longer), ("‹›", longer), ("״״", hebrew), ("’‘", urdu)],
)
@given(st.data())
def test_rare_marks_are_what_usual_ones_are(
    marks: str, language: st.SearchStrategy[str], data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.tuples(language, language), max_size=4))
    usual, rare = (
        " ".join(f"{told}: {opens}{said}{closes}," for told, said in parts) + " end"
        for opens, closes in ("“”", marks)
    )
    assert spoken(rare) == spoken(usual) == [" ".join(said for _, said in parts)]


pieces = st.sampled_from(
    [
        "'",
        "‘",
        "’",
        "‚",
        "‹",
        "›",
        "״",
        '"',
        "“",
        "”",
        "—",
        "- ",
        ": ",
        ":",
        ".",
        " ",
        "\n\n",
        "(@a)",
        "A:",
        "ab",
        "국",
        "며",
        "ע",
        "س",
    ]
)
odd_texts = st.lists(pieces, max_size=24).map("".join)


@given(st.lists(odd_texts, min_size=1, max_size=4))
def test_what_is_said_does_not_hang_on_the_texts_beside(texts: list[str]) -> None:
    assert spoken(*texts) == [spoken(text)[0] for text in texts]
