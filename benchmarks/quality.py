"""Score the judgements against labels made by reading, beside plain MinHash-LSH on the same text.

    python benchmarks/quality.py --data FOLDER                 every data set there is
    python benchmarks/quality.py --only helsinki --errors      with the pairs judged wrongly
    python benchmarks/quality.py --only helsinki --sweep version_coverage=0.3,0.4,0.5
    python benchmarks/quality.py --only helsinki --ablation    with the layers of stripping on one by one
    python benchmarks/quality.py --truth CORPUS --run OUT      a finished run against a generated corpus
    python benchmarks/quality.py --floor benchmarks/floors.json

FOLDER holds ``data/`` and ``gold/``; without it, and without DEDUP_DATA, only the corpora of this
repository are scored.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _common import DEDUP, ROOT, data_folder, describe, keep, load_jsonl, machine, table
from scores import (
    FAMILY_KINDS,
    REUSE_KINDS,
    Label,
    below_floor,
    cluster_counts,
    confusion,
    cross_validate,
    false_merges,
    family_counts,
    fuller_first,
    groups,
    is_wrong,
    partition_recall,
    reuse_counts,
    strip_scores,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Record = dict[str, Any]
Spans = list[tuple[int, int]]
KINDS = ("exact", "near", "version", "partial", "quote", "none")
LABELS = ("same", "version", "partial", "quote", "boilerplate", "template", "unrelated")
OWN = ROOT / "benchmarks" / "data"
WRITTEN = tuple(sorted(path.parent.name for path in OWN.glob("*/pairs.jsonl")))
"""Corpora written for this, with their labels: folders of ``OWN``."""
HERE = ("seeds", *WRITTEN)
"""Data sets that are in this repository."""
BOILERPLATE = ("appeal", "caption", "credit", "nav", "widget", "meta")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a method said of a data set: kind by pair, family by id, and a line of evidence by pair.

    ``places`` by id: in the order by which a family's canonical version is chosen.
    """

    kinds: Mapping[tuple[str, str], str]
    families: Mapping[str, Any]
    evidence: Mapping[tuple[str, str], str] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Articles with labelled pairs and, by id, labelled lines."""

    records: list[Record]
    labels: list[Label]
    lines: Mapping[str, list[str]] = field(default_factory=dict)


# Data sets: each a function from folder to records and labels.


def helsinki(folder: Path) -> Labelled:
    """612 articles of two days, 302 pairs, the lines of 48."""
    return Labelled(
        load_jsonl(folder / "data/helsinki/helsinki.jsonl"),
        read_labels(folder / "gold/helsinki_pairs.jsonl"),
        read_lines(folder / "gold/helsinki_paragraphs.jsonl"),
    )


def second(folder: Path) -> Labelled:
    """120 other pairs of helsinki."""
    return Labelled(
        load_jsonl(folder / "data/helsinki/helsinki.jsonl"), read_labels(OWN / "helsinki_pairs.jsonl")
    )


def fnc1(folder: Path) -> Labelled:
    """1,683 articles, without dates and sources, on stories that spread; 403 pairs, the lines of 130."""
    return Labelled(
        load_jsonl(folder / "data/fnc1/train_bodies.jsonl"),
        read_labels(OWN / "fnc1_pairs.jsonl"),
        read_lines(OWN / "fnc1_paragraphs.jsonl"),
    )


def written(name: str) -> Labelled:
    """Articles, pairs and lines of articles that somebody wrote and labelled who had not seen the library."""
    folder = OWN / name
    return Labelled(
        load_jsonl(folder / "articles.jsonl"),
        read_labels(folder / "pairs.jsonl"),
        read_lines(folder / "lines.jsonl"),
    )


def seeds() -> Labelled:
    """The corpus of the project; a page of HTML is read as trafilatura reads it."""
    from dedup.io.text import load_text

    folder = ROOT / "seeds"
    records = [r for path in sorted(folder.rglob("*.jsonl")) for r in load_jsonl(path)]
    records += [load_text(path.read_bytes(), path.name) for path in sorted(folder.rglob("*.txt"))]
    pages = sorted(folder.rglob("*.html"))
    if pages:
        try:
            import trafilatura
        except ImportError:
            print("seeds: the HTML page is left out, trafilatura is not installed", file=sys.stderr)
        else:
            for path in pages:
                text = trafilatura.extract(path.read_text("utf-8"), include_comments=False)
                records.append({"id": path.name, "text": text or ""})
    known = {r["id"] for r in records}
    labels = [x for x in read_labels(folder / ".labels/pairs.ndjson") if {x.a, x.b} <= known]
    lines = read_lines(folder / ".labels/paragraphs.ndjson")
    own = {i: x for i, x in lines.items() if i in known and not i.endswith(".html")}
    return Labelled(records, labels, own)


def read_labels(path: Path) -> list[Label]:
    """Labelled pairs of a JSON Lines file."""
    names = Label.__dataclass_fields__
    return [
        Label(**{k: v for k, v in row.items() if k in names and v is not None}) for row in load_jsonl(path)
    ]


def read_lines(path: Path) -> dict[str, list[str]]:
    """Labels of the lines of articles, by id, of a JSON Lines file."""
    return {d["id"]: d["labels"] for d in load_jsonl(path)}


# Methods.


def ours(records: list[Record], labels: Sequence[Label], **settings: Any) -> Judged:
    """This library, through its public calls."""
    import dedup
    from dedup.canonical import ranks

    options = {"settings": dedup.Settings(**settings)} if settings else {}
    result = dedup.find_families(records, **options)
    kinds, evidence = {}, {}
    for label in labels:
        relation = result.relation(*label.key)
        kinds[label.key] = str(relation.relation)
        evidence[label.key] = (
            f"coverage {relation.coverage_a:.2f} {relation.coverage_b:.2f}, shared {relation.shared_words}, "
            f"narrative {relation.narrative_words}{', roundup' if relation.roundup else ''}"
        )
    families = {member_id(m): family.id for family in result.families for m in family.members}
    judged = result._judged  # the whole order; a result tells only which version comes first
    places = ranks(judged.versions, judged.family, result.settings).tolist()
    return Judged(kinds, families, evidence, dict(zip(result._id_column.to_pylist(), places, strict=True)))


def member_id(member: Any) -> str:
    """Id of a family's member, given as the id itself or as an object that has one."""
    return member if isinstance(member, str) else member.id


