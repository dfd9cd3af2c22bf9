/** Elements of the pages: fields, sliders, bars, lists of examples. */
import type { PageOutput } from "../runtime/web/page-manifest.js";

type Attributes = Readonly<Record<string, string | number | boolean | ((event: Event) => void)>>;

/** Creates an element. Function attributes are listeners of the event of that name. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (typeof value === "boolean") node.toggleAttribute(name, value);
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

export function button(label: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return element("button", { type: "button", click: onClick, ...attributes }, label);
}

/** A control with its label and an optional note. */
export function field(label: string, control: HTMLElement, note: HTMLElement | string = ""): HTMLElement {
  return element("label", { class: "field" }, element("span", {}, label, " ", note), control);
}

export interface Slider {
  readonly field: HTMLElement;
  value(): number;
}

/** A slider with its value next to the label. */
export function slider(
  label: string,
  {
    minimum,
    maximum,
    step,
    value,
  }: { readonly minimum: number; readonly maximum: number; readonly step: number; readonly value: number },
  show: (value: number) => string,
): Slider {
  const valueText = element("span", {}, show(value));
  const input = element("input", { type: "range", min: minimum, max: maximum, step, value, "aria-label": label });
  input.addEventListener("input", () => {
    valueText.textContent = show(input.valueAsNumber);
  });
  return { field: field(label, input, valueText), value: () => input.valueAsNumber };
}

export interface NumberField {
  readonly field: HTMLElement;
  readonly input: HTMLInputElement;
  value(): number;
}

/** An input for an integer; values out of range are clamped. */
export function integerField(label: string, minimum: number, maximum: number, value: number): NumberField {
  const input = element("input", { type: "number", min: minimum, max: maximum, step: 1, value, inputmode: "numeric" });
  const clampedValue = () => {
    const entered = Math.round(input.valueAsNumber);
    return Number.isNaN(entered) ? value : Math.min(maximum, Math.max(minimum, entered));
  };
  input.addEventListener("change", () => {
    input.value = `${clampedValue()}`;
  });
  return { field: field(label, input), input, value: clampedValue };
}

/** An error message; hidden while the text is empty. */
export function message(): { readonly view: HTMLElement; show(text: string): void } {
  const view = element("p", { class: "message", role: "alert", hidden: true });
  return {
    view,
    show(text) {
      view.textContent = text;
      view.hidden = text === "";
    },
  };
}

export interface Share {
  readonly name: string;
  /** In [0, 1]. */
  readonly share: number;
}

/** Probabilities of classes as bars; the largest is highlighted. */
export function bars(shares: readonly Share[]): HTMLElement {
  const maximum = shares.reduce((largest, { share }) => Math.max(largest, share), 0);
  return highlightedBars(shares, (share) => share === maximum);
}

/** Probabilities that do not exclude each other as bars; those above one half are highlighted. */
export function independentBars(shares: readonly Share[]): HTMLElement {
  return highlightedBars(shares, (share) => share > 0.5);
}

function highlightedBars(shares: readonly Share[], isHighlighted: (share: number) => boolean): HTMLElement {
  const rows = shares.map(({ name, share }) => {
    const bar = element("span", { class: "bar" });
    bar.style.width = `${(share * 100).toFixed(2)}%`;
    return element(
      "li",
      isHighlighted(share) ? { class: "largest" } : {},
      element("span", { class: "name" }, name),
      element("span", { class: "track" }, bar),
      element("span", { class: "percent" }, percent(share)),
    );
  });
  return element("ol", { class: "bars" }, ...rows);
}

export function percent(share: number): string {
  return share > 0 && share < 0.001 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}

/** A list of examples to choose from. */
export function exampleList<T>(
  title: string,
  items: readonly T[],
  format: (example: T) => Node | string,
  onSelect: (example: T) => void,
) {
  if (items.length === 0) return element("div");
  const list = items.map((example) =>
    element(
      "li",
      {},
      element("button", { type: "button", class: "example", click: () => onSelect(example) }, format(example)),
    ),
  );
  return element("div", { class: "examples" }, element("span", {}, title), element("ul", {}, ...list));
}

/** Serializes calls of an asynchronous function: calls during a run are merged into one that follows it. */
export function runLatest(run: () => Promise<void>): () => void {
  let running = false;
  let rerun = false;
  const loop = async () => {
    if (running) {
      rerun = true;
      return;
    }
    running = true;
    do {
      rerun = false;
      await run();
    } while (rerun);
    running = false;
  };
  return () => void loop();
}

/** Elements of an output, of several below its name. */
export function outputView({ name }: PageOutput, ...content: readonly HTMLElement[]): readonly HTMLElement[] {
  return name === null ? content : [element("h2", { class: "output-name" }, name), ...content];
}
