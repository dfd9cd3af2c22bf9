/** The documentation of an exported model: a sentence, and metadata by key. */
import type { Documentation, ExportForm, ExportPorts } from "../../compiler/export/index.js";
import { packageVersion } from "../../schema/package-root.js";
import { forecastNames } from "./forecast-names.js";
import type { TrainedModel } from "./source-run.js";

/** A state as input and output of an exported model. */
export interface StatePair {
  readonly input: string;
  readonly output: string;
  /** The initial shape, without the batch axis; a growing state has the size 0 along its axis of steps. */
  readonly shape: readonly number[];
  /** One row of initial values; absent for zeros. */
  readonly initial?: readonly number[];
}

/** The states that are both inputs and outputs. A learned state starts at the parameter `<state>/initial`. */
export function statePairs({ inputs, outputs }: ExportPorts, { parameters }: TrainedModel): readonly StatePair[] {
  return inputs.flatMap(({ name, role, shape }) => {
    const output = outputs.find((port) => port.role === "state" && port.name === `next/${name}`);
    if (role !== "state" || output === undefined) return [];
    const initial = parameters.get(`${name}/initial`);
    return [
      {
        input: name,
        output: output.name,
        shape: shape.slice(1).map((dim) => (typeof dim === "number" ? dim : 0)),
        ...(initial !== undefined && { initial: Array.from(initial.data) }),
      },
    ];
  });
}

const formDescriptions: { readonly [F in ExportForm]: string } = {
  sequence: "reads whole sequences",
  generate: "continues a prompt by sampling inside the graph",
  step: "reads one step at a time: feed each state's last value back (rnnx.states)",
};

export function describeModel(trainedModel: TrainedModel, form: ExportForm, ports: ExportPorts): Documentation {
  const { spec, metadata, step, hash, metrics } = trainedModel;
  const states = statePairs(ports, trainedModel);
  const forecasts = forecastNames(trainedModel);
  const { type, ...dataMetadata } = metadata;
  const fields: Readonly<Record<string, unknown>> = {
    form,
    version: packageVersion(),
    spec,
    hash,
    step,
    ...(metrics !== null && { metrics }),
    ...(states.length > 0 && { states }),
    ...(Object.keys(forecasts).length > 0 && { forecasts }),
    "data.type": type,
    ...Object.fromEntries(Object.entries(dataMetadata).map(([key, value]) => [`data.${key}`, value])),
  };
  return {
    doc:
      `${spec.name}: a recurrent network that ${formDescriptions[form]}. ` +
      `Exported by rnnx ${packageVersion()}; the metadata records its training.`,
    metadata: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        `rnnx.${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  };
}
