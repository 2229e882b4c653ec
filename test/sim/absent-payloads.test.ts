/**
 * A payload that is absent stays absent on its way: what the sender's check let through passes the receiver's too.
 */
import {
  Agent,
  defineMessage,
  defineTask,
  onMessage,
  onTask,
  type Message,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { World } from './world.ts';

const optional = z.object({ size: z.number() }).optional();
const measure = defineTask('measure', { role: 'meter', input: optional, output: z.string() });
const look = defineMessage('look', { data: optional, reply: z.string() });

class MeterAgent extends Agent {
  @onTask(measure) async measure(task: Task<typeof measure>) {
    return typeof task.input;
  }
  @onMessage(look) look(message: Message<typeof look>) {
    return typeof message.data;
  }
}
class EyeAgent extends MeterAgent {
  static readonly role: string = 'meter';
}

test('a task and an ask without data reach a schema that allows it as undefined', async () => {
  const world = new World();
  await world.start('n1', [pool(MeterAgent)]);
  const { fleet } = await world.connect();
  expect(await world.until(fleet.run(measure, undefined))).toBe('undefined');
  const other = new World();
  await other.start('n1', [single(EyeAgent, { id: 'eye' })]);
  const client = await other.connect();
  expect(await other.until(client.fleet.ask('eye', look, undefined))).toBe('undefined');
});
