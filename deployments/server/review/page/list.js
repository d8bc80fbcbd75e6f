// A list of any length, of which only what can be seen is in the page. One line is chosen; the keyboard moves it.
import { make, spoken } from "/review/page/dom.js";

const BEYOND = 8;

export class LineList {
  constructor(box, rows, choose) {
    Object.assign(this, { box, rows, choose, lines: [], chosen: 0, height: 64 });
    box.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()));
    box.addEventListener("keydown", (event) => this.move(event));
    rows.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.select(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.measure()).observe(box);
  }

  measure() {
    const height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 64;
    this.height = height;
    this.rows.style.height = `${this.lines.length * height}px`;
    this.draw();
  }

  show(lines) {
    this.lines = lines;
    this.chosen = Math.min(this.chosen, Math.max(0, lines.length - 1));
    this.measure();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - BEYOND);
    const last = Math.min(this.lines.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + BEYOND);
    const shown = [];
    for (let index = first; index < last; index += 1) shown.push(this.row(index));
    if (this.chosen < first || this.chosen >= last) if (this.lines.length) shown.push(this.row(this.chosen));
    this.rows.replaceChildren(...shown);
    this.box.setAttribute("aria-activedescendant", `line-${this.chosen}`);
  }

  row(index) {
    const line = this.lines[index];
    const row = make("div", "", { id: `line-${index}`, className: line.done ? "row done" : "row" });
    row.dataset.index = index;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(index === this.chosen));
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-setsize", String(this.lines.length));
    row.style.top = `${index * this.height}px`;
    const flagged = line.found.length || (line.fit && line.fit.too_long);
    const own = line.choice?.recording ? `recorded by ${line.choice.recording.by}` : line.choice ? "voice or pace chosen" : "";
    const at = make("span", `${line.number} · ${line.at}`, { className: "at", title: own });
    if (own) at.append(make("i", line.choice.recording ? "●" : "◐", { className: "own", ariaHidden: "true" }), spoken(own));
    row.append(
      at,
      make("span", line.source, { className: "src", dir: "auto" }),
      make("span", line.text, { className: "txt", dir: "auto" }),
      make("span", flagged ? "!" : line.comments.length ? "…" : "", { className: "flag", title: flagged ? line.found.join("; ") : "" }),
    );
    return row;
  }

  select(index) {
    if (!this.lines.length) return;
    this.chosen = Math.max(0, Math.min(this.lines.length - 1, index));
    const top = this.chosen * this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    const below = top + this.height - this.box.clientHeight;
    if (below > this.box.scrollTop) this.box.scrollTop = below;
    this.draw();
    this.choose(this.lines[this.chosen]);
  }

  move(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.lines.length, End: this.lines.length };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.select(this.chosen + steps[event.key]);
  }
}
