/**
 * The whole vocabulary, and how a history chooses from it.
 *
 * Each history prefers some words and never says others, so that histories differ in what meets what.
 */
import type { Chance } from '../chance.ts';
import { lockWords, presenceWords, scheduleWords } from './fleet.ts';
import { foreignWords, outsiderWords } from './foreign.ts';
import { outgoingWords, quarantineWords } from './outgoing.ts';
import { mailWords, noticeWords } from './post.ts';
import { controlWords, queueWords } from './steering.ts';
import { eventWords, logWords } from './streams.ts';
import { taskWords } from './tasks.ts';
import type { Word } from './word.ts';

export const vocabulary: readonly Word[] = [
  ...taskWords,
  ...queueWords,
  ...controlWords,
  ...mailWords,
  ...noticeWords,
  ...eventWords,
  ...lockWords,
  ...presenceWords,
  ...logWords,
  ...scheduleWords,
  ...foreignWords,
  ...outgoingWords,
  ...quarantineWords,
  ...outsiderWords,
];

/** Without these nothing else comes about. */
const needed: ReadonlySet<string> = new Set([
  'tasks.enqueue',
  'tasks.claim',
  'presence.join',
  'presence.activate',
  'foreign.hold',
  'foreign.look',
  'foreign.take',
  'outsider.push',
]);

/** What is said of foreign agents hangs together: some histories say much of them, others nothing. */
const ofForeign: ReadonlySet<string> = new Set(['foreign', 'outgoing', 'quarantine', 'outsider']);

export interface Weighted {
  readonly word: Word;
  readonly weight: number;
}

/** The words of one history. */
export function chosenWords(chance: Chance): readonly Weighted[] {
  const foreign = chance.of(0, 0, 0.7, 2.5);
  const ports = new Map(
    vocabulary.map(({ port }) => [port, ofForeign.has(port) ? foreign : chance.of(0.3, 1, 1, 3)] as const),
  );
  return vocabulary.map((word) => {
    const name = `${word.port}.${word.method}`;
    const own = needed.has(name) ? 1 : chance.of(0, 1, 1, 1, 2);
    return { word, weight: word.weight * own * (ports.get(word.port) ?? 1) };
  });
}

export function draw(words: readonly Weighted[], chance: Chance): Word | undefined {
  let left = chance.below(1_000_000) / 1_000_000;
  const all = words.reduce((sum, { weight }) => sum + weight, 0);
  for (const { word, weight } of words) {
    left -= weight / all;
    if (left < 0) return word;
  }
  return words.at(-1)?.word;
}
