import { Acks } from "./acks.ts";
import { Inbox } from "./inbox.ts";
import { InboxError, type InboxApi, type Selection } from "./inbox_api.ts";
import { readUserNews, type Deed, type Notice } from "./notices.ts";

/** Reads of what was missed in a row; an inbox with more of it is read anew from its top. */
const MOST_MISSED_PAGES = 4;
const COMPARE_MILLIS = 300;
const AGAIN_MILLIS = 5_000;

export interface InboxEvents {
  /** Something of it is now otherwise. */
  readonly changed: () => void;
  /** These have just come: live, or missed while the connection was lost. */
  readonly arrived: (notices: readonly Notice[]) => void;
}

/** Keeps an inbox true: between the control API, which knows all, and the user's channel, which is at once. */
export class InboxDesk {
  readonly inbox = new Inbox();
  readonly #api: Pick<InboxApi, "page" | "since" | "markRead" | "archive">;
  readonly #acks: Acks;
  readonly #events: InboxEvents;
  #phase: "loading" | "ready" | "failed" = "loading";
  #problem = "";
  #refusal = "";
  #asked = false;
  #loadingOlder = false;
  /** One request of the list after the other, so that an older answer never comes over a newer one. */
  #turn: Promise<void> = Promise.resolve();
  #compareTimer: ReturnType<typeof setTimeout> | null = null;
  #again: ReturnType<typeof setTimeout> | null = null;

  constructor(api: Pick<InboxApi, "page" | "since" | "markRead" | "archive">, acks: Acks, events: InboxEvents) {
    this.#api = api;
    this.#acks = acks;
    this.#events = events;
  }

  /** `failed`: nothing could be read so far. */
  get phase(): "loading" | "ready" | "failed" {
    return this.#phase;
  }

  /** What went wrong at last, for a person; empty when nothing did. */
  get problem(): string {
    return this.#refusal || this.#problem;
  }

  get isLoadingOlder(): boolean {
    return this.#loadingOlder;
  }

  /** The user's channel is followed (again); `recovered`: what was missed comes by itself. */
  connected(recovered: boolean): void {
    this.#acks.goOn();
    if (recovered && this.#phase === "ready") return;
    this.load();
  }

  /** Reads the inbox unless it was asked for: when the gateway cannot be reached, the inbox perhaps can. */
  loadOnce(): void {
    if (!this.#asked) this.load();
  }

  /** Reads the inbox: all that was missed, or the first page when there was nothing before. */
  load(): void {
    this.#asked = true;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = null;
    this.#queue(async () => {
      if (this.#phase === "ready" && (await this.#catchUp())) return;
      this.#forget();
      const page = await this.#api.page();
      this.inbox.begin(page);
      this.#acks.add(unacked(page.items));
      this.#phase = "ready";
    }, () => this.load());
  }

  /** A publication on the user's channel. */
  hear(data: unknown): void {
    const news = readUserNews(data);
    if (news === null) return;
    if (news.kind === "inbox") {
      const changed = this.inbox.apply(news);
      if (this.inbox.isCountDoubtful) this.#compareSoon();
      if (changed) this.#events.changed();
      return;
    }
    this.#acks.add([news.notice.id]);
    if (!this.inbox.arrive(news)) return;
    if (this.inbox.isOverfull) this.#startAnew();
    else if (this.inbox.isCountDoubtful) this.#compareSoon();
    this.#events.changed();
    this.#events.arrived([news.notice]);
  }

  /** Brings the page after those that are there. */
  older(): void {
    const cursor = this.inbox.older;
    if (cursor === null || this.#loadingOlder || this.#phase !== "ready") return;
    this.#loadingOlder = true;
    this.#queue(async () => {
      const page = await this.#api.page(cursor);
      if (this.inbox.older === cursor) this.inbox.addOlder(page);
    });
  }

  markRead(ids: readonly string[]): void {
    this.#do("read", { ids });
  }

  markAllRead(): void {
    this.#do("read", { up_to: this.inbox.latest });
  }

  archive(ids: readonly string[]): void {
    this.#do("archived", { ids });
  }

  /** At once here; when it cannot be kept there, it is said, and what is true is read again. */
  #do(event: Deed["event"], selection: Selection): void {
    const ids = "ids" in selection ? selection.ids : [];
    const upTo = "up_to" in selection ? selection.up_to : null;
    this.#refusal = "";
    this.inbox.apply({ kind: "inbox", event, ids, upTo });
    this.#events.changed();
    const asked = event === "read" ? this.#api.markRead(selection) : this.#api.archive(selection);
    asked.catch((error: unknown) => {
      this.#refusal = `That could not be kept: ${reason(error)}`;
      this.#startAnew();
      this.#events.changed();
    });
  }

  #startAnew(): void {
    this.#forget();
    this.load();
  }

  #forget(): void {
    this.inbox.forget();
    if (this.#phase === "ready") this.#phase = "loading";
  }

  /** False when too much was missed: then only the first page helps. */
  async #catchUp(): Promise<boolean> {
    const asOf = this.inbox.latest;
    let page = await this.#api.since(asOf);
    const missed = this.inbox.catchUp(page.items);
    for (let pages = 1; page.next !== null; pages += 1) {
      if (pages === MOST_MISSED_PAGES) return false;
      page = await this.#api.page(page.next);
      missed.push(...this.inbox.catchUp(page.items));
    }
    this.#acks.add(unacked(missed));
    if (missed.length > 0) this.#events.arrived(missed);
    return this.inbox.compare(await this.#api.page(), asOf);
  }

  #compareSoon(): void {
    this.#compareTimer ??= setTimeout(() => {
      this.#compareTimer = null;
      this.#queue(async () => {
        const asOf = this.inbox.latest;
        if (this.#phase === "ready") this.inbox.compare(await this.#api.page(), asOf);
      });
    }, COMPARE_MILLIS);
  }

  /** `again`: what to do a little later when it fails. */
  #queue(work: () => Promise<void>, again?: () => void): void {
    this.#turn = this.#turn.then(work).then(
      () => this.#settle(""),
      (error: unknown) => {
        if (again !== undefined) this.#again ??= setTimeout(again, AGAIN_MILLIS);
        if (this.#phase === "loading") this.#phase = "failed";
        this.#settle(reason(error));
      },
    );
  }

  #settle(problem: string): void {
    this.#loadingOlder = false;
    this.#problem = problem;
    this.#events.changed();
  }
}

function reason(error: unknown): string {
  if (error instanceof InboxError) return error.message;
  console.error(error);
  return "the inbox cannot be shown";
}

function unacked(notices: readonly Notice[]): string[] {
  return notices.filter((notice) => !notice.acked).map((notice) => notice.id);
}
