"""Train the weights of ``dedup.boilerplate`` on labelled pages.

They are written to ``dedup/boilerplate/data/weights.json``.

    python benchmarks/train_boilerplate.py ../shared [--check]

Two models: ``article`` for text that was extracted from a page (labels: gold/helsinki_paragraphs.jsonl and
benchmarks/data/boilerplate_labels.jsonl, by line), ``page`` for everything visible on one (fundus: blocks
that are in the gold article are body, others are not; trafilatura_eval: blocks that hold a segment to keep
or to drop, the rest unknown). A conditional random field with partial labels: a block may be any of the
labels its source allows, so weak labels need no guesses. ``--check`` fits on two thirds of the outlets at a
time and scores the outlets left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import numpy as np
import pyarrow as pa
from scipy.optimize import minimize

from dedup.boilerplate.features import feature_matrix, suspects
from dedup.boilerplate.model import LABELS
from dedup.boilerplate.recurring import block_table, find_recurring
from dedup.boilerplate.units import dated_openings, measure, sentence_ends, surface, units_of
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "dedup" / "boilerplate" / "data" / "weights.json"
FOLDS = 3
RIDGE = 0.5
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
BODY_BONUS = {"article": 0.0, "page": 1.2, "sentence": 1.2}
"""Added to body's weight of "always": a sentence lost costs more than furniture kept."""


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


def extracted(shared: Path) -> list[Page]:
    documents = {r["id"]: r for r in records(shared / "data" / "helsinki" / "helsinki.jsonl")}
    labels = [shared / "gold" / "helsinki_paragraphs.jsonl", HERE / "data" / "boilerplate_labels.jsonl"]
    rows = [r for path in labels for r in records(path)]
    return [Page(documents[r["id"]]["source"], documents[r["id"]]["text"], r["labels"]) for r in rows]


def disturbed(page: Page, chance: random.Random) -> Page:
    """The page with some paragraphs cut in pieces, as links and tags do it, some with a credit behind."""
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
        "appeal": [0, top, top, middle, bottom, bottom],
        "caption": [top, top, middle],
        "credit": [bottom],
        "nav": [middle, bottom],
        "body": [top, top + 1, middle, bottom - 1],
    }
    kinds = [*places, "body", "body", "body"]
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


def one_line(text: str) -> str:
    return " ".join(text.split())


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
        pages.append(Page(r["outlet"], "\n".join(map(one_line, r["blocks"])), labels))
    return pages


def trafilatura(shared: Path, every: int) -> list[Page]:
    pages = []
    for number, r in enumerate(records(shared / "data" / "trafilatura_eval" / "pages.jsonl")):
        if number % every:
            continue
        lines = [one_line(block) for block in r["blocks"]]
        if len(lines) > 400:
            continue  # a page as long as five teaches no more than one
        labels = ["unknown"] * len(lines)
        for segment in filter(None, map(one_line, r["must_drop"])):
            for i, line in enumerate(lines):
                if segment in line and len(line) <= 4 * len(segment) + 20:
                    labels[i] = "other"
        for segment in filter(None, map(one_line, r["must_keep"])):
            labels = ["body" if segment in line else label for line, label in zip(lines, labels, strict=True)]
        pages.append(Page(urlparse(r["url"]).netloc, "\n".join(lines), labels))
    return pages


