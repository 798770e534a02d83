import type { Feature, FeatureCollection } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import coarseUrl from "world-atlas/countries-110m.json?url";
import fineUrl from "world-atlas/countries-10m.json?url";

type World = Topology<{ countries: GeometryCollection; land: GeometryCollection }>;

/** The world's land and borders; `coarse` is small and there at once, `fine` has coasts that hold at street level. */
export async function loadWorld(detail: "coarse" | "fine"): Promise<FeatureCollection> {
  const world = (await loadJson(detail === "fine" ? fineUrl : coarseUrl)) as World;
  const borders = mesh(world, world.objects.countries, (a, b) => a !== b);
  return {
    type: "FeatureCollection",
    features: [
      ...feature(world, world.objects.land).features.map((land) => ({ ...land, properties: { class: "land" } })),
      { type: "Feature", properties: { class: "border" }, geometry: borders },
    ],
  };
}

export async function loadRoads(url: string): Promise<FeatureCollection> {
  return (await loadJson(url)) as FeatureCollection;
}

/** Meridians and parallels, every ten degrees. */
export function graticule(): Feature {
  const lines: [number, number][][] = [];
  for (let lon = -180; lon <= 180; lon += 10) lines.push([[lon, -85], [lon, 85]]);
  for (let lat = -80; lat <= 80; lat += 10) lines.push([[-180, lat], [180, lat]]);
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
}

async function loadJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.json();
}
