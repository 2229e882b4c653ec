/**
 * Moleculer on its Redis transporter: calls and broadcasts at most once, nothing stored. Built-in extras (metrics, tracing, validation of
 * parameters) are left as they come: off but for the validator, which has no schema to check here.
 */
import moleculer from 'moleculer';
import { inputOf, outputOf } from '../run/tally.js';

async function join(url, nodeID, schema) {
  const broker = new moleculer.ServiceBroker({ nodeID, namespace: 'bench', transporter: url, logger: false });
  if (schema !== undefined) broker.createService(schema);
  await broker.start();
  return { broker, close: () => broker.stop() };
}

export function serveCalls({ url }) {
  return join(url, 'server', { name: 'echo', actions: { double: ({ params: { n } }) => outputOf(n) } });
}

export async function openCalls({ url }) {
  const { broker, close } = await join(url, 'client');
  await broker.waitForServices('echo');
  return { call: (n) => broker.call('echo.double', inputOf(n)), close };
}

/** The name of the parameter tells Moleculer what to hand over. */
export function hearBroadcasts({ url, onHeard }) {
  return join(url, 'server', { name: 'ear', events: { numbers: (ctx) => onHeard(ctx.params) } });
}

export async function openBroadcasts({ url }) {
  const { broker, close } = await join(url, 'client');
  await broker.waitForServices('ear');
  return { broadcast: (n) => broker.broadcast('numbers', inputOf(n)), close };
}
