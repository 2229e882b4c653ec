/**
 * A node of the proof of fail-over: it hosts every single, and runs those that it is granted.
 */
import { Agent } from '../../../src/agent/agent.ts';
import { onMessage, onStart } from '../../../src/agent/decorators.ts';
import type { Message } from '../../../src/agent/envelopes.ts';
import { single } from '../../../src/agent/hosting.ts';
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { sleep } from '../../../src/core/clock.ts';
import { Observer } from '../../../src/core/observer.ts';
import { BookWriter } from './book.ts';
import { parametersOf, tell } from './child.ts';
import { effect, type FailoverNodeParameters, type Handling, type Incarnation, numbered } from './failover-parts.ts';
import { fleetName } from './held.ts';

const { redis, book: path, singles, workMs, timing } = parametersOf<FailoverNodeParameters>();
const book = new BookWriter<Handling>(path);
let incarnation = '';

/** A class of its own for each id, since roles differ. */
function oneOf(id: string): new () => Agent {
  return class One extends Agent {
    static readonly role = id;
    /** The one that it was started in: what goes on behind a freeze still speaks in its name. */
    #node = '';

    @onStart() begin(): void {
      this.#node = incarnation;
    }

    @onMessage(numbered)
    async take({ data, redelivered }: Message<typeof numbered>): Promise<void> {
      const trace = { to: this.id, node: this.#node, ...data };
      book.write({ ...trace, redelivered });
      await sleep(this.clock, workMs);
      await this.broadcast(effect, trace);
    }
  };
}

const observer = new Observer();
observer.on('node.up', ({ node }) => {
  incarnation = node;
  const said: Incarnation = { node };
  tell(said);
});
observer.on('node.fenced', ({ node, reason }) => console.error(`${node} was fenced: ${reason}`));
observer.on('broker.trouble', ({ what, error }) => console.error(`${what}: ${error.message}`));
const agents = singles.map((id) => single(oneOf(id), { id }));
const running = await startFleet({ redis, fleet: fleetName, agents, timing }, { observer });
tell('ready');
const { error } = await running.ended;
if (error !== undefined) console.error(error);
process.exit(error === undefined ? 0 : 1);
