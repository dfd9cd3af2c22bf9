/**
 * Low-rank adaptation: a frozen matrix W [in, out] plus alpha / rank · A @ B, whose factors are trained. B starts as
 * zeros, A uniform in ±1 / √in. E. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.
 */
import { listFirst } from "../../schema/counts.js";
import { adapterScale, adaptOf, adaptSections, factors, matchesAdapt } from "../../schema/kinds/adapters.js";
import type { NormalAdapt, NormalSpec } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { staticShape } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { Context } from "./context.js";
import { constantZero } from "./initializers.js";
import type { InputPort } from "./program.js";

type OpenFactor = (name: string, shape: readonly number[], initializer: NonNullable<InputPort["initializer"]>) => Value;

/** The sum of a matrix and the product of its factors; other values as they are. @param open opens a factor. */
export function adapted(b: Builder, spec: NormalSpec, name: string, weight: Value, open: OpenFactor): Value {
  const section = adaptOf(spec, name);
  const shape = staticShape(weight.type.shape);
  if (section === undefined || shape?.length !== 2) return weight;
  const { rank } = section.adapt;
  const [rows = 1, columns = 1] = shape;
  const limit = 1 / Math.sqrt(rows);
  const left = open(`${name}${factors.a}`, [rows, rank], { type: "uniform", minimum: -limit, maximum: limit });
  const right = open(`${name}${factors.b}`, [rank, columns], constantZero());
  return b.add(weight, b.mul(b.matmul(left, right), adapterScale(section.adapt)));
}

type Port = Pick<InputPort, "name" | "role"> & { readonly value: Value };

/** Reports patterns without a matrix, and ranks that are no smaller than a matrix. @param ports of training. */
export function checkAdapt(spec: NormalSpec, ports: readonly Port[], { problem }: Context): void {
  const isFactor = (name: string) => name.endsWith(factors.a) || name.endsWith(factors.b);
  const weights = ports.filter(({ role, name }) => (role === "parameter" || role === "frozen") && !isFactor(name));
  const report = (adapt: NormalAdapt, key: string, message: string, hint: string) =>
    problem({ part: adapt, key, code: "adapt", message, hint });
  for (const section of adaptSections(spec)) {
    const { adapt, prefix } = section;
    const own = weights.filter(({ name }) => name.startsWith(prefix));
    const matrices = own.filter(({ value }) => value.type.shape.length === 2);
    const listed = matrices.map(({ name }) => name.slice(prefix.length));
    const names = listed.length === 0 ? "There is none." : `Matrices: ${listFirst(listed, MAX_LISTED)}.`;
    const unmatched = adapt.layers.find(
      (pattern) => !matrices.some(({ name }) => matchesAdapt(pattern, section, name)),
    );
    if (unmatched !== undefined) report(adapt, "layers", `"${unmatched}" names no matrix of weights.`, names);
    const small = matrices.find(
      ({ name, value }) =>
        adaptOf(spec, name)?.adapt === adapt && Math.min(...value.type.shape.map(Number)) < adapt.rank,
    );
    if (small === undefined) continue;
    const size = small.value.type.shape.join(", ");
    const message = `The matrix ${small.name} is [${size}], smaller than the rank ${adapt.rank}.`;
    report(adapt, "rank", message, 'Write a smaller "rank", or name larger matrices in "layers".');
  }
}

const MAX_LISTED = 12;
