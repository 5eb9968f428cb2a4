// Draws a query: its window as a grid, its surroundings, and the whole image with a marker.

import { signOf } from "./controls.js";

const WINDOW_PX = 560;
const AROUND_PX = 480;
const IMAGE_PX = 640;
const MIN_SIGN_PX = 20; // from one to the next
export const UNSET = -1;

// The part of the image that the window's canvas shows: the window, and a margin around it.
export function shownPart(query) {
  const { window: win, around } = query;
  const margin = Math.max(2, Math.round(Math.max(win.height, win.width) / 4));
  const top = Math.max(win.top - margin, around.top);
  const left = Math.max(win.left - margin, around.left);
  const bottom = Math.min(win.top + win.height + margin, around.top + around.height);
  const right = Math.min(win.left + win.width + margin, around.left + around.width);
  return { top, left, height: bottom - top, width: right - left };
}

function scaleOf(part) {
  return Math.max(Math.floor(WINDOW_PX / Math.max(part.height, part.width)), 2);
}

// Pixel of the window at a point of its canvas, or null outside of it.
export function pixelAt(query, canvas, event) {
  const part = shownPart(query);
  const box = canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * part.height) + part.top - query.window.top;
  const column = Math.floor(((event.clientX - box.left) / box.width) * part.width) + part.left - query.window.left;
  const { height, width } = query.window;
  return row >= 0 && column >= 0 && row < height && column < width ? row * width + column : null;
}

// `classes` have a colour, a name and a key; `cursor` is a pixel of the window, or null.
export function drawWindow(canvas, query, pixels, classes, cursor) {
  const part = shownPart(query);
  const scale = scaleOf(part);
  const context = prepare(canvas, part.width * scale, part.height * scale);
  drawPart(context, query.pictures.around, query.around, part, scale);
  shadeOutside(context, query.window, part, scale);
  const x = (query.window.left - part.left) * scale;
  const y = (query.window.top - part.top) * scale;
  const cells = pixels.map((value, pixel) => {
    const [row, column] = [Math.floor(pixel / query.window.width), pixel % query.window.width];
    return { row, column, x: x + column * scale, y: y + row * scale, kind: classes.get(value) };
  });
  cells.forEach((cell, pixel) => drawCell(context, cell, scale, pixel === cursor));
  drawSigns(context, cells, scale);
  outline(context, x, y, query.window.width * scale, query.window.height * scale);
}

function shadeOutside(context, win, part, scale) {
  context.fillStyle = "rgba(40, 40, 40, 0.45)";
  context.beginPath();
  context.rect(0, 0, part.width * scale, part.height * scale);
  context.rect((win.left - part.left) * scale, (win.top - part.top) * scale, win.width * scale, win.height * scale);
  context.fill("evenodd");
}

function drawCell(context, { x, y, kind }, scale, isCursor) {
  if (scale >= 6) {
    context.strokeStyle = "rgba(255, 255, 255, 0.35)";
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, scale, scale);
  }
  if (kind) {
    context.globalAlpha = 0.55;
    context.fillStyle = kind.colour;
    context.fillRect(x, y, scale, scale);
    context.globalAlpha = 1;
  }
  if (isCursor) outline(context, x + 3, y + 3, scale - 6, scale - 6);
}

// In every cell, or if they are small in one of a few, so that classes are told apart without their colours.
function drawSigns(context, cells, scale) {
  const step = Math.ceil(MIN_SIGN_PX / scale);
  const has = ({ row, column, kind }) => kind && row % step === step >> 1 && column % step === step >> 1;
  for (const { x, y, kind } of cells.filter(has)) letter(context, signOf(kind), x + scale / 2, y + scale / 2, step * scale);
}

function letter(context, text, x, y, scale) {
  context.font = `600 ${Math.min(Math.floor(scale / 2), 32)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.strokeStyle = "#000";
  context.strokeText(text, x, y);
  context.fillStyle = "#fff";
  context.fillText(text, x, y);
}

export function drawAround(canvas, query) {
  const { around, window: win } = query;
  const scale = Math.max(Math.floor(AROUND_PX / Math.max(around.height, around.width)), 1);
  const context = prepare(canvas, around.width * scale, around.height * scale);
  drawPart(context, query.pictures.around, around, around, scale);
  outline(context, (win.left - around.left) * scale, (win.top - around.top) * scale, win.width * scale, win.height * scale);
}

export function drawImage(canvas, query, size) {
  const scale = IMAGE_PX / Math.max(size.height, size.width);
  const context = prepare(canvas, size.width * scale, size.height * scale);
  context.imageSmoothingEnabled = true;
  context.drawImage(query.pictures.image, 0, 0, canvas.width, canvas.height);
  const radius = Math.max((query.window.height / 2) * scale, 14);
  circle(context, (query.column + 0.5) * scale, (query.row + 0.5) * scale, radius);
}

function prepare(canvas, width, height) {
  canvas.width = Math.round(width);
  canvas.height = Math.round(height);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  return context;
}

function drawPart(context, picture, whole, part, scale) {
  const from = [part.left - whole.left, part.top - whole.top, part.width, part.height];
  context.drawImage(picture, ...from, 0, 0, part.width * scale, part.height * scale);
}

// White within black: to be seen on any picture, in any colour vision.
function outline(context, x, y, width, height) {
  for (const [colour, line] of [["#000", 5], ["#fff", 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.strokeRect(x, y, width, height);
  }
}

function circle(context, x, y, radius) {
  for (const [colour, line] of [["#000", 7], ["#fff", 3]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}
