/** Opens a spec with the signature of its data, inferred from the spec if files are missing and all sizes are given. */
import type { Signature } from "../compiler/signature.js";
import { fail, ok, type Result } from "../runtime/result.js";
import type { NormalLayer } from "../schema/normal/index.js";
import type { Override } from "../schema/parse/overrides.js";
import { type OpenedSpec, openSpec, reportSpecErrors } from "./open-spec.js";
import type { Output } from "./output.js";

/** A spec with a resolved batch size, if its data is available. */
export interface SpecWithSignature extends OpenedSpec {
  readonly signature: Signature;
  /** Notices for the user. */
  readonly notices: readonly string[];
}

/** The spec with its signature; undefined after reporting an error. */
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
    const [{ resolveBatchSize }, { resolveClassWeights }, { withSourcePath }] = await Promise.all([
      import("../runtime/memory/batch-size.js"),
      import("../runtime/training/class-weights.js"),
      import("../runtime/training/spec-paths.js"),
    ]);
    const weighted = resolveClassWeights(spec, data.value);
    if (!weighted.ok) return fail(weighted.error.map((problem) => withSourcePath(spec, origins, problem)));
    const resolved = await resolveBatchSize(weighted.value.spec, data.value);
    const sections = new Map<object, object>([
      [resolved.spec.train, spec.train],
      ...resolved.spec.losses.map((loss, index) => [loss, spec.losses[index] ?? loss] as const),
    ]);
    const originalSection = (section: object) => sections.get(section) ?? section;
    return ok({
      ...opened,
      ...resolved,
      notices: [...weighted.value.notices, ...resolved.notices],
      origins: { pathOf: (section, key) => origins.pathOf(originalSection(section), key) },
      signature: data.value.signature(resolved.spec.train),
    });
  }
  const isMissing = data.error.every((problem) => problem.code === "file-missing");
  if (!isMissing || !spec.model.every(hasNumericSizes)) return data;

  const { inferSignature } = await import("../runtime/data/data-signature.js");
  const outline = await inferSignature(spec, folder);
  const [signature] = outline.ok && outline.value.isCertain ? outline.value.signatures : [];
  return signature === undefined ? data : ok({ ...opened, signature, notices: [] });
}

/** The sizes of a layer are numbers, not references to the data such as "vocabulary". */
function hasNumericSizes(layer: NormalLayer): boolean {
  const sizes = ["size" in layer ? layer.size : 0, "vocabulary_size" in layer ? layer.vocabulary_size : 0];
  return sizes.every((size) => typeof size === "number");
}
