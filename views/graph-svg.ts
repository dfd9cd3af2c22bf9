/** A DOT drawing laid out as SVG, by Graphviz compiled to WebAssembly. */

/** Throws where the text is not DOT. Layout takes seconds from a thousand boxes on. */
export async function toSvg(dot: string): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  return viz.renderString(dot, { format: "svg", engine: "dot" });
}
