import { element, icon, setText } from "./element.ts";
import { lookOfNotice, spoken } from "./notice_row.ts";
import type { Notice } from "./notices.ts";

const SHOWN_MILLIS = 6_000;

/** Shows and speaks what has just come. Of several at once the last is shown, and all are counted. */
export class Toast {
  readonly #container: HTMLElement;
  readonly #voice: HTMLElement;
  readonly #button = element("button", "toast");
  #notice: Notice | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `voice`: an element that is read out when its text changes. */
  constructor(container: HTMLElement, voice: HTMLElement, open: (notice: Notice) => void) {
    this.#container = container;
    this.#voice = voice;
    this.#button.type = "button";
    this.#button.addEventListener("click", () => {
      const notice = this.#notice;
      this.hide();
      if (notice !== null) open(notice);
    });
    container.append(this.#button);
    for (const event of ["pointerenter", "focusin"]) container.addEventListener(event, () => this.#wait(null));
    for (const event of ["pointerleave", "focusout"]) container.addEventListener(event, () => this.#wait(SHOWN_MILLIS));
  }

  /** `quiet`: only for who listens, as the inbox itself is in view. */
  show(notices: readonly Notice[], quiet: boolean): void {
    const last = notices.at(-1);
    if (last === undefined) return;
    setText(this.#voice, notices.length === 1 ? spoken(last) : `${notices.length} new notifications`);
    if (quiet) return;
    this.#notice = last;
    const { icon: path, color } = lookOfNotice(last);
    const more = notices.length === 1 ? last.body : `and ${notices.length - 1} more`;
    this.#button.disabled = false;
    this.#button.style.setProperty("--status", color);
    const texts = element("span", "texts", element("span", "name", last.title), element("span", "line", more));
    this.#button.replaceChildren(element("span", "sign", icon(path)), texts);
    this.#container.hidden = false;
    this.#wait(SHOWN_MILLIS);
  }

  /** Says something that can only be read. */
  say(text: string): void {
    this.#notice = null;
    setText(this.#voice, text);
    this.#button.disabled = true;
    this.#button.replaceChildren(text);
    this.#container.hidden = false;
    this.#wait(SHOWN_MILLIS);
  }

  /** For one that was read, put away or corrected meanwhile too. */
  hide(): void {
    this.#notice = null;
    this.#container.hidden = true;
    this.#wait(null);
  }

  get shown(): Notice | null {
    return this.#notice;
  }

  #wait(millis: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = millis === null ? null : setTimeout(() => this.hide(), millis);
  }
}
