/**
 * The drawing: a story and its layout as SVG. Colours are classes, so that the page decides on light, dark and paper.
 *
 * Stripes first, then lines, bars, and arrows with their words, each word with a halo of the paper's colour: whatever crosses, words stay
 * readable.
 */
import { fitting, type Layout, lineHeight, type Placed } from './layout.ts';
import type { Life, Span } from './lives.ts';
import type { Arrow, Item } from './row.ts';
import type { Story } from './story.ts';
import { pointWords } from './time-words.ts';

const bar = 9;

/** The names of the columns, apart, so that they can stay in sight. */
export function drawHeads({ places }: Story, { width, x }: Layout): string {
  const heads = places.map((place) =>
    head(place, x(place), 22, ['broker', 'outside'].includes(place) ? 'head broker' : 'head'),
  );
  return svg(width, 40, 'columns', heads.join('\n'));
}

export function drawStory(story: Story, layout: Layout): string {
  const stripes = layout.placed.map((placed) => drawStripe(placed, layout)).filter((stripe) => stripe !== '');
  const lines = story.lives.map((life) => drawLife(life, layout));
  const always = story.places.filter((place) => !story.lives.some((life) => life.place === place));
  const through = always.map((place) => line('life', [layout.x(place), 0], [layout.x(place), layout.lifeEnd]));
  const bars = drawBars(story, layout);
  const items = layout.placed.map((placed, index) => drawItem(placed, layout, layout.placed[index - 1]?.item));
  return svg(
    layout.width,
    layout.height,
    'the sequence of the failure',
    [...stripes, ...through, ...lines, ...bars, ...items].join('\n'),
  );
}

function drawLife({ place, from, to, end, held, cut }: Life, layout: Layout): string {
  const x = layout.x(place);
  const [top, bottom] = [startY(place, from, layout), end === undefined ? layout.lifeEnd : layout.endY(to)];
  const spans = (list: readonly Span[], name: string): string[] =>
    list.map((span) =>
      rect(name, [x - 4, layout.y(span.from)], [8, Math.max(3, layout.y(span.to) - layout.y(span.from))]),
    );
  const cross =
    end === 'crash'
      ? [crossAt(x, bottom, 'death')]
      : end === 'stop'
        ? [line('stop', [x - 8, bottom], [x + 8, bottom])]
        : [];
  return [line('life', [x, top], [x, bottom]), ...spans(held, 'held'), ...spans(cut, 'cut'), ...cross].join('\n');
}

/** From its box on, when it has one. */
function startY(place: string, from: number, layout: Layout): number {
  const box = layout.placed.find(({ item }) => item.kind === 'start' && item.place === place && item.at === from);
  return box === undefined ? 0 : box.y + 11;
}

function drawBars({ runs, lives }: Story, layout: Layout): readonly string[] {
  return runs.flatMap((run) => {
    const row = layout.placed.find(
      ({ item }) =>
        item.kind === 'mark' && item.tone === 'run' && item.at === run.at && item.places.includes(run.place),
    );
    if (row === undefined) return [];
    const death =
      lives.find(({ place, from, to }) => place === run.place && from <= run.at && run.at <= to)?.to ?? Infinity;
    const to = Math.min(run.endedAt ?? Infinity, death);
    const bottom = to === Infinity ? layout.lifeEnd : layout.endY(to);
    return [rect('run', [layout.x(run.place) - bar / 2, row.y], [bar, Math.max(6, bottom - row.y)])];
  });
}

/** A time is told once, however much happens in it. */
function drawItem(placed: Placed, layout: Layout, before: Item | undefined): string {
  const { item, y } = placed;
  const isTold = before !== undefined && before.kind !== 'fold' && pointWords(before.at) === pointWords(item.at);
  const isPoint = item.kind !== 'fold' && item.kind !== 'broken' && !isTold;
  const time = isPoint ? words('time', 80, y + 4, pointWords(item.at), 'end') : '';
  return `<g class="${item.kind}">${title(item)}${time}${shape(placed, layout)}</g>`;
}

/** Behind everything else. */
function drawStripe({ item, top, bottom }: Placed, { width }: Layout): string {
  if (item.kind !== 'fold' && item.kind !== 'band') return '';
  const inset = item.kind === 'fold' ? 5 : 3;
  return rect(item.kind, [88, top + inset], [width - 96, bottom - top - 2 * inset]);
}

