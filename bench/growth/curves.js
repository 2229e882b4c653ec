/**
 * The growth curves: what there is more and more of, how it is measured, and the figures that are looked at.
 *
 * A figure is a cost of one thing, which has to stay, unless `most` is 1: then it is the cost of all there is, which may grow as that does.
 * `isRate` marks figures of which more is better. `grain` is what cannot be told from nothing;
 * `from` is the size from which on the figure says something.
 */
const perSecond = 'a second';
const usOfRedis = 'us of Redis';
const usOfNode = 'us of the node';

const us = (name, key, more = {}) => ({ name, key, unit: usOfRedis, grain: 1, ...more });
const commands = (name, key, more = {}) => ({ name, key, unit: 'commands', grain: 0.1, ...more });
const rate = (name, key, more = {}) => ({ name, key, unit: perSecond, isRate: true, ...more });
const bytes = (name, key, more = {}) => ({ name, key, unit: 'bytes', grain: 1, ...more });

const far = { projectTo: 10_000_000 };

const agents = {
  group: 'agents',
  name: 'agents',
  title: 'Agents in one process',
  load: 'growth/agents',
  sizes: { whole: [1, 10, 100, 1_000, 10_000, 100_000], quick: [1, 10] },
  params: {
    whole: { messages: 10_000, tasks: 5_000, looks: 200, rounds: 3, idleMs: 3_000 },
    quick: { messages: 500, tasks: 200, looks: 10, rounds: 1, idleMs: 400 },
  },
  figures: [
    // With few of them there is little to see but what moves in process and server meanwhile.
    bytes('an idle agent, in the node', 'nodeBytes', { from: 1_000 }),
    bytes('an idle agent, in Redis', 'redisBytes', { from: 1_000 }),
    { name: 'starting an agent', key: 'startUs', unit: 'us', grain: 50, from: 1_000 },
    commands('an idle second of all of them', 'idleCommands', { grain: 1 }),
    us('an idle second of all of them', 'idleRedisUs', { grain: 500 }),
    { name: 'an idle second of all of them', key: 'idleNodeUs', unit: usOfNode, grain: 5_000, most: 1 },
    rate('messages, spread over them', 'messageRate'),
    us('a message', 'messageRedisUs'),
    { name: 'a message', key: 'messageNodeUs', unit: usOfNode },
    rate('tasks of a role beside them', 'taskRate'),
    us('a task of a role beside them', 'taskRedisUs'),
    us('a look at nodes and queue', 'lookRedisUs'),
    commands('a look at nodes and queue', 'lookCommands'),
    // A node tells of no more than a hundred agents by name.
    bytes('a look at nodes and queue', 'lookBytes', { from: 100 }),
  ],
};

/** One by one, with nothing else under way. */
const oneByOne = (more = {}) => [
  us('an enqueue', 'enqueueUs', more),
  commands('an enqueue', 'enqueueCommands'),
  us('a claim and its settle', 'claimUs', more),
  commands('a claim and its settle', 'claimCommands'),
  us('a look at the queue', 'lookUs', more),
  commands('a look at the queue', 'lookCommands'),
  us('a recovery pass', 'recoverUs', more),
  commands('a recovery pass', 'recoverCommands'),
];
const promotion = (more = {}) => [
  us('a task promoted, 128 at a time', 'promoteUs', more),
  commands('a task promoted, 128 at a time', 'promoteCommands'),
];
const queueParams = (mode) => ({
  whole: { mode, one: 1_000, looks: 300, rounds: 20, drain: 10_000, warm: 3_000 },
  quick: { mode, one: 20, looks: 10, rounds: 2, drain: 300, warm: 100 },
});
const queue = { group: 'queue', load: 'growth/queue' };

const queues = [
  {
    ...queue,
    name: 'queue',
    title: 'Tasks that wait in one queue',
    sizes: { whole: [0, 1_000, 10_000, 100_000, 1_000_000], quick: [0, 100, 1_000] },
    params: queueParams('waiting'),
    figures: [
      bytes('a task that waits', 'bytes', { ...far, isTotal: true }),
      ...oneByOne(far),
      ...promotion(far),
      rate('drain, 100 at a time', 'drainRate'),
      us('a task drained, 100 at a time', 'drainUs', far),
      commands('a task drained, 100 at a time', 'drainCommands'),
    ],
  },
  {
    ...queue,
    name: 'queue, parked',
    title: 'Tasks that are parked in one queue',
    sizes: { whole: [0, 1_000, 10_000, 100_000], quick: [0, 200] },
    params: queueParams('parked'),
    figures: [
      bytes('a parked task', 'bytes'),
      us('a task parked, one by one', 'parkUs'),
      ...oneByOne(),
      ...promotion(),
    ],
  },
  {
    ...queue,
    name: 'queue, claimed',
    title: 'Tasks of one queue that are claimed by a node',
    sizes: { whole: [0, 1_000, 10_000, 100_000], quick: [0, 200] },
    params: queueParams('claimed'),
    figures: [us('a claim renewed, 128 at a time', 'renewUs', { grain: 0.1 }), ...oneByOne()],
  },
];

