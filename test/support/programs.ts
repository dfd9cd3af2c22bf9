/** Specs on the way to a forward program: read, normalized, their inline data opened, elaborated. */
import { type Analysis, analyze } from "../../compiler/compile.js";
import type { Mode } from "../../compiler/elaborate/context.js";
import { elaborate } from "../../compiler/elaborate/index.js";
import { type OutputPort, type Program, restrictToOutputs } from "../../compiler/elaborate/program.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { verify } from "../../compiler/graph/verify.js";
import { tensor } from "../../compiler/ir/tensor.js";
import type { Tensor } from "../../compiler/ir/types.js";
import type { Signature } from "../../compiler/signature.js";
import { openData } from "../../runtime/data/index.js";
import type { Batch, DataSource } from "../../runtime/data/source.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { normal } from "./read-spec.js";

export interface OpenedSpec {
  readonly spec: NormalSpec;
  readonly origins: SourceMap;
  readonly signature: Signature;
  readonly source: DataSource;
  /** All examples in one batch. */
  readonly batch: Batch;
}

/** A spec whose data is written into it. */
export async function open(text: object): Promise<OpenedSpec> {
  const { spec, origins } = await normal(text);
  const opened = await openData(spec, ".");
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  const source = opened.value;
  const batch = source.batch(Array.from({ length: source.examples }, (_, index) => index));
  return { spec, origins, signature: source.signature(spec.train), source, batch };
}

export function analysisOf({ spec, signature }: Pick<OpenedSpec, "spec" | "signature">): Analysis {
  const analyzed = analyze(spec, signature);
  if (!analyzed.ok) throw new Error(analyzed.problems.map(({ message }) => message).join("\n"));
  return analyzed.analysis;
}

export function programOf({ spec, signature, origins }: OpenedSpec, mode: Mode = "training"): Program {
  const elaborated = elaborate(spec, signature, mode, origins);
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join("\n"));
  verify(elaborated.program.graph, "elaborate");
  return elaborated.program;
}

export function tensorOfArray({ dtype, shape, data }: NumericArray): Tensor {
  return tensor(dtype, shape, Array.from<number | bigint, number>(data, Number));
}

/** Outputs of some roles, by name. Inputs go by name too. */
export function outputsOf(
  program: Program,
  operands: ReadonlyMap<string, Tensor>,
  roles: readonly OutputPort["role"][],
): ReadonlyMap<string, Tensor> {
  const { graph, inputs, outputs } = restrictToOutputs(program, ({ role }) => roles.includes(role));
  const results = evaluate(graph, operandsOf(inputs, operands));
  return new Map(outputs.map(({ name }, index) => [name, results[index] as Tensor]));
}

/** What is given, in the order of the inputs. */
export function operandsOf(
  inputs: readonly { readonly name: string }[],
  tensors: ReadonlyMap<string, Tensor>,
): readonly Tensor[] {
  return inputs.map(({ name }) => {
    const value = tensors.get(name);
    if (value === undefined) throw new Error(`nothing is given for ${name}`);
    return value;
  });
}
