"use strict";
// Everything here is an extra: without it the page shows the same script, figures and players.
document.documentElement.classList.add("js");
const hearAlso = (video, audio) => {
  const match = () => { if (Math.abs(audio.currentTime - video.currentTime) > 0.12) audio.currentTime = video.currentTime; };
  const follow = () => { match(); audio.playbackRate = video.playbackRate; if (!video.paused && video.muted) audio.play().catch(() => {}); };
  for (const name of ["play", "seeked", "ratechange", "timeupdate"]) video.addEventListener(name, follow);
  for (const name of ["pause", "waiting", "ended"]) video.addEventListener(name, () => audio.pause());
  audio.controls = false;
  return (original) => {
    video.muted = original;
    if (original) follow(); else audio.pause();
  };
};
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
const addCaptions = (video, rows) => {
  const track = video.addTextTrack("subtitles", video.dataset.label, video.dataset.language);
  for (const row of rows) {
    const text = row.querySelector(".text:not(.none)");
    if (text) track.addCue(new VTTCue(row.dataset.s / 1000, row.dataset.e / 1000, text.textContent.trim().replace(/&/g, "&amp;").replace(/</g, "&lt;")));
  }
  track.mode = "showing";
};
for (const article of document.querySelectorAll("article.language")) {
  const video = article.querySelector("video, audio.dub"), list = article.querySelector(".lines");
  const rows = list ? [...list.querySelectorAll("li")] : [], starts = rows.map((row) => +row.dataset.s);
  const head = article.querySelector(".head"), drawing = head && head.ownerSVGElement;
  const follow = article.querySelector(".follow input"), audio = article.querySelector("audio.original");
  let now = -1;
  const find = (ms) => {
    let low = 0, high = starts.length;
    while (low < high) { const middle = (low + high) >> 1; if (starts[middle] <= ms) low = middle + 1; else high = middle; }
    return low - 1;
  };
  const show = (place, always) => {
    if (place !== now) {
      if (rows[now]) rows[now].removeAttribute("aria-current");
      if (rows[place]) rows[place].setAttribute("aria-current", "true");
      now = place;
    } else if (!always) return;
    if (rows[now] && (always || !follow || follow.checked))
      list.scrollTop += rows[now].getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 3;
  };
  const seek = (ms) => { if (video) video.currentTime = ms / 1000 + 0.001; show(find(ms + 1), true); };
  if (video) {
    video.addEventListener("timeupdate", () => {
      show(find(video.currentTime * 1000));
      if (head && video.duration) head.setAttribute("x", (480 * video.currentTime / video.duration).toFixed(1));
    });
    if (video.dataset.captions === "lines") addCaptions(video, rows);
  }
  for (const link of video ? article.querySelectorAll(".checks a[data-s]") : [])
    link.addEventListener("click", (event) => { event.preventDefault(); seek(+link.dataset.s); });
  if (list) {
    list.addEventListener("click", (event) => {
      const row = event.target.closest("li");
      if (row && (event.target.closest("a") || !String(getSelection()))) { event.preventDefault(); seek(+row.dataset.s); }
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const place = Math.max(0, Math.min(rows.length - 1, now + step));
      if (rows[place]) seek(starts[place]);
    });
  }
  if (drawing && video) drawing.addEventListener("click", (event) => {
    const box = drawing.getBoundingClientRect();
    seek(1000 * (video.duration || 0) * (event.clientX - box.left) / box.width);
  });
  if (video && audio) {
    const change = hearAlso(video, audio), choice = article.querySelector(".hear"), radios = [...choice.querySelectorAll("input")];
    choice.hidden = false;
    choice.addEventListener("change", () => change(radios[1].checked));
    article.addEventListener("keydown", (event) => {
      if (event.key !== "o" || event.altKey || event.ctrlKey || event.metaKey) return;
      const other = radios.find((radio) => !radio.checked);
      other.checked = true;
      change(radios[1].checked);
    });
  }
}
