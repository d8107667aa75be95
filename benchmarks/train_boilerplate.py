"""Train the weights of ``dedup.boilerplate`` on labelled pages.

They are written to ``dedup/boilerplate/data/weights.json``.

    python benchmarks/train_boilerplate.py ../shared [--check]

Three models: ``article`` for text that was extracted from a page (labels: gold/helsinki_paragraphs.jsonl and
benchmarks/data/boilerplate_labels.jsonl, by line; pages cut down to their article and what stands close to
it), ``sentence`` for the same without paragraphs, ``page`` for everything visible on one (fundus: blocks
that are in the gold article are body, others are not; trafilatura_eval: blocks that hold a segment to keep
or to drop, the rest unknown). A conditional random field with partial labels: a block may be any of the
labels its source allows, so weak labels need no guesses. Its loss counts a wrong unit by its words, so that
long ones are decided with the wider margin. ``--check`` fits on three quarters of the outlets at a time and
scores the outlets left out, the whole stage as ``quality.py`` scores it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import quality
from _common import keep, machine
from numba import njit
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, vstack

from dedup import pipeline
from dedup.boilerplate import clean_texts, model
from dedup.boilerplate.features import observe, suspects, table, words_of
from dedup.boilerplate.model import LABELS, Weights
from dedup.boilerplate.recurring import block_table, find_recurring
from dedup.boilerplate.units import Seen, dated_openings, find_phrases, measure, units_of
from dedup.ingestion.intake import batch_of
from dedup.kernels.traits import WORD
from dedup.model import Document
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dedup.boilerplate.recurring import Recurring

    Sets: TypeAlias = "dict[str, Callable[[], dict[str, Examples]]]"

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "dedup" / "boilerplate" / "data" / "weights.json"
FOLDS = 4
DRAWS = 4
"""How often pages that are put together by chance are drawn; they weigh as much as one draw."""
RIDGE = {"article": 2.0, "page": 2.0, "sentence": 1.0}
COST_OF_LOSS, COST_OF_REST = 1.0, {"article": 0.6, "page": 0.3, "sentence": 0.6}
"""Margin asked for, by 20 words, between body and the rest: of body, of furniture."""
MOST_WORDS = 60
"""A longer unit costs no more."""
REACH = 12
"""Blocks of a page that may be left beside its article when it is cut down."""
CREDITS = (
    " AFP",
    " (AP)",
    " – Reuters",
    " dpa",
    " - ANSA",
    " EFE",
    " (Reuters)",
    " – Agence France-Presse",
    " AP",
)
BODY_BONUS = {"article": 0.4, "page": 0.5, "sentence": 1.2}
"""Added to body's weight of "always": a sentence lost costs more than furniture kept."""


DATELINES = (
    "PORT ALDER (AP) — ",
    "PORT ALDER, March 12 (Reuters) - ",
    "Port Alder (AFP) – ",
    "Nordermarsch (dpa) - ",
    "Nordermarsch, 12.3. (APA) - ",
    "SAINT-AURÈLE, 12 mars (AFP) - ",
    "Almiruela, 12 mar (EFE).- ",
    "(ANSA) - MONTEROSSO, 12 MAR - ",
    "Vila Serena, 12 mar (Lusa) - ",
    "NOORDERDAM (ANP) - ",
    "БЕЛОГОРСК, 12 марта. /ТАСС/. ",
    "البندر 12 مارس (رويترز) - ",
    "[白川 12日 ロイター] - ",
    "新华社白川3月12日电 ",
)
"""As agencies write them, in invented places."""


@dataclass
class Page:
    """A text, its outlet (which decides its fold), and what each line may be (None: anything)."""

    group: str
    text: str
    labels: list[str]
    unbroken: bool = False  # to be read as one line and decided on by sentences
    glue: str | None = None  # the text with other white space


ALLOWED = {"other": [2, 3, 4, 5, 6, 7], **{name: [i] for i, name in enumerate(LABELS)}}


def records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def line_labels(shared: Path) -> list[Path]:
    return [shared / "gold" / "helsinki_paragraphs.jsonl", HERE / "data" / "boilerplate_labels.jsonl"]


