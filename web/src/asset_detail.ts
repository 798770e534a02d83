import { isSilent } from "./asset_state.ts";
import { element, icon, setText } from "./element.ts";
import type { Asset, Fleet } from "./fleet.ts";
import { formatAge, formatHeading, formatPlace, formatSpeed } from "./format.ts";
import { OrderLines } from "./order_lines.ts";
import type { StalenessClock } from "./staleness.ts";
import { StatusBadge } from "./status_badge.ts";
import { lookOf, sentence, SILENT } from "./status_look.ts";

export interface DetailEvents {
  readonly close: () => void;
  readonly follow: (follow: boolean) => void;
}

/** All that is known of the selected asset. */
export class AssetDetail {
  readonly #container: HTMLElement;
  readonly #name = element("h2");
  readonly #badge = new StatusBadge();
  readonly #note = element("p", "note");
  readonly #speed = element("dd");
  readonly #heading = element("dd");
  readonly #age = element("dd");
  readonly #place = element("p", "coordinates");
  readonly #flags = element("ul", "flags");
  readonly #orders: OrderLines;
  readonly #follow = element("button", "follow", "Follow");
  readonly #clock: StalenessClock;

  constructor(container: HTMLElement, fleet: Fleet, clock: StalenessClock, events: DetailEvents) {
    this.#container = container;
    this.#clock = clock;
    this.#orders = new OrderLines(fleet);
    const close = element("button", "close", icon("M4.5 4.5l7 7M11.5 4.5l-7 7"));
    close.type = this.#follow.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", events.close);
    this.#follow.addEventListener("click", () => events.follow(this.#follow.getAttribute("aria-pressed") !== "true"));
    container.append(
      element("header", "", element("div", "heading", this.#name, this.#badge.element), close),
      this.#note,
      element("dl", "figures", figure("Speed", this.#speed, "km/h"), figure("Heading", this.#heading), figure("Last fix", this.#age)),
      this.#flags,
      element("div", "place-line", this.#place, this.#follow),
      this.#orders.element,
    );
  }

  /** Whether the map follows the asset. */
  setFollowing(following: boolean): void {
    this.#follow.setAttribute("aria-pressed", String(following));
    setText(this.#follow, following ? "Following" : "Follow");
  }

  /** The order on board that somebody asked for, or none. */
  markOrder(order: string | null): void {
    this.#orders.marked = order;
  }

  show(asset: Asset | null): void {
    this.#container.hidden = asset === null;
    if (asset === null) return;
    const silent = isSilent(asset, this.#clock);
    setText(this.#name, asset.id);
    this.#badge.show(lookOf(asset.status?.status ?? null));
    this.#container.style.setProperty("--status", silent ? SILENT.color : lookOf(asset.status?.status ?? null).color);
    this.#note.hidden = !silent;
    setText(this.#note, asset.fix === null ? "No position yet" : `Silent for ${formatAge(this.#clock.age(asset.fix.time))}: this is its last known place`);
    this.#showFix(asset, silent);
    this.#orders.show(asset.fix?.orders ?? []);
  }

  #showFix({ fix }: Asset, silent: boolean): void {
    setText(this.#speed, silent ? "–" : formatSpeed(fix?.speed ?? null));
    setText(this.#heading, formatHeading(fix?.heading ?? null));
    setText(this.#age, fix === null ? "–" : formatAge(this.#clock.age(fix.time)));
    setText(this.#place, fix === null ? "" : formatPlace(fix.lat, fix.lon));
    const flags = fix?.quality ?? [];
    this.#flags.hidden = flags.length === 0;
    if (this.#flags.dataset["shown"] === flags.join()) return;
    this.#flags.dataset["shown"] = flags.join();
    this.#flags.replaceChildren(...flags.map((flag) => element("li", "", sentence(flag))));
  }
}

function figure(name: string, value: HTMLElement, unit = ""): HTMLElement {
  return element("div", "", element("dt", "", name), value, element("span", "unit", unit));
}