@dataclass
class Examples:
    """Feature rows of many pages: row i may be allowed[i], lies in line line[i] of its page."""

    names: list[str]
    features: np.ndarray
    allowed: np.ndarray
    offsets: np.ndarray
    line: np.ndarray
    weight: np.ndarray
    pages: list[Page]

    def part(self, chosen: list[int]) -> Examples:
        rows = np.concatenate([np.arange(self.offsets[i], self.offsets[i + 1]) for i in chosen])
        sizes = [self.offsets[i + 1] - self.offsets[i] for i in chosen]
        return Examples(
            self.names,
            self.features[rows],
            self.allowed[rows],
            np.cumsum([0, *sizes]),
            self.line[rows],
            self.weight[chosen],
            [self.pages[i] for i in chosen],
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
    tokens = tokenize(batch.column("text"))
    look = surface(tokens, batch.column("text"))
    ends = sentence_ends(tokens, look)
    cut = np.repeat([page.unbroken for page in pages], np.diff(tokens.block_offsets))
    units = units_of(tokens, ends, cut, dated_openings(tokens, look))
    measures = measure(tokens, look, units)
    if by_sentences:
        units = units_of(tokens, ends, cut | suspects(tokens, units, measures), dated_openings(tokens, look))
        measures = measure(tokens, look, units)
    recurs = np.zeros(len(units), np.uint8)
    if learn:
        recurs = find_recurring(block_table(tokens, batch)).marks(batch, units, measures.whole)
    allowed = np.zeros((len(units), len(LABELS)), np.bool_)
    line = np.zeros(len(units), np.int64)
    middle = tokens.start[(units.first[:-1] + units.first[1:]) // 2]
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
    names, features = feature_matrix(units, measures, np.zeros(len(units), np.bool_), recurs)
    return Examples(
        names, features.astype(float), allowed, units.offsets, line, np.full(len(pages), weight), pages
    )


def joined(parts: list[Examples]) -> Examples:
    sizes = np.concatenate([np.diff(p.offsets) for p in parts])
    return Examples(
        parts[0].names,
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("features", "allowed")),
        np.cumsum([0, *sizes]),
        np.concatenate([p.line for p in parts]),
        np.concatenate([p.weight for p in parts]),
        [page for p in parts for page in p.pages],
    )


class Field:
    """A linear-chain conditional random field over partial labels, fitted by L-BFGS."""

    def __init__(
        self, votes: np.ndarray, transition: np.ndarray, opening: np.ndarray, closing: np.ndarray
    ) -> None:
        self.votes, self.transition, self.opening, self.closing = votes, transition, opening, closing

    @classmethod
    def fit(cls, data: Examples, steps: int = 150) -> Field:
        features, kinds = data.features, len(LABELS)
        sizes = np.diff(data.offsets)
        groups = []  # pages of like length and weight go through the recursions side by side
        for weight in np.unique(data.weight):
            chosen = np.flatnonzero((data.weight == weight) & (sizes > 0))
            chosen = chosen[np.argsort(sizes[chosen], kind="stable")]
            for some in np.array_split(chosen, max(1, len(chosen) // 40)):
                rows = np.concatenate([np.arange(data.offsets[i], data.offsets[i + 1]) for i in some])
                column = np.repeat(np.arange(len(some)), sizes[some])
                place = np.concatenate([np.arange(sizes[i]) for i in some])
                groups.append((weight, rows, place, column, sizes[some]))
        split = features.shape[1] * kinds

        def unpack(v: np.ndarray) -> tuple[np.ndarray, ...]:
            votes, rest = v[:split].reshape(-1, kinds), v[split:].reshape(-1, kinds)
            return votes, rest[:kinds], rest[kinds], rest[kinds + 1]

        def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
            votes, transition, opening, closing = unpack(v)
            scores = features @ votes
            potential = np.exp(scores - scores.max(axis=1, keepdims=True))
            total = 0.5 * RIDGE * float(v @ v)
            by_row = np.zeros_like(potential)
            rest = RIDGE * v[split:].reshape(-1, kinds)
            edges = np.exp(transition), np.exp(opening), np.exp(closing)
            for weight, rows, place, column, lengths in groups:
                last = np.cumsum(lengths) - 1
                for sign, values in (
                    (1, potential[rows]),
                    (-1, potential[rows] * data.allowed[rows] + 1e-200),
                ):
                    log_z, share, pairs = expectations(values, *edges, place, column, lengths)
                    total += sign * weight * log_z
                    by_row[rows] += sign * weight * share
                    rest[:kinds] += sign * weight * pairs
                    rest[kinds] += sign * weight * share[place == 0].sum(axis=0)
                    rest[kinds + 1] += sign * weight * share[last].sum(axis=0)
            return total, np.append((features.T @ by_row + RIDGE * votes).ravel(), rest.ravel())

        start = np.zeros(split + (kinds + 2) * kinds)
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
        return cls(*unpack(best.x))

    def labels(self, features: np.ndarray, offsets: np.ndarray, bonus: float) -> np.ndarray:
        scores = features @ self.votes
        scores[:, 0] += bonus
        found = np.zeros(len(scores), np.int64)
        for first, last in pairwise(offsets):
            if first == last:
                continue
            value, back = scores[first] + self.opening, []
            for u in range(first + 1, last):
                through = value[:, None] + self.transition
                back.append(through.argmax(axis=0))
                value = through.max(axis=0) + scores[u]
            chosen = int((value + self.closing).argmax())
            for u in range(last - 1, first - 1, -1):
                found[u] = chosen
                if u > first:
                    chosen = int(back[u - first - 1][chosen])
        return found

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


def expectations(
    values: np.ndarray,
    transition: np.ndarray,
    opening: np.ndarray,
    closing: np.ndarray,
    place: np.ndarray,
    column: np.ndarray,
    lengths: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log of the partition sum, share of each label in each row, expected transitions."""
    longest, pages, kinds = int(lengths.max()), len(lengths), len(opening)
    table = np.ones((longest, pages, kinds))
    table[place, column] = values
    there = np.arange(longest)[:, None] < lengths
    forward, backward = np.zeros_like(table), np.zeros_like(table)
    log_z = 0.0
    state = opening * table[0]
    for t in range(longest):
        if t:
            state = np.where(there[t][:, None], (forward[t - 1] @ transition) * table[t], forward[t - 1])
        scale = np.maximum(state.sum(axis=1, keepdims=True), 1e-300)
        log_z += float(np.log(scale).sum())
        state = forward[t] = state / scale
    log_z += float(np.log(np.maximum(forward[-1] @ closing, 1e-300)).sum())
    pairs = np.zeros((kinds, kinds))
    state = np.tile(closing, (pages, 1))
    for t in range(longest - 1, -1, -1):
        backward[t] = state
        if t:
            now = there[t]
            ahead = table[t] * state
            before = forward[t - 1][now]
            norm = np.einsum("ni,ij,nj->n", before, transition, ahead[now])
            pairs += transition * (before.T @ (ahead[now] / np.maximum(norm, 1e-300)[:, None]))
            following = ahead @ transition.T
            following /= np.maximum(following.sum(axis=1, keepdims=True), 1e-300)
            state = np.where(now[:, None], following, state)
    share = (forward * backward)[place, column]
    return log_z, share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300), pairs


def check(name: str, data: Examples, kind_of: Callable[[Page, float], str]) -> None:
    """Fit on some outlets, score the others; characters without white space."""
    fold = np.array([int(hashlib.md5(p.group.encode()).hexdigest(), 16) % FOLDS for p in data.pages])  # noqa: S324
    outcome = []
    for left_out in range(FOLDS):
        field = Field.fit(data.part(np.flatnonzero(fold != left_out).tolist()))
        outcome.append((data.part(np.flatnonzero(fold == left_out).tolist()), field))
    for bonus in (-0.4, 0.0, 0.4, 0.8, 1.2):
        sums: dict[str, dict[str, list[int]]] = {}
        for part, field in outcome:
            labels = field.labels(part.features, part.offsets, bonus)
            for i, page in enumerate(part.pages):
                if part.weight[i] == 0.25:
                    continue  # a changed copy
                lines = page.text.split("\n")
                for row in range(part.offsets[i], part.offsets[i + 1]):
                    gold = page.labels[part.line[row]]
                    cell = sums.setdefault(kind_of(page, part.weight[i]), {}).setdefault(gold, [0, 0])
                    size = len("".join(lines[part.line[row]].split()))
                    cell[0] += size * bool(labels[row] > 1)
                    cell[1] += size
        for kind, cells in sums.items():
            body, title = cells.get("body", [0, 1]), cells.get("title", [0, 0])
            rest = {k: v for k, v in cells.items() if k not in ("body", "title", "unknown", "empty")}
            hit, all_ = sum(v[0] for v in rest.values()), sum(v[1] for v in rest.values())
            print(
                f"{name} {kind} bonus {bonus}: precision {hit / max(1, hit + body[0] + title[0]):.4f}"
                f" recall {hit / max(1, all_):.4f} body loss {100 * body[0] / body[1]:.3f} %",
                {k: round(v[0] / max(1, v[1]), 3) for k, v in rest.items()},
                flush=True,
            )


def kind(page: Page, weight: float) -> str:
    """What a row of the check is about."""
    if page.group.isalpha():
        return "fundus, learned" if weight == 1 else "fundus"
    return (
        "one line"
        if page.unbroken
        else "text"
        if weight in (0.8, 1)
        else "page"
        if weight == 0.2
        else "glued"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument(
        "--check", action="store_true", help="cross-validate by outlet instead of writing weights"
    )
    parser.add_argument("--only", choices=["article", "page"])
    parser.add_argument("--every", type=int, default=3, help="use every n-th page of trafilatura_eval")
    options = parser.parse_args()
    sets: dict[str, Examples] = {}
    if options.only != "page":
        texts, chance, lines = extracted(options.shared), random.Random(0), furniture()  # noqa: S311
        more = [furnished(page, lines, chance) for page in texts]
        sets["article"] = joined(
            [
                examples(texts, 1.0),
                examples([disturbed(page, chance) for page in more], 0.25),
                examples(more, 0.25, pretend=True),
                examples(wire(options.shared, 30), 0.2),
            ]
        )
        sets["sentence"] = joined(
            [
                examples([replace(page, unbroken=True) for page in texts], 1.0),
                examples([replace(page, unbroken=True) for page in more], 0.25),
                examples([glued(page, chance) for page in more], 0.9, by_sentences=True),
                examples([replace(page, unbroken=True) for page in wire(options.shared, 30)], 0.2),
            ]
        )
    if options.only != "article":
        news = fundus(options.shared)
        sets["page"] = joined(
            [
                examples(news, 1.0, learn=True),
                examples(news, 0.5),
                examples(trafilatura(options.shared, options.every), 0.2),
                examples(extracted(options.shared), 0.8),  # tells the kinds apart
                examples([page for page in wire(options.shared, 10) if len(page.labels) >= 40], 0.3),
            ]
        )
    if options.check:
        for name, data in sets.items():
            check(name, data, kind)
        return
    weights = json.loads(WEIGHTS.read_text("utf-8")) if WEIGHTS.exists() else {}
    weights["version"] = 1
    for name, data in sets.items():
        weights[name] = Field.fit(data).as_json(data.names, BODY_BONUS[name])
    kept = {name: weights[name] for name in ("version", "article", "page", "sentence") if name in weights}
    WEIGHTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
