import type { Place } from "./pins.ts";

/** The Mercator square's place of a longitude and latitude in degrees (latitudes are cut at 85, as on any web map). */
export function toPlace(lon: number, lat: number): Place {
  const clamped = Math.max(-85.051129, Math.min(85.051129, lat));
  const radians = (clamped * Math.PI) / 180;
  return { x: (lon + 180) / 360, y: (1 - Math.log(Math.tan(radians / 2 + Math.PI / 4)) / Math.PI) / 2 };
}

/** Longitude and latitude in degrees. */
export function toLonLat({ x, y }: Place): [lon: number, lat: number] {
  return [x * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];
}
