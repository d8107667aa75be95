"""Make realistic invented news with its truth, at any size, the same for the same seed.

The text is invented: a Zipfian vocabulary of pronounceable words between English function words, set
phrases, names and figures. What is real is how copies arise: an agency's story is cut from the bottom, topped
with outlet paragraphs, given a new headline, copy-edited, updated, and wrapped in the furniture of the outlet
that carries it. Other articles only share its quotation, lift a few of its paragraphs, list it in a digest,
carry the same background paragraph, or fill the same daily frame with new figures.

Every piece of text is a *unit*: a run of entries of one table of strings, each with its own punctuation and
separator. An article is a list of units. So a batch is array work: draw words, gather units, edit, gather
bytes. A batch depends on the seed and its own number only; batches follow each other in time.

Writes ``OUT/articles.jsonl``, ``OUT/truth.jsonl`` and ``OUT/corpus.json``. One truth line an article:

    id          as in articles.jsonl
    story       family the article belongs to, or null
    kind        original, version, evergreen, single, quoting, lift, digest, template
    steps       how it was made: cut, top, update, swap, edit, headline, straight
    coverage    words taken over from the story / words of the shorter body, before copy-editing
    words       words of the body, without furniture
    quote       quotation it carries that unrelated articles may carry too, or null
    series      the daily frame it fills, or null
    lifted      [story, words] for each story whose paragraphs it embeds without being a version of it
    background  background paragraphs it carries
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]
Ints = NDArray[np.int64]

BATCH = 4096  # articles; a batch is a slice of the period
FUNCTION_WORDS = (  # noqa: SIM905 - easier to read
    "the of to and in a that for is on was with he as it at by from be has have his had are said an its "
    "not but were they who will their this which been or would about her more than one after also we up "
    "i out when there new two she over all other into could last some year if time can first what so "
    "people no no-one before most because between under while during against where still only many "
    "three may made since such through both now much should off how since them then these those him our "
    "being did do does down each even every four five "
).split()
SET_PHRASES = (  # noqa: SIM905 - easier to read
    "in a statement on Monday|in a statement on Tuesday|in a statement on Thursday|"
    "according to people familiar with|at a news conference|for the first time since|"
    "did not immediately respond to|on condition of anonymity|as well as|at the end of the|"
    "a spokesperson for the|one of the most|the rest of the|in the middle of|is expected to|"
    "for more than a decade|in the first half of the year|told reporters on Friday|later this week|"
    "on the other hand|per cent|million euros|in recent weeks|ahead of the vote|"
    "compared with a year earlier|the head of the|members of the public|as part of the|a court in|"
    "the second time in"
).split("|")
AGENCIES = ("AFP", "AP", "Reuters", "dpa", "EFE")
APPEALS = (
    "Independent reporting costs money. Support the {outlet} with a small monthly gift.",
    "You have read all your free articles this month. Subscribe to the {outlet} to continue reading.",
    "Our newsroom depends on readers like you. Please donate to the {outlet} today.",
    "Already a subscriber? Log in here. New to the {outlet}? Start your trial for one dollar.",
    "This story is free to read because our members pay for it. Become a member of the {outlet}.",
)
NEWSLETTERS = (
    "Sign up for the {outlet} morning newsletter and get the news in your inbox.",
    "Get our daily briefing by email: subscribe to the {outlet} newsletter.",
    "Follow the {outlet} on Facebook and Twitter, or download our app for breaking news alerts.",
)
WIDGETS = (
    "Share on Facebook\nShare on Twitter\nEmail this article\n",
    "Print\nEmail\nShare\n",
    "Comments\nShow comments\n",
    "Advertisement\n",
)
FOOTERS = (
    "Copyright {outlet}. All rights reserved.",
    "© {outlet}. This material may not be published, rewritten or redistributed without permission.",
    "Do you have a correction? Contact the {outlet} newsroom.",
)
CREDITS = (
    "(Photo by {name}/{agency})\n",
    "Photo: {name} / {agency}\n",
    "({agency} Photo/{name}, File)\n",
    "{name}/{agency}\n",
)

# Variants of a word in the table of strings: entry = word + variant * number of words.
PLAIN, CAPITAL, STOP, COMMA, PARAGRAPH, OPEN, CLOSE, LINE = range(8)
FORMS = ("{} ", "{} ", "{}. ", "{}, ", "{}.\n", "“{} ", "{},” ", "{}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What the corpus is like. Shares are of all articles."""

    mean_words: int = 420  # of the body
    days: float = 90.0
    start: str = "2025-01-06T00:00:00"
    singles: float = 0.5  # in no family: plain ones, and the next three
    templates: float = 0.03
    lifts: float = 0.03
    digests: float = 0.002
    evergreens: float = 0.005  # in families that last the whole period
    family_exponent: float = 2.1  # of the power law of family sizes
    largest_family: int = 200
    quoting: float = 0.08  # of stories and singles: carry a quotation that others carry too
    background: float = 0.12  # of stories and singles: carry a background paragraph
    edit_share: float = 0.5  # of versions
    edit_rate: float = 0.05  # of words, the highest
    content_words: int = 40_000
    outlets: int = 120


