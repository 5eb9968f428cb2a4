// A mixed window being painted: a brush, and a cursor for those without a pointer.

import { UNSET } from "./draw.js";

export class Painting {
  // `pixels` are classes of the window row by row, or UNSET; `width` is that of the window.
  constructor(pixels, width) {
    Object.assign(this, { pixels, width, brush: null, cursor: null });
  }

  // Whether a key does something here.
  press(key) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.width, ArrowDown: this.width };
    if (key in steps) this.move(steps[key]);
    else if (key === " ") this.paint(this.cursor ?? 0);
    else if (key === "f") this.fill();
    else return false;
    return true;
  }

  move(offset) {
    const cursor = this.cursor === null ? 0 : this.cursor + offset;
    if (cursor >= 0 && cursor < this.pixels.length) this.cursor = cursor;
  }

  paint(pixel) {
    if (this.brush !== null) this.pixels[pixel] = this.brush;
  }

  fill() {
    this.pixels.forEach((value, pixel) => value === UNSET && this.paint(pixel));
  }

  get numUnset() {
    return this.pixels.filter((value) => value === UNSET).length;
  }
}