def lsh(records: list[Record], labels: Sequence[Label], threshold: float, size: int = 5) -> Judged:
    """Plain datasketch: word n-grams of the raw text, verified by estimated Jaccard, components."""
    import xxhash
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=128)
    sketches: dict[str, MinHash] = {}
    for record in records:
        words = re.findall(r"\w+", record["text"].lower())
        grams = {" ".join(words[i : i + size]).encode() for i in range(max(1, len(words) - size + 1))}
        sketch = MinHash(num_perm=128, hashfunc=xxhash.xxh32_intdigest)
        sketch.update_batch(list(grams))
        sketches[record["id"]] = sketch
        index.insert(record["id"], sketch)
    found = {
        (min(a, b), max(a, b))
        for a, sketch in sketches.items()
        for b in index.query(sketch)
        if a != b and sketch.jaccard(sketches[b]) >= threshold
    }
    return Judged(dict.fromkeys(found, "near"), groups(sketches, found))


METHODS: dict[str, Callable[..., Judged]] = {
    "dedup": ours,
    "datasketch LSH 0.5": lambda records, labels: lsh(records, labels, 0.5),
    "datasketch LSH 0.8": lambda records, labels: lsh(records, labels, 0.8),
    "LSH, 3-grams, 0.3": lambda records, labels: lsh(records, labels, 0.3, size=3),  # what suits news best
}


def strip(record: Record) -> Spans:
    """Removed spans of one article by itself."""
    import dedup

    clean = dedup.strip_boilerplate(record["text"], title=record.get("title"))
    return [(r.start, r.end) for r in clean.removed]


