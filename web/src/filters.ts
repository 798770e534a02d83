import { groupOf, lookOfGroup, SILENT_KEY } from "./asset_state.ts";
import { element } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import type { StalenessClock } from "./staleness.ts";

/** The chips above the list: one for all, one for each group with its number of assets. */
export class Filters {
  readonly #container: HTMLElement;
  readonly #choose: (group: string | null) => void;
  #chosen: string | null = null;
  #shown = "";

  constructor(container: HTMLElement, choose: (group: string | null) => void) {
    this.#container = container;
    this.#choose = choose;
  }

  refresh(fleet: Fleet, clock: StalenessClock): void {
    const counts = new Map<string, number>();
    for (const asset of fleet.assets()) {
      const group = groupOf(asset, clock);
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    if (this.#chosen !== null && !counts.has(this.#chosen)) counts.set(this.#chosen, 0);
    const groups = [...counts].sort(([a], [b]) => Number(a === SILENT_KEY) - Number(b === SILENT_KEY) || a.localeCompare(b));
    const shown = JSON.stringify([this.#chosen, fleet.size, groups]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = [...this.#container.children].indexOf(document.activeElement as Element);
    this.#container.replaceChildren(
      this.#chip(null, "All", fleet.size),
      ...groups.map(([group, count]) => this.#chip(group, lookOfGroup(group).label, count)),
    );
    (this.#container.children[focused] as HTMLElement | undefined)?.focus();
  }

  #chip(group: string | null, label: string, count: number): HTMLElement {
    const chip = element("button", "chip", label, element("b", "", String(count)));
    chip.type = "button";
    if (group !== null) chip.style.setProperty("--status", lookOfGroup(group).color);
    chip.setAttribute("aria-pressed", String(group === this.#chosen));
    chip.addEventListener("click", () => {
      this.#chosen = group === this.#chosen ? null : group;
      this.#choose(this.#chosen);
    });
    return chip;
  }
}
