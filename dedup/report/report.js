"use strict";
// The report's behaviour: search, filters, the family view. Texts come from strangers: they reach the page by
// text nodes and attributes only, never as markup, and an address becomes a link only if it is http or https.
(() => {
  const byId = (id) => document.getElementById(id);
  const index = JSON.parse(byId("index").textContent);
  const families = index.families;
  const total = families.id ? families.id.length : 0;
  const PER_PAGE = 50;
  const MOST_ROWS = 1500; // of a diff, shown at once
  const FOLD = 4; // equal rows in a line that are worth folding
  const WORDS = [
    ["canonical", "the version that stands for the family; the sentence below the headline says why"],
    ["exact", "the same words, apart from case, punctuation and what is no part of the article, such as menus"],
    ["near", "almost the same: another headline, a few words edited"],
    ["version", "the same article, cut, extended or updated"],
    ["by another version", "shares little with the canonical version, but is a copy of another one"],
    ["partial", "another article that shares a passage of reporting"],
    ["quote", "another article that shares quotations or background only"],
    ["in the canonical", "how much of the article’s words the canonical version has, text that recurs in many stories aside"],
    ["most likely from", "of the earlier versions the one it shares most words with: a guess. On a tie the earliest, "
      + "then one that names an agency"],
    ["+ and −", "words added to the version it most likely comes from, and words of that one that are gone"],
    ["greyed", "no part of the article, and left out of comparison; it begins with what it is"],
  ];
  // Kinds of greyed text in a reader's words.
  const GREYED = {
    nav: "link or teaser", widget: "button or counter", meta: "byline, date or tag", title: "headline again", repeat: "said above",
  };
  // What members share with the canonical version that are in the family by another one.
  const LINKS = { partial: "a passage of reporting", quote: "quotations or background", none: "too little to tell" };
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  // --- elements

  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "onclick") node.addEventListener("click", value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function bdi(text, lang) {
    return el("bdi", { lang }, text);
  }

  // Names that go on and on are cut where many stand together.
  function brief(text, most) {
    const all = [...text];
    return all.length > most ? `${all.slice(0, most).join("")}…` : text;
  }

  function bar(percent) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    for (const [name, value] of [["class", "bar"], ["width", 50], ["height", 8], ["aria-hidden", "true"]])
      svg.setAttribute(name, value);
    for (const [name, width] of [["track", 50], ["part", percent / 2]]) {
      const rect = document.createElementNS(space, "rect");
      rect.setAttribute("class", name);
      rect.setAttribute("width", Math.min(50, Math.max(0, width)));
      rect.setAttribute("height", 8);
      svg.append(rect);
    }
    return svg;
  }

  function linked(address, ...children) {
    let url = null;
    try {
      url = address ? new URL(address) : null;
    } catch {
      url = null;
    }
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return el("span", null, ...children);
    return el("a", { href: url.href, rel: "noopener noreferrer external", target: "_blank" }, ...children);
  }

  // --- words

  const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

  function when(seconds, withTime) {
    if (seconds === null) return "undated";
    const date = new Date(seconds * 1000);
    const two = (value) => String(value).padStart(2, "0");
    const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
    return withTime ? `${day}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}` : day;
  }

  function span(seconds) {
    const minutes = Math.round(seconds / 60);
    if (minutes < 120) return `${minutes} min`;
    return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
  }

  // --- the list

  const controls = ["search", "source", "agency", "relation", "size", "sort"].map(byId);
  const [search, source, agency, relation, size, sort] = controls;
  let found = [];
  let page = 0;
  let words = null; // what is searched, folded once

  function fold(text) {
    return text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  }

  function haystack(n) {
    if (!words) {
      const sources = index.sources.map(fold);
      words = families.id.map((id, k) =>
        [fold(families.title[k]), fold(id), ...families.sources[k].map((s) => sources[s])].join("\n"),
      );
    }
    return words[n];
  }

  function keyOf(order, n) {
    if (order === "newest") return families.last[n] ?? -Infinity;
    if (order === "oldest") return families.first[n] === null ? -Infinity : -families.first[n];
    if (order === "span") return families.first[n] === null ? -1 : families.last[n] - families.first[n];
    return families.size[n];
  }

  function filter() {
    const wanted = fold(search.value).split(/\s+/).filter(Boolean);
    const least = Number(size.value);
    found = [];
    for (let n = 0; n < total; n++) {
      if (families.size[n] < least) continue;
      if (source.value !== "" && !families.sources[n].includes(Number(source.value))) continue;
      if (agency.value !== "" && !families.agencies[n].includes(Number(agency.value))) continue;
      if (relation.value !== "" && !(families.relations[n] & (1 << Number(relation.value)))) continue;
      if (wanted.length && !wanted.every((word) => haystack(n).includes(word))) continue;
      found.push(n);
    }
    const order = sort.value;
    found.sort((a, b) => keyOf(order, b) - keyOf(order, a) || a - b);
    page = 0;
    showPage();
  }

  function names(all, numbers, most) {
    const cell = el("td", { role: "cell", class: "from" });
    numbers.slice(0, most).forEach((n, k) => cell.append(k ? ", " : "", bdi(brief(all[n], 60))));
    if (numbers.length > most) cell.append(el("span", { class: "soft" }, ` and ${numbers.length - most} more`));
    return cell;
  }

  function showPage() {
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    const rows = found.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map((n) => {
      const agencies = names(index.agencies, families.agencies[n], 3);
      agencies.className = "spare";
      const first = families.first[n];
      return el(
        "tr",
        { role: "row" },
        el("td", { role: "cell" }, el("a", { href: `#family=${encodeURIComponent(families.id[n])}` }, bdi(brief(families.title[n], 200)))),
        el("td", { role: "cell", class: "num" }, number(families.size[n])),
        names(index.sources, families.sources[n], 3),
        agencies,
        el("td", { role: "cell", class: "spare nowrap" }, when(first, false)),
        el("td", { role: "cell", class: "num spare" }, first === null ? "" : span(families.last[n] - first)),
      );
    });
    byId("list").replaceChildren(...rows);
    const some = found.length === total ? "" : ` of ${number(total)}`;
    byId("count").textContent = found.length
      ? `${number(found.length)}${some} ${found.length === 1 && !some ? "family" : "families"}`
      : total ? "No family fits. Clear the search or a filter." : "Every article stands alone.";
    byId("pages").hidden = pages < 2;
    byId("page").textContent = `Page ${page + 1} of ${pages}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page + 1 >= pages;
  }

  function turn(step) {
    page += step;
    showPage();
    byId("families").focus({ preventScroll: true });
    byId("families-title").scrollIntoView();
  }

  // --- texts: offsets count code points

  const astral = /[\ud800-\udfff]/;
  const units = (text) => (astral.test(text) ? Array.from(text) : text);
  const cut = (text, start, end) =>
    typeof text === "string" ? text.slice(start, end) : text.slice(start, end).join("");
  const lengthOf = (text) => (astral.test(text) ? Array.from(text).length : text.length);

  const ENDS = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
  const LINE = new RegExp(`[^${ENDS}]*(?:\\r\\n|[${ENDS}])|[^${ENDS}]+`, "g");
  const PARAGRAPH = new RegExp(`\\S[^${ENDS}]*`, "g");
  const LAST = new RegExp(`[${ENDS}]+$`);
  const END = new RegExp(`[${ENDS}]`);
  const STARTS = new RegExp(`^[${ENDS}]`);

  // What the page holds of a diff, as operations: see short_form in contents.py.
  function operationsOf(short, at = 0) {
    const moved = new Map(short.filter(Array.isArray).map(([start, end]) => [start, end]));
    const made = [];
    for (const step of short) {
      if (step === null) at = moved.get(at);
      else if (Array.isArray(step)) {
        const [start, end, edits] = step;
        made.push({ op: "move", a: [start, end], edits: edits && operationsOf(edits, start) });
      } else if (typeof step === "string") made.push({ op: "insert", a: [at, at], text: step });
      else {
        const start = at;
        at += Math.abs(step);
        made.push({ op: step < 0 ? "delete" : "equal", a: [start, at] });
      }
    }
    return made;
  }

  function flat(operations) {
    return operations.flatMap((step) => (step.edits ? step.edits : [step]));
  }

  function produce(operations, base) {
    return flat(operations)
      .map((step) => (step.op === "equal" || step.op === "move" ? cut(base, ...step.a) : step.text || ""))
      .join("");
  }

  function paragraphAt(text, offset) {
    return Math.max(1, (cut(text, 0, offset + 1).match(PARAGRAPH) || []).length);
  }

  // Appends a stretch of text; what was stripped as boilerplate is greyed, with its kind where it begins.
  function appendText(parent, text, offset, removed) {
    const all = units(text);
    let at = 0;
    for (let k = 0; k < removed.length; k += 3) {
      const low = Math.max(removed[k] - offset, 0);
      const high = Math.min(removed[k + 1] - offset, all.length);
      if (low >= high) continue;
      if (at < low) parent.append(cut(all, at, low));
      const piece = el("span", { class: "bp" });
      if (removed[k] >= offset) piece.append(el("span", { class: "kind", lang: "en" }, GREYED[index.kinds[removed[k + 2]]] || index.kinds[removed[k + 2]]));
      piece.append(cut(all, low, high));
      parent.append(piece);
      at = high;
    }
    if (at < all.length) parent.append(cut(all, at, all.length));
  }

  // --- rows of a diff: the same rows as dedup.Diff.rows

  function pieces(step, base, at) {
    const made = [];
    const [start, end] = step.a;
    if (step.op === "equal" || step.op === "move") {
      made.push({ op: "equal", text: cut(base, start, end), a: start, b: at });
    } else {
      if (start < end) made.push({ op: "delete", text: cut(base, start, end), a: start });
      if (step.text) made.push({ op: "insert", text: step.text, b: at });
    }
    return made;
  }

  class Lines {
    constructor(rows) {
      this.rows = rows;
      this.pieces = [];
    }

    // goesOn: the other text has more on the line behind the piece; line ends dropped there end no row
    add(piece, goesOn = false) {
      if (goesOn && piece.op === "delete" && this.pieces.slice(0, 2).some(({ op }) => op !== "delete")) {
        this.pieces.push(piece);
        return;
      }
      let { a, b } = piece;
      for (const part of piece.text.match(LINE) || []) {
        this.pieces.push({ op: piece.op, text: part, a, b });
        const size = lengthOf(part);
        a += size;
        b += size;
        if (LAST.test(part)) this.close();
      }
    }

    close() {
      if (!this.pieces.length) return;
      const last = this.pieces[this.pieces.length - 1];
      const body = last.text.replace(LAST, "");
      const whole = this.pieces.every((piece) => piece.op === last.op);
      const shown = this.pieces.slice(0, -1);
      if (body) shown.push({ ...last, text: body });
      const kinds = { equal: "same", delete: "dropped", insert: "added" };
      // a line that changed in its end only is the same to a reader
      const same = shown.length > 0 && shown.every((piece) => piece.op === "equal");
      this.rows.push({ kind: same ? "same" : whole ? kinds[last.op] : "edited", pieces: shown, move: 0 });
      this.pieces = [];
    }

    block(kind, parts, move, paragraph) {
      this.close();
      const inner = new Lines([]);
      parts.forEach((part) => inner.add(part));
      inner.close();
      this.rows.push(...inner.rows.map((row) => ({ kind, pieces: row.pieces, move, paragraph })));
    }
  }

  function rowsOf(operations, base, other) {
    const targets = new Map();
    let at = 0;
    const starts = operations.map((step) => {
      const start = at;
      at += lengthOf(produce([step], base));
      if (step.op === "move") targets.set(step.a[0], { move: targets.size + 1, end: step.a[1], at: start });
      return start;
    });
    const rows = [];
    const lines = new Lines(rows);
    let cursor = 0;
    const end = { op: "insert", a: [base.length, base.length], text: "" };
    [...operations, end].forEach((step, n) => {
      if (step.op === "move") {
        let b = starts[n];
        const parts = [];
        for (const edit of flat([step])) {
          parts.push(...pieces(edit, base, b));
          b += lengthOf(produce([edit], base));
        }
        lines.block("moved_here", parts, targets.get(step.a[0]).move, paragraphAt(base, step.a[0]));
        return;
      }
      while (cursor < step.a[0] && targets.has(cursor)) {
        const { move, end: stop, at: place } = targets.get(cursor);
        const gone = [{ op: "delete", text: cut(base, cursor, stop), a: cursor }];
        lines.block("moved_away", gone, move, paragraphAt(other, place));
        cursor = stop;
      }
      const next = step.text || !operations[n + 1] ? step : operations[n + 1];
      const opening = next.op === "equal" ? cut(base, next.a[0], next.a[0] + 1) : next.text || "";
      const goesOn = opening !== "" && !STARTS.test(opening);
      pieces(step, base, starts[n]).forEach((piece) => lines.add(piece, goesOn));
      cursor = Math.max(cursor, step.a[1]);
    });
    lines.close();
    return rows;
  }

  function facing(rows) {
    const pairs = [];
    const run = (start, kind) => {
      let stop = start;
      while (stop < rows.length && rows[stop].kind === kind) stop++;
      return stop - start;
    };
    for (let n = 0; n < rows.length; ) {
      const dropped = run(n, "dropped");
      const added = run(n + dropped, "added");
      if (dropped && added) {
        for (let k = 0; k < Math.max(dropped, added); k++)
          pairs.push([k < dropped ? rows[n + k] : null, k < added ? rows[n + dropped + k] : null]);
        n += dropped + added;
        continue;
      }
      const row = rows[n++];
      // a moved block stands beside what it was; the place it left only points to it
      pairs.push([row.kind === "added" ? null : row, row.kind === "dropped" || row.kind === "moved_away" ? null : row]);
    }
    return pairs.filter(([one, two]) => (one || two).pieces.some((piece) => piece.text.trim()));
  }

  // --- the family

  const view = byId("family");
  const overview = byId("overview");
  const loaded = new Map();
  let opener = null;

  function load(n) {
    const chunk = Math.floor(n / index.chunk);
    if (!loaded.has(chunk)) {
      const node = byId(`chunk-${chunk}`);
      if (!node) return null; // still on its way
      if (loaded.size > 3) loaded.delete(loaded.keys().next().value);
      loaded.set(chunk, JSON.parse(node.textContent));
    }
    return loaded.get(chunk)[n % index.chunk];
  }

  function memberOf(row) {
    const [id, title, from, time, url, kind, coverage, back, length, parent, shared, added, dropped, lang] = row;
    return {
      id, title, time, url, kind, coverage, back, parent, shared, added, dropped,
      words: length,
      lang: /^[a-z]{2,3}(-|$)/i.test(lang) ? lang : null, // as given, so it may be anything
      source: from < 0 ? null : index.sources[from],
    };
  }

  function nameOf(member) {
    return `${brief(member.source || member.id, 60)}, ${when(member.time, true)}`;
  }

  class FamilyView {
    constructor(n, data) {
      this.data = data;
      this.members = data.members.map(memberOf);
      this.members.forEach((member, k) => { member.name = member.title || (data.names || [])[k] || member.id; });
      this.canonical = this.members[data.canonical];
      this.edits = (data.edits || []).map((short) => short && operationsOf(short));
      this.variants = this.members.map((_, k) => k).filter((k) => this.edits[k]);
      this.texts = new Map();
      this.n = n;
    }

    text(member) {
      if (!this.texts.has(member)) {
        const base = this.base || (this.base = units(this.data.text));
        const edits = this.edits[member];
        this.texts.set(member, edits ? units(produce(edits, base)) : base);
      }
      return this.texts.get(member);
    }

    show() {
      const n = this.n;
      const heading = el("h1", { tabindex: "-1" }, bdi(brief(families.title[n], 400), this.canonical.lang));
      const sources = new Set(this.members.map((member) => member.source).filter(Boolean)).size;
      const facts = [plural(this.members.length, "version", "versions"), plural(sources, "source", "sources")];
      if (families.agencies[n].length) facts.push(families.agencies[n].map((k) => index.agencies[k]).join(", "));
      facts.push(when(families.first[n], true));
      if (families.first[n] !== null) facts.push(`over ${span(families.last[n] - families.first[n])}`);
      const parts = [
        el("p", { class: "back" }, el("a", { href: "#families" }, "← All families")),
        heading,
        el("p", { class: "meta" }, bdi(facts.join(" · ")), " · ", el("code", null, families.id[n])),
        el("p", { class: "reason" }, "Canonical is the version of ", bdi(nameOf(this.canonical)), `: ${this.data.reason.replaceAll(" %", "\u202f%")}.`),
        this.related(),
        this.versions(),
        this.reading(),
      ];
      view.replaceChildren(...parts.filter(Boolean));
      overview.hidden = true;
      view.hidden = false;
      document.title = `${families.title[n]} – dedup`;
      window.scrollTo({ top: 0, behavior: "instant" });
      heading.focus({ preventScroll: true });
    }

    related() {
      if (!this.data.related.length) return null;
      const links = this.data.related.slice(0, 12).map(([id, kind, shared]) => {
        const other = families.id.indexOf(id);
        const name = other < 0 ? id : brief(families.title[other], 200);
        const label = other < 0 ? bdi(name) : el("a", { href: `#family=${encodeURIComponent(id)}` }, bdi(name));
        return el("li", null, label, el("span", { class: "soft" }, ` ${kind}, ${plural(shared, "word", "words")}`));
      });
      const count = plural(this.data.related.length, "other family shares", "other families share");
      return el("details", { class: "meta" }, el("summary", null, `${count} text with this one`), el("ul", null, ...links));
    }

    versions() {
      const dated = this.members.filter((member) => member.time !== null).length;
      const order = !dated ? ", in no order of time"
        : dated < this.members.length ? " in order of time, undated last" : " in order of time";
      const unknown = "No version has a date. Which was the first, and which was made from which, is not known.";
      const head = ["Published", "Source", "Headline", "Relation", "In the canonical", "Most likely from", "Words", "Difference"];
      const classes = ["", "", "", "", "", "", "num", "act"];
      const body = el("tbody", { role: "rowgroup" });
      const section = el(
        "section",
        { "aria-labelledby": "versions-title" },
        el("h2", { id: "versions-title" }, `Versions${order}`),
        ...(dated ? [] : [el("p", { class: "meta" }, unknown)]),
        el("table", { class: "versions", role: "table" },
          el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...head.map((name, k) =>
            el("th", { scope: "col", role: "columnheader", class: classes[k] }, name)))),
          body),
      );
      const more = el("button", { type: "button", onclick: () => grow() }, "");
      let shown = 0;
      const grow = () => {
        const next = this.members.slice(shown, shown + 100).map((member, k) => this.version(member, shown + k));
        body.append(...next);
        shown += next.length;
        more.textContent = `Show ${Math.min(100, this.members.length - shown)} more of ${number(this.members.length - shown)}`;
        more.hidden = shown >= this.members.length;
      };
      grow();
      section.append(more, this.legend());
      return section;
    }

    legend() {
      const words = WORDS.flatMap(([word, meaning]) => [el("dt", null, word), el("dd", null, meaning)]);
      return el("details", { class: "meta legend" }, el("summary", null, "What the words mean"), el("dl", null, ...words));
    }

    version(member, k) {
      const own = k === this.data.canonical;
      const parent = member.parent >= 0 ? this.members[member.parent] : null;
      const change = el("td", { role: "cell", class: "num" }, number(member.words ?? 0));
      if (parent) {
        if (member.added) change.append(" ", el("span", { class: "plus" }, `+${number(member.added)}`));
        if (member.dropped) change.append(" ", el("span", { class: "minus" }, `−${number(member.dropped)}`));
      }
      const coverage = el("td", { role: "cell", class: "nowrap share" });
      // what the canonical version has of it may be quotations only: it is here for what it shares with others
      const link = LINKS[member.kind];
      if (!own && member.coverage !== null) {
        const share = `${Math.round(member.coverage)} %`;
        coverage.append(...(link ? [`${share}: `, el("span", { class: "soft" }, link)] : [bar(member.coverage), ` ${share}`]));
      }
      const compare = el("td", { role: "cell", class: "act" });
      if (this.variants.includes(k)) {
        const label = `Compare with ${nameOf(member)}`;
        compare.append(el("button", { type: "button", "aria-label": label, onclick: () => this.open("compare", k) }, "Compare"));
      }
      return el(
        "tr",
        { role: "row", class: own ? "canonical" : null },
        el("td", { role: "cell", class: "nowrap" }, when(member.time, true)),
        el("td", { role: "cell", class: "from" }, bdi(brief(member.source || "–", 60))),
        el("td", { role: "cell", class: "title" }, linked(member.url, bdi(brief(member.name, 200), member.lang))),
        el("td", { role: "cell" }, el("span", { class: own ? "tag own" : "tag" }, own ? "canonical" : link ? "by another version" : member.kind || "member")),
        coverage,
        el("td", { role: "cell", class: parent ? "parent" : "parent none" }, parent ? bdi(this.nameFrom(parent, member)) : el("span", { class: "soft" }, this.parentless(member, k))),
        change,
        compare,
      );
    }

    parentless(member, k) {
      if (member.time === null) return "not known";
      return k ? "no earlier one" : "–";
    }

    nameFrom(parent, member) {
      const sameDay = parent.time !== null && when(parent.time) === when(member.time);
      return sameDay ? `${brief(parent.source || parent.id, 60)}, ${when(parent.time, true).split(", ")[1]}` : nameOf(parent);
    }

    reading() {
      if (this.data.text === undefined)
        return el("p", { class: "meta" }, "The texts of this family are left out, to keep the page small.");
      this.tabs = [
        ["canonical", "Canonical text", () => this.canonicalText()],
        ["compare", "Compare", () => this.comparison()],
        ["agreed", "Shared text", () => this.agreedText()],
      ];
      const list = el("div", { role: "tablist", "aria-label": "Texts of the family" });
      this.panel = el("section", { id: "panel", role: "tabpanel", tabindex: "0" });
      this.tabs.forEach(([name, label]) =>
        list.append(el("button", {
          type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", onclick: () => this.select(name),
        }, label)));
      list.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const at = this.tabs.findIndex(([name]) => name === this.tab);
        const [name] = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
        this.select(name);
        byId(`tab-${name}`).focus();
      });
      this.other = this.variants[0];
      queueMicrotask(() => this.select("canonical"));
      return el("div", { class: "reading" }, list, this.panel);
    }

    select(tab) {
      this.tab = tab;
      for (const [name, , make] of this.tabs) {
        const button = byId(`tab-${name}`);
        const chosen = name === tab;
        button.setAttribute("aria-selected", String(chosen));
        button.tabIndex = chosen ? 0 : -1;
        if (chosen) {
          this.panel.setAttribute("aria-labelledby", button.id);
          this.panel.replaceChildren(...make());
        }
      }
    }

    open(tab, member) {
      this.other = member;
      this.select(tab);
      byId(`tab-${tab}`).focus({ preventScroll: true });
      byId(`tab-${tab}`).scrollIntoView({ block: "start" });
    }

    canonicalText() {
      const member = this.data.canonical;
      const all = this.text(member);
      const text = el("div", { class: "text", dir: "auto", lang: this.canonical.lang });
      const lines = new Lines([]);
      lines.add({ op: "equal", text: cut(all, 0, all.length), a: 0, b: 0 });
      lines.close();
      for (const row of lines.rows) {
        const paragraph = el("p");
        row.pieces.forEach((piece) => appendText(paragraph, piece.text, piece.a, this.data.removed[member]));
        if (paragraph.textContent.trim()) text.append(paragraph);
      }
      const note = this.data.removed[member].length ? "Greyed is what was left out of comparison, with its kind." : "";
      return [el("p", { class: "meta" }, `${nameOf(this.canonical)}. ${note}`), text];
    }

    comparison() {
      const chooser = el("select", { id: "variant" }, ...this.variants.map((k) =>
        el("option", { value: k, selected: k === this.other }, nameOf(this.members[k]))));
      const folded = el("input", { type: "checkbox", id: "folded", checked: true });
      const place = el("div");
      const draw = () => {
        this.other = Number(chooser.value);
        place.replaceChildren(...this.diff(this.other, folded.checked));
      };
      chooser.addEventListener("change", draw);
      folded.addEventListener("change", draw);
      draw();
      return [
        el("div", { class: "choose" },
          el("label", null, "Canonical version beside", chooser),
          el("label", { class: "tick" }, folded, "fold equal paragraphs")),
        place,
      ];
    }

    diff(member, folding) {
      const base = this.text(this.data.canonical);
      const edits = this.edits[member];
      const other = this.text(member);
      this.langs = { a: this.canonical.lang, b: this.members[member].lang };
      const rows = edits ? facing(rowsOf(edits, base, other)) : [];
      const removed = [this.data.removed[this.data.canonical], this.data.removed[member]];
      const body = el("tbody", { role: "rowgroup" });
      const seen = new Set();
      for (let n = 0; n < Math.min(rows.length, MOST_ROWS); ) {
        let stop = n;
        while (stop < rows.length && rows[stop][0]?.kind === "same") stop++;
        if (folding && stop - n >= FOLD) {
          const hidden = rows.slice(n + 1, stop - 1);
          body.append(this.diffRow(rows[n], removed, seen));
          const label = `${plural(hidden.length, "equal paragraph", "equal paragraphs")}: show`;
          const row = el("tr", { role: "row", class: "fold" }, el("td", { role: "cell", colspan: "2" }, el("button", {
            type: "button",
            onclick: () => row.replaceWith(...hidden.map((pair) => this.diffRow(pair, removed, seen))),
          }, label)));
          body.append(row, this.diffRow(rows[stop - 1], removed, seen));
          n = stop;
          continue;
        }
        body.append(this.diffRow(rows[n++], removed, seen));
      }
      const table = el("table", { class: "diff", role: "table" },
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
          el("th", { scope: "col", role: "columnheader" }, "Canonical: ", bdi(nameOf(this.canonical))),
          el("th", { scope: "col", role: "columnheader" }, bdi(nameOf(this.members[member]))))),
        body);
      const left = rows.length - MOST_ROWS;
      const note = left > 0 ? el("p", { class: "meta" }, `${plural(left, "row is", "rows are")} left out.`) : null;
      const equal = !rows.some(([one, two]) => (one || two).kind !== "same");
      const same = equal ? el("p", { class: "meta" }, "The texts differ in nothing but white space, if at all.") : null;
      return [same, table, note].filter(Boolean);
    }

    diffRow([one, two], removed, seen) {
      const cells = [[one, ["equal", "delete"], "a"], [two, ["equal", "insert"], "b"]].map(([row, ops, side]) => {
        const cell = el("td", { role: "cell", dir: "auto", lang: this.langs[side] });
        if (!row) return cell;
        const moved = row.move > 0;
        cell.className = moved ? "moved" : row.kind;
        if (moved && (side === "a" || row.kind === "moved_here")) this.moveNote(cell, row, side, seen);
        if (row.kind === "moved_away") return cell;
        for (const piece of row.pieces) {
          if (!ops.includes(piece.op)) continue;
          const tag = { delete: "del", insert: "ins" }[piece.op];
          const target = tag ? el(tag) : cell;
          appendText(target, piece.text, piece[side] ?? Infinity, removed[side === "a" ? 0 : 1]);
          if (tag) cell.append(target);
        }
        return cell;
      });
      return el("tr", { role: "row", class: one && one.kind === "same" ? "same" : null }, ...cells);
    }

    moveNote(cell, row, side, seen) {
      const key = `${row.kind} ${row.move} ${side}`;
      if (seen.has(key)) return;
      seen.add(key);
      if (side === "b") return;
      const here = row.kind === "moved_here";
      cell.id = `move-${row.move}-${here ? "here" : "away"}`;
      const label = here ? `from paragraph ${row.paragraph} ↕` : `moved to paragraph ${row.paragraph} ↕`;
      const jump = () => {
        const target = byId(`move-${row.move}-${here ? "away" : "here"}`);
        if (!target) return;
        document.querySelectorAll(".lit").forEach((node) => node.classList.remove("lit"));
        target.classList.add("lit");
        target.scrollIntoView({ block: "center" });
        target.querySelector("button")?.focus({ preventScroll: true });
      };
      cell.append(el("button", { type: "button", class: "note", lang: "en", onclick: jump }, label));
    }

    agreedText() {
      if (!this.data.agreed.length)
        return [el("p", { class: "meta" }, "No passage is carried by two outlets.")];
      const items = this.data.agreed.map(([member, start, end, opens, sources, witnesses], k, all) => {
        const whole = this.text(member);
        const before = cut(whole, 0, start).split(END).pop().trim();
        const after = cut(whole, end, whole.length).split(END, 1)[0].trim();
        const next = all[k + 1];
        const text = el("p", { dir: "auto", lang: this.members[member].lang }, opens && !before ? "" : "[…] ", cut(whole, start, end),
          after && (!next || next[3]) ? " […]" : "");
        const first = this.members[witnesses[0]];
        const carried = plural(sources, "outlet", "outlets");
        const summary = first.time === null ? carried : `${carried}, first ${nameOf(first)}`;
        const list = witnesses.slice(0, 50).map((k) => el("li", null, bdi(nameOf(this.members[k]))));
        if (witnesses.length > 50) list.push(el("li", null, `and ${number(witnesses.length - 50)} more`));
        const witness = el("details", { class: "witness" }, el("summary", null, bdi(summary)), el("ul", null, ...list));
        return el("li", null, text, witness);
      });
      const left = this.members.length - this.variants.length - 1;
      const note = "Text that two or more outlets carry, most likely from one original, such as an agency’s report: as near "
        + "to that as this family allows, in the order of the fullest version. That several carry it does not mean "
        + "that several found it out."
        + (left ? ` Of ${plural(left, "further version", "further versions")} the text is left out of this page.` : "");
      return [el("p", { class: "meta" }, note), el("ol", { class: "text agreed" }, ...items)];
    }
  }

  // --- where we are

  function route() {
    const wanted = /^#family=(.+)$/.exec(location.hash);
    let id = null;
    try {
      id = wanted ? decodeURIComponent(wanted[1]) : null;
    } catch {
      id = null;
    }
    const n = id === null || !total ? -1 : families.id.indexOf(id);
    if (n < 0) {
      const back = !view.hidden;
      view.hidden = true;
      view.replaceChildren();
      overview.hidden = false;
      document.title = title;
      if (back) {
        const link = opener === null ? null : [...byId("list").querySelectorAll("a")].find((a) => a.hash === opener);
        (link || byId("families")).focus({ preventScroll: true });
        (link || byId("families")).scrollIntoView({ block: "center" });
      }
      return;
    }
    opener = location.hash;
    const data = load(n);
    if (data) new FamilyView(n, data).show();
    else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", route, { once: true });
  }

  // --- light and dark

  function theme() {
    const button = byId("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
    const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    const keep = (value) => {
      try {
        if (value) localStorage.setItem("dedup-theme", value);
        return localStorage.getItem("dedup-theme");
      } catch {
        return null; // no storage for local files: the choice lasts as long as the page
      }
    };
    const kept = keep();
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
    button.hidden = false;
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      keep(document.documentElement.dataset.theme);
      label();
    });
    dark.addEventListener("change", label);
    label();
  }

  const title = document.title;
  const option = (name, k) => el("option", { value: k }, brief(name, 60));
  source.append(...index.sources.map(option));
  agency.append(...index.agencies.map(option));
  relation.append(...index.relations.map(option));
  byId("filters").hidden = !total;
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  controls.slice(1).forEach((control) => control.addEventListener("change", filter));
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !view.hidden) location.hash = "#families";
  });
  window.addEventListener("hashchange", route);
  theme();
  filter();
  route();
})();
