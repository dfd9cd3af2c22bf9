/**
 * Optimizers and schedules of the user's own in their long form, `{ "type": "custom", "name": NAME, "options": … }`. In the
 * short form the name is the type, and the options are keys.
 */
import { isObject, type JsonObject } from "./json-pointer.js";
import { branchesOf, definition, propertiesOf, propertyOf, type Schema, specSchema } from "./json-schema.js";

/** A key whose value may be one of the user's own, and the key of the spec that defines those. */
export interface OwnKind {
  readonly kind: "optimizer" | "schedule";
  readonly definitions: "optimizers" | "schedules";
  /** The schema of a use in its long form. */
  readonly custom: () => Schema;
  readonly union: () => Schema;
}

export const optimizerKind: OwnKind = {
  kind: "optimizer",
  definitions: "optimizers",
  custom: () => definition("custom_optimizer"),
  union: () => propertyOf(specSchema(), "optimizer"),
};

export const scheduleKind: OwnKind = {
  kind: "schedule",
  definitions: "schedules",
  custom: () => definition("custom_schedule"),
  union: () => definition("schedule"),
};

/** The types of the built-in ones, and `custom`: no names for others. */
export function typesOf({ union }: OwnKind): readonly string[] {
  return branchesOf(union()).map(({ properties }) => String(properties?.type?.const));
}

/** Keys of every use in its long form, which no option has. */
export function commonKeys({ custom }: OwnKind): readonly string[] {
  return Object.keys(propertiesOf(custom()));
}

/** The names that a spec defines. */
export function ownNames({ definitions }: OwnKind, spec: JsonObject): readonly string[] {
  const own = spec[definitions];
  return isObject(own) ? Object.keys(own) : [];
}

/** True for a use whose type is one of the spec's own. */
export function isShortForm(use: JsonObject, kind: OwnKind, spec: JsonObject): boolean {
  const { type } = use;
  return typeof type === "string" && ownNames(kind, spec).includes(type) && !typesOf(kind).includes(type);
}

/** The options of a use in its long or short form. */
export function givenOptions(use: JsonObject, kind: OwnKind, spec: JsonObject): JsonObject {
  if (!isShortForm(use, kind, spec)) return isObject(use.options) ? use.options : {};
  const keys = commonKeys(kind);
  return Object.fromEntries(Object.entries(use).filter(([key]) => !keys.includes(key)));
}

/** The spec with its optimizer and schedule in their long form. The spec may have errors. */
export function expandCustomOptimizer(spec: JsonObject, keepOptions: boolean): JsonObject {
  const { optimizer } = spec;
  if (!isObject(optimizer)) return spec;
  const expand = (use: JsonObject, kind: OwnKind): JsonObject => {
    if (!isShortForm(use, kind, spec)) return use;
    const keys = commonKeys(kind).filter((key) => !["type", "name", "options"].includes(key));
    const shared = Object.fromEntries(Object.entries(use).filter(([key]) => keys.includes(key)));
    const options = keepOptions ? { options: givenOptions(use, kind, spec) } : {};
    return { ...shared, type: "custom", name: String(use.type), ...options };
  };
  const expanded = expand(optimizer, optimizerKind);
  const { schedule } = optimizer;
  return {
    ...spec,
    optimizer: { ...expanded, ...(isObject(schedule) && { schedule: expand(schedule, scheduleKind) }) },
  };
}
