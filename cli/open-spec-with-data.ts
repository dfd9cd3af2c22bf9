/** A spec with the signature of its data: from the data, or from the spec alone where it says every size and the data is not there. */
import type { Signature } from "../compiler/signature.js";
import { ok, type Result } from "../runtime/result.js";
import type { NormalLayer } from "../schema/normal/index.js";
import type { Override } from "../schema/parse/overrides.js";
import { type OpenedSpec, openSpec, reportSpecErrors } from "./open-spec.js";
import type { Output } from "./output.js";

/** A spec whose batches are settled, as far as its data is there. */
export interface SpecWithSignature extends OpenedSpec {
  readonly signature: Signature;
  /** What the user should hear of it. */
  readonly notices: readonly string[];
}

/** The described spec, or undefined when something was wrong and the user has been told. */
export async function openSpecWithSignature(
  output: Output,
  file: string,
  overrides: readonly Override[],
): Promise<SpecWithSignature | undefined> {
  const opened = await openSpec(output, file, overrides);
  if (opened === undefined) return undefined;
  const result = await addSignature(opened);
  if (!result.ok) {
    await reportSpecErrors(output, opened.locate(result.error), opened.source);
    return undefined;
  }
  for (const notice of result.value.notices) output.note(notice);
  return result.value;
}

async function addSignature(opened: OpenedSpec): Promise<Result<SpecWithSignature>> {
  const { spec, folder, origins } = opened;
  const { openData } = await import("../runtime/data/index.js");
  const data = await openData(spec, folder);
  if (data.ok) {
    const { resolveBatchSize: settle } = await import("../runtime/memory/batch-size.js");
    const resolved = await settle(spec, data.value);
    const originalSection = (section: object) => (section === resolved.spec.train ? spec.train : section);
    return ok({
      ...opened,
      ...resolved,
      origins: { pathOf: (section, key) => origins.pathOf(originalSection(section), key) },
      signature: data.value.signature(resolved.spec.train),
    });
  }
  const isMissing = data.error.every((problem) => problem.code === "file-missing");
  if (!isMissing || !spec.model.every(hasNumericSizes)) return data;

  const { inferSignature: outlineData } = await import("../runtime/data/data-signature.js");
  const outline = await outlineData(spec, folder);
  const [signature] = outline.ok && outline.value.isCertain ? outline.value.signatures : [];
  return signature === undefined ? data : ok({ ...opened, signature, notices: [] });
}

/** Whether a layer's sizes are numbers, and not words for what the data says. */
function hasNumericSizes(layer: NormalLayer): boolean {
  const sizes = ["size" in layer ? layer.size : 0, "vocabulary_size" in layer ? layer.vocabulary_size : 0];
  return sizes.every((size) => typeof size === "number");
}
