/** Pictures as files: what a chart is written to, and as what. */
import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { exit } from "./exit.js";
import { refuse } from "./failures.js";
import type { Output } from "./output.js";

/** The exit code when a file can hold no picture, after saying so; undefined when all is well. */
export function refusePicture(output: Output, file: string): number | undefined {
  if ([".svg", ".png"].includes(extname(file).toLowerCase())) return undefined;
  refuse(output, "file-kind", `a picture cannot be written to "${file}"`, "Name a .svg or a .png file.");
  return exit.wrongInput;
}

export async function writePicture(file: string, svg: string): Promise<void> {
  if (extname(file).toLowerCase() === ".svg") writeFileSync(file, svg);
  else writeFileSync(file, await (await import("../views/charts/render.js")).toPng(svg));
}