const [kb, mb] = [1_024, 1_024 * 1_024];
/** As many as fit into so many bytes, so that large ones take no longer than small ones. */
const within = (size, budget, least, most) => Math.max(least, Math.min(most, Math.floor(budget / size)));
/** The envelope is in the limit of 256 KB, too. */
const largest = 255 * kb;
const payload = {
  group: 'payload',
  name: 'payload',
  title: 'Bytes of input of a task',
  load: 'growth/payload',
  sizes: { whole: [100, kb, 4 * kb, 16 * kb, 64 * kb, largest], quick: [100, largest] },
  params: { whole: { rounds: 3 }, quick: { rounds: 1 } },
  paramsOf: (size, isQuick) => ({
    tasks: isQuick ? 20 : within(size, 64 * mb, 200, 10_000),
    width: within(size, 8 * mb, 20, 500),
    waiting: isQuick ? 20 : within(size, 64 * mb, 200, 10_000),
  }),
  figures: [
    rate('tasks', 'rate', { most: 1 }),
    { name: 'payload carried', key: 'mbRate', unit: 'MB a second', isRate: true },
    us('a task', 'redisUs', { most: 1 }),
    { name: 'a task', key: 'nodeUs', unit: usOfNode, most: 1 },
    bytes('a task, to and from Redis', 'wire', { most: 1 }),
    bytes('a task that waits', 'bytes', { most: 1 }),
  ],
};

const nodes = {
  group: 'nodes',
  name: 'nodes',
  title: 'Processes with 100 agents each that handle the tasks of one role',
  load: 'growth/nodes',
  sizes: { whole: [1, 2, 4, 8], quick: [1, 2] },
  params: {
    whole: { tasks: 6_000, rounds: 3, idleMs: 4_000, others: 100, width: 100 },
    quick: { tasks: 300, rounds: 1, idleMs: 500, others: 10, width: 50 },
  },
  figures: [
    // They share the cores of one machine: more of them do not make it faster.
    rate('tasks, all nodes together', 'rate', { most: 1 }),
    us('a task', 'redisUs'),
    { name: 'a task', key: 'processUs', unit: 'us of all nodes' },
    commands('a task', 'commands'),
    us('an idle second of all of them', 'idleUs', { most: 1, grain: 500 }),
    commands('an idle second of all of them', 'idleCommands', { most: 1 }),
    bytes('an idle second of all of them, from Redis', 'idleBytes', { most: 1 }),
  ],
};

const historyParams = (mode) => ({
  whole: { mode, more: 2_000, looks: 300, rounds: 3 },
  quick: { mode, more: 200, looks: 10, rounds: 1 },
});
const history = {
  group: 'history',
  load: 'growth/history',
  sizes: { whole: [0, 1_000, 10_000, 100_000], quick: [0, 200] },
};
const histories = [
  {
    ...history,
    name: 'history, events',
    title: 'Broadcasts in the event stream',
    params: historyParams('events'),
    figures: [
      us('a broadcast, many at a time', 'appendUs'),
      rate('broadcasts', 'appendRate'),
      us('a page of 100 from the middle', 'pageUs'),
      commands('a page of 100 from the middle', 'pageCommands'),
      us('an event caught up with', 'caughtUpUs', { grain: 0.1 }),
      rate('events caught up with', 'caughtUpRate'),
    ],
  },
  {
    ...history,
    name: 'history, dead letters',
    title: 'Tasks of one queue that have died; of them 10,000 are kept',
    params: historyParams('dead'),
    figures: [
      us('a task that dies, 128 at a time', 'buryUs'),
      commands('a task that dies, 128 at a time', 'buryCommands'),
      us('the first page of `runtime dead`', 'pageUs'),
      us('one put back', 'requeueUs'),
    ],
  },
  {
    ...history,
    name: 'history, results',
    title: 'Results of one queue that are kept',
    params: historyParams('results'),
    figures: [
      bytes('a kept result', 'bytes'),
      us('a task that completes, 128 at a time', 'endUs'),
      commands('a task that completes, 128 at a time', 'endCommands'),
      us('a result read', 'readUs'),
    ],
  },
];

/** All of them, or those of the groups and names that hold one of the words of `only`. */
export function growthOf({ quick = false, only } = {}) {
  const words = only?.split(',').filter(Boolean) ?? [];
  const kind = quick ? 'quick' : 'whole';
  return [agents, ...queues, payload, nodes, ...histories]
    .filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
    .map(({ sizes, params, paramsOf, ...curve }) => ({
      ...curve,
      sizes: sizes[kind],
      paramsOf: (size) => ({ size, ...params[kind], ...paramsOf?.(size, quick) }),
    }));
}
