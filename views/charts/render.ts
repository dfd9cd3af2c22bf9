/** Rendering of charts: vega-lite to SVG, and SVG to PNG. Vega is loaded with the first chart. */
import type { TopLevelSpec } from "vega-lite";
import { theme } from "./theme.js";

/** A vega-lite spec without the schema and the theme. */
export type Chart = Omit<TopLevelSpec, "$schema" | "config"> & Readonly<Record<string, unknown>>;

export async function toSvg(chart: Chart): Promise<string> {
  const [{ compile }, vega] = await Promise.all([import("vega-lite"), import("vega")]);
  const silentLogger = {
    level: () => silentLogger,
    error: console.error,
    warn: () => silentLogger,
    info: () => silentLogger,
    debug: () => silentLogger,
  };
  const { spec } = compile({ ...chart, config: theme } as unknown as TopLevelSpec, { logger: silentLogger as never });
  const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** @param scale pixels per unit of the SVG. */
export async function toPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const image = new Resvg(svg, {
    background: "#ffffff",
    fitTo: { mode: "zoom", value: scale },
    font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
  });
  return image.render().asPng();
}
