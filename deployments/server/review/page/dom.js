// Everything that comes from elsewhere becomes text nodes here, and never markup.
export const at = (id) => document.getElementById(id);

export function make(tag, text = "", properties = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  return Object.assign(element, properties);
}

/** Words for screen readers alone. */
export const spoken = (words) => make("span", words, { className: "sr" });

export function fill(list, items) {
  list.replaceChildren(...items);
}

export function say(words, bad = false) {
  const place = at("said");
  place.textContent = words;
  place.classList.toggle("bad", bad);
}
