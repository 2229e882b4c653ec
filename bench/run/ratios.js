/**
 * From figures to rows: the ratio of each pair that was measured side by side, their median, and what it has met. Pure.
 */

/** `pairs` are `[ours, theirs]`, one for each repetition. */
export function resultOf(row, pairs) {
  const ratios = pairs.map(([ours, theirs]) => ours / theirs);
  const median = medianOf(ratios);
  const met = (wanted) => (row.less ? median <= wanted : median >= wanted);
  return {
    name: row.name,
    ours: medianOf(pairs.map(([ours]) => ours)),
    peer: medianOf(pairs.map(([, theirs]) => theirs)),
    peerName: row.peer ?? 'the floor itself',
    unit: row.unit,
    less: row.less === true,
    ratio: { median, min: Math.min(...ratios), max: Math.max(...ratios) },
    floor: row.floor,
    goal: row.goal,
    floorMet: met(row.floor),
    goalMet: met(row.goal),
  };
}

/** The middle one, or the mean of the two in the middle. */
export function medianOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[Math.floor(middle)];
}
