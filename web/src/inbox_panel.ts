import { byId, element, setText } from "./element.ts";
import type { InboxDesk } from "./inbox_desk.ts";
import { NoticeRow } from "./notice_row.ts";
import type { Notice } from "./notices.ts";
import type { StalenessClock } from "./staleness.ts";

/** The inbox: what the user was told, the newest first, and what can be done with it. */
export class InboxPanel {
  readonly #panel: HTMLElement;
  readonly #desk: InboxDesk;
  readonly #clock: StalenessClock;
  readonly #list = element("ul", "notices");
  readonly #problem = element("p", "problem");
  readonly #empty = element("p", "empty");
  readonly #allRead = element("button", "plain", "Mark all as read");
  readonly #older = element("button", "plain older", "Show older");
  readonly #rows = new Map<string, NoticeRow>();
  readonly #open: (notice: Notice) => void;
  /** Whether the end of the list is (nearly) in view, so that more is wanted. */
  #endInView = false;

  constructor(desk: InboxDesk, clock: StalenessClock, open: (notice: Notice) => void) {
    this.#panel = byId("inbox", HTMLElement);
    this.#desk = desk;
    this.#clock = clock;
    this.#open = open;
    this.#problem.setAttribute("role", "alert");
    this.#empty.setAttribute("role", "status");
    this.#allRead.type = this.#older.type = "button";
    this.#allRead.addEventListener("click", () => desk.markAllRead());
    this.#older.addEventListener("click", () => desk.older());
    const scroll = element("div", "scroll", this.#list, this.#empty, this.#older);
    this.#panel.append(element("header", "", element("h2", "", "Notifications"), this.#allRead), this.#problem, scroll);
    this.#panel.addEventListener("keydown", (event) => this.#onKey(event));
    const sight = new IntersectionObserver((seen) => this.#sawEnd(seen.at(-1)?.isIntersecting ?? false), { root: scroll, rootMargin: "300px" });
    sight.observe(this.#older);
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  set isOpen(open: boolean) {
    this.#panel.hidden = !open;
    if (open) {
      this.refresh();
      (this.#rows.get(this.#desk.inbox.notices[0]?.id ?? "") ?? this.#panel).focus();
    }
  }

  #sawEnd(inView: boolean): void {
    this.#endInView = inView;
    if (inView) this.#desk.older();
  }

  /** Draws what is now known; a closed inbox costs nothing. */
  refresh(): void {
    if (!this.isOpen) return;
    const { inbox, phase, problem } = this.#desk;
    this.#drawRows(inbox.notices);
    this.#problem.hidden = problem === "";
    setText(this.#problem, phase === "failed" ? `${problem}. It is asked again every few seconds.` : problem);
    this.#allRead.hidden = inbox.unread === 0;
    this.#older.hidden = inbox.older === null;
    if (this.#endInView && problem === "") this.#desk.older();
    setText(this.#older, this.#desk.isLoadingOlder ? "Loading …" : "Show older");
    this.#panel.setAttribute("aria-busy", String(phase === "loading"));
    this.#empty.hidden = inbox.notices.length > 0 || phase === "failed";
    this.#empty.classList.toggle("waiting", phase === "loading");
    setText(this.#empty, phase === "loading" ? "Loading …" : "You are all caught up. What happens to orders and vehicles that you follow is told here.");
  }

  /** Rows keep their place in the page as long as they keep it in the list, so that focus and pointer do too. */
  #drawRows(notices: readonly Notice[]): void {
    const named = new Set(notices.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (named.has(id)) continue;
      this.#leave(row);
      this.#rows.delete(id);
    }
    let place = this.#list.firstElementChild;
    for (const notice of notices) {
      const row = this.#rows.get(notice.id) ?? this.#newRow(notice);
      row.show(notice, this.#clock);
      if (row.element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row.element, place);
    }
  }

  #newRow(notice: Notice): NoticeRow {
    const row = new NoticeRow(notice, {
      open: (opened) => {
        if (!opened.read) this.#desk.markRead([opened.id]);
        this.#open(opened);
      },
      read: ({ id }) => {
        row.focus();
        this.#desk.markRead([id]);
      },
      archive: ({ id }) => this.#desk.archive([id]),
    });
    this.#rows.set(notice.id, row);
    return row;
  }

  /** Who stands on a line that goes is put on the next one. */
  #leave(row: NoticeRow): void {
    const next = row.element.contains(document.activeElement)
      ? (row.element.nextElementSibling ?? row.element.previousElementSibling)
      : null;
    row.element.remove();
    next?.querySelector("button")?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [...this.#list.querySelectorAll<HTMLElement>(".said")];
    const at = rows.findIndex((row) => row.parentElement?.contains(document.activeElement));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}
