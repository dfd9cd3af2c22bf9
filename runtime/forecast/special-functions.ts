/** Functions of probability: log Γ, the normal distribution, incomplete gamma and beta functions, in float64. */

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** log Γ(a) for a > 0 (C. Lanczos, A Precision Approximation of the Gamma Function, 1964; g = 7). */
export function logGamma(a: number): number {
  if (a < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * a)) - logGamma(1 - a);
  const series = lanczos.reduce((sum, coefficient, index) => sum + coefficient / (a + index), 0.9999999999998099);
  const base = a + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (a - 0.5) * Math.log(base) - base + Math.log(series);
}

export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/** Φ(z), by the incomplete gamma function: erf(x) = P(1/2, x²). */
export function normalCumulative(z: number): number {
  const tail = 0.5 * (1 - lowerGamma(0.5, 0.5 * z * z));
  return z < 0 ? tail : 1 - tail;
}

const TERMS = 500;
const PRECISION = 1e-16;
const TINY = 1e-300;

/** P(a, x) = γ(a, x) / Γ(a): a series below a + 1, else Lentz's continued fraction (Numerical Recipes, 6.2). */
export function lowerGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  const factor = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let index = 1; index <= TERMS && term > sum * PRECISION; index++) {
      term *= x / (a + index);
      sum += term;
    }
    return sum * factor;
  }
  let [b, c] = [x + 1 - a, 1 / TINY];
  let d = 1 / b;
  let fraction = d;
  for (let index = 1; index <= TERMS; index++) {
    const numerator = -index * (index - a);
    b += 2;
    d = 1 / notZero(numerator * d + b);
    c = notZero(b + numerator / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return 1 - factor * fraction;
}

/** I_x(a, b), the regularized incomplete beta function, by Lentz's continued fraction (Numerical Recipes, 6.4). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const factor = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return factor * fraction;
}

function notZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
