/** How a status looks: a word, a colour and a sign, so that no meaning hangs on colour alone. */
export interface StatusLook {
  readonly label: string;
  readonly color: string;
  /** SVG path data in a 16 x 16 box, stroked; the list and the pins draw the same. */
  readonly icon: string;
}

const UP = "M8 10.5V4M5 6.8 8 3.8l3 3M4 13h8";
const DOWN = "M8 3.5V10M5 7.2l3 3 3-3M4 13h8";
const RIGHT = "M3.8 8h8M8.6 4.6 12 8l-3.4 3.4";
const CHECK = "M3.8 8.6 6.8 11.5l5.6-6.8";
const CROSS = "M4.8 4.8l6.4 6.4M11.2 4.8l-6.4 6.4";
const DOT = "M8 8h.01";

const BLUE = "#2f6fed";
const GREEN = "#12925c";
const AMBER = "#c9760a";
const SLATE = "#5b6675";
const VIOLET = "#7a56d8";
const RED = "#cf3d3d";

/** Grey is kept for silence: no status has it. */
export const SILENT: StatusLook = { label: "Silent", color: "#9aa3ad", icon: CROSS };
export const NO_STATUS: StatusLook = { label: "No status", color: BLUE, icon: DOT };

const LOOKS: Readonly<Record<string, StatusLook>> = {
  loading: { label: "Loading", color: AMBER, icon: UP },
  en_route: { label: "En route", color: BLUE, icon: RIGHT },
  delivering: { label: "Delivering", color: GREEN, icon: DOWN },
  idle: { label: "Idle", color: SLATE, icon: "M6 4.6v6.8M10 4.6v6.8" },
  created: { label: "Created", color: SLATE, icon: "M8 4.2v7.6M4.2 8h7.6" },
  picked_up: { label: "Picked up", color: AMBER, icon: UP },
  out_for_delivery: { label: "Out for delivery", color: BLUE, icon: RIGHT },
  delivered: { label: "Delivered", color: GREEN, icon: CHECK },
  cancelled: { label: "Cancelled", color: RED, icon: CROSS },
  returned: { label: "Returned", color: RED, icon: "M12 8H4M7.4 4.6 4 8l3.4 3.4" },
};

/** The look of any status: one that is not in the table is shown by its own name. */
export function lookOf(status: string | null): StatusLook {
  if (status === null) return NO_STATUS;
  return LOOKS[status] ?? { label: sentence(status), color: VIOLET, icon: DOT };
}

/** Every sign there is, for drawing them once onto one sheet. */
export function allIcons(): string[] {
  return [...new Set([...Object.values(LOOKS).map((look) => look.icon), DOT])];
}

/** `out_for_delivery` as "Out for delivery". */
export function sentence(name: string): string {
  const spaced = name.replaceAll(/[_-]+/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
