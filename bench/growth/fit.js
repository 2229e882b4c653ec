/**
 * How a cost grows with what there is of something: the slope of its logarithm over the logarithm of the size, and what that allows to
 * say. Pure.
 *
 * A slope of 0 is a cost that stays, 1 one that grows as the size does. The first size is left out: there is nothing, or so little that
 * what has to be paid once is most of it.
 */

/** What measuring alone may make of a cost that stays: 1.4 times as much for ten times the size. */
export const tolerance = 0.15;
/** The last step by itself may be steeper, since one point that is wrong shows in it: 3.2 times for ten times the size. */
export const lastTolerance = 0.5;

/**
 * The least-squares slope; 0 where there are fewer than two points. Costs below `grain` count as that much: they cannot be told from none.
 *
 * @param {{ size: number, cost: number }[]} points
 */
export function exponentOf(points, grain = 0) {
  const logs = points.map(({ size, cost }) => [Math.log(size), Math.log(Math.max(cost, grain))]);
  const mean = (at) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return spread > 0 ? logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / spread : 0;
}

/**
 * The curve of one figure. `points` are of growing size; one whose value is undefined was not measured. A figure that `isRate` is the
 * better the more it is, so its cost is one over it; `most` is the exponent that is allowed: 1 where the cost is that of all there is.
 */
export function curveOf({ name, unit, isRate = false, most = 0, grain = 0.01, from = 0, projectTo, isTotal }, points) {
  const known = points.filter(({ value }) => value !== undefined);
  const first = points[0]?.size;
  const costs = known
    .filter(({ size }) => size >= from && size > 0 && size !== first)
    .map(({ size, value }) => ({ size, cost: isRate ? 1 / value : value }));
  const least = isRate ? 0 : grain;
  const exponent = exponentOf(costs, least);
  const last = exponentOf(costs.slice(-2), least);
  const flat = exponent <= most + tolerance && last <= most + lastTolerance;
  return {
    name,
    unit,
    points: known,
    exponent,
    last,
    most,
    flat,
    ...(projectTo !== undefined && { projection: projectionOf(costs, exponent, projectTo, isTotal) }),
  };
}

/** From the largest size that was measured along the slope; a cost that seems to fall is taken to stay. `isTotal`: of all there is. */
function projectionOf(costs, exponent, size, isTotal = false) {
  const from = costs.at(-1);
  if (from === undefined) return undefined;
  const value = from.cost * (size / from.size) ** Math.max(0, exponent);
  return { size, value: isTotal ? size * value : value, isTotal };
}
