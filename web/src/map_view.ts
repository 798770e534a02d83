import { Map as MapLibreMap, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { FeatureCollection } from "geojson";
import type { Asset } from "./fleet.ts";
import { iconCell } from "./icon_sheet.ts";
import type { PositionMessage } from "./messages.ts";
import { graticule, loadRoads, loadWorld } from "./map_data.ts";
import { DARK, FINE_FROM_ZOOM, LIGHT, mapStyle, worldLayers, type Palette } from "./map_style.ts";
import { toLonLat, toPlace } from "./mercator.ts";
import { Pins, type Place } from "./pins.ts";
import { PinsLayer } from "./pins_layer.ts";
import { drawNames } from "./place_names.ts";
import { PinTag } from "./pin_tag.ts";
import { lookOf, SILENT } from "./status_look.ts";

setWorkerUrl(workerUrl);

/** Thirty-odd frames a second look as smooth for what moves this slowly, at half the power of sixty. */
const FRAME_SECONDS = 1 / 36;
/** How near a click must be to a pin, in pixels. */
const REACH = 20;

export interface MapEvents {
  /** A pin was chosen, or null: the empty map was. */
  readonly pick: (id: string | null) => void;
  /** The person moved the map by hand. */
  readonly moved: () => void;
}

/** Room that panels take from the map, in pixels. */
export interface Insets {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The map with the fleet's pins on it. */
export class MapView {
  readonly #map: MapLibreMap;
  readonly #pins = new Pins();
  readonly #tag: PinTag;
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  #roads: FeatureCollection = { type: "FeatureCollection", features: [] };
  readonly #shownFixes = new Map<string, PositionMessage>();
  #insets: Insets = { left: 0, right: 0, top: 0, bottom: 0 };
  #followed: string | null = null;
  #fitted = false;
  #frame = 0;
  #drawnAt = 0;

  constructor(container: HTMLElement, roads: string | null, events: MapEvents) {
    this.#map = new MapLibreMap({
      container,
      style: mapStyle(this.#palette),
      center: [4.3, 52.08],
      zoom: 3,
      maxZoom: 18,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: false,
      fadeDuration: 0,
      canvasContextAttributes: { antialias: true },
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    this.#map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-right");
    this.#tag = new PinTag(this.#map);
    this.#listen(events);
    this.#map.once("style.load", () => {
      this.#map.addLayer(new PinsLayer(this.#pins, seconds, (now) => this.#tag.place(this.#pins, now)));
      this.#fill(roads).catch((error: unknown) => console.warn("a layer of the map is missing:", error));
    });
    this.#dark.addEventListener("change", () => this.#recolor());
  }

  /** Shows an asset as it is now known; `stale` greys it. */
  show(asset: Asset, stale: boolean): void {
    const { id, fix } = asset;
    if (fix === null) return;
    if (this.#shownFixes.get(id) !== fix) {
      this.#shownFixes.set(id, fix);
      this.#pins.move(id, { ...toPlace(fix.lon, fix.lat), heading: fix.heading }, seconds());
    }
    const look = lookOf(asset.status?.status ?? null);
    this.#pins.dress(id, {
      color: rgb(stale ? SILENT.color : look.color),
      icon: iconCell(look.icon),
      faded: stale,
    });
    this.#wake();
  }

  hide(id: string): void {
    this.#shownFixes.delete(id);
    this.#pins.remove(id);
    this.#wake();
  }

  /** Marks one pin, or none. */
  mark(id: string | null, name = ""): void {
    this.#tag.put(id === null ? null : name, id);
    this.#wake();
  }

  /** Keeps an asset in the middle until the person moves the map; null lets go. */
  follow(id: string | null): void {
    this.#followed = id;
    const shown = id === null ? null : this.#pins.at(id, seconds());
    const zoom = Math.max(this.#map.getZoom(), 14);
    if (shown !== null) this.#map.easeTo({ center: this.#centerFor(shown, zoom), zoom, duration: 600 });
    this.#wake();
  }

  /** Whether the map has been brought to the fleet; after that it is the person's to move. */
  get isFitted(): boolean {
    return this.#fitted;
  }

  /** Brings the given assets into view. */
  fit(assets: readonly Asset[]): void {
    const fixes = assets.flatMap(({ fix }) => (fix === null ? [] : [fix]));
    if (fixes.length === 0) return;
    this.#fitted = true;
    const lons = fixes.map((fix) => fix.lon);
    const lats = fixes.map((fix) => fix.lat);
    const corner = (pick: (values: number[]) => number): [number, number] => [pick(lons), pick(lats)];
    const { left, right, top, bottom } = this.#insets;
    const padding = { left: left + 48, right: right + 48, top: top + 48, bottom: bottom + 48 };
    this.#map.fitBounds([corner(least), corner(most)], { padding, maxZoom: 13, duration: 0 });
  }

  /** Says what the panels cover. Moves nothing by itself: a map that jumps when a panel closes is lost from sight. */
  inset(insets: Insets): void {
    this.#insets = insets;
  }

  #listen(events: MapEvents): void {
    this.#map.on("click", ({ lngLat }) => events.pick(this.#pinAt(lngLat.lng, lngLat.lat)));
    this.#map.on("mousemove", ({ lngLat }) => {
      this.#map.getCanvas().style.cursor = this.#pinAt(lngLat.lng, lngLat.lat) === null ? "" : "pointer";
    });
    this.#map.on("dragstart", () => {
      this.#followed = null;
      events.moved();
    });
    this.#map.on("error", ({ error }) => console.warn("map:", error.message));
  }

  #pinAt(lon: number, lat: number): string | null {
    const reach = REACH / (512 * 2 ** this.#map.getZoom());
    return this.#pins.nearest(toPlace(lon, lat), reach, seconds());
  }

  async #fill(roads: string | null): Promise<void> {
    this.#source("graticule").setData(graticule());
    if (roads !== null) {
      this.#roads = await loadRoads(roads);
      this.#drawNames();
      this.#source("roads").setData(this.#roads);
    }
    // The fine coast takes long to prepare, and everything else would queue behind it.
    this.#source("coarse").setData(await loadWorld("coarse"));
    await this.#drawn("roads");
    this.#source("fine").setData(await loadWorld("fine"));
    await this.#drawn("fine");
    for (const layer of worldLayers("coarse")) this.#map.setLayerZoomRange(layer, 0, FINE_FROM_ZOOM);
  }

  /** Until what is in view of a source can be drawn. */
  #drawn(source: string): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!this.#map.isSourceLoaded(source)) return;
        this.#map.off("sourcedata", check);
        resolve();
      };
      this.#map.on("sourcedata", check);
      check();
    });
  }

  #source(id: string): GeoJSONSource {
    const source = this.#map.getSource<GeoJSONSource>(id);
    if (source === undefined) throw new Error(`the style has no source ${id}`);
    return source;
  }

  get #palette(): Palette {
    return this.#dark.matches ? DARK : LIGHT;
  }

  #drawNames(): void {
    drawNames(this.#map, this.#roads, this.#palette.name, this.#palette.halo);
  }

  #recolor(): void {
    this.#drawNames();
    for (const layer of mapStyle(this.#palette).layers) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.#map.setPaintProperty(layer.id, name as never, value as never);
      }
    }
  }

  /** The map's center that puts a place in the middle of what the panels leave free. */
  #centerFor(place: Place, zoom: number): [lon: number, lat: number] {
    const { left, right, top, bottom } = this.#insets;
    const pixels = 2 * 512 * 2 ** zoom;
    return toLonLat({ x: place.x - (left - right) / pixels, y: place.y - (top - bottom) / pixels });
  }

  /** Draws frames for as long as something moves, and not longer. */
  #wake(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const now = seconds();
      if (now - this.#drawnAt < FRAME_SECONDS) return this.#wake();
      this.#drawnAt = now;
      const followed = this.#followed === null ? null : this.#pins.at(this.#followed, now);
      if (followed !== null && !this.#map.isMoving()) this.#map.setCenter(this.#centerFor(followed, this.#map.getZoom()));
      this.#map.triggerRepaint();
      if (this.#pins.isMoving(now)) this.#wake();
    });
  }
}

function seconds(): number {
  return performance.now() / 1000;
}

function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function most(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
