/**
 * Sentinels that ask for a password: it stands in the URL beside that of the servers, and nothing that is said holds it.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeError } from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { startWatched, type Watched } from '../../support/redis-sentinels.ts';

const password = 'p4ss+w0rd&all';
let watched: Watched;
beforeAll(async () => {
  watched = await startWatched({ replicas: 0, password });
}, 30_000);
afterAll(() => watched.stop());

function open(query: string): RedisBroker {
  const retention = { events: 100, eventsAgeMs: 3_600_000 };
  const deps = { url: watched.url + query, fleet: 'f', classic: false, clock: systemClock, random: systemRandom };
  const broker = new RedisBroker({ ...deps, address: 'p1', observer: new Observer(), retention });
  onTestFinished(() => broker.stop());
  return broker;
}

test('who has it is told where the master is', async () => {
  const broker = open(`?sentinelPassword=${encodeURIComponent(password)}`);
  const { server, warnings } = await broker.start();
  expect(server).toMatch(/^Redis 7\S* at main of the sentinels 127/);
  expect(`${server} ${warnings.join(' ')}`).not.toContain('p4ss');
});

test.each(['', '?sentinelPassword=p4ss-of-another'])('who has not is refused at the start: "%s"', async (query) => {
  const error = await open(query)
    .start()
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'BrokerError', code: 'refused' });
  expect(describeError(error).message).toMatch(/sentinels.*(NOAUTH|WRONGPASS)/);
  expect(JSON.stringify(describeError(error))).not.toContain('p4ss');
});
