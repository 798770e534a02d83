import type { FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { nameLayers } from "./place_names.ts";

export interface Palette {
  readonly sea: string;
  readonly land: string;
  readonly coast: string;
  readonly border: string;
  readonly grid: string;
  readonly urban: string;
  readonly park: string;
  readonly sand: string;
  readonly street: string;
  readonly casing: string;
  readonly arterial: string;
  readonly motorway: string;
  readonly motorwayCasing: string;
  readonly name: string;
  readonly halo: string;
}

export const LIGHT: Palette = {
  sea: "#d3e1ea", land: "#f4f3ef", coast: "#b4c7d3", border: "#c9c4ba", grid: "#c4d5e0",
  urban: "#eceae5", park: "#dde8d4", sand: "#f1ead6",
  street: "#ffffff", casing: "#dcd9d2", arterial: "#ffffff", motorway: "#f7dfa5", motorwayCasing: "#dcbd78", name: "#3a444f", halo: "#fbfaf7e0",
};

export const DARK: Palette = {
  sea: "#10161d", land: "#1b222a", coast: "#2c3843", border: "#3a444f", grid: "#18212a",
  urban: "#212932", park: "#1c2b26", sand: "#272a28",
  street: "#323c47", casing: "#171d24", arterial: "#3e4a57", motorway: "#6b5c3a", motorwayCasing: "#15191e", name: "#b9c4cf", halo: "#1b222ae0",
};

/** Widths in pixels by zoom, growing with the map. */
function width(at10: number, at16: number): LineWidth {
  return ["interpolate", ["exponential", 1.6], ["zoom"], 10, at10, 16, at16];
}
type LineWidth = ["interpolate", ["exponential", number], ["zoom"], number, number, number, number];

function road(kind: string, part: string, color: string, lineWidth: LineWidth, minzoom: number): LayerSpecification {
  return {
    id: `${kind}-${part}`,
    type: "line",
    source: "roads",
    minzoom,
    filter: ["==", ["get", "class"], kind],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": color, "line-width": lineWidth },
  };
}

function area(kind: string, color: string): LayerSpecification {
  return { id: kind, type: "fill", source: "roads", filter: ["==", ["get", "class"], kind], paint: { "fill-color": color } };
}

/** Below this zoom the coarse coast is fine enough, and the fine one too much to draw. */
export const FINE_FROM_ZOOM = 4.5;

/** The layers of the world's map in one detail. */
export function worldLayers(detail: "coarse" | "fine"): string[] {
  return ["land", "coast", "border"].map((part) => `${part}-${detail}`);
}

function world(source: "coarse" | "fine", palette: Palette, minzoom: number): LayerSpecification[] {
  const [land, coast, border] = worldLayers(source) as [string, string, string];
  const isLand: FilterSpecification = ["==", ["get", "class"], "land"];
  const isBorder: FilterSpecification = ["==", ["get", "class"], "border"];
  return [
    { id: land, type: "fill", source, minzoom, filter: isLand, paint: { "fill-color": palette.land } },
    { id: coast, type: "line", source, minzoom, filter: isLand, paint: { "line-color": palette.coast, "line-width": 1 } },
    { id: border, type: "line", source, minzoom, filter: isBorder, paint: { "line-color": palette.border, "line-width": 0.8, "line-dasharray": [3, 2] } },
  ];
}

const EMPTY = { type: "FeatureCollection" as const, features: [] };

/** The whole map from what the page brings itself: no tiles, glyphs or sprites from anywhere. */
export function mapStyle(palette: Palette): StyleSpecification {
  return {
    version: 8,
    sources: {
      graticule: { type: "geojson", data: EMPTY },
      coarse: { type: "geojson", data: EMPTY, maxzoom: 8 },
      fine: { type: "geojson", data: EMPTY, tolerance: 0.25, maxzoom: 12 },
      roads: { type: "geojson", data: EMPTY, tolerance: 0.25, maxzoom: 14 },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": palette.sea } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": palette.grid, "line-width": 0.75 } },
      ...world("coarse", palette, 0),
      ...world("fine", palette, FINE_FROM_ZOOM),
      area("urban", palette.urban),
      area("sand", palette.sand),
      area("park", palette.park),
      area("water", palette.sea),
      road("street", "casing", palette.casing, width(0.4, 11), 11.5),
      road("arterial", "casing", palette.casing, width(1.6, 19), 9),
      road("street", "fill", palette.street, width(0.3, 8.5), 11),
      road("arterial", "fill", palette.arterial, width(1.1, 15.5), 8.5),
      road("motorway", "casing", palette.motorwayCasing, width(2.4, 25), 6.5),
      road("motorway", "fill", palette.motorway, width(1.5, 20), 6.5),
      ...nameLayers(),
    ],
  };
}