def strip_corpus(records: list[Record]) -> dict[str, Spans]:
    """Removed spans of articles as one corpus, what recurs in a source learned: ``dedup clean``."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        given.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
        done = subprocess.run(
            [*DEDUP, "clean", given, "-o", made], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError((done.stderr.strip() or "dedup clean failed").splitlines()[-1])
        return {r["id"]: [(x["start"], x["end"]) for x in r["removed"]] for r in load_jsonl(made)}


# Sections: each prints its table and returns its scores by name.


def score_pairs(name: str, data: Labelled, args: argparse.Namespace) -> dict[str, float]:
    """Pairs: the table of methods, then for ours the confusion, the errors, the sweep."""
    rows, scores = [], {}
    for method, judge in METHODS.items():
        if method != "dedup" and args.no_baselines:
            continue
        began = time.perf_counter()
        try:
            judged = judge(data.records, data.labels)
        except ImportError as error:
            print(f"{name}: {method} left out: {error}", file=sys.stderr)
            continue
        seconds = time.perf_counter() - began
        family, reuse = family_counts(data.labels, judged.kinds), reuse_counts(data.labels, judged.kinds)
        recall = partition_recall(data.labels, judged.families)
        merges = false_merges(data.labels, judged.families)
        ratios = (f"{x:.2f}" for c in (family, reuse) for x in (c.precision, c.recall))
        rows.append([method, *ratios, family.f1, reuse.f1, recall, merges, f"{seconds:.1f}"])
        values = {
            "family_f1": family.f1,
            "reuse_f1": reuse.f1,
            "partition_recall": recall,
            "false_merges": merges,
        }
        values |= {"family_precision": family.precision, "family_recall": family.recall}
        values |= {"reuse_precision": reuse.precision, "reuse_recall": reuse.recall}
        prefix = name if method == "dedup" else f"{name} {method}"
        scores |= {f"{prefix}.{key}": value for key, value in values.items()}
        if method == "dedup":
            ours_judged = judged
    header = ["method", "fam P", "fam R", "re P", "re R", "fam F1", "re F1", "part R", "merges", "s"]
    table(f"{name}: {len(data.records)} articles, {len(data.labels)} labelled pairs", header, rows)
    if f"{name}.family_f1" in scores:
        show_confusion(data.labels, ours_judged)
        fuller = fuller_first(data.labels, ours_judged.families, ours_judged.places)
        print(f"\nfuller version first: {fuller.hit} of {fuller.hit + fuller.wrong} pairs of one family")
        scores[f"{name}.fuller_first"] = fuller.precision
        if args.errors:
            show_errors(data.labels, ours_judged)
    return scores


def show_confusion(labels: Sequence[Label], judged: Judged) -> None:
    """Label by relation, for ours."""
    counts = confusion(labels, judged.kinds)
    rows = [[label, *(counts[label, kind] or "·" for kind in KINDS)] for label in LABELS]
    table("label × relation", ["", *KINDS], rows)


def show_errors(labels: Sequence[Label], judged: Judged) -> None:
    """Each wrong pair whose label is sure, with the evidence and the reader's note."""
    wrong = [x for x in labels if x.confidence >= 0.7 and is_wrong(x, judged.kinds.get(x.key, "none"))]
    print(f"\n{len(wrong)} wrong pairs of confidence 0.7 or more")
    for x in sorted(wrong, key=lambda x: -x.confidence):
        kind = judged.kinds.get(x.key, "none")
        print(f"{x.label} → {kind}  {x.a} {x.b}  {x.confidence:.2f}{'  roundup' if x.roundup else ''}")
        print(f"    {judged.evidence.get(x.key, '')} | {x.note}")


def sweep(name: str, data: Labelled, grid: Mapping[str, Sequence[float]], folds: int) -> dict[str, float]:
    """Every combination of settings, and what cross-validation makes of choosing among them."""
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    judged = [ours(data.records, data.labels, **point) for point in points]
    rows: list[list[Any]] = []
    scores: dict[str, float] = {}
    for point, said in zip(points, judged, strict=True):
        text = ", ".join(f"{k}={v:g}" for k, v in point.items())
        family, reuse = family_counts(data.labels, said.kinds).f1, reuse_counts(data.labels, said.kinds).f1
        recall, merges = (
            partition_recall(data.labels, said.families),
            false_merges(data.labels, said.families),
        )
        rows.append([text, family, reuse, recall, merges])
        values = {"family_f1": family, "reuse_f1": reuse, "partition_recall": recall, "false_merges": merges}
        scores |= {f"{name} {text}.{key}": value for key, value in values.items()}
    table(f"{name}: sweep", ["settings", "fam F1", "re F1", "part R", "merges"], rows)

    for measure, counts in (("family F1", family_counts), ("reuse F1", reuse_counts)):

        def score(number: int, part: Sequence[Label], counts: Any = counts) -> float:
            return counts(part, judged[number].kinds).f1

        chosen, held_out = cross_validate(data.labels, range(len(points)), score, folds)
        texts = ["; ".join(f"{k}={v:g}" for k, v in points[c].items()) for c in chosen]
        mean = sum(held_out) / len(held_out)
        print(f"{measure}, {len(held_out)} folds: mean held-out {mean:.3f}")
        for text, value in zip(texts, held_out, strict=True):
            print(f"    {value:.3f} with {text}")
        scores[f"{name} {' '.join(grid)} chosen by {measure}.held_out"] = mean
    return scores


