import { element, setText } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import { StatusBadge } from "./status_badge.ts";
import { lookOf } from "./status_look.ts";

/** A parcel van has more orders than anybody reads. */
const MOST_LINES = 100;

class OrderLine {
  readonly element = element("li");
  readonly #id = element("span", "order");
  readonly #badge = new StatusBadge();

  constructor() {
    this.element.append(this.#id, this.#badge.element);
  }

  show(id: string, status: string | null, marked: boolean): void {
    setText(this.#id, id);
    this.element.classList.toggle("marked", marked);
    this.#badge.show(lookOf(status));
  }
}

/** The orders that an asset carries, each with its status. */
export class OrderLines {
  readonly element = element("section", "orders");
  readonly #title = element("h3");
  readonly #list = element("ul");
  readonly #more = element("p", "more");
  readonly #lines: OrderLine[] = [];
  readonly #fleet: Fleet;
  /** The order that somebody asked for. */
  marked: string | null = null;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.element.append(this.#title, this.#list, this.#more);
  }

  show(orders: readonly string[]): void {
    const shown = this.#inOrder(orders).slice(0, MOST_LINES);
    setText(this.#title, orders.length === 0 ? "No orders on board" : `Orders on board · ${orders.length}`);
    setText(this.#more, orders.length > shown.length ? `and ${orders.length - shown.length} more` : "");
    while (this.#lines.length < shown.length) {
      const line = new OrderLine();
      this.#lines.push(line);
      this.#list.append(line.element);
    }
    for (const [slot, line] of this.#lines.entries()) {
      const id = shown[slot];
      line.element.hidden = id === undefined;
      if (id !== undefined) line.show(id, this.#fleet.order(id)?.status ?? null, id === this.marked);
    }
  }

  /** The marked one first. */
  #inOrder(orders: readonly string[]): readonly string[] {
    const { marked } = this;
    return marked !== null && orders.includes(marked) ? [marked, ...orders.filter((id) => id !== marked)] : orders;
  }
}
