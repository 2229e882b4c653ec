/**
 * What an agent did in a replay, as lines for people: the virtual time, what it did, and with what.
 *
 * Apart from the command, so that what is printed can be read in one place.
 */
import type { Effect } from '../../replay/effects.ts';
import { bad, faint, name as named } from './colours.ts';
import { inline, plain, plainLines } from './text.ts';

/** One line, and below an error its stack. */
export function effectLines(effect: Effect): readonly string[] {
  const head = faint(`${(effect.at / 1_000).toFixed(3).padStart(9)} s  `);
  const below = effect.kind === 'threw' ? plainLines(effect.stack).split('\n') : [];
  return [`${head}${wordsOf(effect)}`.trimEnd(), ...below.map((line) => faint(`${' '.repeat(13)}${line}`))];
}

function wordsOf(effect: Effect): string {
  switch (effect.kind) {
    case 'fed':
      return `${effect.what} ${named(plain(effect.name))} from ${plain(effect.from)} (${plain(effect.id)})  ${faint(inline(effect.data))}`;
    case 'began':
      return `  ${plain(effect.agent)} handles ${effect.handles} ${named(plain(effect.name))}`;
    case 'returned':
      return `  returned${effect.value === undefined ? '' : ` ${faint(inline(effect.value))}`}`;
    case 'threw':
      return `  ${bad('threw')} ${plain(effect.error.message)}`;
    case 'dead':
      return `  ${bad('dead letter')} (${plain(effect.reason)}): ${plain(effect.error.message)}`;
    case 'enqueue':
    case 'send':
    case 'ask':
      return `    ${verbs[effect.kind]} ${named(plain(effect.name))} to ${plain(effect.to)}  ${faint(inline(effect.data))}`;
    case 'broadcast':
      return `    broadcasts ${named(plain(effect.name))}  ${faint(inline(effect.data))}`;
    case 'progress':
      return `    tells its progress  ${faint(inline(effect.data))}`;
    case 'log':
      return `    logs ${effect.level}: ${plain(effect.message)}  ${effect.data === undefined ? '' : faint(inline(effect.data))}`;
    case 'request':
    case 'connection':
      return `    ${effect.kind} ${plain(effect.what)}  ${faint('(refused)')}`;
    case 'lock':
    case 'unlock':
    case 'schedule':
    case 'spawn':
    case 'cancel':
      return `    ${verbs[effect.kind]} ${named(plain(effect.name))}`;
  }
}

const verbs = {
  enqueue: 'enqueues',
  send: 'sends',
  ask: 'asks',
  lock: 'locks',
  unlock: 'unlocks',
  schedule: 'sets the schedule',
  spawn: 'spawns',
  cancel: 'cancels',
} as const;
