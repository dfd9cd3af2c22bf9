import fc from "fast-check";
import jsep from "jsep";
import { describe, expect, test } from "vitest";
import { type Expression, parseExpression, visit } from "../../../../compiler/language/parse/expression.js";
import { maxTokens } from "../../../../compiler/language/parse/tokens.js";

function parsed(text: string): Expression {
  const result = parseExpression(text);
  if (!result.ok) throw new Error(result.problem.message);
  return result.expression;
}

/** The tree with every operation in parentheses. */
function show(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return `${expression.value}`;
    case "name":
      return expression.name;
    case "negate":
      return `(-${show(expression.operand)})`;
    case "binary":
      return `(${show(expression.left)} ${expression.operator} ${show(expression.right)})`;
    case "call":
      return `${expression.function}(${expression.arguments.map(show).join(", ")})`;
  }
}

function errorOf(text: string): string {
  const result = parseExpression(text);
  if (result.ok) throw new Error(`${text} was accepted`);
  const { code, message, hint, offset } = result.problem;
  return `${code} at ${offset}: ${message}${hint ? `. ${hint}` : ""}`;
}

describe("structure", () => {
  test.each([
    ["x @ W + h @ U + b", "(((x @ W) + (h @ U)) + b)"],
    ["x @ W * g / 2", "(((x @ W) * g) / 2)"],
    ["x * W @ U", "((x * W) @ U)"],
    ["a - b - c", "((a - b) - c)"],
    ["a + b > c * d", "((a + b) > (c * d))"],
    ["-a @ W - -b", "(((-a) @ W) - (-b))"],
    ["-a ^ 2", "(-(a ^ 2))"],
    ["(-a) ^ 2", "((-a) ^ 2)"],
    ["a ^ b ^ -c", "(a ^ (b ^ (-c)))"],
    ["a * -b ^ -c ^ 2 @ W", "((a * (-(b ^ (-(c ^ 2))))) @ W)"],
    ["- -f(a) ^ 2", "(-(-(f(a) ^ 2)))"],
    ["where(p >= 0, p, .25e+1 * p)", "where((p >= 0), p, (2.5 * p))"],
    ["h' @ V - (s - (1))", "((h' @ V) - (s - 1))"],
    ["f()", "f()"],
    ["this + true + null", "((this + true) + null)"],
    ["a\t+\r\nb", "(a + b)"],
  ])("%s", (text, tree) => expect(show(parsed(text))).toBe(tree));
});

describe("positions", () => {
  test("every node has its text, with the parentheses of its operands", () => {
    const text = " tanh( (f * h') @ Un + -( bn ) )";
    const positions: string[] = [];
    visit(parsed(text), (node) => {
      const label = node.kind === "binary" ? `${node.operator} at ${node.operatorOffset}` : node.kind;
      positions.push(`${label}: ${text.slice(node.offset, node.end)}`);
    });
    expect(positions).toEqual([
      "call: tanh( (f * h') @ Un + -( bn ) )",
      "+ at 21: (f * h') @ Un + -( bn )",
      "@ at 16: (f * h') @ Un",
      "* at 10: f * h'",
      "name: f",
      "name: h'",
      "name: Un",
      "negate: -( bn )",
      "name: bn",
    ]);
  });

  const leaf = fc.constantFrom("x", "h'", "Wf", "1", "0.25", ".5e2");
  const { expression } = fc.letrec<{ expression: string }>((recurse) => ({
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc
        .tuple(recurse("expression"), fc.constantFrom("+", " - ", "*", " @", "/ ", ">=", "=="), recurse("expression"))
        .map((parts) => parts.join("")),
      recurse("expression").map((inner) => `( ${inner})`),
      recurse("expression").map((inner) => `-${inner}`),
      fc.tuple(recurse("expression"), recurse("expression")).map(([a, b]) => `max (${a} ,${b})`),
    ),
  }));

  test("the text of a node parses to the node", () => {
    fc.assert(
      fc.property(expression, (text) => {
        visit(parsed(text), (node) => {
          expect(show(parsed(text.slice(node.offset, node.end)))).toBe(show(node));
          if (node.kind === "binary") expect(text.startsWith(node.operator, node.operatorOffset)).toBe(true);
        });
      }),
    );
  });
});

