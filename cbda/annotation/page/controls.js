// Buttons, and the keys that do the same.

const TYPED = "input:not([type=checkbox])";
const PRESSED = "button, summary, [type=checkbox]";
const SHOWN = { ArrowLeft: "←", ArrowRight: "→", Enter: "⏎", Escape: "esc" };

// What stands for a class where its colour alone would.
export function signOf(kind) {
  return kind.key || kind.name[0];
}

// A button of a class: its colour, its name and its key.
export function classButton(kind, index, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.index = index;
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.background = kind.colour;
  swatch.dataset.sign = signOf(kind);
  const name = document.createElement("span");
  name.textContent = kind.name;
  button.append(swatch, name);
  if (kind.key) addKey(button, kind.key);
  button.addEventListener("click", onClick);
  return button;
}

export function addKey(button, key) {
  const shown = document.createElement("kbd");
  shown.textContent = SHOWN[key] ?? key;
  button.setAttribute("aria-keyshortcuts", key);
  button.append(shown);
}

// Whatever was clicked gives the keyboard back, so that Enter does not click it again; Enter leaves a name.
export function giveBackKeys() {
  let isPointed = false;
  addEventListener("pointerdown", () => (isPointed = true), true);
  addEventListener("keydown", () => (isPointed = false), true);
  addEventListener("click", () => isPointed && document.activeElement?.matches(PRESSED) && document.activeElement.blur());
  addEventListener("keydown", ({ target, key }) => target.matches(TYPED) && ["Enter", "Escape"].includes(key) && target.blur());
}

// The key of an event that is meant for the page; null if it is someone else's.
export function keyOf({ target, key, ctrlKey, metaKey, altKey }) {
  const isTyping = target.matches(TYPED);
  const isPressing = target.matches(PRESSED) && ["Enter", " "].includes(key);
  if (isTyping || isPressing || ctrlKey || metaKey || altKey) return null;
  return key.length === 1 ? key.toLowerCase() : key;
}
