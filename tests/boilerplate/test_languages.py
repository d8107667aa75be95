"""One article in each of thirty-six languages, with furniture around, between and inside its paragraphs."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.boilerplate import strip, strip_boilerplate
from dedup.tokens import tokenize

ROWS = [
    row.split("\t") for row in Path(__file__).with_name("articles.tsv").read_text("utf-8").splitlines()[2:]
]
LANGUAGES = list(dict.fromkeys(language for language, *_ in ROWS))
UNSPACED = {"ja", "zh"}


def lines(language: str, place: str) -> list[str]:
    return [line for name, where, line in ROWS if (name, where) == (language, place)]


def article(language: str) -> list[tuple[str, bool]]:
    """Its lines in order, and whether they are the article's."""
    body = [(line, True) for line in lines(language, "body")]
    middle = [(line, False) for line in lines(language, "mid")]
    top, bottom = ([(line, False) for line in lines(language, place)] for place in ("top", "bot"))
    return [*top, *body[:2], middle[0], body[2], middle[1], body[3], middle[2], *body[4:], *bottom]


@pytest.mark.parametrize("language", LANGUAGES)
def test_paragraphs_stay_and_furniture_goes(language: str) -> None:
    clean = strip_boilerplate("\n\n".join(line for line, _ in article(language)))
    left = clean.text.split("\n\n")
    assert [line for line, ours in article(language) if ours and line not in left] == []
    assert len([line for line, ours in article(language) if not ours and line in left]) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_datelines_and_closing_credits_go(language: str) -> None:
    body = lines(language, "body")
    (dateline,), (credit,) = lines(language, "dateline"), lines(language, "credit")
    opened = dateline + ("" if dateline.endswith("】") else " ") + body[0]
    closed = body[-1] + ("" if language in UNSPACED else " ") + credit
    text = "\n\n".join([opened, *body[1:-1], closed])
    assert strip_boilerplate(text).text == "\n\n".join(body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_of_a_bare_article_is_lost(language: str) -> None:
    body = lines(language, "body")
    for join in ("\n\n", "\n", "" if language in UNSPACED else " "):
        assert strip_boilerplate(join.join(body)).text == join.join(body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_closing_credit_takes_no_sentence_along(language: str) -> None:
    body, (credit,) = lines(language, "body"), lines(language, "credit")
    space = "" if language in UNSPACED else " "
    last = space.join(body[-2:])
    text = "\n\n".join([*body[:-2], last + space + credit])
    assert strip_boilerplate(text).text == "\n\n".join([*body[:-2], last])


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("de", "Hier klicken, um den Inhalt von Facebook anzuzeigen."),
        ("de", "Sie wollen mehr wissen? Dann bestellen Sie hier unseren täglichen Überblick."),
        ("de", "+++ Alle Entwicklungen im Newsblog +++"),
        ("fr", "Réagir à cet article"),
        ("fr", "Offrir l'article"),
        ("it", "Tutti gli approfondimenti"),
        ("pl", "CZYTAJ RÓWNIEŻ: Jak morze zabrało molo"),
        ("pl", "Artykuł premium"),
        ("pl", "Data utworzenia: 3 marca 2026, 14:05"),
        ("pl", "Jeśli podobał Ci się ten artykuł, udostępnij go znajomym"),
        ("ru", "Добавьте «Вестник» в избранные источники"),
        ("ja", "ここから先は有料会員の方のみご覧いただけます。"),
        ("ja", "この記事を保存 あとで読む"),
        ("ja", "お使いのブラウザではこの動画を再生できません。"),
        ("ja", "コメントの投稿にはログインが必要です"),
        ("zh", "订阅后可解锁全文,已是会员请登录"),
        ("zh", "網友評論僅代表個人意見,不代表本報立場"),
        ("zh", "請關閉廣告封鎖程式,將本站加入白名單"),
        ("zh", "正文字号:大 中 小 听文章 全文约1200字,预计阅读时间4分钟"),
        ("ko", "네이버에서 구독하기"),
        ("ko", "욕설이나 비방이 담긴 댓글은 삭제될 수 있습니다"),
        ("tr", "Bu habere tepkiniz ne? Beğendim 3 Kızgın 1"),
        ("tr", "Köşe yazılarındaki görüşler yazarlarına aittir."),
        ("ar", "الكلمات المفتاحية: سد، فيضان"),
        ("ar", "لا تنس مشاركة الخبر"),
        ("ar", "حجم الخط"),
        ("zh", "打开APP阅读全文"),
        ("zh", "点击下载新闻客户端"),
        ("da", "/ritzau/"),
        ("de", "Von unserem Korrespondenten Peter Marlow, Nordermarsch"),
        ("de", "03.03.2026 14:05"),
        ("en", "2026-03-03 14:05"),
        ("en", "3/3/2026"),
        ("es", "La alcaldesa Lena Ostrow, el lunes en el pleno. ANA RUIZ"),
        ("es", "El puerto de Almiruela, tras el temporal. / PEDRO MARLO"),
        ("sv", "Vill du läsa hela artikeln? Prova en månad gratis."),
        ("sv", "Stämmer något inte? Rapportera till redaktionen"),
        ("da", "Giv artiklen i gave til en ven"),
        ("da", "Resuméet er lavet af AI og godkendt af en redaktør."),
        ("no", "Denne saken kan du dele gratis med en venn"),
        ("no", "Dette er et leserinnlegg. Meninger i teksten står for skribentens regning."),
        ("fi", "Jaa lukuoikeus kaverille"),
        ("fi", "Huomasitko virheen? Ilmoita siitä toimitukselle."),
        ("nl", "Meldingen aanzetten voor deze wijk"),
        ("nl", "Dit artikel is meer dan vier jaar oud"),
        *((language, line) for language, place, line in ROWS if place == "line"),
    ],
)
def test_a_line_of_furniture_goes_between_paragraphs_too(language: str, line: str) -> None:
    body = lines(language, "body")
    assert strip_boilerplate("\n\n".join([*body[:3], line, *body[3:]])).text == "\n\n".join(body)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("de", "Er sei überrascht, sagte der Bürgermeister der dpa. Das Foto habe er nicht gesehen."),
        ("de", "Weitere Informationen will die Polizei am Dienstag veröffentlichen."),
        ("es", "Más información se dará a conocer el martes, dijo la policía."),
        ("pl", "Reklama piwa będzie zakazana od maja, zdecydował sejm."),
        ("ru", "Реклама пива будет запрещена с мая, решила дума."),
        ("ar", "صور الأقمار الصناعية أظهرت ثلاث سفن قرب الميناء."),
        ("ko", "등록 차량은 지난해보다 12% 늘었다."),
        ("ko", "수정 예산안은 화요일 표결에 부쳐진다."),
        ("tr", "Kaynak sıkıntısı çeken belediye, projeyi iki yıl erteledi."),
        ("hi", "संबंधित विभाग ने अभी कोई जवाब नहीं दिया है।"),
        ("zh", "下载量增长了三成。"),
        ("zh", "地铁开通后，沿线房价上涨了一成。"),
        ("zh", "自媒体账号编造的谣言被转发了两万次。"),
        ("zh", "一审：法院判处张某有期徒刑三年。"),
        ("zh", "出品：该公司去年推出三款新车。"),
        ("zh", "新华社记者在现场看到，救援仍在进行。"),
        ("ja", "判決文を読み上げる裁判長の声が法廷に響いた。"),
        ("ja", "会員登録した客の個人情報が流出した可能性があるという。"),
        ("ja", "男は偽の公式アカウントをフォローして、だまされたという。"),
        ("ko", "동영상 재생 시간은 평균 3분이었다."),
        ("tr", "Hakaret ve küfür içeren mesajlar nedeniyle dava açıldı."),
        ("da", "Det siger hun til Ritzau."),
        ("ru", "Фото со спутника показали три корабля у порта."),
        ("de", "Von den 51 Abgeordneten stimmten 21 dagegen."),
        ("it", "Di questi, 21 hanno votato contro."),
        ("es", "Por 34 votos contra 21, el pleno aprobó el dique."),
        ("es", "El acuerdo lo firmaron el lunes en Almiruela la ONU y la OTAN"),
        ("sv", "Endast nödvändiga resor bör göras i helgen, säger kommunen."),
        ("sv", "I en tidigare version av lagförslaget fanns ingen åldersgräns."),
        ("da", "Ved at oprette en fond vil kommunen sikre teatret."),
        ("da", "Dommen blev læst op af retsformanden klokken ni."),
        ("no", "Tidligere sto det en kirke her."),
        ("no", "For abonnenter i byen betyr det dyrere strøm."),
        ("fi", "Suosituimmat etunimet olivat Aino ja Leo."),
        ("fi", "Suomi ei liity jäseneksi tänä vuonna, hän sanoo."),
        ("nl", "Vacatures in de zorg blijven maanden open."),
        ("nl", "In een eerdere versie van de wet stond geen leeftijdsgrens."),
        *((language, line) for language, place, line in ROWS if place == "like"),
    ],
)
def test_a_sentence_with_a_word_of_furniture_stays(language: str, line: str) -> None:
    body = lines(language, "body")
    for place in (0, 1, 3, len(body)):
        text = "\n\n".join([*body[:place], line, *body[place:]])
        assert strip_boilerplate(text).text == text