describe("syntax errors", () => {
  test.each([
    ["", "equation-syntax at 0: a value is missing at the end"],
    ["a + ", "equation-syntax at 4: a value is missing at the end"],
    ["a * / b", 'equation-syntax at 4: a value is missing before "/"'],
    ["+a", 'equation-syntax at 0: a value is missing before "+"'],
    ["()", 'equation-syntax at 1: a value is missing before ")"'],
    ["f(a, )", 'equation-syntax at 5: a value is missing before ")"'],
    ["f(, a)", 'equation-syntax at 2: a value is missing before ","'],
    ["(a, b)", 'equation-syntax at 2: "," is allowed only between the arguments of a function'],
    ["a, b", 'equation-syntax at 1: "," is allowed only between the arguments of a function'],
    ["tanh(a + b", 'equation-syntax at 4: "(" is never closed'],
    ["a + b)", 'equation-syntax at 5: ")" closes nothing'],
    [
      "x W",
      'equation-syntax at 2: an operator is missing before "W". Write "*" for a product, "@" for a matrix product.',
    ],
    [
      "2h",
      'equation-syntax at 1: an operator is missing before "h". Write "*" for a product, "@" for a matrix product.',
    ],
    [
      "f(a b)",
      'equation-syntax at 4: an operator is missing before "b". Write "*" for a product, "@" for a matrix product.',
    ],
    [
      "(a)(b)",
      'equation-syntax at 3: an operator is missing before "(". Write "*" for a product, "@" for a matrix product.',
    ],
    [
      "1.2.3",
      'equation-syntax at 3: an operator is missing before ".3". Write "*" for a product, "@" for a matrix product.',
    ],
    ["a = b", 'equation-syntax at 2: an equation has one "=". To compare, write "==".'],
    ["1e999", "equation-syntax at 0: 1e999 is too large a number"],
    [
      "mean(a, axis=-1)",
      'equation-syntax at 12: an equation has one "=". Arguments have no names: an axis is a number from the last, "sum(a, -1)". To compare, write "==".',
    ],
    ["a // b", 'equation-syntax at 3: a value is missing before "/". Write floor(a / b).'],
    [
      "a > b and b > 0",
      'equation-syntax at 6: an operator is missing before "and". Write where(first, where(second, a, b), b).',
    ],
    ["h ** 2", 'equation-syntax at 2: "**" is not allowed in an equation. Write a power as a ^ b.'],
    ["h ^", "equation-syntax at 3: a value is missing at the end"],
    ["a === b", 'equation-syntax at 2: "===" is not allowed in an equation. Write "==".'],
    ["a > 0 && b", 'equation-syntax at 6: "&&" is not allowed in an equation. Put one where(…) inside another.'],
    ["a ? b : c", 'equation-syntax at 2: "?" is not allowed in an equation. Write where(condition, a, b).'],
    [
      "!a",
      'equation-syntax at 0: "!" is not allowed in an equation. Reverse the comparison, or swap the last two arguments of where.',
    ],
    [
      "h[0]",
      'equation-syntax at 1: "[" is not allowed in an equation. Write split(a, n) for equal parts of the last axis.',
    ],
    [
      "h '",
      `equation-syntax at 2: "'" is not allowed in an equation. Write a prime right after the name of a state: h'.`,
    ],
    [
      "h.size",
      'equation-syntax at 1: "." is not allowed in an equation. Write a function by its name alone: "mean(a)".',
    ],
    ['"a', 'equation-syntax at 0: "\\"" is not allowed in an equation'],
    [
      '"a"',
      'equation-syntax at 0: "a" is text, which only the first argument of a function can be. A formula is one: einsum("ij,j->i", a, b). A prime follows the name of a state: h\'.',
    ],
    [
      "f(a, 'b')",
      "equation-syntax at 5: 'b' is text, which only the first argument of a function can be. A formula is one: einsum(\"ij,j->i\", a, b). A prime follows the name of a state: h'.",
    ],
    ["a << b", 'equation-syntax at 2: "<<" is not allowed in an equation'],
    ["σ(x)", 'equation-syntax at 0: "σ" is not allowed in an equation'],
    ["a + 🙂", 'equation-syntax at 4: "🙂" is not allowed in an equation'],
  ])("%s", (text, expected) => expect(errorOf(text)).toBe(expected));

  test("an expression has at most 1000 tokens, which no recursion overflows on", () => {
    const half = maxTokens / 2;
    expect(parseExpression(`${"(".repeat(half - 1)}a${")".repeat(half - 1)}`).ok).toBe(true);
    expect(parseExpression(`${"-".repeat(maxTokens - 1)}a`).ok).toBe(true);
    expect(parseExpression(`a${" + a".repeat(half - 1)}`).ok).toBe(true);
    expect(errorOf("(".repeat(100_000))).toBe(
      "equation-syntax at 1000: the equation has more than 1000 tokens. Split it into several equations.",
    );
  });

  test("random text never throws", () => {
    const words = fc.constantFrom("a", "h'", "(", ")", ",", "-", "@", "*", "2", "f(", ">", "=", " ", "this", "true");
    const randomText = fc.array(words).map((list) => list.join(""));
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "grapheme" }), randomText),
        (text) => {
          const result = parseExpression(text);
          if (!result.ok) expect(result.problem.offset).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test("jsep's global grammar is not changed", () => {
  parsed("a @ b + h'");
  expect(jsep.binary_ops["@"]).toBeUndefined();
  expect(() => jsep("a @ b")).toThrow();
});
