import { element, icon, setText } from "./element.ts";

const BELL = "M4 11.2V7.4a4 4 0 0 1 8 0v3.8M2.8 11.2h10.4M6.8 13.4a1.3 1.3 0 0 0 2.4 0";
const MOST_SHOWN = 99;

/** The bell with the number of what is unread. */
export class Bell {
  readonly #button: HTMLButtonElement;
  readonly #badge = element("span", "count");

  constructor(button: HTMLButtonElement, press: () => void) {
    this.#button = button;
    button.append(icon(BELL), this.#badge);
    button.addEventListener("click", press);
    this.show(0);
  }

  show(unread: number): void {
    this.#badge.hidden = unread === 0;
    setText(this.#badge, unread > MOST_SHOWN ? `${MOST_SHOWN}+` : `${unread}`);
    this.#button.setAttribute("aria-label", unread === 0 ? "Notifications" : `Notifications, ${unread} unread`);
  }

  set isOpen(open: boolean) {
    this.#button.setAttribute("aria-expanded", String(open));
  }

  focus(): void {
    this.#button.focus();
  }
}
