// What the page asks its server; an answer is sent until the server has it.

const RETRY_MS = 1000;
const HOLD_MS = 30_000;
const client = remembered(sessionStorage, "client", () => randomId());

export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}

export function remembered(storage, name, first) {
  if (storage.getItem(name) === null) storage.setItem(name, first());
  return storage.getItem(name);
}

async function post(path, content, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify({ client, ...content }), ...options });
}

// Has the queries that are looked at be nobody else's, until the page is left.
export function holdQueries(onTrouble) {
  const ignore = () => {}; // a server that is gone is told by what fails next
  setInterval(async () => {
    const response = await post("hold").catch(ignore);
    if (response && !response.ok) await content(response).catch(onTrouble);
  }, HOLD_MS);
  addEventListener("pagehide", () => post("leave", {}, { keepalive: true }).catch(ignore));
}

async function content(response) {
  if (!response.ok) throw new Error((await response.text()) || `the server says ${response.status}`);
  return response.json();
}

export async function fetchRound() {
  return content(await fetch("round"));
}

export async function fetchNext(without) {
  return withPictures((await content(await post("next", { without }))).query);
}

export async function fetchAt(position) {
  return withPictures((await content(await fetch(`query/${position}`))).query);
}

export async function finishRound(who) {
  return content(await post("finish", { who }));
}

// Whether the disk has the answer; false if someone else was faster. Waits for a server that is gone.
export async function sendAnswer(query, answer, onTrouble) {
  for (;;) {
    try {
      const response = await post(`answer/${query.index}`, answer);
      if (response.status === 409) return null;
      return await content(response);
    } catch (error) {
      onTrouble(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function withPictures(query) {
  if (query === null) return null;
  const [around, image] = await Promise.all([load(`around/${query.index}`), load(`image/${query.index}`)]);
  return { ...query, pictures: { around, image } };
}

async function load(source) {
  const picture = new Image();
  picture.src = source;
  try {
    await picture.decode();
  } catch {
    const response = await fetch(source);
    throw new Error((await response.text()) || "the picture can't be read");
  }
  return picture;
}
