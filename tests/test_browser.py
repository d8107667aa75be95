"""The report in a browser: Debian's Chromium, driven by Playwright; skipped where either is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_report import LEAD, REST, hostile_corpus

from dedup import find_families
from dedup.io import read
from dedup.model import RelationKind
from dedup.report import make_report

if TYPE_CHECKING:
    from collections.abc import Iterator

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")

SEEDS = Path(__file__).parent.parent / "seeds"
FLAGS = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS])
        yield started
        started.close()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "seeds"
    find_families(seed_records()).write(out)
    return out / "report.html"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "hostile"
    find_families(hostile_corpus()).write(out)
    return out / "report.html"


def seed_records() -> Any:
    import pyarrow as pa

    return pa.Table.from_batches(list(read([str(SEEDS / "english.jsonl"), str(SEEDS / "recurring")])))


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Opens a file; at the end nothing may have gone wrong on any page, no network been asked."""
    contexts, wrong = [], []

    def opened(path: Path, **options: Any) -> Any:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url)
        )
        page.goto(path.as_uri())
        page.wait_for_selector("#list a")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def titles(page: Any) -> list[str]:
    return page.locator("#list tr td:first-child").all_inner_texts()


def test_search_and_filters(seeds, open_page):
    page = open_page(seeds)
    everything = titles(page)
    page.fill("#search", "FERRY captain")
    playwright.expect(page.locator("#list tr")).to_have_count(1)
    assert "Ferry" in titles(page)[0]
    page.fill("#search", "no such words anywhere")
    playwright.expect(page.locator("#list tr")).to_have_count(0)
    assert "No family fits" in page.inner_text("#count")
    page.fill("#search", "")
    playwright.expect(page.locator("#list tr")).to_have_count(len(everything))
    for control, label in (("#source", "newswire.example"), ("#agency", "AFP"), ("#size", "10 or more")):
        page.select_option(control, label=label)
        assert 0 < len(titles(page)) < len(everything)
        page.select_option(control, index=0)
    page.select_option("#sort", "oldest")
    assert sorted(titles(page)) == sorted(everything)


def test_a_family_and_back(seeds, open_page):
    page = open_page(seeds)
    page.click("text=Ferry captain questioned >> nth=0")
    page.wait_for_selector("#panel")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert page.locator(".versions tbody tr").count() >= 8
    assert page.locator("#panel .text p").count() > 5
    page.click(".versions button >> nth=0")
    assert page.locator(".diff tbody tr").count() > 3
    assert page.locator(".diff ins, .diff del").count() > 0
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-agreed").get_attribute("aria-selected") == "true"
    page.click(".agreed summary >> nth=0")
    assert page.locator(".agreed details[open] li").count() >= 2
    page.keyboard.press("Escape")
    page.wait_for_selector("#list a")
    assert page.is_hidden("#family")


@pytest.mark.parametrize("dates", [0, 1, 3])
def test_only_dates_make_an_order_of_time(open_page, tmp_path, dates):
    texts = [
        f"{LEAD}\n\n{REST}",
        f"{LEAD}\n\n{REST} Lorries were sent round by the hills.",
        f"Crane falls\n\n{LEAD}\n\n{REST}",
    ]
    records = [
        {"id": f"n{n}", "text": text, "source": f"paper{n}.example"}
        | ({"published": f"2026-03-01T0{n}:00Z"} if n < dates else {})
        for n, text in enumerate(texts)
    ]
    find_families(records).write(tmp_path / "out")
    page = open_page(tmp_path / "out/report.html")
    page.click("#list a")
    page.wait_for_selector("#panel")
    origins = page.locator(".versions td.parent").all_inner_texts()
    said = page.inner_text("#versions-title")
    page.click("#tab-agreed")
    witness = page.locator(".agreed summary").first.inner_text()
    if dates:
        assert said == "Versions in order of time" + ", undated last" * (dates < 3)
        assert origins[0] == "–"
        assert origins[dates:] == ["not known"] * (3 - dates)
        assert witness == "3 outlets, first paper0.example, 1 Mar 2026, 00:00"
    else:
        assert said == "Versions, in no order of time"
        assert "Which was the first" in page.inner_text("#family")
        assert origins == ["not known"] * 3
        assert witness == "3 outlets"
        note = page.inner_text("#panel .meta")
        assert "most likely from one original" in note
        assert "independent" not in note


