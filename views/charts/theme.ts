/** The vega-lite configuration of all charts. */
import type { Config } from "vega-lite";
import { categoryColors, fontFamily, lightPalette } from "../palette.js";

const { background, line, text, mutedText } = lightPalette;

export const theme: Config = {
  background,
  font: fontFamily,
  padding: 8,
  view: { stroke: null },
  axis: {
    domainColor: line,
    gridColor: "#eef1f4",
    tickColor: line,
    labelColor: mutedText,
    titleColor: mutedText,
    titleFontWeight: "normal",
    titleFontSize: 11,
    labelFontSize: 11,
    titlePadding: 8,
    tickCount: 6,
  },
  title: { color: text, anchor: "start", fontSize: 13, fontWeight: 600, offset: 10 },
  legend: { title: null, labelColor: text, labelFontSize: 11, orient: "top", symbolStrokeWidth: 2.5, offset: 4 },
  line: { strokeWidth: 1.8, strokeCap: "round" },
  range: { category: [...categoryColors] },
};