@dataclass(frozen=True, slots=True)
class Pool:
    """Units: entries ``ids[offsets[i]:offsets[i + 1]]`` of the string table for unit i."""

    ids: NDArray[np.int32]
    offsets: Ints

    @classmethod
    def join(cls, pools: list[Pool]) -> Pool:
        """All units of several pools, in order."""
        lengths = np.concatenate([np.diff(p.offsets) for p in pools])
        return cls(np.concatenate([p.ids for p in pools]), bounds(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1


def bounds(lengths: Ints) -> Ints:
    """Running sums of lengths, from 0: int64[n + 1]."""
    result = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=result[1:])
    return result


def ranges(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Concatenation of ``arange(start, start + length)``, in the type of ``starts``."""
    ends = np.cumsum(lengths, dtype=starts.dtype)
    result = np.repeat(starts - (ends - lengths), lengths)
    result += np.arange(len(result), dtype=starts.dtype)
    return result


def invent_words(rng: np.random.Generator, count: int) -> list[str]:
    """Distinct pronounceable words of one to four syllables, a few of them accented."""
    onsets = "b c d f g h j k l m n p r s t v w z b c d f g l m n p r s t br ch cl dr gr pl st th tr".split()  # noqa: SIM905
    vowels = "a e i o u a e i o u a e i o u ai ea ou".split()  # noqa: SIM905
    codas = ["", "", "", "", "", "", "n", "r", "s", "l", "t", "nd", "st", "rk", "m", "ct"]
    known = set(FUNCTION_WORDS)
    words: list[str] = []
    while len(words) < count:
        # Frequent words, which come first, are short.
        syllables = np.minimum(4, rng.poisson(0.5 + 1.1 * np.minimum(1, np.arange(count) / 6000)) + 1)
        draws = rng.integers(0, 1 << 30, (count, 4, 3))
        accents = rng.random(count) < 0.01
        for size, draw, accented in zip(syllables.tolist(), draws.tolist(), accents.tolist(), strict=True):
            word = "".join(
                onsets[x % len(onsets)] + vowels[y % len(vowels)] + codas[z % len(codas)]
                for x, y, z in draw[:size]
            )
            if accented:
                word = word.replace("e", "é", 1).replace("ou", "ü", 1)
            if word not in known and len(word) > 2:
                known.add(word)
                words.append(word)
                if len(words) == count:
                    break
    return words


class Language:
    """The table of strings, and how to draw words from it."""

    def __init__(self, rng: np.random.Generator, model: Model) -> None:
        content = invent_words(rng, model.content_words)
        parts = [w.capitalize() for w in invent_words(rng, 4000)]
        self.names = [
            f"{parts[a]} {parts[b]}"
            for a, b in zip(rng.integers(0, 1500, 9000), rng.integers(1500, 4000, 9000), strict=True)
        ]
        phrases = list(SET_PHRASES)
        for size in rng.integers(
            2, 6, 1500
        ).tolist():  # collocations: what makes unrelated news share short runs
            picks = rng.integers(0, 2000, size)
            phrases.append(
                " ".join(
                    content[p] if i % 2 else FUNCTION_WORDS[p % 100] for i, p in enumerate(picks.tolist())
                )
            )
        figures = (
            [str(x) for x in range(1, 100)]
            + [f"{x / 10:.1f}" for x in range(1, 400)]
            + [str(x) for x in range(1900, 2030)]
        )
        words = [*FUNCTION_WORDS, *content, *phrases, *figures, *self.names]
        self.said = FUNCTION_WORDS.index("said")
        self.size = len(words)
        at = np.cumsum([0, len(FUNCTION_WORDS), len(content), len(phrases), len(figures), len(self.names)])
        self.figures, self.first_name = (int(at[3]), int(at[4])), int(at[4])
        self.function_draw = self._draws(np.arange(len(FUNCTION_WORDS)), 1.0, 2.0)
        content_draw = self._draws(np.arange(at[1], at[2]), 1.0, 50.0)
        phrase_draw = self._draws(rng.permutation(np.arange(at[2], at[3])), 0.9, 5.0)
        figure_draw = rng.integers(*self.figures, 1 << 14)
        # 6 % of the other draws are phrases, 4 % figures; all in one table so that a draw is one lookup
        self.content_draw = np.concatenate(
            [
                content_draw,
                rng.choice(phrase_draw, len(content_draw) // 15),
                rng.choice(figure_draw, len(content_draw) // 22),
            ]
        ).astype(np.int32)
        capital = [w[0].upper() + w[1:] for w in words]
        self.table: list[str] = []
        for variant, form in enumerate(FORMS):
            self.table += [form.format(w) for w in (capital if variant in (CAPITAL, OPEN) else words)]

    @staticmethod
    def _draws(values: Ints, exponent: float, shift: float) -> NDArray[np.int32]:
        """2^20 entries in which each value stands as often as the Zipf-Mandelbrot law says; draw by index."""
        weight = 1.0 / (np.arange(len(values)) + shift) ** exponent
        edges = np.rint(np.cumsum(weight) / weight.sum() * (1 << 20)).astype(np.int64)
        return np.repeat(values, np.diff(edges, prepend=0)).astype(np.int32)

    def add(self, text: str) -> int:
        """Put a fixed string into the table; its entry."""
        self.table.append(text)
        return len(self.table) - 1

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int32]:
        """Words in running text: function words seldom follow each other."""
        r = rng.random(count, np.float32)
        function = r < 0.62
        function[1:] &= ~(function[:-1] & (rng.random(count - 1, np.float32) < 0.7)) if count > 1 else True
        words = self.content_draw[rng.integers(0, len(self.content_draw), count, np.int32)]
        picks = np.flatnonzero(function)
        words[picks] = self.function_draw[rng.integers(0, len(self.function_draw), len(picks), np.int32)]
        return words

    def lines(self, rng: np.random.Generator, low: int, high: int, count: int, first: int, last: int) -> Pool:
        """Units of low to high words, the first and the last in the given variants."""
        offsets = bounds(rng.integers(low, high + 1, count))
        ids = self.draw(rng, int(offsets[-1]))
        ids[offsets[:-1]] += first * self.size
        ids[offsets[1:] - 1] += last * self.size
        return Pool(ids, offsets)

    def paragraphs(self, rng: np.random.Generator, count: int, names: Ints) -> Pool:
        """Paragraphs of one to three sentences, a fifth of them opening with a quotation.

        Args:
            rng: Randomness.
            count: How many.
            names: int[count, 6], the name entries of the story of each paragraph.
        """
        sentences = rng.choice([1, 2, 3], count, p=[0.45, 0.4, 0.15])
        last = np.cumsum(sentences) - 1
        total = int(sentences.sum())
        lengths = np.clip(rng.gamma(5.0, 4.0, total).astype(np.int64), 7, 48)
        edges = bounds(lengths)
        starts, ends = edges[:-1], edges[1:]
        ids = self.draw(rng, int(edges[-1]))
        owner = np.repeat(np.arange(count), sentences)
        named = np.flatnonzero(rng.random(len(ids), np.float32) < 0.035)
        paragraph = owner[np.searchsorted(ends, named, "right")]
        ids[named] = names[paragraph, rng.integers(0, 6, len(named))]

        variant = np.zeros(len(ids), np.int32)
        variant[rng.random(len(ids), np.float32) < 0.05] = COMMA
        variant[starts] = CAPITAL
        variant[ends - 1] = STOP
        quoted = (last - sentences + 1)[rng.random(count) < 0.2]
        variant[starts[quoted]] = OPEN
        variant[ends[quoted] - 3] = CLOSE
        variant[ends[quoted] - 2] = PLAIN
        ids[ends[quoted] - 2] = names[owner[quoted], 0]
        ids[ends[quoted] - 1] = self.said
        variant[ends[last] - 1] = PARAGRAPH
        ids += variant * np.int32(self.size)
        return Pool(ids, bounds(np.add.reduceat(lengths, last - sentences + 1) if count else lengths))


@dataclass(frozen=True, slots=True)
class Outlet:
    """One publisher's habits; the numbers are entries of the string table."""

    domain: str
    appeals: list[int]
    newsletter: int | None
    newsletter_inside: bool
    widgets: list[int]
    footer: int | None
    bylines: list[int]
    teasers: list[int]
    credits: list[int] | None
    title_first: bool
    straight_quotes: bool
    blank_lines: bool


class Newsroom:
    """What is the same for the whole corpus: language, outlets, frames, background, evergreen stories."""

    def __init__(self, n: int, seed: int, model: Model) -> None:
        rng = np.random.default_rng([seed, 0])
        self.model, self.n, self.seed = model, n, seed
        self.language = language = Language(rng, model)
        self.outlets = [self._outlet(rng) for _ in range(model.outlets)]
        weight = 1.0 / (np.arange(model.outlets) + 4.0)
        self.outlet_draw = rng.choice(model.outlets, 1 << 14, p=weight / weight.sum()).tolist()
        cities = [w.upper() for w in invent_words(rng, 60)]
        self.datelines = {a: [language.add(f"{c} ({a}) — ") for c in cities] for a in AGENCIES}
        self.agency_bylines = {a: language.add(f"By {a}\n") for a in AGENCIES}
        names = language.names
        self.trailers = {
            a: [
                language.add(f"Reporting by {names[2 * i]}; Editing by {names[2 * i + 1]}\n")
                for i in range(40)
            ]
            if a == "Reuters"
            else [language.add(f"{a}\n")]
            for a in AGENCIES
        }
        self.stamps = [
            language.add(f"Updated {h}:{m:02d} {'AM' if h < 12 else 'PM'}\n")
            for h in range(1, 24)
            for m in (5, 20, 45)
        ]

        # Each background paragraph recurs about 40 times over the period, each evergreen about 20.
        self.background_count = max(3, round(n * 0.6 * model.background / 40))
        self.evergreen_count = max(1, round(n * model.evergreens / 20)) if n * model.evergreens >= 2 else 0
        self.series_count = max(1, round(n * model.templates / model.days))
        pools = [
            language.paragraphs(rng, self.background_count, self.story_names(rng, self.background_count))
        ]
        size = max(4, round(model.mean_words / 34))
        evergreen_names = np.repeat(self.story_names(rng, self.evergreen_count), size, axis=0)
        pools.append(language.paragraphs(rng, len(evergreen_names), evergreen_names))
        self.evergreen_size = size
        self.evergreen_titles = self.background_count + len(evergreen_names)
        pools.append(language.lines(rng, 6, 10, self.evergreen_count, CAPITAL, LINE))
        self.base = Pool.join(pools)
        self.frames = language.paragraphs(
            rng, 4 * self.series_count, self.story_names(rng, 4 * self.series_count)
        )
        self.frame_titles = language.lines(rng, 5, 8, self.series_count, CAPITAL, LINE)
        # Entries as units of length 1: unit ``special + entry``. The table is complete from here on.
        self.special = len(self.base)
        self.base = Pool.join(
            [
                self.base,
                Pool(np.arange(len(language.table), dtype=np.int32), np.arange(len(language.table) + 1)),
            ]
        )
        encoded = [t.encode() for t in language.table]
        self.bytes = np.frombuffer(b"".join(encoded), np.uint8)
        self.sizes = np.array([len(e) for e in encoded], np.int32)
        self.places = (np.cumsum(self.sizes) - self.sizes).astype(np.int32)

    def story_names(self, rng: np.random.Generator, stories: int) -> Ints:
        """Six name entries a story: int[stories, 6]."""
        return rng.integers(self.language.first_name, self.language.size, (stories, 6))

    def _outlet(self, rng: np.random.Generator) -> Outlet:
        add, names = self.language.add, self.language.names
        town = names[int(rng.integers(len(names)))].split()[0]
        kind = str(
            rng.choice(["Herald", "Post", "Times", "Gazette", "Courier", "Daily", "Tribune", "Observer"])
        )
        outlet = f"{town} {kind}"

        def some(lines: tuple[str, ...], chance: float, most: int = 1) -> list[int]:
            if rng.random() >= chance:
                return []
            return [
                add(f"{lines[i]}\n".format(outlet=outlet))
                for i in rng.permutation(len(lines))[:most].tolist()
            ]

        def person() -> str:
            return names[int(rng.integers(len(names)))]

        teasers = [" ".join(invent_words(rng, 4)).capitalize() for _ in range(12)]
        return Outlet(
            domain=f"{town}{kind}.example".lower(),
            appeals=some(APPEALS, 0.4, 2),
            newsletter=next(iter(some(NEWSLETTERS, 0.5)), None),
            newsletter_inside=bool(rng.random() < 0.5),
            widgets=[
                add(WIDGETS[i]) for i in rng.permutation(len(WIDGETS))[: int(rng.integers(0, 3))].tolist()
            ],
            footer=next(iter(some(FOOTERS, 0.6)), None),
            bylines=[add(f"By {person()}\n") for _ in range(12)] if rng.random() < 0.8 else [],
            teasers=[add(f"Read more: {t}\n") for t in teasers] if rng.random() < 0.5 else [],
            credits=[
                add(
                    CREDITS[int(rng.integers(len(CREDITS)))].format(
                        name=person(), agency=AGENCIES[i % len(AGENCIES)]
                    )
                )
                for i in range(20)
            ]
            if rng.random() < 0.6
            else None,
            title_first=bool(rng.random() < 0.4),
            straight_quotes=bool(rng.random() < 0.3),
            blank_lines=bool(rng.random() < 0.5),
        )


class Batch:
    """One batch: draws what is fresh, writes a plan of units for each article, turns it into text."""

    def __init__(self, room: Newsroom, number: int, count: int) -> None:
        self.room, self.number, self.count = room, number, count
        self.rng = np.random.default_rng([room.seed, 1 + number])
        # Plain Python numbers for the loop over articles: far cheaper than a NumPy call each.
        self.chance = itertools.cycle(self.rng.random(1 << 16).tolist()).__next__
        self.plans: list[list[int]] = []
        self.titles: list[int] = []
        self.carriers: list[tuple[str, bool, bool]] = []  # source, straight quotation marks, blank lines
        self.rates: list[float] = []
        self.times: list[float] = []  # days since the start
        self.truth: list[Record] = []

    def below(self, n: int) -> int:
        """A number in 0..n-1."""
        return int(self.chance() * n)

    def draw(self) -> None:
        """Draw the fresh text of the batch, and place its units behind those of the newsroom."""
        model, room, rng, language = self.room.model, self.room, self.rng, self.room.language
        share = [
            model.templates,
            model.lifts,
            model.digests,
            model.evergreens if room.evergreen_count else 0.0,
        ]
        # By running totals, so that rounding never adds up over batches.
        done, end = self.number * BATCH, self.number * BATCH + self.count
        self.first_template = int(done * share[0])
        templates, lifts, digests, self.evergreens = (int(end * s) - int(done * s) for s in share)
        self.instances = templates
        plain = max(0, round(self.count * model.singles) - templates - lifts - digests)
        sizes: list[int] = []
        left = self.count - templates - lifts - digests - plain - self.evergreens
        weight = np.arange(2, model.largest_family + 1, dtype=float) ** -model.family_exponent
        drawn = rng.choice(
            np.arange(2, model.largest_family + 1), max(left // 2, 1), p=weight / weight.sum()
        ).tolist()
        while left >= 2:
            sizes.append(min(drawn.pop(), left))
            left -= sizes[-1]
        self.sizes, self.digests, self.lifts = sizes, digests, lifts
        self.singles = plain + left
        self.stories = len(sizes) + self.singles + lifts

        # Original stories are a little longer than the mean: their versions are cut.
        mean = (
            np.r_[np.full(len(sizes), 1.15), np.full(self.singles, 0.92), np.full(lifts, 0.92)]
            * model.mean_words
            / 33
        )
        paragraphs = np.clip(rng.lognormal(-0.125, 0.5, self.stories) * mean, 3, 120).astype(np.int64)
        versions = np.repeat(np.arange(len(sizes)), np.array(sizes, np.int64) - 1)
        tops = rng.integers(1, 5, len(versions)) * (rng.random(len(versions)) < 0.45)
        updates = rng.integers(1, 4, len(versions)) * (rng.random(len(versions)) < 0.2)
        self.tops, self.updates = iter(tops.tolist()), iter(updates.tolist())
        names = room.story_names(rng, self.stories)
        spare = self.evergreens * 2 + digests  # topping of evergreens, introduction of digests
        owner = np.concatenate(
            [
                np.repeat(np.arange(self.stories), paragraphs),
                np.repeat(versions, tops + updates),
                np.zeros(spare, np.int64),
            ]
        )
        prose = language.paragraphs(rng, len(owner), names[owner])
        self.story_at = (bounds(paragraphs) + len(room.base)).tolist()
        self.fresh = itertools.count(self.story_at[-1]).__next__
        quotes = max(1, int(self.stories * model.quoting / 2.5))
        self.quotes = quotes
        pools = [
            room.base,
            prose,
            language.lines(rng, 15, 38, quotes, OPEN, CLOSE),
            language.lines(rng, 6, 10, self.count + self.stories, CAPITAL, LINE),
            language.lines(rng, 9, 22, self.stories, CAPITAL, STOP),
            self._speakers(quotes),
            self._instances(templates),
        ]
        at = bounds(np.array([len(p) for p in pools])).tolist()
        self.quote_at, self.title_at, self.caption_at, self.speaker_at, self.instance_at = at[2:7]
        self.new_title = itertools.count(self.title_at + self.stories).__next__
        self.pool = Pool.join(pools)
        self.words_before = (
            self.pool.offsets.tolist()
        )  # words of units a..b-1: words_before[b] - words_before[a]

    def _speakers(self, count: int) -> Pool:
        """Attribution of a shared quotation, two wordings each: unit 2q "said NAME.", 2q + 1 "NAME said."."""
        size, said = self.room.language.size, self.room.language.said
        names = self.room.story_names(self.rng, count)[:, 0]
        ids = np.stack(
            [np.full(count, said), names + PARAGRAPH * size, names, np.full(count, said + PARAGRAPH * size)],
            axis=1,
        )
        return Pool(ids.astype(np.int32).ravel(), np.arange(0, 4 * count + 1, 2))

    def _instances(self, count: int) -> Pool:
        """Daily reports: title, the frame's four paragraphs with new figures, two of the day's own."""
        room, rng = self.room, self.rng
        language = room.language
        own = language.paragraphs(rng, 2 * count, room.story_names(rng, 2 * count))
        ids, lengths = [], []
        for i in range(count):
            series = (self.first_template + i) % room.series_count
            a, b = room.frame_titles.offsets[series : series + 2]
            frame = room.frames.offsets[4 * series : 4 * series + 5]
            text = room.frames.ids[frame[0] : frame[-1]].copy()
            slots = np.arange(len(text)) % 9 == 4  # every ninth word is a figure
            slots &= text < language.size
            text[slots] = rng.integers(*language.figures, int(slots.sum()))
            c, d = own.offsets[2 * i : 2 * i + 3 : 2]
            ids += [room.frame_titles.ids[a:b], text, own.ids[c:d]]
            lengths += [b - a, len(text), d - c]
        return Pool(
            np.concatenate(ids) if ids else np.empty(0, np.int32), bounds(np.array(lengths, np.int64))
        )

    def words(self, start: int, end: int) -> int:
        """Words of a run of units."""
        return self.words_before[end] - self.words_before[start]

    def plan(self) -> None:
        """Write the plan of every article."""
        room, model, n = self.room, self.room.model, self.number
        width = model.days * BATCH / room.n  # days a batch
        base_day = n * width
        span = min(width, model.days - base_day)
        for family, size in enumerate(self.sizes):
            self._family(f"s{n}-{family}", family, size, base_day + self.chance() * span)
        families = len(self.sizes)
        for story in range(families, families + self.singles):
            a, b = self.story_at[story], self.story_at[story + 1]
            body, truth = self._dress(list(range(a, b)), story)
            truth |= {"kind": "quoting" if truth["quote"] else "single", "words": self.words(a, b)}
            self._publish(body, story, self.title_at + story, base_day + self.chance() * span, truth)
        for story in range(families + self.singles, self.stories):
            self._lift(story, base_day + self.chance() * span)
        for _ in range(self.digests):
            self._digest(base_day + self.chance() * span)
        for _ in range(self.evergreens):
            self._evergreen(base_day + self.chance() * span)
        for instance in range(self.instances):
            number = self.first_template + instance
            series = number % room.series_count
            at = self.instance_at + 3 * instance
            day = number // room.series_count + 0.25 + series / room.series_count / 2
            truth = {"kind": "template", "series": f"t{series}", "words": self.words(at + 1, at + 3)}
            self._publish([at + 1, at + 2], None, at, min(day, model.days), truth)

    def _dress(self, body: list[int], story: int) -> tuple[list[int], Record]:
        """Add to an article of its own what others carry too: a shared quotation, a background paragraph."""
        truth: Record = {"quote": None, "background": []}
        if self.chance() < self.room.model.quoting:
            quote = self.below(self.quotes)
            at = 2 + self.below(max(1, len(body) - 2))
            body[at:at] = [self.quote_at + quote, self.speaker_at + 2 * quote + self.below(2)]
            truth["quote"] = f"q{self.number}-{quote}"
        if self.chance() < self.room.model.background:
            background = self.below(self.room.background_count)
            body.append(background)
            truth["background"] = [f"b{background}"]
        return body, truth

    def _family(self, name: str, story: int, size: int, day: float) -> None:
        """The agency's original and its versions."""
        a, b = self.story_at[story], self.story_at[story + 1]
        agency = AGENCIES[self.below(len(AGENCIES))]
        lead = self.room.special + self.room.datelines[agency][self.below(60)]
        original, common = self._dress(list(range(a, b)), story)
        total = self.words(a, b)
        common["story"] = name
        truth = common | {"kind": "original", "words": total, "coverage": 1.0, "steps": []}
        self._publish([lead, *original], story, self.title_at + story, day, truth, agency=agency, wire=True)
        for _ in range(size - 1):
            steps = []
            body = original
            if self.chance() < 0.65:
                keep = max(2, round(len(original) * (0.3 + 0.65 * self.chance())))
                while keep < len(original) and self._own(original[:keep]) < 70:
                    keep += 1
                if keep < len(original):
                    body = original[:keep]
                    steps.append("cut")
            body = list(body)
            shared, fresh = self._own(body), 0
            tops, updates = next(self.tops), next(self.updates)
            added: list[int] = []
            for number in range(tops + updates):
                unit = self.fresh()
                words = self.words(unit, unit + 1)
                at = 1 + self.below(len(body) - 1) if len(body) > 1 else 0
                old = body[at]
                replaced = number >= tops and a <= old < b and self.chance() < 0.6
                lost = self.words(old, old + 1) if replaced else 0
                if fresh + words > 0.8 * (shared - lost) or shared - lost < 60:
                    continue  # so that at least 0.55 of the shorter text is taken over
                fresh, shared = fresh + words, shared - lost
                if number < tops:
                    added.append(unit)
                elif replaced:
                    body[at] = unit
                else:
                    body.append(unit)
                step = "top" if number < tops else "update"
                if step not in steps:
                    steps.append(step)
            if len(body) > 5 and self.chance() < 0.08:
                at = 1 + self.below(len(body) - 2)
                if max(body[at], body[at + 1]) < self.quote_at:  # two whole paragraphs
                    body[at : at + 2] = body[at + 1], body[at]
                    steps.append("swap")
            rate = (
                self.chance() * self.room.model.edit_rate
                if self.chance() < self.room.model.edit_share
                else 0.0
            )
            if rate:
                steps.append("edit")
            title = self.title_at + story
            if self.chance() < 0.7:
                title = self.new_title()
                steps.append("headline")
            own = shared + fresh
            truth = common | {
                "kind": "version",
                "steps": steps,
                "words": own,
                "coverage": round(shared / min(own, total), 3),
            }
            quote = common["quote"] is not None and any(
                self.quote_at <= u < self.quote_at + self.quotes for u in body
            )
            truth["quote"] = common["quote"] if quote else None
            truth["background"] = (
                common["background"] if any(u < self.room.background_count for u in body) else []
            )
            hours = min(48.0, -6.0 * np.log1p(-self.chance()).item())
            if not added and self.chance() < 0.5:
                body = [lead, *body]
            self._publish([*added, *body], story, title, day + hours / 24, truth, rate=rate, agency=agency)

    def _own(self, body: list[int]) -> int:
        """Words of the story itself, without background and shared quotations."""
        low, high, before = self.story_at[0], self.quote_at, self.words_before
        return sum(before[u + 1] - before[u] for u in body if low <= u < high)

    def _lift(self, story: int, day: float) -> None:
        """An article of its own that takes one to three late paragraphs of an agency story."""
        a, b = self.story_at[story], self.story_at[story + 1]
        body = list(range(a, b))
        truth: Record = {"kind": "single", "words": self.words(a, b)}
        if self.sizes:
            family = self.below(len(self.sizes))
            c, d = self.story_at[family], self.story_at[family + 1]
            start = c + (d - c) // 2 + self.below(max(1, (d - c) // 4))
            end = start + 1
            while end < d and self.words(start, end) < 55:
                end += 1
            lifted = self.words(start, end)
            if 45 <= lifted <= 0.25 * min(self.words(c, d), self.words(a, b)):
                at = 1 + self.below(len(body) - 1)
                body[at:at] = range(start, end)
                truth = {"kind": "lift", "words": self.words(a, b) + lifted}
                truth["lifted"] = [[f"s{self.number}-{family}", lifted]]
        self._publish(body, story, self.title_at + story, day, truth)

    def _digest(self, day: float) -> None:
        """The openings of six to twelve stories under one headline."""
        if not self.sizes:
            return self._publish([self.fresh()], None, self.new_title(), day, {"kind": "single"})
        body = [self.fresh()]
        lifted = []
        for family in sorted({self.below(len(self.sizes)) for _ in range(6 + self.below(7))}):
            start = self.story_at[family]
            body += [start, start + 1]
            lifted.append([f"s{self.number}-{family}", self.words(start, start + 2)])
        truth = {"kind": "digest", "words": sum(self.words(u, u + 1) for u in body), "lifted": lifted}
        return self._publish(body, None, self.new_title(), day, truth)

    def _evergreen(self, day: float) -> None:
        """A piece that outlets carry again for weeks, whole or cut."""
        room = self.room
        story = self.below(room.evergreen_count)
        first = room.background_count + story * room.evergreen_size
        keep = max(3, round(room.evergreen_size * (0.6 + 0.4 * self.chance())))
        body = list(range(first, first + keep))
        shared = self.words(first, first + keep)
        truth: Record = {"kind": "evergreen", "story": f"e{story}", "words": shared, "coverage": 1.0}
        truth["steps"] = ["cut"] if keep < room.evergreen_size else []
        if self.chance() < 0.3:
            top = self.fresh()
            body.insert(0, top)
            truth["words"] = own = shared + self.words(top, top + 1)
            whole = self.words(first, first + room.evergreen_size)
            truth["coverage"] = round(shared / min(own, whole), 3)
            truth["steps"].append("top")
        title = self.new_title() if self.chance() < 0.5 else room.evergreen_titles + story
        self._publish(body, None, title, day, truth)

    def _publish(
        self,
        body: list[int],
        story: int | None,
        title: int,
        day: float,
        truth: Record,
        *,
        rate: float = 0.0,
        agency: str | None = None,
        wire: bool = False,
    ) -> None:
        """Wrap a body in the furniture of whoever carries it."""
        room, chance, special = self.room, self.chance, self.room.special
        outlet = room.outlets[room.outlet_draw[self.below(len(room.outlet_draw))]]
        if wire:
            trailers = room.trailers[agency or "AFP"]
            plan = [*body, special + trailers[self.below(len(trailers))]]
            self.carriers.append((f"{agency}.example".lower(), False, False))
        else:
            plan = [special + e for e in outlet.appeals[:1]]
            if outlet.title_first:
                plan.append(title)
            if agency and chance() < 0.4:
                plan.append(special + room.agency_bylines[agency])
            elif outlet.bylines:
                plan.append(special + outlet.bylines[self.below(12)])
            if chance() < 0.2:
                plan.append(special + room.stamps[self.below(len(room.stamps))])
            if outlet.credits and story is not None and chance() < 0.6:
                plan += [self.caption_at + story, special + outlet.credits[self.below(20)]]
            inside = 1 + self.below(len(body))
            plan += body[:inside]
            # Never between a quotation and its speaker: they are one paragraph.
            whole = not self.quote_at <= body[inside - 1] < self.quote_at + self.quotes
            if whole and inside > 1 and inside < len(body):
                if outlet.newsletter is not None and outlet.newsletter_inside:
                    plan.append(special + outlet.newsletter)
                if outlet.teasers and chance() < 0.5:
                    plan.append(special + outlet.teasers[self.below(12)])
            plan += body[inside:]
            if outlet.newsletter is not None and not outlet.newsletter_inside:
                plan.append(special + outlet.newsletter)
            plan += [special + e for e in outlet.appeals[1:]]
            plan += [special + e for e in outlet.widgets]
            if outlet.teasers:
                plan.append(special + outlet.teasers[self.below(12)])
            if outlet.footer is not None:
                plan.append(special + outlet.footer)
            self.carriers.append((outlet.domain, outlet.straight_quotes, outlet.blank_lines))
            if outlet.straight_quotes:
                truth = truth | {"steps": [*truth.get("steps", ()), "straight"]}
        self.plans.append(plan)
        self.titles.append(title)
        self.rates.append(rate)
        self.times.append(day)
        self.truth.append(truth)

    def _edit(
        self, ids: NDArray[np.int32], edges: Ints, rates: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], Ints]:
        """Change, drop and add words at each article's own rate; furniture and punctuation stay."""
        rng, language = self.rng, self.room.language
        lengths = np.diff(edges)
        edits = rng.poisson(rates * lengths)
        owner = np.repeat(np.arange(len(edits)), edits)
        at = np.unique(edges[owner] + (rng.random(len(owner)) * lengths[owner]).astype(np.int64))
        at = at[ids[at] < len(FORMS) * language.size]
        kind = rng.random(len(at))
        variant, word = np.divmod(ids[at], language.size)
        change = (kind < 0.6) & (word != language.said)
        ids[at[change]] = language.draw(rng, int(change.sum())) + variant[change] * np.int32(language.size)
        plain = variant == PLAIN
        drop, add = at[plain & (kind > 0.8)], at[plain & (kind >= 0.6) & (kind <= 0.8)]
        repeats = np.ones(len(ids), np.int8)
        repeats[drop] = 0
        repeats[add] = 2
        moved = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(repeats, out=moved[1:])
        ids = np.repeat(ids, repeats)
        ids[moved[add]] = language.draw(rng, len(add))
        return ids, moved[edges]

    def _gather(self, units: Ints, counts: Ints) -> tuple[NDArray[np.int32], Ints]:
        """The entries of lists of units, and where each list begins."""
        starts, lengths = self.pool.offsets[units], np.diff(self.pool.offsets)[units]
        ids = self.pool.ids[ranges(starts, lengths)]
        return ids, bounds(lengths)[bounds(counts)]

    def _texts(self, ids: NDArray[np.int32], edges: list[int]) -> Iterator[bytes]:
        """UTF-8 of lists of entries. Some dozens at a time, so that the work stays in the cache."""
        room = self.room
        for first in range(0, len(edges) - 1, 64):
            last = min(first + 64, len(edges) - 1)
            part = ids[edges[first] : edges[last]]
            sizes = room.sizes[part]
            text = room.bytes[ranges(room.places[part], sizes)].tobytes()
            ends = np.concatenate(([0], np.cumsum(sizes)))[
                np.array(edges[first : last + 1]) - edges[first]
            ].tolist()
            yield from (text[a:b] for a, b in itertools.pairwise(ends))

    def records(self, first: int) -> tuple[list[Record], list[Record]]:
        """Articles and truth, in a random order, numbered from ``first``."""
        self.draw()
        self.plan()
        assert len(self.plans) == self.count, (len(self.plans), self.count)
        model = self.room.model
        order = self.rng.permutation(self.count)
        plans, titles, rates, times = (
            [column[i] for i in order.tolist()]
            for column in (self.plans, self.titles, self.rates, self.times)
        )
        units = np.fromiter(itertools.chain.from_iterable(plans), np.int64)
        ids, edges = self._gather(units, np.array([len(p) for p in plans]))
        ids, edges = self._edit(ids, edges, np.array(rates))
        heads, head_edges = self._gather(np.array(titles), np.ones(len(titles), np.int64))
        seconds = (np.minimum(np.array(times), model.days) * 86_400).astype("timedelta64[s]")
        published = np.datetime_as_string(np.datetime64(model.start, "s") + seconds, unit="s", timezone="UTC")
        records: list[Record] = []
        truths: list[Record] = []
        columns = zip(
            itertools.count(first),
            order.tolist(),
            self._texts(ids, edges.tolist()),
            self._texts(heads, head_edges.tolist()),
            published.tolist(),
            strict=False,
        )
        for number, i, text, title, moment in columns:
            source, straight, blank = self.carriers[i]
            if straight:
                text = text.replace("“".encode(), b'"').replace("”".encode(), b'"')
            if blank:
                text = text.replace(b"\n", b"\n\n")
            identity = f"a{number:08d}"
            record = {"id": identity, "title": title.rstrip().decode(), "source": source, "published": moment}
            record["text"] = text.rstrip().decode()
            records.append(record)
            truths.append(EMPTY_TRUTH | {"id": identity} | self.truth[i])
        return records, truths


EMPTY_TRUTH: Record = {
    "id": "",
    "story": None,
    "kind": "single",
    "steps": [],
    "coverage": None,
    "words": 0,
    "quote": None,
    "series": None,
    "lifted": [],
    "background": [],
}


def batches(n: int) -> int:
    """How many batches n articles make."""
    return -(-n // BATCH)


def make_batch(room: Newsroom, number: int) -> tuple[list[Record], list[Record]]:
    """Articles and truth of one batch."""
    first = number * BATCH
    return Batch(room, number, min(BATCH, room.n - first)).records(first)


def generate(n: int, seed: int = 0, **params: Any) -> Iterator[tuple[list[Record], list[Record]]]:
    """Articles and their truth, batch by batch.

    Args:
        n: How many articles.
        seed: The same seed and parameters give the same corpus.
        params: Fields of :class:`Model`.

    Yields:
        Records (id, title, source, published, text) and truth lines of the same articles in the same order.
    """
    room = Newsroom(n, seed, Model(**params))
    for number in range(batches(n)):
        yield make_batch(room, number)


def open_newsroom(n: int, seed: int, params: dict[str, Any]) -> None:
    """Make this process's newsroom; it follows from the seed, so each process makes the same."""
    batch_lines.room = Newsroom(n, seed, Model(**params))  # type: ignore[attr-defined]


def batch_lines(number: int) -> tuple[bytes, bytes, int]:
    """One batch of this process's newsroom as JSON lines of articles and of truth, and its body words."""
    records, truth = make_batch(batch_lines.room, number)  # type: ignore[attr-defined]
    option = orjson.OPT_APPEND_NEWLINE
    lines = (b"".join(orjson.dumps(row, option=option) for row in rows) for rows in (records, truth))
    return next(lines), next(lines), sum(t["words"] for t in truth)


def expected_relation(a: Record, b: Record) -> str:
    """The class of a pair by its truth lines: family, partial, quote, template, background or none.

    Two versions cut and topped differently may share little with each other; what holds is that each is a
    version of the original.
    """
    if a["story"] is not None and a["story"] == b["story"]:
        return "family"
    sources_a = {s for s, _ in a["lifted"]} | {a["story"]} - {None}
    sources_b = {s for s, _ in b["lifted"]} | {b["story"]} - {None}
    if sources_a & sources_b:  # two that lift from one story may have taken different paragraphs
        return "partial"
    if a["quote"] is not None and a["quote"] == b["quote"]:
        return "quote"
    if a["series"] is not None and a["series"] == b["series"]:
        return "template"
    return "background" if set(a["background"]) & set(b["background"]) else "none"


def head(path: Path, count: int) -> list[bytes]:
    """The first lines of a file."""
    with path.open("rb") as lines:
        return list(itertools.islice(lines, count))


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a corpus of invented news with its truth.")
    parser.add_argument("--articles", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--mean-words", type=int, default=420)
    parser.add_argument("--short", action="store_true", help="articles of 150 words")
    parser.add_argument("--singles", type=float, default=0.5, help="share of articles in no family")
    parser.add_argument("--days", type=float, default=90.0, help="the period")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--sample", type=int, default=0, metavar="K", help="print the first K articles with their truth"
    )
    args = parser.parse_args()
    params = {
        "mean_words": 150 if args.short else args.mean_words,
        "singles": args.singles,
        "days": args.days,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    about_room, numbers = (args.articles, args.seed, params), range(batches(args.articles))
    size = words = 0
    with (
        (args.out / "articles.jsonl").open("wb") as articles,
        (args.out / "truth.jsonl").open("wb") as truths,
        multiprocessing.Pool(max(1, min(args.processes, len(numbers))), open_newsroom, about_room) as pool,
    ):
        made = pool.imap(batch_lines, numbers)
        for lines, truth, count in made:
            articles.write(lines)
            truths.write(truth)
            size, words = size + len(lines), words + count
    for text, line in zip(
        *(head(args.out / f, args.sample) for f in ("articles.jsonl", "truth.jsonl")), strict=True
    ):
        record = orjson.loads(text)
        print(f"{line.decode()}# {record['title']}\n{record['text']}\n{'-' * 80}")
    seconds = time.perf_counter() - began
    about = {"articles": args.articles, "seed": args.seed, "bytes": size, "body_words": words}
    about |= {"model": asdict(Model(**params))}
    (args.out / "corpus.json").write_text(json.dumps(about, indent=2) + "\n")
    rate = args.articles / seconds
    print(
        f"{args.articles:,} articles, {size / 1e6:,.1f} MB, "
        f"{words / max(1, args.articles):.0f} body words each, "
        f"{seconds:.1f} s ({rate:,.0f} a second)",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
