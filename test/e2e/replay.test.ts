/**
 * `runtime replay` as it is used: a fleet on a real Redis leaves broadcasts and a dead letter, and each is fed to its agent at a desk.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { recording } from '../unit/cli/recording.ts';
import { project, type Run, says } from './project.ts';

const desk = (message: string): string => `
  import { Agent, type Message, onMessage } from 'agent-runtime';
  export class DeskAgent extends Agent {
    static role = 'desk';
    static hosting = { kind: 'single', id: 'desk' };
    @onMessage('${message}') async note({ data }: Message) {
      await this.broadcast('desk.read', data);
    }
  }
`;

const shop = {
  'runtime.config.ts': `
    import { defineConfig } from 'agent-runtime';
    export default defineConfig({ agents: './agents' });
  `,
  'agents/desk-agent.ts': desk('note'),
  'agents/shop-agent.ts': `
    import { appendFileSync } from 'node:fs';
    import { readFile } from 'node:fs/promises';
    import { Agent, type Broadcast, onBroadcast, onTask, type Task } from 'agent-runtime';
    export class ShopAgent extends Agent {
      static role = 'shop';
      #orders = 0;
      @onBroadcast('order.*') async order({ data, id }: Broadcast) {
        this.#orders += 1;
        appendFileSync('orders.txt', \`\${id} \${this.clock.now()}\\n\`);
        await readFile('package.json', 'utf8');
        await this.withLock('till', { wait: '5s' }, async () => {
          await this.broadcast('shop.seen', { orders: this.#orders });
        });
        await this.enqueue({ role: 'shop', task: 'pack' }, data);
        await this.send('desk', 'note', data);
        this.log.info('order', { orders: this.#orders });
        if ((data as { n: number }).n === 2) throw new Error('two is too much');
      }
      @onTask('pack') pack() { return 'packed'; }
      @onTask('pay', undefined, undefined, { retries: 0 }) async pay(task: Task) {
        await task.progress(1, 2, 'asking the bank');
        await this.ask('bank', 'rate', 1).catch((error: Error) => this.log.warn(error.message));
        await fetch('http://127.0.0.1:9/pay', { method: 'POST', body: JSON.stringify(task.input) });
        return 'paid';
      }
    }
  `,
};

interface Line {
  readonly atMs?: number;
  readonly kind: string;
  readonly [field: string]: unknown;
}

async function printed(run: Run, code: number): Promise<string> {
  expect(await run.ended(), run.err()).toBe(code);
  return run.out();
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('broadcasts and a dead letter of the field are fed to an agent at a desk, and nothing that it does is done', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { folder, runtime } = await project(shop);
  const run = runtime.with({ REDIS_URL: redis.url });
  /** Commands that load no agents, in this process: each takes longer to start than to run. */
  const here = async (...args: readonly string[]): Promise<string> => {
    const context = recording({ cwd: folder, env: { REDIS_URL: redis.url } });
    expect(await runCommand(args, context), context.lines.err.join('\n')).toBe(0);
    return context.lines.out.join('\n');
  };
  const fleet = run('start');
  await says(fleet, 'the fleet is up');
  const first = await here('broadcast', 'order.new', '{"n":1}');
  await here('broadcast', 'order.new', '{"n":2}');
  const last = await here('broadcast', 'other.new', '{"n":3}');
  const letter = await here('enqueue', 'shop', 'pay', '{"n":4}');
  const isDead = async (): Promise<boolean> => (await here('dead', 'shop', '--json')).includes(letter);
  await waitFor(isDead, { what: 'the payment to be a dead letter', timeoutMs: 40_000 });
  await here('send', 'desk', 'memo', '{"n":5}');
  const deadAtDesk = (): Promise<string> => here('dead', '--agent', 'desk', '--json');
  await waitFor(async () => (await deadAtDesk()) !== '', { what: 'the memo to be a dead message', timeoutMs: 40_000 });
  const memo = String(linesOf(await deadAtDesk())[0]?.['letter']);
  fleet.child.kill('SIGTERM');
  await fleet.ended();
  const events = await here('events', '--json', '--since', '0');
  const field = linesOf(events).filter(({ topic }) => topic === 'order.new');

  const orders = readFileSync(join(folder, 'orders.txt'), 'utf8').trim().split('\n');
  const told = linesOf(await printed(run('replay', '--agent', 'shop', '--from', first, '--to', last, '--json'), 1));
  const kinds = told.filter(({ kind }) => kind !== 'fed').map(({ kind }) => kind);
  const handled = ['began', 'lock', 'broadcast', 'unlock', 'enqueue', 'send', 'log'];
  expect(kinds).toEqual([...handled, 'returned', ...handled, 'threw', 'end']);
  expect(told.filter(({ kind }) => kind === 'fed').map(({ id }) => id)).toEqual(expect.arrayContaining([first, last]));
  expect(told.find(({ kind }) => kind === 'enqueue')).toMatchObject({ to: 'shop', name: 'pack', data: { n: 1 } });
  expect(told.find(({ kind }) => kind === 'threw')?.['stack']).toMatch(/two is too much[\s\S]*shop-agent\.ts:\d+/);
  expect(told.at(-1)).toMatchObject({ kind: 'end', returned: 1, threw: 1, unfinished: 0, more: 0 });
  const times = told.flatMap(({ atMs }) => (atMs === undefined ? [] : [atMs]));
  expect(times).toEqual(times.toSorted((a, b) => a - b));

  const again = readFileSync(join(folder, 'orders.txt'), 'utf8').trim().split('\n').slice(orders.length);
  const seen = again.map((line) => line.split(' ').map((word) => Number(word.split('-')[0])));
  for (const [id = 0, clock = 0] of seen) expect(clock - id).toBeLessThan(100); // its clock shows the time of the record
  expect(field.map(({ id }) => id)).toEqual(again.map((line) => line.split(' ')[0]));

  const shown = await printed(run('replay', '--agent', 'shop', '--dead', letter), 1);
  expect(shown).toMatch(/task pay from cli .*{"n":4}\n[\s\S]*tells its progress[\s\S]*asks rate to bank/);
  expect(shown).toMatch(/logs warn: expected agent "bank" to be live/);
  expect(shown).toMatch(/request POST http:\/\/127\.0\.0\.1:9\/pay {2}\(refused\)\n.*threw fetch failed\n/);
  expect(shown.trim().split('\n').at(-1)).toBe('fed 1 record: 0 handlers returned, 1 threw');

  expect(await printed(run('replay', '--agent', 'desk', '--dead', memo), 1)).toMatch(
    /message memo from cli .*{"n":5}\n.*dead letter \(no-handler\).*\nfed 1 record: 0 handlers returned, 0 threw/,
  );
  writeFileSync(join(folder, 'agents', 'desk-agent.ts'), desk('memo'));
  expect(await printed(run('replay', '--agent', 'desk', '--dead', memo), 0)).toMatch(
    /desk handles message memo\n.*broadcasts desk\.read {2}{"n":5}\n.*returned\nfed 1 record: 1 handler returned/,
  );

  expect(await here('events', '--json', '--since', '0')).toBe(events);
  const bounded = run('replay', '--agent', 'shop', '--from', first, '--most', '1');
  expect(await printed(bounded, 0)).toContain('fed 1 record: 1 handler returned, 0 threw');
  expect(bounded.err()).toMatch(/\d+ more events of the range were not fed \(--most\)/);

  const wrong = async (code: number, words: RegExp, ...args: readonly string[]): Promise<void> => {
    const attempt = run('replay', '--agent', ...args);
    expect(await attempt.ended()).toBe(code);
    expect(attempt.err()).toMatch(words);
  };
  await Promise.all([
    wrong(64, /to be a role of the configuration, got: "nobody"\n +There are: desk, shop/, 'nobody', '--from', first),
    wrong(64, /expected --from <id> or --dead <id>, got: neither/, 'shop'),
    wrong(64, /to be the earlier one/, 'shop', '--from', last, '--to', first),
    wrong(1, /to be the id of an event of the stream, got: 1-1/, 'shop', '--from', '1-1'),
    wrong(1, /expected 1-1 to be a dead message of desk, got: no such one/, 'desk', '--dead', '1-1'),
    wrong(1, /to be a dead letter of shop, got: no such one/, 'shop', '--dead', 'shop.n.1-1'),
  ]);
  await redis.stop();
  await wrong(69, /expected Redis to be reachable/, 'shop', '--dead', letter);
}, 120_000);
