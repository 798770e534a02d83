/** Microseconds since the epoch: what the services count in, exact in a double until the year 2255. */
export type Micros = number;

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i;

/** The instant of an RFC 3339 text, or null. `Date.parse` alone would cut microseconds off, and order would be lost. */
export function parseInstant(text: string): Micros | null {
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const seconds = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(seconds)) return null;
  const micros = Number((match[2] ?? "").padEnd(6, "0").slice(0, 6));
  return seconds * 1000 + micros;
}
