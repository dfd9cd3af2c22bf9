/** What the inputs of an exported model are, in words. */
import type { Role } from "../artifact.js";
import type { Type } from "../ir/types.js";
import type { Processing } from "./options.js";

export function inputDoc(name: string, role: Role, { dtype, shape }: Type, boundary: Processing): string {
  if (role === "state") return `The state ${name} to go on from: zeros at first, unless the metadata says otherwise.`;
  if (role !== "data") return "";
  if (name === "lengths" || name === "target_lengths") return "Live steps of each sequence.";
  if (name.includes("/")) return `The state ${name} to start from.`;
  if (dtype !== "float32") return "Ids of units, by the vocabulary in the metadata.";
  const isScaled = name === "inputs" && boundary.inputs !== null;
  return `${shape.length > 2 ? "Sequences" : "Rows"} of numbers${isScaled ? " in the units of the data" : ""}.`;
}
