/** How charts look: one palette, quiet axes, room to breathe. */
import type { Config } from "vega-lite";

/** Dark enough to be read on white, and told apart by people who see few colours. */
export const palette = [
  "#2563a8",
  "#d9622b",
  "#3a8a5c",
  "#8a5a9e",
  "#b8860b",
  "#4a9aa8",
  "#a83258",
  "#6b7280",
] as const;

export const splitColors = { step: "#9db8d6", train: "#2563a8", validation: "#d9622b", test: "#3a8a5c" } as const;

export const ink = { text: "#1f2933", quiet: "#6b7785", line: "#dfe4ea" } as const;

export const fonts = "system-ui, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";

export const theme: Config = {
  background: "#ffffff",
  font: fonts,
  padding: 8,
  view: { stroke: null },
  axis: {
    domainColor: ink.line,
    gridColor: "#eef1f4",
    tickColor: ink.line,
    labelColor: ink.quiet,
    titleColor: ink.quiet,
    titleFontWeight: "normal",
    titleFontSize: 11,
    labelFontSize: 11,
    titlePadding: 8,
    tickCount: 6,
  },
  title: { color: ink.text, anchor: "start", fontSize: 13, fontWeight: 600, offset: 10 },
  legend: { title: null, labelColor: ink.text, labelFontSize: 11, orient: "top", symbolStrokeWidth: 2.5, offset: 4 },
  line: { strokeWidth: 1.8, strokeCap: "round" },
  range: { category: [...palette] },
};
