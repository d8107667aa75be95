"""dedup.headlines: what an article is called in lists."""

from __future__ import annotations

from dedup import Document
from dedup.headlines import headlines

LEAD = "The harbour office of Port Alder closed its gates on Tuesday after a crane fell onto the pier."
APPEAL = "Support our independent journalism: subscribe today for one dollar a month."


def test_titles_are_kept_and_missing_ones_are_the_beginning_of_the_article():
    documents = [
        Document("a", LEAD, title="Crane falls onto pier"),
        Document("b", f"Share on Facebook\n\n{APPEAL}\n\n{LEAD}\n\nNobody was hurt."),
        Document("c", LEAD, title=" \n"),
        Document("d", "word " * 900),
        Document("e", " \n"),
        Document("f", f"Fullscreen\n\nPORT ALDER (AP) — {LEAD}\n\nNobody was hurt."),
        Document("g", "Ferry captain questioned\n\n" + LEAD),
    ]
    found = headlines(documents)
    assert found[0] == "Crane falls onto pier"
    assert found[1] == LEAD
    assert found[2] == LEAD
    assert found[3].endswith("word …")
    assert len(found[3]) <= 122
    assert found[4:] == ["e", LEAD, "Ferry captain questioned"]
    assert headlines([]) == []
