/** A spec with the signature of its data: from the data, or from the spec alone where it says every size and the data is not there. */
import type { Signature } from "../compiler/signature.js";
import type { Checked } from "../runtime/problem.js";
import type { NormalLayer } from "../schema/normal.js";
import type { Override } from "../schema/overrides.js";
import type { Output } from "./output.js";
import { type OpenedSpec, openSpec, refuseSpec } from "./spec.js";

/** A spec whose batches are settled, as far as its data is there. */
export interface Described extends OpenedSpec {
  readonly signature: Signature;
  /** What the user should hear of it. */
  readonly notices: readonly string[];
}

/** The described spec, or undefined when something was wrong and the user has been told. */
export async function openDescribed(
  output: Output,
  file: string,
  overrides: readonly Override[],
): Promise<Described | undefined> {
  const opened = await openSpec(output, file, overrides);
  if (opened === undefined) return undefined;
  const described = await describe(opened);
  if (!described.ok) {
    await refuseSpec(output, opened.place(described.problems), opened.source);
    return undefined;
  }
  for (const notice of described.notices) output.note(notice);
  return described;
}

async function describe(opened: OpenedSpec): Promise<Checked<Described>> {
  const { spec, folder, origins } = opened;
  const { openData } = await import("../runtime/data/index.js");
  const data = await openData(spec, folder);
  if (data.ok) {
    const { settle } = await import("../runtime/settle.js");
    const settled = await settle(spec, data.source);
    const placed = (part: object) => (part === settled.spec.train ? spec.train : part);
    return {
      ok: true,
      ...opened,
      ...settled,
      origins: { pathOf: (part, key) => origins.pathOf(placed(part), key) },
      signature: data.source.signature(settled.spec.train),
    };
  }
  const missing = data.problems.every((problem) => problem.code === "file-missing");
  if (!missing || !spec.model.every(saysSizes)) return data;

  const { outlineData } = await import("../runtime/data/outline.js");
  const outline = await outlineData(spec, folder);
  const [signature] = outline.ok && outline.certain ? outline.signatures : [];
  return signature === undefined ? data : { ok: true, ...opened, signature, notices: [] };
}

/** Whether a layer's sizes are numbers, and not words for what the data says. */
function saysSizes(layer: NormalLayer): boolean {
  const sizes = ["size" in layer ? layer.size : 0, "vocabulary_size" in layer ? layer.vocabulary_size : 0];
  return sizes.every((size) => typeof size === "number");
}
