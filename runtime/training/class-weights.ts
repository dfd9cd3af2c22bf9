/** The notice of a training about its class weights: which class has which. */
import { outputsOf, targetPort } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { idNamesFor, type Metadata } from "../data/metadata.js";
import { listFirst } from "../format.js";

/** Without class weights none. A class that has no name is given by its id. */
export function classWeightsNotice(spec: NormalSpec, metadata: Metadata): readonly string[] {
  return outputsOf(spec).flatMap(({ loss, name, prefix }) => {
    const weights = "class_weights" in loss ? loss.class_weights : null;
    if (weights === null) return [];
    const of = prefix === "" ? "" : ` of the output ${name}`;
    return [`Weights of the classes${of}: ${weightsText(weights, targetPort(loss.target), metadata)}.`];
  });
}

function weightsText(weights: readonly number[], port: string, metadata: Metadata): string {
  const names = idNamesFor(port, metadata)?.names;
  const nameOf = (id: number) => {
    const name = names?.[id];
    if (name === undefined || metadata.type === "text") return name === undefined ? `${id}` : JSON.stringify(name);
    return `${name}`;
  };
  const pairs = weights.map((weight, id) => `${nameOf(id)}: ${weight}`);
  return listFirst(pairs, MAX_LISTED);
}

const MAX_LISTED = 20;
