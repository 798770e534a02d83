const STOPS = ["low", "half", "full"] as const;
type Stop = (typeof STOPS)[number];

/** On a phone the panel is a sheet at the bottom that is pulled up and down by its grip; elsewhere this changes nothing. */
export class Sheet {
  readonly #panel: HTMLElement;
  readonly #changed: () => void;

  constructor(panel: HTMLElement, grip: HTMLElement, changed: () => void) {
    this.#panel = panel;
    this.#changed = changed;
    this.rest("low");
    let startY = 0;
    grip.addEventListener("pointerdown", (event) => {
      startY = event.clientY;
      grip.setPointerCapture(event.pointerId);
    });
    grip.addEventListener("pointerup", (event) => this.#settle(event.clientY - startY));
    grip.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") this.#settle(0);
    });
  }

  rest(stop: Stop): void {
    this.#panel.dataset["stop"] = stop;
    this.#changed();
  }

  #settle(pulled: number): void {
    const stop = STOPS.indexOf(this.#panel.dataset["stop"] as Stop);
    const isTap = Math.abs(pulled) < 8;
    const step = isTap ? (stop === STOPS.length - 1 ? -2 : 1) : pulled < 0 ? 1 : -1;
    this.rest(STOPS[Math.max(0, Math.min(STOPS.length - 1, stop + step))] ?? "low");
  }
}
