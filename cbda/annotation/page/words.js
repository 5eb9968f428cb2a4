// What the page says.

const STATES = { answered: "answered", void: "void", unsure: "can’t tell", skipped: "skipped", undone: "open", open: "open" };

// Classes of pixels, the most frequent first; `kinds` has names by class id.
export function describe(pixels, kinds) {
  const counts = new Map();
  for (const value of pixels) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort((one, other) => other[1] - one[1]);
  const name = (value) => kinds.get(value).name;
  if (sorted.length === 1) return name(sorted[0][0]);
  return sorted.map(([value, number]) => `${number} ${name(value)}`).join(", ");
}

export function describeProgress({ total, states, left_s: left }) {
  const numOpen = states.open ?? 0;
  const other = ["void", "unsure", "skipped"].filter((name) => states[name]);
  const counted = other.map((name) => `${states[name]} ${STATES[name]}`);
  const time = left && numOpen ? [`about ${describeSeconds(left)} left`] : [];
  return [`${total - numOpen} of ${total} done`, ...counted, ...time].join(" · ");
}

function describeSeconds(seconds) {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// Whether nothing is left to answer.
export function isOver({ states, finished }) {
  return finished || !states.open;
}

export function describeEnd(progress) {
  if (isOver(progress)) return "Done. Run the command again that asked for answers; this page can be closed.";
  const isOne = progress.states.open === 1;
  const open = isOne ? "The last one is" : `The last ${progress.states.open} are`;
  const free = `${isOne ? "It is" : "They are"} free again three minutes after that window died: go on, to look.`;
  return `${open} open in another window: of someone else, or one of yours that was lost. ${free}`;
}

export function describeAnswer(query, kinds) {
  const said = query.pixels.length ? `${STATES.answered}: ${describe(query.pixels, kinds)}` : STATES[query.state];
  return `${said}; another answer replaces it`;
}

// What is painted, where the cursor is if it is in sight, and what the space bar would do there.
export function describePainting({ brush, size, cursor, width, pixels, numUnset, wantsBrush }, kinds) {
  const name = (value) => kinds.get(value)?.name ?? "no class yet";
  const wide = size > 1 ? `, ${size} px wide` : "";
  const chosen = brush === null ? "choose a class to paint with" : `paint ${name(brush)}${wide}`;
  const first = wantsBrush ? "nothing is painted: choose a class first, by key or click" : chosen;
  const left = numUnset ? [`${numUnset} px have no class yet`] : [];
  if (cursor === null) return [first, ...left].join(" · ");
  const place = `row ${Math.floor(cursor / width) + 1}, column ${(cursor % width) + 1}: ${name(pixels[cursor])}`;
  const does = brush === null ? "" : `, space makes it ${name(brush)}`;
  return [first, ...left, place + does].join(" · ");
}

export function describePlace({ window: win, image, row, column }) {
  return `${win.height} × ${win.width} px of ${image}, row ${row}, column ${column}`;
}
