/** Expressions in infix notation, with the parentheses that an operand needs. */

/** Binding strength: 0 comparisons, 1 sums, 2 products, 3 powers, 4 atoms. */
export type Precedence = 0 | 1 | 2 | 3 | 4;

export interface InfixExpression {
  readonly text: string;
  readonly precedence: Precedence;
  /** True for a product with a matrix product outside of parentheses, which is no factor on the right of another. */
  readonly hasMatrixProduct?: boolean;
  /** An operand with a new axis of size 1, counted from the last. */
  readonly inserted?: AxisOfOne;
  /** An operand without an axis of size 1. */
  readonly removed?: AxisOfOne;
  /** The entries of an operand from one on. */
  readonly last?: { readonly of: InfixExpression; readonly start: number };
  /** The opposite condition. */
  readonly opposite?: InfixExpression;
}

export interface AxisOfOne {
  readonly axis: number;
  readonly of: InfixExpression;
}

export const atom = (text: string): InfixExpression => ({ text, precedence: 4 });

export function parenthesize({ text, precedence }: InfixExpression, required: Precedence): string {
  return precedence < required ? `(${text})` : text;
}
