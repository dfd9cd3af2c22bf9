/** True for the path of a folder. */
import { statSync } from "node:fs";

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
