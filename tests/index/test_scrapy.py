"""The item pipeline, in a real crawl of pages that a server of this test serves."""

import asyncio
import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dedup.errors import UsageError
from dedup.index import Index

from .news import article, version

pytest.importorskip("scrapy")

SPIDER = """
import sys
import scrapy
from scrapy.crawler import CrawlerProcess

port, index, out, drop = sys.argv[1:]

class News(scrapy.Spider):
    name = "news"
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"http://127.0.0.1:{port}/{n}.txt" for n in range(4)]
    def parse(self, response):
        yield {"url": response.url, "body": response.text}

process = CrawlerProcess({
    "ITEM_PIPELINES": {"dedup.integrations.scrapy.DedupPipeline": 300},
    "DEDUP_INDEX": index, "DEDUP_FIELDS": {"text": "body"}, "DEDUP_DROP": drop, "CONCURRENT_REQUESTS": 1,
    "FEEDS": {out: {"format": "jsonlines"}}, "LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False,
})
process.crawl(News)
process.start()
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.parametrize("drop", ["exact"])
def test_a_crawl(tmp_path: Path, drop: str):
    pages = tmp_path / "pages"
    pages.mkdir()
    for n, kind in enumerate((0, 1, 0, 5)):
        (pages / f"{n}.txt").write_text(article("x", version(1, kind)).text)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = tmp_path / "items.jsonl"
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                SPIDER,
                str(server.server_port),
                str(tmp_path / "news.db"),
                str(out),
                drop,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=Path(__file__).parents[2],
        )
    finally:
        server.shutdown()
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Dropped" not in done.stderr
    items = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(items) == (3 if drop else 4)
    assert {item["dedup"]["relation"] for item in items} == (
        {"none", "version"} if drop else {"none", "version", "exact"}
    )
    with Index.open(tmp_path / "news.db") as index:
        assert index.stats()["documents"] == 4
        assert [len(family) for family in index.families()] == [3]


def pipeline(**settings):
    from scrapy.utils.test import get_crawler

    from dedup.integrations.scrapy import DedupPipeline

    return DedupPipeline.from_crawler(get_crawler(settings_dict=settings))


def test_an_item_without_room_for_the_match(tmp_path: Path):
    import scrapy

    class Bare(scrapy.Item):
        id = scrapy.Field()
        text = scrapy.Field()

    adding = pipeline(DEDUP_INDEX=str(tmp_path / "news.db"))
    asyncio.run(adding.open_spider())
    with pytest.raises(UsageError, match="Bare has no field dedup"):
        asyncio.run(adding.process_item(Bare(id="a", text="A heron.")))
    asyncio.run(adding.close_spider())
    with Index.open(tmp_path / "news.db") as index:
        assert index.document("a") is None


def test_an_item_whose_date_cannot_be_read(tmp_path: Path):
    adding = pipeline(DEDUP_INDEX=str(tmp_path / "news.db"))
    asyncio.run(adding.open_spider())
    item = asyncio.run(adding.process_item({"id": "a", "text": "A heron.", "published": "yesterday"}))
    asyncio.run(adding.close_spider())
    assert item["dedup"]["stored"]
    assert adding._crawler.stats.get_value("dedup/undated") == 1


def test_items_are_added_in_the_order_in_which_they_come(tmp_path: Path, monkeypatch):
    adding = pipeline(DEDUP_INDEX=str(tmp_path / "news.db"))
    asyncio.run(adding.open_spider())
    add, overtaken = adding._index.index.add, threading.Event()
    add({"id": "b", "text": "The first one takes longer."})

    def slow_at_first(document, **named):
        if document.url.endswith("/0"):
            overtaken.wait(0.5)  # so that a second one beside it would come first
        match = add(document, **named)
        overtaken.set()
        return match

    async def crawl():
        texts = ["A heron stood on the roof.", "Two herons stood on the roof."]
        items = [{"id": "a", "text": t, "url": f"https://news.example/{n}"} for n, t in enumerate(texts)]
        await asyncio.gather(*map(adding.process_item, items))

    monkeypatch.setattr(adding._index.index, "add", slow_at_first)
    asyncio.run(crawl())
    asyncio.run(adding.close_spider())
    with Index.open(tmp_path / "news.db") as index:
        assert index.document("a").url == "https://news.example/1"  # the later text stays


def test_a_field_that_is_none_of_ours():
    from scrapy.exceptions import NotConfigured

    with pytest.raises(NotConfigured, match="DEDUP_FIELDS: unknown field 'body'"):
        pipeline(DEDUP_INDEX="news.db", DEDUP_FIELDS={"body": "text"})
