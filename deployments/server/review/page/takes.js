// A person's own recording of a line: spoken here or chosen as a file, heard, and then used. A take that is not used yet
// belongs to its line, and stays while others change the script.
import { upload, post } from "/review/page/api.js";
import { at, fill, make, say } from "/review/page/dom.js";

const LONGEST_S = 300;
const MOST_BYTES = 64 * 2 ** 20;
const FASTEST = 1.3;
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
// What cleans a call up makes a voice thin: a dub wants the sound as it is.
const SOUND = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export class Takes {
  constructor(path, act, save, chosen) {
    Object.assign(this, { path, act, save, chosen, found: new Map(), recorder: null, number: 0, address: "" });
    at("record").hidden = !(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia);
    at("record").addEventListener("click", () => this.toggle());
    at("file").addEventListener("change", () => this.choose());
    at("use").addEventListener("click", () => this.use());
    at("discard").addEventListener("click", () => this.discard());
    at("keep").addEventListener("click", () => this.change("keep", "The recording says the new words."));
    at("drop").addEventListener("click", () => this.change("drop", "The recording is removed; a voice says the line."));
  }

  get open() {
    return this.found.size > 0 || this.recorder !== null;
  }

  show(line, review) {
    const own = line.choice?.recording || null;
    at("saying").disabled = at("own").disabled = Boolean(review.vendor);
    at("elsewhere").hidden = !review.vendor;
    at("elsewhere").textContent = review.vendor
      ? `${review.vendor} dubs this language: it takes no voice, pace or recording for single lines. Choose voices in its own studio.`
      : "";
    if (at("voices").childElementCount !== review.voices.length) fill(at("voices"), review.voices.map((each) => make("option", "", { value: each })));
    at("recorded").textContent = this.describe(line, own);
    at("recorded").classList.toggle("bad", Boolean(own) && (!own.counts || own.ms / FASTEST > line.end_ms - line.start_ms));
    const address = own ? `/review/api${this.path}/recording/${line.number}?of=${own.sha256}` : "";
    if (address !== this.address) {
      this.address = address;
      if (own) at("recording").src = address;
      else at("recording").removeAttribute("src");
    }
    at("recording").hidden = at("drop").hidden = !own;
    at("keep").hidden = !own || own.counts;
    this.showTake(line.number);
  }

  describe(line, own) {
    const room = line.end_ms - line.start_ms;
    if (!own) return `None: a voice says it. The line has ${seconds(room)}.`;
    const told = `By ${own.by}, ${seconds(own.ms)}; the line has ${seconds(room)}.`;
    if (!own.counts) return `${told} The words were edited since, so a voice says them.`;
    if (own.ms / FASTEST > room) return `${told} It may be too long, even hurried: what has no room is reported, and not cut.`;
    return own.ms > room ? `${told} It may be hurried a little.` : told;
  }

  showTake(number) {
    const take = this.found.get(number);
    at("take-box").hidden = !take;
    if (take && at("take").src !== take.url) at("take").src = take.url;
    const mine = this.recorder !== null && this.number === number;
    at("record").textContent = this.recorder === null ? "Record" : mine ? "Stop recording" : `Stop recording line ${this.number}`;
    at("record").classList.toggle("live", this.recorder !== null);
  }

  keep(number, blob) {
    if (!blob.size || blob.size > MOST_BYTES) {
      say(blob.size ? "That file is too large: at most 64 MB are taken." : "That file is empty.", true);
      return;
    }
    this.forget(number);
    this.found.set(number, { blob, url: URL.createObjectURL(blob), words: this.chosen().number === number ? this.chosen().text : this.words });
    this.showTake(this.chosen().number);
    say(`Line ${number}: a new take. Hear it, then use it.`);
  }

  forget(number) {
    const take = this.found.get(number);
    if (take) URL.revokeObjectURL(take.url);
    this.found.delete(number);
  }

  choose() {
    const [file] = at("file").files;
    if (file) this.keep(this.chosen().number, file);
    at("file").value = ""; // the same file may be chosen again
  }

  async toggle() {
    if (at("record").hidden || at("own").disabled) return;
    if (this.recorder) {
      this.recorder.stop();
      return;
    }
    this.number = this.chosen().number;
    this.words = this.chosen().text;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
    } catch (error) {
      const why = error.name === "NotAllowedError" ? "The browser does not let this page use a microphone" : "There is no microphone to be had";
      say(`${why}. Allow one, or choose a file.`, true);
      return;
    }
    this.start(stream);
  }

  start(stream) {
    const mimeType = KINDS.find((each) => MediaRecorder.isTypeSupported(each));
    const [recorder, pieces, number] = [new MediaRecorder(stream, mimeType ? { mimeType } : {}), [], this.number];
    const limit = setTimeout(() => recorder.stop(), LONGEST_S * 1000);
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    recorder.addEventListener("stop", () => {
      clearTimeout(limit);
      for (const track of stream.getTracks()) track.stop();
      this.recorder = null;
      this.keep(number, new Blob(pieces, { type: recorder.mimeType.split(";")[0] }));
      this.showTake(this.chosen().number);
    });
    recorder.start();
    this.recorder = recorder;
    this.showTake(number);
    say(`Recording line ${number} … press R or Stop when it is said.`);
  }

  discard() {
    this.forget(this.chosen().number);
    this.showTake(this.chosen().number);
    say("The take is discarded.");
    at("file").focus();
  }

  async use() {
    const { number } = this.chosen();
    const take = this.found.get(number);
    // A recording is taken for the words that are saved: those in the field come first.
    if (at("text").value !== this.chosen().text) {
      if (!(await this.save())) return;
      take.words = this.chosen().text;
    }
    if (take.words !== this.chosen().text) {
      take.words = this.chosen().text; // they stand in the field now, and have been spoken of
      say(`The words of line ${number} were changed after this take. If it says them, use it again.`, true);
      return;
    }
    const used = await this.act((me) => upload(`${this.path}/recording`, { ...me, line: number }, take.blob), `Line ${number} is your recording.`);
    if (used === "conflict") take.words = this.chosen().text; // what was in the way was shown
    if (used === true) this.forget(number);
    this.showTake(this.chosen().number);
  }

  change(recording, said) {
    const { number } = this.chosen();
    return this.act((me) => post(`${this.path}/edit`, { ...me, choices: { [number]: { recording } } }), `Line ${number}: ${said}`);
  }
}
