"""A Scrapy item pipeline: each article goes into the index, its item comes out with where it belongs.

    ITEM_PIPELINES = {"dedup.integrations.scrapy.DedupPipeline": 300}
    DEDUP_INDEX = "news.db"               # or postgresql://…
    DEDUP_FIELDS = {"text": "body"}       # our field: the item's
    DEDUP_DROP = ["exact", "near"]        # relations whose items are dropped; none by default
    DEDUP_STORE_TEXT = False

The item's field ``dedup`` (``DEDUP_RESULT``), which items that aren't dicts must declare, is a dict of the
match; the id is the item's ``id``, else its ``url``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem, NotConfigured

from dedup.asyncindex import AsyncIndex
from dedup.errors import InputError, UsageError
from dedup.ingestion.intake import usable
from dedup.io.rows import source_fields
from dedup.model import RelationKind

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["DedupPipeline"]


class DedupPipeline:
    """Adds items to an index, in the order in which they come. The crawler goes on while the index works."""

    def __init__(
        self,
        crawler: Crawler,
        url: str,
        fields: dict[str, str],
        drop: set[RelationKind],
        result: str,
        *,
        store_text: bool,
    ) -> None:
        self._crawler = crawler
        self._url, self._fields, self._drop = url, fields, drop
        self._result, self._store_text = result, store_text
        self._index: AsyncIndex | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make it of the settings."""
        settings = crawler.settings
        url = settings.get("DEDUP_INDEX")
        if not url:
            raise NotConfigured("DEDUP_INDEX names no index")
        try:
            drop = {RelationKind(name) for name in settings.getlist("DEDUP_DROP")}
        except ValueError as error:
            known = ", ".join(kind.value for kind in RelationKind)
            raise NotConfigured(f"DEDUP_DROP: {error}; known: {known}") from error
        try:
            fields = source_fields(settings.getdict("DEDUP_FIELDS"))
        except UsageError as error:
            raise NotConfigured(f"DEDUP_FIELDS: {error}") from error
        return cls(
            crawler,
            url,
            fields,
            drop,
            settings.get("DEDUP_RESULT", "dedup"),
            store_text=settings.getbool("DEDUP_STORE_TEXT"),
        )

    async def open_spider(self) -> None:
        """Open the index."""
        self._index = await AsyncIndex.open(self._url, store_text=self._store_text or None)

    async def close_spider(self) -> None:
        """Close the index."""
        if self._index is not None:
            await self._index.close()

    async def process_item(self, item: Any) -> Any:
        """Add one item.

        Raises:
            DropItem: It cannot be used, or is related to another in a way that ``DEDUP_DROP`` lists.
            UsageError: It has no room for the match; nothing is stored.
        """
        assert self._index is not None
        names = ItemAdapter.get_field_names_from_class(type(item))
        if names is not None and self._result not in names:
            raise UsageError(f"{type(item).__name__} has no field {self._result}; declare it (DEDUP_RESULT)")
        adapter = ItemAdapter(item)
        record = {name: adapter.get(theirs) for name, theirs in self._fields.items()}
        record["id"] = record["id"] or record["url"]
        undated: list[str] = []
        try:
            match = await self._index.add(usable(record, warn=undated.append))
        except InputError as error:
            raise DropItem(f"dedup: {error.reason}") from error
        stats = self._crawler.stats
        if stats is not None:
            stats.inc_value(f"dedup/{match.relation.value}")
            if undated:
                stats.inc_value("dedup/undated")
        if match.relation in self._drop:
            # as was asked for: no warning, with the whole item, for each copy
            raise DropItem(f"dedup: {match.relation.value} of {match.other}", log_level="INFO")
        adapter[self._result] = {
            **asdict(match),
            "relation": match.relation.value,
            "passages": [asdict(passage) for passage in match.passages],
        }
        return item
