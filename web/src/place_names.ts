import { Marker, type Map as MapLibreMap } from "maplibre-gl";

export interface PlaceName {
  readonly name: string;
  /** 1 for a city, higher for what is smaller and shown only when nearer. */
  readonly rank: number;
  readonly at: [lon: number, lat: number];
}

/** Names on the map as page text: a map without fonts of its own can have a few. */
export class PlaceNames {
  readonly #map: MapLibreMap;
  readonly #shown: { element: HTMLElement; rank: number }[] = [];

  constructor(map: MapLibreMap) {
    this.#map = map;
    map.on("zoom", () => this.#sift());
  }

  show(places: readonly PlaceName[]): void {
    for (const { name, rank, at } of places) {
      const element = document.createElement("div");
      element.className = `place rank${rank}`;
      element.textContent = name;
      new Marker({ element, anchor: "center" }).setLngLat(at).addTo(this.#map);
      // MapLibre calls every marker a button; a name is none.
      element.removeAttribute("role");
      element.removeAttribute("tabindex");
      element.removeAttribute("aria-label");
      this.#shown.push({ element, rank });
    }
    this.#sift();
  }

  #sift(): void {
    const zoom = this.#map.getZoom();
    for (const { element, rank } of this.#shown) element.hidden = zoom < 6 + rank * 2 || zoom > 15.5;
  }
}
