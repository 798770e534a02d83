import type { FeatureCollection, Point } from "geojson";
import type { LayerSpecification, Map as MapLibreMap } from "maplibre-gl";

/** How a name is drawn, by rank: 1 is a city, 2 what is smaller. */
const FONTS: Record<number, string> = { 1: "640 18px", 2: "600 13.5px" };
const HALO = 4;

/** The layers of names; the images that they show are drawn by `drawNames`. They stand on a source called `roads`. */
export function nameLayers(): LayerSpecification[] {
  return [1, 2].map((rank) => ({
    id: `places-${rank}`,
    type: "symbol",
    source: "roads",
    minzoom: 6 + rank * 2,
    maxzoom: 15.5,
    filter: ["all", ["==", ["get", "class"], "place"], ["==", ["get", "rank"], rank]],
    layout: { "icon-image": ["concat", "place ", ["get", "name"]], "icon-allow-overlap": true },
  }));
}

/** Draws the names as images with the page's own font: a map that has to do without a server has no fonts of its own. */
export function drawNames(map: MapLibreMap, places: FeatureCollection, ink: string, halo: string): void {
  for (const feature of places.features) {
    const name: unknown = feature.properties?.["name"];
    if (!isPoint(feature.geometry) || typeof name !== "string") continue;
    const id = `place ${name}`;
    if (map.hasImage(id)) map.removeImage(id);
    const font = FONTS[Number(feature.properties?.["rank"])] ?? FONTS[2];
    const ratio = Math.max(2, devicePixelRatio);
    map.addImage(id, drawName(name, `${font} system-ui, sans-serif`, ink, halo, ratio), { pixelRatio: ratio });
  }
}

function drawName(name: string, font: string, ink: string, halo: string, ratio: number): ImageData {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) throw new Error("the browser draws no canvas");
  context.font = font;
  const { width } = context.measureText(name);
  context.canvas.width = Math.ceil((width + 2 * HALO) * ratio);
  context.canvas.height = Math.ceil((22 + 2 * HALO) * ratio);
  context.scale(ratio, ratio);
  context.font = font; // a new size forgets it
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = halo;
  context.fillStyle = ink;
  context.strokeText(name, HALO, HALO + 11);
  context.fillText(name, HALO, HALO + 11);
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

function isPoint(geometry: { type: string }): geometry is Point {
  return geometry.type === "Point";
}
