/** The generate form: a prompt goes in and ids that the model writes come out; the loop that draws them is inside. */
import type { Role } from "../artifact.js";
import type { Program } from "../elaborate/program.js";
import { forwardPart } from "../forward.js";
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Type, Value } from "../ir/types.js";
import { type Baked, bake, type Tensors } from "./bake.js";
import { choose, logitsOf } from "./choose.js";
import type { Face, FacePort } from "./face.js";
import type { FormRequest } from "./form.js";
import { optimizedPart } from "./optimize.js";
import { oneStep } from "./step.js";

const inputs: Readonly<Record<string, { readonly type: Type; readonly doc: string }>> = {
  prompt: {
    type: { dtype: "int32", shape: ["batch", "time"] },
    doc: "Ids to go on from, one at least, by the vocabulary in the metadata.",
  },
  length: { type: { dtype: "int64", shape: [] }, doc: "How many ids to write, one at least." },
  temperature: { type: { dtype: "float32", shape: [] }, doc: "Divides the logits; 0 takes the likeliest id always." },
  seed: { type: { dtype: "int64", shape: [] }, doc: "Chooses what is drawn: the same seed writes the same ids." },
};

export function generateForm(request: FormRequest): Face {
  const { spec, signature, options, recurrences, parameters } = request;
  const { boundary } = options;
  const stream = (of: typeof signature, told: typeof recurrences) =>
    forwardPart(spec, of, "stream", ["prediction", "state"], told);
  // Every cell is told of once, by the part that writes.
  const writes = stream(oneStep(signature), recurrences);
  const read = partOf(stream(signature, { ...recurrences, tell: () => {} }), parameters);
  const write = partOf(writes, parameters);
  const first = firstStates(request, writes);
  const weights = shared([read.weights, write.weights, first.learned]);

  const b = graphBuilder(spec.name);
  const given = new Map(Object.entries(inputs).map(([name, { type }]) => [name, b.input(name, type)]));
  const opened = new Map(
    [...weights].map(([name, { shape }]) => [name, b.input(name, { dtype: "float32", shape })] as const),
  );
  const input = (name: string) => given.get(name) as Value;
  const weight = (name: string) => opened.get(name) as Value;
  const run = (inner: Builder, part: Part, ids: Value, states: readonly Value[]) => {
    const operands = [...feedsOf(part, ids, states), ...[...part.weights.keys()].map(weight)];
    const [said, ...next] = inline(inner, part.graph, operands);
    return { logits: logitsOf(inner, said as Value, boundary), states: next };
  };
  const start = first.states.map(({ shape, learned }) =>
    b.expand(learned === undefined ? b.scalar(0) : weight(learned), shape),
  );
  const prompted = run(b, read, input("prompt"), start);
  const last = b.squeeze(b.slice(prompted.logits, 1, addDims("time", -1), "time"), [1]);
  const loop = scan(
    b,
    "generate",
    { initial: [last, ...prompted.states], scans: [b.rangeOf(input("length"), "length")] },
    (inner, [logits, ...states], [place]) => {
      const choice = { temperature: input("temperature"), seed: input("seed"), place: place as Value };
      const id = choose(inner, logits as Value, choice);
      const next = run(inner, write, inner.cast(inner.unsqueeze(id, [1]), "int32"), states);
      return { next: [inner.squeeze(next.logits, [1]), ...next.states], stacked: [id] };
    },
  );
  const tokens = b.cast(b.transpose(at(loop.stacked, 0), [1, 0]), "int32");
  const port = (name: string, role: Role, doc: string): FacePort => ({ name, role, doc });
  return {
    graph: b.finish([tokens]),
    optimized: true,
    weights,
    inputs: [
      ...Object.entries(inputs).map(([name, { doc }]) => port(name, "data", doc)),
      ...[...weights.keys()].map((name) => port(name, "parameter", "")),
    ],
    outputs: [port("tokens", "prediction", "What the model writes after the prompt, id by id.")],
  };
}

/** A program that has been through the passes, with its weights apart: its inputs are states and ids, then weights. */
interface Part extends Baked {
  /** Whether each input that is no weight is a state: the others are ids. */
  readonly isState: readonly boolean[];
}

function partOf(program: Program, parameters: Tensors): Part {
  const isWeight = (index: number) => program.inputs[index]?.role === "parameter";
  const baked = bake(optimizedPart(program.graph), (_, index) => isWeight(index), parameters);
  const rest = program.inputs.filter((_, index) => !isWeight(index));
  return { ...baked, isState: rest.map(({ role }) => role === "state") };
}

function feedsOf({ isState }: Part, ids: Value, states: readonly Value[]): readonly Value[] {
  const left = [...states];
  return isState.map((state) => (state ? (left.shift() as Value) : ids));
}

/** The states that a program takes, in its order, and the learned values that some of them start from. */
function firstStates({ spec, signature, parameters }: FormRequest, { inputs: ports, graph }: Program) {
  const whole = forwardPart(spec, signature, "inference", ["prediction"]).inputs.map(({ name }) => name);
  const states = ports.flatMap(({ name, role }, index) => {
    if (role !== "state") return [];
    const learned = whole.find((other) => other === `${name}/initial`);
    return [{ shape: at(graph.inputs, index).type.shape, learned }];
  });
  const learned = states.flatMap(({ learned }) => {
    const tensor = learned === undefined ? undefined : parameters.get(learned);
    return learned === undefined || tensor === undefined ? [] : [[learned, tensor] as const];
  });
  return { states, learned: new Map(learned) };
}

type Numbers = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** Weights of several parts, each once: the same name holds the same numbers in all. */
function shared(parts: readonly ReadonlyMap<string, Numbers>[]): Tensors {
  const all = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  for (const part of parts) {
    for (const [name, { shape, data }] of part) {
      const known = all.get(name);
      if (known !== undefined && known.shape.join() !== shape.join()) throw new Error(`${name} is two tensors`);
      all.set(name, known ?? { shape, data: Float32Array.from(data) });
    }
  }
  return all;
}
