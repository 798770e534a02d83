import { AssetRow } from "./asset_row.ts";
import { groupOf, matches } from "./asset_state.ts";
import { element, setText } from "./element.ts";
import type { Asset, Fleet } from "./fleet.ts";
import type { StalenessClock } from "./staleness.ts";

const ROW_HEIGHT = 56;
const ORDER = new Intl.Collator("en", { numeric: true });

/** The list of assets. Only the lines in view exist, so that its length costs nothing. */
export class AssetList {
  readonly #container: HTMLElement;
  readonly #fleet: Fleet;
  readonly #clock: StalenessClock;
  readonly #space = element("div", "space");
  readonly #empty = element("p", "empty");
  readonly #rows: AssetRow[] = [];
  #sorted: string[] = [];
  #listed: string[] = [];
  #selected: string | null = null;
  search = "";
  /** A group of `groupOf`, or null for all. */
  filter: string | null = null;

  constructor(container: HTMLElement, fleet: Fleet, clock: StalenessClock, pick: (id: string) => void) {
    this.#container = container;
    this.#fleet = fleet;
    this.#clock = clock;
    container.append(this.#space, this.#empty);
    container.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(container);
    this.#space.addEventListener("click", (event) => {
      const row = this.#rows.find((candidate) => candidate.element.contains(event.target as Node));
      if (row !== undefined) pick(row.id);
    });
    container.addEventListener("keydown", (event) => this.#onKey(event, pick));
  }

  select(id: string | null): void {
    this.#selected = id;
    const index = id === null ? -1 : this.#listed.indexOf(id);
    if (index >= 0) this.#reveal(index);
    this.#draw();
  }

  /** Draws what is now known. */
  refresh(): void {
    if (this.#sorted.length !== this.#fleet.size) this.#sorted = [...this.#fleet.assets()].map(({ id }) => id).sort(ORDER.compare);
    this.#listed = this.#sorted.filter((id) => {
      const asset = this.#fleet.asset(id);
      return asset !== undefined && this.#isWanted(asset);
    });
    this.#draw();
  }

  /** The snapshot may have put other assets in the place of the same number. */
  forgetOrder(): void {
    this.#sorted = [];
  }

  #isWanted(asset: Asset): boolean {
    if (this.filter !== null && groupOf(asset, this.#clock) !== this.filter) return false;
    return matches(asset, this.search);
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.#container;
    this.#space.style.height = `${this.#listed.length * ROW_HEIGHT}px`;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - 2);
    const visible = this.#listed.slice(first, first + Math.ceil(clientHeight / ROW_HEIGHT) + 4);
    while (this.#rows.length < visible.length) this.#rows.push(this.#newRow());
    for (const [slot, row] of this.#rows.entries()) {
      const asset = this.#fleet.asset(visible[slot] ?? "");
      row.element.hidden = asset === undefined;
      if (asset === undefined) continue;
      row.show(asset, first + slot, (first + slot) * ROW_HEIGHT, asset.id === this.#selected, this.#clock);
    }
    this.#empty.hidden = this.#listed.length > 0;
    setText(this.#empty, this.#fleet.size === 0 ? "No asset has reported yet." : "Nothing matches.");
  }

  #newRow(): AssetRow {
    const row = new AssetRow();
    this.#space.append(row.element);
    return row;
  }

  #onKey(event: KeyboardEvent, pick: (id: string) => void): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = this.#listed.indexOf(this.#selected ?? "") + step;
    const id = this.#listed[Math.max(0, Math.min(this.#listed.length - 1, index))];
    if (id !== undefined) pick(id);
  }

  #reveal(index: number): void {
    const top = index * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.#container;
    if (top < scrollTop) this.#container.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.#container.scrollTop = top + ROW_HEIGHT - clientHeight;
  }
}