@pytest.mark.parametrize("kind", ["version", "partial", "quote", "none"])
def test_a_member_by_another_version_is_said_to_be_one(open_page, tmp_path, kind):
    records = [
        {"id": f"n{n}", "text": f"{LEAD} {REST}{more}"} for n, more in enumerate(("", " Lorries wait."))
    ]
    find_families(records).write(tmp_path / "out")
    path = tmp_path / "out/documents.jsonl"
    rows = [json.loads(line) for line in path.open()]
    for row in rows:
        if row["role"] == "variant":
            row.update(relation=kind, coverage=1.0)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    make_report(tmp_path / "out")
    page = open_page(tmp_path / "out/report.html")
    page.click("#list a")
    page.wait_for_selector("#panel")
    said = page.locator(".versions tbody tr:not(.canonical)").inner_text()
    if kind == "version":
        assert "version" in said
        assert "100 %" in said
        assert "another" not in said
    else:
        assert "by another version" in said
        assert kind not in said.replace("quotations", "")
        words = {"partial": "a passage of reporting", "quote": "quotations or background"}
        assert f"100 %: {words.get(kind, 'too little to tell')}" in said


def test_texts_say_their_language(open_page, tmp_path):
    """For who reads the page aloud, and for the shapes of signs that Chinese and Japanese share."""
    text = "市は火曜日、古いプールを来年三月末で閉鎖し、跡地に図書館を建設する計画を発表した。"
    more = "改修には約十八億円が必要と見積もられている。"
    languages = ("ja", "<b>")
    records = [
        {
            "id": f"n{n}",
            "text": f"{text}\n{more * n}",
            "title": "図書館",
            "language": language,
            "published": f"2026-03-01T0{n}:00Z",
        }
        for n, language in enumerate(languages)
    ]
    find_families(records).write(tmp_path / "out")
    page = open_page(tmp_path / "out/report.html")
    page.click("#list a")
    page.wait_for_selector("#panel")
    assert page.locator(".versions .title bdi").first.get_attribute("lang") == "ja"
    assert page.locator(".versions .title bdi").last.get_attribute("lang") is None
    page.click("#tab-compare")
    said = page.eval_on_selector_all(".diff td", "cells => cells.map((cell) => cell.lang)")
    assert set(said) == {"ja", ""}


def test_words_of_the_report_are_explained(seeds, open_page):
    page = open_page(seeds)
    page.click("text=Ferry captain questioned >> nth=0")
    page.wait_for_selector("#panel")
    page.click(".legend summary")
    explained = set(page.locator(".legend dt").all_inner_texts())
    assert {kind.value for kind in RelationKind} - {"none"} <= explained
    tags = set(page.locator(".versions .tag").all_inner_texts())
    assert tags <= explained
    assert {"in the canonical", "most likely from"} <= explained
    told = set(page.locator("#panel .bp .kind").all_text_contents())
    for n in range(page.locator(".versions button").count()):
        page.click(f".versions button >> nth={n}")
        told |= set(page.locator("#panel .bp .kind").all_text_contents())
    assert len(told) > 2
    assert not told & {"meta", "nav", "widget", "title", "repeat"}


