/** Losses as a list: each with its options, the layer that it reads and its target. */
import { isShortLoss, longLoss, lossEntries, ownLosses } from "../custom-losses.js";
import type { Problem, Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { joinWithOr, quote, suggestion } from "../diagnostics/suggest.js";
import { child, isObject, type JsonObject } from "../json-pointer.js";
import { definition } from "../json-schema.js";
import { outputIsSequence } from "../kinds/layers.js";
import { type TargetKind, targetKindOf } from "../kinds/losses.js";
import { ONLY_TARGET, outputsOf, targetNames } from "../kinds/outputs.js";
import type { NormalData, NormalLayer, NormalLoss, NormalLossDefinition } from "../normal/index.js";
import type { Loss, Spec } from "../spec.types.js";
import { fillDefaults } from "./fill.js";

/** The parts of a spec that losses name. */
interface NamedParts {
  readonly model: readonly NormalLayer[];
  /** Layers and blocks by the names of the spec, with the layers of their outputs. */
  readonly layerNames: ReadonlyMap<string, string>;
  readonly data: NormalData;
}

/** @returns the losses, and a list of one for `loss`. */
export function normalizeLosses(
  spec: Pick<Spec, "loss" | "losses">,
  { model, layerNames, data }: NamedParts,
  recordOrigin: RecordOrigin,
  report: Report,
): readonly NormalLoss[] {
  const last = model.at(-1)?.name ?? "";
  const json = spec as unknown as JsonObject;
  const entries = lossEntries(json);
  const paths = entries.map(({ path }) => path);
  const losses = entries.map(({ entry, path }): NormalLoss => {
    if (!isObject(entry)) throw new Error("a loss is an object");
    const { from: given } = entry as Pick<Loss, "from">;
    const from = given === undefined ? last : (layerNames.get(given) ?? given);
    const long = { ...longLoss(entry, json), from };
    const loss: NormalLoss = fillDefaults(long, definition("loss"), path, recordOrigin);
    if (loss.type !== "custom" || !isShortLoss(entry, json)) return loss;
    const ownDefinition: NormalLossDefinition = fillDefaults(
      ownLosses(json)[loss.name],
      definition("loss_definition"),
      child("/losses", loss.name),
      recordOrigin,
    );
    return recordOrigin({ ...loss, definition: ownDefinition }, path);
  });
  const knownLayers = [...new Set([...layerNames.keys(), ...model.map(({ name }) => name)])];
  const names = targetNames(data);
  const problems = losses.flatMap(({ from, target }, index): readonly Problem[] => {
    const path = paths[index] ?? "";
    const first = losses.findIndex((other) => other.from === from);
    const firstName = (paths[first] ?? "").replace(/^\/(\w+)\/(\d+)$/, "$1[$2]");
    return [
      ...(model.length === 0 || model.some(({ name }) => name === from) ? [] : [unknownLayer(path, from, knownLayers)]),
      ...(first === index ? [] : [repeatedLayer(path, from, firstName)]),
      ...(names.includes(target) ? [] : [unknownTarget(path, target, names)]),
    ];
  });
  problems.push(...(problems.length > 0 ? [] : unreadTargets(losses, names)));
  problems.push(...(problems.length > 0 ? [] : conflictingUses(losses, model, paths)));
  for (const problem of problems) report(problem);
  return recordOrigin(losses, Array.isArray(spec.losses) ? "/losses" : "/loss");
}

function unknownLayer(path: string, from: string, names: readonly string[]): Problem {
  const message = `No layer is named ${quote(from)}.`;
  return { code: "unknown-layer", path: child(path, "from"), message, hint: suggestion(from, names, "Layers") };
}

function repeatedLayer(path: string, from: string, first: string): Problem {
  return {
    code: "repeated-output",
    path,
    message: `${first} reads the output of ${from} too.`,
    hint: 'Name another layer in "from", or keep one of the two losses: each output has one.',
  };
}

function unknownTarget(path: string, target: string, names: readonly string[]): Problem {
  if (target === ONLY_TARGET)
    return {
      code: "unknown-target",
      path,
      message: 'The loss has no "target", but the targets of the data have names.',
      hint: `Write "target": ${joinWithOr(names.map(quote))}.`,
    };
  const isUnnamed = names.length === 1 && names[0] === ONLY_TARGET;
  return {
    code: "unknown-target",
    path: child(path, "target"),
    message: `The data has no target ${quote(target)}.`,
    hint: isUnnamed
      ? 'Remove "target": the data has one target, without a name. Data of the types arrays, table and sequences can have several.'
      : suggestion(target, names, "Targets"),
  };
}

function unreadTargets(losses: readonly NormalLoss[], names: readonly string[]): readonly Problem[] {
  const unread = names.filter((name) => losses.every(({ target }) => target !== name));
  return unread.map((name) => ({
    code: "unread-target",
    path: "/data",
    message: `No loss reads the target ${quote(name)}.`,
    hint: `Add a loss with "target": ${quote(name)} to "losses", or remove the target from the data.`,
  }));
}

const kindText: Readonly<Record<TargetKind, string>> = {
  classes: "classes",
  labels: "sequences of labels",
  probabilities: "probabilities",
  numbers: "numbers",
  counts: "counts",
};

/** Targets that two losses read as different kinds, or one per step and one per sequence. */
function conflictingUses(
  losses: readonly NormalLoss[],
  model: readonly NormalLayer[],
  paths: readonly string[],
): readonly Problem[] {
  const outputs = outputsOf({ losses, model });
  return outputs.flatMap(({ loss, model: layers, name }, index): readonly Problem[] => {
    const first = outputs.find((output) => output.loss.target === loss.target);
    if (first === undefined || first.loss === loss) return [];
    const path = child(paths[index] ?? "", "target");
    const [firstKind, kind] = [targetKindOf(first.loss), targetKindOf(loss)];
    const [use, otherUse] =
      firstKind !== kind
        ? [kindText[firstKind], kindText[kind]]
        : outputIsSequence(first.model) === outputIsSequence(layers)
          ? []
          : outputIsSequence(layers)
            ? ["one entry per sequence", "one per step"]
            : ["one entry per step", "one per sequence"];
    if (use === undefined) return [];
    const message = `The target ${quote(loss.target)} would be ${use} for the output ${first.name}, and ${otherUse} for ${name}.`;
    return [{ code: "target-use", path, message, hint: "Give each of the two outputs a target of its own." }];
  });
}
