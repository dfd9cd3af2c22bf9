/**
 * Recurrences of a state that the other values of the loop read by products with vectors along one axis, the key axis:
 * S' = gate * S - β (eraseᵀ S) ⊗ key + value ⊗ key, y = queryᵀ S. Linear attention, GLA, mLSTM and DeltaNet have this
 * form (S. Yang et al., Gated linear attention, 2024; Parallelizing linear transformers with the delta rule, 2024).
 */
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Loop } from "../loops/rewrite-loop.js";
import { type Factor, type Product, sameFactor, sameProduct, varies } from "./factor.js";
import type { LinearForm, Read } from "./form.js";
import { linearForms } from "./linear-form.js";

export interface MatrixRecurrence {
  readonly stateIndex: number;
  readonly keyAxis: number;
  /** Axes along which only values vary; the others, but for the key axis, are those of independent recurrences. */
  readonly valueAxes: readonly number[];
  readonly gate: Product;
  readonly key: Product;
  /** Addends of the value, without the key. */
  readonly values: readonly Product[];
  /** Reads of the state before the step whose results, scaled, are added to the value. */
  /** The number of other reads. */
  readonly readCount: number;
  readonly erasures: readonly { readonly query: Product; readonly scale: Product }[];
  /** The form of a value of the body that the recurrence gives for all time steps; undefined for any other value. */
  readonly readOf: (value: Value) => LinearForm | undefined;
}

/** A value that the state cannot give: it is not materialized for each step. */
class NotReadable extends Error {}

/**
 * The recurrence of a state whose loop has solved the states in `solved`; undefined where it has another form.
 *
 * @param dependsOn the states that each value of the body depends on.
 */
export function matrixRecurrence(
  loop: Loop,
  stateIndex: number,
  dependsOn: ReadonlyMap<Value, ReadonlySet<number>>,
  solved: ReadonlySet<number>,
): MatrixRecurrence | undefined {
  const { body, stateCount } = loop.attributes;
  const state = at(scanOperands(loop).inner.states, stateIndex);
  const next = at(body.outputs, stateIndex);
  if (state.type.shape.length < 2 || state.type.dtype !== "float32") return undefined;
  const producers = producersOf(body);
  const isDependent = (value: Value) => dependsOn.get(value)?.has(stateIndex) === true;
  const isIndependent = (value: Value) => [...(dependsOn.get(value) ?? [])].every((index) => solved.has(index));
  if (!isDependent(next)) return undefined;
  const options = { state, producers, isDependent, isIndependent };
  const update = linearForms({ ...options, next: undefined })(next);
  if (update?.gate === undefined || update.layout.some((axis, index) => axis >= 0 && axis !== index)) return undefined;

  const reads: Read[] = [];
  const fromBefore = linearForms({ ...options, next: undefined });
  const fromAfter = linearForms({ ...options, next });
  const formOf = (value: Value) => fromAfter(value) ?? fromBefore(value);
  const readOf = (value: Value) => {
    const form = formOf(value);
    return form?.gate === undefined ? form : undefined;
  };
  const visited = new Set<Value>();
  /** Collects the reads that give a value for all time steps. */
  const visit = (value: Value): void => {
    if (visited.has(value) || !isDependent(value)) return;
    visited.add(value);
    const producer = producers.get(value);
    if (producer?.inputs.every((input) => !isStateLike(input))) {
      producer.inputs.forEach(visit);
      return;
    }
    const form = readOf(value);
    if (form === undefined) throw new NotReadable();
    reads.push(...form.reads);
  };
  /** True for the state, and for a value that has its elements: not one of vectors that were read. */
  const isStateLike = (value: Value) => isDependent(value) && (value === state || formOf(value)?.gate !== undefined);
  try {
    body.outputs.forEach((output, index) => {
      if (index >= stateCount) visit(output);
      else if (index !== stateIndex && isDependent(output)) visit(output);
    });
  } catch (error) {
    if (error instanceof NotReadable) return undefined;
    throw error;
  }
  const isReadable = (value: Value) =>
    isDependent(value) && producers.get(value)?.inputs.some(isStateLike) === true ? readOf(value) : undefined;
  return classified(stateIndex, state, update, reads, isReadable);
}

function classified(
  stateIndex: number,
  state: Value,
  update: LinearForm,
  reads: readonly Read[],
  readOf: MatrixRecurrence["readOf"],
): MatrixRecurrence | undefined {
  const keyAxis = [...reads, ...update.reads][0]?.axis;
  if (keyAxis === undefined || [...reads, ...update.reads].some(({ axis }) => axis !== keyAxis)) return undefined;
  if (update.reads.some(({ moment }) => moment !== "before")) return undefined;
  const gate = update.gate?.product ?? [];
  const isKeyFactor = (factor: Factor) => varies(factor, keyAxis);
  const additions = [...update.terms, ...update.reads.map(({ scale }) => scale)];
  const [first] = additions;
  if (first === undefined) return undefined;
  // Factors that all additions share and that vary along the key axis are the key.
  const key = first.filter(isKeyFactor);
  const rest = (product: Product) => product.filter((factor) => !key.some((other) => sameFactor(other, factor)));
  if (additions.some((product) => !sameProduct(product.filter(isKeyFactor), key))) return undefined;
  const values = update.terms.map(rest);
  const erasures = update.reads.map(({ query, scale }) => ({ query, scale: rest(scale) }));
  const coupled = [
    ...gate,
    ...key,
    ...reads.flatMap(({ query }) => query),
    ...erasures.flatMap(({ query, scale }) => [...query, ...scale]),
  ];
  const valueAxes = state.type.shape.flatMap((dim, axis) =>
    axis !== keyAxis && dim !== 1 && typeof dim === "number" && !coupled.some((factor) => varies(factor, axis))
      ? [axis]
      : [],
  );
  return { stateIndex, keyAxis, valueAxes, gate, key, values, erasures, readCount: reads.length, readOf };
}
