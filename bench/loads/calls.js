/**
 * Asks and replies between two processes: by a hundred at a time, and one by one. Every reply is checked.
 */
import { checkOutput, quantile } from '../run/tally.js';

export const roles = ['server', 'client'];

export async function server({ serveCalls, url, link }) {
  await serveCalls({ url });
  await link.tell('ready');
  await link.heard('end');
}

export async function client({ openCalls, params, url, link }) {
  const { n, warm, one } = params;
  await link.heard('ready');
  const { call } = await openCalls({ url });
  let next = 0;
  const callOne = async () => {
    const number = next++;
    checkOutput(number, await call(number));
  };
  const callUpTo = async (end) => {
    while (next < end) await callOne();
  };
  const abreast = (end) => Promise.all(Array.from({ length: 100 }, () => callUpTo(end)));
  await callOne();
  await abreast(warm);
  await callUpTo(next + one);
  const tookMs = [];
  for (let i = 0; i < one; i++) {
    const startedAt = performance.now();
    await callOne();
    tookMs.push(performance.now() - startedAt);
  }
  const startedAt = performance.now();
  await abreast(next + n);
  const rate = (1_000 * n) / (performance.now() - startedAt);
  return { p50: 1_000 * quantile(tookMs, 0.5), p99: 1_000 * quantile(tookMs, 0.99), rate };
}
