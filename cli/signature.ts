/** The signature of a spec's data: from the data, or from the spec alone where it says every size and the data is not there. */
import type { Signature } from "../compiler/signature.js";
import type { Checked } from "../runtime/problem.js";
import type { NormalLayer } from "../schema/normal.js";
import type { OpenedSpec } from "./spec.js";

export async function signatureOf({ spec, folder }: OpenedSpec): Promise<Checked<{ readonly signature: Signature }>> {
  const { openData } = await import("../runtime/data/index.js");
  const opened = await openData(spec, folder);
  if (opened.ok) return { ok: true, signature: opened.source.signature(spec.train) };
  const missing = opened.problems.every((problem) => problem.code === "file-missing");
  if (!missing || !spec.model.every(saysSizes)) return opened;

  const { outlineData } = await import("../runtime/data/outline.js");
  const outline = await outlineData(spec, folder);
  const [signature] = outline.ok && outline.certain ? outline.signatures : [];
  return signature === undefined ? opened : { ok: true, signature };
}

/** Whether a layer's sizes are numbers, and not words for what the data says. */
function saysSizes(layer: NormalLayer): boolean {
  const sizes = ["size" in layer ? layer.size : 0, "vocabulary_size" in layer ? layer.vocabulary_size : 0];
  return sizes.every((size) => typeof size === "number");
}
