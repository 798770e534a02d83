import { AssetDetail } from "./asset_detail.ts";
import { AssetList } from "./asset_list.ts";
import { isSilent } from "./asset_state.ts";
import type { Config } from "./config.ts";
import { byId } from "./element.ts";
import { Filters } from "./filters.ts";
import { Fleet, type Asset } from "./fleet.ts";
import type { InboxApi } from "./inbox_api.ts";
import { LinkView } from "./link_view.ts";
import { MapView, type Insets } from "./map_view.ts";
import type { Message } from "./messages.ts";
import type { Notice } from "./notices.ts";
import { NotificationArea } from "./notification_area.ts";
import { Sheet } from "./sheet.ts";
import { StalenessClock } from "./staleness.ts";

/** Texts and colours are brought up to date this often; pins move with every frame. */
const REFRESH_MILLIS = 250;

/** What the page asks of others. */
export interface PageServices {
  readonly inbox: InboxApi;
  /** Raises when it is not kept. */
  readonly acknowledge: (ids: string[]) => Promise<void>;
}

/** The whole page: what is known, and the views of it. */
export class Page {
  readonly link = new LinkView(byId("link", HTMLElement));
  readonly notifications: NotificationArea;
  readonly #clock = new StalenessClock();
  readonly #fleet = new Fleet();
  readonly #silent = new Set<string>();
  readonly #map: MapView;
  readonly #list: AssetList;
  readonly #filters: Filters;
  readonly #detail: AssetDetail;
  readonly #sheet: Sheet;
  readonly #panel = byId("panel", HTMLElement);
  readonly #narrow = matchMedia("(max-width: 719px)");
  #selected: string | null = null;
  #frame = 0;

  constructor(config: Config, services: PageServices) {
    if (config.serverMillis !== null) this.#clock.adjust(config.serverMillis);
    this.#map = new MapView(byId("map", HTMLElement), config.roads, {
      pick: (id) => this.#select(id),
      moved: () => this.#detail.setFollowing(false),
    });
    this.#list = new AssetList(byId("list", HTMLElement), this.#fleet, this.#clock, (id) => this.#select(id));
    this.#filters = new Filters(byId("filters", HTMLElement), (group) => {
      this.#list.filter = group;
      this.#refresh();
    });
    this.#detail = new AssetDetail(byId("detail", HTMLElement), this.#fleet, this.#clock, {
      close: () => this.#select(null),
      follow: (follow) => this.#follow(follow),
    });
    this.#sheet = new Sheet(this.#panel, byId("grip", HTMLElement), () => this.#inset());
    const search = byId("search", HTMLInputElement);
    search.addEventListener("focus", () => this.#sheet.rest("full"));
    search.addEventListener("input", () => {
      this.#list.search = search.value.trim();
      this.#refresh();
    });
    this.notifications = new NotificationArea(services.inbox, services.acknowledge, this.#clock, {
      open: (notice) => this.#open(notice),
      toggled: (open) => this.#panel.classList.toggle("told", open),
    });
    addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      if (this.notifications.isOpen) this.notifications.toggle(false);
      else this.#select(null);
    });
    this.#narrow.addEventListener("change", () => this.#inset());
    setInterval(() => this.#refresh(), REFRESH_MILLIS);
    this.#refresh();
  }

  /** Takes over a snapshot in place of what was known. */
  replace(messages: readonly Message[]): void {
    this.#fleet.replace(messages);
    this.#list.forgetOrder();
    this.#showChanged();
    this.#refresh();
  }

  /** Takes in one message. What changed is drawn with the next frame, once, however many there were. */
  apply(message: Message): void {
    this.link.heard();
    if (!this.#fleet.apply(message) || this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => this.#showChanged());
  }

  #showChanged(): void {
    this.#frame = 0;
    for (const id of this.#fleet.takeChanged()) this.#showPin(id);
  }

  #showPin(id: string): void {
    const asset = this.#fleet.asset(id);
    if (asset === undefined) {
      this.#silent.delete(id);
      this.#map.hide(id);
      return;
    }
    const silent = isSilent(asset, this.#clock);
    if (silent) this.#silent.add(id);
    else this.#silent.delete(id);
    this.#map.show(asset, silent);
  }

  #refresh(): void {
    for (const asset of this.#fleet.assets()) {
      if (isSilent(asset, this.#clock) !== this.#silent.has(asset.id)) this.#showPin(asset.id);
    }
    if (!this.#map.isFitted) this.#map.fit(this.#worthSeeing());
    this.link.refresh();
    this.#filters.refresh(this.#fleet, this.#clock);
    this.#list.refresh();
    this.#detail.show(this.#selectedAsset());
  }

  /** Where the map begins: the assets that report, or all when none does. */
  #worthSeeing(): Asset[] {
    const located = [...this.#fleet.assets()].filter(({ fix }) => fix !== null);
    const reporting = located.filter((asset) => !isSilent(asset, this.#clock));
    return reporting.length > 0 ? reporting : located;
  }

  #selectedAsset(): Asset | null {
    return this.#selected === null ? null : (this.#fleet.asset(this.#selected) ?? null);
  }

  /** Shows what a notification is about: the asset, or the one that has the order on board. Answers why it cannot. */
  #open(notice: Notice): string | null {
    if (this.#narrow.matches) this.notifications.toggle(false);
    const order = notice.about?.kind === "order" ? notice.about.id : null;
    const asset = order === null ? (notice.about?.id ?? null) : (this.#fleet.carrierOf(order) ?? notice.asset);
    if (asset !== null && this.#fleet.asset(asset) !== undefined) {
      this.#select(asset, order);
      return null;
    }
    if (order !== null) return `No vehicle has ${order} on board now`;
    return asset === null ? null : `${asset} is not on this map`;
  }

  #select(id: string | null, order: string | null = null): void {
    this.#selected = id;
    this.#detail.markOrder(order);
    this.#detail.show(this.#selectedAsset());
    this.#list.select(id);
    this.#map.mark(id, id ?? "");
    this.#sheet.rest("low");
    this.#follow(id !== null);
  }

  #follow(follow: boolean): void {
    this.#detail.setFollowing(follow);
    this.#map.follow(follow ? this.#selected : null);
  }

  /** Tells the map what the panels cover, so that what it centres is seen. */
  #inset(): void {
    const detail = byId("detail", HTMLElement);
    const insets: Insets = this.#narrow.matches
      ? { left: 0, right: 0, top: 64, bottom: detail.hidden ? 132 : Math.min(detail.offsetHeight, innerHeight / 2) }
      : { left: this.#panel.offsetWidth + 16, right: detail.hidden ? 0 : detail.offsetWidth + 16, top: 0, bottom: 0 };
    this.#map.inset(insets);
  }
}
