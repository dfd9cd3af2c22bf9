/**
 * The chunkwise form of a matrix recurrence: products within chunks of time steps, and a loop that carries the state
 * from chunk to chunk. With Q, K, V of a chunk and the decays D between its steps, Y = (Q ∘ D₀) S + (Q Kᵀ ∘ D) V
 * (S. Yang et al., Gated linear attention, 2024). A state that erases, w_t = v_t - β_t S_{t-1}ᵀ k_t, has its additions
 * from (I + A) W = V - β (K ∘ D₀) S with A strictly triangular: the UT transform (S. Yang et al., Parallelizing linear
 * transformers with the delta rule, 2024).
 */
import { scan } from "../../graph/scan.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { swapLast } from "../../ops/contraction.js";
import { type ChunkLayout, chunkLayout } from "./chunks.js";
import { type ChunkOrder, type Decay, logDecay, noDecay, productDecay, walkingMask } from "./decay.js";
import { buildProduct, type Outside, type Product, varies } from "./factor.js";
import type { Read } from "./form.js";
import { logarithms } from "./log-gate.js";
import type { MatrixRecurrence } from "./matrix-recurrence.js";

export interface ChunkwiseSolution {
  /** query · S at each step, [time, ...axes of the state] with size 1 for the key axis. */
  read(read: Pick<Read, "moment" | "query">): Value;
  /** The state after the last step. */
  readonly final: Value;
}

const transposed = (b: Builder, value: Value) => b.transpose(value, swapLast(value.type.shape.length));

function decayOf(
  { gate, keyAxis }: MatrixRecurrence,
  order: ChunkOrder,
  outside: Outside,
  toChunks: (value: Value, filler: 0 | 1) => Value,
): Decay {
  const { b } = outside;
  if (gate.length === 0) return noDecay(b, order);
  const perKey = gate.some((factor) => varies(factor, keyAxis));
  const logOf = logarithms(b);
  const logs = gate.map((factor) => logOf(factor.build(outside)));
  if (logs.every((log) => log !== undefined)) return logDecay(b, order, toChunks(logs.reduce(b.add), 0), perKey);
  return productDecay(b, order, toChunks(buildProduct(gate, outside) as Value, 1), perKey);
}

/** (I + A)⁻¹ of strictly triangular A, [..., n, n], by blocks of twice the size in each round: forward substitution. */
function unitTriangularInverse(b: Builder, strict: Value, order: ChunkOrder): Value {
  let inverse = walkingMask(b, order, (row, column) => row === column);
  for (let block = 1; block < order.size; block *= 2) {
    const isBelow = (row: number, column: number) =>
      Math.floor(row / block) === Math.floor(column / block) + 1 &&
      Math.floor(row / (2 * block)) === Math.floor(column / (2 * block));
    const below = b.mul(strict, walkingMask(b, order, isBelow));
    // The inverse of the identity is itself.
    inverse = b.sub(inverse, block === 1 ? below : b.matmul(b.matmul(inverse, below), inverse));
  }
  return inverse;
}

/** The solution for all time steps. `first` is the state before the first step. */
export function solveChunkwise(
  recurrence: MatrixRecurrence,
  outside: Outside,
  first: Value,
  { reverse, name, ...layout }: ChunkLayout & { readonly reverse: boolean; readonly name: string },
): ChunkwiseSolution {
  const { b } = outside;
  const order = { size: layout.size, reverse };
  const chunks = chunkLayout(b, layout);
  const one = () => b.expand(b.scalar(1), [1, ...layout.state.map(() => 1)]);
  const built = (product: Product) => buildProduct(product, outside) ?? one();
  /** Columns of size 1 are repeated: a product of matrices sums over them. */
  const asKey = (product: Product) => {
    const columns = chunks.key(built(product));
    const { shape } = columns.type;
    return shape.at(-1) === chunks.keySize ? columns : b.expand(columns, [...shape.slice(0, -1), chunks.keySize]);
  };
  const decay = decayOf(recurrence, order, outside, chunks.key);
  const key = asKey(recurrence.key);
  const decayed = (value: Value, by: Value | undefined) => (by === undefined ? value : b.mul(value, by));

  const additions = recurrence.values.map((product) => chunks.value(built(product)));
  const [firstAddition, ...otherAdditions] = additions;
  let values = otherAdditions.reduce<Value | undefined>((sum, value) => sum && b.add(sum, value), firstAddition);
  const { shape: keyShape } = key.type;
  if (values === undefined) values = b.expand(b.scalar(0), [...keyShape.slice(0, -1), chunks.valueSize]);
  else if (values.type.shape.at(-1) !== chunks.valueSize)
    values = b.expand(values, [...values.type.shape.slice(0, -1), chunks.valueSize]);
  const keysToEnd = transposed(b, decayed(key, decay.toEnd()));
  const whole = decay.whole && transposed(b, decay.whole);
  const initial = chunks.state(first);
  const carry = (inner: Builder, state: Value, by: Value | undefined, addition: Value) =>
    inner.add(by === undefined ? state : inner.mul(by, state), addition);

  let states: Value;
  let final: Value;
  if (recurrence.erasures.length === 0) {
    const added = b.matmul(keysToEnd, values);
    const result = scan(
      b,
      name,
      { initial: [initial], scans: whole === undefined ? [added] : [added, whole], reverse },
      (inner, [state], [addition, by]) => ({
        next: [carry(inner, state as Value, by, addition as Value)],
        scanOutputs: [state as Value],
      }),
    );
    [states, final] = [at(result.scanOutputs, 0), at(result.final, 0)];
  } else {
    // The scales of erasures have the sign of the update: w = v + scale * (query · S).
    const queries = recurrence.erasures.map(({ query, scale }) => {
      const scaled = b.mul(asKey(query), chunks.value(built(scale)));
      return { scaled, scores: decay.scores(scaled, key, "before") };
    });
    const strict = b.neg(queries.map((query) => query.scores).reduce(b.add));
    const inverse = unitTriangularInverse(b, strict, order);
    const read = queries.map(({ scaled }) => decayed(scaled, decay.fromStart("before"))).reduce(b.add);
    const fromState = b.matmul(inverse, read);
    const fromValues = b.matmul(inverse, values);
    const result = scan(
      b,
      name,
      {
        initial: [initial],
        scans: [keysToEnd, fromState, fromValues, ...(whole === undefined ? [] : [whole])],
        reverse,
      },
      (inner, [state], [keys, reader, constant, by]) => {
        const addition = inner.add(constant as Value, inner.matmul(reader as Value, state as Value));
        return {
          next: [carry(inner, state as Value, by, inner.matmul(keys as Value, addition))],
          scanOutputs: [state as Value, addition],
        };
      },
    );
    [states, final] = [at(result.scanOutputs, 0), at(result.final, 0)];
    values = at(result.scanOutputs, 1);
  }
  const solvedValues = values;
  return {
    read({ moment, query }) {
      const queries = asKey(query);
      const fromState = b.matmul(decayed(queries, decay.fromStart(moment)), states);
      return chunks.fromChunks(b.add(fromState, b.matmul(decay.scores(queries, key, moment), solvedValues)));
    },
    final: chunks.fromState(final),
  };
}
