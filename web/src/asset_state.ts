import type { Asset } from "./fleet.ts";
import type { StalenessClock } from "./staleness.ts";
import { lookOf, SILENT, type StatusLook } from "./status_look.ts";

/** The filter name of assets without a recent fix; no status can have it, as statuses are ids. */
export const SILENT_KEY = "/silent";

/** Whether an asset counts as silent: no fix at all, or none for too long. */
export function isSilent(asset: Asset, clock: StalenessClock): boolean {
  return asset.fix === null || clock.isStale(asset.fix.time);
}

/** The one group that an asset is in, by which the list is filtered: its status, or silence. */
export function groupOf(asset: Asset, clock: StalenessClock): string {
  return isSilent(asset, clock) ? SILENT_KEY : (asset.status?.status ?? "");
}

export function lookOfGroup(group: string): StatusLook {
  return group === SILENT_KEY ? SILENT : lookOf(group === "" ? null : group);
}

/** Whether an asset answers a search: by its own id, or by an order that it carries. */
export function matches(asset: Asset, search: string): boolean {
  if (search === "") return true;
  const wanted = search.toLowerCase();
  return asset.id.toLowerCase().includes(wanted) || (asset.fix?.orders.some((order) => order.toLowerCase().includes(wanted)) ?? false);
}