@pytest.mark.parametrize("language", [language for language in LANGUAGES if lines(language, "about")])
def test_an_article_about_furniture_stays(language: str) -> None:
    about = lines(language, "about")
    for join in ("\n\n", "\n", " "):
        assert strip_boilerplate(join.join(about)).text == join.join(about)


@pytest.mark.parametrize(
    ("dateline", "agency"),
    [
        ("新华社白川3月3日电（记者安立民）", "Xinhua"),
        ("中新社白川3月3日电 (记者 安立民 江安蓝)", "China News Service"),
        ("（中央社記者安立民白川3日電）", "CNA"),
        ("（法新社白川3日电）", "AFP"),
    ],
)
def test_a_chinese_dateline_goes_with_its_reporter(dateline: str, agency: str) -> None:
    body = "\n\n".join(lines("zh", "body"))
    clean = strip_boilerplate(dateline + body)
    assert clean.text == body
    assert [(a.name, a.role) for a in clean.agencies] == [(agency, "dateline")]


def test_a_dateline_may_be_all_there_is() -> None:
    dateline, body = "新华社白川3月3日电（记者安立民）", "\n\n".join(lines("zh", "body"))
    for text, left in ((dateline, ""), (f"{dateline}\n\n{body}", body), (f"{body}\n\n{dateline}", body)):
        clean = strip_boilerplate(text)
        assert clean.text == left
        assert [text[span.start : span.end] for span in clean.removed] == [dateline]


