/**
 * What is measured: each row is a figure of ours beside the same figure of a peer, and how far it has to be ahead. Two rows that need the
 * same measurement share it.
 *
 * Ratios are always ours to the peer's. `less` marks figures of which less is better; there floor and goal are the most the ratio may
 * be. `warm` operations, for everybody as many, come first: what is measured are processes that have run for a while, as those of a fleet
 * do. What is measured one by one is done as often before. Where there is no peer, `bound` stands in its place: the figure that has to be met, so that the floor is a ratio of 1.
 */
const sizes = {
  whole: {
    tasks: 40_000,
    strict: 6_000,
    run: 10_000,
    one: 1_500,
    waiting: 100_000,
    calls: 40_000,
    heard: 60_000,
    mail: 60_000,
    locks: 20_000,
    agents: 10_000,
    idleMs: 3_000,
    starts: 5,
    warm: 20_000,
  },
  quick: {
    tasks: 2_000,
    strict: 300,
    run: 600,
    one: 100,
    waiting: 5_000,
    calls: 1_000,
    heard: 2_000,
    mail: 3_000,
    locks: 1_000,
    agents: 1_000,
    idleMs: 1_200,
    starts: 1,
    warm: 500,
  },
};

const perSecond = 'a second';

/** Makes rows of a group, each of which is a rate unless it says otherwise. */
function rowIn(group) {
  return (name, peer, of, floor, goal, more) => ({
    group,
    name,
    peer,
    figure: 'rate',
    unit: perSecond,
    floor,
    goal,
    ours: of('ours'),
    theirs: of(peer),
    ...more,
  });
}

function taskRows(s) {
  const tasks = (mode, params) => (system) => ({ system, load: 'tasks', params: { mode, ...params } });
  const through = (params) => tasks('through', { n: s.tasks, warm: s.warm, concurrency: 100, ...params });
  const apart = (system) => ({ system, load: 'tasks-apart', params: { n: s.tasks, warm: s.warm, concurrency: 100 } });
  const enqueue = tasks('enqueue', { n: s.tasks, warm: s.warm });
  const drain = tasks('drain', { n: s.tasks, concurrency: 100 });
  const run = tasks('run', { n: s.run, warm: s.warm / 2, one: s.one, concurrency: 100 });
  const memory = tasks('memory', { n: s.waiting, warm: s.warm });
  const strict = through({ n: s.strict, warm: s.warm / 5, concurrency: 1 });
  const row = rowIn('tasks');
  const less = (figure, unit) => ({ figure, unit, less: true });
  return [
    row('tasks, one process, against add', 'bullmq', through(), 3.5, 8),
    row('tasks, one process, against addBulk', 'bullmq', through({ bulk: true }), 3, 6),
    row('tasks, one process', 'bee-queue', through(), 2.5, 5),
    row('tasks, two processes', 'bullmq', apart, 4, 8),
    row('tasks, strictly one at a time', 'bullmq', strict, 2, 4),
    row('enqueue alone', 'bullmq', enqueue, 4, 6),
    row('drain of a filled queue', 'bullmq', drain, 4, 8),
    row('enqueue to result, sequential, p50', 'bullmq', run, 0.55, 0.35, less('p50', 'us')),
    row('enqueue to result, sequential, p99', 'bullmq', run, 1, 1, less('p99', 'us')),
    row('run, 100 in parallel', 'bullmq', run, 8, 12),
    row('Redis memory of a waiting task', 'bullmq', memory, 0.5, 0.4, less('bytes', 'bytes')),
  ];
}

function ceilingRows(s) {
  const through = (system) => ({
    system,
    load: 'tasks',
    params: { mode: 'through', n: s.tasks, warm: s.warm, concurrency: 100 },
  });
  const shared = { group: 'ceiling', figure: 'rate', unit: perSecond };
  return [
    {
      ...shared,
      name: 'tasks, one process, against the ceiling',
      peer: 'ceiling',
      floor: 0.6,
      goal: 0.8,
      ours: through('ours'),
      theirs: through('ceiling'),
    },
    {
      ...shared,
      name: 'the ceiling itself',
      peer: 'bullmq',
      floor: 4.5,
      goal: 4.5,
      ours: through('ceiling'),
      theirs: through('bullmq'),
    },
  ];
}