function shape({ item, y, top, bottom }: Placed, layout: Layout): string {
  const { width, x } = layout;
  switch (item.kind) {
    case 'arrow':
      return drawArrow(item, y, layout);
    case 'landing': {
      const at = x(item.of.to);
      return label(['words late', at + 12, y + 4], item.words, width);
    }
    case 'mark': {
      const [first = ''] = item.places;
      const at = x(first);
      const dots = item.places.map((place) => circle(item.tone, x(place), y));
      const text = item.words === '' ? '' : label([`words ${item.tone}`, at + 14, y + 4], item.words, width);
      const below = item.words === '' ? y + 4 : y + 4 + lineHeight;
      const fault = item.fault === undefined ? '' : label(['words fault', at + 14, below], `⚡ ${item.fault}`, width);
      return `${dots.join('')}${text}${fault}`;
    }
    case 'start':
      return head(item.words, x(item.place), y, 'head');
    case 'band':
      return label(['words fault', 104, y + 4], `⚡ ${item.words}`, width);
    case 'fold':
      return label(['words fold', 104, y + 4], item.words, width);
    case 'broken':
      return `${rect('broken', [8, top + 2], [width - 16, bottom - top - 4])}${label(['words broken', 22, y + 4], `✗ ${item.words}`, width)}`;
  }
}

function drawArrow(arrow: Arrow, y: number, layout: Layout): string {
  const [from, to] = [layout.x(arrow.from), layout.x(arrow.to)];
  const isLost = arrow.lands === 'lost';
  const end = typeof arrow.lands === 'number' ? landingY(arrow, layout) : y;
  const tip = isLost ? from + (to - from) * 0.6 : to + (to > from ? -1 : 1) * 6;
  const path = `${line(`arrow ${arrow.line}${isLost ? ' lost' : ''}`, [from, y], [tip, end])}${isLost ? crossAt(tip, end, 'lost') : arrowHead([from, y], [tip, end])}`;
  const left = Math.min(from, to) + 12;
  const text = label([`words ${arrow.line}`, left, y - 6], arrow.words, layout.width);
  const fault =
    arrow.fault === undefined
      ? ''
      : label(['words fault', left, y + lineHeight - 2], `⚡ ${arrow.fault}`, layout.width);
  return `${path}${circle('from', from, y)}${text}${fault}`;
}

function landingY(arrow: Arrow, layout: Layout): number {
  const landing = layout.placed.find(({ item }) => item.kind === 'landing' && item.of === arrow);
  return landing?.y ?? layout.y(arrow.at);
}

type Point = readonly [x: number, y: number];

function svg(width: number, height: number, name: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${name}">\n${body}\n</svg>`;
}

function head(text: string, x: number, y: number, name: string): string {
  const width = Math.max(72, text.length * 8 + 22);
  return `<g class="${name}">${rect('box', [x - width / 2, y - 13], [width, 26], 6)}${words('name', x, y + 5, text, 'middle')}</g>`;
}

function label([name, x, y]: readonly [name: string, x: number, y: number], text: string, width: number): string {
  return words(name, x, y, fitting(text, width - x - 10));
}

function words(name: string, x: number, y: number, text: string, anchor?: 'middle' | 'end'): string {
  return `<text class="${name}" x="${round(x)}" y="${round(y)}"${anchor ? ` text-anchor="${anchor}"` : ''}>${escaped(text)}</text>`;
}

function line(name: string, [x1, y1]: Point, [x2, y2]: Point): string {
  return `<line class="${name}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function rect(name: string, [x, y]: Point, [width, height]: Point, radius = 3): string {
  return `<rect class="${name}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`;
}

function circle(name: string, x: number, y: number): string {
  return `<circle class="${name}" cx="${round(x)}" cy="${round(y)}" r="${name === 'from' ? 2.5 : 5}"/>`;
}

function crossAt(x: number, y: number, name: string): string {
  const size = name === 'death' ? 9 : 6;
  return `<path class="cross ${name}" d="M${round(x - size)} ${round(y - size)}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}"/>`;
}

function arrowHead([x1, y1]: Point, [x2, y2]: Point): string {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const corner = (turn: number): string =>
    `${round(x2 - 9 * Math.cos(angle + turn))} ${round(y2 - 9 * Math.sin(angle + turn))}`;
  return `<path class="tip" d="M${round(x2)} ${round(y2)}L${corner(0.42)}L${corner(-0.42)}z"/>`;
}

function title(item: Item): string {
  const fault = 'fault' in item && item.fault !== undefined ? ` (${item.fault})` : '';
  return `<title>${escaped(`${pointWords(item.at)}: ${item.words}${fault}`)}</title>`;
}

export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (sign) => names[sign] ?? sign);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
