/** The functions of the equation language by name: those in code, the built-in activations, and those of a spec. */
import { builtInActivation, builtInActivations } from "../../../schema/built-in.js";
import { definition } from "../../../schema/json-schema.js";
import { type ActivationCall, readNotation } from "../../../schema/kinds/activation-notation.js";
import type { NormalActivationDefinition } from "../../../schema/normal/index.js";
import { fillDefaults } from "../../../schema/normalize/fill.js";
import { ownValue } from "../resolve.js";
import { activationFunction } from "./activation.js";
import { axisFunctions } from "./axes.js";
import { type CallGraph, callGraph, isWithinLimits } from "./call-graph.js";
import { cumulativeFunctions } from "./cumulative.js";
import { entryFunctions } from "./entries.js";
import type { EquationFunction, FunctionTable } from "./function.js";
import { matrixFunctions } from "./matrices.js";
import { tensorFunctions } from "./tensors.js";
import { timeFunctions } from "./time.js";

/** Functions in code: primitives, and what equations cannot express. */
const codedFunctions: Readonly<Record<string, EquationFunction>> = {
  ...entryFunctions,
  ...axisFunctions,
  ...cumulativeFunctions,
  ...matrixFunctions,
  ...timeFunctions,
};

/** The functions without those of a spec. */
export const builtInFunctions: FunctionTable = tableOf(
  () => [...Object.keys(codedFunctions), ...builtInActivations()],
  (name, table) => {
    const coded = ownValue(codedFunctions, name);
    const call = readNotation(name);
    const file = coded === undefined ? builtInActivation(call.type) : undefined;
    return file === undefined
      ? coded
      : activationFunction(name, withOptions(activationOf(file), call), table, () => true);
  },
);

/**
 * The functions of the equations of optimizers: in a tensor no axis is the usual one, so that functions along an axis name
 * it.
 */
export const updateFunctions: FunctionTable = tableOf(
  () => [...builtInFunctions.names, ...Object.keys(tensorFunctions)],
  (name) => {
    const called = ownValue(tensorFunctions, name) ?? builtInFunctions.get(name);
    return called?.notation === `${name}(a, axis)` ? { ...called, arity: [2, 2] } : called;
  },
  tensorFunctions,
);

/** The functions with the activations of a spec, by name or notation. A built-in name keeps its meaning. */
export function functionTable(activations: Readonly<Record<string, NormalActivationDefinition>>): FunctionTable {
  if (Object.keys(activations).length === 0) return builtInFunctions;
  let graph: CallGraph | undefined;
  return tableOf(
    () => [...builtInFunctions.names, ...Object.keys(activations)],
    (name, table) => {
      const builtIn = builtInFunctions.get(name);
      const call = readNotation(name);
      const own = builtIn === undefined ? ownValue(activations, call.type) : undefined;
      if (own === undefined) return builtIn;
      const isUsable = () => {
        graph ??= callGraph(activations, table);
        return isWithinLimits(graph.sizeOf(call.type));
      };
      const origin = { kind: "activation", name: call.type } as const;
      return activationFunction(name, withOptions(own, call), table, isUsable, origin);
    },
  );
}

/** A definition with the values of a use as defaults. */
export function withOptions(
  definition: NormalActivationDefinition,
  { options }: Pick<ActivationCall, "options">,
): NormalActivationDefinition {
  return { ...definition, options: { ...definition.options, ...options } };
}

function activationOf(file: unknown): NormalActivationDefinition {
  return fillDefaults(file, definition("activation_definition"), "", (part) => part);
}

/** A table whose functions are found once, on first use. */
function tableOf(
  namesOf: () => readonly string[],
  find: (name: string, table: FunctionTable) => EquationFunction | undefined,
  others: Readonly<Record<string, EquationFunction>> = {},
): FunctionTable {
  const found = new Map<string, EquationFunction | undefined>();
  const table: FunctionTable = {
    get names() {
      return namesOf();
    },
    get(name) {
      if (!found.has(name)) found.set(name, find(name, table));
      return found.get(name);
    },
    isBuiltIn: (name) => Object.hasOwn(others, name) || builtInFunctions.get(name) !== undefined,
  };
  return table;
}
