/** The left side of an equation: the names that it sets. */
import { type Token, tokenize } from "./tokens.js";

export interface Target {
  readonly name: string;
  readonly offset: number;
}

/** The words before the equals sign; undefined without one. */
export function leftSide(tokens: readonly Token[]): readonly Token[] | undefined {
  const equals = tokens.findIndex(({ text }) => text === "=");
  return equals < 0 ? undefined : tokens.slice(0, equals);
}

/** Every other word of a left side is a name, with commas between them. */
export function targetsIn(left: readonly Token[]): readonly Target[] {
  return left.flatMap(({ kind, text, offset }, index) =>
    index % 2 === 0 && kind === "name" ? [{ name: text, offset }] : [],
  );
}

/** The names that an equation sets, as far as it can be read. */
export function assignedNames(source: string): readonly string[] {
  return targetsIn(leftSide(tokenize(source).tokens) ?? []).map(({ name }) => name);
}
