/** The style sheet of the report, in light colors for print too. */
import { fontFamily, lightPaletteCss } from "../palette.js";

export const style = `
${lightPaletteCss()}* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--background); font: 15px/1.55 ${fontFamily}; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; font-weight: 650; letter-spacing: -0.01em; margin: 0; }
h2 { font-size: 17px; font-weight: 650; margin: 44px 0 14px; padding-top: 18px; border-top: 1px solid var(--line); }
h3 { font-size: 14px; font-weight: 600; margin: 22px 0 0; }
p { margin: 6px 0; }
.muted { color: var(--muted-text); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 24px; }
.card { background: var(--panel); border-radius: 10px; padding: 14px 16px; }
.card b { display: block; font-size: 22px; font-weight: 620; font-variant-numeric: tabular-nums; }
.card span { color: var(--muted-text); font-size: 13px; }
.charts { display: flex; flex-wrap: wrap; gap: 20px 28px; align-items: flex-start; }
.charts svg, .drawing svg { max-width: 100%; height: auto; }
.drawing, .wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--muted-text); padding: 4px 24px 4px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 5px 24px 5px 0; border-bottom: 1px solid var(--panel); vertical-align: top; }
.number { text-align: right; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
pre { background: var(--panel); border-radius: 8px; padding: 12px 14px; white-space: pre-wrap; overflow-wrap: anywhere; margin: 8px 0; }
td code { white-space: pre-wrap; overflow-wrap: anywhere; }
.wrong { background: color-mix(in srgb, var(--validation) 30%, transparent); border-radius: 2px; }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--accent); }
footer { margin-top: 56px; color: var(--muted-text); font-size: 13px; }
@media print { main { max-width: none; padding: 0; } section { break-inside: avoid; } }
`;
