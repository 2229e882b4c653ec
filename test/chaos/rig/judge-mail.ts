/**
 * Messages and broadcasts, judged: nothing accepted is missing, nothing comes twice without a mark, and what has an order keeps it.
 */
import { compareEntryIds } from '../../../src/broker/entry-id.ts';
import type { Line, Numbered } from './contracts.ts';
import type { Violation } from './figures.ts';
import type { AcceptedCast } from './load.ts';
import { groupBy, linesOf } from './judge-tasks.ts';

type Sent = Numbered & { readonly to: string };
const nameOf = ({ from, seq, to }: Sent): string => `${from}#${seq} to ${to}`;

/** Accepted and never handled. */
export function messagesLost(lines: readonly Line[], sent: readonly Sent[]): Violation[] {
  const handled = new Set(linesOf(lines, 'mail').map(nameOf));
  return sent
    .filter((message) => !handled.has(nameOf(message)))
    .map((message) => ({
      figure: 'messagesLost',
      key: nameOf(message),
      story: `message ${nameOf(message)} was accepted and never handled`,
    }));
}

/**
 * Handled twice without a mark, or twice in one activation, or out of its sender's order. A frozen node that goes on may handle an
 * unmarked one after its successor has handled it, marked: that is one of each.
 */
export function messagesTwice(lines: readonly Line[]): Violation[] {
  const handled = linesOf(lines, 'mail');
  const violation = (key: string, what: string, of: readonly Line[]): Violation => ({
    figure: 'messagesTwice',
    key,
    story: `${what}:\n${of.map((line) => `    ${JSON.stringify(line)}`).join('\n')}`,
  });
  const unmarked = [...groupBy(handled, nameOf)]
    .filter(([, times]) => times.filter(({ again }) => !again).length > 1)
    .map(([name, times]) => violation(`twice ${name}`, `message ${name} was handled again unmarked`, times));
  const perActivation = [...groupBy(handled, ({ inst, from, to }) => `${inst} ${from} ${to}`)];
  const disordered = perActivation.flatMap(([stream, times]) =>
    times.flatMap((line, at) => {
      const before = times[at - 1];
      if (before === undefined || before.seq < line.seq) return [];
      return [
        violation(`order ${stream} ${line.seq}`, `a message came out of order, or twice, in ${stream}`, [before, line]),
      ];
    }),
  );
  return [...unmarked, ...disordered];
}

/**
 * Each start of a listener hears one stretch of the stream without a hole: from the first event that it heard to the last one, or to
 * `marker` when it is still up. A gap notice lets the stretch begin anew.
 */
export function broadcastsBroken(
  lines: readonly Line[],
  accepted: readonly string[],
  alive: { readonly insts: ReadonlySet<string>; readonly marker: string },
): Violation[] {
  const stream = accepted.toSorted(compareEntryIds);
  const place = new Map(stream.map((id, index) => [id, index]));
  const perListener = groupBy(
    lines.filter((line) => line.t === 'heard' || line.t === 'gap'),
    ({ inst }) => inst,
  );
  const deaf = [...alive.insts]
    .filter((inst) => !perListener.has(inst))
    .map((inst) => broken('broadcastsMissing', inst, alive.marker, 'it never heard anything'));
  return [
    ...deaf,
    ...[...perListener].flatMap(([inst, heard]) => judgeListener(inst, heard, { stream, place, alive })),
  ];
}

interface Stream {
  readonly stream: readonly string[];
  readonly place: ReadonlyMap<string, number>;
  readonly alive: { readonly insts: ReadonlySet<string>; readonly marker: string };
}

