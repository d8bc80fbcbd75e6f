// Source and dub, one clock: what plays can be switched in place, and a line can be played alone.
import { at } from "/review/page/dom.js";

let [source, dub] = [at("source"), at("dub")];
let until = Infinity;
let start = 0;

export function load(base, review) {
  if (!review.has_picture && source instanceof HTMLVideoElement) [source, dub] = [asSound(source), asSound(dub)];
  start = review.start_ms;
  for (const [video, has] of [[source, review.has_source], [dub, review.has_dub]]) {
    const address = `${base}/media/${video.id}?of=${encodeURIComponent(review.since)}`;
    at(`${video.id}-box`).hidden = !has;
    if (has && !video.src.endsWith(address)) video.src = address;
  }
  at("switch").disabled = !(review.has_source && review.has_dub);
}

const playing = () => (dub.paused && !source.paused ? source : dub.paused && at("dub-box").hidden ? source : dub);

export function switchOver() {
  const from = playing();
  const to = from === dub ? source : dub;
  if (at(`${to.id}-box`).hidden) return;
  const runs = !from.paused;
  to.currentTime = from.currentTime;
  from.pause();
  if (runs) to.play().catch(() => {});
}

export function playLine(line) {
  const video = playing();
  const [from, to] = video === dub ? line.dub_ms : [line.start_ms - start, line.end_ms - start];
  video.currentTime = Math.max(0, from / 1000);
  until = to / 1000;
  video.play().catch(() => {});
}

// A reel without a picture has nothing to show: a player of sound, in the same place.
function asSound(video) {
  const audio = document.createElement("audio");
  Object.assign(audio, { id: video.id, controls: true, preload: "metadata" });
  video.replaceWith(audio);
  watch(audio);
  return audio;
}

function watch(player) {
  player.addEventListener("timeupdate", () => {
    if (player.currentTime < until) return;
    until = Infinity;
    player.pause();
  });
  player.addEventListener("play", () => {
    const other = player === dub ? source : dub;
    other.pause();
  });
}

for (const video of [source, dub]) watch(video);
