import type { Centrifuge } from "centrifuge";
import { readMessage, type Message } from "./messages.ts";

/** One page of a channel's state: the first is in the subscribe reply, the others are asked for by name. */
interface Page {
  readonly messages: readonly Message[];
  readonly offset: number;
  /** Where the next page begins; null when this is the last. */
  readonly next: string | null;
}

/** A fleet of 50,000 has some thirty pages; more than this is a gateway gone wrong. */
const MOST_PAGES = 500;

/** A subscribe reply's `data` or a page, or null when it holds no snapshot. */
export function readPage(data: unknown): Page | null {
  if (typeof data !== "object" || data === null) return null;
  const { items, offset, next } = data as Record<string, unknown>;
  if (!Array.isArray(items) || typeof offset !== "number") return null;
  const messages = items
    .map((item: unknown) => readMessage((item as { payload?: unknown } | null)?.payload))
    .filter((message) => message !== null);
  return { messages, offset, next: typeof next === "string" ? next : null };
}

/** The pages after the first, one by one. Raises what the client raises when one does not come. */
export async function* laterPages(client: Centrifuge, channel: string, first: Page): AsyncGenerator<readonly Message[]> {
  let page: Page | null = first;
  for (let count = 1; page.next !== null && count < MOST_PAGES; count += 1) {
    const reply = await client.rpc("snapshot.page", { channel, offset: page.offset, next: page.next });
    page = readPage(reply.data);
    if (page === null) throw new Error("the gateway's answer is no page of a snapshot");
    yield page.messages;
  }
}
