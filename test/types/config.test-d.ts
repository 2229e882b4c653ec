/**
 * The configuration: what may be written, and what does not compile.
 */
import { Agent, defineConfig, group, onTask, pool, single, type Task } from 'agent-runtime';

class AuditAgent extends Agent {
  @onTask('audit') audit(_task: Task): void {}
}
class NeedyAgent extends Agent {
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
}
declare const environment: { readonly REDIS_URL?: string };

export const full = defineConfig({
  redis: environment.REDIS_URL,
  fleet: 'shop',
  classic: true,
  tls: { ca: './ca.pem', insecure: false },
  agents: [pool(AuditAgent, { size: 3, concurrency: 2 }), single(AuditAgent, { id: 'docs' })],
  timing: { presenceLease: '5s', heartbeat: 1_500, drainGrace: '25s' },
  limits: { events: 1_000, eventsAge: '1d', inbox: 10, maxWaiting: 10 },
  queues: { audit: { concurrency: 5, rate: { max: 100, per: '1m' } } },
});
export const supervised = defineConfig({
  agents: [
    group('outer', 'rest-for-one', [group('inner', 'one-for-all', [pool(AuditAgent, { restart: 'temporary' })])], {
      intensity: { restarts: 3, period: '1m' },
      backoff: { base: '1s', jitter: false },
    }),
    single(AuditAgent, { restart: 'transient', intensity: { restarts: 0 }, backoff: '1s' }),
  ],
});
export const folder = defineConfig({ agents: './agents' });
export const empty = defineConfig({});

// @ts-expect-error: not an option
defineConfig({ redisUrl: '' });
// @ts-expect-error: not an option of timing
defineConfig({ timing: { heartbeats: '1s' } });
// @ts-expect-error: not a duration
defineConfig({ timing: { heartbeat: 'often' } });
// @ts-expect-error: a rate needs a span of time
defineConfig({ queues: { audit: { rate: { max: 1 } } } });
// @ts-expect-error: a class has to be hosted
defineConfig({ agents: [AuditAgent] });
// @ts-expect-error: not a restart type
pool(AuditAgent, { restart: 'always' });
// @ts-expect-error: not a strategy
group('g', 'all', [pool(AuditAgent)]);
// @ts-expect-error: a group has no restart type of its own
group('g', 'one-for-all', [pool(AuditAgent)], { restart: 'transient' });
// @ts-expect-error: no agent
pool(Date);
// @ts-expect-error: the runtime makes agents without arguments
pool(NeedyAgent);
// @ts-expect-error: a base class cannot be made
pool(Agent);
// @ts-expect-error: there is exactly one
single(AuditAgent, { size: 2 });
// @ts-expect-error: agents of a pool get their ids from the runtime
pool(AuditAgent, { id: 'docs' });