def ablate(name: str, data: Labelled) -> dict[str, float]:
    """Scores without stripping, with its layers on one after another, and with each off in turn."""
    import layers

    points: dict[str, Iterable[str] | None] = {"nothing stripped": None}
    points |= {f"+ {layer}": layers.LAYERS[: i + 1] for i, layer in enumerate(layers.LAYERS)}
    points |= {f"all but {out}": [x for x in layers.LAYERS if x != out] for out in layers.LAYERS[:-1]}
    rows, scores = [], {}
    for point, wanted in points.items():
        with layers.only(wanted or ()):
            said = ours(data.records, data.labels, strip=wanted is not None)
            spans = layers.strip_together(data.records) if wanted else {}
        texts = {r["id"]: r["text"] for r in data.records}
        lines = strip_scores((texts[i], labels, spans.get(i, [])) for i, labels in data.lines.items())
        values = {
            "family_f1": family_counts(data.labels, said.kinds).f1,
            "reuse_f1": reuse_counts(data.labels, said.kinds).f1,
            "partition_recall": partition_recall(data.labels, said.families),
            "false_merges": false_merges(data.labels, said.families),
            "lines_recall": lines.counts.recall,
            "body_loss": lines.body_loss,
        }
        rows.append([point, *list(values.values())[:-1], f"{100 * lines.body_loss:.2f}"])
        scores |= {f"{name} {point}.{key}": value for key, value in values.items()}
    header = ["", "fam F1", "re F1", "part R", "merges", "lines R", "loss %"]
    table(f"{name}: layers of stripping, weights not learned again", header, rows)
    return scores


def show_cross_validation(name: str, data: Labelled, folds: int) -> None:
    """Scores of the default settings fold by fold: how far the figure hangs on which groups were labelled."""
    said = ours(data.records, data.labels)
    rows = []
    for measure, counts in (("family F1", family_counts), ("reuse F1", reuse_counts)):
        _, held = cross_validate(data.labels, [0], lambda _, part, c=counts: c(part, said.kinds).f1, folds)
        rows.append([measure, sum(held) / len(held), min(held), max(held)])
    table(f"{name}: defaults over {folds} folds by connected groups", ["", "mean", "least", "most"], rows)


def score_lines(name: str, data: Labelled) -> dict[str, float]:
    """Boilerplate on labelled lines, each article by itself and learned from the corpus."""
    by_id = {r["id"]: r for r in data.records}
    methods: dict[str, Callable[[], dict[str, Spans]]] = {
        "alone": lambda: {i: strip(by_id[i]) for i in data.lines},
        "in the corpus": lambda: strip_corpus(data.records),
    }
    rows, scores = [], {}
    for method, remove in methods.items():
        removed = remove()
        found = strip_scores(
            (by_id[i]["text"], labels, removed.get(i, [])) for i, labels in data.lines.items()
        )
        recalls = [found.kind_recall(k) for k in BOILERPLATE]
        rows.append(
            [method, found.counts.precision, found.counts.recall, f"{100 * found.body_loss:.2f}"]
            + [f"{r:.2f}" for r in recalls]
        )
        prefix = f"{name} lines" if method == "alone" else f"{name} lines in corpus"
        scores |= {f"{prefix}.precision": found.counts.precision, f"{prefix}.recall": found.counts.recall}
        scores |= {f"{prefix}.body_loss": found.body_loss}
        scores |= {f"{prefix}.{k}": r for k, r in zip(BOILERPLATE, recalls, strict=True)}
    header = ["stripped", "prec", "recall", "loss %", *BOILERPLATE]
    table(f"{name}: boilerplate of {len(data.lines)} articles, characters", header, rows)
    return scores


def score_tgcontest(folder: Path, args: argparse.Namespace) -> dict[str, float]:
    """Same event or not: looser than duplicate, so only BAD pairs count against us."""
    pairs = load_jsonl(folder / "data/tgcontest/pairs_en.jsonl")
    records = [
        {"id": f"{i}{side}", "text": p[side]["text"], "title": p[side]["title"], "url": p[side]["url"]}
        for i, p in enumerate(pairs)
        for side in "ab"
    ]
    labels = [Label(f"{i}a", f"{i}b", p["label"]) for i, p in enumerate(pairs)]
    return score_negatives("tgcontest", records, labels, lambda label: label == "BAD", args)


