import { KnownIds } from "./known_ids.ts";
import type { Message, PositionMessage, Status, StatusMessage } from "./messages.ts";

/** What is known of one asset; replaced as a whole at every change. */
export interface Asset {
  readonly id: string;
  readonly fix: PositionMessage | null;
  readonly status: Status | null;
}

export interface FleetLimits {
  readonly assets: number;
  readonly orders: number;
  readonly ids: number;
}

const LIMITS: FleetLimits = { assets: 50_000, orders: 50_000, ids: 100_000 };

/**
 * The state of one fleet, made of a snapshot and the publications after it.
 *
 * A message's id counts once; a position never goes back in event time, a status never to a lower version. What changed
 * since the last look is a set of asset ids, so that a view redraws at its own pace and not at that of the messages.
 */
export class Fleet {
  readonly #limits: FleetLimits;
  readonly #assets = new Map<string, Asset>();
  readonly #orders = new Map<string, Status>();
  /** The asset that was last seen with an order on board. */
  readonly #carriers = new Map<string, string>();
  #known: KnownIds;
  #changed = new Set<string>();
  #refusedAssets = 0;

  constructor(limits: FleetLimits = LIMITS) {
    this.#limits = limits;
    this.#known = new KnownIds(limits.ids);
  }

  get size(): number {
    return this.#assets.size;
  }

  /** Positions of assets beyond the limit, which are not shown. */
  get refusedAssets(): number {
    return this.#refusedAssets;
  }

  asset(id: string): Asset | undefined {
    return this.#assets.get(id);
  }

  assets(): IterableIterator<Asset> {
    return this.#assets.values();
  }

  order(id: string): Status | undefined {
    return this.#orders.get(id);
  }

  /** The asset that carries an order, or the one that was last seen to do so. */
  carrierOf(order: string): string | null {
    return this.#carriers.get(order) ?? null;
  }

  /** True when the message was news. */
  apply(message: Message): boolean {
    if (!this.#known.add(`${message.kind} ${message.id}`)) return false;
    return message.kind === "position" ? this.#applyPosition(message) : this.#applyStatus(message);
  }

  /** The snapshot is the whole truth: what it does not name is gone; what it names is still never moved back. */
  replace(snapshot: readonly Message[]): void {
    this.#known = new KnownIds(this.#limits.ids); // what was forgotten may come again under its old id
    const named = new Set(snapshot.map((message) => entityOf(message)));
    for (const id of this.#assets.keys()) {
      if (!named.has(`asset/${id}`)) {
        this.#assets.delete(id);
        this.#changed.add(id);
      }
    }
    for (const id of this.#orders.keys()) {
      if (!named.has(`order/${id}`)) this.#orders.delete(id);
    }
    for (const message of snapshot) this.apply(message);
  }

  /** The ids of the assets that changed or went since the last call. */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  #applyPosition(message: PositionMessage): boolean {
    const asset = this.#assetOrNew(message.asset);
    if (asset === null) return false;
    const isNewer = asset.fix === null || message.time > asset.fix.time;
    const status = newer(asset.status, message.status);
    if (!isNewer && status === asset.status) return false;
    this.#put({ ...asset, fix: isNewer ? message : asset.fix, status });
    if (isNewer) for (const order of message.orders) this.#noteCarrier(order, asset.id);
    return true;
  }

  #applyStatus(message: StatusMessage): boolean {
    const [kind, id] = split(message.entity);
    const status = { status: message.status, version: message.version, time: message.time };
    if (kind === "order") return this.#putOrder(id, status);
    const asset = kind === "asset" ? this.#assetOrNew(id) : null;
    if (asset === null || newer(asset.status, status) === asset.status) return false;
    this.#put({ ...asset, status });
    return true;
  }

  #putOrder(id: string, status: Status): boolean {
    const current = this.#orders.get(id) ?? null;
    if (newer(current, status) === current) return false;
    this.#orders.delete(id); // so that the oldest change stands first
    this.#orders.set(id, status);
    if (this.#orders.size > this.#limits.orders) {
      const oldest = this.#orders.keys().next();
      if (!oldest.done) this.#orders.delete(oldest.value);
    }
    return true;
  }

  #noteCarrier(order: string, asset: string): void {
    if (this.#carriers.get(order) === asset) return;
    this.#carriers.set(order, asset);
    if (this.#carriers.size > this.#limits.orders) {
      const oldest = this.#carriers.keys().next();
      if (!oldest.done) this.#carriers.delete(oldest.value);
    }
  }

  #assetOrNew(id: string): Asset | null {
    const asset = this.#assets.get(id);
    if (asset !== undefined) return asset;
    if (this.#assets.size < this.#limits.assets) return { id, fix: null, status: null };
    this.#refusedAssets += 1;
    return null;
  }

  #put(asset: Asset): void {
    this.#assets.set(asset.id, asset);
    this.#changed.add(asset.id);
  }
}

function newer(current: Status | null, offered: Status | null): Status | null {
  if (offered === null) return current;
  return current === null || offered.version > current.version ? offered : current;
}

function entityOf(message: Message): string {
  return message.kind === "position" ? `asset/${message.asset}` : message.entity;
}

function split(entity: string): [kind: string, id: string] {
  const slash = entity.indexOf("/");
  return [entity.slice(0, slash), entity.slice(slash + 1)];
}
