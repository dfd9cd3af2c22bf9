/** Image files of charts: SVG, and PNG with an optional package. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname } from "node:path";
import { checkOutputPlace } from "../runtime/storage/output-place.js";
import { installCommand } from "../schema/package-root.js";
import { reportInvalidInput } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import { reportProblems } from "./open-run.js";
import type { Output } from "./output.js";

const PNG_RENDERER = "@resvg/resvg-js";

/**
 * Reports a file that no image can be written to.
 *
 * @param hasPackage whether a package can be imported.
 * @returns the exit code, or undefined when the file is fine.
 */
export function checkImageFile(output: Output, file: string, hasPackage = isInstalled): number | undefined {
  const extension = extname(file).toLowerCase();
  if (extension === ".svg" || (extension === ".png" && hasPackage(PNG_RENDERER))) {
    const misplaced = checkOutputPlace(file);
    if (misplaced === undefined) return undefined;
    reportProblems(output, [misplaced]);
    return exitCodes.invalidInput;
  }
  if (extension === ".png") {
    const hint = `Install it: ${installCommand(PNG_RENDERER)}. Or name a .svg file.`;
    reportInvalidInput(output, "missing-package", `PNG images need the package ${PNG_RENDERER}`, hint);
  } else
    reportInvalidInput(output, "file-kind", `"${file}" is not an image type`, "Use a name that ends in .svg or .png.");
  return exitCodes.invalidInput;
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

export async function writeImage(file: string, svg: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  if (extname(file).toLowerCase() === ".svg") writeFileSync(file, svg);
  else writeFileSync(file, await (await import("../views/charts/render.js")).toPng(svg));
}