def score_news_story_chains(folder: Path, args: argparse.Namespace) -> dict[str, float]:
    """Articles on one subject: hard negatives; every related pair is listed to be looked at."""
    place = folder / "data/news_story_chains"
    records = [
        {"id": a["url"], "url": a["url"], "text": a["text"], "title": a["title"], "published": a["date"]}
        for a in load_jsonl(place / "articles.jsonl")
    ]
    labels = [
        Label(p["a"], p["b"], f"{p['coder1']}{p['coder2']}")
        for p in load_jsonl(place / "pairs_2coders.jsonl")
    ]
    return score_negatives("news_story_chains", records, labels, lambda _: True, args)


def score_negatives(
    name: str,
    records: list[Record],
    labels: Sequence[Label],
    negative: Callable[[str], bool],
    args: argparse.Namespace,
) -> dict[str, float]:
    """Count pairs that ought not to be related and are."""
    said = ours(records, labels)
    tally = collections.Counter((x.label, said.kinds[x.key]) for x in labels)
    names = sorted({x.label for x in labels})
    table(
        f"{name}: label × relation", ["", *KINDS], [[n, *(tally[n, k] or "·" for k in KINDS)] for n in names]
    )
    against = [x for x in labels if negative(x.label)]
    wrong = [x for x in against if said.kinds[x.key] in REUSE_KINDS]
    if args.errors:
        for x in wrong:
            print(f"{x.label} → {said.kinds[x.key]}  {said.evidence[x.key]}\n    {x.a}\n    {x.b}")
    joined = sum(said.kinds[x.key] in FAMILY_KINDS for x in against)
    return {f"{name}.related_share": len(wrong) / len(against), f"{name}.joined": joined}


def score_clough_stevenson(folder: Path) -> dict[str, float]:
    """Graded reuse: an answer's coverage by its original, by how much was taken over."""
    import dedup

    documents = {d["id"]: d for d in load_jsonl(folder / "data/clough_stevenson/docs.jsonl")}
    tally: dict[str, list[Any]] = collections.defaultdict(list)
    for answer in documents.values():
        if answer["source"]:
            tally[answer["label"]].append(dedup.compare(answer["text"], documents[answer["source"]]["text"]))
    rows, scores = [], {}
    for label in ("cut", "light", "heavy", "non"):
        found = tally[label]
        mean = sum(r.coverage_a for r in found) / len(found)
        counts = collections.Counter(str(r.relation) for r in found)
        rows.append([label, len(found), mean, *(counts[k] or "·" for k in KINDS)])
        scores[f"clough_stevenson.coverage_{label}"] = mean
    means = [row[2] for row in rows]
    scores["clough_stevenson.falls"] = float(all(a > b for a, b in itertools.pairwise(means)))
    scores["clough_stevenson.non_related"] = sum(str(r.relation) in REUSE_KINDS for r in tally["non"])
    table("clough_stevenson: coverage of the answer by its source", ["", "n", "mean", *KINDS], rows)
    return scores


def score_textreuse(folder: Path) -> dict[str, float]:
    """Two codes of law that match, and a third that matches neither."""
    import dedup

    texts = {
        d["id"]: d["text"] for d in load_jsonl(folder / "data/textreuse/docs.jsonl") if d["set"] == "legal"
    }
    rows = []
    for a, b in itertools.combinations(sorted(texts), 2):
        found = dedup.compare(texts[a], texts[b])
        names = " ".join(x.removesuffix(".txt") for x in (a, b))
        rows.append([names, str(found.relation), found.coverage_a, found.coverage_b, len(found.passages)])
    table("textreuse, legal", ["pair", "relation", "cover a", "cover b", "passages"], rows)
    related = {row[0]: row[1] != "none" for row in rows}
    right = sum(related[n] == ("nomatch" not in n) for n in related)
    return {"textreuse.right": right / len(rows)}


def squeeze(text: str) -> str:
    """Text without white space: what blocks and hand-made paragraphs are compared by."""
    return re.sub(r"\s+", "", text)


def one_line(block: str) -> str:
    """A block without line breaks of its own."""
    return " ".join(block.split())


