/** Numbers as people read them. */

export function formatAge(seconds: number): string {
  if (seconds < 2) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Metres per second as kilometres per hour. */
export function formatSpeed(speed: number | null): string {
  return speed === null ? "–" : `${Math.round(speed * 3.6)}`;
}

const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];

export function formatHeading(heading: number | null): string {
  if (heading === null) return "–";
  const whole = ((Math.round(heading) % 360) + 360) % 360;
  return `${whole}° ${POINTS[Math.round(whole / 45) % 8]}`;
}

export function formatPlace(lat: number, lon: number): string {
  return `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;
}
