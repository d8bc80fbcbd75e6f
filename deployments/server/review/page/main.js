// The review page: a list of what waits, or one language with its lines. Whoever writes says which revision they saw.
import { Refused, get, post, sound } from "/review/page/api.js";
import { at, fill, make, say } from "/review/page/dom.js";
import { LineList } from "/review/page/list.js";
import { load, playLine, switchOver } from "/review/page/players.js";
import { Takes } from "/review/page/takes.js";

const EVERY_MS = 5000;
const [, , job, locale] = location.pathname.split("/");
const path = `/${job}/${locale}`;
// What was typed and not saved (text, voice, pace), each with the revision that it was typed over: nothing of it is lost to
// a reload of the lines, and what others wrote meanwhile is not written over unseen.
const drafts = new Map();
let review = null;
let line = null;
const list = new LineList(at("lines"), at("rows"), choose);
const takes = new Takes(path, act, () => save(), () => review.lines[list.chosen]);

const who = at("who");
who.value = localStorage.getItem("reviewer") || "";
who.addEventListener("change", () => localStorage.setItem("reviewer", who.value.trim()));

const savedOf = (chosen) => ({ text: chosen.text, voice: chosen.choice?.voice || "", pace: String(chosen.choice?.pace || 1) });

function choose(chosen) {
  line = chosen;
  at("line-title").textContent = `Line ${line.number} of ${review.lines.length}${line.speaker ? ` · ${line.speaker}` : ""}`;
  at("line-source").textContent = line.source;
  const shown = drafts.get(line.number) || savedOf(line);
  at("text").value = shown.text;
  at("voice").value = shown.voice;
  at("pace").value = shown.pace;
  at("voice").placeholder = line.fit?.voice || "its speaker's";
  at("text").lang = review.locale;
  at("done").setAttribute("aria-pressed", String(line.done));
  at("heard").hidden = true;
  const facts = line.found.map((each) => make("li", each, { className: "bad" }));
  if (line.fit) {
    const pace = line.fit.recorded_by ? `recorded by ${line.fit.recorded_by}, ${(line.fit.ms / 1000).toFixed(1)} s` : `spoken at ${line.fit.ratio.toFixed(2)} of its own pace, in ${(line.fit.ms / 1000).toFixed(1)} s`;
    facts.unshift(make("li", pace + (line.fit.too_long ? ": too long for its time" : ""), { className: line.fit.too_long ? "bad" : "" }));
  }
  fill(at("facts"), facts);
  takes.show(line, review);
  fill(at("comments"), line.comments.map((each) => make("li", `${each.by}: ${each.words}`)));
}

function standing() {
  const what = review.stage === "final" ? "dub" : "script";
  const said = {
    waiting: `The ${what} waits to be approved.`,
    approved: `The ${what} is approved by ${review.by}. The job goes on when it is run again.`,
    rejected: `The ${what} is rejected by ${review.by}: ${review.reason}`,
    edited: "Lines were edited since this dub was made: they are done again when the job is run.",
    delivered: review.stale ? "Delivered, and edited since: the next run delivers it anew." : "Delivered.",
  };
  const asked = review.reviewers.length ? ` Reviewers: ${review.reviewers.join(", ")}.` : "";
  const why = review.standing === "waiting" && review.reason ? ` ${review.reason}.` : "";
  const draft = review.machine_draft ? " A machine translated it; nobody has read it." : "";
  return said[review.standing] + why + asked + draft;
}

function show(found) {
  review = found;
  document.title = at("title").textContent = `${review.job} · ${review.name} (${review.locale})`;
  at("standing").textContent = standing();
  load(`/review/api${path}`, review);
  list.show(review.lines);
  const editing = [at("text"), at("voice"), at("pace")].includes(document.activeElement) && drafts.has(line?.number);
  if (!editing && review.lines.length) choose(review.lines[list.chosen]);
  fill(at("checks"), review.checks.map((each) => make("li", `${each.name}: ${each.status}${[each.detail && `, ${each.detail}`, each.remedy && ` → ${each.remedy}`].filter(Boolean).join("")}`, { className: each.status === "fail" ? "bad" : "" })));
  const lines = (each) => (each.line || each.lines ? `line${/[ ,]/.test(each.line || each.lines) ? "s" : ""} ${each.line || each.lines} ` : "");
  fill(at("events"), review.events.map((each) => make("li", `${each.by} ${each.did} ${lines(each)}${each.at}${each.reason ? `: ${each.reason}` : ""}`)));
  const open = ["waiting", "rejected"].includes(review.standing);
  at("approve").disabled = at("reject").disabled = !open;
}

async function refresh(quietly = false) {
  const found = await get(`${path}${review ? `?seen=${review.revision}` : ""}`);
  if (found === null || (review && found.revision <= review.revision)) return; // older than what is shown by now
  const before = review;
  show(found);
  if (before && quietly) say(`Somebody changed this: now at revision ${review.revision}.`);
}