def score_fundus(folder: Path) -> dict[str, float]:
    """Whole pages as blocks: those that stand in the hand-made article are body, the others ought to go."""
    pages = load_jsonl(folder / "data/fundus/pages.jsonl")
    records, labels = [], {}
    for page in pages:
        article = squeeze("".join(page["gold"]))
        blocks = list(map(one_line, page["blocks"]))
        records.append({"id": page["id"], "source": page["outlet"], "text": "\n".join(blocks)})
        labels[page["id"]] = [
            "empty" if not b else "body" if squeeze(b) in article and len(squeeze(b)) > 20 else "nav"
            for b in blocks
        ]

    def recurring() -> dict[str, Spans]:
        seen: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
        for r in records:
            for block in r["text"].split("\n"):
                seen[r["source"], block].add(r["id"])
        return {
            r["id"]: list(spans_of(r["text"], lambda b, r=r: len(seen[r["source"], b]) > 1)) for r in records
        }

    methods: dict[str, Callable[[], dict[str, Spans]]] = {
        "in two pages": recurring,
        "dedup alone": lambda: {r["id"]: strip(r) for r in records},
        "dedup corpus": lambda: strip_corpus(records),
    }
    rows, scores = [], {}
    for method, remove in methods.items():
        removed = remove()
        found = strip_scores((r["text"], labels[r["id"]], removed.get(r["id"], [])) for r in records)
        rows.append([method, found.counts.precision, found.counts.recall, f"{100 * found.body_loss:.2f}"])
        prefix = "fundus" if method == "dedup corpus" else f"fundus {method}"
        scores |= {f"{prefix}.precision": found.counts.precision, f"{prefix}.recall": found.counts.recall}
        scores |= {f"{prefix}.body_loss": found.body_loss}
    table(f"fundus: {len(pages)} pages", ["method", "precision", "recall", "loss %"], rows)
    return scores | score_frames(folder, [(r["text"].split("\n"), labels[r["id"]]) for r in records])


def score_frames(folder: Path, pages: list[tuple[list[str], list[str]]]) -> dict[str, float]:
    """The same pages, lines and labels of each, around articles of fnc1, which no weight was fitted to.

    Of fnc1, those of four lines and more each of which ends as a sentence does.
    """
    file = folder / "data/fnc1/train_bodies.jsonl"
    bodies = load_jsonl(file) if file.exists() else []
    articles = [[one_line(x) for x in body["text"].split("\n") if x.strip()] for body in bodies]
    articles = [x for x in articles if 4 <= len(x) <= 40 and all(re.search(r"[.!?][\"'”’)]*$", y) for y in x)]
    if not articles:
        return {}
    chance = np.random.default_rng(1)
    draws = chance.integers((len(pages), len(articles)), size=(1000, 2)).tolist()
    drawn = [with_article(*pages[i], articles[j]) for i, j in draws]
    texts = ["\n".join(line for line, _ in page) for page in drawn]
    found = strip_scores(
        (text, [label for _, label in page], strip({"text": text}))
        for text, page in zip(texts, drawn, strict=True)
    )
    scores = {"precision": found.counts.precision, "recall": found.counts.recall, "loss": found.body_loss}
    table(
        f"fundus' pages around {len(articles)} articles of fnc1, {len(drawn)} draws",
        ["method", "precision", "recall", "loss %"],
        [["dedup alone", found.counts.precision, found.counts.recall, f"{100 * found.body_loss:.2f}"]],
    )
    return {f"fundus frames.{name}": value for name, value in scores.items()}


def with_article(lines: list[str], labels: list[str], article: list[str]) -> list[tuple[str, str]]:
    """A page with another body, lines with their labels; what stood within the body stands within this."""
    own = [i for i, label in enumerate(labels) if label == "body"]
    made: list[tuple[str, str]] = []
    for i, (line, label) in enumerate(zip(lines, labels, strict=True)):
        share = min(max((i + 1 - own[0]) / (own[-1] + 1 - own[0]), 0), 1)
        put = sum(x == "body" for _, x in made)
        made += [(x, "body") for x in article[put : round(share * len(article))]]
        if label != "body":
            made.append((line, label))
    return made


def spans_of(text: str, chosen: Callable[[str], bool]) -> Iterable[tuple[int, int]]:
    """Spans of the lines that are chosen."""
    at = 0
    for line in text.split("\n"):
        if line and chosen(line):
            yield at, at + len(line)
        at += len(line) + 1


def host(url: str) -> str | None:
    """The site a page is from; an archive's address holds two."""
    found = re.findall(r"https?://([^/]+)", url)
    return found[-1] if found else None


