/** One elaboration at work: the graph under construction, its ports, and the problems found. */
import type { Problem } from "../../schema/diagnostics.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal.js";
import type { Origins } from "../../schema/origins.js";
import type { Initializer } from "../artifact.js";
import { graphBuilder } from "../graph/build.js";
import { present } from "../ir/present.js";
import { staticShape } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import { checkCell } from "../language/check.js";
import type { ArraySignature, Signature } from "../signature.js";
import type { CellStates, Context, Mode, Product, Shard, Ways } from "./context.js";
import type { InputPort } from "./program.js";
import { sameSizes } from "./sizes.js";
import { isTrained } from "./trainable.js";
import type { Wire } from "./wire.js";

export interface Construction {
  readonly context: Context;
  /** A data input of the graph; asking again for a name gives the same one. */
  feed(name: string, array: ArraySignature): Value;
  /** Takes note of the live steps behind a mask of them. */
  masked(live: Value, lengths: Value): void;
  /** Takes note of the layer whose turn it is. */
  building(layer: NormalLayer): void;
  /** Takes note of a layer once it is built. */
  built(layer: NormalLayer, wire: Wire): void;
  problems(): readonly Problem[];
  /** Whether sizes had to meet that only the data knows: nothing wrong was found, but there is no program. */
  undecided(): boolean;
  /** Ports in the order of their roles: parameters, frozen ones, states, step, shard, data. */
  ports(): readonly (InputPort & { readonly value: Value })[];
  finals(): ReadonlyMap<string, Value>;
}

export function construct(
  spec: NormalSpec,
  signature: Signature,
  mode: Mode,
  origins: Origins,
  { shared, recurrences, bits }: Ways,
): Construction {
  const b = graphBuilder(spec.name);
  // Each problem once; and each place in an equation once, whichever use of its cell has shown what is wrong there.
  const problems = new Map<string, Problem>();
  const report = (problem: Problem): void => {
    const { path, offset, code, message } = problem;
    const key = JSON.stringify(offset === undefined ? [path, code, message] : [path, code, offset]);
    if (!problems.has(key)) problems.set(key, problem);
  };
  const sound = Object.entries(spec.cells).filter(([, cell]) => checkCell(cell, origins.pathOf(cell), report));
  const inputs = new Map<string, InputPort & { readonly value: Value }>();
  const finals = new Map<string, Value>();
  const layers = new Map<string, { readonly layer: NormalLayer; readonly wire: Wire }>();
  const states = new Map<string, readonly CellStates[]>();
  const masks = new Map<Value, Value>();
  const products = new Map<Value, Product>();
  let current: NormalLayer | undefined;
  /** Layers whose weights are another's of other sizes: the first tensor says it. */
  const unlike = new Set<NormalLayer>();
  let undecided = false;

  const open = (
    name: string,
    role: InputPort["role"],
    type: Value["type"],
    initializer: Initializer | null = null,
  ): Value => {
    const known = inputs.get(name);
    if (known !== undefined) return known.value;
    const value = b.input(name, type);
    inputs.set(name, { name, role, initializer, value });
    return value;
  };

  const ofShard = (place: number) => {
    const rows = open("shard", "shard", { dtype: "int64", shape: [2] });
    return b.reshape(b.slice(rows, 0, place, place + 1), []);
  };
  const shard: Shard = { first: () => ofShard(0), whole: () => ofShard(1) };

  const context: Context = {
    b,
    mode,
    shard: shared ? shard : null,
    recurrences,
    bits,
    seed: spec.seed,
    cells: Object.fromEntries(sound),
    report,
    pathOf: origins.pathOf,
    problem({ part, key, ...rest }) {
      report({ ...rest, path: origins.pathOf(part, key) });
      return undefined;
    },
    parameter(name, shape, initializer) {
      const sizes = staticShape(shape);
      const type = { dtype: "float32", shape } as const;
      const role = mode === "training" && !isTrained(name, spec.model) ? "frozen" : "parameter";
      const value = open(name, role, type, sizes === undefined ? null : initializer(sizes));
      const same = sameSizes(value.type.shape, shape);
      if (same === true) return value;
      undecided ||= same === undefined;
      if (same === false && current !== undefined && !unlike.has(current)) {
        unlike.add(current);
        context.problem({
          part: current,
          key: "weights",
          code: "shared-weights",
          message: `${name} is [${value.type.shape.join(", ")}], but ${current.name} needs it [${shape.join(", ")}].`,
          hint: 'Make both layers alike, or leave "weights" out.',
        });
      }
      // Something of the wanted sizes, for finding what else is wrong: there will be no program.
      return b.input(name, type);
    },
    size(size, part, key) {
      if (typeof size === "number") return size;
      const known = signature.sizes[size];
      if (known !== undefined) return known;
      const names = Object.keys(signature.sizes).map((name) => `"${name}"`);
      return context.problem({
        part,
        key,
        code: "unknown-size",
        message: `The data has no size called "${size}".`,
        hint: `Write a whole number, or one of ${names.join(", ")}.`,
      });
    },
    step: () => open("step", "step", { dtype: "int64", shape: [] }),
    fedState(name, shape, stateful) {
      const given = signature.initial_states?.[name];
      const carried = mode === "stream" || (stateful && (mode === "training" || mode === "evaluation"));
      if (carried) return open(name, "state", { dtype: "float32", shape });
      const fits = given !== undefined && sameSizes(given.shape, shape) === true;
      return fits ? open(name, "data", { dtype: given.dtype, shape: given.shape }) : undefined;
    },
    finalState(name, value) {
      finals.set(name, value);
    },
    lengthsOf: (live) => present(masks.get(live), "the lengths of a mask"),
    keepProduct(value, product) {
      products.set(value, product);
    },
    productBehind: (value) => products.get(value),
    earlier: (name) => layers.get(name),
    statesOf: (layer) => states.get(layer),
    keepStates(layer, cells) {
      states.set(layer, cells);
    },
  };
  const order: readonly InputPort["role"][] = ["parameter", "frozen", "state", "step", "shard", "data"];
  return {
    context,
    feed: (name, { dtype, shape }) => open(name, "data", { dtype, shape }),
    masked(live, lengths) {
      masks.set(live, lengths);
    },
    building(layer) {
      current = layer;
    },
    built(layer, wire) {
      layers.set(layer.name, { layer, wire });
    },
    problems: () => [...problems.values()],
    undecided: () => undecided,
    ports: () => order.flatMap((role) => [...inputs.values()].filter((port) => port.role === role)),
    finals: () => finals,
  };
}
