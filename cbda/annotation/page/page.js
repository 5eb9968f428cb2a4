// The page: one query at a time, answered by a key, a click or by painting.

import { addKey, classButton, giveBackKeys, keyOf } from "./controls.js";
import { UNSET, drawAround, drawImage, drawWindow, pixelAt } from "./draw.js";
import { Painting } from "./painting.js";
import { fetchAt, fetchNext, fetchRound, finishRound, holdQueries, randomId, remembered, sendAnswer } from "./server.js";
import { inTurn, tell } from "./turns.js";
import { describe, describeAnswer, describeEnd, describePainting, describePlace, describeProgress, isOver } from "./words.js";

const VOID = 255;
const WITHOUT_CLASS = { v: "void", x: "unsure", s: "skipped" };
const at = (id) => document.getElementById(id);

const page = {
  round: null,
  kinds: new Map(), // class id to colour, name and key
  query: null,
  again: false, // whether the query has an answer already
  painting: null,
  upcoming: null, // promise of the next query and its pictures
  since: 0,
  history: JSON.parse(remembered(sessionStorage, "history", () => "[]")), // positions answered here
};

async function start() {
  page.round = await fetchRound();
  page.round.classes.forEach((kind, index) => page.kinds.set(index, kind));
  page.kinds.set(VOID, { name: "void", colour: "#000000", key: "v" });
  at("title").textContent = `Round ${page.round.round}`;
  at("who").value = remembered(localStorage, "who", () => "");
  at("proposals").checked = remembered(localStorage, "proposals", () => "yes") === "yes";
  at("classes").replaceChildren(...page.round.classes.map((kind, index) => classButton(kind, index, () => chooseClass(index))));
  listen();
  holdQueries((error) => tell(error.message));
  showProgress(page.round.progress);
  await goOn();
}

function listen() {
  for (const button of document.querySelectorAll("button[data-key]")) {
    addKey(button, button.dataset.key);
    button.addEventListener("click", () => press(button.dataset.key));
  }
  at("accept").addEventListener("click", accept);
  at("finish").addEventListener("click", inTurn(finish));
  giveBackKeys();
  document.addEventListener("keydown", (event) => {
    const key = keyOf(event);
    if (key !== null && !(event.repeat && !page.painting) && press(key)) event.preventDefault();
  });
  at("who").addEventListener("change", () => localStorage.setItem("who", at("who").value));
  at("proposals").addEventListener("change", () => {
    localStorage.setItem("proposals", at("proposals").checked ? "yes" : "no");
    draw();
  });
  at("window").addEventListener("pointerdown", (event) => onStroke(event, true));
  at("window").addEventListener("pointermove", (event) => event.buttons && page.painting && onStroke(event, false));
}

// Does what a key does; whether it does anything.
function press(key) {
  if (page.painting && pressPainting(key)) return true;
  const index = page.round.classes.findIndex((kind) => kind.key === key);
  const actions = {
    Enter: accept, b: togglePainting, z: inTurn(undo), n: inTurn(goOn),
    ArrowLeft: inTurn(() => step(-1)), ArrowRight: inTurn(() => step(1)),
    p: () => at("proposals").click(),
  };
  if (index >= 0) chooseClass(index);
  else if (key in WITHOUT_CLASS) answer(WITHOUT_CLASS[key], []);
  else if (key in actions) actions[key]();
  else return false;
  return true;
}

function pressPainting(key) {
  if (key === "v") chooseClass(VOID);
  else if (key === "Enter") savePainting();
  else if (key === "Escape") togglePainting();
  else if (page.painting.press(key)) draw();
  else return false;
  return true;
}

function chooseClass(index) {
  if (page.painting) {
    page.painting.choose(index);
    draw();
  } else if (page.query) answer("answered", blank(page.query).fill(index));
}

function accept() {
  if (page.query && at("proposals").checked) answer("answered", page.query.proposal, "accepted");
}

function savePainting() {
  const { numUnset, pixels } = page.painting;
  if (numUnset) say(`${numUnset} of ${pixels.length} pixels have no class yet`);
  else answer("answered", pixels);
}

function togglePainting() {
  if (!page.query) return;
  page.painting = page.painting ? null : new Painting(begun(page.query), page.query.window.width);
  draw();
}

// What painting starts from: the answer before, what the model predicts, or nothing.
function begun(query) {
  if (query.pixels.length) return [...query.pixels];
  return at("proposals").checked ? [...query.proposal] : blank(query);
}

