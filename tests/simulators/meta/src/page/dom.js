// Small helpers to build elements. Text always goes in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * Makes `parent` show one child per item, building only what is new or changed, so that focus stays
 * where it is and screen readers hear new messages only. An item: {key, content, build}; the same
 * key and content keep the same element.
 */
export function sync(parent, items) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach(({ key, content, build }, index) => {
    let child = known.get(key);
    if (!child || child.dataset.content !== content) {
      const fresh = build();
      fresh.dataset.key = key;
      fresh.dataset.content = content;
      child?.replaceWith(fresh);
      child = fresh;
    }
    known.delete(key);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  for (const gone of known.values()) gone.remove();
}

function icon(viewBox, ...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** ✓ sent, ✓✓ delivered or read (the colour tells), a clock while retrying, a warning when lost. */
export function tickIcon(state) {
  const box = "0 0 19 14";
  if (state === "sent") return icon(box, "M4 7.5l3.5 3.5L14.5 3");
  if (state === "retrying") return icon(box, "M9.5 1.5a5.5 5.5 0 1 0 .01 0", "M9.5 4.5v3l2 1.5");
  if (state === "failed") return icon(box, "M9.5 1.5a5.5 5.5 0 1 0 .01 0", "M9.5 4.5v3M9.5 9.8v.01");
  return icon(box, "M1.5 7.5L5 11l7-8", "M8.3 10.2l.9.8 7-8");
}

export function initials(name) {
  const words = name.trim().split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("") || "?";
}

/** One of eight colours, the same for the same person every time. */
export function hueOf(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return sum % 8;
}