@pytest.mark.parametrize("language", sorted(UNSPACED))
def test_lines_without_spaces_are_units_whatever_parts_them(language: str) -> None:
    appeal = {"ja": "この記事は有料会員限定です", "zh": "订阅后可阅读全文"}[language]
    body = lines(language, "body")
    assert strip_boilerplate("\n".join([*body[:2], appeal, *body[2:]])).text == "\n".join(body)


def test_a_talk_without_spaces_stays() -> None:
    talk = [
        "江左周刊：发现那天您在哪里？",
        "岑静文：在食堂。工地打电话来，说挖到一排很整齐的烂木头。我放下筷子就走了。",
        "江左周刊：您怎样判断它不是被弃置的旧船？",
        "岑静文：货还在。没有人会把捆好的碗丢下。一次突然的风暴潮把船推进了海塘内侧，随后被淤泥封存，这也是它能留下来的原因。",
        "江左周刊：八年的脱盐，会不会太久？",
        "岑静文：它等了七百多年，不差这八年。我更担心的是海塘本身，大家都看船，没人看塘。",
    ]
    assert strip_boilerplate("\n".join(["采访 | 顾南亭", *talk])).text == "\n".join(talk)


@pytest.mark.parametrize("dateline", ["(구항=연합뉴스) 안지원 기자 = ", "[구항=뉴시스]안지원 기자 = "])
def test_a_korean_dateline_goes_with_its_reporter(dateline: str) -> None:
    body = (
        "도의회가 12일 구항 인근에 새 다리를 놓는 안건을 통과시켰다. 의원 34명이 찬성하고 21명이 반대했다.\n\n"
        "다리 길이는 2.4㎞이며 사업비는 약 690억원으로 추산된다.\n\n그때까지는 여객선이 유일한 수단이다."
    )
    assert strip_boilerplate(dateline + body).text == body


