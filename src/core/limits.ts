/**
 * Every finite default in one place: nothing in the runtime is unbounded.
 *
 * Options in `config/` take their defaults from here; brokers and the frame collector take the hard limits.
 */
export const limits = {
  /** Partitions of one queue: as many as a Redis Cluster has places for a fleet (redis/places.ts). */
  partitions: 16,
  /** Operations in one frame. */
  frameOps: 128,
  /** Operations for which a frame does not wait for the end of the tick. */
  frameEarlyOps: 32,
  /** Bytes in one frame. */
  frameBytes: 256 * 1024,
  /** Frames of one sender and tag that may be unresolved at once. */
  framesInFlight: 2,
  /** Replies a tag remembers for each sender: more than may be unresolved. */
  framesRemembered: 16,
  /** How long a tag remembers a silent sender's replies. */
  framesRememberedMs: 600_000,
  /** How long a sender keeps what was acknowledged, to send it again after a loss of data. */
  framesKeptMs: 10_000,
  /** Bytes of it, over all lanes of a process. */
  framesKeptBytes: 64 * 1024 * 1024,
  /** How long an operation waits for a broker that is full to have room again. */
  fullPatienceMs: 3_000,
  /** Operations that may wait in one collector before senders are refused. */
  collectorOps: 20_000,
  /** Bytes of one payload as JSON. */
  payloadBytes: 256 * 1024,
  /** Nesting of one payload. */
  payloadDepth: 64,
  /** Entries in one inbox. */
  inboxEntries: 10_000,
  /** Operation ids an inbox remembers after their entry was acknowledged. */
  inboxSeen: 1_000,
  /** Agents that wait for their restart of which a process remembers how far they have heard of their messages. */
  restartsHeard: 1_000,
  /** Agent ids of which a process remembers that they had an owner a moment ago. */
  asksSeen: 1_000,
  /** Tasks waiting, parked and running in one queue. */
  queueTasks: 1_000_000,
  /** Inputs of one `enqueueMany` or fan-out. */
  batchTasks: 10_000,
  /** How long the key of a message is remembered when its sender does not say. */
  messageKeyMs: 3_600_000,
  /** Messages of one cell whose acknowledgement may be on its way while the next ones are handled. */
  acknowledgements: 128,
  /** Tasks of one cell whose settle may be. */
  settles: 256,
  /** The greatest limit of the tasks of one queue that run at a time. */
  queueClaims: 100_000,
  /** The greatest limit of the tasks of one queue that start in a span of time: the starts of that span are kept. */
  queueStarts: 100_000,
  /** Holders that a task may lose before it is taken for the reason of it. */
  lostHolders: 3,
  /** Errors of agents that nobody handles, in one process within a minute. */
  unhandled: 10,
  /** Dead letters kept in one queue, and of one agent. */
  deadLetters: 10_000,
  /** Entries in the fleet's event stream. */
  events: 100_000,
  /** Records of what became of nodes and agents. */
  lifecycle: 10_000,
  /** Agents that one agent may watch. */
  watches: 10_000,
  /** Entries in one agent's log. */
  logEntries: 100,
  /** How long a silent agent's log is kept: pool agents get a new id with every start. */
  logKeptMs: 7 * 86_400_000,
  /** Envelopes in one mailbox. */
  mailbox: 1_000,
  /** Permits of one semaphore. */
  lockPermits: 1_000,
  /** Waiters for one lock. */
  lockWaiters: 10_000,
  /** Schedules of one fleet. */
  schedules: 1_000,
  /** Bytes of one schedule. */
  scheduleBytes: 64 * 1024,
  /** Missed runs of one schedule that are made up for. */
  missedRuns: 100,
  /** Records of the roster: agents that were started on the running fleet, and sizes of pools. */
  rosterEntries: 10_000,
  /** Agents in the chain of one ask. */
  askDepth: 64,
  /** Parts of a streamed answer that its agent may be ahead of whoever reads them. */
  streamParts: 32,
  /** Bytes of them, not counting the part that goes past it. */
  streamBytes: 256 * 1024,
  /** Parts kept of one task, of its last run. */
  taskParts: 10_000,
  /** Bytes of them. */
  taskPartsBytes: 1024 * 1024,
  /** How long they are kept after the last one. */
  taskPartsKeptMs: 600_000,
  /** Tasks of classic agents that are in the fleet at a time. */
  foreignTaken: 10_000,
  /** Tasks of the fleet that are with classic agents at a time, of each assignee. */
  foreignOutEach: 1_000,
  /** Bytes of an entry of a classic list that are read. */
  foreignText: 256 * 1024,
  /** Bytes that one look at a classic list brings, not counting the entry that goes past it. */
  foreignLookBytes: 512 * 1024,
  /** Entries in quarantine. */
  quarantined: 1_000,
  /** Bytes of them. */
  quarantineBytes: 24 * 1024 * 1024,
  /** Bytes kept of one of them. */
  quarantineText: 6 * 1024 * 1024,
  /** How long the same text from the same origin is one entry. */
  quarantineOnceMs: 60_000,
} as const;
