import { isSilent } from "./asset_state.ts";
import { element, icon, setText } from "./element.ts";
import type { Asset } from "./fleet.ts";
import { formatAge, formatSpeed } from "./format.ts";
import type { StalenessClock } from "./staleness.ts";
import { lookOf, SILENT } from "./status_look.ts";

/** One line of the list. Lines are few and used again and again for other assets as the list scrolls. */
export class AssetRow {
  readonly element = element("div", "row");
  readonly #sign = element("span", "sign");
  readonly #name = element("span", "name");
  readonly #line = element("span", "line");
  readonly #latest = element("span", "latest");
  #icon = "";
  /** The asset that the line shows now. */
  id = "";

  constructor() {
    this.element.setAttribute("role", "option");
    this.element.append(this.#sign, element("span", "texts", this.#name, this.#line), this.#latest);
  }

  show(asset: Asset, index: number, top: number, selected: boolean, clock: StalenessClock): void {
    const silent = isSilent(asset, clock);
    const look = lookOf(asset.status?.status ?? null);
    this.id = asset.id;
    this.element.id = `row-${index}`;
    this.element.style.transform = `translateY(${top}px)`;
    this.element.style.setProperty("--status", silent ? SILENT.color : look.color);
    this.element.classList.toggle("silent", silent);
    this.element.setAttribute("aria-selected", String(selected));
    if (this.#icon !== look.icon) {
      this.#icon = look.icon;
      this.#sign.replaceChildren(icon(look.icon));
    }
    setText(this.#name, asset.id);
    setText(this.#line, describe(asset, look.label, silent));
    setText(this.#latest, latest(asset, silent, clock));
  }
}

function describe(asset: Asset, label: string, silent: boolean): string {
  if (asset.fix === null) return `${label} · no position yet`;
  if (silent) return asset.status === null ? SILENT.label : `${SILENT.label} · was ${label.toLowerCase()}`;
  const orders = asset.fix.orders.length;
  return orders === 0 ? label : `${label} · ${orders === 1 ? "1 order" : `${orders} orders`}`;
}

/** The one number that matters now: how fast it is, or for how long nothing was heard of it. */
function latest({ fix }: Asset, silent: boolean, clock: StalenessClock): string {
  if (fix === null) return "";
  if (silent) return formatAge(clock.age(fix.time));
  return fix.speed === null ? "" : `${formatSpeed(fix.speed)} km/h`;
}
