/**
 * Which faults a round gets: a pure function of seed and round, so that a round that failed can be had again.
 *
 * Kinds are dealt from shuffled decks, so that in a long run each fires about as often as any other.
 */
import { SeededRandom } from '../../../src/sim/seeded-random.ts';

/** The `count` kinds of round `round`, dealt from decks that are shuffled by the seed. */
export function deal<Kind extends string>(
  seed: number,
  round: number,
  kinds: readonly Kind[],
  count: number,
): readonly Kind[] {
  const dealt: Kind[] = [];
  for (let card = round * count; card < (round + 1) * count; card++) {
    const deck = shuffled(seed, Math.floor(card / kinds.length), kinds);
    const kind = deck[card % kinds.length];
    if (kind !== undefined) dealt.push(kind);
  }
  return dealt;
}

function shuffled<Kind extends string>(seed: number, deck: number, kinds: readonly Kind[]): readonly Kind[] {
  const random = new SeededRandom(seed * 7_919 + deck);
  return kinds
    .map((kind) => ({ kind, at: random.fraction(`deck/${kind}`) }))
    .sort((a, b) => a.at - b.at)
    .map(({ kind }) => kind);
}
