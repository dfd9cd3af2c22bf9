/** Losses of the user's own in their long form, `{ "type": "custom", "definition": …, "options": … }`. */
import { isList, isObject, type Json, type JsonObject } from "./json-pointer.js";
import { branchesOf, definition, propertiesOf } from "./json-schema.js";

/** The types of built-in losses, and that of the long form: no names for others. */
export function lossTypes(): readonly string[] {
  return branchesOf(definition("loss")).map(({ properties }) => String(properties?.type?.const));
}

/** Keys of every use of a loss of the user's own, which no option has. */
export function lossKeys(): readonly string[] {
  return Object.keys(propertiesOf(definition("custom_loss"))).filter((key) => !longKeys.includes(key));
}

/** Keys of the long form alone. */
const longKeys: readonly string[] = ["name", "definition", "options"];

/** The losses that a spec defines, by name. */
export function ownLosses({ losses }: JsonObject): JsonObject {
  return isObject(losses) ? losses : {};
}

/** True for a loss in short form: its type is an entry of the spec's `losses`. */
export function isShortLoss(entry: JsonObject, spec: JsonObject): boolean {
  const { type } = entry;
  return typeof type === "string" && Object.hasOwn(ownLosses(spec), type) && !lossTypes().includes(type);
}

/** The options of a loss in short form. */
export function lossOptions(entry: JsonObject): JsonObject {
  const keys = lossKeys();
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !keys.includes(key)));
}

export interface LossEntry {
  readonly entry: Json;
  readonly path: string;
}

/** The losses of the outputs, with their paths. The spec may have errors. */
export function lossEntries({ loss, losses }: JsonObject): readonly LossEntry[] {
  const list = (entries: readonly Json[], path: string) =>
    entries.map((entry, index) => ({ entry, path: `${path}/${index}` }));
  if (isList(losses)) return list(losses, "/losses");
  if (isList(loss)) return list(loss, "/loss");
  return loss === undefined ? [] : [{ entry: loss, path: "/loss" }];
}

/** A loss in its long form. */
export function longLoss(entry: JsonObject, spec: JsonObject): JsonObject {
  if (!isShortLoss(entry, spec)) return entry;
  const keys = lossKeys();
  const shared = Object.fromEntries(Object.entries(entry).filter(([key]) => keys.includes(key)));
  const name = String(entry.type);
  return { ...shared, type: "custom", name, definition: ownLosses(spec)[name] as Json, options: lossOptions(entry) };
}

/** The spec with its losses in their long form, without their definitions and options, which are checked apart. */
export function withoutLossDefinitions(spec: JsonObject): JsonObject {
  const reduce = (entry: Json): Json =>
    isObject(entry) && isShortLoss(entry, spec)
      ? { ...longLoss(entry, spec), definition: { equations: ["loss = y"] }, options: {} }
      : entry;
  const { loss, losses } = spec;
  return {
    ...spec,
    ...(loss !== undefined && { loss: isList(loss) ? loss.map(reduce) : reduce(loss) }),
    ...(isList(losses) && { losses: losses.map(reduce) }),
  };
}
