/** Ids and classes of the data against the sizes of the model: what no spec shows, and no session explains. */
import type { Manifest } from "../../compiler/artifact.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec, SizeName } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import type { DataSource } from "./source.js";

/** The first token id that the first layer has no row for, and the first class that the model has no score for. */
export function checkIdRange(
  spec: NormalSpec,
  { sizes }: Signature,
  manifest: Manifest,
  source: DataSource,
): readonly RunProblem[] {
  const [firstLayer] = spec.model;
  const vocabularySize =
    firstLayer?.layer === "one_hot"
      ? firstLayer.size
      : firstLayer?.layer === "embedding"
        ? firstLayer.vocabulary_size
        : undefined;
  const outputSize = manifest.eval.outputs.find(({ role }) => role === "prediction")?.shape.at(-1);
  const check = (role: "inputs" | "targets", limit: SizeName | undefined, owner: string) => {
    const size = typeof limit === "string" ? sizes[limit] : limit;
    if (typeof size !== "number") return [];
    const problem = source.findOutOfRange(role, size, `${owner} has ${size}, so the largest is ${size - 1}.`);
    return problem === undefined ? [] : [problem];
  };
  return [
    ...check("inputs", vocabularySize, `Layer "${firstLayer?.name ?? ""}"`),
    ...check("targets", outputSize, "The model's output"),
  ];
}
