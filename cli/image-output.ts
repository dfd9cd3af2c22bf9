/** Pictures as files: what a chart is written to, and as what. */
import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { reportInvalidInput } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import type { Output } from "./output.js";

/** The exit code when a file can hold no picture, after saying so; undefined when all is well. */
export function checkImageFile(output: Output, file: string): number | undefined {
  if ([".svg", ".png"].includes(extname(file).toLowerCase())) return undefined;
  reportInvalidInput(output, "file-kind", `a picture cannot be written to "${file}"`, "Name a .svg or a .png file.");
  return exitCodes.invalidInput;
}

export async function writeImage(file: string, svg: string): Promise<void> {
  if (extname(file).toLowerCase() === ".svg") writeFileSync(file, svg);
  else writeFileSync(file, await (await import("../views/charts/render.js")).toPng(svg));
}