function keepDraft() {
  const revision = drafts.get(line.number)?.revision ?? review.revision;
  drafts.set(line.number, { text: at("text").value, voice: at("voice").value.trim(), pace: at("pace").value, revision });
}

async function act(work, said) {
  if (!who.value.trim()) {
    say("Write your name above first.", true);
    who.focus();
    return false;
  }
  try {
    await work({ by: who.value.trim(), revision: review.revision });
    await refresh();
    say(said);
    return true;
  } catch (error) {
    const conflict = error instanceof Refused && error.status === 409;
    if (conflict) await refresh(); // what was in the way stands there before it is spoken of
    say(error.message, true);
    return conflict ? "conflict" : false;
  }
}

async function save() {
  keepDraft();
  const number = line.number;
  const draft = drafts.get(number);
  const wanted = changesOf(draft, line);
  const saved = await act((me) => post(`${path}/edit`, { ...me, revision: draft.revision, ...wanted }), `Line ${number} is saved.`);
  if (saved === "conflict") drafts.set(number, { ...draft, revision: review.revision }); // what was in the way was shown
  if (saved !== true) return false;
  drafts.delete(number);
  choose(review.lines[list.chosen]);
  return true;
}

/** What differs from what is saved; the words alone where nothing does, so that saving is always answered. */
function changesOf(draft, chosen) {
  const [saved, number] = [savedOf(chosen), chosen.number];
  const choice = {};
  if (draft.voice !== saved.voice) choice.voice = draft.voice;
  if (Number(draft.pace || 1) !== Number(saved.pace)) choice.pace = Number(draft.pace || 1);
  const chosenAnew = Object.keys(choice).length > 0;
  const worded = draft.text !== saved.text || !chosenAnew;
  return { ...(worded && { lines: { [number]: draft.text } }), ...(chosenAnew && { choices: { [number]: choice } }) };
}

async function hear() {
  say("Speaking …");
  try {
    const wanted = { text: at("text").value, voice: at("voice").value.trim() || line.fit?.voice || "", pace: Number(at("pace").value) || 1 };
    if (wanted.voice.startsWith("recording:")) wanted.voice = "";
    const heard = at("heard");
    URL.revokeObjectURL(heard.src);
    heard.src = URL.createObjectURL(await sound(`${path}/speak`, wanted));
    heard.hidden = false;
    say("Spoken.");
    await heard.play().catch(() => {});
  } catch (error) {
    say(error.message, true);
  }
}

const done = () => act((me) => post(`${path}/mark`, { ...me, line: line.number, done: !line.done }), `Line ${line.number}: ${line.done ? "open" : "done"}.`);
const decide = (decision, said) => act((me) => post(`${path}/decide`, { ...me, decision, words: at("words").value }), said);

for (const field of [at("text"), at("voice"), at("pace")]) {
  field.addEventListener("input", keepDraft);
  field.addEventListener("keydown", async (event) => {
    if (event.key === "Escape") at("lines").focus();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (await save()) list.select(list.chosen + 1);
  });
}
at("lines").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !line) return;
  const keys = { Enter: () => at("text").focus(), " ": () => playLine(line), s: switchOver, d: done, h: hear, r: () => takes.toggle() };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
at("save").addEventListener("click", save);
at("play").addEventListener("click", () => playLine(line));
at("hear").addEventListener("click", hear);
at("done").addEventListener("click", done);
at("switch").addEventListener("click", switchOver);
at("approve").addEventListener("click", () => decide("approve", "Approved."));
at("reject").addEventListener("click", () => decide("reject", "Rejected."));
at("say").addEventListener("click", async () => {
  const words = at("comment").value;
  if (await act((me) => post(`${path}/decide`, { ...me, decision: "comment", words, line: line.number }), "Said.") === true) at("comment").value = "";
});
addEventListener("beforeunload", (event) => {
  const differs = (draft, chosen) => Object.entries(savedOf(chosen)).some(([name, value]) => draft[name] !== value);
  const open = [...drafts].some(([number, draft]) => review?.lines[number - 1] && differs(draft, review.lines[number - 1]));
  if (open || takes.open) event.preventDefault();
});

async function showAll() {
  const found = await get("");
  at("all").hidden = false;
  document.title = "Review";
  fill(at("reviews"), found.map((each) => {
    const item = make("li");
    const link = make("a", `${each.job} · ${each.name} (${each.locale})`);
    link.href = `/review/${encodeURIComponent(`${each.job}~${each.source}`)}/${encodeURIComponent(each.locale)}`;
    const stands = `${each.stage ? `${each.stage} ` : ""}${each.standing} since ${each.decided || each.since}`;
    item.append(link, make("span", each.standing === "damaged" ? ` damaged: ${each.reason}` : ` ${stands}`));
    return item;
  }));
  if (!found.length) say("Nothing waits for a person.");
}

try {
  if (locale) {
    at("one").hidden = false;
    await refresh();
    setInterval(() => refresh(true).catch((error) => say(error.message, true)), EVERY_MS);
  } else {
    await showAll();
  }
} catch (error) {
  say(error.message, true);
}
