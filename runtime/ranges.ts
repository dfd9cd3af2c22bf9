/** Ids and classes of the data against the sizes of the model: what no spec shows, and no session explains. */
import type { Manifest } from "../compiler/artifact.js";
import type { Signature } from "../compiler/signature.js";
import type { NormalSpec, SizeName } from "../schema/normal.js";
import type { DataSource } from "./data/source.js";
import type { RunProblem } from "./problem.js";

/** The first token id that the first layer has no row for, and the first class that the model has no score for. */
export function outOfRange(
  spec: NormalSpec,
  { sizes }: Signature,
  manifest: Manifest,
  source: DataSource,
): readonly RunProblem[] {
  const [first] = spec.model;
  const rows =
    first?.layer === "one_hot" ? first.size : first?.layer === "embedding" ? first.vocabulary_size : undefined;
  const scores = manifest.eval.outputs.find(({ role }) => role === "prediction")?.shape.at(-1);
  const check = (role: "inputs" | "targets", limit: SizeName | undefined, of: string) => {
    const size = typeof limit === "string" ? sizes[limit] : limit;
    if (typeof size !== "number") return [];
    const problem = source.beyond(role, size, `${of} has ${size}, so the largest is ${size - 1}.`);
    return problem === undefined ? [] : [problem];
  };
  return [...check("inputs", rows, `Layer "${first?.name ?? ""}"`), ...check("targets", scores, "The model's output")];
}
