/** Keys that exclude one another: a value from the command line, or from a spec that extends another, removes the other key. */
import { isList, type Json } from "../json-pointer.js";

const exclusiveKeys: Readonly<Record<string, string>> = {
  "/loss": "losses",
  "/losses": "loss",
  "/train/steps": "epochs",
  "/train/epochs": "steps",
  "/data/text": "file",
  "/data/file": "text",
};

/** True if a value at a path excludes the value of another key of the same object. Definitions in `losses` exclude no key. */
export function excludes(path: string, value: Json, otherKey: string, other: Json): boolean {
  if (exclusiveKeys[path] !== otherKey) return false;
  return path === "/losses" ? isList(value) : otherKey !== "losses" || isList(other);
}