def extracted(shared: Path) -> list[Page]:
    documents = {r["id"]: r for r in records(shared / "data" / "helsinki" / "helsinki.jsonl")}
    rows = [r for path in line_labels(shared) for r in records(path)]
    return [Page(documents[r["id"]]["source"], documents[r["id"]]["text"], r["labels"]) for r in rows]


def disturbed(page: Page, chance: random.Random) -> Page:
    """The page with some paragraphs cut in pieces, as links and tags do it, a credit or dateline added."""
    lines, labels = [], []
    body = [i for i, label in enumerate(page.labels) if label == "body"]
    for i, (line, label) in enumerate(zip(page.text.split("\n"), page.labels, strict=True)):
        words = line.split(" ")
        pieces = [line]
        if label == "body" and len(words) > 12 and chance.random() < 0.15:
            cuts = sorted(chance.sample(range(3, len(words) - 2), chance.choice([1, 2])))
            pieces = [" ".join(words[a:b]) for a, b in pairwise([0, *cuts, None])]
        if body and i == body[-1] and chance.random() < 0.5:
            pieces[-1] += chance.choice(CREDITS)
        if body and i == body[0] and chance.random() < 0.5:
            pieces[0] = chance.choice(DATELINES) + pieces[0]
        lines += pieces
        labels += [label] * len(pieces)
    return Page(page.group, "\n".join(lines), labels)


def furnished(page: Page, lines: dict[str, list[str]], chance: random.Random) -> Page:
    """The page with a few invented lines of furniture where their kinds stand."""
    texts, labels = page.text.split("\n"), list(page.labels)
    body = [i for i, label in enumerate(labels) if label == "body"]
    if len(body) < 3:
        return page
    if chance.random() < 0.3:  # a short article about what furniture talks of
        some = [(line, "body") for line in chance.sample(lines["body"], 6)]
        some += [(chance.choice(lines[kind]), kind) for kind in ("credit", "nav") if chance.random() < 0.5]
        return Page(page.group, "\n".join(line for line, _ in some), [label for _, label in some])
    top, middle, bottom = body[0], chance.choice(body[1:-1]) + 1, body[-1] + 1
    places = {
        "appeal": [0, top, top, middle, middle, bottom],
        "caption": [top, top, middle],
        "credit": [bottom],
        "nav": [middle, bottom],
        "body": [top, top + 1, middle, bottom - 1],
    }
    kinds = [*places, "appeal", "body", "body", "body"]
    chosen = [(chance.choice(places[kind]), kind, chance.choice(lines[kind])) for kind in kinds]
    for place, kind, line in sorted(chosen, reverse=True):
        texts.insert(place, line)
        labels.insert(place, kind)
    return Page(page.group, "\n".join(texts), labels)


def furniture() -> dict[str, list[str]]:
    """Invented lines by kind."""
    found: dict[str, list[str]] = {}
    for row in (HERE / "data" / "furniture.tsv").read_text("utf-8").splitlines():
        if not row.startswith("#"):
            kind, line = row.split("\t")
            found.setdefault(kind, []).append(line)
    return found


def invented(chance: random.Random, each: int = 12 * DRAWS) -> list[Page]:
    """Articles in twelve languages, made of invented lines: what no labelled page is there to teach."""
    lines: dict[str, dict[str, list[str]]] = {}
    for row in (HERE / "data" / "articles.tsv").read_text("utf-8").splitlines():
        if not row.startswith("#"):
            language, kind, line = row.split("\t")
            lines.setdefault(language, {}).setdefault(kind, []).append(line)

    def draw(of: dict[str, list[str]], kinds: list[str]) -> list[tuple[str, str]]:
        return [(kind, chance.choice(of[kind])) for kind in kinds if chance.random() < 0.5]

    pages = []
    for language, of in lines.items():
        for _ in range(each):
            rows = draw(of, ["nav", "widget", "meta", "meta", "caption", "appeal"])
            sentences = chance.sample(of["body"], chance.randint(5, len(of["body"]) - 1))
            while sentences:
                size = chance.choice([1, 1, 2])
                rows.append(("body", " ".join(sentences[:size])))
                sentences = sentences[size:]
                if sentences and chance.random() < 0.25:
                    rows += draw(of, ["appeal", "nav", "widget", "caption"])[:1]
            rows += draw(of, ["credit", "appeal", "nav", "widget", "nav", "credit"])
            if chance.random() < 0.4:
                teasers = [("nav", line) for line in chance.sample(of["teaser"], chance.randint(2, 5))]
                rows = teasers + rows if chance.random() < 0.2 else rows + teasers
            rows = [(kind, line) for kind, text in rows for line in text.split(" ¶ ")]
            pages.append(Page(language, "\n".join(line for _, line in rows), [kind for kind, _ in rows]))
    return pages