def score_trafilatura_eval(folder: Path, *, others: bool = True) -> dict[str, float]:
    """Segments that must stay and segments that must go, of 990 pages given as blocks; all blocks of 40."""
    pages = load_jsonl(folder / "data/trafilatura_eval/pages.jsonl")
    records = [
        {"id": str(i), "source": host(page["url"]), "text": "\n".join(map(one_line, page["blocks"]))}
        for i, page in enumerate(pages)
    ]

    def by_trafilatura(text: str) -> str:
        import trafilatura

        return trafilatura.extract(as_page(text)) or ""

    def by_justext(text: str) -> str:
        import justext

        languages = ("English", "German", "French", "Spanish", "Italian", "Polish", "Dutch")
        stops = frozenset().union(*map(justext.get_stoplist, languages))
        found = justext.justext(as_page(text), stops)
        return "\n".join(p.text for p in found if not p.is_boilerplate)

    def by_site() -> list[str]:
        removed = strip_corpus(records)
        return [without(r["text"], removed.get(r["id"], [])) for r in records]  # one page is empty

    methods: dict[str, Callable[[], list[str]]] = {
        "dedup alone": lambda: [without(r["text"], strip(r)) for r in records],
        "dedup by site": by_site,
    }
    if others:
        methods["trafilatura, <p>"] = lambda: [by_trafilatura(r["text"]) for r in records]
        methods["jusText, <p>"] = lambda: [by_justext(r["text"]) for r in records]
    before = [squeeze(r["text"]) for r in records]
    keep, drop = (
        [(i, s) for i, page in enumerate(pages) for s in map(squeeze, page[name]) if s in before[i]]
        for name in ("must_keep", "must_drop")
    )
    rows, scores = [], {}
    for method, extract in methods.items():
        try:
            after = list(map(squeeze, extract()))
        except ImportError as error:
            print(f"trafilatura_eval: {method} left out: {error}", file=sys.stderr)
            continue
        kept = sum(s in after[i] for i, s in keep) / len(keep)
        dropped = sum(s not in after[i] for i, s in drop) / len(drop)
        rows.append([method, kept, dropped])
        prefix = "trafilatura_eval" if method == "dedup by site" else f"trafilatura_eval {method}"
        scores |= {f"{prefix}.kept": kept, f"{prefix}.dropped": dropped}
    table(
        f"trafilatura_eval: {len(pages)} pages as blocks, {len(keep)} segments to keep, {len(drop)} to drop",
        ["", "kept", "dropped"],
        rows,
    )
    print(
        "The data hold no HTML: trafilatura and jusText get every block as a <p>. They are made to judge by"
    )
    print("markup, so that is to their disadvantage and says nothing of how they do on whole pages.")
    blocks = {str(d["page"]): d["labels"] for d in load_jsonl(OWN / "page_blocks.jsonl")}
    return scores | score_lines("trafilatura_eval", Labelled(records, [], blocks))


def without(text: str, spans: Spans) -> str:
    """The text without the spans."""
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    return "".join(text[a:b] for a, b in zip(ends, starts, strict=True))


def as_page(text: str) -> str:
    """Blocks as the plainest HTML page: what an extractor can be given where there is no page."""
    import html

    paragraphs = "".join(f"<p>{html.escape(b)}</p>\n" for b in text.split("\n"))
    return f"<html><body><article>{paragraphs}</article></body></html>"


def score_reuters(folder: Path) -> dict[str, float]:
    """Clean agency text: everything but the closing line of the wire is body."""
    records = [
        r for r in load_jsonl(folder / "data/reuters21578/docs.jsonl")[::10] if (r.get("text") or "").strip()
    ]
    removed = body = 0
    for record in records:
        text = record["text"]
        end = re.search(r"\s*\breuters?\b[\s.\x03]*$", text, re.IGNORECASE)
        limit = end.start() if end else len(text)
        body += len(squeeze(text[:limit]))
        plain = {"text": text, "source": record.get("source")}
        removed += sum(len(squeeze(text[a : min(b, limit)])) for a, b in strip(plain) if a < limit)
    share = removed / body
    table(
        f"reuters21578: every tenth, {len(records)} articles",
        ["", "loss %"],
        [["dedup", f"{100 * share:.3f}"]],
    )
    return {"reuters21578.body_loss": share}


