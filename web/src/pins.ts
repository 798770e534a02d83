/** A place on the Mercator square: x and y from 0 to 1, y downwards. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface PinLook {
  /** Red, green, blue from 0 to 255. */
  readonly color: readonly [number, number, number];
  readonly icon: number;
  readonly faded: boolean;
}

export interface PinTarget extends Place {
  /** Degrees clockwise from north; null when unknown. */
  readonly heading: number | null;
}

/** Bytes of one pin in the buffer: eight floats, then eight bytes. The layer's attributes follow this. */
export const PIN_STRIDE = 40;
export const FLAG_HEADING = 1;
export const FLAG_FADED = 2;

/** A glide takes as long as fixes are apart, within these bounds: a pin must not lag far behind what is known. */
const LONGEST_GLIDE = 1.6;
const SHORTEST_GLIDE = 0.25;
/** Further than about 2 km at the equator is no drive between two fixes: the pin jumps. */
const LONGEST_STEP = 5e-5;

/**
 * All pins, in the layout that the graphics card reads: where each comes from, where it goes, and when.
 *
 * A pin is written only when something about it changes; the card moves it in between. Places are kept relative to an
 * origin near the view, since the card's floats alone are too coarse for street level.
 */
export class Pins {
  #buffer = new ArrayBuffer(PIN_STRIDE * 64);
  #floats = new Float32Array(this.#buffer);
  #bytes = new Uint8Array(this.#buffer);
  readonly #slots = new Map<string, number>();
  readonly #ids: string[] = [];
  #origin: Place = { x: 0.5, y: 0.5 };
  #restsAt = 0;
  /** Bumped at every write: the layer uploads when it sees a new one. */
  revision = 0;

  get count(): number {
    return this.#ids.length;
  }

  get origin(): Place {
    return this.#origin;
  }

  get data(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.count * PIN_STRIDE);
  }

  /** Whether any pin still moves at `now` (seconds of any clock that only rises). */
  isMoving(now: number): boolean {
    return now < this.#restsAt;
  }

  /** Sends a pin on its way from where it is shown at `now` to its new place. */
  move(id: string, target: PinTarget, now: number): void {
    const shown = this.at(id, now);
    const base = this.#slotOf(id) * (PIN_STRIDE / 4);
    const near = shown !== null && Math.hypot(target.x - shown.x, target.y - shown.y) < LONGEST_STEP;
    const from = near ? shown : target;
    const since = now - (this.#floats[base + 4] ?? 0);
    const glide = near ? Math.min(LONGEST_GLIDE, Math.max(SHORTEST_GLIDE, since * 1.1)) : 0;
    const turn = turned(near ? shown.heading : null, target.heading);
    this.#floats.set(
      [from.x - this.#origin.x, from.y - this.#origin.y, target.x - this.#origin.x, target.y - this.#origin.y, now, glide, ...turn],
      base,
    );
    const flags = base * 4 + 36;
    this.#bytes[flags] = (this.#bytes[flags] ?? 0) & ~FLAG_HEADING;
    if (target.heading !== null) this.#bytes[flags] |= FLAG_HEADING;
    this.#restsAt = Math.max(this.#restsAt, now + glide);
    this.revision += 1;
  }

  /** Changes how a pin looks; one that has no place yet is left alone. */
  dress(id: string, look: PinLook): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    const base = slot * PIN_STRIDE + 32;
    const heading = (this.#bytes[base + 4] ?? 0) & FLAG_HEADING;
    this.#bytes.set([...look.color, look.icon, heading | (look.faded ? FLAG_FADED : 0)], base);
    this.revision += 1;
  }

  remove(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    const last = this.#ids.pop() ?? id;
    this.#slots.delete(id);
    if (last !== id) {
      const from = this.#ids.length * PIN_STRIDE;
      this.#bytes.copyWithin(slot * PIN_STRIDE, from, from + PIN_STRIDE);
      this.#slots.set(last, slot);
      this.#ids[slot] = last;
    }
    this.revision += 1;
  }

  /** Where a pin is shown at `now`; the same reckoning as the card's. */
  at(id: string, now: number): PinTarget | null {
    const slot = this.#slots.get(id);
    return slot === undefined ? null : this.#shown(slot, now);
  }

  /** The pin nearest to a place within `reach`, or null. */
  nearest(place: Place, reach: number, now: number): string | null {
    let best: string | null = null;
    let closest = reach;
    for (const [slot, id] of this.#ids.entries()) {
      const shown = this.#shown(slot, now);
      const distance = Math.hypot(shown.x - place.x, shown.y - place.y);
      if (distance <= closest) [best, closest] = [id, distance];
    }
    return best;
  }

  /** Reckons all places from a new origin. */
  rebase(origin: Place): void {
    const dx = this.#origin.x - origin.x;
    const dy = this.#origin.y - origin.y;
    for (let slot = 0; slot < this.count; slot += 1) {
      const base = slot * (PIN_STRIDE / 4);
      for (const [offset, shift] of [[0, dx], [1, dy], [2, dx], [3, dy]] as const) {
        this.#floats[base + offset] = (this.#floats[base + offset] ?? 0) + shift;
      }
    }
    this.#origin = origin;
    this.revision += 1;
  }

  #shown(slot: number, now: number): PinTarget {
    const base = slot * (PIN_STRIDE / 4);
    const [x0, y0, x1, y1, start, glide, heading, turn] = this.#floats.subarray(base, base + 8) as unknown as
      [number, number, number, number, number, number, number, number];
    const done = glide > 0 ? Math.min(1, Math.max(0, (now - start) / glide)) : 1;
    const hasHeading = ((this.#bytes[base * 4 + 36] ?? 0) & FLAG_HEADING) !== 0;
    return {
      x: this.#origin.x + x0 + (x1 - x0) * done,
      y: this.#origin.y + y0 + (y1 - y0) * done,
      heading: hasHeading ? heading + turn * done : null,
    };
  }

  #slotOf(id: string): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#ids.push(id) - 1;
    this.#slots.set(id, slot);
    if (this.count * PIN_STRIDE > this.#buffer.byteLength) this.#grow();
    this.#bytes.fill(0, slot * PIN_STRIDE, (slot + 1) * PIN_STRIDE);
    return slot;
  }

  #grow(): void {
    const old = this.#bytes;
    this.#buffer = new ArrayBuffer(this.#buffer.byteLength * 2);
    this.#floats = new Float32Array(this.#buffer);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#bytes.set(old);
  }
}

/** The heading to start from and the shorter way to turn, in degrees. */
function turned(shown: number | null, target: number | null): [from: number, turn: number] {
  if (target === null) return [0, 0];
  if (shown === null) return [target, 0];
  const turn = ((((target - shown) % 360) + 540) % 360) - 180;
  return [target - turn, turn];
}
