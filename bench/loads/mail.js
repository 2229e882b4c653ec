/**
 * Messages to many agents of one process, at most 1,000 unhandled at a time; then one by one, from the send to the handler.
 */
import { Meter } from '../run/meter.js';
import { quantile, Tally } from '../run/tally.js';

export const roles = ['alone'];
const window = 1_000;

export async function alone({ openMail, params, url }) {
  const { n, warm, one, agents } = params;
  const tally = new Tally();
  const onMessage = (data) => {
    tally.work(data);
    tally.end();
  };
  const mail = await openMail({ url, agents, onMessage });
  let next = 0;
  const send = async (count) => {
    const end = next + count;
    const sender = async () => {
      while (next < end) {
        const number = next++;
        const stored = mail.send(number);
        await Promise.all([stored, number < window ? undefined : tally.reached(number - window + 1)]);
      }
    };
    await Promise.all(Array.from({ length: window }, sender));
    await tally.reached(end);
  };
  await send(warm);
  const tookMs = [];
  for (let i = 0; i < 2 * one; i++) {
    const startedAt = performance.now();
    const stored = mail.send(next++);
    await tally.reached(next);
    if (i >= one) tookMs.push(tally.lastAt - startedAt);
    await stored;
  }
  const meter = new Meter(url);
  await meter.start();
  const startedAt = performance.now();
  await send(n);
  const rate = (1_000 * n) / (tally.lastAt - startedAt);
  const costs = await meter.stop(n);
  tally.check(next);
  return { rate, p50: 1_000 * quantile(tookMs, 0.5), ...costs };
}
