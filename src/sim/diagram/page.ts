/**
 * The page around the drawing: what broke, which faults struck, how to read it, and the same in words. One file, no scripts.
 *
 * It follows the reader's light or dark, and is light on paper.
 */
import type { Attempt } from '../explore.ts';
import type { Violation } from '../ledger.ts';
import { drawHeads, drawStory, escaped } from './drawing.ts';
import { layoutOf } from './layout.ts';
import type { Story } from './story.ts';
import { pointWords } from './time-words.ts';

export interface About {
  /** Of the scenario. */
  readonly name: string;
  readonly attempt: Omit<Attempt, 'trace'>;
}

export function pageOf(story: Story, { name, attempt }: About): string {
  const layout = layoutOf(story);
  const { seed, violations, hash, steps } = attempt;
  const [first] = violations;
  const heading = `${name}: ${first === undefined ? 'nothing is broken' : headline(first)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(heading)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(heading)}</h1>
<p class="about">Seed ${seed}, ${steps} steps, trace ${hash}, Node ${process.version}. Times are virtual, since the simulation began.</p>
${list(
  'broken',
  'What does not hold',
  violations.slice(0, 5).map(({ invariant, what }) => story.cast.readable(`${invariant}: ${what}`)),
)}
${list('faults', 'What struck', faultsOf(story))}
</header>
<main style="width:${layout.width}px">
<div class="heads">${drawHeads(story, layout)}</div>
${drawStory(story, layout)}
</main>
<footer>
<p class="legend">A line is a process; a bar on it, a handler at work; <span class="fault">✕</span>, its end. A full arrow is a call, a broken one an
answer or a notice. Grey bands are time in which nothing of this story happens.</p>
<p>${story.leftOut.map(escaped).join(' ')}</p>
<details><summary>The same in words</summary><ol>
${story.items.map((item) => `<li>${escaped(`${pointWords(item.at)}  ${wordsOf(item)}`)}</li>`).join('\n')}
</ol></details>
</footer>
</body>
</html>
`;
}

const mostFaults = 12;

function faultsOf({ items }: Story): readonly string[] {
  const lines = items.flatMap((item) => {
    if (item.kind === 'band') return [`${pointWords(item.at)}: ${item.words}`];
    if (!('fault' in item) || item.fault === undefined) return [];
    const where =
      item.kind === 'arrow' ? `${item.from} → ${item.to}` : item.kind === 'mark' ? item.places.join(', ') : '';
    return [`${pointWords(item.at)}, ${where}: ${item.fault}${item.words === '' ? '' : ` (${item.words})`}`];
  });
  const more = lines.length > mostFaults ? [`and ${lines.length - mostFaults} more, each where it struck`] : [];
  return [...lines.slice(0, mostFaults), ...more];
}

/** Of a scenario or a check that threw, what it threw (explore.ts). */
const thrown: readonly string[] = ['the scenario ends', 'what the scenario promises'];

function headline({ invariant, what }: Violation): string {
  return thrown.includes(invariant) ? (what.split('\n')[0] ?? invariant) : invariant;
}

/** Who, what, and what struck. */
export function wordsOf(item: Story['items'][number]): string {
  const fault = 'fault' in item && item.fault !== undefined ? ` ⚡ ${item.fault}` : '';
  switch (item.kind) {
    case 'arrow':
      return `${item.from} → ${item.to}: ${item.words}${item.lands === 'lost' ? ' (lost)' : ''}${fault}`;
    case 'mark':
      return `${item.places.join(', ')}: ${item.words}${fault}`;
    case 'band':
      return `⚡ ${item.words}`;
    case 'start':
    case 'landing':
    case 'fold':
    case 'broken':
      return `${item.words}${fault}`;
  }
}

function list(name: string, heading: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<section class="${name}"><h2>${heading}</h2><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul></section>`;
}

const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2330; --dim: #667085; --line: #98a2b3; --fold: #f2f4f7; --run: #2e90fa; --bad: #d92d20;
  --bad-paper: #fef3f2; --warn: #b54708; --held: #fdb022; --box: #eef4ff; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161d; --ink: #e4e7ec; --dim: #98a2b3; --line: #5d6b82; --fold: #1b222d; --run: #53b1fd;
  --bad: #ff7a70; --bad-paper: #32191a; --warn: #fdb022; --held: #b97a10; --box: #1d2a44; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --dim: #555; --line: #888; --fold: #eee; --run: #2e90fa; --bad: #c01a0e;
  --bad-paper: #fff; --warn: #93370d; --held: #fdb022; --box: #fff; } .heads { position: static !important; } main { width: 100% !important; }
  svg { width: 100%; height: auto; } details { display: none; } @page { margin: 12mm; } }
body { margin: 0; padding: 20px 24px; background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
header, footer { max-width: 1000px; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 14px; margin: 14px 0 2px; } ul { margin: 0; padding-left: 20px; }
.about, .legend, footer p { color: var(--dim); } .fault, section.faults li::marker { color: var(--bad); }
section.broken { border-left: 4px solid var(--bad); background: var(--bad-paper); padding: 6px 12px; margin-top: 10px; }
section.broken h2 { margin-top: 0; color: var(--bad); } section li { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.heads { position: sticky; top: 0; background: var(--paper); border-bottom: 1px solid var(--fold); margin-top: 14px; } svg { display: block; }
text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: var(--ink); paint-order: stroke; stroke: var(--paper);
  stroke-width: 4px; stroke-linejoin: round; }
text.time { fill: var(--dim); font-size: 11px; } text.name { font-weight: bold; stroke: none; } text.reply, text.life { fill: var(--ink); }
text.run { fill: var(--run); font-weight: bold; } text.fault { fill: var(--bad); font-weight: bold; } text.late { fill: var(--warn); }
text.fold { fill: var(--dim); stroke: var(--fold); } .band text.fault { stroke: var(--bad-paper); } text.broken { fill: var(--bad); font-weight: bold; stroke: none; }
.box { fill: var(--box); stroke: var(--line); } .broker .box { fill: var(--fold); } line.life { stroke: var(--line); stroke-width: 1.5; }
line.stop { stroke: var(--ink); stroke-width: 3; } rect.run { fill: var(--run); } rect.held { fill: var(--held); } rect.cut { fill: none; stroke: var(--bad);
  stroke-dasharray: 3 3; } rect.fold { fill: var(--fold); } rect.band, rect.broken { fill: var(--bad-paper); stroke: var(--bad); }
line.arrow { stroke: var(--ink); stroke-width: 1.5; } line.reply { stroke-dasharray: 6 4; } line.lost { stroke: var(--bad); }
.tip { fill: var(--ink); } .cross { stroke: var(--bad); stroke-width: 3; fill: none; } circle { fill: var(--ink); } circle.run { fill: var(--run); }
circle.fault { fill: var(--bad); } circle.life { fill: var(--paper); stroke: var(--ink); stroke-width: 2; }
li { margin: 1px 0; } ol li { font: 12px/1.6 ui-monospace, monospace; white-space: pre-wrap; }
`;
