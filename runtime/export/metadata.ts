/** What an exported model says of itself: a sentence, and metadata by key. */
import type { Documentation, ExportForm, ExportPorts } from "../../compiler/export/index.js";
import { packageVersion } from "../../schema/package-root.js";
import type { TrainedModel } from "./source-run.js";

/** A state as an exported model takes and gives it. */
export interface StatePair {
  readonly input: string;
  readonly output: string;
  /** Behind the batch. */
  readonly shape: readonly (number | string)[];
  /** One row of first values; absent where they are zeros. */
  readonly initial?: readonly number[];
}

/** The states that go in and come out, by name. A state that is learned starts at the parameter `<state>/initial`. */
export function statePairs({ inputs, outputs }: ExportPorts, { parameters }: TrainedModel): readonly StatePair[] {
  return inputs.flatMap(({ name, role, shape }) => {
    const output = outputs.find((port) => port.role === "state" && port.name === `next/${name}`);
    if (role !== "state" || output === undefined) return [];
    const initial = parameters.get(`${name}/initial`);
    return [
      {
        input: name,
        output: output.name,
        shape: shape.slice(1),
        ...(initial !== undefined && { initial: Array.from(initial.data) }),
      },
    ];
  });
}

const formDescriptions: { readonly [F in ExportForm]: string } = {
  sequence: "reads whole sequences",
  generate: "goes on from a prompt: its ids are drawn in the model itself",
  step: "reads one step at a time: feed each state's last value back (rnnx.states)",
};

export function describeModel(trainedModel: TrainedModel, form: ExportForm, ports: ExportPorts): Documentation {
  const { spec, metadata, step, hash, metrics } = trainedModel;
  const states = statePairs(ports, trainedModel);
  const { type, ...dataMetadata } = metadata;
  const fields: Readonly<Record<string, unknown>> = {
    form,
    version: packageVersion(),
    spec,
    hash,
    step,
    ...(metrics !== null && { metrics }),
    ...(states.length > 0 && { states }),
    "data.type": type,
    ...Object.fromEntries(Object.entries(dataMetadata).map(([key, value]) => [`data.${key}`, value])),
  };
  return {
    doc: `${spec.name}: a recurrent network that ${formDescriptions[form]}. Written by rnnx ${packageVersion()}; the metadata says how it was trained.`,
    metadata: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        `rnnx.${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  };
}
