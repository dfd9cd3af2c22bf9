/** Line charts over integer positions, in the colors of the page. */
import uPlot from "uplot";
import { element } from "./dom.js";

export interface Line {
  readonly name: string;
  /** A custom property of the style sheet, such as "--accent". */
  readonly color: string;
  readonly width: number;
  readonly dashed?: boolean;
}

export interface Chart {
  readonly view: HTMLElement;
  /** Draws the values of each line at ascending `positions`; null is a gap. */
  show(positions: readonly number[], values: readonly (readonly (number | null)[])[]): void;
}

/** @param band the places of the upper and the lower line of a band, which is filled in the color of the upper one. */
export function lineChart(
  title: string,
  lines: readonly Line[],
  axis: string,
  band: readonly [number, number] | null = null,
): Chart {
  const view = element("figure", { class: "chart", role: "img", "aria-label": title });
  let data: uPlot.AlignedData = [[]];
  let plot: uPlot | undefined;

  const draw = () => {
    plot?.destroy();
    plot = undefined;
    if (!view.isConnected || view.clientWidth === 0) return;
    const style = getComputedStyle(view);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const scale = {
      stroke: color("--muted-text"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
      font: `12px ${style.fontFamily}`,
    };
    plot = new uPlot(
      {
        width: view.clientWidth,
        height: 260,
        scales: { x: { time: false } },
        legend: { live: true },
        ...(band !== null && {
          bands: [{ series: [band[0] + 1, band[1] + 1], fill: transparent(color(lines[band[0]]?.color ?? "")) }],
        }),
        cursor: { drag: { x: false, y: false } },
        axes: [
          { ...scale, label: axis, labelFont: `12px ${style.fontFamily}`, labelSize: 18, labelGap: 0, size: 30 },
          { ...scale, size: 58 },
        ],
        series: [
          { label: axis, value: (_: uPlot, value: number | null) => (value === null ? "" : `${value}`) },
          ...lines.map(({ name, color: property, width, dashed }) => ({
            label: name,
            stroke: color(property),
            width,
            ...(dashed === true && { dash: [5, 4] }),
            points: { show: false },
            value: (_: uPlot, value: number | null) =>
              value === null || value === undefined ? "" : shortNumber(value),
          })),
        ],
      },
      data,
      view,
    );
  };

  new ResizeObserver(() => {
    if (plot === undefined) draw();
    else plot.setSize({ width: view.clientWidth, height: 260 });
  }).observe(view);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return {
    view,
    show(positions, values) {
      data = [[...positions], ...values.map((line) => [...line])];
      if (plot === undefined) draw();
      else plot.setData(data);
    },
  };
}

/** A color of six hexadecimal digits with an opacity of a fifth. */
function transparent(color: string): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? `${color}33` : "transparent";
}

export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return `${value}`;
  const size = Math.abs(value);
  if (size !== 0 && size < 0.01) return size < 1e-4 ? value.toExponential(1) : `${Number(value.toPrecision(2))}`;
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : 3;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