def test_variants_are_rebuilt_to_the_letter(seeds, open_page):
    """What the page makes of canonical text and operations is the variant, boilerplate and all."""
    page = open_page(seeds)
    documents = {row["id"]: row["text"] for row in seed_records().to_pylist()}
    rebuilt = page.evaluate(
        """() => [...document.querySelectorAll('[id^=chunk-]')]
          .flatMap((node) => JSON.parse(node.textContent))
          .flatMap((family) => family.edits.map((edits, k) => {
          const base = Array.from(family.text);
          const cut = (start, end) => base.slice(start, end).join('');
          const make = (steps, at) => {
            const moved = new Map(steps.filter(Array.isArray));
            return steps.map((step) => {
              if (typeof step === 'string') return step;
              if (Array.isArray(step)) return step[2] ? make(step[2], step[0]) : cut(step[0], step[1]);
              const start = at;
              at = step === null ? moved.get(at) : at + Math.abs(step);
              return step > 0 ? cut(start, at) : '';
            }).join('');
          };
          return [family.members[k][0], edits ? make(edits, 0) : family.text];
        }))"""
    )
    assert rebuilt
    assert all(documents[identity] == text for identity, text in rebuilt)


def test_light_and_dark(seeds, open_page):
    page = open_page(seeds, color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.click("#theme")
    assert page.evaluate(colour) != light
    assert page.inner_text("#theme") == "Light"
    dark = open_page(seeds, color_scheme="dark")
    assert dark.evaluate(colour) == page.evaluate(colour)


def test_print_leaves_the_controls_out(seeds, open_page, tmp_path):
    page = open_page(seeds)
    page.emulate_media(media="print")
    assert page.is_hidden("#filters")
    assert page.is_visible("#list")
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 10_000


@pytest.mark.parametrize("width", [360, 660, 800, 940, 1000])
def test_no_width_has_a_sideways_scroll(seeds, open_page, width):
    page = open_page(seeds, viewport={"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#list a >> nth=1")
    for tab in ("canonical", "compare", "agreed"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_says_which_version_is_canonical_and_what_the_others_are(seeds, open_page):
    page = open_page(seeds, viewport={"width": 360, "height": 740})
    page.click("text=Ferry captain questioned >> nth=0")
    page.wait_for_selector("#panel")
    assert page.locator(".versions .canonical .tag").inner_text() == "canonical"
    rows = page.locator(".versions tbody tr:not(.canonical)")
    for text in rows.all_inner_texts():
        assert "version" in text
        assert "%" in text


@pytest.mark.parametrize("width", [360, 1280])
def test_endless_names_make_no_sideways_scroll(open_page, tmp_path, width):
    long = [replace(d, title="t" * 10_000, source=f"{'s' * 300}{d.source}") for d in hostile_corpus()]
    find_families(long).write(tmp_path / "out")
    page = open_page(tmp_path / "out/report.html", viewport={"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#list a >> nth=0")
    page.click("#tab-compare")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_family_opens_at_its_top(seeds, open_page):
    page = open_page(seeds, viewport={"width": 1280, "height": 400})
    page.locator("#list a").last.scroll_into_view_if_needed()
    page.locator("#list a").last.click()
    page.wait_for_function("window.scrollY === 0")  # the address changes first


def test_nothing_hostile_runs(hostile, open_page):
    page = open_page(hostile)
    for n in range(len(titles(page))):
        page.click(f"#list a >> nth={n}")
        for tab in ("compare", "agreed", "canonical"):
            page.click(f"#tab-{tab}")
        links = page.eval_on_selector_all("#family a", "all => all.map((a) => a.protocol)")
        assert set(links) <= {"https:", "file:"}
        assert page.locator("#family img, #family script").count() == 0
        page.click(".back a")
    assert page.evaluate("window.owned") is None


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm, for axe-core")
    folder = tmp_path_factory.mktemp("axe")
    made = subprocess.run(
        [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "axe-core@4"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    script = folder / "node_modules/axe-core/axe.min.js"
    if made.returncode or not script.exists():
        pytest.skip("axe-core could not be installed")
    return script.read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(seeds, browser, axe, scheme):
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(seeds.as_uri())
    page.wait_for_selector("#list a")
    page.evaluate(axe)
    found = []

    def check(where: str) -> None:
        result = page.evaluate("axe.run()")
        for violation in result["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.append((where, violation["id"], violation["nodes"][0]["html"][:200]))

    check("overview")
    page.click("text=Ferry captain questioned >> nth=0")
    for tab in ("canonical", "compare", "agreed"):
        page.click(f"#tab-{tab}")
        check(tab)
    context.close()
    assert found == []