function blank({ window: { height, width } }) {
  return new Array(height * width).fill(UNSET);
}

function onStroke(event, isNew) {
  if (!page.query) return;
  if (!page.painting) togglePainting();
  const pixel = pixelAt(page.query, at("window"), event);
  if (pixel !== null) page.painting.stroke(pixel, isNew);
  draw();
}

function answer(state, pixels, proposal = at("proposals").checked ? "shown" : "hidden") {
  if (!page.query) return;
  const { query, again } = page;
  const seconds = Math.round(performance.now() - page.since) / 1000;
  inTurn(async () => {
    const reply = await send(query, { state, pixels, seconds, proposal, again });
    if (reply) remember([...page.history, query.position]);
    await (page.upcoming && !again ? advance : goOn)();
    if (!reply) tell("someone else has answered that query in the meantime; yours was not taken");
  })();
}

async function send(query, said) {
  const whole = { ...said, who: at("who").value, answer_id: randomId() };
  const reply = await sendAnswer(query, whole, (error) => tell(`not saved yet, trying again: ${error.message}`));
  tell("");
  if (reply) showProgress(reply.progress);
  return reply;
}

async function undo() {
  if (!page.history.length) return;
  const query = await fetchAt(page.history.at(-1));
  remember(page.history.slice(0, -1));
  await send(query, { state: "undone", pixels: [], seconds: 0, proposal: "", again: true });
  show({ ...query, state: "open", pixels: [] });
  page.upcoming = null;
}

async function finish() {
  if (!confirm("Leave all queries that are open without an answer?")) return;
  showProgress((await finishRound(at("who").value)).progress);
  show(null);
}

async function goOn() {
  page.upcoming = fetchNext([]);
  await advance();
}

async function advance() {
  const upcoming = page.upcoming;
  page.upcoming = null;
  const query = (await upcoming) ?? (await fetchNext([]));
  if (!query) showProgress((await fetchRound()).progress);
  show(query);
  if (!query) return;
  page.upcoming = fetchNext([query.index]);
  page.upcoming.catch(() => {}); // told when it is wanted
}

async function step(by) {
  const from = page.query ? page.query.position : page.round.progress.total;
  const query = await fetchAt(Math.max(from + by, 0));
  if (query) show(query);
  page.upcoming = null;
}

function show(query) {
  Object.assign(page, { query, painting: null, since: performance.now() });
  page.again = query !== null && query.state !== "open";
  if (query) {
    drawAround(at("around"), query);
    drawImage(at("image"), query, page.round);
    at("where").textContent = describePlace(query);
    at("window").setAttribute("aria-label", `window: ${describePlace(query)}`);
  }
  draw();
}

function draw() {
  const { query, painting, kinds } = page;
  document.body.classList.toggle("done", !query);
  document.body.classList.toggle("paints", Boolean(painting));
  document.body.classList.toggle("wants", Boolean(painting?.wantsBrush));
  at("paint").setAttribute("aria-pressed", Boolean(painting));
  at("onwards").hidden = query ? !page.again : isOver(page.round.progress);
  at("widen").hidden = !painting?.isLarge;
  at("fill").disabled = painting?.isWhole;
  at("accept").hidden = !at("proposals").checked;
  for (const button of at("classes").children) button.setAttribute("aria-pressed", Number(button.dataset.index) === painting?.brush);
  say(hint());
  if (!query) return;
  const pixels = painting?.pixels ?? (query.pixels.length ? query.pixels : blank(query));
  drawWindow(at("window"), query, pixels, kinds, painting?.cursor ?? null);
  at("accept").replaceChildren(`as the model: ${describe(query.proposal, kinds)}`);
  addKey(at("accept"), "Enter");
}

function hint() {
  const { query, painting, kinds } = page;
  if (!query) return describeEnd(page.round.progress);
  if (painting) return describePainting(painting, kinds);
  return page.again ? describeAnswer(query, kinds) : "what is in the window?";
}

function showProgress(progress) {
  page.round.progress = progress;
  const { total, states } = progress;
  at("bar").value = total ? (total - (states.open ?? 0)) / total : 1;
  at("progress").textContent = describeProgress(progress);
}

function remember(history) {
  page.history = history;
  sessionStorage.setItem("history", JSON.stringify(history));
}

function say(text) {
  at("hint").textContent = text;
}

inTurn(start)();
