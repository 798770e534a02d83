import { Acks } from "./acks.ts";
import { Bell } from "./bell.ts";
import { byId } from "./element.ts";
import { InboxDesk } from "./inbox_desk.ts";
import type { InboxApi } from "./inbox_api.ts";
import { InboxPanel } from "./inbox_panel.ts";
import type { Notice } from "./notices.ts";
import type { StalenessClock } from "./staleness.ts";
import { Toast } from "./toast.ts";

export interface NotificationEvents {
  /** Shows what a notification is about; what it answers is told when that cannot be shown. */
  readonly open: (notice: Notice) => string | null;
  /** The inbox was opened or closed. */
  readonly toggled: (open: boolean) => void;
}

/** Ages are brought up to date this often. */
const REFRESH_MILLIS = 5_000;

/** Bell, inbox and toast together: everything of notifications that is on the page. */
export class NotificationArea {
  readonly desk: InboxDesk;
  readonly #bell: Bell;
  readonly #panel: InboxPanel;
  readonly #toast: Toast;
  readonly #toggled: (open: boolean) => void;

  constructor(api: InboxApi, acknowledge: (ids: string[]) => Promise<void>, clock: StalenessClock, events: NotificationEvents) {
    const acks = new Acks(acknowledge, () => document.visibilityState === "visible");
    document.addEventListener("visibilitychange", () => acks.goOn());
    this.#toggled = events.toggled;
    this.desk = new InboxDesk(api, acks, {
      changed: () => this.#refresh(),
      arrived: (notices) => this.#toast.show(notices, this.#panel.isOpen),
    });
    this.#bell = new Bell(byId("bell", HTMLButtonElement), () => this.toggle(!this.#panel.isOpen));
    const open = (notice: Notice) => {
      const problem = events.open(notice);
      if (problem !== null) this.#toast.say(problem);
    };
    this.#panel = new InboxPanel(this.desk, clock, open);
    this.#toast = new Toast(byId("toast", HTMLElement), byId("voice", HTMLElement), (notice) => {
      this.desk.markRead([notice.id]);
      open(notice);
    });
    setInterval(() => this.#panel.refresh(), REFRESH_MILLIS);
  }

  get isOpen(): boolean {
    return this.#panel.isOpen;
  }

  /** Opens or closes the inbox; who used the keyboard stands on the bell again. */
  toggle(open: boolean): void {
    if (open === this.#panel.isOpen) return;
    const within = byId("inbox", HTMLElement).contains(document.activeElement);
    this.#panel.isOpen = open;
    this.#bell.isOpen = open;
    if (open) this.#toast.hide();
    else if (within) this.#bell.focus();
    this.#toggled(open);
  }

  #refresh(): void {
    this.#bell.show(this.desk.inbox.unread);
    this.#panel.refresh();
    const shown = this.#toast.shown;
    if (shown !== null && !this.desk.inbox.isUnread(shown.id)) this.#toast.hide();
  }
}
