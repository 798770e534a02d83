import { parseInstant, type Micros } from "./instant.ts";

/** Whom or what a notification is about: `demo/order/A-1001` taken apart. */
export interface About {
  readonly fleet: string;
  /** `order` or `asset`. */
  readonly kind: string;
  readonly id: string;
}

/** A notification as the page shows it. */
export interface Notice {
  readonly id: string;
  /** Its place in the inbox; it rises. */
  readonly seq: number;
  readonly type: string;
  readonly title: string;
  readonly body: string;
  readonly urgent: boolean;
  readonly time: Micros;
  readonly about: About | null;
  /** The status that it tells of; null when it is about something else. */
  readonly status: string | null;
  /** The asset that it names beside what it is about. */
  readonly asset: string | null;
  readonly read: boolean;
  readonly acked: boolean;
}

/** A notification that has just come; it takes the place of the one called `replaces`. */
export interface Arrival {
  readonly kind: "notification";
  readonly notice: Notice;
  readonly replaces: string | null;
}

/** What the user did, here or on another device: with `ids`, or with all up to the place `upTo`. */
export interface Deed {
  readonly kind: "inbox";
  readonly event: "read" | "archived";
  readonly ids: readonly string[];
  readonly upTo: number | null;
}

export interface InboxPage {
  readonly items: readonly Notice[];
  /** Where the next page begins; null when this is the last. */
  readonly next: string | null;
  readonly unread: number;
}

type Fields = Record<string, unknown>;

/** A publication on the user's own channel, or null when it is of a kind that this page does not show. */
export function readUserNews(data: unknown): Arrival | Deed | null {
  if (!isFields(data)) return null;
  if (data["kind"] === "inbox") return readDeed(data);
  const notice = data["kind"] === "notification" ? readNotice(data) : null;
  return notice && { kind: "notification", notice, replaces: text(data["replaces"]) };
}

/** A page of `GET /v1/inbox`, or null when it is none. */
export function readInboxPage(data: unknown): InboxPage | null {
  if (!isFields(data) || !Array.isArray(data["items"])) return null;
  const unread = whole(data["unread"]);
  if (unread === null) return null;
  return { items: data["items"].map(readNotice).filter((notice) => notice !== null), next: text(data["next"]), unread };
}

function readNotice(data: unknown): Notice | null {
  if (!isFields(data)) return null;
  const { id, type, title, body, time: written } = data;
  const seq = whole(data["seq"]);
  const time = typeof written === "string" ? parseInstant(written) : null;
  if (typeof id !== "string" || typeof type !== "string" || seq === null || time === null) return null;
  const more = isFields(data["data"]) ? data["data"] : {};
  return {
    id, seq, type, time,
    title: text(title) ?? type,
    body: text(body) ?? "",
    urgent: data["priority"] === "high",
    about: readAbout(data["about"]),
    status: type.endsWith("_status") ? text(more["status"]) : null,
    asset: text(more["asset"]),
    read: data["read"] === true,
    acked: typeof data["acked_at"] === "string",
  };
}

function readDeed(fields: Fields): Deed | null {
  const { event, ids } = fields;
  if ((event !== "read" && event !== "archived") || !Array.isArray(ids)) return null;
  return { kind: "inbox", event, ids: ids.filter((id) => typeof id === "string"), upTo: whole(fields["up_to"]) };
}

function readAbout(value: unknown): About | null {
  const [fleet, kind, id, ...rest] = typeof value === "string" ? value.split("/") : [];
  return fleet !== undefined && kind !== undefined && id !== undefined && rest.length === 0 ? { fleet, kind, id } : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function whole(value: unknown): number | null {
  return Number.isSafeInteger(value) ? (value as number) : null;
}
