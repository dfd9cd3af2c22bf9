/** What can be wrong with the calls of an equation before any shape is known: names, numbers of arguments, uses of `split`. */
import { quote, suggestion } from "../../schema/wording.js";
import { at } from "../ir/present.js";
import { type CallExpression, type Expression, visit } from "./expression.js";
import { functionNames, functionOf } from "./functions.js";
import type { Fault } from "./tokens.js";

/** The names that an equation sets. */
type Targets = readonly { readonly offset: number }[];

/** The faults of the calls in one equation's right side. `split` is the only function that gives several values. */
export function callFaults(value: Expression, targets: Targets): readonly Fault[] {
  const faults: Fault[] = [];
  visit(value, (part) => {
    if (part.kind !== "call") return;
    const fault = callFault(part, part === value ? targets : undefined);
    if (fault !== undefined) faults.push(fault);
  });
  const second = targets[1];
  const isSplit = value.kind === "call" && value.function === "split";
  if (second !== undefined && !isSplit) {
    const hint = `Write "… = split(e, ${targets.length})".`;
    faults.push({ code: "split", message: "only split gives several values", hint, offset: second.offset });
  }
  return faults;
}

/** `targets` are given where the call is the whole right side of an equation. */
function callFault(call: CallExpression, targets: Targets | undefined): Fault | undefined {
  const { offset } = call;
  const known = functionOf(call.function);
  if (known === undefined) {
    const hint = suggestion(call.function, functionNames, "Functions");
    return { code: "unknown-function", message: `unknown function ${quote(call.function)}`, hint, offset };
  }
  const [fewest, most] = known.arity;
  const given = call.arguments.length;
  if (given < fewest || given > most) {
    const wanted = `${fewest}${most > fewest ? " or more" : ""} argument${most === 1 ? "" : "s"}`;
    return { code: "argument-count", message: `${call.function} takes ${wanted}, not ${given}`, offset };
  }
  if (call.function === "layer_norm") return partsFault(call, '"layer_norm(e, 4)"');
  return call.function === "split" ? splitFault(call, targets) : undefined;
}

/** What is wrong with the second argument of a call that counts equal parts. */
function partsFault({ function: name, arguments: [, count] }: CallExpression, use: string): Fault | undefined {
  if (count === undefined || (count.kind === "number" && Number.isInteger(count.value) && count.value >= 2)) {
    return undefined;
  }
  const message = `the second argument of ${name} is a whole number from 2 on`;
  return { code: "argument", message, hint: `Write how many equal parts there are: ${use}.`, offset: count.offset };
}

function splitFault(call: CallExpression, targets: Targets | undefined): Fault | undefined {
  const {
    arguments: [, count],
    offset,
  } = call;
  const fault = partsFault(call, '"a, b = split(e, 2)"');
  if (fault !== undefined || count?.kind !== "number") return fault;
  const parts = count.value;
  if (targets === undefined) {
    const hint = 'Give its parts names in an equation of their own: "a, b = split(e, 2)".';
    return { code: "split", message: "split is the whole right side of an equation", hint, offset };
  }
  if (parts === targets.length) return undefined;
  const names = targets.length === 1 ? "1 name is" : `${targets.length} names are`;
  return {
    code: "split",
    message: `split gives ${parts} parts and ${names} set`,
    offset: at(targets, 0).offset,
  };
}
