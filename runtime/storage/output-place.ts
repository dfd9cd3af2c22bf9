/** The place of an output file: a path of no folder, and below no file. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { RunProblem } from "../problem.js";

/** The problem of a path that no file can be written to, also where its folders are yet to be made. */
export function checkOutputPlace(path: string): RunProblem | undefined {
  const problem = (message: string): RunProblem => {
    return { code: "output-place", path: "", message, hint: "Name another file for the output." };
  };
  if (isFolder(path) === true) return problem(`"${path}" is a folder.`);
  for (let [below, folder] = [path, dirname(path)]; folder !== below; [below, folder] = [folder, dirname(folder)]) {
    const found = isFolder(folder);
    if (found === false) return problem(`"${folder}" is a file, and "${path}" would be below it.`);
    if (found === true) return undefined;
  }
  return undefined;
}

/** Undefined for a path that does not exist. */
function isFolder(path: string): boolean | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory();
  } catch {
    // Below a file.
    return undefined;
  }
}
