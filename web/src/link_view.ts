import type { Link } from "./connection.ts";
import { element, setText } from "./element.ts";
import { formatAge } from "./format.ts";

const WORDS: Record<Link["phase"], string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  refused: "Refused",
};

/** How the page stands with the gateway, in view at all times, and how long ago it last heard of anything. */
export class LinkView {
  readonly #container: HTMLElement;
  readonly #word = element("span", "word");
  readonly #reason = element("span", "reason");
  #link: Link = { phase: "connecting", reason: "" };
  #heardAt: number | null = null;

  constructor(container: HTMLElement) {
    this.#container = container;
    container.append(element("span", "lamp"), this.#word, this.#reason);
    this.refresh();
  }

  setLink(link: Link): void {
    this.#link = link;
    this.refresh();
  }

  /** Something was heard just now. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  refresh(): void {
    const { phase } = this.#link;
    this.#container.dataset["phase"] = phase;
    setText(this.#word, WORDS[phase]);
    setText(this.#reason, this.#link.phase === "live" ? this.#lastEvent() : this.#link.reason);
  }

  #lastEvent(): string {
    if (this.#heardAt === null) return "no event yet";
    const age = formatAge((performance.now() - this.#heardAt) / 1000);
    return age === "now" ? "last event now" : `last event ${age} ago`;
  }
}
