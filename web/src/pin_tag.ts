import type { Map as MapLibreMap } from "maplibre-gl";
import { toLonLat } from "./mercator.ts";
import type { Pins } from "./pins.ts";

/** The ring and name around the marked pin; the one pin that is drawn by the page and not by the card. */
export class PinTag {
  readonly #map: MapLibreMap;
  readonly #element = document.createElement("div");
  readonly #name = document.createElement("span");
  #id: string | null = null;

  constructor(map: MapLibreMap) {
    this.#map = map;
    this.#element.className = "tag";
    this.#element.hidden = true;
    this.#element.append(this.#name);
    map.getCanvasContainer().append(this.#element);
  }

  put(name: string | null, id: string | null): void {
    this.#id = id;
    this.#name.textContent = name ?? "";
    this.#element.hidden = true;
  }

  /** Moves the tag to where its pin is shown at `now`. */
  place(pins: Pins, now: number): void {
    const shown = this.#id === null ? null : pins.at(this.#id, now);
    this.#element.hidden = shown === null;
    if (shown === null) return;
    const { x, y } = this.#map.project(toLonLat(shown));
    this.#element.style.transform = `translate(${x}px, ${y}px)`;
  }
}
