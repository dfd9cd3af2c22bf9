/** Numbers, byte counts, durations and lists as text. */
import { formatInteger, listFirst } from "../schema/counts.js";

export { formatCount, formatInteger, listFirst } from "../schema/counts.js";

/** "line 3", "lines 3, 8, and 2 more". */
export function formatLines(lines: readonly number[]): string {
  return `${lines.length === 1 ? "line" : "lines"} ${listFirst(lines.map(String), 5)}`;
}

/** Four significant digits: 0.7531, 12.04, 1.3e-5. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** Steps per second: 9.456, 1,024. */
export function formatSpeed(value: number): string {
  return value >= 10 ? formatInteger(value) : formatNumber(value);
}

/** 95_600_000_000 → 95.6 G */
export function formatSI(value: number): string {
  return formatScaled(value, 1000, ["", " k", " M", " G", " T", " P"]);
}

/** 65536 → 64 KiB */
export function formatBytes(value: number): string {
  return formatScaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
}

function formatScaled(value: number, base: number, units: readonly string[]): string {
  let scaledValue = value;
  let unit = 0;
  // A number that would round up to the base belongs to the next unit.
  while (Math.abs(scaledValue) >= base - 0.5 && unit < units.length - 1) {
    scaledValue /= base;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(scaledValue) >= 100 ? 0 : 1;
  return `${scaledValue.toLocaleString("en-US", { maximumFractionDigits: digits })}${units[unit] ?? ""}`;
}

/** 95 → 1 min 35 s */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const totalSeconds = Math.round(seconds);
  if (totalSeconds < 60) return `${totalSeconds} s`;
  if (totalSeconds < 3600) return `${Math.floor(totalSeconds / 60)} min ${totalSeconds % 60} s`;
  return `${formatInteger(Math.floor(totalSeconds / 3600))} h ${Math.floor((totalSeconds % 3600) / 60)} min`;
}
