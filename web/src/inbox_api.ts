import { readInboxPage, type InboxPage } from "./notices.ts";

/** Which notifications a change is about. */
export type Selection = { readonly ids: readonly string[] } | { readonly up_to: number };

/** The control API did not do it; the message is for the person who looks at the page. */
export class InboxError extends Error {}

const PAGE = 50;
const WITHIN_MILLIS = 10_000;
const TRIES = 3;
const MOST_ROUNDS = 50;
const LONGEST_WAIT_MILLIS = 5_000;

/** The control API's inbox, over HTTP. All methods raise InboxError. */
export class InboxApi {
  readonly #url: string;
  readonly #renewToken: () => Promise<string>;
  #token: string;

  constructor(url: string, token: string, renewToken: () => Promise<string>) {
    this.#url = url.replace(/\/$/, "");
    this.#token = token;
    this.#renewToken = renewToken;
  }

  /** The newest, or the page that begins at `cursor`. */
  async page(cursor: string | null = null): Promise<InboxPage> {
    return this.#list(cursor === null ? { limit: `${PAGE}` } : { limit: `${PAGE}`, cursor });
  }

  /** What came after a place, in its order; later pages by `page`. */
  async since(seq: number): Promise<InboxPage> {
    return this.#list({ limit: `${PAGE}`, since: `${seq}` });
  }

  async markRead(selection: Selection): Promise<void> {
    await this.#change("/v1/inbox/read", selection);
  }

  async archive(selection: Selection): Promise<void> {
    await this.#change("/v1/inbox/archive", selection);
  }

  /** One request marks so many; when some are left it is sent again. */
  async #change(path: string, selection: Selection): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const answer = await this.#ask(path, JSON.stringify(selection));
      if ((answer as { left?: unknown } | null)?.left !== true) return;
    }
  }

  async #list(query: Record<string, string>): Promise<InboxPage> {
    const page = readInboxPage(await this.#ask(`/v1/inbox?${new URLSearchParams(query)}`));
    if (page === null) throw new InboxError("the answer is no page of an inbox");
    return page;
  }

  /** All that is asked may be asked again: it is the same change, or no change at all. */
  async #ask(path: string, body?: string): Promise<unknown> {
    for (let tries = 1; ; tries += 1) {
      const response = await this.#send(path, body);
      if (response.ok) return response.json().catch(() => null);
      if (tries === TRIES) throw new InboxError(words(response.status));
      if (response.status === 401) this.#token = await this.#renewed();
      else if (response.status === 429 || response.status === 503) await waitAsTold(response);
      else throw new InboxError(words(response.status));
    }
  }

  async #send(path: string, body?: string): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(WITHIN_MILLIS);
    const request = body === undefined ? { headers, signal } : { method: "POST", headers, signal, body };
    return fetch(this.#url + path, request).catch(() => {
      throw new InboxError("the inbox cannot be reached");
    });
  }

  async #renewed(): Promise<string> {
    return this.#renewToken().catch(() => {
      throw new InboxError("the token was refused");
    });
  }
}

async function waitAsTold(response: Response): Promise<void> {
  const seconds = Number(response.headers.get("Retry-After") ?? "1");
  const millis = Number.isFinite(seconds) ? Math.min(seconds * 1_000, LONGEST_WAIT_MILLIS) : LONGEST_WAIT_MILLIS;
  await new Promise((resolve) => setTimeout(resolve, Math.max(200, millis)));
}

function words(status: number): string {
  if (status === 401 || status === 403) return "this token opens no inbox";
  if (status === 429) return "too many requests at once";
  return status === 503 ? "the inbox is not available at this moment" : `the inbox answers ${status}`;
}
