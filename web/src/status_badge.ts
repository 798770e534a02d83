import { element, icon } from "./element.ts";
import type { StatusLook } from "./status_look.ts";

/** A status as a coloured word with its sign; the element remembers what it shows. */
export class StatusBadge {
  readonly element = element("span", "badge");
  #shown = "";

  show({ label, color, icon: path }: StatusLook): void {
    if (this.#shown === label + color) return;
    this.#shown = label + color;
    this.element.style.setProperty("--status", color);
    this.element.replaceChildren(icon(path), label);
  }
}