def score_truth(truth: Path, run: Path) -> dict[str, float]:
    """A finished run (documents.jsonl) against the truth of a generated corpus."""
    true, kinds, found = {}, {}, {}
    with (truth / "truth.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            true[row["id"]], kinds[row["id"]] = row["story"], row["kind"]
    with (run / "documents.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found[row["id"]] = row["family"]
    counts = cluster_counts(found, true)
    rows = []
    for kind in sorted(set(kinds.values())):
        ids = [i for i in kinds if kinds[i] == kind]
        rows.append([kind, len(ids), sum(found.get(i) is not None for i in ids)])
    table("generated corpus: articles by kind", ["kind", "articles", "in a family"], rows)
    sizes = [collections.Counter(x for x in side.values() if x is not None) for side in (found, true)]
    largest = [max(s.values(), default=0) for s in sizes]
    table(
        "pairs of one family",
        ["", "precision", "recall", "families", "true", "largest", "true"],
        [["dedup", counts.precision, counts.recall, len(sizes[0]), len(sizes[1]), *largest]],
    )
    scores = {"generated.precision": counts.precision, "generated.recall": counts.recall}
    return scores | {"generated.largest_ratio": largest[0] / max(1, largest[1])}


def parse_grid(values: Sequence[str]) -> dict[str, list[float]]:
    """``name=1,2,3`` by name; numbers stay whole where they are written so."""
    grid = {}
    for value in values:
        name, _, numbers = value.partition("=")
        try:
            grid[name] = [float(x) if "." in x else int(x) for x in numbers.split(",")]
        except ValueError:
            sys.exit(f"--sweep {value}: must be NAME=NUMBER,NUMBER")
    return grid


def main() -> int:
    sections = [
        *HERE,
        "helsinki",
        "second",
        "fnc1",
        "tgcontest",
        "news_story_chains",
        "clough_stevenson",
        "textreuse",
    ]
    sections += ["fundus", "trafilatura_eval", "reuters21578"]
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="Scores are named as --floor wants them in the kept JSON.",
    )
    parser.add_argument("--data", type=Path, help="folder that holds data/ and gold/ (default: DEDUP_DATA)")
    parser.add_argument("--only", action="append", choices=sections, help="this data set; may be repeated")
    parser.add_argument("--errors", action="store_true", help="list wrong pairs of confidence 0.7 or more")
    parser.add_argument("--no-baselines", action="store_true", help="leave datasketch out")
    parser.add_argument("--cv", action="store_true", help="scores over folds by connected groups")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--sweep", action="append", metavar="NAME=V,V", help="try settings; may be repeated")
    parser.add_argument("--ablation", action="store_true", help="layers of stripping on and off, instead")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="a folder corpus.py made")
    parser.add_argument("--run", type=Path, metavar="OUT", help="what `dedup run` made of it")
    parser.add_argument(
        "--floor", type=Path, metavar="FILE", help='{"min": {name: value}, "max": {...}}: else exit 1'
    )
    parser.add_argument("--keep", metavar="NAME", help="keep the scores as benchmarks/results/NAME.json")
    args = parser.parse_args()
    if (args.truth is None) != (args.run is None):
        parser.error("--truth and --run go together")

    about = machine()
    print(describe(about))
    scores: dict[str, float] = {}
    if args.truth:
        scores |= score_truth(args.truth, args.run)
    else:
        folder = data_folder(args.data)
        wanted = args.only or (sections if folder else HERE)
        if folder is None and not set(wanted) <= set(HERE):
            parser.error("these data sets need --data or DEDUP_DATA")
        for name in wanted:
            scores |= score_section(name, folder or ROOT, args)
    if args.keep:
        keep(args.keep, {"machine": about, "scores": scores})
    if args.floor:
        problems = below_floor(scores, json.loads(args.floor.read_text()))
        print("\n".join(["", *problems]) if problems else "\nno score fell below its floor")
        return 1 if problems else 0
    return 0


def score_section(name: str, folder: Path, args: argparse.Namespace) -> dict[str, float]:
    """One data set by name."""
    press = {"helsinki": helsinki, "second": second, "fnc1": fnc1}
    if name in press or name in HERE:
        data = press[name](folder) if name in press else seeds() if name == "seeds" else written(name)
        if args.sweep:
            return sweep(name, data, parse_grid(args.sweep), args.folds)
        if args.ablation:
            return ablate(name, data)
        scores = score_pairs(name, data, args)
        if args.cv:
            show_cross_validation(name, data, args.folds)
        return scores | (score_lines(name, data) if data.lines else {})
    if name in ("tgcontest", "news_story_chains"):
        return (score_tgcontest if name == "tgcontest" else score_news_story_chains)(folder, args)
    others = {
        "clough_stevenson": score_clough_stevenson,
        "textreuse": score_textreuse,
        "fundus": score_fundus,
        "trafilatura_eval": score_trafilatura_eval,
        "reuters21578": score_reuters,
    }
    return others[name](folder)


if __name__ == "__main__":
    sys.exit(main())