def glued(page: Page, chance: random.Random) -> Page:
    """The page with some lines of furniture run together with the paragraph beside them."""
    breaks = []
    for here, after in pairwise(page.labels):
        odd = (
            (here == "body") != (after == "body")
            and "unknown" not in (here, after)
            and "empty" not in (here, after)
        )
        breaks.append(" " if odd and chance.random() < 0.4 else "\n")
    lines = page.text.split("\n")
    text = "".join(part for pair in zip(lines, [*breaks, ""], strict=True) for part in pair)
    return Page(page.group, page.text, page.labels, glue=text)


def plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def wire(shared: Path, every: int) -> list[Page]:
    """Agency text as it was sent: all body, tables too, but for the mark that ends an item."""
    pages = []
    for number, r in enumerate(records(shared / "data" / "reuters21578" / "docs.jsonl")):
        if number % every == 0 and r.get("text"):
            lines = r["text"].split("\n")
            pages.append(
                Page("wire", r["text"], ["unknown" if plain(line) == "reuter" else "body" for line in lines])
            )
    return pages


def fundus(shared: Path) -> list[Page]:
    pages = []
    for r in records(shared / "data" / "fundus" / "pages.jsonl"):
        gold = [plain(g) for g in r["gold"]]
        everything = "|".join(gold)
        labels = []
        for block in map(plain, r["blocks"]):
            inside = len(block) >= 20 and (
                block in everything
                or any(len(g) >= 20 and g in block and len(g) > 0.6 * len(block) for g in gold)
            )
            unsure = len(block) >= 8 and block in everything
            labels.append("body" if block in gold or inside else "unknown" if unsure else "other")
        pages.append(Page(r["outlet"], "\n".join(map(quality.one_line, r["blocks"])), labels))
    return pages


def trafilatura(shared: Path, every: int) -> list[Page]:
    pages = []
    for number, r in enumerate(records(shared / "data" / "trafilatura_eval" / "pages.jsonl")):
        if number % every:
            continue
        lines = [quality.one_line(block) for block in r["blocks"]]
        if len(lines) > 400:
            continue  # a page as long as five teaches no more than one
        labels = ["unknown"] * len(lines)
        for segment in filter(None, map(quality.one_line, r["must_drop"])):
            for i, line in enumerate(lines):
                if segment in line and len(line) <= 4 * len(segment) + 20:
                    labels[i] = "other"
        for segment in filter(None, map(quality.one_line, r["must_keep"])):
            labels = ["body" if segment in line else label for line, label in zip(lines, labels, strict=True)]
        pages.append(Page(quality.host(r["url"]) or "", "\n".join(lines), labels))
    return pages


def cut_down(pages: list[Page], chance: random.Random) -> list[Page]:
    """Pages as a rough extractor leaves them: from a little above the first line of body on."""
    cut = []
    for page in pages:
        body = [i for i, label in enumerate(page.labels) if label == "body"]
        if len(body) >= 2:
            part = slice(max(0, body[0] - chance.randrange(REACH)), body[-1] + 1 + chance.randrange(REACH))
            cut.append(Page(page.group, "\n".join(page.text.split("\n")[part]), page.labels[part]))
    return cut


