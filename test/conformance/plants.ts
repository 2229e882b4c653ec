/**
 * Differences planted in the memory broker, each a mistake that a twin could well make: what shows that the rig would see them.
 *
 * A plant wraps the broker of a process or the fleet behind it. It changes one rule and leaves everything else as it is.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { EnqueueOp } from '../../src/broker/tasks.ts';
import { MemoryFleet } from '../../src/memory/fleet.ts';
import type { QueueState } from '../../src/memory/queue-state.ts';
import type { Plant } from './stage.ts';

type Fleet = ConstructorParameters<typeof MemoryFleet>[0];

export const plants: readonly Plant[] = [
  {
    name: 'a queue takes one task more than its limit',
    broker: (broker) => enqueueing(broker, (op) => ({ ...op, maxWaiting: op.maxWaiting + 1 })),
  },
  {
    name: 'a key is forgotten at once',
    broker: (broker) => enqueueing(broker, ({ key: _, ...op }) => op),
  },
  {
    name: 'low is claimed before high',
    fleet: (deps) =>
      withQueues(deps, (queue) => {
        const next = queue.next.bind(queue);
        queue.next = (count) => next(Infinity).reverse().slice(0, Math.max(0, count));
      }),
  },
  {
    name: 'a task that was cancelled while it ran completes',
    broker: (broker, fleet) =>
      before(broker, 'tasks', ['settle', 'recover'], () => fleet.queues.forEach(({ cancelled }) => cancelled.clear())),
  },
  {
    name: 'a repeated frame is applied again',
    broker: (broker, fleet) =>
      before(
        before(broker, 'tasks', ['enqueue', 'settle'], () => fleet.frames.senders.clear()),
        'mail',
        ['send', 'acknowledge'],
        () => fleet.frames.senders.clear(),
      ),
  },
  {
    name: 'the token of a lock does not grow',
    broker: (broker) =>
      wrapped(broker, 'locks', 'acquire', (acquire) => async (request) => {
        const reply = await acquire(request);
        return reply.kind === 'granted' ? { ...reply, token: 1e15 } : reply;
      }),
  },
  {
    name: 'one dead letter more than the limit of an agent is kept',
    fleet(deps) {
      const fleet = new MemoryFleet(deps);
      const { deadMail } = fleet;
      const keep = deadMail.keep.bind(deadMail);
      deadMail.keep = (agentId, message, dead, death) =>
        keep(agentId, message, { ...dead, limit: dead.limit + 1 }, death);
      return fleet;
    },
  },
  {
    name: 'one event more than retention says is kept',
    fleet: (deps) => new MemoryFleet({ ...deps, retention: { ...deps.retention, events: deps.retention.events + 1 } }),
  },
  {
    name: 'a node whose presence has ended goes on as if it were there',
    fleet(deps) {
      const fleet = new MemoryFleet(deps);
      fleet.directory.demandPresence = () => {};
      return fleet;
    },
  },
  {
    name: 'a released task goes to the back',
    fleet: (deps) =>
      withQueues(deps, (queue) => {
        const release = queue.release.bind(queue);
        queue.release = (task, how) => {
          release(task, how);
          if (task.place === 'released') queue.toBack(task);
        };
      }),
  },
  {
    name: 'what becomes of a waiting lock is told to nobody',
    fleet(deps) {
      const fleet = new MemoryFleet(deps);
      const { exchange } = fleet;
      const post = exchange.postNotice.bind(exchange);
      exchange.postNotice = (address, notice) => void (notice.kind === 'granted' || post(address, notice));
      return fleet;
    },
  },
  {
    name: 'reading behind what was trimmed says nothing of a gap',
    broker: (broker) =>
      wrapped(broker, 'events', 'read', (read) => async (request) => ({ ...(await read(request)), gap: false })),
  },
  {
    name: 'a schedule is moved also by who names another due time',
    broker: (broker, fleet) =>
      wrapped(broker, 'schedules', 'advance', (advance) => (request) => {
        return advance({ ...request, seen: fleet.schedules.get(request.name)?.next ?? request.seen });
      }),
  },
  {
    name: 'a bridge goes on when its lease has ended',
    broker: (broker, fleet) =>
      before(broker, 'foreign', ['take', 'end'], () => {
        const { bridge } = fleet.foreign;
        fleet.foreign.bridge = bridge && { ...bridge, until: Infinity };
      }),
  },
  {
    name: 'one foreign task more than the most is taken',
    broker: (broker) =>
      wrapped(broker, 'foreign', 'take', (take) => (request) => take({ ...request, most: request.most + 1 })),
  },
  {
    name: 'a later answer of a foreign agent takes the place of the first',
    broker: (broker, fleet) =>
      before(broker, 'outgoing', ['answer'], () => fleet.foreign.out.forEach((out) => delete out.answer)),
  },
  {
    name: 'what many processes say of one text is quarantined as often',
    broker: (broker, fleet) => before(broker, 'quarantine', ['add'], () => fleet.foreign.keptOnce.clear()),
  },
];

function withQueues(deps: Fleet, change: (queue: QueueState) => void): MemoryFleet {
  const fleet = new MemoryFleet(deps);
  const queueOf = fleet.queue.bind(fleet);
  const changed = new WeakSet<QueueState>();
  fleet.queue = (name) => {
    const queue = queueOf(name);
    if (!changed.has(queue)) change(queue);
    changed.add(queue);
    return queue;
  };
  return fleet;
}

function enqueueing(broker: Broker, change: (op: EnqueueOp) => EnqueueOp): Broker {
  return wrapped(broker, 'tasks', 'enqueue', (enqueue) => (frame) => {
    return enqueue({ ...frame, ops: frame.ops.map(change) });
  });
}

/** Does something before each call of some methods. */
function before<Port extends keyof Broker>(
  broker: Broker,
  port: Port,
  methods: readonly (keyof Broker[Port])[],
  act: () => void,
): Broker {
  return methods.reduce<Broker>((whole, method) => {
    return wrapped(whole, port, method, (call) => {
      const acting = (...args: readonly unknown[]): unknown => {
        act();
        return (call as (...args: readonly unknown[]) => unknown)(...args);
      };
      return acting as typeof call;
    });
  }, broker);
}

/** The broker with one method of one port replaced. */
function wrapped<Port extends keyof Broker, Method extends keyof Broker[Port]>(
  broker: Broker,
  port: Port,
  method: Method,
  wrap: (call: Broker[Port][Method]) => Broker[Port][Method],
): Broker {
  const original = broker[port];
  const call = (original[method] as (...args: unknown[]) => unknown).bind(original) as Broker[Port][Method];
  const changed = new Proxy(original as object, {
    get: (target, name) => (name === method ? wrap(call) : bound(target, name)),
  });
  return new Proxy(broker, { get: (target, name) => (name === port ? changed : bound(target, name)) });
}

/** Private fields want the object itself for `this`. */
function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
}
