/** DOT to SVG by Graphviz, compiled to WebAssembly. */

/** Throws on invalid DOT. Layout takes seconds beyond a thousand nodes. */
export async function toSvg(dot: string): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  return viz.renderString(dot, { format: "svg", engine: "dot" });
}
