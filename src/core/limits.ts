/**
 * Every finite default in one place: nothing in the runtime is unbounded.
 *
 * Options in `config/` take their defaults from here; brokers and the frame collector take the hard limits.
 */
export const limits = {
  /** Operations in one frame. */
  frameOps: 128,
  /** Bytes in one frame. */
  frameBytes: 256 * 1024,
  /** Frames of one sender and tag that may be unresolved at once. */
  framesInFlight: 2,
  /** Replies a tag remembers for each sender: more than may be unresolved. */
  framesRemembered: 16,
  /** How long a tag remembers a silent sender's replies. */
  framesRememberedMs: 600_000,
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
  /** Tasks waiting, parked and running in one queue. */
  queueTasks: 1_000_000,
  /** Dead letters kept in one queue. */
  deadLetters: 10_000,
  /** Entries in the fleet's event stream. */
  events: 100_000,
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
  /** Agents in the chain of one ask. */
  askDepth: 64,
} as const;