@dataclass
class Examples:
    """Feature rows of many pages: row i may be allowed[i], lies in line line[i] of its page."""

    names: list[str]
    features: csr_matrix
    allowed: np.ndarray
    offsets: np.ndarray
    line: np.ndarray
    words: np.ndarray
    weight: np.ndarray
    pages: list[Page]
    source: list[str]

    def part(self, chosen: list[int]) -> Examples:
        rows = np.concatenate([np.arange(self.offsets[i], self.offsets[i + 1]) for i in chosen])
        sizes = [self.offsets[i + 1] - self.offsets[i] for i in chosen]
        return Examples(
            self.names,
            self.features[rows],
            self.allowed[rows],
            np.cumsum([0, *sizes]),
            self.line[rows],
            self.words[rows],
            self.weight[chosen],
            [self.pages[i] for i in chosen],
            [self.source[i] for i in chosen],
        )


def examples(
    pages: list[Page],
    weight: float,
    *,
    learn: bool = False,
    pretend: bool = False,
    by_sentences: bool = False,
) -> Examples:
    """Features as ``strip`` computes them; ``learn``: with blocks that recur in the pages' own group."""
    batch = pa.record_batch(
        {
            "text": pa.array(
                [p.glue or (p.text.replace("\n", " ") if p.unbroken else p.text) for p in pages],
                pa.large_string(),
            ),
            "source": pa.array([page.group for page in pages]),
        }
    )
    raw_tokens = tokenize(batch.column("text"))
    seen = Seen.of(raw_tokens, batch.column("text"))
    tokens = seen.tokens
    cut = np.repeat([page.unbroken for page in pages], np.diff(tokens.block_offsets))
    dated = dated_openings(seen)
    units = units_of(seen, cut, dated)
    phrases = find_phrases(seen)
    measures = measure(seen, units, phrases)
    if by_sentences:
        units = units_of(seen, cut | suspects(tokens, units, measures), dated)
        measures = measure(seen, units, phrases)
    recurs = np.zeros(len(units), np.uint8)
    if learn:
        recurs = find_recurring(block_table(tokens, batch)).witnesses_of(batch, units, measures.whole)
    allowed = np.zeros((len(units), len(LABELS)), np.bool_)
    line = np.zeros(len(units), np.int64)
    middle = raw_tokens.start[(units.first + units.last) // 2]
    for i, page in enumerate(pages):
        raw = np.frombuffer(page.text.encode(), np.uint8)
        begins = np.append(0, np.flatnonzero(raw == 10) + 1)
        rows = slice(units.offsets[i], units.offsets[i + 1])
        line[rows] = np.searchsorted(begins, middle[rows], side="right") - 1
        for row in range(rows.start, rows.stop):
            allowed[row, ALLOWED.get(page.labels[line[row]], slice(None))] = True
    if pretend:  # furniture recurs in real corpora; now and then a background paragraph does
        chance = np.random.default_rng(0)
        likely = np.where(allowed[:, 0] | allowed[:, 1], 0.004, 0.6)
        recurs = np.where(chance.random(len(units)) < likely, chance.integers(2, 9, len(units)), 0).astype(
            np.uint8
        )
    own = np.zeros(len(units), np.bool_), recurs
    features = table().holds(observe(seen, units, measures, *own))
    return Examples(
        table().names,
        csr_matrix(features.T, dtype=np.float32),
        allowed,
        units.offsets,
        line,
        np.minimum(words_of(measures) / WORD, MOST_WORDS),
        np.full(len(pages), weight),
        pages,
        [""] * len(pages),
    )


def joined(named: dict[str, Examples]) -> Examples:
    parts = list(named.values())
    sizes = np.concatenate([np.diff(p.offsets) for p in parts])
    return Examples(
        parts[0].names,
        vstack([p.features for p in parts]).tocsr(),
        np.concatenate([p.allowed for p in parts]),
        np.cumsum([0, *sizes]),
        np.concatenate([p.line for p in parts]),
        np.concatenate([p.words for p in parts]),
        np.concatenate([p.weight for p in parts]),
        [page for p in parts for page in p.pages],
        [name for name, p in named.items() for _ in p.pages],
    )


class Field:
    """A linear-chain conditional random field over partial labels, fitted by L-BFGS."""

    def __init__(
        self, votes: np.ndarray, transition: np.ndarray, opening: np.ndarray, closing: np.ndarray
    ) -> None:
        self.votes, self.transition, self.opening, self.closing = votes, transition, opening, closing

    @classmethod
    def fit(cls, name: str, data: Examples, steps: int = 120) -> Field:
        features, transposed, kinds = data.features, data.features.T.tocsr(), len(LABELS)
        split = features.shape[1] * kinds
        offsets = data.offsets.astype(np.int64)
        weight = data.weight.astype(float)
        by_row = np.repeat(weight, np.diff(offsets))
        costs = margins(data, COST_OF_REST[name])

        def unpack(v: np.ndarray) -> tuple[np.ndarray, ...]:
            votes, rest = v[:split].reshape(-1, kinds), v[split:].reshape(-1, kinds)
            return votes, rest[:kinds], rest[kinds], rest[kinds + 1]

        def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
            """Softmax-margin (Gimpel and Smith 2010): all paths with their costs against those allowed."""
            votes, *edges = unpack(v)
            scores = (features @ votes.astype(np.float32)).astype(float)
            total = 0.5 * RIDGE[name] * float(v @ v)
            share = np.zeros_like(scores)
            rest = RIDGE[name] * v[split:].reshape(-1, kinds)
            for sign, some, mask in ((1.0, scores + costs, 1.0), (-1.0, scores, data.allowed + 1e-200)):
                top = some.max(axis=1)
                potential = np.exp(some - top[:, None]) * mask
                total += sign * float(by_row @ top)
                total += expectations(
                    potential, offsets, sign * weight, *(np.exp(edge) for edge in edges), share, rest
                )
            votes_too = (transposed @ share.astype(np.float32)).astype(float) + RIDGE[name] * votes
            return total, np.append(votes_too.ravel(), rest.ravel())

        start = np.zeros(split + (kinds + 2) * kinds)
        bounds = signs(data.names, name == "page")
        best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
        return cls(*unpack(best.x))

    def as_json(self, names: list[str], bonus: float) -> dict[str, Any]:
        def row(values: np.ndarray) -> dict[str, float]:
            return {n: round(float(x), 3) for n, x in zip(LABELS, values, strict=True) if abs(x) >= 0.0005}

        votes = self.votes.copy()
        votes[names.index("always"), 0] += bonus
        return {
            "opening": row(self.opening),
            "closing": row(self.closing),
            "transition": {n: row(self.transition[i]) for i, n in enumerate(LABELS)},
            "features": {n: row(votes[i]) for i, n in enumerate(names)},
        }


OF_PAGES = ("beside it echoes", "little told")
"""Beginnings of features that weigh on pages only: labelled articles are too few to learn them from."""


def signs(names: list[str], is_page: bool) -> list[tuple[float | None, float | None]]:
    """Bounds of the weights: more cues of a kind never speak against it nor for body, nor does recurrence.

    Free weights were not so: a few articles about paywalls taught that many cues of an appeal make a body.
    """
    kinds = len(LABELS)
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * ((len(names) + kinds + 2) * kinds)
    for f, name in enumerate(names):
        kind, _, rest = name.partition(" ")
        if kind in LABELS and rest.startswith("cues "):
            bounds[f * kinds + LABELS.index(kind)] = (0.0, None)
        if name.startswith("recurs") or (kind in LABELS and rest.startswith("cues ")):
            bounds[f * kinds] = (None, 0.0)
        if name.startswith(OF_PAGES) and not is_page:
            bounds[f * kinds : f * kinds + kinds] = [(0.0, 0.0)] * kinds
    return bounds


def margins(data: Examples, cost_of_rest: float) -> np.ndarray:
    """float[U, K]: what each label would cost; wrong ones by the unit's words, 3 at most."""
    kinds = data.allowed.shape[1]
    body = data.allowed[:, 0] & ~data.allowed[:, 2:].any(axis=1)
    furniture = data.allowed[:, 2:].any(axis=1) & ~data.allowed[:, 0]
    costs = np.zeros((len(body), kinds))
    costs[:, 2:] += COST_OF_LOSS * (data.words / 20 * body)[:, None]
    costs[:, :2] += cost_of_rest * (data.words / 20 * furniture)[:, None]
    return costs


@njit(cache=True)
def expectations(
    potential: np.ndarray,
    offsets: np.ndarray,
    weight: np.ndarray,
    transition: np.ndarray,
    opening: np.ndarray,
    closing: np.ndarray,
    share: np.ndarray,
    edges: np.ndarray,
) -> float:
    """Forward and backward through each page: log of its sum over paths, times its weight, in all.

    Adds the weighted chance of each label to ``share``, float[U, K], that of each pair of neighbours, of each
    first and each last label to the rows of ``edges``, float[K + 2, K].
    """
    kinds = transition.shape[0]
    total = 0.0
    longest = 0
    for page in range(len(offsets) - 1):
        longest = max(longest, offsets[page + 1] - offsets[page])
    forward = np.zeros((longest, kinds))
    state, ahead = np.zeros(kinds), np.zeros(kinds)
    for page in range(len(offsets) - 1):
        first, size = offsets[page], offsets[page + 1] - offsets[page]
        if size == 0:
            continue
        for t in range(size):
            scale = 1e-300
            for j in range(kinds):
                reached = opening[j] if t == 0 else 0.0
                for i in range(kinds if t else 0):
                    reached += forward[t - 1, i] * transition[i, j]
                forward[t, j] = reached * potential[first + t, j]
                scale += forward[t, j]
            for j in range(kinds):
                forward[t, j] /= scale
            total += weight[page] * np.log(scale)
        end = 1e-300
        for j in range(kinds):
            end += forward[size - 1, j] * closing[j]
            state[j] = closing[j]
        total += weight[page] * np.log(end)
        for t in range(size - 1, -1, -1):
            norm = 1e-300
            for j in range(kinds):
                norm += forward[t, j] * state[j]
            for j in range(kinds):
                chance = forward[t, j] * state[j] * weight[page] / norm
                share[first + t, j] += chance
                if t == 0:
                    edges[kinds, j] += chance
                if t == size - 1:
                    edges[kinds + 1, j] += chance
            if t > 0:
                for j in range(kinds):
                    ahead[j] = potential[first + t, j] * state[j]
                norm = scale = 1e-300
                for i in range(kinds):
                    state[i] = 0.0
                    for j in range(kinds):
                        state[i] += transition[i, j] * ahead[j]
                    norm += forward[t - 1, i] * state[i]
                    scale += state[i]
                for i in range(kinds):
                    for j in range(kinds):
                        edges[i, j] += weight[page] / norm * forward[t - 1, i] * transition[i, j] * ahead[j]
                    state[i] /= scale
    return total


def fold_of(outlet: str | None) -> int:
    """The fold an outlet is left out in."""
    return int(hashlib.md5((outlet or "").encode()).hexdigest(), 16) % FOLDS  # noqa: S324


def leave_out(sets: Sets) -> list[dict[str, Any]]:
    """For each fold, weights that never saw its outlets."""
    data = {name: joined(make()) for name, make in sets.items()}
    return [
        {
            name: fitted(name, d.part([i for i, page in enumerate(d.pages) if fold_of(page.group) != fold]))
            for name, d in data.items()
        }
        for fold in range(FOLDS)
    ]


def check(shared: Path, learned: list[dict[str, Any]]) -> dict[str, float]:
    """Strip each outlet's pages by weights that never saw it, and score them as ``quality.py`` does."""

    def spans(rows: list[dict[str, Any]], recurring: Recurring | None) -> dict[str, Any]:
        found = {}
        for fold, raw in enumerate(learned):
            mine = [Document.from_record(r) for r in rows if r["text"] and fold_of(r["source"]) == fold]
            if mine:
                batch = batch_of(mine)
                with patch.object(model, "weights", cache(partial(Weights.of, raw))):
                    cleaned = clean_texts(batch, recurring)
                for document, clean in zip(mine, cleaned, strict=True):
                    found[document.id] = [(span.start, span.end) for span in clean.removed]
        return found

    def alone(record: dict[str, Any]) -> Any:
        return spans([record], None).get(record["id"], [])

    def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch = batch_of([Document.from_record(r) for r in rows if r["text"]])
        return spans(rows, pipeline.learn([batch]))

    lines = {  # what a reader was not sure of counts neither way
        r["id"]: ["empty" if label == "unknown" else label for label in r["labels"]]
        for path in line_labels(shared)
        for r in records(path)
    }
    articles = quality.Labelled(list(records(shared / "data" / "helsinki" / "helsinki.jsonl")), [], lines)
    with patch.multiple(quality, strip=alone, strip_corpus=together):
        scores = quality.score_lines("helsinki", articles)
        scores |= quality.score_fundus(shared)
        return scores | quality.score_trafilatura_eval(shared, others=False)


def training_sets(shared: Path, every: int) -> Sets:
    """By model, what makes its examples."""
    chance, lines = random.Random(0), furniture()  # noqa: S311
    texts, agency = extracted(shared), wire(shared, 30)
    more = [furnished(page, lines, chance) for _ in range(DRAWS) for page in texts]
    news, web = fundus(shared), trafilatura(shared, every)
    cut_news, cut_web = cut_down(news * 2 * DRAWS, chance), cut_down(web * DRAWS, chance)
    disordered = [disturbed(page, chance) for page in more]
    run_together = [glued(page, chance) for page in more]
    abroad = invented(chance)
    abroad_glued = [glued(page, chance) for page in abroad]

    def drawn(pages: list[Page], weight: float, **how: bool) -> Examples:
        return examples(pages, weight / DRAWS, **how)

    def unbroken(pages: list[Page]) -> list[Page]:
        return [replace(page, unbroken=True) for page in pages]

    return {
        "article": lambda: {
            "text": examples(texts, 1.0),
            "changed": drawn(disordered, 0.5),
            "invented": drawn([disturbed(page, chance) for page in abroad], 0.5),
            "recurring": drawn(more, 0.5, pretend=True),
            "wire": examples(agency, 0.2),
            "fundus": drawn(cut_news, 0.5),
            "trafilatura_eval": drawn(cut_web, 0.4),
        },
        "sentence": lambda: {
            "text": examples(unbroken(texts), 1.0),
            "changed": drawn(unbroken(more), 0.4),
            "invented": drawn(unbroken(abroad), 0.4),
            "invented, glued": drawn(abroad_glued, 0.4, by_sentences=True),
            "glued": drawn(run_together, 0.9, by_sentences=True),
            "wire": examples(unbroken(agency), 0.2),
        },
        "page": lambda: {
            "fundus, learned": examples(news, 1.0, learn=True),
            "fundus": examples(news, 0.5),
            "trafilatura_eval": examples(web, 0.3),
            "text": examples(texts, 0.5),  # tells the kinds apart
        },
    }


def fitted(name: str, data: Examples) -> dict[str, Any]:
    """A model's weights by name."""
    return Field.fit(name, data).as_json(data.names, BODY_BONUS[name])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument(
        "--check", action="store_true", help="cross-validate by outlet instead of writing weights"
    )
    parser.add_argument("--keep", metavar="NAME", help="keep its scores as benchmarks/results/NAME.json")
    parser.add_argument("--only", choices=list(BODY_BONUS), action="append")
    parser.add_argument("--every", type=int, default=1, help="use every n-th page of trafilatura_eval")
    options = parser.parse_args()
    sets = training_sets(options.shared, options.every)
    if options.check:
        scores = check(options.shared, leave_out(sets))
        if options.keep:
            keep(options.keep, {"machine": machine(), "scores": scores})
        return
    weights = json.loads(WEIGHTS.read_text("utf-8")) if WEIGHTS.exists() else {}
    weights["version"] = 2
    for name in options.only or list(BODY_BONUS):
        weights[name] = fitted(name, joined(sets[name]()))
    kept = {name: weights[name] for name in ("version", "article", "page", "sentence") if name in weights}
    WEIGHTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
