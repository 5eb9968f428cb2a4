// A mixed window being painted: a brush, and a cursor for those without a pointer.

import { UNSET } from "./draw.js";

const SIZES = [1, 3, 5, 9]; // of the brush, in px

export class Painting {
  // `pixels` are classes of the window row by row, or UNSET, on which is painted; `width` is that of the window.
  constructor(pixels, width) {
    this.painted = new Set(); // pixels
    Object.assign(this, { pixels, width, brush: null, size: SIZES[0], cursor: 0, last: 0, wantsBrush: false });
  }

  // Whether a window is so large that a brush of one pixel is tedious.
  get isLarge() {
    return this.pixels.length > SIZES.at(-1) ** 2;
  }

  // Pixels of one side of the brush, the next of a few.
  widen() {
    this.size = SIZES[(SIZES.indexOf(this.size) + 1) % SIZES.length];
  }

  // Paints from where the stroke was to a pixel; `isNew` begins another one.
  stroke(pixel, isNew) {
    const from = isNew ? pixel : this.last;
    const [row, column] = this.at(from);
    const [endRow, endColumn] = this.at(pixel);
    const num = Math.max(Math.abs(endRow - row), Math.abs(endColumn - column), 1);
    for (let step = 0; step <= num; step++) {
      const part = step / num;
      this.dab(Math.round(row + part * (endRow - row)), Math.round(column + part * (endColumn - column)));
    }
    Object.assign(this, { last: pixel, cursor: null }); // the pointer shows where it is
  }

  at(pixel) {
    return [Math.floor(pixel / this.width), pixel % this.width];
  }

  dab(row, column) {
    const reach = (this.size - 1) / 2;
    const height = this.pixels.length / this.width;
    for (let i = Math.max(row - reach, 0); i <= Math.min(row + reach, height - 1); i++) {
      for (let j = Math.max(column - reach, 0); j <= Math.min(column + reach, this.width - 1); j++) this.paint(i * this.width + j);
    }
  }

  // Whether a key does something here.
  press(key) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.width, ArrowDown: this.width };
    if (key in steps) this.move(steps[key]);
    else if (key === " ") this.dab(...this.at(this.show()));
    else if (key === "+") this.widen();
    else if (key === "f") this.fill();
    else return false;
    return true;
  }

  // The cursor, from now on in sight: where it is, or where was painted last.
  show() {
    this.cursor ??= this.last;
    return this.cursor;
  }

  move(offset) {
    const to = this.cursor === null ? this.show() : this.cursor + offset;
    if (to >= 0 && to < this.pixels.length) this.cursor = to;
  }

  choose(brush) {
    Object.assign(this, { brush, wantsBrush: false });
  }

  paint(pixel) {
    if (this.brush === null) this.wantsBrush = true;
    else {
      this.pixels[pixel] = this.brush;
      this.painted.add(pixel);
    }
  }

  // Gives all that was not painted by hand the class of the brush, another one as often as it is pressed.
  fill() {
    if (this.brush === null) this.wantsBrush = true;
    else this.pixels = this.pixels.map((value, pixel) => (this.painted.has(pixel) ? value : this.brush));
  }

  // Whether nothing is left to be filled.
  get isWhole() {
    return this.painted.size === this.pixels.length;
  }

  get numUnset() {
    return this.pixels.filter((value) => value === UNSET).length;
  }
}
