import { KnownIds } from "./known_ids.ts";
import type { Arrival, Deed, InboxPage, Notice } from "./notices.ts";

export interface InboxLimits {
  /** Notifications kept here; older ones stay on the server. */
  readonly notices: number;
  readonly ids: number;
}

const LIMITS: InboxLimits = { notices: 1_000, ids: 20_000 };

/**
 * What the page knows of the user's inbox: pages of the control API, and the publications of the user's own channel.
 *
 * An id counts once. What was read or put away stays so, in whatever order the news of it come: another device may have
 * read what is only on its way to this one.
 */
export class Inbox {
  readonly #limits: InboxLimits;
  readonly #notices = new Map<string, Notice>();
  #known: KnownIds;
  #readIds: KnownIds;
  #goneIds: KnownIds;
  #readUpTo = 0;
  #goneUpTo = 0;
  /** Unread ones that are older than what is here. They only become fewer: what is new comes here first. */
  #unreadElsewhere = 0;
  #latest = 0;
  #next: string | null = null;
  #sorted: readonly Notice[] | null = null;

  constructor(limits: InboxLimits = LIMITS) {
    this.#limits = limits;
    [this.#known, this.#readIds, this.#goneIds] = this.#noIds();
  }

  /** The newest first. */
  get notices(): readonly Notice[] {
    this.#sorted ??= [...this.#notices.values()].sort((a, b) => b.seq - a.seq);
    return this.#sorted;
  }

  get unread(): number {
    return this.#unreadHere() + this.#unreadElsewhere;
  }

  /** Whether it is here and unread. */
  isUnread(id: string): boolean {
    return this.#notices.get(id)?.read === false;
  }

  /** Whether the count rests on notifications that are not here, so that the server knows it better. */
  get isCountDoubtful(): boolean {
    return this.#unreadElsewhere > 0;
  }

  /** The highest place that was seen: what was missed comes after it. */
  get latest(): number {
    return this.#latest;
  }

  /** The cursor of what is older; null when all is here, or as much as is kept. */
  get older(): string | null {
    return this.#notices.size < this.#limits.notices ? this.#next : null;
  }

  /** Whether more has come than is kept: then begin anew, with the first page. */
  get isOverfull(): boolean {
    return this.#notices.size > 2 * this.#limits.notices;
  }

  /** Knows nothing any more: what comes from now on is kept, and `begin` brings the rest. */
  forget(): void {
    this.#notices.clear();
    [this.#known, this.#readIds, this.#goneIds] = this.#noIds();
    [this.#readUpTo, this.#goneUpTo, this.#latest, this.#unreadElsewhere] = [0, 0, 0, 0];
    [this.#next, this.#sorted] = [null, null];
  }

  /** The first page, asked for after all was forgotten. */
  begin(page: InboxPage): void {
    for (const notice of page.items) this.#take(notice);
    this.#next = page.next;
    const onPage = page.items.filter((notice) => !notice.read).length;
    this.#unreadElsewhere = page.next === null ? 0 : Math.max(0, page.unread - onPage);
  }

  /** The page of `older`. */
  addOlder(page: InboxPage): void {
    const before = this.#unreadHere();
    for (const notice of page.items) this.#take(notice);
    this.#next = page.next;
    this.#unreadElsewhere = page.next === null ? 0 : Math.max(0, this.#unreadElsewhere - (this.#unreadHere() - before));
  }

  /** What came after `latest` while nobody listened, in its order. Returns what is news. */
  catchUp(items: readonly Notice[]): Notice[] {
    return items.filter((notice) => this.#take(notice));
  }

  /**
   * The first page again: what was here before it was asked for (up to the place `asOf`), in its stretch and not on it,
   * was put away or corrected. Older pages stay. False when it does not reach what is here: then begin anew.
   */
  compare(page: InboxPage, asOf: number): boolean {
    const oldest = page.next === null ? 0 : Math.min(...page.items.map((notice) => notice.seq));
    if (oldest > asOf) return false;
    const named = new Set(page.items.map((notice) => notice.id));
    for (const { id, seq } of this.notices) {
      if (seq >= oldest && seq <= asOf && !named.has(id)) this.#remove(id);
    }
    for (const notice of page.items) {
      this.#take(notice);
      if (notice.read) this.#markRead(notice.id);
    }
    if (this.#next === null) this.#unreadElsewhere = 0;
    else this.#unreadElsewhere = Math.min(this.#unreadElsewhere, Math.max(0, page.unread - this.#unreadHere(asOf)));
    return true;
  }

  /** Takes in what has just come. True when it is news. */
  arrive({ notice, replaces }: Arrival): boolean {
    if (replaces !== null) {
      this.#known.add(replaces);
      this.#remove(replaces);
    }
    return this.#take(notice);
  }

  /** Takes in what the user did, here or elsewhere. True when something is now otherwise. */
  apply(deed: Deed): boolean {
    const [before, unread] = [this.#notices.size, this.unread];
    this.#note(deed);
    for (const { id, seq } of this.notices) {
      if (this.#goneIds.has(id) || seq <= this.#goneUpTo) this.#remove(id);
      else if (this.#readIds.has(id) || seq <= this.#readUpTo) this.#markRead(id);
    }
    const oldest = Math.min(this.#latest, ...[...this.#notices.values()].map(({ seq }) => seq));
    if (deed.upTo !== null && deed.upTo >= oldest) this.#unreadElsewhere = 0;
    return this.#notices.size !== before || this.unread !== unread;
  }

  /** It may be about what comes only later. */
  #note({ event, ids, upTo }: Deed): void {
    const isRead = event === "read";
    for (const id of ids) (isRead ? this.#readIds : this.#goneIds).add(id);
    if (isRead) this.#readUpTo = Math.max(this.#readUpTo, upTo ?? 0);
    else this.#goneUpTo = Math.max(this.#goneUpTo, upTo ?? 0);
  }

  /** True when it was not known. */
  #take(notice: Notice): boolean {
    this.#latest = Math.max(this.#latest, notice.seq);
    if (!this.#known.add(notice.id)) return false;
    if (this.#goneIds.has(notice.id) || notice.seq <= this.#goneUpTo) return false;
    const read = notice.read || this.#readIds.has(notice.id) || notice.seq <= this.#readUpTo;
    this.#notices.set(notice.id, { ...notice, read });
    this.#sorted = null;
    return true;
  }

  #markRead(id: string): void {
    const notice = this.#notices.get(id);
    if (notice === undefined || notice.read) return;
    this.#notices.set(id, { ...notice, read: true });
    this.#sorted = null;
  }

  #remove(id: string): void {
    if (this.#notices.delete(id)) this.#sorted = null;
  }

  #unreadHere(upTo = Infinity): number {
    let unread = 0;
    for (const { read, seq } of this.#notices.values()) if (!read && seq <= upTo) unread += 1;
    return unread;
  }

  #noIds(): [KnownIds, KnownIds, KnownIds] {
    return [new KnownIds(this.#limits.ids), new KnownIds(this.#limits.ids), new KnownIds(this.#limits.ids)];
  }
}
