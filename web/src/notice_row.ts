import { element, icon, setText } from "./element.ts";
import { formatAge } from "./format.ts";
import type { Notice } from "./notices.ts";
import type { StalenessClock } from "./staleness.ts";
import { lookOf, lookOfType, type StatusLook } from "./status_look.ts";

const CHECK = "M3.8 8.6 6.8 11.5l5.6-6.8";
const BOX = "M3 4h10v2.6H3zM4 6.6v5.6h8V6.6M6.6 9h2.8";

export interface NoticeEvents {
  readonly open: (notice: Notice) => void;
  readonly read: (notice: Notice) => void;
  readonly archive: (notice: Notice) => void;
}

/** One notification of the list. */
export class NoticeRow {
  readonly element = element("li", "notice");
  readonly #main = element("button", "said");
  readonly #sign = element("span", "sign");
  readonly #title = element("span", "name");
  readonly #line = element("span", "line");
  readonly #age = element("span", "age");
  readonly #read: HTMLButtonElement;
  #notice: Notice;

  constructor(notice: Notice, events: NoticeEvents) {
    this.#notice = notice;
    this.#main.type = "button";
    this.#main.append(this.#sign, element("span", "texts", this.#title, this.#line), this.#age);
    this.#main.addEventListener("click", () => events.open(this.#notice));
    this.#read = act("Mark as read", CHECK, () => events.read(this.#notice));
    const archive = act("Archive", BOX, () => events.archive(this.#notice));
    this.element.append(this.#main, element("span", "acts", this.#read, archive));
    const { icon: path, color } = lookOfNotice(notice);
    this.#sign.append(icon(path));
    this.element.style.setProperty("--status", color);
    setText(this.#title, notice.title);
    setText(this.#line, notice.body);
  }

  show(notice: Notice, clock: StalenessClock): void {
    this.#notice = notice;
    this.element.classList.toggle("unread", !notice.read);
    this.#read.hidden = notice.read;
    const age = formatAge(clock.age(notice.time));
    setText(this.#age, age);
    const when = age === "now" ? "just now" : `${age} ago`;
    this.#main.setAttribute("aria-label", `${notice.read ? "" : "Unread: "}${spoken(notice)}, ${when}`);
  }

  focus(): void {
    this.#main.focus();
  }
}

/** In one sentence, for who listens. */
export function spoken(notice: Notice): string {
  return notice.body === "" ? notice.title : `${notice.title}: ${notice.body}`;
}

export function lookOfNotice(notice: Notice): StatusLook {
  return notice.status === null ? lookOfType(notice.type) : lookOf(notice.status);
}

function act(label: string, path: string, press: () => void): HTMLButtonElement {
  const button = element("button", "act", icon(path));
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", press);
  return button;
}