@pytest.mark.parametrize(
    ("language", "dateline", "agency"),
    [
        ("de", "Nordermarsch (epd). ", "epd"),
        ("de", "Nordermarsch. (kna) ", "KNA"),
        ("de", "Nordermarsch (KNA) ", "KNA"),
        ("de", "Bad Nordermarsch (sda) ", "Keystone-SDA"),
        ("de", "Nordermarsch (sda/afp) ", "Keystone-SDA"),
        ("fr", "Valmarin (ats) ", "Keystone-SDA"),
        ("de", "Nordermarsch/Kall. (dpa/lno) ", "dpa"),
        ("de", "Nordermarsch (ots) - ", "news aktuell"),
        ("de", "Nordermarsch (dts Nachrichtenagentur) - ", "dts"),
        ("es", "ALMIRUELA, 3 (EUROPA PRESS) ", "Europa Press"),
        ("es", "Almiruela, 3 mar (Prensa Latina) ", "Prensa Latina"),
        ("it", "(AGI) - Portovalle, 3 mar. - ", "AGI"),
        ("it", "AGI - ", "AGI"),
        ("ru", "БЕЛОГОРСК, 3 мар - РИА Новости. ", "RIA Novosti"),
        ("ru", "Белогорск. 3 марта. ИНТЕРФАКС.RU - ", "Interfax"),
        ("zh", "路透3月3日 - ", "Reuters"),
        ("hi", "उत्तरघाट, 3 मार्च (भाषा) ", "PTI"),
        ("hi", "उत्तरघाट, 3 मार्च (आईएएनएस)। ", "IANS"),
    ],
)
def test_datelines_of_many_customs(language: str, dateline: str, agency: str) -> None:
    body = "\n\n".join(lines(language, "body"))
    clean = strip_boilerplate(dateline + body)
    assert clean.text == body
    assert [(a.name, a.role) for a in clean.agencies] == [(agency, "dateline")]


@pytest.mark.parametrize(
    "opening",
    [
        "The mayor told Reuters - and later the council - that the wall would be built within two years.",
        "About 40 reporters (AFP, Reuters) waited in the rain for the vote, which came after seven hours.",
        "Reuters-Fotograf Jon Hale hat am Montag mit zwei Kollegen die Flut fotografiert und dann berichtet.",
        "भाषा का सवाल परिषद में सात घंटे चली बहस के बाद भी अनसुलझा रहा और बैठक सोमवार तक टल गई।",
    ],
)
def test_an_agency_a_sentence_speaks_of_stays(opening: str) -> None:
    clean = strip_boilerplate(opening + "\n\n" + "\n\n".join(lines("en", "body")))
    assert clean.text.startswith(opening)
    assert {agency.role for agency in clean.agencies} <= {"mention"}


pages = st.lists(
    st.sampled_from([line for _, _, line in ROWS] + ["TOP", "Most read", "新华社白川3月3日电（记者安立民）"]),
    max_size=12,
)


def taken(documents: list[str]) -> list[list[tuple[int, ...]]]:
    """What went of each of them, and its agencies."""
    batch = pa.record_batch({"text": pa.array(documents, pa.large_string())})
    found = strip(tokenize(batch.column("text")), batch)
    rows: list[list[tuple[int, ...]]] = [[] for _ in documents]
    for offsets, columns in (
        (found.removed_offsets, (found.removed_start, found.removed_end, found.removed_kind)),
        (found.agency_offsets, (found.agency_start, found.agency_end, found.agency_name, found.agency_role)),
    ):
        values = list(zip(*(column.tolist() for column in columns), strict=True))
        for row, first, last in zip(rows, offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            row.extend(values[first:last])
    return rows


@given(st.lists(st.just("") | pages.map("\n\n".join), max_size=6))
@settings(max_examples=150, deadline=None)
def test_what_goes_of_a_document_is_no_matter_of_those_beside_it(documents: list[str]) -> None:
    """Empty ones among them, at either end, too."""
    assert taken(documents) == [taken([text])[0] for text in documents]