function lockRows(s) {
  const locks = (system) => ({ system, load: 'locks', params: { n: s.locks, warm: s.warm, one: s.one } });
  return ['redis-semaphore', 'redlock'].flatMap((peer) =>
    [
      ['lock and unlock, 100 in parallel', 'rate'],
      ['lock and unlock, sequential', 'one'],
    ].map(([name, figure]) => ({
      group: 'locks',
      name,
      peer,
      figure,
      unit: perSecond,
      floor: 0.9,
      goal: 1,
      ours: locks('ours'),
      theirs: locks(peer),
    })),
  );
}

function callRows(s) {
  const calls = (system) => ({ system, load: 'calls', params: { n: s.calls, warm: s.warm, one: s.one } });
  const heard = (system) => ({ system, load: 'broadcasts', params: { n: s.heard, warm: s.warm } });
  const row = rowIn('calls');
  const p50 = { figure: 'p50', unit: 'us', less: true };
  return [
    ...['moleculer', 'nest'].flatMap((peer) => [
      row('ask and reply, 100 in parallel, two processes', peer, calls, 2.5, 3.5),
      row('ask and reply, sequential, p50', peer, calls, 1.2, 1, p50),
    ]),
    row('broadcasts received', 'moleculer', heard, 2, 4, { group: 'broadcasts' }),
  ];
}

function agentRows(s) {
  const mail = (system) => ({
    system,
    load: 'mail',
    params: { n: s.mail, warm: s.warm, one: s.one, agents: s.agents },
  });
  const idle = (system, agents) => ({ system, load: 'idle', params: { agents, idleMs: s.idleMs } });
  const ours = idle('ours', s.agents);
  const start = (system) => ({ system, load: 'start', params: { starts: s.starts } });
  const bytes = { group: 'idle', figure: 'nodeBytes', unit: 'bytes', less: true, floor: 1, goal: 0.5, ours };
  return [
    {
      group: 'mail',
      name: 'durable messages, many agents in one process',
      figure: 'rate',
      unit: perSecond,
      bound: 40_000,
      floor: 1,
      goal: 1.75,
      ours: mail('ours'),
    },
    {
      group: 'mail',
      name: 'durable message one way, sequential, p50',
      peer: 'publish',
      figure: 'p50',
      unit: 'us',
      less: true,
      floor: 1.5,
      goal: 1.2,
      ours: mail('ours'),
      theirs: mail('publish'),
    },
    { ...bytes, name: 'an idle agent, in its process', bound: 2_048 },
    { ...bytes, name: 'an idle agent, in Redis', figure: 'redisBytes', bound: 200 },
    // None, that is: a heartbeat more in the time of the many than in that of the one is not theirs.
    { ...bytes, name: 'an idle agent, commands', figure: 'commandsEach', unit: perSecond, bound: 0.001, goal: 1 },
    {
      group: 'idle',
      name: 'connections of a process, against 100 consumers',
      peer: 'bullmq',
      figure: 'clients',
      unit: 'connections',
      less: true,
      floor: 0.015,
      goal: 0.015,
      ours,
      theirs: idle('bullmq', 99),
    },
    {
      group: 'start',
      name: 'start to first task, 100 agents',
      peer: 'bare-node',
      figure: 'ms',
      unit: 'ms',
      less: true,
      floor: 2,
      goal: 1.5,
      ours: start('ours-start'),
      theirs: start('bare-node'),
    },
  ];
}

/** All rows, or those of the groups and names that hold one of the words of `only`. */
export function rowsOf({ quick = false, only } = {}) {
  const s = quick ? sizes.quick : sizes.whole;
  const rows = [...taskRows(s), ...ceilingRows(s), ...lockRows(s), ...callRows(s), ...agentRows(s)];
  const words = only?.split(',').filter(Boolean) ?? [];
  const holds = ({ group, name, peer = '' }) =>
    words.length === 0 || words.some((word) => `${group} ${name} ${peer}`.includes(word));
  return rows.filter(holds);
}
