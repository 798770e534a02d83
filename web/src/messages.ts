import { parseInstant, type Micros } from "./instant.ts";

/** A status as it rides on a position or arrives by itself. */
export interface Status {
  readonly status: string;
  readonly version: number;
  readonly time: Micros;
}

export interface PositionMessage {
  readonly kind: "position";
  readonly id: string;
  readonly asset: string;
  readonly time: Micros;
  readonly lat: number;
  readonly lon: number;
  /** Metres per second. */
  readonly speed: number | null;
  /** Degrees clockwise from north. */
  readonly heading: number | null;
  readonly quality: readonly string[];
  readonly status: Status | null;
  readonly orders: readonly string[];
}

export interface StatusMessage extends Status {
  readonly kind: "status";
  readonly id: string;
  /** `order/A-1001` or `asset/truck-7`. */
  readonly entity: string;
}

export type Message = PositionMessage | StatusMessage;

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function readStatus(value: unknown): Status | null {
  if (!isFields(value) || typeof value["status"] !== "string" || typeof value["time"] !== "string") return null;
  const time = parseInstant(value["time"]);
  const version = finite(value["version"]);
  return time === null || version === null ? null : { status: value["status"], version, time };
}

function readPosition(fields: Fields, id: string): PositionMessage | null {
  const lat = finite(fields["lat"]);
  const lon = finite(fields["lon"]);
  const asset = fields["asset"];
  const time = typeof fields["time"] === "string" ? parseInstant(fields["time"]) : null;
  if (lat === null || lon === null || time === null || typeof asset !== "string") return null;
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return null;
  return {
    kind: "position", id, asset, time, lat, lon,
    speed: finite(fields["speed"]),
    heading: finite(fields["heading"]),
    quality: texts(fields["quality"]),
    status: readStatus(fields["status"]),
    orders: texts(fields["orders"]),
  };
}

/** A publication's data, or null when it is of a kind that this page does not know or is not what it should be. */
export function readMessage(data: unknown): Message | null {
  if (!isFields(data) || typeof data["id"] !== "string") return null;
  if (data["kind"] === "position") return readPosition(data, data["id"]);
  if (data["kind"] !== "status" || typeof data["entity"] !== "string") return null;
  const status = readStatus(data);
  return status && { kind: "status", id: data["id"], entity: data["entity"], ...status };
}
