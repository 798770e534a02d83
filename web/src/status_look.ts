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

const BANG = "M8 3.6v5.2M8 12h.01";
const TALK = "M3.5 4h9v6.2H8L5 12.6v-2.4H3.5z";
const HEART = "M8 12.4 3.9 8.3a2.5 2.5 0 0 1 0-3.6 2.5 2.5 0 0 1 3.6 0l.5.5.5-.5a2.5 2.5 0 0 1 3.6 0 2.5 2.5 0 0 1 0 3.6z";
const TRUCK = "M2.6 4.4h6.6v6H2.6zM9.2 6.4h2.4l1.8 2v2H9.2M5 12h.01M11 12h.01";

/** Of notifications that tell of no status, by type. */
const TYPE_LOOKS: Readonly<Record<string, StatusLook>> = {
  order_event: { label: "Order", color: BLUE, icon: DOT },
  asset_event: { label: "Vehicle", color: SLATE, icon: TRUCK },
  assignment: { label: "Assignment", color: VIOLET, icon: TRUCK },
  alert: { label: "Alert", color: RED, icon: BANG },
  system_alert: { label: "System", color: RED, icon: BANG },
  message: { label: "Message", color: BLUE, icon: TALK },
  comment: { label: "Comment", color: BLUE, icon: TALK },
  like: { label: "Like", color: RED, icon: HEART },
};

/** The look of a notification's type: one that is not in the table is shown by its own name. */
export function lookOfType(type: string): StatusLook {
  return TYPE_LOOKS[type] ?? { label: sentence(type), color: VIOLET, icon: BANG };
}

/** The look of any status: one that is not in the table is shown by its own name. */
export function lookOf(status: string | null): StatusLook {
  if (status === null) return NO_STATUS;
  return LOOKS[status] ?? { label: sentence(status), color: VIOLET, icon: DOT };
}

/** Every sign there is, for drawing them once onto one sheet. */
export function allIcons(): string[] {
  return [...new Set([...Object.values(LOOKS).map((look) => look.icon), DOT])];
}

/** `out_for_delivery` as "Out for delivery", as the platform says it too (`domain/wording.py`). */
export function sentence(name: string): string {
  const quiet = /[_-]/.test(name) && name === name.toUpperCase() ? name.toLowerCase() : name;
  const spaced = quiet.replaceAll(/[_-]+/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
