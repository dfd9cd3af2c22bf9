/**
 * The result of an operation that can fail: a value or an error. The runtime returns the mistakes of its user, and
 * throws for its own bugs.
 */
import type { RunProblem } from "./problem.js";

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failure<E = readonly RunProblem[]> {
  readonly ok: false;
  readonly error: E;
}

export type Result<T, E = readonly RunProblem[]> = Success<T> | Failure<E>;

export function ok<T>(value: T): Success<T> {
  return { ok: true, value };
}

export function fail<E>(error: E): Failure<E> {
  return { ok: false, error };
}
