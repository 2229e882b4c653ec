/**
 * Ids of stream entries, `<ms>-<seq>`: how any two of them compare.
 *
 * Ids of one stream grow; `'0'` is before all of them. Text comparison would put `10-0` before `9-0`.
 */

/** Negative when `a` is before `b`, 0 when they are the same, positive when it is behind. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs, aSeq] = split(a);
  const [bMs, bSeq] = split(b);
  return aMs - bMs || aSeq - bSeq;
}

function split(id: string): [number, number] {
  const dash = id.indexOf('-');
  return dash < 0 ? [Number(id), 0] : [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}