function judgeListener(
  inst: string,
  heard: readonly Extract<Line, { t: 'heard' | 'gap' }>[],
  { stream, place, alive }: Stream,
): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  let last: string | undefined;
  let next: number | undefined;
  const missUntil = (end: number): void => {
    for (let at = next ?? end; at < end; at++)
      violations.push(broken('broadcastsMissing', inst, stream[at] ?? '', `it heard ${last} before`));
  };
  for (const line of heard) {
    if (line.t === 'gap') {
      next = undefined;
      continue;
    }
    const { id } = line;
    if (seen.has(id)) violations.push(broken('broadcastsRepeated', inst, id, 'it heard it before'));
    else if (last !== undefined && compareEntryIds(id, last) < 0)
      violations.push(broken('broadcastsOutOfOrder', inst, id, `it heard ${last} before`));
    else {
      const at = place.get(id); // one that was refused may be in the stream all the same, and has no place in ours
      if (at !== undefined) {
        missUntil(at);
        next = at + 1;
      }
      last = id;
    }
    seen.add(id);
  }
  const end = place.get(alive.marker);
  if (alive.insts.has(inst) && end !== undefined && next !== undefined && next <= end) missUntil(end + 1);
  return violations;
}

function broken(figure: Violation['figure'], inst: string, id: string, why: string): Violation {
  return { figure, key: `${figure} ${inst} ${id}`, story: `${figure}: listener ${inst}, event ${id}: ${why}` };
}

/** From an agent being up to it hearing everything. */
const earsOpenMs = 1_000;

type Heard = Extract<Line, { t: 'heard' | 'gap' }>;
/** In milliseconds of the server's clock. */
const storedAt = (id: string): number => Number(id.split('-')[0]);
const wordsOf = ({ from, seq }: Numbered): string => `${from}#${seq}`;

/** Where data may have been lost: whoever is up hears everything that was accepted since it was, once, and in the order of the stream. */
export function broadcastsDestroyed(
  lines: readonly Line[],
  accepted: readonly (AcceptedCast | Extract<Line, { t: 'cast' }>)[],
  alive: ReadonlySet<string>,
): Violation[] {
  const upAt = new Map(linesOf(lines, 'up').map(({ inst, at }) => [inst, at]));
  const lag = Math.min(...linesOf(lines, 'heard').map(({ id, at }) => at - storedAt(id)));
  // Who sends hears late what was in the stream long before: because it stood still, or because no copy confirmed it.
  const castAt = (cast: AcceptedCast): number => Math.min(cast.at, storedAt(cast.id) + lag);
  const heard = groupBy(
    lines.filter((line): line is Heard => line.t === 'heard' || line.t === 'gap'),
    ({ inst }) => inst,
  );
  const violation = (figure: Violation['figure'], inst: string, what: string): Violation => ({
    figure,
    key: `${figure} ${inst} ${what}`,
    story: `${figure}: listener ${inst}: ${what}`,
  });
  const missing = [...alive].flatMap((inst) => {
    const own = heard.get(inst) ?? [];
    const words = new Set(linesOf(own, 'heard').map(wordsOf));
    const gapAt = linesOf(own, 'gap').at(-1)?.at ?? 0;
    const since = Math.max((upAt.get(inst) ?? 0) + earsOpenMs, gapAt);
    return accepted
      .filter((cast) => castAt(cast) > since && !words.has(wordsOf(cast)))
      .map((cast) => violation('broadcastsMissing', inst, `${wordsOf(cast)}, ${cast.id}, is missing`));
  });
  const disordered = [...heard].flatMap(([inst, own]) => {
    const seen = new Map<string, string>();
    return linesOf(own, 'heard').flatMap((line, at, all) => {
      const [words, before] = [wordsOf(line), all[at - 1]];
      const first = seen.get(words);
      seen.set(words, line.id);
      if (first !== undefined && !line.again)
        return [violation('broadcastsRepeated', inst, `${words} came as ${first} and as ${line.id}`)];
      if (before !== undefined && compareEntryIds(line.id, before.id) <= 0)
        return [violation('broadcastsOutOfOrder', inst, `${line.id} came behind ${before.id}`)];
      return [];
    });
  });
  return [...missing, ...disordered];
}
